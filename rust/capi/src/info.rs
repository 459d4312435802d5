//! What is in an archive, as JSON.

use limbeck_reader::{Info, QualitySums, StepMetrics};
use serde_json::{Value, json};

/// One object; numbers that are not finite are null.
pub fn to_json(info: &Info) -> String {
    let variables: Vec<Value> = info
        .variables
        .iter()
        .map(|v| json!({"name": v.name, "shape": v.shape, "blocks": v.blocks, "payload_bytes": v.payload_bytes}))
        .collect();
    let segments: Vec<Value> = info
        .segments
        .iter()
        .map(|s| {
            json!({
                "variable": s.variable,
                "first_step": s.first_step,
                "step_count": s.step_count,
                "method": s.method,
                "description": s.description,
                "bytes": s.bytes,
                "psnr": s.psnr,
                "max_error": s.max_error,
            })
        })
        .collect();
    let quality: Vec<Value> = info.quality.iter().map(|row| step(row, info)).collect();
    json!({
        "finished": info.finished,
        "format_version": info.format_version,
        "limbeck_version": info.limbeck_version,
        "file_bytes": info.file_bytes,
        "float32_bytes": info.float32_bytes,
        "ratio": info.ratio,
        "readable_steps": info.readable_steps,
        "times_rounded": info.times_rounded,
        "variables": variables,
        "segments": segments,
        "quality": quality,
        "faults": info.faults,
        "options": info.options,
    })
    .to_string()
}

fn step(row: &StepMetrics, info: &Info) -> Value {
    let name = info.variables.get(row.variable as usize).map(|v| &v.name);
    json!({
        "step": row.step,
        "variable": name,
        "psnr": psnr(&row.quality),
        "max_error": row.quality.max_error,
        "bytes": row.bytes,
        "samples": row.samples,
        "train_seconds": row.train_seconds,
        "host_seconds": row.host_seconds,
    })
}

fn psnr(sums: &QualitySums) -> f64 {
    let quality = limbeck_session::Quality {
        count: sums.count,
        squared_error: sums.squared_error,
        max_error: sums.max_error,
        min: sums.min,
        max: sums.max,
    };
    quality.psnr()
}
