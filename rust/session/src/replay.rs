//! Replaying: a recorded session handed in again, without the simulation.

mod plan;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use limbeck_archive::{Answer, Attribute, Coordinates, Recording, RunDescription};
use limbeck_codec::Method;
use limbeck_codec::ranks::{Alone, Ranks};

use crate::cores::Share;
use crate::settings::Settings;
use crate::variable::element_type;
use crate::{
    BlockId, CloseReport, Communicator, Config, Error, Outcome, Progress, Result, Session, ValuesRef, agree, devices,
    settings,
};
use plan::{Deed, Plan};

/// Differences to the recorded session that are told one by one.
const TOLD: usize = 20;

/// How fast the calls follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speed {
    /// With the pauses that the simulation made between its calls.
    Real,
    /// One right after the other.
    Max,
}

/// The recordings of all ranks of one session.
#[derive(Debug)]
pub struct Replay {
    recordings: Vec<Recording>,
    plan: Plan,
}

/// What came of a replay.
#[derive(Clone, Debug, Default)]
pub struct ReplayReport {
    /// Steps that were handed in and accepted, dropped or skipped by the service.
    pub taken: u64,
    /// Of these, steps that were dropped.
    pub dropped: u64,
    /// Steps that were cancelled, or not ended, as in the recording.
    pub given_up: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// Calls that were answered otherwise than in the recording, and how; the first of them.
    pub differences: Vec<String>,
    /// How many of them there were.
    pub different: u64,
    /// Whether it was asked to stop before the end.
    pub stopped: bool,
    /// How the session ended.
    pub close: CloseReport,
}

/// What a replay tells while it goes on.
pub struct Watch<'a> {
    /// Steps that were handed in, of how many. Answers whether to go on.
    pub step: &'a dyn Fn(u64, u64) -> bool,
    /// How far the distillation is.
    pub distil: &'a (dyn Fn(&Progress) + Sync),
}

impl Replay {
    /// Opens what was recorded of a session: a directory, or one file of rank 0. `session`: its name, say
    /// "run.lbk-000", where the directory holds several.
    ///
    /// # Errors
    /// InvalidArgument if there is no recording, several sessions and no choice, or a rank is missing; Truncated if
    /// nothing was committed before a recording ends; Corruption; Compatibility; Io.
    pub fn open(path: &Path, session: Option<&str>) -> Result<Replay> {
        let files = match path.is_dir() {
            true => files_of(path, session)?,
            false => siblings(path)?,
        };
        let mut recordings = files.iter().map(|f| Ok(Recording::open(f)?)).collect::<Result<Vec<_>>>()?;
        recordings.sort_by_key(|r| r.opening().rank);
        let ranks = recordings.first().map_or(0, |r| r.opening().ranks);
        if let Some(missing) = (0..ranks).find(|n| recordings.get(*n as usize).is_none_or(|r| r.opening().rank != *n)) {
            return Err(Error::InvalidArgument(format!(
                "the session was recorded by {ranks} ranks, and the recording of rank {missing} is not in {}",
                path.display()
            )));
        }
        if let Some(none) = recordings.iter().find(|r| r.run().is_none()) {
            return Err(Error::Truncated(format!(
                "{} ends before the session was committed: there is nothing to replay",
                none.path().display()
            )));
        }
        let plan = Plan::new(&recordings);
        Ok(Replay { recordings, plan })
    }

    /// The recordings, by rank.
    pub fn recordings(&self) -> &[Recording] {
        &self.recordings
    }

    /// What is not as in a session that came to its end, in words.
    pub fn faults(&self) -> Vec<String> {
        let torn = self.recordings.iter().filter_map(|r| {
            let tail = r.torn_tail()?;
            Some(format!("the last {} bytes of {} are torn and left out", tail.bytes, r.path().display()))
        });
        torn.chain(self.plan.faults.iter().cloned()).collect()
    }

    /// Steps that a replay hands in.
    pub fn steps(&self) -> u64 {
        self.plan.steps
    }

    /// Time that the simulation was away between its calls.
    pub fn away(&self) -> Duration {
        self.plan.deeds.iter().map(Deed::gap).sum()
    }

    /// The options of the session, with those that are set in `config` above them. What only the machine of the session
    /// can know (journal.dir, queue.spill_dir, workers.cores) and open.mode are left out.
    pub fn config(&self, config: &Config) -> Config {
        config.above_recorded(&self.recordings[0].opening().options)
    }

    /// Hands everything in again and closes the session. With ranks, each takes its share of the recorded ones; there may
    /// be any number of them up to that of the recording. Collective.
    ///
    /// # Errors
    /// As [`Session::open`], [`Session::commit`] and [`Session::close`]. What the calls of a step answer is
    /// compared with the recording and reported.
    pub fn run(
        &self,
        output: &Path,
        config: &Config,
        communicator: Communicator,
        speed: Speed,
        watch: &Watch<'_>,
    ) -> Result<ReplayReport> {
        let options = self.config(config).resolve()?;
        let ranks: Arc<dyn Ranks> = match &communicator {
            Communicator::None => Arc::new(Alone),
            Communicator::Ranks(ranks) => ranks.clone(),
        };
        let share = Share::of(ranks.as_ref())?;
        let chosen = agree(ranks.as_ref(), devices::choose(&Settings::new(&options), share))?;
        let method = settings::method(&options, chosen.workers)?;
        self.run_with_method(output, config, communicator, speed, watch, method)
    }

    /// [`Replay::run`] with a method that the options do not know.
    ///
    /// # Errors
    /// As [`Replay::run`].
    pub fn run_with_method(
        &self,
        output: &Path,
        config: &Config,
        communicator: Communicator,
        speed: Speed,
        watch: &Watch<'_>,
        method: Arc<dyn Method>,
    ) -> Result<ReplayReport> {
        let ranks: Arc<dyn Ranks> = match &communicator {
            Communicator::None => Arc::new(Alone),
            Communicator::Ranks(ranks) => ranks.clone(),
        };
        let (rank, size) = (ranks.rank(), ranks.size());
        let recorded = self.recordings.len();
        if size > recorded {
            return Err(Error::InvalidArgument(format!(
                "{recorded} ranks were recorded, so at most as many can replay them, and these are {size}"
            )));
        }
        // Ranks that follow each other go together, so that blocks keep their order.
        let mine = &self.recordings[recorded * rank / size..recorded * (rank + 1) / size];
        let plan = Plan::new(mine);
        let mut session = Session::open_with_method(output, &self.config(config), communicator, method)?;
        let blocks = agree(ranks.as_ref(), define(&mut session, mine))?;
        session.commit()?;
        let mut report = ReplayReport::default();
        let mut cycle = 0;
        for deed in &plan.deeds {
            if let Deed::Begin { .. } = deed
                && !(watch.step)(report.taken, plan.steps)
            {
                report.stopped = true;
                break;
            }
            if speed == Speed::Real {
                std::thread::sleep(deed.gap());
            }
            let (what, before, answer) = match deed {
                Deed::Begin { cycle: c, time, before, .. } => {
                    cycle = *c;
                    ("begin", before, session.step_begin(*c, *time).map(|()| Outcome::Ok))
                }
                Deed::Put { recording, call, before, .. } => {
                    ("put", before, put(&mut session, &blocks, &mine[*recording], *recording, *call))
                }
                Deed::End { before, .. } => ("end", before, session.step_end()),
                Deed::Cancel { .. } => ("cancel", &None, session.step_cancel().map(|()| Outcome::Ok)),
                Deed::Close { .. } => break,
            };
            report.count(deed, &answer);
            report.compare(&format!("{what} of cycle {cycle}"), before.as_ref(), &answer);
        }
        (watch.step)(report.taken, plan.steps);
        report.close = session.close_with(watch.distil)?;
        Ok(report)
    }
}

/// Variables as the first of these ranks defined them, with the blocks of all of them, by recording.
fn define(session: &mut Session, mine: &[Recording]) -> Result<Vec<Vec<Vec<BlockId>>>> {
    let mut blocks: Vec<Vec<Vec<BlockId>>> = mine.iter().map(|_| Vec::new()).collect();
    let runs: Vec<&RunDescription> = mine.iter().filter_map(Recording::run).collect();
    let Some(first) = runs.first() else { return Ok(blocks) };
    for (i, other) in runs.iter().enumerate() {
        let shapes = |r: &RunDescription| -> Vec<_> {
            r.variables.iter().map(|v| (v.name.clone(), v.element_type, v.shape.clone())).collect()
        };
        if shapes(first) != shapes(other) {
            return Err(Error::InvalidArgument(format!(
                "rank {} of the recorded session defined other variables than rank {}: replay it with as many ranks \
                 as it had",
                mine[i].opening().rank,
                mine[0].opening().rank
            )));
        }
    }
    for (name, value) in &first.attributes {
        session.set_attribute(None, name, value.clone())?;
    }
    for (v, variable) in first.variables.iter().enumerate() {
        let id =
            session.define_variable(&variable.name, element_type(variable.element_type), &whole(&variable.shape))?;
        for (name, value) in &variable.attributes {
            session.set_attribute(Some(id), name, Attribute::clone(value))?;
        }
        for (a, axis) in variable.axes.iter().enumerate() {
            if axis.coordinates != Coordinates::Index {
                session.set_axis(id, a, axis.coordinates.clone())?;
            }
            session.name_axis(id, a, &axis.name, &axis.units)?;
        }
        for (run, blocks) in runs.iter().zip(&mut blocks) {
            let of_rank = &run.variables[v].blocks;
            let added = of_rank.iter().map(|b| session.add_block(id, &whole(&b.offset), &whole(&b.count), None));
            blocks.push(added.collect::<Result<_>>()?);
        }
    }
    Ok(blocks)
}

fn put(
    session: &mut Session,
    blocks: &[Vec<Vec<BlockId>>],
    recording: &Recording,
    index: usize,
    call: usize,
) -> Result<Outcome> {
    let recorded = &recording.calls()[call];
    let limbeck_archive::Call::Put { variable, block } = recorded.call else { return Ok(Outcome::Ok) };
    let bytes = recording.values(recorded)?;
    let missing = || Error::Corruption("a recorded block is not defined".into());
    let id = *blocks[index].get(variable as usize).and_then(|v| v.get(block as usize)).ok_or_else(missing)?;
    let of = recording.run().and_then(|r| r.variables.get(variable as usize)).ok_or_else(missing)?;
    match of.element_type {
        4 => {
            let values: Vec<f32> =
                bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            session.put_slice(id, ValuesRef::Float32(&values))
        }
        _ => {
            let word = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
            let values: Vec<f64> = bytes.chunks_exact(8).map(word).collect();
            session.put_slice(id, ValuesRef::Float64(&values))
        }
    }
}

impl ReplayReport {
    fn count(&mut self, deed: &Deed, answer: &Result<Outcome>) {
        match (deed, answer) {
            (Deed::End { .. }, Ok(outcome)) => {
                self.taken += 1;
                self.dropped += u64::from(*outcome == Outcome::Dropped);
            }
            (Deed::Cancel { .. }, Ok(_)) => self.given_up += 1,
            (_, Err(_)) => self.refused += 1,
            _ => {}
        }
    }

    /// Notes an answer of another kind than the recorded one. Degraded counts as success: it tells of what went before.
    fn compare(&mut self, what: &str, before: Option<&Answer>, now: &Result<Outcome>) {
        let then = match before {
            None | Some(Answer::Degraded(_)) => "was done".to_owned(),
            Some(Answer::Dropped) => "was dropped".to_owned(),
            Some(Answer::Refused(why)) => format!("was refused ({why})"),
        };
        let (same, text) = match now {
            Ok(Outcome::Dropped) => (matches!(before, Some(Answer::Dropped)), "is dropped".to_owned()),
            Ok(_) => (matches!(before, None | Some(Answer::Degraded(_))), "is done".to_owned()),
            Err(e) => (matches!(before, Some(Answer::Refused(_))), format!("is refused ({e})")),
        };
        if same {
            return;
        }
        self.different += 1;
        if self.differences.len() < TOLD {
            self.differences.push(format!("{what} {then} when it was recorded and {text} now"));
        }
    }
}

fn whole(numbers: &[u64]) -> Vec<usize> {
    numbers.iter().map(|&n| usize::try_from(n).unwrap_or(usize::MAX)).collect()
}

/// The name of the session that a recording belongs to: "run.lbk-000" of "run.lbk-000-00003.lbr".
fn session_of(file: &Path) -> Option<String> {
    let stem = file.file_name()?.to_str()?.strip_suffix(".lbr")?;
    let (session, rank) = stem.rsplit_once('-')?;
    (rank.len() >= 5 && rank.bytes().all(|b| b.is_ascii_digit())).then(|| session.to_owned())
}

fn recordings_in(directory: &Path) -> Result<Vec<(String, PathBuf)>> {
    let refused = |e: std::io::Error| Error::Io(format!("cannot list {}: {e}", directory.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        found.extend(session_of(&path).map(|session| (session, path)));
    }
    found.sort();
    Ok(found)
}

/// The files of a session in a directory, of the only one if none is named.
fn files_of(directory: &Path, session: Option<&str>) -> Result<Vec<PathBuf>> {
    let found = recordings_in(directory)?;
    let mut names: Vec<&str> = found.iter().map(|(s, _)| s.as_str()).collect();
    names.dedup();
    let chosen = match (session, &names[..]) {
        (Some(name), _) if names.contains(&name) => name,
        (None, [only]) => only,
        (_, []) => return Err(Error::InvalidArgument(format!("{} holds no recording", directory.display()))),
        (None, _) => {
            return Err(Error::InvalidArgument(format!(
                "{} holds the recordings of {} sessions, choose one of {}",
                directory.display(),
                names.len(),
                names.join(", ")
            )));
        }
        (Some(name), _) => {
            return Err(Error::InvalidArgument(format!(
                "{} holds no recording of a session {name}, but of {}",
                directory.display(),
                names.join(", ")
            )));
        }
    };
    Ok(found.iter().filter(|(s, _)| s == chosen).map(|(_, path)| path.clone()).collect())
}

/// All ranks of the session that a file belongs to; the file alone if its name says nothing.
fn siblings(file: &Path) -> Result<Vec<PathBuf>> {
    let directory = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match session_of(file).filter(|_| file.exists()) {
        Some(session) => files_of(directory, Some(&session)),
        None => Ok(vec![file.to_owned()]),
    }
}
