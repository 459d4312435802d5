//! The threads that fit while the simulation runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use limbeck_archive::{BlockRecord, Record};
use limbeck_codec::{Mask, StepKind};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::cores::Manners;
use crate::encode::Encoder;
use crate::journal::{Encoded, JournalSender, quality_sums};
use crate::notices::Notices;
use crate::queue::{Queue, Work};
use crate::{Error, Result};

/// One (variable, block) of the run.
pub(crate) struct Lane {
    pub(crate) variable: u32,
    /// Global index of the block.
    pub(crate) block: u32,
    /// For messages: `block 0 of "density"`.
    pub(crate) name: String,
    pub(crate) encoder: Mutex<Encoder>,
}

/// What all workers share.
pub(crate) struct Shop {
    pub(crate) queue: Arc<Queue>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) journal: JournalSender,
    pub(crate) notices: Arc<Notices>,
}

/// Starts the workers; they end when the queue does. Each has its share of the threads as a pool of its own, or, where there are more of them
/// than threads, since they wait for a device, all have one.
pub(crate) fn start(
    workers: usize,
    threads: usize,
    manners: &Manners,
    shop: &Arc<Shop>,
) -> Result<Vec<JoinHandle<()>>> {
    let refused = |e: &dyn std::fmt::Display| Error::Io(format!("cannot start a worker: {e}"));
    let mut started = Vec::new();
    let mut begin = || -> Result<()> {
        let make = |threads: usize, name: String| -> Result<Arc<ThreadPool>> {
            Ok(Arc::new(pool(threads, &name, Some(manners.clone())).map_err(|e| refused(&e))?))
        };
        let shared = if workers > threads { Some(make(threads.max(1), "limbeck-fit".into())?) } else { None };
        for w in 0..workers {
            let pool = match &shared {
                Some(pool) => pool.clone(),
                None => make(threads / workers + usize::from(w < threads % workers), format!("limbeck-fit-{w}"))?,
            };
            let (shop, manners) = (shop.clone(), manners.clone());
            let thread = std::thread::Builder::new().name(format!("limbeck-worker-{w}")).spawn(move || {
                manners.apply();
                while let Some(work) = shop.queue.take() {
                    // The method's panics are caught where they are handled; this is for those of limbeck itself, after
                    // which the simulation must not wait for ever for this block's memory.
                    if catch_unwind(AssertUnwindSafe(|| shop.serve(&work, &pool))).is_err() {
                        let text = format!("a worker panicked at step {}, {}", work.step, shop.lanes[work.lane].name);
                        shop.journal.lost(Error::Internal(text));
                    }
                    shop.queue.done(work);
                }
            });
            started.push(thread.map_err(|e| refused(&e))?);
        }
        Ok(())
    };
    if let Err(e) = begin() {
        shop.queue.stop();
        started.into_iter().for_each(|thread| drop(thread.join()));
        return Err(e);
    }
    Ok(started)
}

/// A pool whose threads are named for limbeck, so that their panics are told in the log and not printed.
pub(crate) fn pool(
    threads: usize,
    name: &str,
    manners: Option<Manners>,
) -> std::result::Result<ThreadPool, rayon::ThreadPoolBuildError> {
    let name = name.to_owned();
    let mut builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(move |i| format!("{name}-{i}"));
    if let Some(manners) = manners {
        builder = builder.start_handler(move |_| manners.apply());
    }
    builder.build()
}

impl Shop {
    fn serve(&self, work: &Work, pool: &ThreadPool) {
        // On a full disk a close would otherwise train what waits in the queue for nothing.
        if self.journal.failed() {
            return;
        }
        let lane = &self.lanes[work.lane];
        let begin = Instant::now();
        if let Some(error) = &work.lost {
            return self.journal.lost(error.clone().during(&format!("step {}, {}", work.step, lane.name)));
        }
        let mask = if work.flagged { Mask::scan(&work.volume) } else { None };
        let mut encoder = lane.encoder.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = encoder.encode(work.step, &work.volume, mask.as_ref(), pool);
        let encoded = outcome.encoded;
        let seconds = begin.elapsed().as_secs_f64();
        let bytes = (encoded.payload.len() + encoded.mask.as_ref().map_or(0, Vec::len)) as u64;
        // Told before the step can be durable, so that who waits for it finds the notice.
        if let Some(failure) = &outcome.failure {
            self.notices.add(format!(
                "step {}, {}: the method failed twice ({failure}), so the block is kept losslessly by the plain codec",
                work.step, lane.name
            ));
        }
        let record = Record::Block(BlockRecord {
            step: work.step,
            variable: lane.variable,
            block: lane.block,
            method: encoder.method().number(),
            step_kind: encoded.kind as u8,
            base_step: encoded.base_step,
            payload: encoded.payload,
            mask: encoded.mask,
            quality: quality_sums(&encoded.quality),
            seconds,
            samples: encoded.samples,
            queue_depth: work.depth,
        });
        match record.encode_frame() {
            Ok(frame) => self.journal.encoded(Encoded {
                step: work.step,
                variable: lane.variable,
                frame,
                bytes,
                quality: encoded.quality,
                samples: encoded.samples,
                seconds,
                plain: encoded.kind == StepKind::Plain,
            }),
            Err(e) => self.journal.lost(Error::from(e).during(&format!("step {}, {}", work.step, lane.name))),
        }
    }
}
