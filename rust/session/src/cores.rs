//! Where threads run and how much they give way.

use rustix::thread::CpuSet;

/// Cores that this process may use, as mpirun or the batch system bound it; at least one.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Threads that train while the simulation runs.
pub(crate) fn worker_threads(asked: Option<usize>) -> usize {
    asked.unwrap_or_else(|| available().saturating_sub(1).max(1))
}

/// Whether the workers have no core but the one that the simulation runs on.
pub(crate) fn shares_only_core(cores: &[usize]) -> bool {
    let Ok(allowed) = rustix::thread::sched_getaffinity(None) else { return available() == 1 };
    let own: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&c| allowed.is_set(c)).collect();
    own.len() == 1 && (cores.is_empty() || cores == own)
}

/// How the threads of the workers run.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    pub(crate) cores: Vec<usize>,
    pub(crate) nice: i32,
}

impl Manners {
    /// Applies to the calling thread. What the system refuses is told and otherwise ignored: the result is the same.
    pub(crate) fn apply(&self) {
        // On Linux the priority belongs to the thread, and 0 names the calling one.
        if self.nice > 0
            && let Err(e) = rustix::process::setpriority_process(None, self.nice)
        {
            tracing::debug!("cannot set nice level {} of a worker: {e}", self.nice);
        }
        if !self.cores.is_empty() {
            let mut set = CpuSet::new();
            self.cores.iter().filter(|&&c| c < CpuSet::MAX_CPU).for_each(|&c| set.set(c));
            if let Err(e) = rustix::thread::sched_setaffinity(None, &set) {
                tracing::warn!("cannot bind a worker to the cores {:?}: {e}", self.cores);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_gets_its_nice_level_and_the_others_keep_theirs() {
        let before = rustix::process::getpriority_process(None).unwrap();
        let level = std::thread::spawn(|| {
            Manners { cores: Vec::new(), nice: 19 }.apply();
            rustix::process::getpriority_process(None).unwrap()
        });
        assert_eq!(level.join().unwrap(), 19);
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), before);
    }

    #[test]
    fn a_thread_is_bound_to_its_core() {
        let allowed = rustix::thread::sched_getaffinity(None).unwrap();
        let core = (0..CpuSet::MAX_CPU).find(|&c| allowed.is_set(c)).unwrap();
        let bound = std::thread::spawn(move || {
            Manners { cores: vec![core], nice: 0 }.apply();
            (available(), shares_only_core(&[]), shares_only_core(&[core + 1]))
        });
        assert_eq!(bound.join().unwrap(), (1, true, false));
    }
}
