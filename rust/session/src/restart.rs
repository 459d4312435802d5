//! What a path holds when it is opened: nothing, an unfinished run, an archive, or both.

use std::path::{Path, PathBuf};

use limbeck_archive::{
    Archive, Journal, JournalWriter, Record, RunDescription, RunLock, StepStamp, StepState, UnfinishedRun,
};

use crate::encode::Encoder;
use crate::settings::{OpenMode, Settings};
use crate::workers::Lane;
use crate::{Error, Result, teachers};

/// The run as it was found, locked.
pub(crate) struct Past {
    directory: PathBuf,
    /// Steps and description of a finished archive that will be added to.
    archive: Option<Finished>,
    journal: Held,
}

struct Finished {
    run: RunDescription,
    /// Index, cycle and time of its last step.
    last: Option<StepStamp>,
}

enum Held {
    /// No journal yet.
    Fresh(RunLock),
    Continued(Box<(JournalWriter, Journal)>),
}

/// What goes on from here.
pub(crate) struct Present {
    pub(crate) writer: JournalWriter,
    /// Index of the next step.
    pub(crate) next_step: u64,
    /// Cycle of the newest durable step: it and those before it are skipped.
    pub(crate) durable: Option<i64>,
    /// The journal as it was, if there is something to continue from.
    unfinished: Option<UnfinishedRun>,
}

impl Past {
    pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Past> {
        let directory = settings.journal_directory(path);
        if settings.open_mode == OpenMode::Create {
            refuse_existing(path, &directory)?;
        }
        if path.is_dir() {
            return Err(Error::InvalidArgument(format!("{} is a directory, not an archive", path.display())));
        }
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !parent.is_dir() {
            return Err(Error::Io(format!(
                "there is no directory {} to write {} to",
                parent.display(),
                path.display()
            )));
        }
        let lock = RunLock::acquire(&directory, 0)?;
        if !lock.enforced() {
            tracing::warn!("{} has no file locks: make sure that one session at a time writes", directory.display());
        }
        if settings.open_mode == OpenMode::Create {
            // Checked again now that nobody else writes; what is left holds no step.
            refuse_existing(path, &directory)?;
            remove_journals(&directory)?;
        }
        if settings.open_mode == OpenMode::Replace {
            remove_journals(&directory)?;
            remove(path)?;
        }
        let archive = match path.exists() {
            true => Some(Finished::open(path)?),
            false => None,
        };
        let journals = journals(&directory)?;
        if journals.iter().any(|j| *j != limbeck_archive::journal_path(&directory, 0)) {
            return Err(Error::Compatibility(format!(
                "{} holds journals of several processes: the serial build of limbeck cannot continue them",
                directory.display()
            )));
        }
        let journal = match journals.is_empty() {
            true => Held::Fresh(lock),
            false => Held::Continued(Box::new(JournalWriter::append_to(lock)?)),
        };
        Ok(Past { directory, archive, journal })
    }

    /// Refuses variables that are not those of the run that is continued.
    pub(crate) fn check(&self, run: &RunDescription) -> Result<()> {
        let journal = match &self.journal {
            Held::Continued(held) => held.1.run(),
            Held::Fresh(_) => None,
        };
        for known in journal.into_iter().chain(self.archive.iter().map(|a| &a.run)) {
            if let Some(difference) = difference(known, run) {
                return Err(Error::InvalidArgument(format!(
                    "the run that is continued {difference}: define the same variables and blocks, or choose another path \
                     or open.mode = replace"
                )));
            }
        }
        Ok(())
    }

    /// Opens the journal for writing and says what the run is about. `sync`: its directory is to survive the node.
    pub(crate) fn go_on(self, run: &RunDescription, options: &str, sync: bool) -> Result<Present> {
        let (mut writer, known) = match self.journal {
            Held::Fresh(lock) => {
                if sync {
                    sync_entry_of(&self.directory)?;
                }
                (JournalWriter::create(lock)?, None)
            }
            Held::Continued(held) => (held.0, Some(held.1)),
        };
        if known.as_ref().and_then(Journal::run) != Some(run) {
            writer.append(&Record::Run(run.clone()))?;
        }
        writer.append(&Record::Options(options.to_owned()))?;
        if sync {
            // Earlier steps count as durable from now on, and those who wrote them may not have asked for as much.
            writer.sync()?;
        }
        let unfinished = known.is_some().then(|| UnfinishedRun::open(&self.directory)).transpose()?;
        let journalled = unfinished.as_ref().and_then(newest_whole_step);
        let last = match (self.archive.and_then(|a| a.last), journalled) {
            (Some(a), Some(j)) => Some(if a.step > j.step { a } else { j }),
            (a, j) => a.or(j),
        };
        if let Some(last) = last {
            tracing::info!("the run is continued behind cycle {}", last.cycle);
        }
        Ok(Present { writer, next_step: last.map_or(0, |s| s.step + 1), durable: last.map(|s| s.cycle), unfinished })
    }

    /// Undoes the opening of a run that was never committed.
    pub(crate) fn leave(self) {
        if let Held::Fresh(lock) = self.journal {
            // Only what this session made: a lock and an empty directory. If they cannot be removed, they do no harm.
            let _ = std::fs::remove_file(self.directory.join("lock"));
            drop(lock);
            let _ = std::fs::remove_dir(&self.directory);
        }
    }
}

impl Present {
    /// Lets each chain go on from its newest step. A chain whose newest step cannot be read begins anew.
    pub(crate) fn resume(&self, lanes: &mut [Lane]) {
        let Some(run) = &self.unfinished else { return };
        for lane in lanes {
            let newest = (0..self.next_step).rev().find_map(|step| run.block(lane.variable, lane.block, step));
            let Some(entry) = newest else { continue };
            let encoder: &mut Encoder = lane.encoder.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
            match teachers::open(run, encoder.geometry(), entry, encoder.method()) {
                Ok(last) => encoder.resume(entry.step, last.as_ref()),
                Err(e) => tracing::warn!("{} begins anew: {e}", lane.name),
            }
        }
    }
}

impl Finished {
    fn open(path: &Path) -> Result<Finished> {
        let archive = Archive::open(path)?;
        let steps = archive.steps();
        let last = steps.len().checked_sub(1).map(|i| StepStamp {
            step: i as u64,
            cycle: steps.cycles[i],
            time: steps.times[i],
        });
        Ok(Finished { run: archive.run().clone(), last })
    }
}

/// The newest step whose blocks are all there.
fn newest_whole_step(run: &UnfinishedRun) -> Option<StepStamp> {
    let whole = |step: u64| {
        run.run()
            .variables
            .iter()
            .enumerate()
            .all(|(v, variable)| (0..variable.blocks.len()).all(|b| run.block(v as u32, b as u32, step).is_some()))
    };
    let complete = run.steps().iter().rev().filter(|s| s.state == StepState::Complete);
    complete.map(|s| s.stamp).find(|s| whole(s.step))
}

/// What one run has and the other has not, as the end of a sentence.
fn difference(known: &RunDescription, run: &RunDescription) -> Option<String> {
    let names = |r: &RunDescription| r.variables.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
    if names(known) != names(run) {
        return Some(format!("has the variables {:?}, not {:?}", names(known), names(run)));
    }
    known.variables.iter().zip(&run.variables).find_map(|(a, b)| {
        let name = &a.name;
        if a.shape != b.shape {
            Some(format!("has {name:?} with the shape {:?}, not {:?}", a.shape, b.shape))
        } else if a.element_type != b.element_type {
            Some(format!("has {name:?} in another precision"))
        } else if a.blocks != b.blocks {
            Some(format!("has {name:?} in other blocks"))
        } else {
            None
        }
    })
}

fn refuse_existing(path: &Path, directory: &Path) -> Result<()> {
    let what = if path.exists() {
        path
    } else if directory.is_dir() && !journals(directory)?.is_empty() && !never_began(directory) {
        directory
    } else {
        return Ok(());
    };
    Err(Error::InvalidArgument(format!(
        "{} exists already: set open.mode to append to continue the run or to replace to remove it, or choose another path",
        what.display()
    )))
}

/// A run that was opened and never took a step: nothing is lost if another begins in its place.
fn never_began(directory: &Path) -> bool {
    UnfinishedRun::open(directory).is_ok_and(|run| run.steps().is_empty() && run.lost().next().is_none())
}

/// Makes the name of a new directory durable.
fn sync_entry_of(directory: &Path) -> Result<()> {
    let parent = directory.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = std::fs::File::open(parent).and_then(|d| d.sync_all());
    synced.map_err(|e| Error::Io(format!("cannot sync the directory {}: {e}", parent.display())))
}

/// The journals in a directory.
pub(crate) fn journals(directory: &Path) -> Result<Vec<PathBuf>> {
    let refused = |e: std::io::Error| Error::Io(format!("cannot list {}: {e}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        if name.to_str().is_some_and(|n| n.starts_with("journal-") && n.ends_with(".lbj")) {
            found.push(directory.join(name));
        }
    }
    Ok(found)
}

/// Removes the journals of a run, not its lock.
pub(crate) fn remove_journals(directory: &Path) -> Result<()> {
    journals(directory)?.iter().try_for_each(|j| remove(j))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::Io(format!("cannot remove {}: {e}", path.display())))
        }
        _ => Ok(()),
    }
}
