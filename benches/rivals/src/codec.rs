//! The compressors: float32 values of a shape (slowest axis first) to bytes and back, as close as one number asks for.

mod sperr;
mod sz3;
mod tthresh;
mod zfp;

use clap::ValueEnum;

use crate::error::{Error, Result};

/// A compressor.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum Codec {
    /// Interpolation or Lorenzo prediction with quantised errors (Liang et al. 2022); the bound is the largest error.
    Sz3,
    /// Block transform with embedded coding (Lindstrom 2014); the bound is its tolerance, which the error stays below.
    Zfp,
    /// Wavelets and SPECK (Li, Lindstrom, Clyne 2023); the bound is the quantisation step of the coefficients.
    Sperr,
    /// Tucker decomposition with coded coefficients (Ballester-Ripoll et al. 2019); the bound is the root mean square error.
    Tthresh,
}

impl Codec {
    /// Compresses. Axes of length 1 are allowed.
    pub fn encode(self, values: &[f32], shape: &[usize], bound: f64) -> Result<Vec<u8>> {
        match self {
            Codec::Sz3 => sz3::encode(values, shape, bound),
            Codec::Zfp => zfp::encode(values, shape, bound),
            Codec::Sperr => sperr::encode(values, shape, bound),
            Codec::Tthresh => tthresh::encode(values, shape, bound),
        }
    }

    /// Decompresses to exactly the values of the shape.
    pub fn decode(self, bytes: &[u8], shape: &[usize]) -> Result<Vec<f32>> {
        let values = match self {
            Codec::Sz3 => sz3::decode(bytes),
            Codec::Zfp => zfp::decode(bytes, shape),
            Codec::Sperr => sperr::decode(bytes, shape),
            Codec::Tthresh => tthresh::decode(bytes),
        }?;
        let wanted: usize = shape.iter().product();
        if values.len() != wanted {
            return Err(Error::Codec(format!("{self:?} decoded {} of {wanted} values", values.len())));
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests;
