//! Pictures of values: slices, the colours of their values, and PNG.

#![deny(unsafe_code)]

mod colour;
mod slice;

use std::io::Write;

pub use colour::{ColourMap, MISSING, Rgb};
pub use slice::Slice;

/// Writes pixels, row by row from the top, as a PNG file.
///
/// # Errors
/// Those of `out`; a picture without pixels, or with another number of them than `width` * `height`.
pub fn write_png(out: impl Write, width: usize, height: usize, pixels: &[Rgb]) -> std::io::Result<()> {
    let side = |n: usize| u32::try_from(n).map_err(std::io::Error::other);
    let mut encoder = png::Encoder::new(out, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels.as_flattened())?;
    Ok(writer.finish()?)
}
