//! The processes that share a run, as far as training and agreement need them.

mod agree;
mod threads;

pub use agree::{Failed, agree, first_failure};
pub use threads::RankThread;

use crate::Result;

/// The processes ("ranks") that share a run.
///
/// All calls but `rank`, `size`, `ready` and `abandon` are **collective**: every rank makes the same calls in the same
/// order with the same lengths, and none returns before all have come. Results are the same bits on every rank, those of
/// `sum_f32` where the sums are exact.
///
/// Errors: [`Error::Communication`](crate::Error::Communication) if a rank is gone or the transport fails; collective
/// calls are not possible any more then.
pub trait Ranks: Send + Sync {
    /// Number of this process, from 0.
    fn rank(&self) -> usize;

    /// Number of processes.
    fn size(&self) -> usize;

    /// Whether collective calls are possible (still); the error says why not.
    fn ready(&self) -> Result<()>;

    /// Replaces each value by its sum over all ranks: gradients, thousands of times, as fast as can be.
    fn sum_f32(&self, values: &mut [f32]) -> Result<()>;

    /// Replaces each value by its sum over all ranks.
    fn sum_f64(&self, values: &mut [f64]) -> Result<()>;

    /// Replaces each value by the largest of all ranks.
    fn max_f64(&self, values: &mut [f64]) -> Result<()>;

    /// Gives rank 0 what each rank has, by rank; lengths may differ. Other ranks get an empty list.
    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>>;

    /// Gives every rank what `root` has; what the others have, and its length, is replaced.
    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) -> Result<()>;

    /// This rank cannot go on (it panicked, and the others may be waiting in any call): their next call fails, and so do all
    /// that follow, on all ranks.
    fn abandon(&self);
}

/// One process and no other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Ranks for Alone {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        1
    }

    fn ready(&self) -> Result<()> {
        Ok(())
    }

    fn sum_f32(&self, _: &mut [f32]) -> Result<()> {
        Ok(())
    }

    fn sum_f64(&self, _: &mut [f64]) -> Result<()> {
        Ok(())
    }

    fn max_f64(&self, _: &mut [f64]) -> Result<()> {
        Ok(())
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(vec![mine.to_vec()])
    }

    fn broadcast(&self, _: usize, _: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn abandon(&self) {}
}
