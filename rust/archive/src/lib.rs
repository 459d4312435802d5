//! The limbeck container: journals of running simulations and the archives they become.
//!
//! A run writes one append-only **journal** per process into `run.lbk.d/` ([`JournalWriter`], read by [`Journal`] and
//! [`UnfinishedRun`]) and ends as one **archive** `run.lbk` ([`ArchiveWriter`], [`Archive`]). This crate knows neither
//! fields nor networks: what a method makes of a step or of a run is bytes with a number. `docs/format.md` describes
//! every byte.

// The generated code of `schema` names it.
extern crate alloc;

mod archive;
mod describe;
mod describe_bytes;
mod error;
mod frame;
mod integers;
mod journal;
mod record;
mod recording;
mod schema;
mod source;
mod steps;
mod times;

pub use archive::{Archive, ArchiveWriter, MaskEntry, Segment, SegmentContent};
pub use describe::{
    Attribute, Axis, BlockDescription, Coordinates, MAX_AXES, MAX_NAME, RunDescription, VariableDescription,
};
pub use error::{Error, Result};
pub use frame::FORMAT_VERSION;
pub use journal::{
    BlockPayload, Journal, JournalWriter, LostFrame, RunLock, StepRecord, StepState, TornTail, UnfinishedRun,
    journal_directory, journal_path, monitor_path,
};
pub use record::{BlockEntry, BlockRecord, QualitySums, Record, StepMetrics, StepStamp};
pub use recording::{Answer, Call, Opening, Recorded, Recording, RecordingWriter, recording_path};
pub use steps::{MAX_STEPS, StepTable, TimeCoding};
