//! What can be seen of a run from outside: its journal, its archive, and its session where that tells.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use limbeck_reader::{Dataset, Progress, RunLock, journal_directory};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::source::Source;

use super::endpoint;

/// Steps that are shown as a line.
pub const STEPS: usize = 60;

/// The rate of the steps is that of this long.
const RECENT: Duration = Duration::from_secs(60);

/// Where a run is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is nothing yet.
    Absent,
    /// A session of this machine writes it, or one that answers.
    Running,
    /// Nobody on this machine writes it, and it is no archive.
    Unfinished,
    /// Whether somebody writes it, the system does not tell.
    Unknown,
    /// It is an archive.
    Finished,
}

/// A run that is looked at again and again.
pub struct Watched {
    directory: PathBuf,
    archive: PathBuf,
    journal: Option<Dataset>,
    /// Steps that could be read, and when.
    before: VecDeque<(Instant, usize)>,
}

/// One look.
pub struct Sight {
    pub state: State,
    pub directory: PathBuf,
    pub archive: PathBuf,
    /// Names of the variables.
    pub variables: Vec<String>,
    /// Bytes of a step's values as float32.
    pub step_bytes: u64,
    /// None of a finished run, and of one that has not begun.
    pub progress: Option<Progress>,
    /// Steps a second that can be read from then on.
    pub rate: Option<f64>,
    /// What the session says.
    pub session: Option<Value>,
    /// What became of the run.
    pub finished: Option<Source>,
}

impl Watched {
    pub fn new(run: &Path) -> Watched {
        let is_directory = run.is_dir() || run.extension().is_some_and(|e| e == "d");
        let (directory, archive) = match is_directory {
            true => (run.to_path_buf(), run.with_extension("")),
            false => (journal_directory(run), run.to_path_buf()),
        };
        Watched { directory, archive, journal: None, before: VecDeque::new() }
    }

    /// How far the run is now. `wait`: that there is none is no error.
    pub fn look(&mut self, wait: bool) -> Result<Sight> {
        // Whether somebody writes comes first: a session that ends now has written its archive by then.
        let held = if self.directory.is_dir() { RunLock::is_held(&self.directory) } else { Some(false) };
        self.read_journal(wait)?;
        let session = held.is_none_or(|h| h).then(|| endpoint::status(&self.directory)).flatten();
        let mut sight = Sight {
            state: match held {
                _ if session.is_some() => State::Running,
                Some(true) => State::Running,
                Some(false) if self.journal.is_some() => State::Unfinished,
                Some(false) => State::Absent,
                None => State::Unknown,
            },
            directory: self.directory.clone(),
            archive: self.archive.clone(),
            variables: Vec::new(),
            step_bytes: 0,
            progress: None,
            rate: None,
            session,
            finished: None,
        };
        if let Some(journal) = &self.journal {
            sight.variables = journal.variables().iter().map(|v| v.name.clone()).collect();
            sight.step_bytes = journal.variables().iter().map(|v| 4 * v.values()).sum();
            sight.progress = journal.progress(STEPS);
            sight.rate = sight.progress.as_ref().and_then(|p| rate(&mut self.before, p.whole));
        }
        if sight.state != State::Running
            && let Some(finished) = self.finished(sight.progress.as_ref())?
        {
            sight.state = State::Finished;
            sight.finished = Some(finished);
        }
        if sight.state == State::Absent && !wait {
            return Err(Failure::Io(format!(
                "there is neither an archive {} nor a run in {} (yet); --wait waits for it",
                self.archive.display(),
                self.directory.display()
            )));
        }
        Ok(sight)
    }

    /// Reads what is new in the journal. Forgets it when it is gone.
    fn read_journal(&mut self, wait: bool) -> Result<()> {
        if !self.directory.is_dir() {
            self.journal = None;
            return Ok(());
        }
        let read = match &mut self.journal {
            Some(journal) => journal.read_on().map(|_| ()),
            None => Dataset::open(&self.directory).map(|journal| self.journal = Some(journal)),
        };
        match read {
            Ok(()) => Ok(()),
            // Between its directory and its description a run has nothing to show; a directory may go this very moment.
            Err(limbeck_reader::Error::Truncated(_)) => Ok(()),
            Err(_) if !self.directory.is_dir() => {
                self.journal = None;
                Ok(())
            }
            Err(limbeck_reader::Error::InvalidArgument(_)) if wait || self.archive.is_file() => {
                self.journal = None;
                Ok(())
            }
            Err(e) => Err(e.into()),
        }
    }

    /// The archive, if it has all steps of the journal.
    fn finished(&self, journal: Option<&Progress>) -> Result<Option<Source>> {
        if !self.archive.exists() {
            return Ok(None);
        }
        let archive = Source::open(&self.archive)?;
        let newest = archive.dataset().steps().last().map(|s| s.index);
        let missing = journal.and_then(|p| p.newest.as_ref()).is_some_and(|s| newest.is_none_or(|n| n < s.index));
        Ok((archive.info().finished && !missing).then_some(archive))
    }
}

/// Steps a second over the last while.
fn rate(before: &mut VecDeque<(Instant, usize)>, whole: usize) -> Option<f64> {
    // A run that was begun anew has fewer than before.
    if before.back().is_some_and(|(_, n)| *n > whole) {
        before.clear();
    }
    before.push_back((Instant::now(), whole));
    while before.len() > 2 && before.front().is_some_and(|(at, _)| at.elapsed() > RECENT) {
        before.pop_front();
    }
    let (at, n) = before.front()?;
    let seconds = at.elapsed().as_secs_f64();
    (before.len() > 1 && seconds > 0.5).then(|| (whole - n) as f64 / seconds)
}
