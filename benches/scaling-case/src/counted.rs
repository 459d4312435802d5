//! Ranks whose calls are counted and timed, waiting for a slower rank apart from moving bytes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use limbeck_codec::Result;
use limbeck_codec::ranks::Ranks;

#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Collective calls.
    pub calls: u64,
    /// Bytes that this rank put into them.
    pub bytes: u64,
    /// Calls that sum gradients, one for each optimiser step.
    pub gradients: u64,
    pub gradient_bytes: u64,
    /// Seconds until all ranks had come.
    pub waiting: f64,
    /// Seconds from there to the end of the call.
    pub transfer: f64,
}

impl Counts {
    pub fn since(&self, before: &Counts) -> Counts {
        Counts {
            calls: self.calls - before.calls,
            bytes: self.bytes - before.bytes,
            gradients: self.gradients - before.gradients,
            gradient_bytes: self.gradient_bytes - before.gradient_bytes,
            waiting: self.waiting - before.waiting,
            transfer: self.transfer - before.transfer,
        }
    }
}

pub struct Counted {
    ranks: Arc<dyn Ranks>,
    counts: Mutex<Counts>,
}

impl Counted {
    pub fn new(ranks: Arc<dyn Ranks>) -> Counted {
        Counted { ranks, counts: Mutex::default() }
    }

    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count<T>(&self, bytes: usize, gradient: bool, call: impl FnOnce() -> Result<T>) -> Result<T> {
        let begin = Instant::now();
        // Nobody passes before all have come; what the call takes from here on is its own.
        self.ranks.max_f64(&mut [0.0])?;
        let waited = Instant::now();
        let result = call()?;
        let mut c = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        c.waiting += (waited - begin).as_secs_f64();
        c.transfer += waited.elapsed().as_secs_f64();
        c.calls += 1;
        c.bytes += bytes as u64;
        c.gradients += u64::from(gradient);
        c.gradient_bytes += if gradient { bytes as u64 } else { 0 };
        Ok(result)
    }
}

impl Ranks for Counted {
    fn rank(&self) -> usize {
        self.ranks.rank()
    }

    fn size(&self) -> usize {
        self.ranks.size()
    }

    fn ready(&self) -> Result<()> {
        self.ranks.ready()
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<()> {
        self.count(size_of_val(values), true, || self.ranks.sum_f32(values))
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<()> {
        self.count(size_of_val(values), false, || self.ranks.sum_f64(values))
    }

    fn max_f64(&self, values: &mut [f64]) -> Result<()> {
        self.count(size_of_val(values), false, || self.ranks.max_f64(values))
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.count(mine.len(), false, || self.ranks.gather(mine))
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) -> Result<()> {
        let own = if self.rank() == root { bytes.len() } else { 0 };
        self.count(own, false, || self.ranks.broadcast(root, bytes))
    }

    fn abandon(&self) {
        self.ranks.abandon();
    }
}
