//! All journals of a run together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{BlockPayload, Journal, LostFrame, TornTail, process_of};
use crate::describe::RunDescription;
use crate::record::{BlockEntry, StepMetrics, StepStamp};
use crate::{Error, Result};

/// How far a step got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Every process wrote all its blocks: the step is durable.
    Complete,
    /// Accepted, but not all its blocks are in the journals.
    Incomplete,
    /// Given up by policy, and why.
    Dropped(String),
}

/// One step of an unfinished run.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRecord {
    /// Its index, cycle and time.
    pub stamp: StepStamp,
    /// How far it got.
    pub state: StepState,
}

/// A run that was not finished (yet): everything that is in its journals.
#[derive(Debug)]
pub struct UnfinishedRun {
    directory: PathBuf,
    /// All journals of the run, not that of one process.
    whole: bool,
    journals: Vec<Journal>,
    run: RunDescription,
    steps: Vec<StepRecord>,
    // (variable, block, step) to (journal, indices into its blocks in file order).
    index: BTreeMap<(u32, u32, u64), (usize, Vec<usize>)>,
    // How many blocks of each journal are in it.
    indexed: Vec<usize>,
    // Bytes of the journals that steps and index were made of.
    merged: u64,
}

impl UnfinishedRun {
    /// Opens all journals of a directory as they are now; a writer may be appending.
    ///
    /// Errors: Io, those of [`Journal::open`], Truncated if no journal holds the run's description (yet),
    /// Corruption if the journals are of different runs.
    pub fn open(directory: &Path) -> Result<UnfinishedRun> {
        UnfinishedRun::of(&journals_in(directory)?, true)
    }

    /// The same of one journal alone: what its process has of the run. Steps are complete where this journal says so.
    ///
    /// Errors: as [`UnfinishedRun::open`].
    pub fn open_journal(path: &Path) -> Result<UnfinishedRun> {
        UnfinishedRun::of(&[path.to_owned()], false)
    }

    /// Reads on what was appended to the journals since, and journals that are new; what was read before is not read again.
    /// True if there was anything.
    ///
    /// Errors: as [`UnfinishedRun::open`]; what is known of the run may then lack steps until the next call succeeds.
    pub fn read_on(&mut self) -> Result<bool> {
        let known: Vec<PathBuf> = self.journals.iter().map(|j| j.path().to_owned()).collect();
        let paths = if self.whole { journals_in(&self.directory)? } else { known.clone() };
        let mut anew = paths != known;
        for journal in self.journals.iter_mut().filter(|_| paths == known) {
            anew |= journal.read_on()?;
        }
        if anew {
            *self = UnfinishedRun::of(&paths, self.whole)?;
            return Ok(true);
        }
        if self.file_bytes() == self.merged {
            return Ok(false);
        }
        self.run = agreed_description(&self.journals, &self.directory)?;
        self.steps = merge_steps(&self.journals, &self.run, self.whole);
        self.add_to_index()?;
        self.merged = self.file_bytes();
        Ok(true)
    }

    /// Of journals in one directory; `whole`: the run is incomplete if it has other processes.
    fn of(paths: &[PathBuf], whole: bool) -> Result<UnfinishedRun> {
        let directory = paths.first().and_then(|p| p.parent()).unwrap_or(Path::new(""));
        let journals = paths.iter().map(|path| Journal::open(path)).collect::<Result<Vec<_>>>()?;
        let run = agreed_description(&journals, directory)?;
        let steps = merge_steps(&journals, &run, whole);
        let (index, indexed) = (BTreeMap::new(), vec![0; journals.len()]);
        let directory = directory.to_owned();
        let mut run = UnfinishedRun { directory, whole, journals, run, steps, index, indexed, merged: 0 };
        run.add_to_index()?;
        run.merged = run.file_bytes();
        Ok(run)
    }

    /// Blocks that the index does not have yet.
    fn add_to_index(&mut self) -> Result<()> {
        for (j, journal) in self.journals.iter().enumerate() {
            for (i, b) in journal.blocks().iter().enumerate().skip(self.indexed[j]) {
                check_block(&self.run, b, journal)?;
                let slot = self.index.entry((b.variable, b.block, b.step)).or_insert((j, Vec::new()));
                if slot.0 == j {
                    slot.1.push(i);
                }
                self.indexed[j] = i + 1;
            }
        }
        Ok(())
    }

    /// The journal directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the run is about.
    pub fn run(&self) -> &RunDescription {
        &self.run
    }

    /// The options of the run as text, if they were written.
    pub fn options(&self) -> Option<&str> {
        self.journals.iter().find_map(Journal::options)
    }

    /// All steps that any journal mentions, by rising index.
    pub fn steps(&self) -> &[StepRecord] {
        &self.steps
    }

    /// The journals, by process.
    pub fn journals(&self) -> &[Journal] {
        &self.journals
    }

    /// Processes that have blocks, but no journal here; none if only the journal of one process was opened.
    pub fn absent(&self) -> Vec<u32> {
        if !self.whole {
            return Vec::new();
        }
        let owners: BTreeSet<u32> = self.run.variables.iter().flat_map(|v| v.blocks.iter().map(|b| b.rank)).collect();
        owners.into_iter().filter(|o| self.journals.iter().all(|j| j.process() != *o)).collect()
    }

    /// Where the newest frame of a block at a step is: journal and row in [`Journal::blocks`].
    pub fn locate(&self, variable: u32, block: u32, step: u64) -> Option<(usize, usize)> {
        let (journal, rows) = self.index.get(&(variable, block, step))?;
        rows.last().map(|&row| (*journal, row))
    }

    /// The frame at a place that this run gave; panics on a place of another run, as indexing does.
    pub fn at(&self, place: (usize, usize)) -> &BlockEntry {
        &self.journals[place.0].blocks()[place.1]
    }

    /// The newest frame of a block at a step, if there is one.
    pub fn block(&self, variable: u32, block: u32, step: u64) -> Option<&BlockEntry> {
        self.locate(variable, block, step).map(|place| self.at(place))
    }

    /// The newest frames of all blocks, by variable, block and step.
    pub fn newest_blocks(&self) -> impl Iterator<Item = &BlockEntry> {
        self.index.values().filter_map(|(journal, rows)| rows.last().map(|&row| self.at((*journal, row))))
    }

    /// Where the frame is that the one at `place` is coded as a difference to; Ok(None) if it stands alone. Bases
    /// stand before what is built on them, so that following them ends.
    ///
    /// Errors: Corruption if that frame was lost.
    pub fn locate_base(&self, place: (usize, usize)) -> Result<Option<(usize, usize)>> {
        let entry = self.at(place);
        let Some(base) = entry.base_step else { return Ok(None) };
        let rows = match self.index.get(&(entry.variable, entry.block, base)) {
            Some((journal, rows)) if *journal == place.0 => rows.as_slice(),
            _ => &[],
        };
        let found = rows.iter().rev().copied().find(|&row| row < place.1);
        found.map(|row| Some((place.0, row))).ok_or_else(|| {
            Error::Corruption(format!(
                "block {} of variable {} at step {} is a difference to step {base}, which is lost",
                entry.block, entry.variable, entry.step
            ))
        })
    }

    /// The frame that `entry` (of [`UnfinishedRun::block`]) is coded as a difference to; Ok(None) if it stands alone.
    ///
    /// Errors: Corruption if that frame was lost.
    pub fn base(&self, entry: &BlockEntry) -> Result<Option<&BlockEntry>> {
        let slot = self.index.get(&(entry.variable, entry.block, entry.step));
        let place = slot.and_then(|(j, rows)| {
            let row = rows.iter().find(|&&row| self.at((*j, row)).frame_offset == entry.frame_offset)?;
            Some((*j, *row))
        });
        let place = place.ok_or_else(|| Error::InvalidArgument("a block entry of another run was asked for".into()))?;
        Ok(self.locate_base(place)?.map(|base| self.at(base)))
    }

    /// The bytes of a block frame.
    pub fn read_block(&self, entry: &BlockEntry) -> Result<BlockPayload> {
        let (journal, _) = self
            .index
            .get(&(entry.variable, entry.block, entry.step))
            .ok_or_else(|| Error::InvalidArgument("a block entry of another run was asked for".into()))?;
        self.journals[*journal].read_block(entry)
    }

    /// Facts for people, in file order.
    pub fn metrics(&self) -> impl Iterator<Item = &StepMetrics> {
        self.journals.iter().flat_map(|j| j.metrics())
    }

    /// Torn tails that were ignored, with the process they belong to.
    pub fn torn_tails(&self) -> impl Iterator<Item = (u32, TornTail)> {
        self.journals.iter().filter_map(|j| j.torn_tail().map(|t| (j.process(), t)))
    }

    /// Damaged frames that were left out, with the process they belong to.
    pub fn lost(&self) -> impl Iterator<Item = (u32, &LostFrame)> {
        self.journals.iter().flat_map(|j| j.lost().iter().map(move |l| (j.process(), l)))
    }

    /// Bytes of all journals.
    pub fn file_bytes(&self) -> u64 {
        self.journals.iter().map(Journal::valid_length).sum()
    }
}

/// The journals in a directory, by process; at least one.
fn journals_in(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(|e| Error::io("list", directory, e))? {
        let name = entry.map_err(|e| Error::io("list", directory, e))?.file_name();
        if let Some(process) = name.to_str().and_then(process_of) {
            paths.push((process, directory.join(&name)));
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Error::InvalidArgument(format!("{} holds no journal of a limbeck run", directory.display())));
    }
    Ok(paths.into_iter().map(|(_, path)| path).collect())
}

fn agreed_description(journals: &[Journal], directory: &Path) -> Result<RunDescription> {
    let mut known = journals.iter().filter_map(|j| j.run().map(|r| (j, r)));
    let Some((first, run)) = known.next() else {
        // A damaged frame will not come back; a missing one may be on its way.
        if let Some(lost) = journals.iter().find_map(|j| j.lost().first()) {
            return Err(Error::Corruption(format!(
                "the description of the run in {} is damaged (byte {}: {})",
                directory.display(),
                lost.offset,
                lost.reason
            )));
        }
        return Err(Error::Truncated(format!(
            "{} does not hold the description of the run (yet): it was interrupted before its first step",
            directory.display()
        )));
    };
    for (journal, other) in known {
        if other.variables != run.variables {
            return Err(Error::Corruption(format!(
                "{} and {} are journals of different runs",
                first.path().display(),
                journal.path().display()
            )));
        }
    }
    Ok(run.clone())
}

fn check_block(run: &RunDescription, b: &BlockEntry, journal: &Journal) -> Result<()> {
    let known = run.variables.get(b.variable as usize).is_some_and(|v| (b.block as usize) < v.blocks.len());
    if known {
        return Ok(());
    }
    Err(Error::Corruption(format!(
        "the frame at byte {} of {} is of block {} of variable {}, which the run does not have",
        b.frame_offset,
        journal.path().display(),
        b.block,
        b.variable
    )))
}

/// A step is complete when the journal of every process that has a block says so; dropped when one says so and none
/// completed it later. A journal that is not there says nothing.
fn merge_steps(journals: &[Journal], run: &RunDescription, whole: bool) -> Vec<StepRecord> {
    let mut owners: BTreeSet<u32> = run.variables.iter().flat_map(|v| v.blocks.iter().map(|b| b.rank)).collect();
    if !whole {
        owners.retain(|o| journals.iter().any(|j| j.process() == *o));
    }
    #[derive(Default)]
    struct Seen {
        stamp: Option<StepStamp>,
        complete: usize,
        dropped: Option<String>,
    }
    let mut seen: BTreeMap<u64, Seen> = BTreeMap::new();
    for journal in journals {
        let counts = owners.contains(&journal.process());
        let mut complete_here = BTreeSet::new();
        for stamp in journal.accepted() {
            seen.entry(stamp.step).or_default().stamp.get_or_insert(*stamp);
        }
        for stamp in journal.complete() {
            let s = seen.entry(stamp.step).or_default();
            s.stamp = Some(*stamp);
            if complete_here.insert(stamp.step) {
                s.complete += usize::from(counts);
            }
        }
        for (stamp, reason) in journal.dropped() {
            let s = seen.entry(stamp.step).or_default();
            s.stamp.get_or_insert(*stamp);
            s.dropped.get_or_insert_with(|| reason.clone());
        }
    }
    let state = |s: &Seen| match &s.dropped {
        _ if s.complete == owners.len() => StepState::Complete,
        Some(reason) => StepState::Dropped(reason.clone()),
        None => StepState::Incomplete,
    };
    seen.values().filter_map(|s| s.stamp.map(|stamp| StepRecord { stamp, state: state(s) })).collect()
}
