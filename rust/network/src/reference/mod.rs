//! The same networks written plainly: what the fused kernels are tested against.

#[cfg(feature = "reference")]
pub mod tensors;
pub mod scalar;
