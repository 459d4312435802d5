//! Implicit neural representations: small sine networks from coordinates to one value, the fused kernels
//! that train and evaluate them, and the optimisers.

mod architecture;

pub use architecture::{Activation, Architecture, Layer, Residual};
