//! What the service measured: per step and variable, and as a whole.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use limbeck_codec::Quality;

use crate::durability::Durability;
use crate::workers::Shop;

/// One variable at one step, once it is in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// Index of the step in the run.
    pub step: u64,
    /// The simulation's cycle number.
    pub cycle: i64,
    /// Physical time.
    pub time: f64,
    /// Name of the variable.
    pub variable: String,
    /// Of the teachers, on every value, in double precision, against what was handed in.
    pub quality: Quality,
    /// Bytes of the teachers.
    pub bytes: u64,
    /// Training samples spent.
    pub samples: u64,
    /// Seconds that workers spent, all blocks together.
    pub train_seconds: f64,
    /// Seconds that the simulation's thread spent in limbeck for the whole step (all variables).
    pub host_seconds: f64,
    /// Bytes that waited in memory at the end of the step.
    pub queue_bytes: u64,
    /// Blocks that waited at the end of the step, in memory or spilled.
    pub queue_depth: u32,
    /// Blocks kept by the plain codec: those that the method failed on, and those too small for a network.
    pub plain_blocks: u32,
}

/// How the service is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Steps accepted by this session.
    pub accepted: u64,
    /// Steps given up.
    pub dropped: u64,
    /// Steps durable, of those accepted by this session.
    pub durable: u64,
    /// Steps that were durable before (restart) and therefore skipped.
    pub skipped: u64,
    /// Bytes of copies in memory now: waiting and worked on.
    pub queue_bytes: u64,
    /// Blocks that wait now, in memory or spilled.
    pub queue_depth: u32,
    /// Bytes spilled now.
    pub spilled_bytes: u64,
    /// Bytes that limbeck holds now: copies, worker buffers, frames on their way to the journal.
    pub held_bytes: u64,
    /// Most bytes that limbeck held at once: copies, worker buffers, frames on their way to the journal.
    pub peak_bytes: u64,
    /// Most bytes that it may hold (`queue.bytes`), 0 before commit.
    pub budget_bytes: u64,
    /// Workers, each of which fits one block at a time.
    pub workers: u32,
    /// Workers that fit a block now.
    pub busy_workers: u32,
    /// Devices that blocks are trained on; none: the CPU.
    pub devices: Vec<String>,
    /// Bytes of this rank's journal.
    pub journal_bytes: u64,
    /// Seconds that the simulation's thread spent in limbeck.
    pub host_seconds: f64,
    /// Of these, seconds that it waited for room.
    pub blocked_seconds: f64,
    /// Durable steps in order, variables in the order of their definition.
    pub steps: Vec<StepReport>,
}

/// What the simulation's thread counts, to be read from any thread.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) accepted: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) skipped: AtomicU64,
    host_nanoseconds: AtomicU64,
    blocked_nanoseconds: AtomicU64,
}

impl Counts {
    pub(crate) fn add_host(&self, time: Duration) {
        self.host_nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_blocked(&self, time: Duration) {
        self.blocked_nanoseconds.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Where the numbers of a running session come from. Does not keep its queue and workers alive.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) shop: Weak<Shop>,
    pub(crate) durability: Arc<Durability>,
    pub(crate) counts: Arc<Counts>,
    pub(crate) budget: u64,
    pub(crate) workers: u32,
    pub(crate) devices: Vec<String>,
    /// Most bytes held while there was a queue.
    pub(crate) peak: AtomicU64,
}

impl Meter {
    /// All that is known now, but for the reports of the steps, which may be many.
    pub(crate) fn totals(&self) -> Metrics {
        let count = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let (fill, in_flight) = match self.shop.upgrade() {
            Some(shop) => (shop.queue.fill(), shop.journal.in_flight()),
            None => Default::default(),
        };
        let peak = (fill.peak + in_flight.peak).max(self.peak.fetch_max(fill.peak + in_flight.peak, Ordering::Relaxed));
        Metrics {
            accepted: count(&self.counts.accepted),
            dropped: count(&self.counts.dropped),
            durable: self.durability.durable_steps(),
            skipped: count(&self.counts.skipped),
            queue_bytes: fill.bytes,
            queue_depth: fill.waiting,
            spilled_bytes: fill.spilled,
            held_bytes: fill.held + in_flight.now,
            peak_bytes: peak,
            budget_bytes: self.budget,
            workers: self.workers,
            busy_workers: fill.busy,
            devices: self.devices.clone(),
            journal_bytes: self.durability.journal_bytes(),
            host_seconds: count(&self.counts.host_nanoseconds) as f64 / 1e9,
            blocked_seconds: count(&self.counts.blocked_nanoseconds) as f64 / 1e9,
            steps: Vec::new(),
        }
    }

    /// All that is known now.
    pub(crate) fn metrics(&self) -> Metrics {
        let (durable, steps) = self.durability.reports();
        Metrics { durable, steps, ..self.totals() }
    }
}

/// How far a distillation is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Variable that is being distilled.
    pub variable: String,
    /// Its index among those of the run.
    pub index: usize,
    /// Number of variables.
    pub variables: usize,
    /// Share of this variable's work that is done, 0 to 1.
    pub done: f64,
    /// PSNR against the teachers so far, dB.
    pub psnr: f64,
}

impl Progress {
    /// Share of the work on all variables that is done, 0 to 1.
    pub fn share(&self) -> f64 {
        (self.index as f64 + self.done.clamp(0.0, 1.0)) / self.variables.max(1) as f64
    }
}

/// One variable in the archive.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableReport {
    /// Its name.
    pub name: String,
    /// Steps distilled into the new segment.
    pub steps: usize,
    /// One line about the student, for people.
    pub description: String,
    /// Of the student against the teachers, on a sample of points; with `target.psnr` and `target.max_error` of what the archive
    /// holds against the data, on every value (where a student stands for refined steps, as exactly as those are known).
    pub student: Quality,
    /// Of the teachers against the data, on every value of every step.
    pub teachers: Quality,
    /// Bytes of the student, and of steps that are kept beside or instead of it.
    pub bytes: u64,
    /// Training samples spent on the student.
    pub samples: u64,
    /// Seconds of the distillation.
    pub seconds: f64,
}

/// What came out of a session or of a distillation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseReport {
    /// The archive; None if nothing was distilled (`distil.when = never`, or a run without steps).
    pub archive: Option<PathBuf>,
    /// Its size on the disk.
    pub archive_bytes: u64,
    /// Bytes of all its data as float32.
    pub raw_bytes: u64,
    /// The journal, if it was kept.
    pub journal: Option<PathBuf>,
    /// The variables, in the order of their definition.
    pub variables: Vec<VariableReport>,
    /// Teachers per step and variable.
    pub steps: Vec<StepReport>,
    /// Cycles of steps that were given up or lost, and why.
    pub missing: Vec<(i64, String)>,
    /// What did not go as asked.
    pub warnings: Vec<String>,
    /// Time of the distillation.
    pub distil_time: Duration,
    /// What the session measured while it ran (default for a batch job).
    pub metrics: Metrics,
}

impl CloseReport {
    /// Bytes of the data as float32 over bytes of the archive; 0 without archive.
    pub fn ratio(&self) -> f64 {
        if self.archive_bytes == 0 { 0.0 } else { self.raw_bytes as f64 / self.archive_bytes as f64 }
    }
}
