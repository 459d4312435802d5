//! Entropy coding with integer tables only, so that every machine decodes the same.

mod integers;
mod range_coder;

pub use integers::IntegerModel;
pub use range_coder::{AdaptiveBit, Bit, Decoder, Encoder, Predict};
