//! Training and evaluation on GPUs, in CubeCL kernels that wgpu runs through Vulkan or Metal.
//!
//! Networks stand in device memory as [`crate::packed::Packing`] lays them out for the CPU's kernels, and the schedule of a fit is
//! the same; what differs is the order of sums, so that results agree to rounding but not to the bit. Nothing that a bound on the
//! error is promised for is decoded here.

// Kernels are in CubeCL's part of Rust, which has loops over ranges and no `div_ceil`.
#![allow(clippy::manual_div_ceil, clippy::needless_range_loop)]

mod device;
mod evaluator;
mod network;
mod optimiser;
mod peak;
mod sampling;
mod table;
mod trainer;
mod volume;
mod worker;

pub use device::{Activations, Device, adapters};
pub use evaluator::evaluate;
pub use peak::peak;
pub use trainer::{DeviceTrainer, LOSSES, capacity};
pub use volume::Volume;
pub use worker::{Inside, Worker};
