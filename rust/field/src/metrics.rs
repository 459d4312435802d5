//! How far decoded values are from the original ones. All in double precision.

use crate::volume::number_of;
use crate::{Error, Result};

/// Errors point by point. Points whose original is not finite are not compared; a decoded value that is not finite
/// where the original is counts as an infinite error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distortion {
    /// Number of values compared.
    pub count: u64,
    /// Mean of the squared errors; 0 if nothing was compared.
    pub mse: f64,
    /// Largest absolute error.
    pub max_error: f64,
    /// Smallest original value compared; +infinity if there are none.
    pub min: f64,
    /// Largest original value compared; -infinity if there are none.
    pub max: f64,
}

impl Distortion {
    /// Compares two sequences of values, point by point.
    ///
    /// # Errors
    /// `InvalidArgument` if they differ in length.
    pub fn measure(original: &[f64], decoded: &[f64]) -> Result<Distortion> {
        same_length(original, decoded)?;
        let mut d = Distortion { count: 0, mse: 0.0, max_error: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
        let mut squares = 0.0;
        for (a, b) in original.chunks(1024).zip(decoded.chunks(1024)) {
            // Partial sums keep the rounding of long sums small.
            let mut part = 0.0;
            for (&o, &r) in a.iter().zip(b).filter(|(o, _)| o.is_finite()) {
                let e = if r.is_finite() { (r - o).abs() } else { f64::INFINITY };
                d.count += 1;
                d.min = d.min.min(o);
                d.max = d.max.max(o);
                d.max_error = d.max_error.max(e);
                part += e * e;
            }
            squares += part;
        }
        if d.count > 0 {
            d.mse = squares / d.count as f64;
        }
        Ok(d)
    }

    /// Peak signal-to-noise ratio in dB, `20 log10(max - min) - 10 log10(mse)`: the peak is the range of the
    /// original values. +infinity if nothing differs.
    pub fn psnr(&self) -> f64 {
        if self.mse == 0.0 {
            return f64::INFINITY;
        }
        20.0 * (self.max - self.min).log10() - 10.0 * self.mse.log10()
    }
}

/// Values along the edge of an SSIM window.
const WINDOW: usize = 7;
const K1: f64 = 0.01;
const K2: f64 = 0.03;

/// Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) in one to three dimensions: the mean over all
/// windows that lie inside the block of
///
/// ```text
/// (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2)),   C1 = (0.01 L)^2, C2 = (0.03 L)^2
/// ```
///
/// with `mx`, `my` the means, `sx^2`, `sy^2` the variances and `sxy` the covariance (divided by the number of values)
/// of original and decoded values in the window. Windows are boxes of 7 values along each axis with equal weights; an
/// axis with fewer values has a window of its own length. `L` is `range`, or the range of the finite original values
/// if `None`.
///
/// Windows with an original that is not finite are left out; windows whose decoded values alone are not finite
/// (or are 1e100 ranges away) count 0. If no window remains the result is NaN. 1 means equal.
///
/// `count` is the shape, slowest axis first. Sums are taken axis by axis, one plane at a time: about 100 additions
/// per value whatever the rank, memory for a few planes, and none of the drift of running sums.
///
/// # Errors
/// `InvalidArgument` if the sizes do not fit or `range` is not a positive number.
pub fn ssim(original: &[f64], decoded: &[f64], count: &[usize], range: Option<f64>) -> Result<f64> {
    same_length(original, decoded)?;
    if count.is_empty() || count.len() > 3 || number_of(count) != original.len() || original.is_empty() {
        return Err(Error::InvalidArgument(format!("{} values are no block of {count:?}", original.len())));
    }
    if range.is_some_and(|l| !(l.is_finite() && l > 0.0)) {
        return Err(Error::InvalidArgument(format!("data range {range:?}: must be a positive number")));
    }
    let mut shape = [1; 3];
    shape[3 - count.len()..].copy_from_slice(count);
    let [nz, ny, nx] = shape;
    let window = shape.map(|n| n.min(WINDOW));
    let plane_windows = (ny - window[1] + 1) * (nx - window[2] + 1);

    let scaling = Scaling::of(original, range);
    let mut moments = Moments::new(ny * nx);
    // The last `window[0]` planes, each already summed over the windows within it.
    let mut ring: Vec<Vec<[f64; QUANTITIES]>> = vec![vec![[0.0; QUANTITIES]; plane_windows]; window[0]];
    let (mut sum, mut windows) = (0.0, 0u64);
    for z in 0..nz {
        let plane = z * ny * nx..(z + 1) * ny * nx;
        moments.of_plane(&original[plane.clone()], &decoded[plane], &scaling);
        moments.sum_windows([ny, nx], [window[1], window[2]], &mut ring[z % window[0]]);
        if z + 1 < window[0] {
            continue;
        }
        let mut plane_sum = 0.0;
        for w in 0..plane_windows {
            let mut total = [0.0; QUANTITIES];
            for planes in &ring {
                for (t, q) in total.iter_mut().zip(&planes[w]) {
                    *t += q;
                }
            }
            if let Some(s) = scaling.similarity(&total, window.iter().product::<usize>() as f64) {
                plane_sum += s;
                windows += 1;
            }
        }
        sum += plane_sum;
    }
    Ok(sum / windows as f64)
}

/// What is summed over a window: x, y, x^2, y^2, xy of the scaled values, and what is not finite.
const QUANTITIES: usize = 6;

/// Weight of a decoded value that is not finite; more than a window has values.
const BROKEN: f64 = 1024.0;

/// Values beyond this many ranges from the middle are as good as not finite: their squares would overflow.
const FAR: f64 = 1e100;

/// Values are moved to the middle of the range and divided by half of it, so that sums of squares neither overflow
/// nor cancel.
struct Scaling {
    shift: f64,
    unit: f64,
    /// What was taken away, in scaled units: it matters to the means. May be infinite.
    offset: f64,
    c1: f64,
    c2: f64,
}

impl Scaling {
    fn of(original: &[f64], range: Option<f64>) -> Scaling {
        let finite = || original.iter().copied().filter(|v| v.is_finite());
        let (min, max) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let shift = if min <= max { min / 2.0 + max / 2.0 } else { 0.0 };
        // Halves first, here and below: the difference of opposite extremes overflows.
        let unit = match range {
            Some(l) => l / 2.0,
            None if min < max => max / 2.0 - min / 2.0,
            // A constant original and no range to compare with: both constants vanish and any unit will do.
            None => return Scaling { shift, unit: 1.0, offset: shift, c1: 0.0, c2: 0.0 },
        };
        // Half of the smallest denormal is no number.
        let unit = unit.max(f64::from_bits(1));
        Scaling { shift, unit, offset: shift / unit, c1: (2.0 * K1).powi(2), c2: (2.0 * K2).powi(2) }
    }

    fn apply(&self, v: f64) -> f64 {
        (v / 2.0 - self.shift / 2.0) / self.unit * 2.0
    }

    /// SSIM of one window from its sums, None if its original is not all finite.
    fn similarity(&self, total: &[f64; QUANTITIES], n: f64) -> Option<f64> {
        let [x, y, xx, yy, xy, unfit] = *total;
        if unfit % BROKEN != 0.0 {
            return None;
        }
        if unfit != 0.0 {
            return Some(0.0);
        }
        let (mx, my) = (x / n, y / n);
        let (vx, vy, cov) = ((xx / n - mx * mx).max(0.0), (yy / n - my * my).max(0.0), xy / n - mx * my);
        let ratio = |a: f64, b: f64| if b == 0.0 { 1.0 } else { a / b };
        // 2ab = a^2 + b^2 - (a - b)^2: means of any size do not become a quotient of infinities.
        let apart = mx - my;
        let (mx, my) = (mx + self.offset, my + self.offset);
        let luminance = if apart == 0.0 { 1.0 } else { 1.0 - ratio(apart * apart, mx * mx + my * my + self.c1) };
        let structure = ratio(2.0 * cov + self.c2, vx + vy + self.c2);
        Some(luminance * structure)
    }
}

/// The quantities of one plane, and room for their sums along x.
struct Moments {
    plane: Vec<[f64; QUANTITIES]>,
    rows: Vec<[f64; QUANTITIES]>,
}

impl Moments {
    fn new(values: usize) -> Moments {
        Moments { plane: vec![[0.0; QUANTITIES]; values], rows: vec![[0.0; QUANTITIES]; values] }
    }

    fn of_plane(&mut self, original: &[f64], decoded: &[f64], scaling: &Scaling) {
        for ((q, &o), &d) in self.plane.iter_mut().zip(original).zip(decoded) {
            let (x, y) = (scaling.apply(o), scaling.apply(d));
            *q = if !o.is_finite() {
                [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
            } else if x.abs() < FAR && y.abs() < FAR {
                [x, y, x * x, y * y, x * y, 0.0]
            } else {
                [0.0, 0.0, 0.0, 0.0, 0.0, BROKEN]
            };
        }
    }

    /// Sums over all windows of the plane, first along x, then along y.
    fn sum_windows(&mut self, [ny, nx]: [usize; 2], [wy, wx]: [usize; 2], out: &mut [[f64; QUANTITIES]]) {
        let across = nx - wx + 1;
        for y in 0..ny {
            let row = &self.plane[y * nx..(y + 1) * nx];
            for (sum, window) in self.rows[y * across..].iter_mut().zip(row.windows(wx)) {
                *sum = add_up(window.iter());
            }
        }
        for y in 0..=ny - wy {
            for x in 0..across {
                out[y * across + x] = add_up(self.rows[y * across + x..].iter().step_by(across).take(wy));
            }
        }
    }
}

fn add_up<'a>(quantities: impl Iterator<Item = &'a [f64; QUANTITIES]>) -> [f64; QUANTITIES] {
    quantities.fold([0.0; QUANTITIES], |mut sum, q| {
        sum.iter_mut().zip(q).for_each(|(s, q)| *s += q);
        sum
    })
}

fn same_length(original: &[f64], decoded: &[f64]) -> Result<()> {
    if original.len() != decoded.len() {
        let (a, b) = (original.len(), decoded.len());
        return Err(Error::InvalidArgument(format!("{a} original values cannot be compared with {b} decoded ones")));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
