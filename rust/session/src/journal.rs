//! The journal's thread: appends frames in the order they come, marks steps durable in the order they were accepted.
//!
//! A thread of its own with a tokio runtime of its own, so that neither the simulation nor a worker ever waits for a disk;
//! only frames in flight are bounded in bytes. Whatever arrived while a sync was under way shares the next one.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use limbeck_archive::{JournalWriter, QualitySums, Record, RunLock, StepMetrics, StepStamp};
use limbeck_codec::Quality;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::durability::Durability;
use crate::{Error, Result, StepReport};

/// A step that is in memory.
pub(crate) struct Accepted {
    pub(crate) stamp: StepStamp,
    /// Blocks that it has, all variables together.
    pub(crate) blocks: usize,
    pub(crate) host_seconds: f64,
    pub(crate) queue_bytes: u64,
    pub(crate) queue_depth: u32,
}

/// A block that a worker is done with.
pub(crate) struct Encoded {
    pub(crate) step: u64,
    pub(crate) variable: u32,
    pub(crate) frame: Vec<u8>,
    /// Bytes of payload and mask.
    pub(crate) bytes: u64,
    pub(crate) quality: Quality,
    pub(crate) samples: u64,
    pub(crate) seconds: f64,
    /// Kept by the plain codec.
    pub(crate) plain: bool,
}

enum Message {
    Accepted(Accepted),
    Dropped { stamp: StepStamp, reason: String },
    Encoded(Encoded),
}

/// Bytes of frames between workers and disk, and who waits for them.
struct InFlight {
    bytes: Mutex<Bytes>,
    changed: Condvar,
    limit: u64,
}

/// Bytes of frames between workers and disk.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bytes {
    pub(crate) now: u64,
    /// Most of them at once.
    pub(crate) peak: u64,
    /// The journal's thread has ended: nothing is waited for.
    ended: bool,
}

impl InFlight {
    fn lock(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the frame fits, or is alone.
    fn enter(&self, bytes: u64) {
        let mut b = self.lock();
        while !b.ended && b.now > 0 && b.now + bytes > self.limit {
            b = self.changed.wait(b).unwrap_or_else(PoisonError::into_inner);
        }
        b.now += bytes;
        b.peak = b.peak.max(b.now);
    }

    fn leave(&self, bytes: u64) {
        self.lock().now -= bytes;
        self.changed.notify_all();
    }
}

/// Lives as long as the journal's thread writes. Should that panic, nobody waits for it for ever.
struct Ending(Arc<InFlight>, Arc<Durability>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_all();
        if std::thread::panicking() {
            self.1.fail(Error::Internal("the journal's thread panicked".into()));
        }
    }
}

/// Sends to the journal's thread; clones share it. It ends when all are gone.
#[derive(Clone)]
pub(crate) struct JournalSender {
    messages: UnboundedSender<Message>,
    in_flight: Arc<InFlight>,
    durability: Arc<Durability>,
}

impl JournalSender {
    pub(crate) fn accepted(&self, step: Accepted) {
        self.send(Message::Accepted(step));
    }

    pub(crate) fn dropped(&self, stamp: StepStamp, reason: String) {
        self.send(Message::Dropped { stamp, reason });
    }

    /// Waits while too many bytes are on their way.
    pub(crate) fn encoded(&self, block: Encoded) {
        self.in_flight.enter(block.frame.len() as u64);
        self.send(Message::Encoded(block));
    }

    /// A block of a step is lost, so neither it nor what follows can become durable.
    pub(crate) fn lost(&self, error: Error) {
        self.durability.fail(error);
    }

    /// Nothing becomes durable any more, so that what is not encoded yet need not be.
    pub(crate) fn failed(&self) -> bool {
        self.durability.failure().is_some()
    }

    /// Bytes of frames on their way.
    pub(crate) fn in_flight(&self) -> Bytes {
        *self.in_flight.lock()
    }

    fn send(&self, message: Message) {
        if self.messages.send(message).is_err() {
            self.durability.fail(Error::Internal("the journal's thread ended before the session".into()));
        }
    }
}

/// The thread; joining it gives the run's lock back.
pub(crate) type JournalThread = JoinHandle<RunLock>;

/// Starts the thread. `variables`: their names; `sync`: steps are durable only once on the disk; `limit`: bytes of
/// frames in flight.
pub(crate) fn start(
    writer: JournalWriter,
    variables: Vec<String>,
    sync: bool,
    limit: u64,
    durability: Arc<Durability>,
) -> Result<(JournalSender, JournalThread)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .thread_name("limbeck-journal-io")
        .build()
        .map_err(|e| Error::Io(format!("cannot start the journal's thread: {e}")))?;
    let (messages, receiver) = unbounded_channel();
    let in_flight = Arc::new(InFlight { bytes: Mutex::default(), changed: Condvar::new(), limit });
    let sender = JournalSender { messages, in_flight: in_flight.clone(), durability: durability.clone() };
    let (path, offset) = (writer.path().display().to_string(), writer.offset());
    let (file, lock) = writer.into_parts();
    let thread = std::thread::Builder::new().name("limbeck-journal".into()).spawn(move || {
        let _ending = Ending(in_flight.clone(), durability.clone());
        let journal = Journal {
            file: File::from_std(file),
            path,
            offset,
            sync,
            failed: false,
            variables,
            pending: BTreeMap::new(),
            finished: Vec::new(),
            in_flight,
            durability,
        };
        runtime.block_on(journal.run(receiver));
        lock
    });
    let thread = thread.map_err(|e| Error::Io(format!("cannot start the journal's thread: {e}")))?;
    Ok((sender, thread))
}

struct Journal {
    file: File,
    path: String,
    /// End of the last whole frame.
    offset: u64,
    sync: bool,
    /// Writing failed; what comes is thrown away, so that nobody waits for a disk that is full.
    failed: bool,
    variables: Vec<String>,
    pending: BTreeMap<u64, Pending>,
    /// Steps whose frames are written, and not yet told.
    finished: Vec<(i64, Vec<StepReport>)>,
    in_flight: Arc<InFlight>,
    durability: Arc<Durability>,
}

struct Pending {
    accepted: Accepted,
    missing: usize,
    /// By variable.
    sums: Vec<Sums>,
}

#[derive(Clone)]
struct Sums {
    quality: Quality,
    bytes: u64,
    samples: u64,
    seconds: f64,
    plain: u32,
}

impl Journal {
    async fn run(mut self, mut messages: UnboundedReceiver<Message>) {
        while let Some(first) = messages.recv().await {
            // What comes after these waits for the next round: a stream that never pauses would put off the sync for ever.
            let waiting = messages.len();
            self.take(first).await;
            for _ in 0..waiting {
                let Ok(next) = messages.try_recv() else { break };
                self.take(next).await;
                // Steps that are written count as durable at once where no sync is asked for.
                if !self.sync {
                    self.tell().await;
                }
            }
            self.tell().await;
        }
        if !self.failed
            && let Err(e) = self.file.sync_data().await
        {
            self.fail(Error::Io(format!("cannot sync {}: {e}", self.path)));
        }
    }

    async fn take(&mut self, message: Message) {
        match message {
            Message::Accepted(accepted) => {
                self.append(Record::StepAccepted(accepted.stamp)).await;
                let none = Sums { quality: Quality::EMPTY, bytes: 0, samples: 0, seconds: 0.0, plain: 0 };
                let (missing, sums) = (accepted.blocks, vec![none; self.variables.len()]);
                self.pending.insert(accepted.stamp.step, Pending { accepted, missing, sums });
                // A rank may have no block.
                self.finish_steps().await;
            }
            Message::Dropped { stamp, reason } => self.append(Record::StepDropped { stamp, reason }).await,
            Message::Encoded(block) => {
                self.write(&block.frame).await;
                self.in_flight.leave(block.frame.len() as u64);
                if let Some(pending) = self.pending.get_mut(&block.step) {
                    pending.missing -= 1;
                    let sums = &mut pending.sums[block.variable as usize];
                    sums.quality = sums.quality.merge(&block.quality);
                    sums.bytes += block.bytes;
                    sums.samples += block.samples;
                    sums.seconds += block.seconds;
                    sums.plain += u32::from(block.plain);
                }
                self.finish_steps().await;
            }
        }
    }

    /// Ends the steps that miss nothing, in the order of their acceptance.
    async fn finish_steps(&mut self) {
        while let Some(entry) = self.pending.first_entry().filter(|e| e.get().missing == 0) {
            let step = entry.remove();
            let reports = step.reports(&self.variables);
            self.append(Record::Metrics(reports.iter().enumerate().map(|(v, r)| metrics(v, r)).collect())).await;
            self.append(Record::StepComplete(step.accepted.stamp)).await;
            if !self.failed {
                self.finished.push((step.accepted.stamp.cycle, reports));
            }
        }
    }

    /// Marks what is finished durable, after the sync if one is asked for.
    async fn tell(&mut self) {
        if self.finished.is_empty() || self.failed {
            return;
        }
        if self.sync
            && let Err(e) = self.file.sync_data().await
        {
            return self.fail(Error::Io(format!("cannot sync {}: {e}", self.path)));
        }
        for (cycle, reports) in self.finished.drain(..) {
            tracing::debug!(cycle, "step is durable");
            self.durability.complete(cycle, reports);
        }
    }

    async fn append(&mut self, record: Record) {
        match record.encode_frame() {
            Ok(frame) => self.write(&frame).await,
            Err(e) => self.fail(Error::from(e)),
        }
    }

    async fn write(&mut self, frame: &[u8]) {
        if self.failed {
            return;
        }
        let written = async {
            self.file.write_all(frame).await?;
            // Only this waits for the system to have it.
            self.file.flush().await
        };
        if let Err(e) = written.await {
            // Cut what was written of the frame, so that an appending writer or a reader finds whole frames only.
            let cut = async {
                self.file.set_len(self.offset).await?;
                self.file.seek(SeekFrom::Start(self.offset)).await
            };
            let state = match cut.await {
                Ok(_) => "the steps before are safe",
                Err(_) => "the steps before are safe, behind them stands a torn frame",
            };
            return self.fail(Error::Io(format!(
                "cannot append to the journal {}: {e}; {state}, further steps are dropped",
                self.path
            )));
        }
        self.offset += frame.len() as u64;
        self.durability.wrote(self.offset);
    }

    fn fail(&mut self, error: Error) {
        self.failed = true;
        self.finished.clear();
        self.durability.fail(error);
    }
}

impl Pending {
    fn reports(&self, variables: &[String]) -> Vec<StepReport> {
        let StepStamp { step, cycle, time } = self.accepted.stamp;
        let report = |(name, sums): (&String, &Sums)| StepReport {
            step,
            cycle,
            time,
            variable: name.clone(),
            quality: sums.quality,
            bytes: sums.bytes,
            samples: sums.samples,
            train_seconds: sums.seconds,
            host_seconds: self.accepted.host_seconds,
            queue_bytes: self.accepted.queue_bytes,
            queue_depth: self.accepted.queue_depth,
            plain_blocks: sums.plain,
        };
        variables.iter().zip(&self.sums).map(report).collect()
    }
}

fn metrics(variable: usize, r: &StepReport) -> StepMetrics {
    StepMetrics {
        step: r.step,
        variable: variable as u32,
        quality: quality_sums(&r.quality),
        bytes: r.bytes,
        samples: r.samples,
        train_seconds: r.train_seconds as f32,
        host_seconds: r.host_seconds as f32,
        queue_bytes: r.queue_bytes,
        queue_depth: r.queue_depth,
    }
}

/// A codec's quality as an archive keeps it.
pub(crate) fn quality_sums(q: &Quality) -> QualitySums {
    QualitySums { count: q.count, squared_error: q.squared_error, max_error: q.max_error, min: q.min, max: q.max }
}

/// And back.
pub(crate) fn quality(q: &QualitySums) -> Quality {
    Quality { count: q.count, squared_error: q.squared_error, max_error: q.max_error, min: q.min, max: q.max }
}
