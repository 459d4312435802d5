//! The whole way of a series: session, teachers step by step, distillation, archive on disk, and back from it.

use std::path::Path;
use std::time::Instant;

use limbeck_session::{CloseReport, Quality};

use crate::npy::Series;
use crate::report::{Report, median};
use crate::roundtrip::{Archive, bytes_on_disk, compare, compress, psnr};
use crate::{Error, Result, machine};

/// The ratio that is aimed at where none is asked for: small series have less in them that repeats itself.
pub fn usual_ratio(bytes: usize) -> f64 {
    if bytes >= 32 << 20 { 1500.0 } else { 800.0 }
}

/// Compresses a series, reads it back and compares.
pub fn run(data: &Path, ratio: Option<f64>, options: &[(&str, &str)], report: &mut Report) -> Result<()> {
    let series = Series::read(data)?;
    let bytes = series.values.len() * size_of::<f32>();
    let ratio = ratio.unwrap_or_else(|| usual_ratio(bytes));
    let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
    let archive = folder.path().join("series.lbk");
    println!("{}: shape {:?}, {bytes} bytes as float32, asked for a ratio of {ratio}", data.display(), series.shape);

    let start = Instant::now();
    let (closed, host) = compress(&series, &archive, ("target.ratio", &ratio.to_string()), options)?;
    let seconds = start.elapsed().as_secs_f64();

    let written = bytes_on_disk(&archive)?;
    let start = Instant::now();
    let opened = Archive::open(&archive, &series)?;
    let steps = (0..series.steps()).map(|i| compare(series.step(i), &opened.step(i)?)).collect::<Result<Vec<_>>>()?;
    let decoding = start.elapsed().as_secs_f64();
    let all = steps.iter().fold(Quality::EMPTY, |sum, q| sum.merge(q));
    let per_step: Vec<f64> = steps.iter().map(|q| psnr(q, &all)).collect();
    print_steps(&closed, &per_step);

    let teachers = closed.steps.iter().fold(Quality::EMPTY, |sum, s| sum.merge(&s.quality));
    let training: Vec<f64> = closed.steps.iter().map(|s| s.train_seconds).collect();
    report.add("quality.ratio", bytes as f64 / written as f64, "");
    report.add("quality.psnr", all.psnr(), "dB");
    report.add("quality.psnr_min", per_step.iter().copied().fold(f64::INFINITY, f64::min), "dB");
    report.add("quality.seconds", seconds, "s");
    report.add("quality.teacher_seconds_median", median(&training), "s");
    report.add("quality.teacher_psnr", teachers.psnr(), "dB");
    report.add("quality.distil_seconds", closed.distil_time.as_secs_f64(), "s");
    report.add("quality.host_seconds", host, "s");
    report.add("quality.decode_seconds", decoding, "s");
    report.add("quality.max_error", all.max_error, "");
    report.add("quality.data", bytes as f64, "bytes");
    report.add("quality.archive", written as f64, "bytes");
    report.add("quality.memory.peak", closed.metrics.peak_bytes as f64, "bytes");
    report.add("quality.memory.budget", closed.metrics.budget_bytes as f64, "bytes");
    report.add("quality.memory.process_peak", machine::peak_memory(), "bytes");
    Ok(())
}

fn print_steps(closed: &CloseReport, per_step: &[f64]) {
    println!("{:>6} {:>12} {:>12} {:>12} {:>12}", "step", "teacher dB", "archive dB", "teacher s", "teacher B");
    for (step, archive) in closed.steps.iter().zip(per_step) {
        let teacher = step.quality.psnr();
        println!("{:6} {teacher:12.2} {archive:12.2} {:12.2} {:12}", step.step, step.train_seconds, step.bytes);
    }
    for variable in &closed.variables {
        println!("student: {}", variable.description);
    }
    for warning in &closed.warnings {
        println!("warning: {warning}");
    }
}
