//! Pixels as a PNG file.

use std::io::Write;

use crate::Result;
use crate::colour::Rgb;

/// What writes a picture of this size.
pub(crate) fn encoder<'a, W: Write>(file: W, width: usize, height: usize) -> png::Encoder<'a, W> {
    let side = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(file, side(width), side(height));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder
}

/// Writes pixels, row by row from the top, as a PNG file.
///
/// # Errors
/// Io from `file`; Internal for a picture without pixels, or with another number of them than `width` * `height`.
pub fn write_png(file: impl Write, width: usize, height: usize, pixels: &[Rgb]) -> Result<()> {
    let mut writer = encoder(file, width, height).write_header()?;
    writer.write_image_data(pixels.as_flattened())?;
    Ok(writer.finish()?)
}
