//! Where threads run and how much they give way.

use rustix::thread::CpuSet;

use crate::options;

/// Cores that this process may use, as mpirun or the batch system bound it; at least one.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The nice level that gives way most.
pub(crate) const LOWEST: i32 = 19;

/// Threads that train while the simulation runs: the rank's share of the cores it may use, less one for its simulation.
pub(crate) fn worker_threads(asked: Option<usize>, on_node: usize) -> usize {
    asked.unwrap_or_else(|| share(on_node).saturating_sub(1).max(1))
}

/// Cores for each rank of the node. Ranks that are bound have theirs to themselves; ranks that may use every core of the
/// node share them.
pub(crate) fn share(on_node: usize) -> usize {
    if available() < on_machine() { available() } else { (available() / on_node.max(1)).max(1) }
}

/// Cores of the node, whoever may use them.
fn on_machine() -> usize {
    let online = std::fs::read_to_string("/sys/devices/system/cpu/online").ok();
    online.and_then(|list| options::cores(list.trim())).map_or_else(available, |cores| cores.len())
}

/// What is to be told if the workers have no core but those that simulations run on.
pub(crate) fn crowded(cores: &[usize], on_node: usize, busy: bool) -> Option<String> {
    if !busy {
        return None;
    }
    if shares_only_core(cores) {
        return Some(
            "the workers share the only core that this process may use; they give way to the simulation (nice 19), so that \
             most of the training may be left for the end: bind each process to more cores, or set workers.cores"
                .into(),
        );
    }
    (cores.is_empty() && on_node > 1 && share(on_node) < 2).then(|| {
        format!(
            "{on_node} processes share the {} cores of this node, which leaves none for the workers; they give way to the \
             simulation (nice 19), so that most of the training may be left for the end: start fewer processes on a node, or \
             set workers.cores",
            available()
        )
    })
}

/// Whether the workers have no core but the one that the simulation runs on.
fn shares_only_core(cores: &[usize]) -> bool {
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
