//! Networks and fields to bytes and back. Knows no files.

mod constant;
mod error;
mod mask;
mod method;
mod packing;
pub mod plain;
mod quality;

pub use constant::ConstantBlock;
pub use error::{Error, Result};
pub use mask::Mask;
pub use method::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, DistilTask, EncodedSegment, EncodedStep, Method, SegmentDecoder,
    StepKind, TeacherSource,
};
pub use plain::PlainBlock;
pub use quality::Quality;
