//! Networks and fields to bytes and back. Knows no files.

mod error;
mod mask;
mod method;
mod quality;

pub use error::{Error, Result};
pub use mask::Mask;
pub use method::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, DistilTask, EncodedSegment, EncodedStep, Method, SegmentDecoder,
    StepKind, TeacherSource,
};
pub use quality::Quality;
