//! Recording: with `LIMBECK_RECORD=dir` in the environment, what the host hands in is written down call by call, before
//! the service acts on it, so that a recording holds the very call that a process died in.
//!
//! Recording never fails a run: where it cannot go on, it stops, and the host is told once.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use limbeck_archive::{Answer, Call, Opening, RecordingWriter, RunDescription, recording_path};
use limbeck_codec::ranks::Ranks;
use limbeck_field::{Layout, NonFinite, Values, Volume};

use crate::config::{Options, RecordTo};
use crate::{BlockId, Outcome, Result, Session};

/// The directory to record to; looked at when a session is opened.
const VARIABLE: &str = "LIMBECK_RECORD";

/// Sessions of one archive that one directory may hold.
const SESSIONS: u32 = 1000;

/// The recording of a session on this rank.
#[derive(Debug)]
pub(crate) struct Recorder {
    /// None once writing failed.
    writer: Option<RecordingWriter>,
    /// When the host went back to its own work.
    away: Instant,
    /// The values of a block on their way to the file.
    values: Volume,
    /// Why recording stopped, until the host is told.
    untold: Option<String>,
}

impl Recorder {
    /// None unless rank 0 is to record, by its configuration or environment. Collective.
    ///
    /// # Errors
    /// Mpi only.
    pub(crate) fn open(path: &Path, to: &RecordTo, options: &Options, ranks: &dyn Ranks) -> Result<Option<Recorder>> {
        let directory = match to {
            RecordTo::Environment => std::env::var_os(VARIABLE).filter(|d| !d.is_empty()).map(PathBuf::from),
            RecordTo::Nowhere => None,
            RecordTo::Directory(directory) => Some(directory.clone()),
        };
        let opening = |rank: usize| Opening {
            limbeck_version: env!("CARGO_PKG_VERSION").into(),
            rank: rank as u32,
            ranks: ranks.size() as u32,
            began: SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default(),
            path: path.display().to_string(),
            options: options.to_toml(),
        };
        // Rank 0 gives the recording its place and number, for the environment may not have reached the others.
        let mut place = Vec::new();
        let mut first = None;
        if let Some(directory) = directory.filter(|_| ranks.rank() == 0) {
            let (session, begun) = begin_first(&directory, path, &opening(0));
            first = Some(begun);
            place = session.to_le_bytes().to_vec();
            place.extend(directory.as_os_str().as_encoded_bytes());
        }
        ranks.broadcast(0, &mut place)?;
        let Some((session, directory)) = place.split_at_checked(4) else { return Ok(None) };
        let begun = first.unwrap_or_else(|| {
            let session = u32::from_le_bytes([session[0], session[1], session[2], session[3]]);
            let directory = PathBuf::from(String::from_utf8_lossy(directory).into_owned());
            begin(&recording_path(&directory, path, session, ranks.rank() as u32), &opening(ranks.rank()))
        });
        let mut recorder = Recorder { writer: None, away: Instant::now(), values: no_values(), untold: None };
        match begun {
            Ok(writer) => {
                tracing::info!("recording to {}", writer.path().display());
                recorder.writer = Some(writer);
            }
            Err(why) => recorder.stop(&why),
        }
        Ok(Some(recorder))
    }

    fn stop(&mut self, why: &str) {
        self.writer = None;
        self.values = no_values();
        self.untold = Some(format!("nothing more is recorded of this session: {why}"));
    }

    fn call(&mut self, call: &Call) {
        let gap = self.away.elapsed();
        let Some(writer) = &mut self.writer else { return };
        let (bytes, size) = match (call, &self.values.values) {
            (Call::Put { .. }, Values::Float32(v)) => (bytemuck::cast_slice(v), 4),
            (Call::Put { .. }, Values::Float64(v)) => (bytemuck::cast_slice(v), 8),
            _ => (&[][..], 8),
        };
        if let Err(e) = writer.call(gap, call, bytes, size) {
            self.stop(&e.to_string());
        }
    }

    fn answer(&mut self, answer: &Answer) {
        if let Some(writer) = &mut self.writer
            && let Err(e) = writer.answer(answer)
        {
            self.stop(&e.to_string());
        }
    }
}

/// Takes the first number that no session has, and begins the recording of rank 0.
fn begin_first(
    directory: &Path,
    archive: &Path,
    opening: &Opening,
) -> (u32, std::result::Result<RecordingWriter, String>) {
    for session in 0..SESSIONS {
        let path = recording_path(directory, archive, session, 0);
        if !path.exists() {
            match begin(&path, opening) {
                // Another process was faster.
                Err(_) if path.exists() => {}
                begun => return (session, begun),
            }
        }
    }
    let name = archive.file_name().unwrap_or_default().display();
    (SESSIONS, Err(format!("{} holds {SESSIONS} recordings of {name} already", directory.display())))
}

fn begin(path: &Path, opening: &Opening) -> std::result::Result<RecordingWriter, String> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|e| format!("cannot make {}: {e}", directory.display()))?;
    }
    RecordingWriter::create(path, opening).map_err(|e| e.to_string())
}

fn no_values() -> Volume {
    Volume { count: Vec::new(), values: Values::Float64(Vec::new()) }
}

/// What a call was answered with, for the recording.
pub(crate) trait Answered {
    fn answer(&self) -> Option<Answer>;
}

impl Answered for Result<()> {
    fn answer(&self) -> Option<Answer> {
        self.as_ref().err().map(|e| Answer::Refused(e.to_string()))
    }
}

impl Answered for Result<Outcome> {
    fn answer(&self) -> Option<Answer> {
        match self {
            Ok(Outcome::Ok) => None,
            Ok(Outcome::Dropped) => Some(Answer::Dropped),
            Ok(Outcome::Degraded(text)) => Some(Answer::Degraded(text.clone())),
            Err(e) => Some(Answer::Refused(e.to_string())),
        }
    }
}

impl Session {
    /// Writes a call down before it is acted on.
    pub(crate) fn record(&mut self, call: impl FnOnce() -> Call) {
        if let Some(recorder) = self.recorder() {
            recorder.call(&call());
            self.tell_of_recording();
        }
    }

    /// Writes a block down before it is taken; `copy` fills a volume with its values.
    pub(crate) fn record_put(&mut self, b: BlockId, copy: impl FnOnce(&Layout, &mut Volume) -> Result<NonFinite>) {
        if self.recorder().is_none() {
            return;
        }
        let Ok((_, layout)) = self.lane(b) else { return };
        let layout = layout.clone();
        let Some(recorder) = self.recorder() else { return };
        // A copy that fails here fails again when the block is taken, and that is told.
        if copy(&layout, &mut recorder.values).is_ok() {
            recorder.call(&Call::Put { variable: b.variable, block: b.block });
            self.tell_of_recording();
        }
    }

    /// Writes down what was defined, as far as this rank knows it.
    pub(crate) fn record_commit(&mut self) {
        if self.recorder().is_none() || self.running.is_some() {
            return;
        }
        let strides = self.layouts.iter().flatten();
        let strides = strides.map(|l| l.strides().iter().map(|&s| s as i64).collect()).collect();
        let own = self.ranks.rank() as u32;
        let mut run: RunDescription = self.description.clone();
        // After a commit that failed half-way, the blocks of all ranks are known.
        run.variables.iter_mut().for_each(|v| v.blocks.retain(|b| b.rank == own));
        // What cannot be described is about to be refused.
        if run.fault().is_none() {
            self.record(|| Call::Commit { run, strides });
        }
    }

    /// Writes down how the call was answered, and that the host goes back to its own work.
    pub(crate) fn recorded<T>(&mut self, outcome: Result<T>) -> Result<T>
    where
        Result<T>: Answered,
    {
        if let Some(recorder) = self.recorder() {
            if let Some(answer) = outcome.answer() {
                recorder.answer(&answer);
            }
            recorder.away = Instant::now();
            self.tell_of_recording();
        }
        outcome
    }

    /// The recorder, unless this is a forked child: its parent writes.
    fn recorder(&mut self) -> Option<&mut Recorder> {
        let ours = self.same_process().is_ok();
        self.recorder.as_mut().filter(|_| ours)
    }

    /// Makes what stopped the recording a notice, which the end of a step and close return.
    fn tell_of_recording(&mut self) {
        if let (Some(recorder), Some(running)) = (&mut self.recorder, &self.running)
            && let Some(text) = recorder.untold.take()
        {
            running.shop.notices.add(text);
        }
    }
}
