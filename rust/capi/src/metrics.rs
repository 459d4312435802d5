//! What the service measured, as JSON.

use limbeck_session::{Metrics, Quality, StepReport};
use serde_json::{Value, json};

/// One object; numbers that are not finite (the PSNR of an exact step) are null.
pub fn to_json(metrics: &Metrics) -> String {
    let steps: Vec<Value> = metrics.steps.iter().map(step).collect();
    json!({
        "accepted": metrics.accepted,
        "dropped": metrics.dropped,
        "durable": metrics.durable,
        "skipped": metrics.skipped,
        "queue_bytes": metrics.queue_bytes,
        "queue_depth": metrics.queue_depth,
        "spilled_bytes": metrics.spilled_bytes,
        "devices": metrics.devices,
        "peak_bytes": metrics.peak_bytes,
        "budget_bytes": metrics.budget_bytes,
        "host_seconds": metrics.host_seconds,
        "blocked_seconds": metrics.blocked_seconds,
        "steps": steps,
    })
    .to_string()
}

fn step(report: &StepReport) -> Value {
    json!({
        "step": report.step,
        "cycle": report.cycle,
        "time": report.time,
        "variable": report.variable,
        "quality": quality(&report.quality),
        "bytes": report.bytes,
        "samples": report.samples,
        "train_seconds": report.train_seconds,
        "host_seconds": report.host_seconds,
        "queue_bytes": report.queue_bytes,
        "queue_depth": report.queue_depth,
        "plain_blocks": report.plain_blocks,
    })
}

fn quality(quality: &Quality) -> Value {
    json!({
        "psnr": quality.psnr(),
        "max_error": quality.max_error,
        "count": quality.count,
        "min": quality.min,
        "max": quality.max,
    })
}
