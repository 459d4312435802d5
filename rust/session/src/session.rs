//! The session: one run of a simulation.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use limbeck_archive::RunDescription;
use limbeck_codec::Method;
use limbeck_codec::device::Worker;
use limbeck_codec::ranks::{Alone, Ranks};
use limbeck_field::Layout;

use crate::config::Options;
use crate::cores::Share;
use crate::devices::{self, Chosen};
use crate::durability::Durability;
use crate::encode::keep_panics_quiet;
use crate::error::panic_proof;
use crate::journal::JournalThread;
use crate::metrics::Meter;
use crate::monitor::Monitor;
use crate::record::Recorder;
use crate::restart::Past;
use crate::settings::{self, Settings};
use crate::step::Steps;
use crate::workers::Shop;
use crate::{Config, Error, Metrics, Result, agree, describe};

/// Who takes part in a session.
#[derive(Clone)]
pub enum Communicator {
    /// This process alone.
    None,
    /// These ranks together. Open, commit and close are collective then: every rank calls them, they make collective
    /// calls on the calling thread, and an error of one rank is returned by all. No other call, and no other thread,
    /// uses them.
    Ranks(Arc<dyn Ranks>),
}

/// A variable of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VariableId(pub(crate) u32);

/// A block of a variable of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockId {
    pub(crate) variable: u32,
    pub(crate) block: u32,
}

/// One run: takes the steps of a simulation and ends as an archive.
///
/// One thread calls it; [`Session::durable`], [`Session::wait`] and [`Session::metrics`] may be called from others.
/// Dropped without [`Session::close`], it gives up what is not durable; the journal stays and can be distilled or
/// appended to.
pub struct Session {
    pub(crate) ranks: Arc<dyn Ranks>,
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    pub(crate) settings: Settings,
    pub(crate) method: Arc<dyn Method>,
    /// What the method trains on.
    pub(crate) devices: Chosen,
    pub(crate) description: RunDescription,
    /// By variable and block of this rank: how the host's array lies in memory.
    pub(crate) layouts: Vec<Vec<Layout>>,
    /// What was there before; taken by commit.
    pub(crate) past: Option<Past>,
    pub(crate) running: Option<Running>,
    pub(crate) monitor: Option<Monitor>,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) share: Share,
    process: u32,
}

/// What there is after commit.
pub(crate) struct Running {
    pub(crate) shop: Arc<Shop>,
    pub(crate) durability: Arc<Durability>,
    pub(crate) workers: Vec<JoinHandle<()>>,
    pub(crate) journal: JournalThread,
    pub(crate) steps: Steps,
    pub(crate) meter: Arc<Meter>,
    /// Bytes of all blocks of a step.
    pub(crate) step_bytes: u64,
}

impl Session {
    /// Opens a run that will end as the archive `path`. Its journal's directory is made and locked. Collective.
    ///
    /// # Errors
    /// InvalidArgument for bad options, options or paths that differ between ranks, and a run that exists already if
    /// `open.mode` is `create`; Mpi if the ranks cannot be reached; Io; Corruption if the run to be continued is damaged.
    pub fn open(path: &Path, config: &Config, communicator: Communicator) -> Result<Session> {
        Session::open_on(path, config, communicator, settings::method)
    }

    /// [`Session::open`] with a method that the options do not know: for methods under development and for tests.
    pub fn open_with_method(
        path: &Path,
        config: &Config,
        communicator: Communicator,
        method: Arc<dyn Method>,
    ) -> Result<Session> {
        Session::open_on(path, config, communicator, |_, _| Ok(method))
    }

    fn open_on(
        path: &Path,
        config: &Config,
        communicator: Communicator,
        method: impl FnOnce(&Options, Vec<Arc<Worker>>) -> Result<Arc<dyn Method>>,
    ) -> Result<Session> {
        let ranks = match communicator {
            Communicator::None => Arc::new(Alone) as Arc<dyn Ranks>,
            Communicator::Ranks(ranks) => ranks,
        };
        ranks.ready()?;
        keep_panics_quiet();
        panic_proof(ranks.clone().as_ref(), "open", || Session::begin(path, config, ranks, method))
    }

    fn begin(
        path: &Path,
        config: &Config,
        ranks: Arc<dyn Ranks>,
        method: impl FnOnce(&Options, Vec<Arc<Worker>>) -> Result<Arc<dyn Method>>,
    ) -> Result<Session> {
        let prepare = || {
            if path.file_name().is_none() {
                return Err(Error::InvalidArgument(format!("{} is not the name of a file", path.display())));
            }
            config.resolve()
        };
        let options = agree(ranks.as_ref(), prepare())?;
        describe::same_options(ranks.as_ref(), path, &options)?;
        let settings = Settings::new(&options);
        let share = Share::of(ranks.as_ref())?;
        let chosen = devices::choose(&settings, share);
        let chosen = agree(ranks.as_ref(), chosen)?;
        let method = agree(ranks.as_ref(), method(&options, chosen.workers.clone()))?;
        let past = Past::open(path, &settings, ranks.as_ref())?;
        let description =
            RunDescription { limbeck_version: env!("CARGO_PKG_VERSION").into(), ..RunDescription::default() };
        let recorder = Recorder::open(path, &config.record, &options, ranks.as_ref())?;
        tracing::info!("opened {}", path.display());
        Ok(Session {
            ranks,
            path: path.to_owned(),
            options,
            settings,
            method,
            devices: chosen,
            description,
            layouts: Vec::new(),
            past: Some(past),
            running: None,
            monitor: None,
            recorder,
            share,
            process: std::process::id(),
        })
    }

    /// Refuses the call in a forked child, which has the memory of the session but none of its threads.
    pub(crate) fn same_process(&self) -> Result<()> {
        if std::process::id() == self.process {
            return Ok(());
        }
        Err(Error::State(format!(
            "this session belongs to process {}; after a fork only that process can use it",
            self.process
        )))
    }

    pub(crate) fn running(&self) -> Result<&Running> {
        self.running.as_ref().ok_or_else(before_commit)
    }

    pub(crate) fn running_mut(&mut self) -> Result<&mut Running> {
        self.running.as_mut().ok_or_else(before_commit)
    }

    /// How the session is doing. All zero before commit.
    pub fn metrics(&self) -> Metrics {
        self.running.as_ref().map(|running| running.meter.metrics()).unwrap_or_default()
    }
}

fn before_commit() -> Error {
    Error::State("the session is not committed yet: define variables and blocks, then commit".into())
}

impl Running {
    /// Joins the workers. The queue was closed or stopped before.
    pub(crate) fn wait_for_workers(&mut self) {
        for worker in self.workers.drain(..) {
            // A worker catches what panics in a method; anything else is a defect of limbeck.
            if worker.join().is_err() {
                self.durability.fail(Error::Internal("a worker thread panicked".into()));
            }
        }
    }

    /// Joins workers and journal, and gives the run's lock back.
    pub(crate) fn join(mut self) -> Result<limbeck_archive::RunLock> {
        self.wait_for_workers();
        // With the last sender the journal's thread ends.
        drop(self.shop);
        self.journal.join().map_err(|_| Error::Internal("the journal's thread panicked".into()))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::process::id() != self.process {
            // Nothing here can be joined in a forked child, and its parent needs the files.
            std::mem::forget(self.running.take());
            std::mem::forget(self.past.take());
            std::mem::forget(std::mem::take(&mut self.devices.workers));
            std::mem::forget(self.monitor.take());
            return;
        }
        drop(self.monitor.take());
        if let Some(running) = self.running.take() {
            tracing::warn!("{} was not closed: what is not durable is given up", self.path.display());
            running.shop.queue.stop();
            drop(running.join());
        } else if let Some(past) = self.past.take() {
            past.leave();
        }
    }
}
