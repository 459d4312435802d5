//! Implicit neural representations: small sine networks from coordinates to one value, the fused kernels
//! that train and evaluate them, and the optimisers.

#![cfg_attr(feature = "gpu", recursion_limit = "256")]

mod architecture;
pub mod device;
mod error;
mod evaluator;
pub mod kernels;
mod network;
mod optimiser;
mod packed;
mod random;
pub mod reference;
mod trainer;

pub use architecture::{Activation, Architecture, Layer, MAX_DEPTH, MAX_WIDTH, Residual};
pub use error::{Error, Result};
pub use evaluator::{Evaluator, Scratch};
pub use kernels::Kernel;
pub use network::Network;
pub use optimiser::{Optimiser, Schedule};
pub use random::Random;
pub use trainer::{FixedSamples, LANES, Rounding, Samples, Trainer};
