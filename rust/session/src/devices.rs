//! What a run trains on: the CPU, or one of the devices of its node.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use limbeck_codec::device::{Adapter, Worker};

use crate::cores::Manners;
use crate::settings::Settings;
use crate::{Error, Result};

/// What was chosen, and why not what might have been expected.
pub(crate) struct Chosen {
    /// None: the CPU.
    pub(crate) worker: Option<Arc<Worker>>,
    /// To be told.
    pub(crate) notice: Option<String>,
}

/// As `device` has it. Ranks of a node take its devices in turn; `place` is that of this rank among them.
///
/// # Errors
/// Device if one was asked for that is not there, cannot be used, or computes other values than the CPU.
pub(crate) fn choose(settings: &Settings, place: usize) -> Result<Chosen> {
    let manners = Manners { cores: settings.cores.clone(), nice: settings.nice };
    choose_of(&Adapter::all, &settings.device, settings.device_bytes, place, &manners)
}

fn choose_of(
    all: &dyn Fn() -> Vec<Adapter>,
    asked: &str,
    memory: u64,
    place: usize,
    manners: &Manners,
) -> Result<Chosen> {
    let cpu = |notice| Ok(Chosen { worker: None, notice });
    if asked == "cpu" || (asked == "auto" && !Adapter::BUILT_IN) {
        return cpu(None);
    }
    if !Adapter::BUILT_IN {
        return Err(Error::Device(format!(
            "device = {asked}: this build of limbeck trains on the CPU only (it was built without the feature gpu)"
        )));
    }
    let there = all();
    let wanted = |a: &&Adapter| match asked {
        "auto" | "gpu" => a.is_hardware(),
        name => a.name.to_lowercase().contains(&name.to_lowercase()),
    };
    let fitting: Vec<&Adapter> = there.iter().filter(wanted).collect();
    let Some(adapter) = fitting.get(place % fitting.len().max(1)) else {
        if asked == "auto" {
            return cpu(None);
        }
        let names: Vec<String> = there.iter().map(|a| format!("{:?}", a.name)).collect();
        let names = if names.is_empty() { "no device at all".to_owned() } else { names.join(", ") };
        return Err(Error::Device(format!(
            "device = {asked}: there is none such on this node; a driver offers {names}"
        )));
    };
    match start(adapter, memory, manners) {
        Ok(worker) => {
            tracing::info!("training on {:?} ({})", adapter.name, adapter.interface);
            Ok(Chosen { worker: Some(worker), notice: None })
        }
        Err(error) if asked == "auto" => cpu(Some(format!("{error}; the run trains on the CPU"))),
        Err(error) => Err(Error::Device(format!("device = {asked}: {error}"))),
    }
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
    let worker = Arc::new(
        Worker::start(adapter, memory, {
            let manners = manners.clone();
            move || manners.apply()
        })
        .map_err(|e| Error::Device(e.to_string()))?,
    );
    started.push((adapter.clone(), memory, Arc::downgrade(&worker)));
    Ok(worker)
}

#[cfg(test)]
mod tests {
    use limbeck_codec::device::AdapterKind;

    use super::*;

    fn choose_of(all: &dyn Fn() -> Vec<Adapter>, asked: &str, memory: u64, place: usize) -> Result<Chosen> {
        super::choose_of(all, asked, memory, place, &Manners { cores: Vec::new(), nice: 0 })
    }

    #[test]
    fn the_cpu_is_chosen_without_asking_a_driver() {
        let never = || -> Vec<Adapter> { panic!("a driver was asked") };
        assert!(choose_of(&never, "cpu", 1 << 20, 0).unwrap().worker.is_none());
    }

    #[test]
    fn auto_takes_hardware_only_and_a_name_what_it_says() {
        let software = Adapter {
            name: "llvmpipe (LLVM 15)".into(),
            kind: AdapterKind::Software,
            interface: "vulkan".into(),
            index: 0,
        };
        let there = || vec![software.clone()];
        let chosen = choose_of(&there, "auto", 1 << 20, 3).unwrap();
        assert!(chosen.worker.is_none() && chosen.notice.is_none());
        for (asked, word) in [("gpu", "gpu"), ("H100", "H100")] {
            let error = choose_of(&there, asked, 1 << 20, 0).err().expect("an error").to_string();
            let reason = if Adapter::BUILT_IN { "llvmpipe" } else { "built without" };
            assert!(error.contains(word) && error.contains(reason), "{error}");
        }
    }

    /// A device that is there but cannot be opened: under auto the CPU, and a word about it; by its name an error.
    #[cfg(feature = "gpu")]
    #[test]
    fn what_cannot_be_opened_is_told() {
        let broken =
            Adapter { name: "broken".into(), kind: AdapterKind::Discrete, interface: "vulkan".into(), index: 77 };
        let there = || vec![broken.clone()];
        let chosen = choose_of(&there, "auto", 1 << 20, 0).unwrap();
        let notice = chosen.notice.expect("a notice");
        assert!(
            chosen.worker.is_none() && notice.contains("broken") && notice.contains("trains on the CPU"),
            "{notice}"
        );
        assert!(matches!(choose_of(&there, "broken", 1 << 20, 0), Err(Error::Device(text)) if text.contains("broken")));
    }
}
