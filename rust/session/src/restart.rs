//! What a path holds when it is opened: nothing, an unfinished run, an archive, or both.

use std::path::{Path, PathBuf};

use limbeck_archive::{
    Archive, Journal, JournalWriter, Record, RunDescription, RunLock, StepStamp, StepState, UnfinishedRun,
};

use limbeck_codec::ranks::Ranks;

use crate::encode::Encoder;
use crate::error::agree_or_undo;
use crate::settings::{OpenMode, Settings};
use crate::workers::Lane;
use crate::{Error, Result, agree, teachers};

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
    /// Collective: rank 0 looks at the whole run and clears what stands in the way, the others at their own journal, which
    /// may be on the disk of another node.
    pub(crate) fn open(path: &Path, settings: &Settings, ranks: &dyn Ranks) -> Result<Past> {
        let first = if ranks.rank() == 0 { Past::first(path, settings, ranks.size()).map(Some) } else { Ok(None) };
        let first = agree_or_undo(ranks, first, |past| past.into_iter().for_each(Past::leave))?;
        let mine = match first {
            Some(past) => Ok(past),
            None => Past::other(path, settings, ranks.rank() as u32),
        };
        let past = agree_or_undo(ranks, mine, Past::leave)?;
        // A journal that did not come along would make its rank begin with step 0.
        let mut continued = [f64::from(u8::from(matches!(past.journal, Held::Continued(_))))];
        ranks.max_f64(&mut continued)?;
        let lost = continued[0] != 0.0 && matches!(past.journal, Held::Fresh(_));
        let mine = if lost { Err(left_behind(&past.directory, ranks)) } else { Ok(()) };
        match agree(ranks, mine) {
            Ok(()) => Ok(past),
            Err(e) => {
                past.leave();
                Err(e)
            }
        }
    }

    fn first(path: &Path, settings: &Settings, size: usize) -> Result<Past> {
        let directory = settings.journal_directory(path);
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
        if settings.open_mode == OpenMode::Create
            && let Err(exists) = refuse_existing(path, &directory)
        {
            return Err(in_use(&directory).unwrap_or(exists));
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
        let ours = |j: &PathBuf| (0..size as u32).any(|r| *j == limbeck_archive::journal_path(&directory, r));
        let journals = journals(&directory)?;
        if !journals.is_empty() && (journals.len() > size || !journals.iter().all(ours)) {
            return Err(Error::Compatibility(format!(
                "{} holds the journals of {} processes, and this run has {size}: make an archive of them first (limbeck \
                 distill {} -o {}), remove them or move them away, and open the run with open.mode = append: the archive is \
                 continued whatever the number of processes",
                directory.display(),
                journals.len(),
                directory.display(),
                path.display()
            )));
        }
        Past::held(directory, archive, lock)
    }

    /// What there is on a rank other than 0.
    fn other(path: &Path, settings: &Settings, rank: u32) -> Result<Past> {
        let directory = settings.journal_directory(path);
        let lock = RunLock::acquire(&directory, rank)?;
        let own = limbeck_archive::journal_path(&directory, rank);
        if own.exists() {
            match settings.open_mode {
                OpenMode::Append => {}
                OpenMode::Create if !journal_never_began(&own) => return Err(exists_already(&own)),
                OpenMode::Create | OpenMode::Replace => remove(&own)?,
            }
        }
        Past::held(directory, None, lock)
    }

    fn held(directory: PathBuf, archive: Option<Finished>, lock: RunLock) -> Result<Past> {
        let journal = match limbeck_archive::journal_path(&directory, lock.process()).exists() {
            true => Held::Continued(Box::new(JournalWriter::append_to(lock)?)),
            false => Held::Fresh(lock),
        };
        Ok(Past { directory, archive, journal })
    }

    /// Refuses variables that are not those of the run that is continued.
    pub(crate) fn check(&self, run: &RunDescription) -> Result<()> {
        let journal = match &self.journal {
            Held::Continued(held) => held.1.run(),
            Held::Fresh(_) => None,
        };
        // An archive knows no blocks: it is continued whatever they are.
        let archived = self.archive.iter().map(|a| (&a.run, false));
        for (known, with_blocks) in journal.map(|j| (j, true)).into_iter().chain(archived) {
            if let Some(difference) = difference(known, run, with_blocks) {
                return Err(Error::InvalidArgument(format!(
                    "the run that is continued {difference}: define the same variables and blocks, or choose another path \
                     or open.mode = replace"
                )));
            }
        }
        Ok(())
    }

    /// Opens the journal for writing and says what the run is about; all ranks go on behind the newest step that all of
    /// them have. `sync`: the journal's directory is to survive the node. Collective.
    pub(crate) fn go_on(self, ranks: &dyn Ranks, run: &RunDescription, options: &str, sync: bool) -> Result<Present> {
        let archived = self.archive.as_ref().and_then(|a| a.last);
        let (writer, unfinished) = agree(ranks, self.write(run, options, sync))?;
        let newest = unfinished.as_ref().and_then(|u| newest_whole_step(u, ranks.rank() as u32));
        let last = agree_on_step(ranks, archived, newest)?;
        if let Some(last) = last {
            tracing::info!("the run is continued behind cycle {}", last.cycle);
        }
        Ok(Present { writer, next_step: last.map_or(0, |s| s.step + 1), durable: last.map(|s| s.cycle), unfinished })
    }

    fn write(self, run: &RunDescription, options: &str, sync: bool) -> Result<(JournalWriter, Option<UnfinishedRun>)> {
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
        let path = writer.path();
        let unfinished = known.is_some().then(|| UnfinishedRun::open_journal(path)).transpose()?;
        Ok((writer, unfinished))
    }

    /// Undoes the opening of a run that was never committed.
    pub(crate) fn leave(self) {
        if let Held::Fresh(lock) = self.journal {
            // Only what this session made: a lock and an empty directory. If they cannot be removed, they do no harm.
            let _ = std::fs::remove_file(lock.path());
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

/// The newest step of this rank whose blocks are all there.
fn newest_whole_step(run: &UnfinishedRun, rank: u32) -> Option<StepStamp> {
    let whole = |step: u64| {
        run.run().variables.iter().enumerate().all(|(v, variable)| {
            let own = variable.blocks.iter().enumerate().filter(|(_, b)| b.rank == rank);
            own.into_iter().all(|(b, _)| run.block(v as u32, b as u32, step).is_some())
        })
    };
    let complete = run.steps().iter().rev().filter(|s| s.state == StepState::Complete);
    complete.map(|s| s.stamp).find(|s| whole(s.step))
}

/// The step that all ranks have: the one before which none misses anything. Collective. `archived`: the last step of an
/// archive that is continued, known to rank 0.
fn agree_on_step(
    ranks: &dyn Ranks,
    archived: Option<StepStamp>,
    newest: Option<StepStamp>,
) -> Result<Option<StepStamp>> {
    let mut least = [newest.map_or(0.0, |s| -(s.step as f64) - 1.0)];
    ranks.max_f64(&mut least)?;
    // Who has it tells its cycle and time.
    let common = -least[0] - 1.0;
    let holder = newest.is_some_and(|s| s.step as f64 == common);
    let mut vote = [if holder { (ranks.size() - ranks.rank()) as f64 } else { 0.0 }];
    ranks.max_f64(&mut vote)?;
    let told = |s: Option<StepStamp>| {
        s.map_or(Vec::new(), |s| [s.step.to_le_bytes(), s.cycle.to_le_bytes(), s.time.to_le_bytes()].concat())
    };
    let mut journalled = if holder { told(newest) } else { Vec::new() };
    if vote[0] > 0.0 {
        ranks.broadcast(ranks.size() - vote[0] as usize, &mut journalled)?;
    }
    let mut archived = told(archived);
    ranks.broadcast(0, &mut archived)?;
    let heard = |bytes: &[u8]| {
        let word = |i: usize| bytes.get(8 * i..8 * i + 8).and_then(|b| <[u8; 8]>::try_from(b).ok());
        Some(StepStamp {
            step: u64::from_le_bytes(word(0)?),
            cycle: i64::from_le_bytes(word(1)?),
            time: f64::from_le_bytes(word(2)?),
        })
    };
    Ok(match (heard(&archived), heard(&journalled)) {
        (Some(a), Some(j)) => Some(if a.step > j.step { a } else { j }),
        (a, j) => a.or(j),
    })
}

/// What one run has and the other has not, as the end of a sentence.
fn difference(known: &RunDescription, run: &RunDescription, with_blocks: bool) -> Option<String> {
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
        } else if with_blocks && a.blocks != b.blocks {
            Some(format!("has {name:?} in other blocks, or dealt to other ranks"))
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
    Err(exists_already(what))
}

/// That somebody writes a run comes before that it exists: neither continuing nor removing it would be right.
fn in_use(directory: &Path) -> Option<Error> {
    let lock = directory.join("lock").exists().then(|| RunLock::acquire(directory, 0))?;
    match lock {
        Err(e @ limbeck_archive::Error::InvalidArgument(_)) => Some(e.into()),
        _ => None,
    }
}

fn exists_already(what: &Path) -> Error {
    Error::InvalidArgument(format!(
        "{} exists already: set open.mode to append to continue the run or to replace to remove it, or choose another path",
        what.display()
    ))
}

/// A rank has no journal of a run that others have.
fn left_behind(directory: &Path, ranks: &dyn Ranks) -> Error {
    Error::Compatibility(format!(
        "{} has no journal of process {}, and other processes continue theirs: the run had fewer processes, or the journal is \
         on the disk of another node; gather the journals in one place and distil them first (limbeck distill), then continue \
         the archive",
        directory.display(),
        ranks.rank()
    ))
}

/// A run that was opened and never took a step: nothing is lost if another begins in its place.
fn never_began(directory: &Path) -> bool {
    UnfinishedRun::open(directory).is_ok_and(|run| run.steps().is_empty() && run.lost().next().is_none())
}

/// The same of the journal of one process.
fn journal_never_began(journal: &Path) -> bool {
    UnfinishedRun::open_journal(journal).is_ok_and(|run| run.steps().is_empty() && run.lost().next().is_none())
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

/// The process whose journal has this name.
pub(crate) fn process_of(journal: &Path) -> u32 {
    let name = journal.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    name.strip_prefix("journal-").and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Removes the journal that a lock is for, and the lock.
pub(crate) fn remove_journal(lock: RunLock) -> Result<()> {
    remove(&limbeck_archive::journal_path(lock.directory(), lock.process()))?;
    // Should the lock's file not go, it does no harm; nor does where a session that was killed could be watched.
    let _ = std::fs::remove_file(lock.path());
    let _ = std::fs::remove_file(limbeck_archive::monitor_path(lock.directory(), lock.process()));
    Ok(())
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
