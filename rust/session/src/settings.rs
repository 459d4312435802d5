//! The options of the service, each in its own type, and the method that the others describe.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use limbeck_codec::device::Worker;
use limbeck_codec::{Bound, Bounded, Goal, KdInr, KdInrOptions, Method};

use crate::config::Options;
use crate::{Result, options};

/// What to do with a run that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenMode {
    Create,
    Append,
    Replace,
}

/// What to do with a step that finds no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Spill,
    Block,
    Drop,
    Error,
}

/// What the student is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    Ratio(f64),
    Psnr(f64),
    /// Of every value.
    MaxError(Bound),
}

impl Target {
    fn new(o: &Options) -> Target {
        let number = |key: &str| o.get(key).parse::<f64>().ok();
        let absolute = number("target.max_error").map(|e| Target::MaxError(Bound::Absolute(e)));
        let relative = number("target.max_relative_error").map(|e| Target::MaxError(Bound::Relative(e)));
        let other = absolute.or(relative).or(number("target.psnr").map(Target::Psnr));
        other.unwrap_or(Target::Ratio(number("target.ratio").unwrap_or(1000.0)))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) open_mode: OpenMode,
    /// NaN and infinities are kept as a mask instead of being refused.
    pub(crate) mask_nonfinite: bool,
    pub(crate) policy: Policy,
    /// None: three steps.
    pub(crate) queue_bytes: Option<u64>,
    pub(crate) spill_dir: PathBuf,
    pub(crate) spill_bytes: u64,
    pub(crate) threads: Option<usize>,
    pub(crate) cores: Vec<usize>,
    pub(crate) nice: i32,
    pub(crate) device: String,
    pub(crate) device_bytes: u64,
    pub(crate) journal_dir: Option<PathBuf>,
    /// Sync every step to the disk before it counts as durable.
    pub(crate) sync_node: bool,
    pub(crate) keep_journal: bool,
    pub(crate) distil_at_close: bool,
    /// Steps at the end that miss blocks are distilled all the same.
    pub(crate) incomplete: bool,
    /// A student for each rank's share of the domain instead of one for all of it.
    pub(crate) shards: bool,
    pub(crate) distil_limit: Option<Duration>,
    pub(crate) distil_threads: Option<usize>,
    pub(crate) distil_bytes: u64,
    pub(crate) seed: u64,
    /// Where the run can be watched, if anywhere.
    pub(crate) monitor: Option<SocketAddr>,
    /// All ranks can be watched, not only the first one.
    pub(crate) monitor_all: bool,
}

impl Settings {
    /// Values were checked against the table when they were set, so what does not parse here is a word such as `auto`.
    pub(crate) fn new(o: &Options) -> Settings {
        let path = |key: &str| Some(o.get(key)).filter(|v| !v.is_empty()).map(PathBuf::from);
        let flag = |key: &str| options::flag(o.get(key)).unwrap_or(false);
        Settings {
            target: Target::new(o),
            open_mode: match o.get("open.mode") {
                "append" => OpenMode::Append,
                "replace" => OpenMode::Replace,
                _ => OpenMode::Create,
            },
            mask_nonfinite: o.get("nonfinite") == "mask",
            policy: match o.get("queue.policy") {
                "block" => Policy::Block,
                "drop" => Policy::Drop,
                "error" => Policy::Error,
                _ => Policy::Spill,
            },
            queue_bytes: o.get("queue.bytes").parse().ok(),
            spill_dir: path("queue.spill_dir").unwrap_or_else(std::env::temp_dir),
            spill_bytes: o.get("queue.spill_bytes").parse().unwrap_or(0),
            threads: o.get("workers.threads").parse().ok(),
            cores: options::cores(o.get("workers.cores")).unwrap_or_default(),
            nice: o.get("workers.nice").parse().unwrap_or(0),
            device: o.get("device").to_owned(),
            device_bytes: o.get("workers.device_memory").parse().unwrap_or(0),
            journal_dir: path("journal.dir"),
            sync_node: o.get("journal.sync") == "node",
            keep_journal: flag("journal.keep"),
            distil_at_close: o.get("distil.when") == "close",
            incomplete: flag("distil.incomplete"),
            shards: o.get("student.scope") == "shard",
            distil_limit: o.get("distil.time_limit").parse().ok().map(Duration::from_secs_f64),
            distil_threads: o.get("distil.threads").parse().ok(),
            distil_bytes: o.get("distil.bytes").parse().unwrap_or(0),
            seed: o.get("seed").parse().unwrap_or(0),
            monitor: o.get("monitor.address").parse().ok(),
            monitor_all: o.get("monitor.ranks") == "all",
        }
    }

    /// Where the journals of the run that ends as `archive` stand.
    pub(crate) fn journal_directory(&self, archive: &Path) -> PathBuf {
        let beside = limbeck_archive::journal_directory(archive);
        match (&self.journal_dir, beside.file_name()) {
            (Some(dir), Some(name)) => dir.join(name),
            _ => beside,
        }
    }
}

/// PSNR of streams that a student of a given size is to learn from, in dB: with their refinement they are eight times closer. No
/// network is fitted to a step for it.
const STREAMS: f64 = 57.0;

/// The method as the options describe it, on devices if any were chosen.
pub(crate) fn method(o: &Options, devices: Vec<Arc<Worker>>) -> Result<Arc<dyn Method>> {
    let mut made = KdInrOptions::preset(o.get("preset"))?;
    for name in options::of_method().filter(|n| !["preset", "seed"].contains(n)) {
        if o.get(name) != "preset" {
            made.set(name, o.get(name))?;
        }
    }
    let key_interval = made.key_interval;
    let method = Arc::new(KdInr::new(made).on(devices));
    let goal = match Target::new(o) {
        Target::Ratio(_) if o.get("journal.steps") == "streams" => Goal::Psnr(STREAMS),
        Target::Ratio(_) => return Ok(method),
        Target::Psnr(psnr) => Goal::Psnr(psnr),
        Target::MaxError(bound) => Goal::MaxError(bound),
    };
    Ok(Arc::new(Bounded::new(method, goal, key_interval)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    #[test]
    fn every_option_of_the_method_reaches_it() {
        let mut tried = 0;
        for option in options::options().iter().filter(|o| options::of_method().any(|n| n == o.name)) {
            let value = match option.kind {
                options::OptionKind::Choice(words) => words[words.len() - 1].to_owned(),
                options::OptionKind::Integer { max, .. } => max.to_string(),
                options::OptionKind::Number { max, .. } => max.to_string(),
                _ => "true".to_owned(),
            };
            let mut c = Config::new();
            c.set(option.name, &value).unwrap();
            assert!(method(&c.resolve().unwrap(), Vec::new()).is_ok(), "{} = {value}", option.name);
            tried += 1;
        }
        assert!(tried > 20);
    }

    #[test]
    fn journals_stand_where_they_are_told_to() {
        let mut c = Config::new();
        let at = |c: &Config| Settings::new(&c.resolve().unwrap()).journal_directory(Path::new("/data/run.lbk"));
        assert_eq!(at(&c), Path::new("/data/run.lbk.d"));
        c.set("journal.dir", "/scratch").unwrap();
        assert_eq!(at(&c), Path::new("/scratch/run.lbk.d"));
    }

    #[test]
    fn words_become_none() {
        let mut c = Config::new();
        let s = Settings::new(&c.resolve().unwrap());
        assert_eq!(
            (s.target, s.queue_bytes, s.distil_limit, s.keep_journal),
            (Target::Ratio(1000.0), None, None, true)
        );
        c.set("target.psnr", "40").unwrap();
        c.set("distil.time_limit", "1.5").unwrap();
        c.set("workers.threads", "3").unwrap();
        let s = Settings::new(&c.resolve().unwrap());
        assert_eq!((s.target, s.threads), (Target::Psnr(40.0), Some(3)));
        assert_eq!(s.distil_limit, Some(Duration::from_millis(1500)));
    }
}
