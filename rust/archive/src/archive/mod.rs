//! The finished file `run.lbk`.

mod append;
mod index;
mod read;
mod write;

pub use index::{MaskEntry, Segment, SegmentContent};
pub use read::Archive;
pub use write::ArchiveWriter;
