//! What a journal says, one record per frame, and its bytes.

use crate::describe::RunDescription;
use crate::frame::{self, FrameKind};
use crate::schema::{
    MetricsEntry, MetricsEntryT, QualityEntryT, StepBlockEntry, StepBlockEntryT, StepEntry, StepEntryT, from_bytes,
    to_bytes,
};
use crate::{Error, Result};

/// Names a step: its run-wide index, and the simulation's own cycle number and physical time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepStamp {
    /// Index of the step in the run, from 0.
    pub step: u64,
    /// The simulation's cycle number.
    pub cycle: i64,
    /// Physical time; finite.
    pub time: f64,
}

/// Errors of one block at one step, as sums that add up; all in double precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualitySums {
    /// Number of values compared.
    pub count: u64,
    /// Sum of squared errors.
    pub squared_error: f64,
    /// Largest absolute error.
    pub max_error: f64,
    /// Smallest original value; +infinity if none was compared.
    pub min: f64,
    /// Largest original value; -infinity if none was compared.
    pub max: f64,
}

impl Default for QualitySums {
    fn default() -> Self {
        QualitySums { count: 0, squared_error: 0.0, max_error: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }
}

/// One block of one variable at one step.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockRecord {
    /// Index of the step in the run.
    pub step: u64,
    /// Index of the variable in the run's description.
    pub variable: u32,
    /// Global index of the block in the variable's description.
    pub block: u32,
    /// Number of the method that reads `payload`.
    pub method: u16,
    /// How the method reads it.
    pub step_kind: u8,
    /// Step that this one is coded as a difference to: the newest record of that step (same variable and block) that
    /// stands before this one in the journal.
    pub base_step: Option<u64>,
    /// The method's bytes.
    pub payload: Vec<u8>,
    /// The method's bytes for positions of NaN and infinities.
    pub mask: Option<Vec<u8>>,
    /// Measured after decoding `payload` again.
    pub quality: QualitySums,
    /// Seconds of training and coding.
    pub seconds: f64,
    /// Training samples spent.
    pub samples: u64,
    /// Blocks that waited in the queue when this one was taken from it.
    pub queue_depth: u32,
}

/// Facts about one variable at one step, for people; reading the data does not need them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepMetrics {
    /// Index of the step in the run.
    pub step: u64,
    /// Index of the variable in the run's description.
    pub variable: u32,
    /// Over all its blocks.
    pub quality: QualitySums,
    /// Bytes of its payloads.
    pub bytes: u64,
    /// Training samples spent.
    pub samples: u64,
    /// Seconds of training and coding, all blocks together.
    pub train_seconds: f32,
    /// Seconds that the simulation's thread spent in limbeck.
    pub host_seconds: f32,
    /// Bytes that waited in the queue at the end of the step.
    pub queue_bytes: u64,
    /// Blocks that waited in the queue at the end of the step.
    pub queue_depth: u32,
}

/// One frame of a journal.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// What the run is about; the first frame of every journal.
    Run(RunDescription),
    /// A step was accepted: all its blocks are in memory.
    StepAccepted(StepStamp),
    /// One encoded block.
    Block(BlockRecord),
    /// Every block of the step that this process hands in is in the journal before this frame.
    StepComplete(StepStamp),
    /// The step was given up by policy; its values do not exist.
    StepDropped {
        /// The step.
        stamp: StepStamp,
        /// Why, for people.
        reason: String,
    },
    /// Facts for people (optional frame).
    Metrics(Vec<StepMetrics>),
    /// The options of the run as text (optional frame).
    Options(String),
}

impl Record {
    /// The frame's bytes, ready to be appended to a journal.
    ///
    /// Same record, same bytes. Errors: InvalidArgument if the record does not fit the format (a description that is
    /// not sound, a time that is not finite).
    pub fn encode_frame(&self) -> Result<Vec<u8>> {
        match self {
            Record::Run(run) => frame::encode(FrameKind::Run, &run.to_flat()?, &[], false),
            Record::StepAccepted(s) => encode_step(FrameKind::StepAccepted, s, None),
            Record::StepComplete(s) => encode_step(FrameKind::StepComplete, s, None),
            Record::StepDropped { stamp, reason } => encode_step(FrameKind::StepDropped, stamp, Some(reason)),
            Record::Block(b) => encode_block(b),
            Record::Metrics(rows) => frame::encode(FrameKind::Metrics, &metrics_to_flat(rows)?, &[], true),
            Record::Options(text) => frame::encode(FrameKind::Options, &[], &[text.as_bytes()], false),
        }
    }
}

fn encode_step(kind: FrameKind, s: &StepStamp, reason: Option<&String>) -> Result<Vec<u8>> {
    if !s.time.is_finite() {
        return Err(Error::InvalidArgument(format!("the time of step {} is {}, not a number", s.step, s.time)));
    }
    let entry = StepEntryT { step: s.step, cycle: s.cycle, time: s.time, reason: reason.cloned() };
    frame::encode(kind, &to_bytes(|b| entry.pack(b))?, &[], false)
}

pub(crate) fn step_from_flat(meta: &[u8]) -> Result<(StepStamp, String)> {
    let e = from_bytes::<StepEntry>(meta, "a step")?;
    if !e.time().is_finite() {
        return Err(Error::Corruption(format!("the time of step {} is {}", e.step(), e.time())));
    }
    Ok((StepStamp { step: e.step(), cycle: e.cycle(), time: e.time() }, e.reason().unwrap_or_default().to_owned()))
}

fn encode_block(r: &BlockRecord) -> Result<Vec<u8>> {
    let q = &r.quality;
    let entry = StepBlockEntryT {
        step: r.step,
        variable: r.variable,
        block: r.block,
        method: r.method,
        step_kind: r.step_kind,
        base_step: r.base_step,
        has_mask: r.mask.is_some(),
        mask_length: r.mask.as_ref().map_or(0, |m| m.len() as u64),
        quality: Some(Box::new(QualityEntryT {
            count: q.count,
            squared_error: q.squared_error,
            max_error: q.max_error,
            min: q.min,
            max: q.max,
        })),
        seconds: r.seconds,
        samples: r.samples,
        queue_depth: r.queue_depth,
    };
    let mask = r.mask.as_deref().unwrap_or_default();
    frame::encode(FrameKind::Block, &to_bytes(|b| entry.pack(b))?, &[&r.payload, mask], false)
}

/// What a block frame says about itself, and where its bytes are.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockEntry {
    /// Index of the step in the run.
    pub step: u64,
    /// Index of the variable in the run's description.
    pub variable: u32,
    /// Global index of the block in the variable's description.
    pub block: u32,
    /// Number of the method that reads the payload.
    pub method: u16,
    /// How the method reads it.
    pub step_kind: u8,
    /// Step that this one is coded as a difference to (see [`BlockRecord::base_step`]).
    pub base_step: Option<u64>,
    /// Measured when it was encoded.
    pub quality: QualitySums,
    /// Seconds of training and coding.
    pub seconds: f64,
    /// Training samples spent.
    pub samples: u64,
    /// Blocks that waited in the queue when this one was taken from it.
    pub queue_depth: u32,
    /// Bytes of the method's payload.
    pub payload_length: u64,
    /// Bytes of the mask, if there is one.
    pub mask_length: Option<u64>,
    /// Where the frame begins in its journal.
    pub frame_offset: u64,
}

pub(crate) fn block_from_flat(meta: &[u8], payload_length: u64, frame_offset: u64) -> Result<BlockEntry> {
    let e = from_bytes::<StepBlockEntry>(meta, "a block")?;
    let payload_length = payload_length
        .checked_sub(e.mask_length())
        .ok_or_else(|| Error::Corruption("a block frame claims a mask larger than itself".into()))?;
    let quality = e.quality().map_or_else(QualitySums::default, |q| QualitySums {
        count: q.count(),
        squared_error: q.squared_error(),
        max_error: q.max_error(),
        min: q.min(),
        max: q.max(),
    });
    Ok(BlockEntry {
        step: e.step(),
        variable: e.variable(),
        block: e.block(),
        method: e.method(),
        step_kind: e.step_kind(),
        base_step: e.base_step(),
        quality,
        seconds: e.seconds(),
        samples: e.samples(),
        queue_depth: e.queue_depth(),
        payload_length,
        mask_length: e.has_mask().then(|| e.mask_length()),
        frame_offset,
    })
}

pub(crate) fn metrics_to_flat(rows: &[StepMetrics]) -> Result<Vec<u8>> {
    fn column<T>(rows: &[StepMetrics], f: impl Fn(&StepMetrics) -> T) -> Option<Vec<T>> {
        Some(rows.iter().map(f).collect())
    }
    let entry = MetricsEntryT {
        step: column(rows, |r| r.step),
        variable: column(rows, |r| r.variable),
        count: column(rows, |r| r.quality.count),
        squared_error: column(rows, |r| r.quality.squared_error),
        max_error: column(rows, |r| r.quality.max_error),
        min: column(rows, |r| r.quality.min),
        max: column(rows, |r| r.quality.max),
        bytes: column(rows, |r| r.bytes),
        samples: column(rows, |r| r.samples),
        train_seconds: column(rows, |r| r.train_seconds),
        host_seconds: column(rows, |r| r.host_seconds),
        queue_bytes: column(rows, |r| r.queue_bytes),
        queue_depth: column(rows, |r| r.queue_depth),
    };
    to_bytes(|b| entry.pack(b))
}

/// A column that an older or newer writer left out reads as zeros.
pub(crate) fn metrics_from_flat(meta: &[u8]) -> Result<Vec<StepMetrics>> {
    let e = from_bytes::<MetricsEntry>(meta, "metrics")?.unpack();
    let steps = e.step.unwrap_or_default();
    fn at<T: Copy + Default>(column: &Option<Vec<T>>, i: usize) -> T {
        column.as_ref().and_then(|c| c.get(i)).copied().unwrap_or_default()
    }
    Ok((0..steps.len())
        .map(|i| StepMetrics {
            step: steps[i],
            variable: at(&e.variable, i),
            quality: QualitySums {
                count: at(&e.count, i),
                squared_error: at(&e.squared_error, i),
                max_error: at(&e.max_error, i),
                min: at(&e.min, i),
                max: at(&e.max, i),
            },
            bytes: at(&e.bytes, i),
            samples: at(&e.samples, i),
            train_seconds: at(&e.train_seconds, i),
            host_seconds: at(&e.host_seconds, i),
            queue_bytes: at(&e.queue_bytes, i),
            queue_depth: at(&e.queue_depth, i),
        })
        .collect())
}

impl QualitySums {
    /// Both together.
    pub fn merge(&self, other: &QualitySums) -> QualitySums {
        QualitySums {
            count: self.count + other.count,
            squared_error: self.squared_error + other.squared_error,
            max_error: self.max_error.max(other.max_error),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}
