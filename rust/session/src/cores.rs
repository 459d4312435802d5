//! Where threads run and how much they give way.

use std::collections::HashMap;

use limbeck_codec::ranks::Ranks;
use rustix::thread::CpuSet;

use crate::Result;

/// Cores that this process may use, as mpirun or the batch system bound it; at least one.
pub(crate) fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The nice level that gives way most.
pub(crate) const LOWEST: i32 = 19;

/// What a rank may use of its node.
#[derive(Clone, Debug, PartialEq)]
struct Seat {
    /// The same for all ranks of a node.
    node: String,
    /// Cores that the rank may use.
    cores: Vec<usize>,
    /// Cores' worth of time that it may use, where that is less (a container's quota).
    quota: usize,
}

impl Seat {
    /// Of the calling thread.
    fn own() -> Seat {
        // A number of the running kernel: containers of one node have the same, and share its cores.
        let node = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned();
        let quota = available();
        let cores = match rustix::thread::sched_getaffinity(None) {
            Ok(allowed) => (0..CpuSet::MAX_CPU).filter(|&c| allowed.is_set(c)).collect(),
            Err(_) => (0..quota).collect(),
        };
        Seat { node, cores, quota }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let cores: Vec<String> = self.cores.iter().map(usize::to_string).collect();
        format!("{}\n{}\n{}", self.node, self.quota, cores.join(",")).into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Seat {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split('\n');
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let (node, quota) = (next(), next().parse().unwrap_or(1));
        Seat { node, quota, cores: next().split(',').filter_map(|c| c.parse().ok()).collect() }
    }
}

/// A rank's share of its node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// Cores: one that n ranks may use counts 1/n for each.
    pub(crate) cores: f64,
    /// Ranks on the node.
    pub(crate) ranks: usize,
    /// Ranks of the node before this one.
    pub(crate) place: usize,
}

impl Share {
    /// Of this rank, as the launcher bound all of them. Collective.
    pub(crate) fn of(ranks: &dyn Ranks) -> Result<Share> {
        let own = Seat::own();
        if ranks.size() == 1 {
            return Ok(shares(&[own])[0]);
        }
        let seats: Vec<Seat> = ranks.gather(&own.to_bytes())?.iter().map(|b| Seat::from_bytes(b)).collect();
        let all = shares(&seats).into_iter();
        let mut bytes: Vec<u8> =
            all.flat_map(|s| [s.cores, s.ranks as f64, s.place as f64]).flat_map(f64::to_le_bytes).collect();
        ranks.broadcast(0, &mut bytes)?;
        let number =
            |i: usize| bytes.get(8 * i..8 * i + 8).and_then(|b| b.try_into().ok()).map_or(1.0, f64::from_le_bytes);
        let at = 3 * ranks.rank();
        Ok(Share { cores: number(at), ranks: number(at + 1) as usize, place: number(at + 2) as usize })
    }

    /// Whole cores, at least one.
    pub(crate) fn whole(self) -> usize {
        // A little more than the sum of thirds may have lost by rounding.
        ((self.cores + 1e-6) as usize).max(1)
    }

    /// Threads that train while the simulation runs: the share less one core for the simulation, or, of cores that were
    /// named for the workers (`named`), what comes to each rank of the node.
    pub(crate) fn worker_threads(self, asked: Option<usize>, named: &[usize]) -> usize {
        asked.unwrap_or_else(|| match named.len() {
            0 => self.whole().saturating_sub(1).max(1),
            n => (n / self.ranks.max(1)).max(1),
        })
    }

    /// What is to be told if the workers have no core but those that simulations run on.
    pub(crate) fn crowded(self, named: &[usize], busy: bool) -> Option<String> {
        if !busy {
            return None;
        }
        let own = Seat::own().cores;
        if own.len() == 1 && (named.is_empty() || named == own) {
            return Some(
                "the workers share the only core that this process may use; they give way to the simulation (nice 19), so \
                 that most of the training may be left for the end: bind each process to more cores, or set workers.cores"
                    .into(),
            );
        }
        (named.is_empty() && self.ranks > 1 && self.cores + 1e-6 < 2.0).then(|| {
            format!(
                "{} processes share the cores of this node, {:.1} for each, which leaves none for the workers; they give way \
                 to the simulation (nice 19), so that most of the training may be left for the end: start fewer processes on \
                 a node, or set workers.cores",
                self.ranks, self.cores
            )
        })
    }
}

/// The share of each rank.
fn shares(seats: &[Seat]) -> Vec<Share> {
    let mut users: HashMap<(&str, usize), usize> = HashMap::new();
    let mut ranks: HashMap<&str, usize> = HashMap::new();
    for seat in seats {
        *ranks.entry(&seat.node).or_default() += 1;
        seat.cores.iter().for_each(|&c| *users.entry((&seat.node, c)).or_default() += 1);
    }
    let share = |(i, seat): (usize, &Seat)| {
        let on_node = ranks[seat.node.as_str()];
        let bound: f64 = seat.cores.iter().map(|&c| 1.0 / users[&(seat.node.as_str(), c)] as f64).sum();
        // Whose quota it is, nobody tells: it is taken to be one for all ranks of the node.
        let quota = if seat.quota < seat.cores.len() { seat.quota as f64 / on_node as f64 } else { f64::INFINITY };
        let place = seats[..i].iter().filter(|s| s.node == seat.node).count();
        Share { cores: bound.min(quota), ranks: on_node, place }
    };
    seats.iter().enumerate().map(share).collect()
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
    use limbeck_codec::ranks::{Alone, RankThread};

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
            let share = Share { cores: 1.0, ranks: 1, place: 0 };
            (available(), share.crowded(&[], true).is_some(), share.crowded(&[core + 1], true).is_some())
        });
        assert_eq!(bound.join().unwrap(), (1, true, false));
    }

    fn seat(node: &str, cores: std::ops::Range<usize>) -> Seat {
        Seat { node: node.into(), quota: cores.len(), cores: cores.collect() }
    }

    #[test]
    fn what_several_may_use_is_shared() {
        let whole = |seats: &[Seat]| shares(seats).iter().map(|s| s.whole()).collect::<Vec<_>>();
        // Bound apart, bound to a socket together, not bound; nodes do not matter to each other.
        assert_eq!(whole(&[seat("a", 0..4), seat("a", 4..8)]), [4, 4]);
        assert_eq!(whole(&vec![seat("a", 0..32); 32]), [1; 32]);
        assert_eq!(whole(&vec![seat("a", 0..12); 6]), [2; 6]);
        assert_eq!(whole(&[seat("a", 0..8), seat("b", 0..8), seat("b", 4..8)]), [8, 6, 2]);
        // Time that is rationed is not had by every rank.
        let rationed = Seat { quota: 8, ..seat("a", 0..64) };
        assert_eq!(whole(&vec![rationed; 4]), [2; 4]);
    }

    #[test]
    fn workers_leave_a_core_to_the_simulation_and_take_those_that_are_named() {
        let share = |cores, ranks| Share { cores, ranks, place: 0 };
        assert_eq!(share(8.0, 1).worker_threads(None, &[]), 7);
        assert_eq!(share(64.0, 1).worker_threads(None, &[60, 61, 62, 63]), 4);
        assert_eq!(share(16.0, 4).worker_threads(None, &[60, 61, 62, 63]), 1);
        assert_eq!(share(0.5, 4).worker_threads(None, &[]), 1);
        assert_eq!(share(1.0, 2).worker_threads(Some(5), &[1]), 5);
        assert!(share(1.5, 4).crowded(&[], true).is_some_and(|t| t.contains("4 processes") || t.contains("only core")));
    }

    #[test]
    fn a_seat_is_what_it_was_after_a_journey() {
        let own = Seat::own();
        assert_eq!(Seat::from_bytes(&own.to_bytes()), own);
        let all = std::thread::scope(|s| {
            let of = |r| s.spawn(move || Share::of(&r).unwrap());
            RankThread::group(3)
                .into_iter()
                .map(of)
                .collect::<Vec<_>>()
                .into_iter()
                .map(|t| t.join().unwrap())
                .collect::<Vec<_>>()
        });
        let alike = |(place, s): (usize, &Share)| *s == Share { place, ..all[0] } && s.ranks == 3;
        assert!(all.iter().enumerate().all(alike), "{all:?}");
        assert!((3.0 * all[0].cores - Share::of(&Alone).unwrap().cores).abs() < 1e-9);
    }
}
