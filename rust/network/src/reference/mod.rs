//! The same networks written plainly: what the fused kernels are tested and measured against.

pub mod plain;
#[cfg(feature = "reference")]
pub mod tensors;
