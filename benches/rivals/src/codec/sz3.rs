//! SZ3 with its own defaults: interpolation or Lorenzo prediction, whichever it finds better.

use sz3::{DimensionedData, ErrorBound};

use crate::error::{Error, Result};

pub fn encode(values: &[f32], shape: &[usize], bound: f64) -> Result<Vec<u8>> {
    let mut builder = DimensionedData::build(&values);
    // It refuses axes of length 1, unless there is nothing else.
    for &length in shape.iter().filter(|&&n| n > 1) {
        builder = builder.dim(length).map_err(refused)?;
    }
    let data = builder.finish().map_err(refused)?;
    sz3::compress(&data, ErrorBound::Absolute(bound)).map_err(refused)
}

pub fn decode(bytes: &[u8]) -> Result<Vec<f32>> {
    let (_, data) = sz3::decompress::<f32, _>(bytes).map_err(refused)?;
    Ok(data.into_data())
}

fn refused(e: sz3::SZ3Error) -> Error {
    Error::of("SZ3", e)
}
