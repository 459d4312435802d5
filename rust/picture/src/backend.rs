//! A canvas as plotters draws on it, with our letters.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
    FontTransform,
};

use crate::canvas::Canvas;
use crate::colour::Rgb;
use crate::font::Font;

/// A canvas that plotters may draw on.
pub struct Surface<'a>(pub &'a mut Canvas);

type Outcome = Result<(), DrawingErrorKind<Infallible>>;

fn colour(c: BackendColor) -> (Rgb, f32) {
    let (r, g, b) = c.rgb;
    ([r, g, b], c.alpha as f32)
}

fn font(style: &impl BackendTextStyle) -> Font {
    Font { size: style.size() as f32, bold: matches!(style.style(), FontStyle::Bold) }
}

fn middle((x, y): BackendCoord) -> [f32; 2] {
    [x as f32 + 0.5, y as f32 + 0.5]
}

impl DrawingBackend for Surface<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (self.0.width as u32, self.0.height as u32)
    }

    fn ensure_prepared(&mut self) -> Outcome {
        Ok(())
    }

    fn present(&mut self) -> Outcome {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, c: BackendColor) -> Outcome {
        let (rgb, alpha) = colour(c);
        self.0.blend(x, y, rgb, alpha);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Outcome {
        let (rgb, alpha) = colour(style.color());
        self.0.line(middle(from), middle(to), style.stroke_width() as f32, rgb, alpha);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Outcome {
        let mut points = path.into_iter();
        let Some(mut last) = points.next() else { return Ok(()) };
        for point in points {
            self.draw_line(last, point, style)?;
            last = point;
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, fill: bool) -> Outcome {
        let (rgb, alpha) = colour(style.color());
        if fill {
            self.0.line(middle(centre), middle(centre), 2.0 * radius as f32, rgb, alpha);
            return Ok(());
        }
        let at = |i: u32| {
            let angle = std::f32::consts::TAU * i as f32 / 48.0;
            let [x, y] = middle(centre);
            [x + radius as f32 * angle.cos(), y + radius as f32 * angle.sin()]
        };
        (0..48).for_each(|i| self.0.line(at(i), at(i + 1), style.stroke_width() as f32, rgb, alpha));
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let font = font(style);
        Ok((font.width(text).ceil() as u32, font.size.ceil() as u32))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, (x, y): BackendCoord) -> Outcome {
        let (rgb, alpha) = colour(style.color());
        let font = font(style);
        let (width, height) = (font.width(text), font.size);
        let anchor = style.anchor();
        let left = match anchor.h_pos {
            HPos::Left => 0.0,
            HPos::Center => -width / 2.0,
            HPos::Right => -width,
        };
        let top = match anchor.v_pos {
            VPos::Top => 0.0,
            VPos::Center => -height / 2.0,
            VPos::Bottom => -height,
        };
        let turn = style.transform();
        font.dots(text, (left.round(), top.round()), |i, j, part| {
            let (i, j) = match turn {
                FontTransform::None => (i, j),
                FontTransform::Rotate90 => (-j, i),
                FontTransform::Rotate180 => (-i, -j),
                FontTransform::Rotate270 => (j, -i),
            };
            self.0.blend(x + i, y + j, rgb, part * alpha);
        });
        Ok(())
    }
}
