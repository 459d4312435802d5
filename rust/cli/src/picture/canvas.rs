//! Pixels in memory, text on them, and the PNG file.

use std::convert::Infallible;

use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{DrawTarget, Drawable, OriginDimensions, Pixel, Point, RgbColor, Size};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use limbeck_picture::{Rgb, write_png};

use crate::failure::{Failure, Result};
use crate::output::Pending;

/// An sRGB picture.
pub struct Canvas {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    pixels: Vec<Rgb>,
}

impl Canvas {
    /// A white picture.
    pub fn new(width: usize, height: usize) -> Canvas {
        Canvas { width, height, pixels: vec![[255; 3]; width * height] }
    }

    /// Sets a pixel; what lies outside is ignored.
    pub fn set(&mut self, x: usize, y: usize, colour: Rgb) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// Colour of a pixel.
    #[cfg(test)]
    pub fn pixel(&self, x: usize, y: usize) -> Rgb {
        self.pixels[y * self.width + x]
    }

    /// Fills the rectangle with its upper left corner at (x, y).
    pub fn fill(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Rgb) {
        for row in y..y + height {
            for column in x..x + width {
                self.set(column, row, colour);
            }
        }
    }

    /// Draws a line of one pixel around the rectangle.
    pub fn frame(&mut self, (x, y): (usize, usize), (width, height): (usize, usize), colour: Rgb) {
        let (left, top) = (x.saturating_sub(1), y.saturating_sub(1));
        self.fill((left, top), (width + 2, 1), colour);
        self.fill((left, y + height), (width + 2, 1), colour);
        self.fill((left, top), (1, height + 2), colour);
        self.fill((x + width, top), (1, height + 2), colour);
    }

    /// Writes a line with its upper edge at `y`; `x` is its beginning, middle or end. Letters that the font has not
    /// are shown as question marks.
    pub fn text(&mut self, text: &str, x: usize, y: usize, font: &MonoFont<'_>, colour: Rgb, alignment: Alignment) {
        let style = MonoTextStyle::new(font, Rgb888::new(colour[0], colour[1], colour[2]));
        let placing = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Top).build();
        let Ok(_) = Text::with_text_style(text, Point::new(x as i32, y as i32), style, placing).draw(self);
    }

    /// Writes the picture as PNG.
    pub fn write_png(&self, file: &mut Pending) -> Result<()> {
        write_png(file, self.width, self.height, &self.pixels)
            .map_err(|e| Failure::Io(format!("cannot write the picture: {e}")))
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> std::result::Result<(), Infallible> {
        for Pixel(Point { x, y }, colour) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) {
                self.set(x, y, [colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}
