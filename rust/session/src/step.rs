//! One step: begin, put each block, end or cancel.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use limbeck_archive::{Call, StepStamp};
use limbeck_field::{ElementType, Layout, NonFinite, Volume, copy_from_bytes, copy_from_pointer};

use crate::journal::Accepted;
use crate::metrics::Counts;
use crate::queue::Copied;
use crate::session::Running;
use crate::settings::Policy;
use crate::{BlockId, Error, Outcome, Result, Session, ValuesRef};

/// The steps of a session as its host hands them in.
pub(crate) struct Steps {
    open: Option<OpenStep>,
    next: u64,
    /// Cycle, time and reason of a step that was begun and not taken.
    forgotten: Option<(i64, f64, String)>,
    /// Cycle of the last step that was ended.
    last_cycle: Option<i64>,
    /// Cycle up to which the run was durable when it was opened.
    durable_before: Option<i64>,
    pub(crate) counts: Arc<Counts>,
}

impl Steps {
    pub(crate) fn new(next: u64, durable_before: Option<i64>) -> Steps {
        Steps { open: None, next, forgotten: None, last_cycle: None, durable_before, counts: Arc::default() }
    }
}

struct OpenStep {
    cycle: i64,
    time: f64,
    fate: Fate,
    /// By lane.
    blocks: Vec<Slot>,
    /// Its end was refused, so beginning another one forgets it.
    refused: bool,
    host: Duration,
}

enum Fate {
    /// No block yet, so no memory either.
    Empty,
    /// Memory for all its blocks is granted.
    Granted,
    /// Durable before the restart: nothing is copied.
    Skipped,
    Dropped(String),
}

enum Slot {
    Missing,
    /// Not taken, and why.
    Refused(String),
    Taken(Volume, bool),
    /// The step is skipped or dropped.
    Ignored,
}

/// An array in the host's memory. Axes are ordered slowest first.
#[derive(Clone, Copy, Debug)]
pub struct StridedArray<'a> {
    /// Type of the values.
    pub element_type: ElementType,
    /// Values along each axis.
    pub count: &'a [usize],
    /// Bytes between neighbours along each axis, as many as there are counts.
    pub strides: &'a [isize],
    /// Address of the first value.
    pub first: *const u8,
}

impl StridedArray<'_> {
    /// The array has the block's type and counts. Axes are named by their speed, which every language has.
    fn check_against(&self, block: &Layout) -> Result<()> {
        let fault = |text: String| Err(Error::InvalidArgument(text));
        let (given, wanted) = (self.element_type, block.element_type());
        if given != wanted {
            return fault(format!("the array holds values of {given:?}, the block of {wanted:?}"));
        }
        let rank = block.rank();
        if self.count.len() != rank {
            return fault(format!("the array has {} axes, the block {rank}", self.count.len()));
        }
        let Some(axis) = (0..rank).find(|&axis| self.count[axis] != block.count()[axis]) else { return Ok(()) };
        let which = match axis {
            _ if rank == 1 => "only",
            0 => "slowest",
            _ if axis + 1 == rank => "fastest",
            _ => "middle",
        };
        let (given, wanted) = (self.count[axis], block.count()[axis]);
        fault(format!("the array has {given} values along its {which} axis, the block {wanted}"))
    }
}

impl Session {
    /// Begins a step. Cycles rise from step to step; `time` is finite. A step whose end was refused is forgotten.
    ///
    /// With `open.mode = append`, a step that is durable already is skipped: its calls succeed and copy nothing.
    ///
    /// # Errors
    /// InvalidArgument if the cycle does not rise or the time is not finite; State before commit and if a step is open;
    /// Io, once, if the journal cannot be written (from then on steps are dropped).
    pub fn step_begin(&mut self, cycle: i64, time: f64) -> Result<()> {
        self.record(|| Call::StepBegin { cycle, time });
        let begun = self.begin_step(cycle, time);
        self.recorded(begun)
    }

    fn begin_step(&mut self, cycle: i64, time: f64) -> Result<()> {
        let running = self.ready()?;
        if let Some(open) = &running.steps.open {
            if !open.refused {
                return Err(Error::State(format!("the step of cycle {} is open: end or cancel it first", open.cycle)));
            }
            tracing::warn!("the step of cycle {} was not ended and is forgotten", open.cycle);
            let reason = open.fault(running).unwrap_or_else(|| "it was not ended".into());
            let skipped = matches!(open.fate, Fate::Skipped);
            let forgotten = (open.cycle, open.time, reason);
            running.cancel();
            running.steps.forgotten = Some(forgotten).filter(|_| !skipped);
        }
        if let Some(last) = running.steps.last_cycle.filter(|&last| cycle <= last) {
            return Err(Error::InvalidArgument(format!(
                "cycle {cycle} comes after cycle {last}: cycles must rise from step to step"
            )));
        }
        if !time.is_finite() {
            return Err(Error::InvalidArgument(format!("the time of cycle {cycle} is {time}: it must be finite")));
        }
        // A step that was not taken here may have been taken on other ranks: it keeps its index, so that indices stay the
        // same everywhere. The same cycle begun again is another attempt.
        if let Some((before, at, reason)) = running.steps.forgotten.take().filter(|(before, ..)| *before < cycle) {
            running.drop_step(before, at, reason);
        }
        let fate = if running.steps.durable_before.is_some_and(|d| cycle <= d) {
            Fate::Skipped
        } else if let Some(failure) = running.durability.failure() {
            Fate::Dropped(failure.to_string())
        } else {
            Fate::Empty
        };
        let blocks = running.shop.lanes.iter().map(|_| Slot::Missing).collect();
        running.steps.open = Some(OpenStep { cycle, time, fate, blocks, refused: false, host: Duration::ZERO });
        Ok(())
    }

    /// Copies a block; the array is free on return. Waits only where `queue.policy` says so. Order of blocks is free.
    ///
    /// # Errors
    /// InvalidArgument for a null pointer or a block of another session; State without a step, or if the block was put
    /// already; NonFinite if it holds NaN or infinities and the policy is `error`; Full if there is no room and the policy
    /// is `error`. The step stays open after any of them, and the block can be put again.
    ///
    /// # Safety
    /// `data` is the address of the block's first value; all values of the block, along the strides it was announced
    /// with, are readable and not written to during the call. No alignment is asked for.
    #[expect(unsafe_code, reason = "forwards the host's promise to the strided copy")]
    pub unsafe fn put(&mut self, b: BlockId, data: *const u8) -> Result<Outcome> {
        if data.is_null() {
            self.ready()?;
            return Err(Error::InvalidArgument("the address of the block's values is null".into()));
        }
        self.put_with(b, |layout, into| {
            // SAFETY: the caller's promise, handed on; the layout is the one the block was announced with.
            Ok(unsafe { copy_from_pointer(layout, data, into) }?)
        })
    }

    /// Copies a block from an array that lies otherwise in memory than the block was announced with.
    ///
    /// # Errors
    /// As [`Session::put`]; InvalidArgument, naming the axis, if type or counts of the array are not the block's, or its
    /// strides reach beyond the address space.
    ///
    /// # Safety
    /// As [`Session::put`], along the strides given here.
    #[expect(unsafe_code, reason = "forwards the host's promise to the strided copy")]
    pub unsafe fn put_strided(&mut self, b: BlockId, array: StridedArray<'_>) -> Result<Outcome> {
        if array.first.is_null() {
            self.ready()?;
            return Err(Error::InvalidArgument("the address of the block's values is null".into()));
        }
        self.put_with(b, |layout, into| {
            array.check_against(layout)?;
            let own = Layout::strided(array.element_type, array.count, array.strides)?;
            // SAFETY: the caller's promise, handed on; these are the strides it was given for.
            Ok(unsafe { copy_from_pointer(&own, array.first, into) }?)
        })
    }

    /// Copies a block from contiguous values in C order (last axis fastest), whatever strides it was announced with.
    ///
    /// # Errors
    /// As [`Session::put`]; InvalidArgument if type or number of the values are not the block's.
    pub fn put_slice(&mut self, b: BlockId, values: ValuesRef<'_>) -> Result<Outcome> {
        self.put_with(b, |layout, into| {
            if (layout.element_type(), layout.len()) != (values.element_type(), values.len()) {
                return Err(Error::InvalidArgument(format!(
                    "{} values of {:?} were given for a block of {:?} = {} values of {:?}",
                    values.len(),
                    values.element_type(),
                    layout.count(),
                    layout.len(),
                    layout.element_type()
                )));
            }
            let contiguous = Layout::contiguous(layout.element_type(), layout.count())?;
            Ok(copy_from_bytes(&contiguous, values.as_bytes(), 0, into)?)
        })
    }

    fn put_with(&mut self, b: BlockId, copy: impl Fn(&Layout, &mut Volume) -> Result<NonFinite>) -> Result<Outcome> {
        self.record_put(b, &copy);
        let taken = self.take_block(b, copy);
        self.recorded(taken)
    }

    fn take_block(&mut self, b: BlockId, copy: impl Fn(&Layout, &mut Volume) -> Result<NonFinite>) -> Result<Outcome> {
        let begin = Instant::now();
        self.ready()?;
        let (lane, layout) = self.lane(b)?;
        let (policy, mask) = (self.settings.policy, self.settings.mask_nonfinite);
        let name = |running: &Running| running.shop.lanes[lane].name.clone();
        let layout = layout.clone();
        let running = self.running_mut()?;
        let Some(open) = &mut running.steps.open else {
            return Err(Error::State(format!("{} is put, but no step is begun", name(running))));
        };
        let cycle = open.cycle;
        if matches!(open.blocks[lane], Slot::Taken(..) | Slot::Ignored) {
            return Err(Error::State(format!("{} was put already in cycle {cycle}", name(running))));
        }
        if matches!(open.fate, Fate::Empty) {
            running.grant(policy)?;
        }
        let Some(open) = &mut running.steps.open else { return Ok(Outcome::Ok) };
        match open.fate {
            Fate::Dropped(_) => {
                open.blocks[lane] = Slot::Ignored;
                return Ok(Outcome::Dropped);
            }
            Fate::Skipped => {
                open.blocks[lane] = Slot::Ignored;
                return Ok(Outcome::Ok);
            }
            Fate::Empty | Fate::Granted => {}
        }
        let mut volume = running.shop.queue.buffer(layout.element_type(), layout.count());
        let copied = copy(&layout, &mut volume);
        let refusal = match &copied {
            Ok(found) if found.is_clean() || mask => None,
            Ok(found) => Some(Error::NonFinite(describe(&running.shop.lanes[lane].name, cycle, &layout, found))),
            Err(e) => Some(e.clone()),
        };
        if let Some(refusal) = refusal {
            running.shop.queue.give_buffer(volume);
            open.blocks[lane] = Slot::Refused(refusal.to_string());
            return Err(refusal);
        }
        open.blocks[lane] = Slot::Taken(volume, copied.is_ok_and(|found| !found.is_clean()));
        open.host += begin.elapsed();
        running.steps.counts.add_host(begin.elapsed());
        Ok(Outcome::Ok)
    }

    /// Accepts the step: all its blocks are in memory or spilled, and the workers have them.
    ///
    /// Answers Dropped if the step was given up, and Degraded if something since the last step did not go as asked.
    ///
    /// # Errors
    /// State if there is no step, or a block was not put; the step stays open: put what is missing and end it again, or
    /// cancel it, or just begin the next one. Io, once, if the journal cannot be written.
    pub fn step_end(&mut self) -> Result<Outcome> {
        self.record(|| Call::StepEnd);
        let ended = self.end_step();
        self.recorded(ended)
    }

    fn end_step(&mut self) -> Result<Outcome> {
        let begin = Instant::now();
        let running = match self.ready() {
            Ok(running) => running,
            Err(e) => {
                if let Some(open) = self.running.as_mut().and_then(|r| r.steps.open.as_mut()) {
                    open.refused = true;
                }
                return Err(e);
            }
        };
        let Some(mut open) = running.steps.open.take() else {
            return Err(Error::State("there is no step to end: none was begun".into()));
        };
        if let Some(fault) = open.fault(running) {
            open.refused = true;
            running.steps.open = Some(open);
            return Err(Error::State(fault));
        }
        running.steps.last_cycle = Some(open.cycle);
        let stamp = StepStamp { step: running.steps.next, cycle: open.cycle, time: open.time };
        match open.fate {
            Fate::Skipped => {
                running.steps.counts.skipped.fetch_add(1, Ordering::Relaxed);
                tracing::info!(cycle = open.cycle, "step is durable already and was skipped");
                return Ok(Outcome::Ok);
            }
            Fate::Dropped(reason) => {
                running.drop_step(open.cycle, open.time, reason);
                return Ok(Outcome::Dropped);
            }
            Fate::Empty | Fate::Granted => {}
        }
        running.steps.next += 1;
        running.steps.counts.accepted.fetch_add(1, Ordering::Relaxed);
        running.durability.accept(open.cycle);
        let host = open.host + begin.elapsed();
        let blocks: Vec<Copied> = open.blocks.into_iter().enumerate().filter_map(copied).collect();
        let fill = running.shop.queue.fill();
        running.shop.journal.accepted(Accepted {
            stamp,
            blocks: blocks.len(),
            host_seconds: host.as_secs_f64(),
            queue_bytes: fill.bytes,
            queue_depth: fill.waiting + blocks.len() as u32,
        });
        running.shop.queue.push(stamp.step, blocks);
        running.steps.counts.add_host(begin.elapsed());
        Ok(running.shop.notices.news().map_or(Outcome::Ok, Outcome::Degraded))
    }

    /// Forgets the step that was begun; its cycle may be used again. Nothing to forget is no error. With several ranks,
    /// a step that is cancelled on one of them and not begun again there counts as dropped.
    ///
    /// # Errors
    /// State before commit and in a forked child.
    pub fn step_cancel(&mut self) -> Result<()> {
        self.record(|| Call::StepCancel);
        let cancelled = self.cancel_step();
        self.recorded(cancelled)
    }

    fn cancel_step(&mut self) -> Result<()> {
        self.same_process()?;
        let shared = self.ranks.size() > 1;
        let running = self.running_mut()?;
        if let Some(open) = running.steps.open.as_ref().filter(|_| shared) {
            running.steps.forgotten = Some((open.cycle, open.time, "cancelled by the simulation".into()));
        }
        running.cancel();
        Ok(())
    }

    /// The running session, unless something happened that the host has to know first.
    fn ready(&mut self) -> Result<&mut Running> {
        self.same_process()?;
        let running = self.running_mut()?;
        match running.durability.untold_failure() {
            Some(failure) => Err(failure),
            None => Ok(running),
        }
    }

    /// Lane and layout of a block.
    pub(crate) fn lane(&self, b: BlockId) -> Result<(usize, &Layout)> {
        let layout = self.layouts.get(b.variable as usize).and_then(|v| v.get(b.block as usize));
        let layout = layout.ok_or_else(|| Error::InvalidArgument("this session has no such block".into()))?;
        let before: usize = self.layouts[..b.variable as usize].iter().map(Vec::len).sum();
        Ok((before + b.block as usize, layout))
    }
}

impl Running {
    /// Memory for the open step, by the policy.
    fn grant(&mut self, policy: Policy) -> Result<()> {
        let begin = Instant::now();
        let bytes = self.step_bytes;
        let wait = matches!(policy, Policy::Spill | Policy::Block);
        let granted = self.shop.queue.grant(bytes, wait, &self.shop.notices);
        self.steps.counts.add_blocked(begin.elapsed());
        let Some(open) = &mut self.steps.open else { return Ok(()) };
        if granted {
            open.fate = Fate::Granted;
            return Ok(());
        }
        let fill = self.shop.queue.fill();
        let text = format!(
            "no room for the {bytes} bytes of the step of cycle {}: {} bytes are in memory, {} blocks wait",
            open.cycle, fill.bytes, fill.waiting
        );
        if policy == Policy::Error {
            return Err(Error::Full(format!("{text} (queue.bytes, queue.policy)")));
        }
        open.fate = Fate::Dropped(text);
        Ok(())
    }

    /// Gives a step up: it has an index and no values.
    fn drop_step(&mut self, cycle: i64, time: f64, reason: String) {
        let stamp = StepStamp { step: self.steps.next, cycle, time };
        self.steps.next += 1;
        self.steps.counts.dropped.fetch_add(1, Ordering::Relaxed);
        self.steps.last_cycle = Some(cycle);
        tracing::warn!(cycle, "step was dropped: {reason}");
        self.durability.give_up(cycle);
        self.shop.journal.dropped(stamp, reason);
    }

    /// Forgets the open step and gives its memory back.
    pub(crate) fn cancel(&mut self) {
        let Some(open) = self.steps.open.take() else { return };
        for slot in open.blocks {
            if let Slot::Taken(volume, _) = slot {
                self.shop.queue.give_buffer(volume);
            }
        }
        if matches!(open.fate, Fate::Granted) {
            self.shop.queue.release(self.step_bytes);
        }
    }
}

impl OpenStep {
    /// Why it cannot be accepted.
    fn fault(&self, running: &Running) -> Option<String> {
        let open = |s: &Slot| matches!(s, Slot::Missing | Slot::Refused(_));
        let first = self.blocks.iter().position(open)?;
        let n = self.blocks.iter().filter(|s| open(s)).count();
        let name = &running.shop.lanes[first].name;
        let others = if n > 1 { format!(" and {} more", n - 1) } else { String::new() };
        Some(match &self.blocks[first] {
            Slot::Refused(why) => {
                format!("the step of cycle {} is not accepted, since {name} was not taken: {why}", self.cycle)
            }
            _ => format!("the step of cycle {} is not accepted: {name}{others} was not put", self.cycle),
        })
    }
}

fn copied((lane, slot): (usize, Slot)) -> Option<Copied> {
    match slot {
        Slot::Taken(volume, flagged) => Some(Copied { lane, volume, flagged }),
        _ => None,
    }
}

/// What is not finite, for people; the index is that of the block, slowest axis first.
fn describe(block: &str, cycle: i64, layout: &Layout, found: &NonFinite) -> String {
    let mut rest = found.first.unwrap_or(0);
    let mut index = vec![0; layout.rank()];
    for (i, &n) in index.iter_mut().zip(layout.count()).rev() {
        (*i, rest) = (rest % n, rest / n);
    }
    format!(
        "{block} at cycle {cycle} holds {} values that are NaN or infinite, the first at {index:?} of the block (from 0, slowest \
         axis first); the block was not taken (nonfinite = mask would keep them)",
        found.count
    )
}
