//! The end of the definitions: memory is set aside, the journal begun, the workers started.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use limbeck_archive::{BlockDescription, RunDescription, VariableDescription};
use limbeck_codec::{BlockGeometry, ChainKey};
use limbeck_field::Extent;

use crate::cores::{self, Manners};
use crate::cover;
use crate::durability::Durability;
use crate::encode::Encoder;
use crate::error::{agree_or_undo, panic_proof};
use crate::metrics::Meter;
use crate::monitor::Monitor;
use crate::notices::Notices;
use crate::queue::Queue;
use crate::restart::{Past, Present};
use crate::session::Running;
use crate::settings::Policy;
use crate::spill::Spill;
use crate::step::Steps;
use crate::variable::element_type;
use crate::watched::Watched;
use crate::workers::{Lane, Shop};
use crate::{Error, Result, Session, agree, describe, journal, workers};

/// Memory for copies unless told otherwise, at least.
const LEAST_AUTOMATIC: u64 = 256 << 20;

/// Blocks that may be trained on each device at the same time, at least.
const TOGETHER: usize = 8;

/// Bytes that a frame may have beyond the values of its block.
const FRAME_OVERHEAD: u64 = 1024;

/// How the memory is shared out.
#[derive(Debug, PartialEq, Eq)]
struct Budget {
    total: u64,
    /// Of it, for copies: granted to steps, or set aside for what is loaded back from the disk.
    copies: u64,
    /// Of the copies, set aside.
    aside: u64,
    /// Of the total, for frames on their way to the journal.
    frames: u64,
}

impl Session {
    /// Ends the definitions and starts the workers. With `open.mode = append`, chains go on from their newest durable
    /// step. Collective: the ranks agree on variables and blocks; a rank may have no block.
    ///
    /// # Errors
    /// InvalidArgument if there is no variable, a variable has no block or its blocks leave a hole, `queue.bytes` is too
    /// small for one step, ranks define different variables, or the run that is continued has other variables; State
    /// if it was committed before; Io. An error of one rank is returned by all.
    pub fn commit(&mut self) -> Result<()> {
        self.record_commit();
        let ranks = self.ranks.clone();
        let committed = panic_proof(ranks.as_ref(), "commit", || self.begin_run());
        self.recorded(committed)
    }

    fn begin_run(&mut self) -> Result<()> {
        let ranks = self.ranks.clone();
        let ranks = ranks.as_ref();
        ranks.ready()?;
        agree(ranks, self.may_commit())?;
        let whole = describe::whole(ranks, &self.description)?;
        agree(ranks, check(&whole))?;
        self.description = whole;
        let prepared = self.prepare();
        let (past, budget) = agree_or_undo(ranks, prepared, |(past, _)| past.leave())?;
        let present = past.go_on(ranks, &self.description, &self.options.of_run(), self.settings.sync_node)?;
        let running = self.start(present, budget);
        let running = agree(ranks, running)?;
        self.monitor = self.watched(&running).and_then(|(address, watched)| {
            let started = Monitor::start(address, watched);
            // Nobody's run fails because nobody can watch it.
            started
                .map_err(|why| running.shop.notices.add(format!("{why}; the run goes on without being watched")))
                .ok()
        });
        self.running = Some(running);
        Ok(())
    }

    /// What is to be seen of this rank, and where, if it was asked for.
    fn watched(&self, running: &Running) -> Option<(SocketAddr, Watched)> {
        let rank = self.ranks.rank();
        let asked = self.settings.monitor.filter(|_| rank == 0 || self.settings.monitor_all)?;
        let watched = Watched {
            path: self.path.clone(),
            directory: self.settings.journal_directory(&self.path),
            rank: rank as u32,
            ranks: self.ranks.size() as u32,
            description: self.description.clone(),
            method: self.method.clone(),
            step_bytes: running.step_bytes,
            meter: running.meter.clone(),
            notices: running.shop.notices.clone(),
        };
        Some((asked, watched))
    }

    /// What only this rank knows.
    fn may_commit(&self) -> Result<()> {
        self.same_process()?;
        if self.running.is_some() {
            return Err(Error::State("the session is committed already".into()));
        }
        if self.past.is_none() {
            return Err(Error::State("an earlier commit failed: close the session and open it again".into()));
        }
        self.description.fault().map_or(Ok(()), |fault| Err(Error::InvalidArgument(fault)))
    }

    /// Sets memory aside and takes what there was before, if the run fits it.
    fn prepare(&mut self) -> Result<(Past, Budget)> {
        let sizes: Vec<u64> = self.layouts.iter().flatten().map(|l| l.bytes() as u64).collect();
        let step_bytes: u64 = sizes
            .iter()
            .try_fold(0u64, |sum, b| sum.checked_add(*b))
            .ok_or_else(|| Error::InvalidArgument("the blocks of a step are larger than any memory".into()))?;
        let threads = self.share.worker_threads(self.settings.threads, &self.settings.cores);
        let n_workers = self.workers(threads, sizes.len());
        let budget = self.share_out(step_bytes, sizes.iter().copied().max().unwrap_or(0), n_workers)?;
        let past = self.past.as_ref().ok_or_else(|| Error::Internal("the past of a run is gone".into()))?;
        past.check(&self.description)?;
        let past = self.past.take().ok_or_else(|| Error::Internal("the past of a run is gone".into()))?;
        Ok((past, budget))
    }

    fn start(&self, present: Present, budget: Budget) -> Result<Running> {
        let mut lanes = self.lanes();
        present.resume(&mut lanes);
        let spill = (self.settings.policy == Policy::Spill)
            .then(|| Spill::new(self.settings.spill_dir.clone(), self.settings.spill_bytes));
        let queue = Arc::new(Queue::new(lanes.len(), budget.copies, budget.aside, spill));
        let blocks: Vec<_> = self.layouts.iter().flatten().map(|l| (l.element_type(), l.count().to_vec())).collect();
        queue.warm(&blocks);
        let durability = Arc::new(Durability::new(present.durable));
        let notices = Arc::new(Notices::default());
        let mut manners = Manners { cores: self.settings.cores.clone(), nice: self.settings.nice };
        if let Some(notice) = self.share.crowded(&self.settings.cores, !lanes.is_empty()) {
            manners.nice = cores::LOWEST;
            notices.add(notice);
        }
        self.devices.notice.iter().for_each(|notice| notices.add(notice.clone()));
        let names = self.description.variables.iter().map(|v| v.name.clone()).collect();
        let sync = self.settings.sync_node;
        let steps = Steps::new(present.next_step, present.durable);
        let (sender, journal) = journal::start(present.writer, names, sync, budget.frames, durability.clone())?;
        let threads = self.share.worker_threads(self.settings.threads, &self.settings.cores);
        let n_workers = self.workers(threads, lanes.len());
        let shop = Arc::new(Shop { queue, lanes, journal: sender, notices });
        let workers = workers::start(n_workers, threads, &manners, &shop)?;
        tracing::info!("{n_workers} workers with {threads} threads; {} bytes of memory at most", budget.total);
        let step_bytes = self.layouts.iter().flatten().map(|l| l.bytes() as u64).sum();
        let meter = Arc::new(Meter {
            shop: Arc::downgrade(&shop),
            durability: durability.clone(),
            counts: steps.counts.clone(),
            budget: budget.total,
            workers: n_workers as u32,
            devices: self.devices.names(),
            peak: AtomicU64::new(0),
        });
        Ok(Running { shop, durability, workers, journal, steps, meter, step_bytes })
    }

    /// Worker threads: on the CPU no more than there are cores for; those that wait for a device hand it more blocks at a time.
    fn workers(&self, threads: usize, blocks: usize) -> usize {
        let wanted = threads.max(TOGETHER * self.devices.workers.len());
        wanted.min(blocks)
    }

    fn share_out(&self, step: u64, largest: u64, workers: usize) -> Result<Budget> {
        let aside = if self.settings.policy == Policy::Spill { largest.saturating_mul(workers as u64) } else { 0 };
        // The largest frame is that of a block which is kept plainly and cannot be packed.
        let frame = largest.saturating_add(FRAME_OVERHEAD);
        let budget = Budget::of(self.settings.queue_bytes, step.saturating_mul(3).saturating_add(aside), aside, frame);
        if budget.copies < step.saturating_add(aside) {
            let least = Budget::least(step.saturating_add(aside), frame);
            return Err(Error::InvalidArgument(format!(
                "queue.bytes = {} is too little: a step has {step} bytes and the workers need {aside} beside it; with what \
                 is on its way to the journal, at least {least} are needed",
                budget.total
            )));
        }
        Ok(budget)
    }

    /// One per block of this rank, in the order of their definition.
    fn lanes(&self) -> Vec<Lane> {
        let own = self.ranks.rank() as u32;
        let variables = self.description.variables.iter().enumerate();
        let lane = |v: usize, variable: &VariableDescription, b: usize, place: u32| {
            let geometry = BlockGeometry { shared: shared(variable, b), ..geometry(variable, b) };
            let key = ChainKey { seed: self.settings.seed, variable: v as u32, block: place };
            Lane {
                variable: v as u32,
                block: b as u32,
                name: format!("block {b} of {:?}", variable.name),
                encoder: Mutex::new(Encoder::new(self.method.clone(), geometry, key)),
            }
        };
        let own_blocks = |variable: &VariableDescription| {
            let blocks = variable.blocks.iter().enumerate();
            blocks.filter(|(_, b)| b.rank == own).map(|(b, _)| b).collect::<Vec<_>>()
        };
        variables
            .flat_map(|(v, variable)| {
                let mut places = vec![0; variable.blocks.len()];
                (0..).zip(describe::by_place(&variable.blocks)).for_each(|(place, b)| places[b as usize] = place);
                own_blocks(variable).into_iter().map(move |b| lane(v, variable, b, places[b]))
            })
            .collect()
    }
}

/// Where a block of a variable lies.
pub(crate) fn geometry(variable: &VariableDescription, block: usize) -> BlockGeometry {
    let whole = |list: &[u64]| list.iter().map(|&n| n as usize).collect();
    let b = &variable.blocks[block];
    BlockGeometry {
        shape: whole(&variable.shape),
        extent: Extent { offset: whole(&b.offset), count: whole(&b.count) },
        element_type: element_type(variable.element_type),
        shared: Vec::new(),
    }
}

/// Parts of a block that belong to blocks before it.
pub(crate) fn shared(variable: &VariableDescription, block: usize) -> Vec<Extent> {
    let b = geometry(variable, block).extent;
    let overlap = |o: &BlockDescription| {
        let axes = b.offset.iter().zip(&b.count).zip(o.offset.iter().zip(&o.count));
        let cut = |((&a, &n), (&c, &m)): ((&usize, &usize), (&u64, &u64))| {
            let (first, end) = (a.max(c as usize), (a + n).min((c + m) as usize));
            (first < end).then(|| (first, end - first))
        };
        let (offset, count) = axes.map(cut).collect::<Option<Vec<_>>>()?.into_iter().unzip();
        Some(Extent { offset, count })
    };
    variable.blocks[..block].iter().filter_map(overlap).collect()
}

/// Whether there is something to take, and no place without values.
fn check(run: &RunDescription) -> Result<()> {
    if run.variables.is_empty() {
        return Err(Error::InvalidArgument("no variable is defined, so there is nothing to take".into()));
    }
    if let Some(v) = run.variables.iter().find(|v| v.blocks.is_empty()) {
        return Err(Error::InvalidArgument(format!("variable {:?} has no block", v.name)));
    }
    for v in &run.variables {
        if let Some(index) = cover::hole(&v.shape, &v.blocks) {
            return Err(Error::InvalidArgument(format!(
                "the blocks of variable {:?} do not cover its shape {:?}: no block has the value at {index:?}; add the \
                 missing blocks, or define the variable with the shape that they cover",
                v.name, v.shape
            )));
        }
    }
    Ok(())
}

impl Budget {
    /// `copies`: what an automatic budget has for copies, `frame`: bytes of the largest frame.
    fn of(total: Option<u64>, copies: u64, aside: u64, frame: u64) -> Budget {
        let total = total.unwrap_or_else(|| Budget::least(copies, frame).max(LEAST_AUTOMATIC));
        let frames = (total / 16).max(frame).min(total);
        Budget { total, copies: total - frames, aside, frames }
    }

    /// The smallest total that leaves so much for copies.
    fn least(copies: u64, frame: u64) -> u64 {
        copies.saturating_add(frame.max(copies.saturating_sub(1) / 15))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shared_out_within_the_total() {
        for (copies, aside, frame) in
            [(1u64, 0u64, 1u64), (100, 40, 3), (1 << 30, 1 << 28, 1 << 20), (1_000_003, 77, 99_999)]
        {
            let least = Budget::least(copies, frame);
            let b = Budget::of(Some(least), copies, aside, frame);
            assert!(b.copies >= copies && b.frames >= frame && b.copies + b.frames == b.total);
            assert!(Budget::of(Some(least - 1), copies, aside, frame).copies < copies);
            assert!(Budget::of(None, copies, aside, frame).copies >= copies);
        }
        assert_eq!(Budget::of(None, 8, 8, 8).total, LEAST_AUTOMATIC);
    }
}
