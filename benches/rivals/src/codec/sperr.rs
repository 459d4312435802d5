//! SPERR in three dimensions, each volume as one chunk: cutting it up costs quality.
//!
//! Its fixed quantisation step is used and not its PSNR, so that all steps of a series are coded equally finely: that is the
//! least error over the series for its bytes, whatever the ranges of the steps.

use ndarray::{ArrayView3, ArrayViewMut3};
use sperr::CompressionMode;

use crate::error::{Error, Result};

pub fn encode(values: &[f32], shape: &[usize], bound: f64) -> Result<Vec<u8>> {
    let shape = three_axes(shape)?;
    let view = ArrayView3::from_shape(shape, values).map_err(|e| Error::of("SPERR", e))?;
    sperr::compress_3d(view, CompressionMode::QuantisationStep { q: bound }, shape).map_err(|e| Error::of("SPERR", e))
}

pub fn decode(bytes: &[u8], shape: &[usize]) -> Result<Vec<f32>> {
    let shape = three_axes(shape)?;
    let mut values = vec![0.0f32; shape.0 * shape.1 * shape.2];
    let view = ArrayViewMut3::from_shape(shape, &mut values).map_err(|e| Error::of("SPERR", e))?;
    sperr::decompress_into_3d(bytes, view).map_err(|e| Error::of("SPERR", e))?;
    Ok(values)
}

fn three_axes(shape: &[usize]) -> Result<(usize, usize, usize)> {
    match *shape {
        [nz, ny, nx] => Ok((nz, ny, nx)),
        _ => Err(Error::InvalidArgument(format!("SPERR has three axes, not {}: use --layout steps", shape.len()))),
    }
}
