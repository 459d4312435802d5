//! Volumes of a simulation: element type, shape, blocks, layout, statistics.
//!
//! Shapes, offsets and strides are given **slowest axis first** everywhere in limbeck: a 3D volume is
//! `[z, y, x]`, and x is the axis along which neighbouring values lie next to each other in memory.
//!
//! - [`Layout`] and [`copy_from_pointer`] take a block out of a simulation's array: any byte strides, ghosts left
//!   behind, non-finite values found in the same pass. This is the one `unsafe` module.
//! - [`Statistics`] and [`Normalisation`] describe its values and map them to [-1, 1] and back, in an arithmetic
//!   that the archive format fixes.
//! - [`CellEntropy`] says where in a block something happens (equations 1 and 2 of the KD-INR paper).
//! - [`Distortion`] and [`ssim`] compare decoded values with the original ones.
//!
//! Everything here is deterministic: same input, same result, whatever the CPU.

mod entropy;
mod error;
mod layout;
mod metrics;
mod normalisation;
mod region;
mod statistics;
mod strided;
mod volume;

pub use entropy::{Cell, CellEntropy};
pub use error::{Error, Result};
pub use layout::Layout;
pub use metrics::{Distortion, ssim};
pub use normalisation::Normalisation;
pub use statistics::Statistics;
pub use strided::{NonFinite, copy_from_bytes, copy_from_pointer, scatter};
pub use volume::{ElementType, Extent, Region, Values, Volume};
