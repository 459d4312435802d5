//! The bounded queue between the simulation and the workers. Its bound is in bytes, not in messages, and counts every
//! copy there is: being filled, waiting, worked on.
//!
//! Each (variable, block) is a *lane*; a lane's blocks are handed out in order and one at a time, the oldest step of all
//! lanes first. With the policy `spill` the newest waiting blocks go to the disk when memory is short; workers load them
//! into buffers set aside for that, so neither side ever waits for memory that the other one holds.

mod buffers;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use limbeck_field::{ElementType, Volume};

use crate::Error;
use crate::notices::Notices;
use crate::spill::{Slot, Spill};
use buffers::Buffers;

pub(crate) struct Queue {
    state: Mutex<State>,
    /// A lane may have become ready.
    work: Condvar,
    /// Memory may have become free.
    room: Condvar,
    /// Bytes that may be granted.
    grantable: u64,
    spill: Option<Spill>,
}

struct State {
    lanes: Vec<Lane>,
    granted: u64,
    waiting: u32,
    buffers: Buffers,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Nothing more comes; what waits is handed out.
    Closing,
    /// Nothing more is handed out.
    Stopped,
}

#[derive(Default)]
struct Lane {
    items: VecDeque<Item>,
    /// A worker has a block of it.
    busy: bool,
}

struct Item {
    step: u64,
    /// It holds NaN or infinities.
    flagged: bool,
    bytes: u64,
    element_type: ElementType,
    count: Vec<usize>,
    data: Data,
}

enum Data {
    Memory(Volume),
    /// On its way to the disk.
    Moving,
    Spilled(Slot),
}

/// One copied block on its way to its lane.
pub(crate) struct Copied {
    pub(crate) lane: usize,
    pub(crate) volume: Volume,
    /// It holds NaN or infinities.
    pub(crate) flagged: bool,
}

/// One block for a worker, to be given back by [`Queue::done`].
pub(crate) struct Work {
    pub(crate) lane: usize,
    pub(crate) step: u64,
    pub(crate) flagged: bool,
    pub(crate) volume: Volume,
    /// Blocks that wait behind it, in all lanes.
    pub(crate) depth: u32,
    /// Why the volume is not what was put, if it is not: it could not be read back from the disk.
    pub(crate) lost: Option<Error>,
    /// Bytes that were granted for it; 0 if it was loaded into memory set aside.
    granted: u64,
}

/// How full the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fill {
    /// Bytes of copies in memory.
    pub(crate) bytes: u64,
    /// Blocks that wait, in memory or on the disk.
    pub(crate) waiting: u32,
    /// Bytes on the disk.
    pub(crate) spilled: u64,
    /// Bytes of all buffers, free ones included.
    pub(crate) held: u64,
    /// Most bytes of buffers at once.
    pub(crate) peak: u64,
    /// Blocks that are worked on.
    pub(crate) busy: u32,
}

impl Queue {
    /// For so many lanes. `budget`: bytes of all buffers together; `aside`: bytes of it that are kept for what workers
    /// load back from the disk (0 without `spill`).
    pub(crate) fn new(lanes: usize, budget: u64, aside: u64, spill: Option<Spill>) -> Queue {
        let state = State {
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            granted: 0,
            waiting: 0,
            buffers: Buffers::new(budget),
            phase: Phase::Open,
        };
        let grantable = budget.saturating_sub(aside);
        Queue { state: Mutex::new(state), work: Condvar::new(), room: Condvar::new(), grantable, spill }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grants the bytes of a whole step, spilling what waits if need be and possible. `wait`: wait for the workers if
    /// there is no other way. False if there is no room. More than the queue can ever grant never fits.
    pub(crate) fn grant(&self, bytes: u64, wait: bool, notices: &Notices) -> bool {
        let mut state = self.lock();
        loop {
            if bytes <= self.grantable.saturating_sub(state.granted) {
                state.granted += bytes;
                return true;
            }
            if bytes > self.grantable {
                return false;
            }
            let spilled;
            (state, spilled) = self.spill_newest(state, notices);
            if !spilled {
                if !wait {
                    return false;
                }
                state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// A buffer within what was granted.
    pub(crate) fn buffer(&self, t: ElementType, count: &[usize]) -> Volume {
        self.lock().buffers.take(t, count)
    }

    /// Gives a buffer back, not what was granted for it.
    pub(crate) fn give_buffer(&self, volume: Volume) {
        self.lock().buffers.give(volume);
    }

    /// Takes a grant back.
    pub(crate) fn release(&self, bytes: u64) {
        self.lock().granted -= bytes;
        self.room.notify_all();
    }

    /// Makes buffers for blocks of these types and shapes before they are needed.
    pub(crate) fn warm(&self, blocks: &[(ElementType, Vec<usize>)]) {
        let mut state = self.lock();
        let made: Vec<Volume> = blocks.iter().map(|(t, count)| state.buffers.take(*t, count)).collect();
        made.into_iter().for_each(|v| state.buffers.give(v));
    }

    /// Enqueues the blocks of a step, for which room was granted. Steps come in rising order.
    pub(crate) fn push(&self, step: u64, blocks: Vec<Copied>) {
        let mut state = self.lock();
        for Copied { lane, volume, flagged } in blocks {
            state.waiting += 1;
            state.lanes[lane].items.push_back(Item {
                step,
                flagged,
                bytes: volume.values.bytes() as u64,
                element_type: volume.values.element_type(),
                count: volume.count.clone(),
                data: Data::Memory(volume),
            });
        }
        self.work.notify_all();
    }

    /// The next block to work on; waits for one. None if nothing more comes.
    pub(crate) fn take(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.phase == Phase::Stopped {
                return None;
            }
            let ready = state.lanes.iter().enumerate().filter(|(_, lane)| !lane.busy).filter_map(|(i, lane)| {
                let head = lane.items.front()?;
                (!matches!(head.data, Data::Moving)).then_some((head.step, i))
            });
            if let Some((_, lane)) = ready.min() {
                state.lanes[lane].busy = true;
                state.waiting -= 1;
                let item = state.lanes[lane].items.pop_front()?;
                return Some(self.load(state, lane, item));
            }
            if state.phase == Phase::Closing && state.waiting == 0 {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn load(&self, mut state: MutexGuard<'_, State>, lane: usize, item: Item) -> Work {
        let depth = state.waiting;
        let work =
            |volume, lost, granted| Work { lane, step: item.step, flagged: item.flagged, volume, depth, lost, granted };
        match (item.data, &self.spill) {
            (Data::Memory(volume), _) => work(volume, None, item.bytes),
            (Data::Spilled(slot), Some(spill)) => {
                let mut volume = state.buffers.take(item.element_type, &item.count);
                drop(state);
                let lost = spill.read(&slot, &mut volume).err();
                spill.release(slot);
                // A host that waits may spill again.
                self.room.notify_all();
                work(volume, lost, 0)
            }
            _ => {
                let lost = Error::Internal(format!("a block of step {} is in no known place", item.step));
                work(state.buffers.take(item.element_type, &item.count), Some(lost), 0)
            }
        }
    }

    /// Ends the work on a block: its lane goes on, its memory is free.
    pub(crate) fn done(&self, work: Work) {
        let mut state = self.lock();
        state.lanes[work.lane].busy = false;
        state.granted -= work.granted;
        state.buffers.give(work.volume);
        drop(state);
        self.room.notify_all();
        self.work.notify_all();
    }

    /// Nothing more will be pushed: [`Queue::take`] answers None once nothing waits.
    pub(crate) fn close(&self) {
        self.enter(Phase::Closing);
    }

    /// What waits is given up: [`Queue::take`] answers None from now on.
    pub(crate) fn stop(&self) {
        self.enter(Phase::Stopped);
    }

    fn enter(&self, phase: Phase) {
        self.lock().phase = phase;
        self.work.notify_all();
    }

    pub(crate) fn fill(&self) -> Fill {
        let state = self.lock();
        Fill {
            bytes: state.granted,
            waiting: state.waiting,
            spilled: self.spill.as_ref().map_or(0, Spill::used),
            held: state.buffers.allocated(),
            peak: state.buffers.peak(),
            busy: state.lanes.iter().filter(|lane| lane.busy).count() as u32,
        }
    }

    /// Writes the newest block that waits in memory to the disk; false if there is none, no room there, or it failed.
    fn spill_newest<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        notices: &Notices,
    ) -> (MutexGuard<'a, State>, bool) {
        let Some(spill) = &self.spill else { return (state, false) };
        let in_memory = state
            .lanes
            .iter_mut()
            .filter_map(|lane| lane.items.iter_mut().rev().find(|item| matches!(item.data, Data::Memory(_))));
        let Some(item) = in_memory.max_by_key(|item| item.step) else { return (state, false) };
        let Some(slot) = spill.reserve(item.bytes) else { return (state, false) };
        let (step, bytes) = (item.step, item.bytes);
        let Data::Memory(volume) = std::mem::replace(&mut item.data, Data::Moving) else { return (state, false) };
        // It is the only one on its way, since only the host's thread spills: found again by being so.
        drop(state);
        let written = spill.write(&slot, &volume);
        let mut state = self.lock();
        let moving = |item: &&mut Item| item.step == step && matches!(item.data, Data::Moving);
        let found = state.lanes.iter_mut().flat_map(|lane| lane.items.iter_mut()).find(moving);
        let spilled = match (found, written) {
            (Some(item), Ok(())) => {
                item.data = Data::Spilled(slot);
                state.granted -= bytes;
                state.buffers.give(volume);
                true
            }
            (Some(item), Err(e)) => {
                item.data = Data::Memory(volume);
                spill.release(slot);
                notices.add(format!("{e}; from now on the simulation waits when memory is short"));
                false
            }
            (None, _) => false,
        };
        self.work.notify_all();
        (state, spilled)
    }
}
