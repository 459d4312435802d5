//! What is in a dataset, in numbers, for people.

use std::collections::BTreeMap;

use limbeck_archive::{QualitySums, Segment, SegmentContent, StepMetrics};

use crate::dataset::{Dataset, Kind, State};
use crate::pieces::{Content, Opened};
use crate::{Error, Result};

/// A dataset in numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// False for a run that has no archive yet.
    pub finished: bool,
    /// Version of the format that this build reads and the file is in.
    pub format_version: u16,
    /// Version of the library that wrote it.
    pub limbeck_version: String,
    /// Bytes on disk, everything included: the archive, or all journals.
    pub file_bytes: u64,
    /// Bytes that the values of all steps that can be read take as float32.
    pub float32_bytes: u64,
    /// `float32_bytes / file_bytes`.
    pub ratio: f64,
    /// Steps that can be read.
    pub readable_steps: usize,
    /// The variables.
    pub variables: Vec<VariableInfo>,
    /// The segments of an archive, in the order of its table; empty for an unfinished run.
    pub segments: Vec<SegmentInfo>,
    /// Measured per step and variable; empty if the writer left it out.
    pub quality: Vec<StepMetrics>,
    /// What was damaged, torn or left out, one sentence each.
    pub faults: Vec<String>,
    /// Times were rounded when the archive was written (see docs/format.md).
    pub times_rounded: bool,
    /// The options of the run as text, if they were kept.
    pub options: Option<String>,
}

/// One variable.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableInfo {
    /// Its name.
    pub name: String,
    /// Its shape, slowest axis first.
    pub shape: Vec<u64>,
    /// Number of blocks.
    pub blocks: usize,
    /// Bytes of its payloads in the file.
    pub payload_bytes: u64,
}

/// One segment.
#[derive(Clone, Debug, PartialEq)]
pub struct SegmentInfo {
    /// Name of its variable.
    pub variable: String,
    /// First step.
    pub first_step: u64,
    /// Number of steps.
    pub step_count: u64,
    /// Name of the method, or its number if this build does not have it.
    pub method: String,
    /// One line about the network.
    pub description: String,
    /// Bytes of its payload.
    pub bytes: u64,
    /// Peak signal-to-noise ratio in dB when it was made, if it was measured.
    pub psnr: Option<f32>,
    /// Largest absolute error when it was made, if it was measured.
    pub max_error: Option<f32>,
}

impl Dataset {
    /// A summary. Reads small frames and opens segments whose description is not in the index; what cannot be opened
    /// becomes one of the `faults`. Errors: Io.
    pub fn info(&self) -> Result<Info> {
        let readable_steps = self.steps.iter().filter(|s| !matches!(s.state, State::Missing(_))).count();
        let per_step: u64 = self.run.variables.iter().map(|v| 4 * v.values()).sum();
        let float32_bytes = per_step.saturating_mul(readable_steps as u64);
        let mut info = Info {
            finished: self.is_finished(),
            format_version: limbeck_archive::FORMAT_VERSION,
            limbeck_version: self.run.limbeck_version.clone(),
            file_bytes: 0,
            float32_bytes,
            ratio: 0.0,
            readable_steps,
            variables: self.run.variables.iter().map(variable_info).collect(),
            segments: Vec::new(),
            quality: Vec::new(),
            faults: Vec::new(),
            times_rounded: false,
            options: None,
        };
        match &self.kind {
            Kind::Finished(f) => self.add_finished(f, &mut info),
            Kind::Unfinished(u) => self.add_unfinished(u, &mut info),
        }
        info.ratio = float32_bytes as f64 / info.file_bytes.max(1) as f64;
        Ok(info)
    }

    fn add_finished(&self, f: &crate::finished::Finished, info: &mut Info) {
        let archive = &f.archive;
        info.file_bytes = archive.file_bytes();
        info.times_rounded = archive.steps().rounded;
        match archive.metrics() {
            Ok(rows) => info.quality = rows,
            Err(e) => info.faults.push(e.to_string()),
        }
        match archive.options() {
            Ok(text) => info.options = text,
            Err(e) => info.faults.push(e.to_string()),
        }
        for (row, s) in archive.segments().iter().enumerate() {
            let mut description = s.description.clone();
            if description.is_empty() {
                // Steps may be many, and decoding them is more than a description is worth; damage shows when they are read.
                let described = match s.content {
                    SegmentContent::Step { .. } => {
                        archive.read_segment(s).map(|_| carried_over(s)).map_err(Error::from)
                    }
                    SegmentContent::Distilled => f.open((0, row)).map(|opened| match opened {
                        Opened::Segment(d) => d.description(),
                        Opened::Block(_) => String::new(),
                    }),
                };
                match described {
                    Ok(text) => description = text,
                    Err(e) => info.faults.push(e.to_string()),
                }
            }
            info.variables[s.variable as usize].payload_bytes += s.payload_length;
            info.segments.push(SegmentInfo {
                variable: self.run.variables[s.variable as usize].name.clone(),
                first_step: s.first_step,
                step_count: s.step_count,
                method: f.method_name(s.method),
                description,
                bytes: s.payload_length,
                psnr: s.psnr,
                max_error: s.max_error,
            });
        }
    }

    fn add_unfinished(&self, u: &crate::unfinished::Unfinished, info: &mut Info) {
        let run = &u.journals;
        info.file_bytes = run.file_bytes();
        info.options = run.options().map(str::to_owned);
        let mut rows: BTreeMap<(u64, u32), StepMetrics> = BTreeMap::new();
        for b in run.newest_blocks() {
            info.variables[b.variable as usize].payload_bytes += b.payload_length + b.mask_length.unwrap_or(0);
            let empty = || StepMetrics { step: b.step, variable: b.variable, ..StepMetrics::default() };
            let row = rows.entry((b.step, b.variable)).or_insert_with(empty);
            row.quality = QualitySums::merge(&row.quality, &b.quality);
            row.bytes += b.payload_length + b.mask_length.unwrap_or(0);
            row.samples += b.samples;
            row.train_seconds += b.seconds as f32;
            row.queue_depth = row.queue_depth.max(b.queue_depth);
        }
        for m in run.metrics() {
            if let Some(row) = rows.get_mut(&(m.step, m.variable)) {
                row.host_seconds += m.host_seconds;
                row.queue_bytes = row.queue_bytes.max(m.queue_bytes);
                row.queue_depth = row.queue_depth.max(m.queue_depth);
            }
        }
        info.quality = rows.into_values().collect();
        for (process, t) in run.torn_tails() {
            info.faults.push(format!(
                "journal of process {process}: {} bytes at its end are no whole frame (byte {})",
                t.bytes, t.offset
            ));
        }
        for (process, l) in run.lost() {
            info.faults.push(format!("journal of process {process}: frame at byte {} is lost: {}", l.offset, l.reason));
        }
    }
}

fn variable_info(v: &limbeck_archive::VariableDescription) -> VariableInfo {
    VariableInfo { name: v.name.clone(), shape: v.shape.clone(), blocks: v.blocks.len(), payload_bytes: 0 }
}

fn carried_over(s: &Segment) -> String {
    let SegmentContent::Step { block, step_kind, .. } = s.content else { return String::new() };
    let what = match step_kind {
        0 => "constant",
        2 => "values themselves",
        3 => "within a bound",
        4 => "correction of the student",
        _ => "teacher",
    };
    match &s.extent {
        Some((offset, count)) => format!("box {count:?} at {offset:?}, {what}"),
        None => format!("block {block}, {what}"),
    }
}
