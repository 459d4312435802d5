//! What a ray through a volume meets: mist, surfaces, the largest value.

use rayon::prelude::*;

use crate::bricks::Bricks;
use crate::camera::{Ray, View};
use crate::colour::ColourMap;
use crate::opacity::Opacity;
use crate::volume::{Vector, Volume, along, dot, unit};

/// Red, green, blue, each multiplied by the last, the opacity; 0 to 1.
pub type Light = [f32; 4];

const NOTHING: Light = [0.0; 4];
/// What lies behind more than this is not seen.
const DENSE: f32 = 0.995;
/// Entries of the table of densities and colours.
const TABLE: usize = 1024;
/// How much neighbours may differ before a pixel is looked at more closely.
const EDGE: f32 = 0.05;
/// How much of white there is in the colour of a surface: shading needs some light to be seen in.
const PALE: f32 = 0.14;
/// Opacity of surfaces before the last one, seen at right angles.
const VEIL: f32 = 0.3;

/// What all rays share.
struct Marching<'a> {
    volume: &'a Volume,
    /// Distance between samples.
    step: f32,
    /// Grid steps per unit of length.
    scale: Vector,
    light: Vector,
}

impl<'a> Marching<'a> {
    fn new(volume: &'a Volume, view: &View, part: f32) -> Marching<'a> {
        let spacing = volume.spacing();
        let step = part * spacing.into_iter().fold(f32::INFINITY, f32::min);
        Marching { volume, step, scale: spacing.map(|s| 1.0 / s), light: view.light() }
    }

    /// Grid indices of a point on the ray.
    fn index(&self, ray: &Ray, t: f32) -> Vector {
        self.volume.indices(along(ray.origin, ray.direction, t))
    }

    /// The direction of the ray in grid steps.
    fn direction(&self, ray: &Ray) -> Vector {
        std::array::from_fn(|a| ray.direction[a] * self.scale[a])
    }

    /// The first sample at or behind `t`, and behind sample `i`: what is passed over moves no other sample.
    fn next(&self, i: u32, near: f32, t: f32) -> u32 {
        (((t - near) / self.step).ceil() as u32).max(i + 1)
    }

    /// A colour as lit where the values have this gradient, and the cosine of the angle to who looks; as it is where there is no
    /// gradient.
    fn lit(&self, colour: [f32; 3], gradient: Vector, ray: &Ray, ambient: f32) -> ([f32; 3], f32) {
        let normal = unit(gradient);
        let facing = -dot(normal, ray.direction);
        if !facing.is_finite() || dot(normal, normal) == 0.0 {
            return (colour, 1.0);
        }
        // Seen from either side.
        let normal = if facing < 0.0 { normal.map(|c| -c) } else { normal };
        // Most of the light comes from its source, some from who looks, so that nothing is black.
        let diffuse = 0.75 * dot(normal, self.light).max(0.0) + 0.25 * facing.abs();
        let between = unit(along(self.light, ray.direction, -1.0));
        let shine = 0.2 * dot(normal, between).max(0.0).powi(32);
        (colour.map(|c| (c * (ambient + (1.0 - ambient) * diffuse) + shine).min(1.0)), facing.abs())
    }
}

/// Adds what lies behind `front`.
fn behind(front: &mut Light, colour: [f32; 3], opacity: f32) {
    let part = (1.0 - front[3]) * opacity;
    (0..3).for_each(|i| front[i] += part * colour[i]);
    front[3] += part;
}

/// Densities and colours over the range of values, summed up from its lower end, so that what lies between the values of two
/// samples is known however thin a shell it is.
struct Transfer {
    /// Sums of red, green and blue times the density, and of the density.
    sums: Vec<[f64; 4]>,
    low: f32,
    /// Entries per unit of value.
    scale: f32,
}

impl Transfer {
    fn new(colours: &ColourMap, opacity: Opacity, range: (f64, f64)) -> Transfer {
        let mut sums = vec![[0.0; 4]];
        for i in 0..TABLE {
            let s = i as f64 / (TABLE - 1) as f64;
            let (depth, colour) = (f64::from(opacity.depth(s as f32)), colours.at(s).map(|c| f64::from(c) / 255.0));
            let before = sums[i];
            sums.push([0, 1, 2, 3].map(|c| before[c] + if c < 3 { depth * colour[c] } else { depth }));
        }
        let width = (range.1 - range.0) as f32;
        Transfer { sums, low: range.0 as f32, scale: if width > 0.0 { (TABLE - 1) as f32 / width } else { 0.0 } }
    }

    /// Entry of a value.
    fn entry(&self, value: f32) -> usize {
        ((value - self.low) * self.scale).round().clamp(0.0, (TABLE - 1) as f32) as usize
    }

    /// True if some value between these two has a density.
    fn shows(&self, low: f32, high: f32) -> bool {
        self.sums[self.entry(high) + 1][3] > self.sums[self.entry(low)][3]
    }

    /// Mean density of the values between these two, and their colour.
    fn between(&self, a: f32, b: f32) -> (f32, [f32; 3]) {
        let (a, b) = (self.entry(a), self.entry(b));
        let (low, high) = (self.sums[a.min(b)], self.sums[a.max(b) + 1]);
        let depth = high[3] - low[3];
        if depth <= 0.0 {
            return (0.0, [0.0; 3]);
        }
        ((depth / (a.abs_diff(b) + 1) as f64) as f32, [0, 1, 2].map(|c| ((high[c] - low[c]) / depth) as f32))
    }
}

/// Mist whose density follows the values.
pub fn mist(
    volume: &Volume,
    view: &View,
    size: [usize; 2],
    colours: &ColourMap,
    opacity: Opacity,
    range: (f64, f64),
) -> Vec<Light> {
    let transfer = Transfer::new(colours, opacity, range);
    let bricks = Bricks::new(volume, |low, high| transfer.shows(low, high));
    let march = Marching::new(volume, view, 0.5);
    image(view, size, |ray| {
        let Some((near, far)) = ray.within(volume.half()) else { return NOTHING };
        let direction = march.direction(&ray);
        let near = near + march.step / 2.0;
        let (mut seen, mut i, mut before) = (NOTHING, 0, f32::NAN);
        while seen[3] < DENSE {
            let t = near + i as f32 * march.step;
            if t >= far {
                break;
            }
            let index = march.index(&ray, t);
            if let Some(clear) = bricks.clear(index, direction) {
                i = march.next(i, near, t + clear);
                before = f32::NAN;
                continue;
            }
            let value = volume.sample(index);
            if value.is_finite() {
                let (depth, colour) = transfer.between(if before.is_finite() { before } else { value }, value);
                let opacity = 1.0 - (-depth * march.step).exp();
                if opacity > 0.004 {
                    behind(&mut seen, march.lit(colour, volume.gradient(index), &ray, 0.5).0, opacity);
                } else if opacity > 0.0 {
                    behind(&mut seen, colour, opacity);
                }
            }
            before = value;
            i += 1;
        }
        seen
    })
}

/// A surface through all points with a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surface {
    /// The value.
    pub value: f32,
    /// Its colour, 0 to 1.
    pub colour: [f32; 3],
    /// Opacity, seen at right angles.
    pub opacity: f32,
}

/// The surfaces of these values: the last one opaque, those before it as veils.
pub fn veils(values: &[f64], colours: &ColourMap, range: (f64, f64)) -> Vec<Surface> {
    let surface = |(i, v): (usize, &f64)| Surface {
        value: *v as f32,
        colour: colours.of(*v, range).map(|c| PALE + (1.0 - PALE) * f32::from(c) / 255.0),
        opacity: if i + 1 == values.len() { 1.0 } else { VEIL },
    };
    values.iter().enumerate().map(surface).collect()
}

/// Isosurfaces.
pub fn surfaces(volume: &Volume, view: &View, size: [usize; 2], surfaces: &[Surface]) -> Vec<Light> {
    let inside = |low: f32, high: f32| surfaces.iter().any(|s| low <= s.value && s.value <= high);
    let bricks = Bricks::new(volume, inside);
    let march = Marching::new(volume, view, 0.3);
    image(view, size, |ray| {
        let Some((near, far)) = ray.within(volume.half()) else { return NOTHING };
        let direction = march.direction(&ray);
        let (mut seen, mut i, mut before) = (NOTHING, 0, None);
        while seen[3] < DENSE {
            // The last sample lies where the ray leaves the box.
            let t = (near + i as f32 * march.step).min(far);
            let index = march.index(&ray, t);
            let value = volume.sample(index);
            if let Some((t0, v0)) = before {
                meet(&march, &ray, surfaces, (t0, v0), (t, value), &mut seen);
            }
            if t >= far {
                break;
            }
            before = Some((t, value));
            if let Some(clear) = bricks.clear(index, direction) {
                // On to where the brick ends, from where samples follow the lattice again.
                let exit = (t + clear).min(far);
                before = Some((exit, volume.sample(march.index(&ray, exit))));
                i = march.next(i, near, exit);
            } else {
                i += 1;
            }
        }
        seen
    })
}

/// Adds the surfaces between two samples of a ray, the nearest first.
fn meet(
    march: &Marching<'_>,
    ray: &Ray,
    surfaces: &[Surface],
    (t0, v0): (f32, f32),
    (t1, v1): (f32, f32),
    seen: &mut Light,
) {
    let crossed = |s: &&Surface| (v0 < s.value) != (v1 < s.value) && v0.is_finite() && v1.is_finite();
    let hit = |s: &Surface| {
        // Halved until the place is known to a thousandth of the step.
        let (mut a, mut b) = (t0, t1);
        for _ in 0..10 {
            let middle = (a + b) / 2.0;
            let same = (march.volume.sample(march.index(ray, middle)) < s.value) == (v0 < s.value);
            if same { a = middle } else { b = middle }
        }
        ((a + b) / 2.0, *s)
    };
    let mut hits: Vec<(f32, Surface)> = Vec::new();
    hits.extend(surfaces.iter().filter(crossed).map(hit));
    hits.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (t, surface) in hits {
        let gradient = march.volume.gradient(march.index(ray, t));
        let (colour, facing) = march.lit(surface.colour, gradient, ray, 0.38);
        // A veil is thicker where it is looked along.
        let opacity = match surface.opacity < 1.0 {
            true => 1.0 - (1.0 - surface.opacity).powf(1.0 / facing.max(0.12)),
            false => 1.0,
        };
        behind(seen, colour, opacity);
    }
}

/// The largest value along each ray.
pub fn maximum(volume: &Volume, view: &View, size: [usize; 2], colours: &ColourMap, range: (f64, f64)) -> Vec<Light> {
    let march = Marching::new(volume, view, 0.3);
    image(view, size, |ray| {
        let Some((near, far)) = ray.within(volume.half()) else { return NOTHING };
        let samples = ((far - near) / march.step) as u32;
        let values = (0..=samples).map(|i| volume.sample(march.index(&ray, near + i as f32 * march.step)));
        let largest = values.fold(f32::NEG_INFINITY, f32::max);
        match largest.is_finite() {
            true => {
                let [r, g, b] = colours.of(f64::from(largest), range).map(|c| f32::from(c) / 255.0);
                [r, g, b, 1.0]
            }
            false => NOTHING,
        }
    })
}

/// One ray per pixel, and four where its neighbours look different.
fn image(view: &View, size: [usize; 2], cast: impl Fn(Ray) -> Light + Sync) -> Vec<Light> {
    let [width, height] = size;
    let place = |i: usize, dx: f32, dy: f32| view.ray([(i % width) as f32 + dx, (i / width) as f32 + dy]);
    let coarse: Vec<Light> = (0..width * height).into_par_iter().map(|i| cast(place(i, 0.5, 0.5))).collect();
    let differs = |i: usize, j: usize| (0..4).any(|c| (coarse[i][c] - coarse[j][c]).abs() > EDGE);
    let fine = |i: usize| {
        let (x, y) = (i % width, i / width);
        let edge = (x > 0 && differs(i, i - 1))
            || (x + 1 < width && differs(i, i + 1))
            || (y > 0 && differs(i, i - width))
            || (y + 1 < height && differs(i, i + width));
        if !edge {
            return coarse[i];
        }
        let corners = [(0.375, 0.125), (0.875, 0.375), (0.625, 0.875), (0.125, 0.625)];
        corners.iter().fold(NOTHING, |sum, &(dx, dy)| {
            let one = cast(place(i, dx, dy));
            std::array::from_fn(|c| sum[c] + one[c] / 4.0)
        })
    };
    (0..width * height).into_par_iter().map(fine).collect()
}
