//! The letters of all pictures: DejaVu Sans, which lies in the program.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, Glyph, ScaleFont, point};

/// Size and weight of letters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Font {
    /// Height of a line in pixels, without what separates it from the next.
    pub size: f32,
    /// Heavy letters.
    pub bold: bool,
}

/// Where a line stands relative to its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// The place is its beginning.
    Left,
    /// The place is its middle.
    Centre,
    /// The place is its end.
    Right,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| load(include_bytes!("../font/DejaVuSans.ttf")));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| load(include_bytes!("../font/DejaVuSans-Bold.ttf")));

fn load(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the fonts in the program are whole")
}

impl Font {
    /// Letters of this size.
    pub const fn of(size: f32) -> Font {
        Font { size, bold: false }
    }

    /// Heavy letters of this size.
    pub const fn bold(size: f32) -> Font {
        Font { size, bold: true }
    }

    fn face(self) -> &'static FontRef<'static> {
        if self.bold { &BOLD } else { &REGULAR }
    }

    /// Pixels that a line takes across.
    pub fn width(self, text: &str) -> f32 {
        let face = self.face().as_scaled(self.size);
        text.chars().map(|c| face.h_advance(face.glyph_id(c))).sum()
    }

    /// The text, or its beginning and an ellipsis if it is wider than so many pixels; nothing where there is room for neither.
    pub fn shortened(self, text: &str, width: f32) -> String {
        if self.width(text) <= width {
            return text.into();
        }
        let mut kept: Vec<char> = text.chars().collect();
        while kept.pop().is_some() {
            let short: String = kept.iter().collect::<String>().trim_end().to_string() + "…";
            if self.width(&short) <= width {
                return short;
            }
        }
        String::new()
    }

    /// Calls `dot(x, y, coverage)` for each pixel of a line whose upper left corner is at (x, y).
    pub fn dots(self, text: &str, (x, y): (f32, f32), mut dot: impl FnMut(i32, i32, f32)) {
        let face = self.face().as_scaled(self.size);
        let mut at = point(x, y + face.ascent());
        for letter in text.chars() {
            let id = face.glyph_id(letter);
            let glyph: Glyph = id.with_scale_and_position(self.size, at);
            at.x += face.h_advance(id);
            if let Some(outline) = face.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|i, j, coverage| dot(corner.x as i32 + i as i32, corner.y as i32 + j as i32, coverage));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_their_widths() {
        let font = Font::of(14.0);
        assert!(font.width("iii") < font.width("mmm"));
        assert!((font.width("abab") - 2.0 * font.width("ab")).abs() < 1e-3);
        assert!(Font::bold(14.0).width("mm") > font.width("mm"));
    }

    #[test]
    fn long_texts_are_cut() {
        let font = Font::of(14.0);
        assert_eq!(font.shortened("density", 500.0), "density");
        let cut = font.shortened("density of the mixture", 80.0);
        assert!(cut.starts_with("density") && cut.ends_with('…') && font.width(&cut) <= 80.0, "{cut}");
        assert_eq!(font.shortened("density", 2.0), "");
    }

    #[test]
    fn letters_leave_ink_where_they_stand() {
        let (mut ink, mut outside) = (0.0, 0);
        Font::of(20.0).dots("Hm", (100.0, 50.0), |x, y, c| {
            ink += c;
            outside += usize::from(!(98..150).contains(&x) || !(50..74).contains(&y));
        });
        assert!(ink > 50.0 && outside == 0, "{ink} {outside}");
    }
}
