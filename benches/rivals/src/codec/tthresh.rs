//! TTHRESH in three or four dimensions.

use tthresh::{Buffer, ErrorBound};

use crate::error::{Error, Result};

pub fn encode(values: &[f32], shape: &[usize], bound: f64) -> Result<Vec<u8>> {
    // It names the fastest axis first.
    let shape: Vec<usize> = shape.iter().rev().copied().collect();
    // Not its PSNR, whose peak is half the range.
    tthresh::compress(values, &shape, ErrorBound::RMSE(bound), false, false).map_err(|e| Error::of("TTHRESH", e))
}

pub fn decode(bytes: &[u8]) -> Result<Vec<f32>> {
    match tthresh::decompress(bytes, false, false) {
        Ok((Buffer::F32(values), _)) => Ok(values),
        Ok(_) => Err(Error::of("TTHRESH", "the stream does not hold float32")),
        Err(e) => Err(Error::of("TTHRESH", e)),
    }
}
