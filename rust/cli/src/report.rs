//! What `compress` and `distill` say at the end.

use limbeck_session::{CloseReport, StepReport, VariableReport};
use serde_json::{Value, json};

use crate::document::{extend, number};
use crate::measure::Summary;
use crate::source::Size;
use crate::table::{Table, decibels, grouped, short};

/// One line per variable, and sizes. `measured` has what the archive's values were measured to be against the
/// originals, in the order of the variables, where the originals are at hand.
pub fn text(report: &CloseReport, measured: Option<&[Summary]>) -> String {
    let mut list = match measured {
        Some(_) => {
            Table::new(&["variable", "steps", "bytes", "PSNR dB", "min dB", "max error", "teachers dB", "network"])
        }
        None => Table::new(&["variable", "steps", "bytes", "against teachers dB", "teachers dB", "network"]),
    };
    for (i, v) in report.variables.iter().enumerate() {
        let mut row = vec![v.name.clone(), v.steps.to_string(), grouped(v.bytes)];
        match measured.and_then(|m| m.get(i)) {
            Some(s) => {
                row.extend([decibels(s.total.psnr()), decibels(s.psnr_min), short(s.total.max_error)]);
            }
            None => row.push(decibels(v.student.psnr())),
        }
        row.extend([decibels(v.teachers.psnr()), v.description.clone()]);
        list.row(row);
    }
    let mut text = if list.is_empty() { String::new() } else { list.text(0) + "\n" };
    if let Some(archive) = &report.archive {
        let size = Size { file_bytes: report.archive_bytes, float32_bytes: report.raw_bytes };
        text.push_str(&format!("{}\n", size.sentence(archive)));
    }
    let training: f64 = report.steps.iter().map(|s| s.train_seconds).sum();
    text.push_str(&format!("teachers {training:.1} s of work, distillation {:.1} s", report.distil_time.as_secs_f64()));
    let metrics = &report.metrics;
    if metrics.budget_bytes > 0 {
        text.push_str(&format!(
            ", peak memory of the session {:.1} of {:.1} MiB",
            metrics.peak_bytes as f64 / f64::from(1 << 20),
            metrics.budget_bytes as f64 / f64::from(1 << 20)
        ));
    }
    text.push('\n');
    if let Some(journal) = &report.journal {
        text.push_str(&format!("the journal is kept in {}\n", journal.display()));
    }
    text
}

/// The same for machines.
pub fn document(report: &CloseReport, measured: Option<&[Summary]>) -> Value {
    let variables = report.variables.iter().enumerate().map(|(i, v)| {
        let mut document = variable_document(v);
        if let Some(s) = measured.and_then(|m| m.get(i)) {
            extend(&mut document, s.document());
        }
        document
    });
    let variables: Vec<Value> = variables.collect();
    let m = &report.metrics;
    json!({
        "archive": report.archive.as_ref().map(|p| p.display().to_string()),
        "journal": report.journal.as_ref().map(|p| p.display().to_string()),
        "file_bytes": report.archive_bytes, "float32_bytes": report.raw_bytes, "ratio": number(report.ratio()),
        "variables": variables,
        "steps": report.steps.iter().map(step_document).collect::<Vec<_>>(),
        "missing": report.missing.iter().map(|(cycle, why)| json!({"cycle": cycle, "why": why})).collect::<Vec<_>>(),
        "warnings": report.warnings,
        "distil_seconds": report.distil_time.as_secs_f64(),
        "session": {
            "accepted": m.accepted, "dropped": m.dropped, "durable": m.durable, "skipped": m.skipped,
            "peak_bytes": m.peak_bytes, "budget_bytes": m.budget_bytes,
            "host_seconds": number(m.host_seconds), "blocked_seconds": number(m.blocked_seconds),
        },
    })
}

fn variable_document(v: &VariableReport) -> Value {
    json!({
        "name": v.name, "steps": v.steps, "bytes": v.bytes, "description": v.description, "samples": v.samples,
        "seconds": number(v.seconds),
        "psnr_teachers": number(v.teachers.psnr()), "max_error_teachers": number(v.teachers.max_error),
        "psnr_against_teachers": number(v.student.psnr()),
    })
}

fn step_document(s: &StepReport) -> Value {
    json!({
        "step": s.step, "cycle": s.cycle, "time": number(s.time), "variable": s.variable,
        "psnr": number(s.quality.psnr()), "max_error": number(s.quality.max_error),
        "bytes": s.bytes, "samples": s.samples, "train_seconds": number(s.train_seconds),
        "host_seconds": number(s.host_seconds), "queue_bytes": s.queue_bytes, "queue_depth": s.queue_depth,
        "plain_blocks": s.plain_blocks,
    })
}
