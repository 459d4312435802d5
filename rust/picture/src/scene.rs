//! A volume in its box, as a camera sees it.

use crate::camera::{Camera, View, corner};
use crate::canvas::Canvas;
use crate::cast::{self, Light};
use crate::colour::{ColourMap, Rgb};
use crate::font::{Align, Font};
use crate::opacity::Opacity;
use crate::volume::{Vector, Volume};
use crate::{Error, Result};

/// What of the values is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    /// Mist, denser where the course of opacity is larger.
    Volume(Opacity),
    /// The surfaces of these values: the last one opaque, those before it as veils.
    Isosurface(Vec<f64>),
    /// The largest value along each ray.
    Maximum,
}

/// How a volume is drawn.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What of it.
    pub mode: Mode,
    /// From where.
    pub camera: Camera,
    /// In which colours.
    pub colours: ColourMap,
    /// Values of the first and the last colour.
    pub range: (f64, f64),
    /// What lies behind.
    pub background: Rgb,
    /// Names of the axes x, y and z, written beside the box; no names if they are empty.
    pub axes: [String; 3],
}

impl Scene {
    /// The picture, of `size` pixels (across, down), its letters `letters` pixels high.
    ///
    /// # Errors
    /// InvalidArgument for cameras that see nothing.
    pub fn draw(&self, volume: &Volume, size: [usize; 2], letters: f32) -> Result<Canvas> {
        self.camera.check()?;
        if size.contains(&0) {
            return Err(Error::InvalidArgument(format!("there is no room for a picture of {} x {}", size[0], size[1])));
        }
        let view = self.camera.view(volume.half(), size);
        let seen = match &self.mode {
            Mode::Volume(opacity) => cast::mist(volume, &view, size, &self.colours, *opacity, self.range),
            Mode::Isosurface(values) => {
                cast::surfaces(volume, &view, size, &cast::veils(values, &self.colours, self.range))
            }
            Mode::Maximum => cast::maximum(volume, &view, size, &self.colours, self.range),
        };
        let mut canvas = Canvas::filled(size[0], size[1], self.background);
        let frame = Frame { view, half: volume.half(), colour: self.ink() };
        frame.edges(&mut canvas, false);
        cover(&mut canvas, &seen);
        frame.edges(&mut canvas, true);
        frame.names(&mut canvas, &self.axes, Font::of(letters));
        Ok(canvas)
    }

    /// A colour that can be read on the background.
    fn ink(&self) -> Rgb {
        ink_on(self.background)
    }
}

/// Dark on light, light on dark.
pub fn ink_on(background: Rgb) -> Rgb {
    let [r, g, b] = background.map(u32::from);
    if 2 * r + 5 * g + b > 8 * 128 { [40, 42, 50] } else { [222, 224, 230] }
}

/// Lays what rays met over a picture.
fn cover(canvas: &mut Canvas, seen: &[Light]) {
    for (i, light) in seen.iter().enumerate().filter(|(_, l)| l[3] > 0.0) {
        let (x, y) = (i % canvas.width, i / canvas.width);
        let colour = [0, 1, 2].map(|c| (255.0 * light[c] / light[3]).round().clamp(0.0, 255.0) as u8);
        canvas.blend(x as i32, y as i32, colour, light[3]);
    }
}

/// The edges of the box.
struct Frame {
    view: View,
    half: Vector,
    colour: Rgb,
}

impl Frame {
    /// Whether the two sides that meet in the edge along `axis` at corner `i` are turned to the camera.
    fn sides(&self, axis: usize, i: usize) -> [bool; 2] {
        [1, 2].map(|k| {
            let other = (axis + k) % 3;
            let mut normal = [0.0; 3];
            normal[other] = if i >> other & 1 == 1 { 1.0 } else { -1.0 };
            self.view.sees(corner(self.half, i), normal)
        })
    }

    /// All edges: axis and the corner at its lower end.
    fn all() -> impl Iterator<Item = (usize, usize)> {
        (0..3).flat_map(|axis| (0..8).filter(move |i| i >> axis & 1 == 0).map(move |i| (axis, i)))
    }

    fn ends(&self, axis: usize, i: usize) -> [[f32; 2]; 2] {
        [i, i | 1 << axis].map(|c| self.view.pixel(corner(self.half, c)))
    }

    /// Draws the edges before everything in the box, or those behind it.
    fn edges(&self, canvas: &mut Canvas, front: bool) {
        for (axis, i) in Frame::all() {
            let visible = self.sides(axis, i).contains(&true);
            if visible == front {
                let [a, b] = self.ends(axis, i);
                canvas.line(a, b, 1.2, self.colour, if front { 0.55 } else { 0.3 });
            }
        }
    }

    /// Writes the name of each axis beside an edge of the outline: the lowest for x and y, the leftmost for z.
    fn names(&self, canvas: &mut Canvas, names: &[String; 3], font: Font) {
        let middle = self.view.pixel([0.0; 3]);
        for axis in (0..3).filter(|&a| !names[a].is_empty()) {
            let outline = Frame::all().filter(|&(a, i)| a == axis && self.sides(a, i)[0] != self.sides(a, i)[1]);
            let centre = |(a, i): (usize, usize)| {
                let [p, q] = self.ends(a, i);
                [(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0]
            };
            let weight = |p: [f32; 2]| if axis == 2 { -p[0] } else { p[1] };
            let Some(at) = outline.map(centre).max_by(|p, q| weight(*p).total_cmp(&weight(*q))) else { continue };
            let away = [at[0] - middle[0], at[1] - middle[1]];
            let length = away[0].hypot(away[1]).max(1.0);
            let gap = font.size * 0.8 + font.width(&names[axis]) / 2.0 * (away[0] / length).abs();
            let x = (at[0] + gap * away[0] / length).clamp(font.width(&names[axis]) / 2.0, canvas.width as f32);
            let y = at[1] + gap * away[1] / length - font.size / 2.0;
            let y = y.clamp(0.0, canvas.height as f32 - font.size);
            canvas.text(&names[axis], x as usize, y as usize, font, self.colour, Align::Centre);
        }
    }
}

#[cfg(test)]
mod tests;
