//! Ranks that are threads of one process.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Ranks;
use crate::{Error, Result};

/// A rank that is a thread of this process: for hosts that divide their domain among threads, and for tests.
///
/// Sums are taken in the order of the ranks. A rank that is dropped is gone: the others' calls fail, none waits for it.
pub struct RankThread {
    rank: usize,
    meeting: Arc<Meeting>,
}

struct Meeting {
    size: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What the ranks brought to the meeting that gathers now.
    brought: Vec<Option<Vec<u8>>>,
    /// How many meetings are over, and what the last one had.
    over: u64,
    had: Arc<Vec<Vec<u8>>>,
    gone: Option<usize>,
}

impl RankThread {
    /// So many ranks; each is to be given to a thread of its own.
    pub fn group(size: usize) -> Vec<RankThread> {
        let state = State { brought: vec![None; size], ..State::default() };
        let meeting = Arc::new(Meeting { size, state: Mutex::new(state), changed: Condvar::new() });
        (0..size).map(|rank| RankThread { rank, meeting: meeting.clone() }).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.meeting.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What every rank brought, by rank.
    fn meet(&self, mine: Vec<u8>) -> Result<Arc<Vec<Vec<u8>>>> {
        self.ready()?;
        let mut state = self.state();
        let this = state.over;
        state.brought[self.rank] = Some(mine);
        if state.brought.iter().all(Option::is_some) {
            state.had = Arc::new(state.brought.iter_mut().filter_map(Option::take).collect());
            state.over += 1;
            self.meeting.changed.notify_all();
            return Ok(state.had.clone());
        }
        while state.over == this {
            if let Some(rank) = state.gone {
                return Err(Error::Communication(format!("rank {rank} is gone")));
            }
            state = self.meeting.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(state.had.clone())
    }

    /// Combines equal numbers of values of all ranks, in their order.
    fn combine<T: bytemuck::Pod>(&self, values: &mut [T], with: impl Fn(T, T) -> T) -> Result<()> {
        let all = self.meet(bytemuck::cast_slice(values).to_vec())?;
        if let Some(other) = all.iter().position(|b| b.len() != std::mem::size_of_val(values)) {
            return Err(Error::Communication(format!("ranks {} and {other} differ in what they sum", self.rank)));
        }
        for (i, v) in values.iter_mut().enumerate() {
            let at = i * size_of::<T>();
            let of = |b: &Vec<u8>| bytemuck::pod_read_unaligned::<T>(&b[at..at + size_of::<T>()]);
            *v = all[1..].iter().map(of).fold(of(&all[0]), &with);
        }
        Ok(())
    }
}

impl Drop for RankThread {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Ranks for RankThread {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.meeting.size
    }

    fn ready(&self) -> Result<()> {
        match self.state().gone {
            Some(rank) => Err(Error::Communication(format!("rank {rank} is gone"))),
            None => Ok(()),
        }
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<()> {
        self.combine(values, |a, b| a + b)
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<()> {
        self.combine(values, |a, b| a + b)
    }

    fn max_f64(&self, values: &mut [f64]) -> Result<()> {
        self.combine(values, f64::max)
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        let all = self.meet(mine.to_vec())?;
        Ok(if self.rank == 0 { all.to_vec() } else { Vec::new() })
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let mine = if self.rank == root { bytes.clone() } else { Vec::new() };
        bytes.clone_from(&self.meet(mine)?[root]);
        Ok(())
    }

    fn abandon(&self) {
        self.state().gone.get_or_insert(self.rank);
        self.meeting.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Failed, agree, first_failure};
    use super::*;

    fn on_threads<T: Send>(size: usize, work: impl Fn(RankThread) -> T + Sync) -> Vec<T> {
        std::thread::scope(|s| {
            let threads: Vec<_> = RankThread::group(size).into_iter().map(|r| s.spawn(|| work(r))).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    }

    #[test]
    fn ranks_sum_gather_and_broadcast() {
        let seen = on_threads(5, |r| {
            let mut sums = vec![r.rank() as f32, 1.0];
            let mut largest = vec![-(r.rank() as f64), f64::NEG_INFINITY];
            let mut text = vec![r.rank() as u8; r.rank()];
            for _ in 0..50 {
                r.sum_f32(&mut sums).unwrap();
                sums.iter_mut().for_each(|s| *s /= 5.0);
            }
            r.max_f64(&mut largest).unwrap();
            let gathered = r.gather(&text).unwrap();
            r.broadcast(3, &mut text).unwrap();
            assert_eq!(gathered.len(), if r.rank() == 0 { 5 } else { 0 });
            assert!(gathered.iter().enumerate().all(|(i, g)| *g == vec![i as u8; i]));
            (sums, largest, text)
        });
        assert!(seen.iter().all(|s| s == &(vec![2.0, 1.0], vec![0.0, f64::NEG_INFINITY], vec![3, 3, 3])), "{seen:?}");
    }

    #[test]
    fn the_lowest_failure_is_everybodys() {
        let failed = Some(Failed { rank: 1, kind: 7, text: "disk 1".into() });
        let fail = |r: RankThread| first_failure(&r, (r.rank() % 2 == 1).then(|| (7, format!("disk {}", r.rank()))));
        assert!(on_threads(4, fail).into_iter().all(|f| f.unwrap() == failed));
        assert!(on_threads(3, |r| agree(&r, Ok(()))).iter().all(Result::is_ok));
        let bad = on_threads(3, |r| {
            agree(&r, if r.rank() == 2 { Err(Error::Corruption("bytes".into())) } else { Ok(()) }).unwrap_err()
        });
        assert!(bad.iter().all(|e| matches!(e, Error::Corruption(t) if t == "rank 2: bytes")), "{bad:?}");
    }

    #[test]
    fn nobody_waits_for_a_rank_that_is_gone() {
        let seen = on_threads(3, |r| if r.rank() == 1 { Ok(()) } else { r.sum_f32(&mut [1.0]) });
        assert_eq!(seen.iter().filter(|s| s.is_err()).count(), 2);
    }

    #[test]
    fn nobody_waits_for_a_rank_that_gave_up() {
        let seen = on_threads(3, |r| {
            if r.rank() == 1 {
                r.abandon();
            }
            (r.sum_f32(&mut [1.0]), r.gather(&[]))
        });
        assert!(seen.iter().all(|(sum, gathered)| sum.is_err() && gathered.is_err()), "{seen:?}");
    }
}
