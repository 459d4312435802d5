//! Recordings: what a host handed to a session, call by call, so that it can be handed in again without the host.
//! `docs/recording.md` describes every byte.

mod read;
mod values;
mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use read::{Recorded, Recording};
pub use write::RecordingWriter;

use crate::describe::RunDescription;

/// How a session was opened; the first frame of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Version of the library that wrote it.
    pub limbeck_version: String,
    /// This process's number in the session.
    pub rank: u32,
    /// Processes of the session.
    pub ranks: u32,
    /// When, since 1970-01-01 UTC.
    pub began: Duration,
    /// The archive's path as it was given.
    pub path: String,
    /// The options that were not at their defaults, as TOML.
    pub options: String,
}

/// One call of the host.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// The end of the definitions.
    Commit {
        /// Variables, and the blocks of this process.
        run: RunDescription,
        /// Byte strides of the host's arrays, slowest axis first: one list per block, in the order of `run`.
        strides: Vec<Vec<i64>>,
    },
    /// A step begins.
    StepBegin {
        /// The simulation's cycle number.
        cycle: i64,
        /// Physical time, as it was given.
        time: f64,
    },
    /// A block was handed in.
    Put {
        /// Index of the variable.
        variable: u32,
        /// Index of the block among those of this process.
        block: u32,
    },
    /// The step ends.
    StepEnd,
    /// The step is given up.
    StepCancel,
    /// The session is closed.
    Close,
}

/// What a call was answered with, unless that was plain success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The step was given up by the service.
    Dropped,
    /// Done with less than was asked for.
    Degraded(String),
    /// An error.
    Refused(String),
}

/// The recording of one process: `run.lbk-000-00000.lbr` for the first session recorded of `run.lbk`, rank 0.
pub fn recording_path(directory: &Path, archive: &Path, session: u32, rank: u32) -> PathBuf {
    let mut name = archive.file_name().unwrap_or_default().to_owned();
    name.push(format!("-{session:03}-{rank:05}.lbr"));
    directory.join(name)
}
