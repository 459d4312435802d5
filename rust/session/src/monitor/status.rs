//! `/status.json`: all that the page and `limbeck watch` show. Names are only ever added.

use std::time::{SystemTime, UNIX_EPOCH};

use limbeck_archive::VariableDescription;
use serde_json::{Value, json};

use super::numbers::{Numbers, Shown};
use super::{Phase, View, host, slice};

/// A number; null where JSON has none (the PSNR of an exact step).
fn number(v: f64) -> Value {
    if v.is_finite() { json!(v) } else { Value::Null }
}

/// Everything about this rank.
pub(super) fn document(view: &View) -> Value {
    let (watched, phase) = (&view.watched, view.phase());
    // The steps first, so that none is durable that is not accepted.
    let (newest, variables, history) = {
        let numbers = view.numbers();
        (numbers.newest.clone(), variables(view, &numbers), history(&numbers))
    };
    let m = watched.meter.totals();
    let distillation = match &phase {
        Phase::Distilling(p) => json!({
            "variable": p.variable, "index": p.index, "variables": p.variables, "done": number(p.done),
            "psnr": number(p.psnr),
        }),
        _ => Value::Null,
    };
    json!({
        "limbeck": env!("CARGO_PKG_VERSION"),
        "archive": watched.path.display().to_string(),
        "journal": watched.directory.display().to_string(),
        "host": host(), "process_id": std::process::id(), "rank": watched.rank, "ranks": watched.ranks,
        "phase": phase.name(),
        "uptime_seconds": view.began.elapsed().as_secs_f64(),
        "unix_seconds": SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |t| t.as_secs_f64()),
        "steps": {
            "accepted": m.accepted, "durable": m.durable, "dropped": m.dropped, "skipped": m.skipped,
            "newest": newest.map(|s| json!({"step": s.step, "cycle": s.cycle, "time": number(s.time)})),
        },
        "queue": {
            "steps": m.accepted.saturating_sub(m.durable), "blocks": m.queue_depth, "bytes": m.queue_bytes,
            "spilled_bytes": m.spilled_bytes,
        },
        "memory": {"held_bytes": m.held_bytes, "peak_bytes": m.peak_bytes, "budget_bytes": m.budget_bytes},
        "workers": {"all": m.workers, "busy": m.busy_workers},
        "devices": m.devices,
        "seconds": {"host": m.host_seconds, "blocked": m.blocked_seconds},
        "bytes": {"input": m.accepted.saturating_mul(watched.step_bytes), "journal": m.journal_bytes},
        "distillation": distillation,
        "variables": variables,
        "history": history,
        "failure": watched.meter.durability.failure().map(|e| e.to_string()),
        "notices": watched.notices.all(),
    })
}

fn variables(view: &View, numbers: &Numbers) -> Vec<Value> {
    let described = view.watched.description.variables.iter();
    described
        .zip(&numbers.variables)
        .map(|(description, v)| {
            let newest = v.newest.as_ref().map(|r| {
                json!({
                    "psnr": number(r.quality.psnr()), "max_error": number(r.quality.max_error),
                    "min": number(r.quality.min), "max": number(r.quality.max), "bytes": r.bytes,
                    "samples": r.samples, "seconds": number(r.train_seconds), "plain_blocks": r.plain_blocks,
                })
            });
            json!({
                "name": v.name, "shape": description.shape, "axes": slice::axis_names(description.shape.len()),
                "units": units(description), "middle": slice::middle(description, view.watched.rank), "newest": newest,
                "bytes": v.bytes, "samples": v.samples, "seconds": number(v.seconds),
            })
        })
        .collect()
}

/// Units of the values, where the host said so.
fn units(v: &VariableDescription) -> Option<&str> {
    v.attributes.iter().find_map(|(name, value)| match value {
        limbeck_archive::Attribute::Text(text) if name == "units" => Some(&text[..]),
        _ => None,
    })
}

/// The steps for charts, a list for each number.
fn history(numbers: &Numbers) -> Value {
    let column = |of: &dyn Fn(&Shown) -> Value| numbers.shown.iter().map(of).collect::<Value>();
    let variable = |v: usize| {
        json!({
            "psnr": column(&|s| number(s.variables[v].0.psnr())),
            "max_error": column(&|s| number(s.variables[v].0.max_error)),
            "seconds": column(&|s| number(s.variables[v].1)),
            "bytes": column(&|s| json!(s.variables[v].2)),
        })
    };
    json!({
        "step": column(&|s| json!(s.step)),
        "cycle": column(&|s| json!(s.cycle)),
        "time": column(&|s| number(s.time)),
        "host_seconds": column(&|s| number(s.host_seconds)),
        "queue_bytes": column(&|s| json!(s.queue_bytes)),
        "variables": (0..numbers.variables.len()).map(variable).collect::<Value>(),
    })
}
