//! A picture with its title and a bar of colours.

use crate::Result;
use crate::canvas::Canvas;
use crate::colour::{ColourMap, Rgb};
use crate::font::{Align, Font};
use crate::number::short;
use crate::scene::{Scene, ink_on};
use crate::slice::Slice;
use crate::volume::Volume;

/// What a side of a slice measures.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisLabel {
    /// Name, with its unit.
    pub name: String,
    /// Coordinate of the first and the last value.
    pub ends: (f64, f64),
}

/// What stands around a picture.
#[derive(Clone, Debug)]
pub struct Plate {
    /// Above it; nothing if it is empty.
    pub title: String,
    /// Smaller, behind the title.
    pub subtitle: String,
    /// Pixels across and down, everything included.
    pub size: [usize; 2],
    /// What lies behind everything.
    pub background: Rgb,
    /// Above the bar of colours: what its numbers are.
    pub quantity: String,
    /// Values that are marked on the bar.
    pub marks: Vec<f64>,
}

/// Where things are on a plate.
struct Places {
    letters: f32,
    margin: usize,
    /// Upper left corner and size of what is drawn.
    body: [usize; 4],
    bar: [usize; 4],
}

/// Sides of a slice differ by no more than this; longer ones are drawn shorter.
const LONGEST: f64 = 8.0;

impl Plate {
    fn places(&self, range: (f64, f64)) -> Places {
        let [width, height] = self.size;
        // Pictures without a title stand in a page, smaller than they are.
        let lines = if self.title.is_empty() { 19.0 } else { 38.0 };
        let letters = (width.min(height) as f32 / lines).clamp(10.0, 22.0);
        let margin = letters.round() as usize;
        let top = if self.title.is_empty() { margin } else { margin + (letters * 2.1) as usize };
        let font = Font::of(letters);
        let numbers = ticks(range).iter().map(|(v, _)| font.width(&short(*v))).fold(0.0, f32::max);
        let bar_width = (letters * 0.9) as usize;
        let right =
            margin + (bar_width + (numbers + letters * 0.6) as usize).max(font.width(&self.quantity) as usize / 2);
        let body_width = width.saturating_sub(right + 2 * margin).max(1);
        let body_height = height.saturating_sub(top + margin).max(1);
        let bar_height = body_height * 6 / 10;
        Places {
            letters,
            margin,
            body: [margin, top, body_width, body_height],
            bar: [width.saturating_sub(right), top + (body_height - bar_height) / 2, bar_width, bar_height],
        }
    }

    /// A volume.
    ///
    /// # Errors
    /// As [`Scene::draw`].
    pub fn volume(&self, scene: &Scene, volume: &Volume) -> Result<Canvas> {
        let places = self.places(scene.range);
        let [x, y, width, height] = places.body;
        let body = scene.draw(volume, [width, height], places.letters)?;
        let mut canvas = self.begin(&places, &scene.colours, scene.range);
        for row in 0..height {
            (0..width).for_each(|column| canvas.set(x + column, y + row, body.pixel(column, row)));
        }
        Ok(canvas)
    }

    /// A slice, `across` along its rows and `up` from its first row to the last. Sides have the lengths that their coordinates
    /// give them.
    pub fn slice(
        &self,
        slice: &Slice,
        across: &AxisLabel,
        up: &AxisLabel,
        colours: &ColourMap,
        range: (f64, f64),
    ) -> Canvas {
        let places = self.places(range);
        let mut canvas = self.begin(&places, colours, range);
        let font = Font::of(places.letters);
        let ink = ink_on(self.background);
        let [x, y, width, height] = places.body;
        let line = (places.letters * 1.5) as usize;
        let numbers = [up.ends.0, up.ends.1].map(|v| font.width(&short(v)));
        let left = numbers.into_iter().fold(font.width(&up.name), f32::max) as usize + places.margin / 2;
        let room = [width.saturating_sub(left).max(1), height.saturating_sub(line).max(1)];
        let length = |label: &AxisLabel, n: usize| {
            let span = (label.ends.1 - label.ends.0).abs();
            // Pixels are areas around points: n points are n spacings long.
            if n > 1 && span > 0.0 && span.is_finite() { span * n as f64 / (n - 1) as f64 } else { n as f64 }
        };
        let (long, high) = (length(across, slice.columns), length(up, slice.rows));
        let aspect = (long / high).clamp(1.0 / LONGEST, LONGEST);
        let scale = (room[0] as f64 / aspect).min(room[1] as f64);
        let size = [scale * aspect, scale].map(|n| (n.round() as usize).max(1));
        let at = [x + left + (room[0].saturating_sub(size[0])) / 2, y + (room[1].saturating_sub(size[1])) / 2];
        let drawn = slice.resampled(size[1], size[0]);
        for (i, v) in drawn.values.iter().enumerate() {
            let (column, from_bottom) = (i % size[0], i / size[0]);
            canvas.set(at[0] + column, at[1] + size[1] - 1 - from_bottom, colours.of(*v, range));
        }
        canvas.frame((at[0], at[1]), (size[0], size[1]), ink);
        let below = at[1] + size[1] + places.margin / 3;
        canvas.text(&short(across.ends.0), at[0], below, font, ink, Align::Left);
        canvas.text(&across.name, at[0] + size[0] / 2, below, font, ink, Align::Centre);
        canvas.text(&short(across.ends.1), at[0] + size[0], below, font, ink, Align::Right);
        let beside = at[0] - places.margin / 2;
        canvas.text(
            &short(up.ends.0),
            beside,
            (at[1] + size[1]).saturating_sub(font.size as usize),
            font,
            ink,
            Align::Right,
        );
        canvas.text(
            &up.name,
            beside,
            (at[1] + size[1] / 2).saturating_sub(font.size as usize / 2),
            font,
            ink,
            Align::Right,
        );
        canvas.text(&short(up.ends.1), beside, at[1], font, ink, Align::Right);
        canvas
    }

    /// Background, title and bar.
    fn begin(&self, places: &Places, colours: &ColourMap, range: (f64, f64)) -> Canvas {
        let mut canvas = Canvas::filled(self.size[0], self.size[1], self.background);
        let ink = ink_on(self.background);
        let (title, font) = (Font::bold(places.letters * 1.25), Font::of(places.letters));
        let room = self.size[0].saturating_sub(2 * places.margin) as f32;
        let heading = title.shortened(&self.title, room);
        canvas.text(&heading, places.margin, places.margin, title, ink, Align::Left);
        let behind = places.margin as f32 * 1.8 + title.width(&heading);
        let subtitle = font.shortened(&self.subtitle, room + places.margin as f32 - behind);
        let baseline = places.margin + (places.letters * 0.2) as usize;
        canvas.text(&subtitle, behind as usize, baseline, font, ink, Align::Left);

        let [x, y, width, height] = places.bar;
        for row in 0..height {
            let s = 1.0 - row as f64 / (height.max(2) - 1) as f64;
            canvas.fill((x, y + row), (width, 1), colours.at(s));
        }
        canvas.frame((x, y), (width, height), ink);
        let place = |s: f64| y as f32 + (1.0 - s as f32) * height as f32;
        let letters = places.letters;
        for (value, s) in ticks(range) {
            let top = (place(s) - letters / 2.0).max(0.0) as usize;
            canvas.text(&short(value), x + width + (letters * 0.5) as usize, top, font, ink, Align::Left);
        }
        for mark in &self.marks {
            let s = crate::colour::position(*mark, range.0, range.1);
            if (0.0..=1.0).contains(&s) {
                let (from, to) = (x as f32 - letters * 0.45, (x + width) as f32 + letters * 0.3);
                canvas.line([from, place(s)], [to, place(s)], 2.0, ink, 1.0);
            }
        }
        let above = y.saturating_sub((letters * 1.7) as usize);
        let middle = (x + width / 2) as f32;
        let half = font.width(&self.quantity) / 2.0;
        let middle = middle.min(self.size[0] as f32 - half - letters * 0.4).max(half);
        canvas.text(&self.quantity, middle as usize, above, font, ink, Align::Centre);
        canvas
    }
}

/// The numbers beside a bar and where they stand, 0 to 1; one number where there is no range.
fn ticks((low, high): (f64, f64)) -> Vec<(f64, f64)> {
    if low == high {
        return vec![(low, 0.0)];
    }
    (0..=4).map(|i| f64::from(i) / 4.0).map(|s| (low * (1.0 - s) + high * s, s)).collect()
}
