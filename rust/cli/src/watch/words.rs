//! What `watch` shows: a page, a line, a document.

use limbeck_reader::{State as StepState, StepMetrics};
use serde_json::{Value, json};

use crate::document::number;
use crate::source::psnr;
use crate::source::ratio;
use crate::table::{Table, decibels, grouped, short};

use super::sight::{Sight, State};

/// The sight on a terminal; no line is wider than `width`.
pub fn page(sight: &Sight, width: usize) -> String {
    let mut lines = vec![heading(sight)];
    match (&sight.finished, &sight.progress) {
        (Some(_), _) => lines.push(steps_of_archive(sight)),
        (None, Some(_)) => lines.extend([steps(sight), journal(sight)]),
        (None, None) => {}
    }
    lines.extend(session(sight));
    let table = variables(sight);
    if !table.is_empty() {
        lines.push(String::new());
        lines.extend(table.text(0).lines().map(str::to_owned));
    }
    let cut = lines.iter().map(|l| terminal::truncate_str(l, width, "…").into_owned());
    cut.collect::<Vec<_>>().join("\n")
}

/// The sight in a line, the same as long as nothing happens.
pub fn line(sight: &Sight) -> String {
    let mut text = heading(sight);
    match (&sight.finished, &sight.progress) {
        (Some(_), _) => text.push_str(&format!(", {}", steps_of_archive(sight))),
        (None, Some(_)) => text.push_str(&format!("; {}", steps(sight))),
        (None, None) => {}
    }
    for (name, row) in newest(sight) {
        text.push_str(&format!("; {name} {} dB", decibels(psnr(row))));
    }
    text
}

fn heading(sight: &Sight) -> String {
    let session = sight.session.as_ref();
    match sight.state {
        State::Absent => format!("{} has not begun", sight.directory.display()),
        State::Finished => format!("{} is finished", sight.archive.display()),
        State::Running => match session.map(|s| (s["phase"].as_str().unwrap_or_default(), &s["distillation"])) {
            Some(("distilling", d)) => {
                let (index, of) = (d["index"].as_u64().unwrap_or(0), d["variables"].as_u64().unwrap_or(1).max(1));
                let done = (index as f64 + d["done"].as_f64().unwrap_or(0.0)) / of as f64;
                let variable = d["variable"].as_str().unwrap_or_default();
                format!("{} is distilled: {:.0} %, at {variable}", sight.directory.display(), 100.0 * done)
            }
            Some(("draining", _)) => format!("{}: the last steps are fitted", sight.directory.display()),
            Some(_) => format!("{} is being written", sight.directory.display()),
            // A distillation holds the lock as well, and cannot be asked.
            None => format!("{} is being written or distilled", sight.directory.display()),
        },
        State::Unfinished => format!(
            "{0} is unfinished, and nobody on this machine writes it: it was interrupted, or goes on elsewhere \
             (limbeck distill {0} makes an archive of it)",
            sight.directory.display()
        ),
        State::Unknown => format!("{} is unfinished", sight.directory.display()),
    }
}

fn steps(sight: &Sight) -> String {
    let Some(p) = &sight.progress else { return String::new() };
    let mut text = format!("{} steps durable", grouped(p.whole as u64));
    if p.begun > 0 {
        text.push_str(&format!(", {} at work", grouped(p.begun as u64)));
    }
    if p.dropped > 0 {
        text.push_str(&format!(", {} dropped", grouped(p.dropped as u64)));
    }
    if let Some(s) = &p.newest {
        text.push_str(&format!("; the newest is cycle {}, t = {}", s.cycle, short(s.time)));
    }
    text
}

fn journal(sight: &Sight) -> String {
    let Some(p) = &sight.progress else { return String::new() };
    let smaller = (p.whole as u64).saturating_mul(sight.step_bytes) as f64 / p.file_bytes.max(1) as f64;
    let mut text = format!("journal {} bytes, ratio {}", grouped(p.file_bytes), ratio(smaller));
    match sight.rate.filter(|_| sight.state == State::Running) {
        Some(rate) if rate >= 1.0 => text.push_str(&format!("; {rate:.1} steps a second")),
        Some(rate) if rate > 0.0 => text.push_str(&format!("; {:.1} s a step", 1.0 / rate)),
        _ => {}
    }
    text
}

fn steps_of_archive(sight: &Sight) -> String {
    let Some(archive) = &sight.finished else { return String::new() };
    let n = archive.dataset().steps().len();
    format!("{} steps; {}", grouped(n as u64), archive.size().sentence(archive.path()))
}

/// What only the session knows.
fn session(sight: &Sight) -> Vec<String> {
    let Some(s) = &sight.session else { return Vec::new() };
    let whole = |v: &Value| grouped(v.as_u64().unwrap_or(0));
    let (queue, memory, workers) = (&s["queue"], &s["memory"], &s["workers"]);
    let mut queued = format!("queue {} blocks, {} bytes", whole(&queue["blocks"]), whole(&queue["bytes"]));
    if queue["spilled_bytes"].as_u64().unwrap_or(0) > 0 {
        queued.push_str(&format!(" and {} spilled", whole(&queue["spilled_bytes"])));
    }
    let mut lines = vec![
        format!("{queued}; {} of {} workers busy", whole(&workers["busy"]), whole(&workers["all"])),
        format!("memory {} of {} bytes", whole(&memory["held_bytes"]), whole(&memory["budget_bytes"])),
        format!(
            "simulation {} s in limbeck, {} s of them waiting",
            short(s["seconds"]["host"].as_f64().unwrap_or(0.0)),
            short(s["seconds"]["blocked"].as_f64().unwrap_or(0.0))
        ),
    ];
    let devices: Vec<&str> = s["devices"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !devices.is_empty() {
        lines.insert(1, format!("training on {}", devices.join(", ")));
    }
    if s["ranks"].as_u64().is_some_and(|n| n > 1) {
        lines.push(format!("(queue, memory and time are those of rank {} of {})", s["rank"], s["ranks"]));
    }
    let told = s["notices"].as_array().into_iter().flatten().chain([&s["failure"]]);
    lines.extend(told.filter_map(Value::as_str).map(|text| format!("warning: {text}")));
    lines
}

/// The newest measurement of each variable.
fn newest(sight: &Sight) -> impl Iterator<Item = (&String, &StepMetrics)> {
    let rows = || sight.progress.iter().flat_map(|p| &p.recent);
    let last = move |v: usize| rows().rfind(|m| m.variable as usize == v);
    sight.variables.iter().enumerate().filter_map(move |(v, name)| Some((name, last(v)?)))
}

fn variables(sight: &Sight) -> Table {
    let mut table = Table::new(&["variable", "PSNR dB", "max error", "bytes", "seconds", "PSNR of the newest steps"]);
    if sight.finished.is_some() {
        return table;
    }
    for (name, m) in newest(sight) {
        let rows = sight.progress.iter().flat_map(|p| &p.recent).filter(|r| r.variable == m.variable);
        table.row(vec![
            name.clone(),
            decibels(psnr(m)),
            short(m.quality.max_error),
            grouped(m.bytes),
            format!("{:.2}", m.train_seconds),
            sparks(&rows.map(psnr).collect::<Vec<_>>()),
        ]);
    }
    table
}

/// Values as a line of bars, the smallest and the largest as low and as high as they go.
fn sparks(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let bar = |v: &f64| match () {
        () if v.is_nan() => ' ',
        () if !v.is_finite() => {
            if *v > 0.0 {
                BARS[7]
            } else {
                BARS[0]
            }
        }
        // Differences that nobody could see are none.
        () if high - low < 0.01 => BARS[3],
        () => BARS[((v - low) / (high - low) * 7.0).round() as usize],
    };
    values.iter().map(bar).collect()
}

/// The sight for machines.
pub fn document(sight: &Sight) -> Value {
    let state = match sight.state {
        State::Absent => "absent",
        State::Running => "running",
        State::Unfinished => "unfinished",
        State::Unknown => "unknown",
        State::Finished => "finished",
    };
    let variables = newest(sight).map(|(name, m)| {
        json!({
            "name": name, "psnr": number(psnr(m)), "max_error": number(m.quality.max_error), "bytes": m.bytes,
            "samples": m.samples, "seconds": m.train_seconds,
        })
    });
    let steps = sight.progress.as_ref().map(|p| {
        let newest = p.newest.as_ref().map(|s| json!({"step": s.index, "cycle": s.cycle, "time": number(s.time)}));
        json!({"durable": p.whole, "begun": p.begun, "dropped": p.dropped, "newest": newest})
    });
    let archived = sight.finished.as_ref().map(|a| {
        let mut size = a.size().document();
        let present = a.dataset().steps().iter().filter(|s| s.state == StepState::Present).count();
        crate::document::extend(&mut size, json!({"steps": a.dataset().steps().len(), "whole_steps": present}));
        size
    });
    json!({
        "state": state,
        "archive": sight.archive.display().to_string(),
        "journal": sight.directory.display().to_string(),
        "steps": steps,
        "variables": variables.collect::<Value>(),
        "journal_bytes": sight.progress.as_ref().map(|p| p.file_bytes),
        "steps_per_second": sight.rate.map(number),
        "session": sight.session,
        "finished": archived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_bars_go_from_the_smallest_to_the_largest() {
        assert_eq!(sparks(&[40.0, 43.5, 47.0, f64::INFINITY, f64::NAN]), "▁▅██ ");
        assert_eq!(sparks(&[40.0, 40.001]), "▄▄");
        assert_eq!(sparks(&[]), "");
    }
}
