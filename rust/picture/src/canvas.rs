//! Pixels in memory, lines and text on them, and the PNG file.

use std::io::Write;

use crate::Result;
use crate::colour::Rgb;
use crate::font::{Align, Font};
use crate::image::write_png;

/// An sRGB picture.
#[derive(Clone, Debug, PartialEq)]
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
        Canvas::filled(width, height, [255; 3])
    }

    /// A picture of one colour.
    pub fn filled(width: usize, height: usize, colour: Rgb) -> Canvas {
        Canvas { width, height, pixels: vec![colour; width * height] }
    }

    /// All pixels, row by row from the top, three bytes each.
    pub fn bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Sets a pixel; what lies outside is ignored.
    pub fn set(&mut self, x: usize, y: usize, colour: Rgb) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// Covers a part of a pixel, 0 to 1, with a colour; what lies outside is ignored.
    pub fn blend(&mut self, x: i32, y: i32, colour: Rgb, part: f32) {
        let inside = |v: i32, n: usize| usize::try_from(v).ok().filter(|v| *v < n);
        if let (Some(x), Some(y)) = (inside(x, self.width), inside(y, self.height)) {
            let below = &mut self.pixels[y * self.width + x];
            let part = part.clamp(0.0, 1.0);
            for (b, c) in below.iter_mut().zip(colour) {
                *b = (f32::from(*b) + part * (f32::from(c) - f32::from(*b))).round() as u8;
            }
        }
    }

    /// Colour of a pixel.
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

    /// Draws a smooth line, `thick` pixels wide. A pixel's coverage is how far its middle lies within the line's borders.
    pub fn line(&mut self, from: [f32; 2], to: [f32; 2], thick: f32, colour: Rgb, opacity: f32) {
        let along = [to[0] - from[0], to[1] - from[1]];
        let length = along[0].hypot(along[1]);
        let reach = thick / 2.0 + 0.5;
        let bounds = |a: f32, b: f32, n: usize| {
            let (low, high) = (a.min(b) - reach, a.max(b) + reach);
            (low.floor().max(0.0) as i32, high.ceil().min(n as f32) as i32)
        };
        let (rows, columns) = (bounds(from[1], to[1], self.height), bounds(from[0], to[0], self.width));
        for y in rows.0..rows.1 {
            for x in columns.0..columns.1 {
                let at = [x as f32 + 0.5 - from[0], y as f32 + 0.5 - from[1]];
                let s = (at[0] * along[0] + at[1] * along[1]) / (length * length).max(1e-12);
                let s = s.clamp(0.0, 1.0);
                let distance = (at[0] - s * along[0]).hypot(at[1] - s * along[1]);
                if distance < reach {
                    self.blend(x, y, colour, opacity * (reach - distance).min(1.0));
                }
            }
        }
    }

    /// Writes a line of text with its upper edge at `y`; `x` is its beginning, middle or end.
    pub fn text(&mut self, text: &str, x: usize, y: usize, font: Font, colour: Rgb, align: Align) {
        let width = font.width(text);
        let left = match align {
            Align::Left => x as f32,
            Align::Centre => x as f32 - width / 2.0,
            Align::Right => x as f32 - width,
        };
        font.dots(text, (left.round(), y as f32), |x, y, part| self.blend(x, y, colour, part));
    }

    /// Writes the picture as PNG.
    pub fn write_png(&self, file: impl Write) -> Result<()> {
        write_png(file, self.width, self.height, &self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cover_what_they_cross() {
        let mut canvas = Canvas::new(20, 20);
        canvas.line([2.0, 10.5], [18.0, 10.5], 1.0, [0; 3], 1.0);
        assert_eq!(canvas.pixel(10, 10), [0; 3]);
        assert_eq!(canvas.pixel(10, 12), [255; 3]);
        // From beyond the picture into it.
        canvas.line([-100.0, -100.0], [5.0, 5.0], 2.0, [255, 0, 0], 1.0);
        assert_eq!(canvas.pixel(2, 2), [255, 0, 0]);
    }

    #[test]
    fn text_stands_where_it_is_aligned_to() {
        let ink = |align| {
            let mut canvas = Canvas::new(200, 30);
            canvas.text("HHHH", 100, 5, Font::of(16.0), [0; 3], align);
            let dark = |x: &usize| (0..30).any(|y| canvas.pixel(*x, y)[0] < 100);
            ((0..200).find(dark).unwrap(), (0..200).rev().find(dark).unwrap())
        };
        let ((l, _), (_, r), (a, b)) = (ink(Align::Left), ink(Align::Right), ink(Align::Centre));
        assert!((100..104).contains(&l) && (96..100).contains(&r), "{l} {r}");
        assert!((a + b).abs_diff(200) < 4);
    }
}
