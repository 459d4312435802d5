//! What a run trains on: the CPU, or devices of its node.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use limbeck_codec::device::{Adapter, Worker};

use crate::cores::{Manners, Share};
use crate::settings::Settings;
use crate::{Error, Result};

/// What was chosen, and why not what might have been expected.
pub(crate) struct Chosen {
    /// None: the CPU.
    pub(crate) workers: Vec<Arc<Worker>>,
    /// To be told.
    pub(crate) notice: Option<String>,
}

impl Chosen {
    /// Names of the devices.
    pub(crate) fn names(&self) -> Vec<String> {
        self.workers.iter().map(|w| w.device().adapter.name.clone()).collect()
    }
}

/// As `device` has it, of what the ranks of a node share.
///
/// # Errors
/// Device if one was asked for that is not there, cannot be used, or computes other values than the CPU.
pub(crate) fn choose(settings: &Settings, share: Share) -> Result<Chosen> {
    let manners = Manners { cores: settings.cores.clone(), nice: settings.nice };
    choose_of(&Adapter::all, &settings.device, settings.device_bytes, share, &manners)
}

fn choose_of(
    all: &dyn Fn() -> Vec<Adapter>,
    asked: &str,
    memory: u64,
    share: Share,
    manners: &Manners,
) -> Result<Chosen> {
    let cpu = |notice| Ok(Chosen { workers: Vec::new(), notice });
    if asked == "cpu" || (asked == "auto" && !Adapter::BUILT_IN) {
        return cpu(None);
    }
    if !Adapter::BUILT_IN {
        return Err(Error::Device(format!(
            "device = {asked}: this build of limbeck trains on the CPU only (it was built without the feature gpu)"
        )));
    }
    let there = all();
    let fitting = fitting(&there, asked);
    if fitting.is_empty() {
        if asked == "auto" {
            return cpu(None);
        }
        let names: Vec<String> = there.iter().map(|a| format!("{:?}", a.name)).collect();
        let names = if names.is_empty() { "no device at all".to_owned() } else { names.join(", ") };
        return Err(Error::Device(format!(
            "device = {asked}: there is none such on this node; a driver offers {names}"
        )));
    }
    let mut workers = Vec::new();
    for adapter in in_turn(&fitting, share) {
        match start(adapter, memory, manners) {
            Ok(worker) => workers.push(worker),
            Err(error) if asked == "auto" => return cpu(Some(format!("{error}; the run trains on the CPU"))),
            Err(error) => return Err(Error::Device(format!("device = {asked}: {error}"))),
        }
        tracing::info!("training on {:?} ({})", adapter.name, adapter.interface);
    }
    Ok(Chosen { workers, notice: None })
}

/// Those that are asked for: by a word or a part of their names, and perhaps a number among them ("gpu:1").
fn fitting<'a>(there: &'a [Adapter], asked: &str) -> Vec<&'a Adapter> {
    let (name, number) = match asked.rsplit_once(':').map(|(name, n)| (name, n.parse::<usize>())) {
        Some((name, Ok(n))) => (name, Some(n)),
        _ => (asked, None),
    };
    let wanted = |a: &&Adapter| match name {
        "auto" | "gpu" => a.is_hardware(),
        name => a.name.to_lowercase().contains(&name.to_lowercase()),
    };
    let all: Vec<&Adapter> = there.iter().filter(wanted).collect();
    match number {
        Some(n) => all.get(n).copied().into_iter().collect(),
        None => all,
    }
}

/// A rank's share of the devices of its node: every n-th, or one that it shares with others.
fn in_turn<'a>(devices: &[&'a Adapter], share: Share) -> Vec<&'a Adapter> {
    let ranks = share.ranks.max(1);
    if devices.len() < ranks {
        return vec![devices[share.place % devices.len()]];
    }
    devices.iter().skip(share.place).step_by(ranks).copied().collect()
}

/// The worker of a device, one for all sessions of the process. Its thread, and those of its driver, have the manners of the session that
/// came first.
fn start(adapter: &Adapter, memory: u64, manners: &Manners) -> Result<Arc<Worker>> {
    static STARTED: Mutex<Vec<(Adapter, u64, Weak<Worker>)>> = Mutex::new(Vec::new());
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    started.retain(|(_, _, worker)| worker.strong_count() > 0);
    let known = started.iter().find(|(a, m, _)| a == adapter && *m == memory).and_then(|(_, _, w)| w.upgrade());
    if let Some(worker) = known {
        return Ok(worker);
    }
    let manners = manners.clone();
    let worker = Worker::start(adapter, memory, move || manners.apply()).map_err(|e| Error::Device(e.to_string()))?;
    let worker = Arc::new(worker);
    started.push((adapter.clone(), memory, Arc::downgrade(&worker)));
    Ok(worker)
}

#[cfg(test)]
mod tests {
    use limbeck_codec::device::AdapterKind;

    use super::*;

    const ALONE: Share = Share { cores: 1.0, ranks: 1, place: 0 };

    fn choose_of(all: &dyn Fn() -> Vec<Adapter>, asked: &str) -> Result<Chosen> {
        super::choose_of(all, asked, 1 << 20, ALONE, &Manners { cores: Vec::new(), nice: 0 })
    }

    fn adapter(name: &str, kind: AdapterKind, index: usize) -> Adapter {
        Adapter { name: name.into(), kind, interface: "vulkan".into(), index }
    }

    #[test]
    fn the_cpu_is_chosen_without_asking_a_driver() {
        let never = || -> Vec<Adapter> { panic!("a driver was asked") };
        assert!(choose_of(&never, "cpu").unwrap().workers.is_empty());
    }

    #[test]
    fn auto_takes_hardware_only_and_a_name_what_it_says() {
        let there = || vec![adapter("llvmpipe (LLVM 15)", AdapterKind::Software, 0)];
        let chosen = choose_of(&there, "auto").unwrap();
        assert!(chosen.workers.is_empty() && chosen.notice.is_none());
        for (asked, word) in [("gpu", "gpu"), ("H100", "H100"), ("llvmpipe:1", "llvmpipe:1")] {
            let error = choose_of(&there, asked).err().expect("an error").to_string();
            let reason = if Adapter::BUILT_IN { "LLVM 15" } else { "built without" };
            assert!(error.contains(word) && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn ranks_take_the_devices_of_a_node_in_turn() {
        let there: Vec<Adapter> = (0..4).map(|i| adapter("NVIDIA H100", AdapterKind::Discrete, i)).collect();
        let all = fitting(&there, "h100");
        let of = |ranks: usize, place: usize| -> Vec<usize> {
            in_turn(&all, Share { cores: 1.0, ranks, place }).iter().map(|a| a.index).collect()
        };
        assert_eq!(of(1, 0), [0, 1, 2, 3]);
        assert_eq!([of(2, 0), of(2, 1)], [vec![0, 2], vec![1, 3]]);
        assert_eq!([of(3, 0), of(3, 1), of(3, 2)], [vec![0, 3], vec![1], vec![2]]);
        assert_eq!([of(6, 3), of(6, 4), of(6, 5)], [vec![3], vec![0], vec![1]]);
        assert_eq!(fitting(&there, "gpu:2"), [&there[2]]);
        assert!(fitting(&there, "gpu:4").is_empty() && fitting(&there, "A100").is_empty());
    }

    /// A device that is there but cannot be opened: under auto the CPU, and a word about it; by its name an error.
    #[cfg(feature = "gpu")]
    #[test]
    fn what_cannot_be_opened_is_told() {
        let there = || vec![adapter("broken", AdapterKind::Discrete, 77)];
        let chosen = choose_of(&there, "auto").unwrap();
        let notice = chosen.notice.expect("a notice");
        assert!(
            chosen.workers.is_empty() && notice.contains("broken") && notice.contains("trains on the CPU"),
            "{notice}"
        );
        assert!(matches!(choose_of(&there, "broken"), Err(Error::Device(text)) if text.contains("broken")));
    }
}
