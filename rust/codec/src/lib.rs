//! Networks and fields to bytes and back. Knows no files.

mod at_step;
mod bounded;
mod constant;
pub mod entropy;
mod error;
mod kdinr;
mod mask;
mod masked;
mod method;
mod packing;
pub mod plain;
mod quality;
pub mod ranks;

/// Devices that a method can be given to train on.
pub mod device {
    pub use limbeck_network::device::{Adapter, AdapterKind, Worker};
}

pub use at_step::AtStep;
pub use bounded::{Bound, Bounded, Correction, Goal, compare, correct, is_refined, without_refinement};
pub use constant::ConstantBlock;
pub use error::{Error, Result};
pub use kdinr::{Family, FitOptions, KdInr, KdInrOptions, PRESETS, Sampler};
pub use mask::Mask;
pub use method::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, DistilTask, EncodedSegment, EncodedStep, Method, SegmentDecoder,
    StepKind, TeacherSource,
};
pub use plain::PlainBlock;
pub use quality::Quality;

/// The method with this number in a file, for decoding (its options matter for encoding only).
///
/// # Errors
/// `Compatibility` if this version of limbeck does not have it.
pub fn method_by_number(number: u16) -> Result<&'static dyn Method> {
    static KD_INR: std::sync::OnceLock<KdInr> = std::sync::OnceLock::new();
    match number {
        KdInr::NUMBER => Ok(KD_INR.get_or_init(|| KdInr::new(KdInrOptions::default()))),
        _ => Err(Error::Compatibility(format!("method {number} is unknown to this version of limbeck"))),
    }
}
