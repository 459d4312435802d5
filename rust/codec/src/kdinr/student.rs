//! The student ready to be evaluated.

use limbeck_field::{Extent, Region};
use rayon::prelude::*;

use super::block::CHUNK;
use super::coordinates::{AxisMap, Grid, scale, write};
use super::payload::BY_INDEX;
use super::stored::Stored;
use crate::{Error, Result, SegmentDecoder};

/// The step axis of a segment as a coordinate in [-1, 1].
#[derive(Clone, Debug)]
pub(crate) struct TimeMap {
    times: Vec<f64>,
}

impl TimeMap {
    /// By physical time where the times rise strictly and are finite, else by index. Returns the map and whether
    /// it is by index.
    pub fn choose(times: &[f64]) -> (TimeMap, bool) {
        let rising = times.windows(2).all(|w| w[0] < w[1]) && times.iter().all(|t| t.is_finite());
        let span = times.last().zip(times.first()).map_or(0.0, |(l, f)| l - f);
        let by_index = !rising || !span.is_finite();
        (TimeMap::new(times, by_index), by_index)
    }

    pub fn new(times: &[f64], by_index: bool) -> TimeMap {
        let times = if by_index { (0..times.len()).map(|i| i as f64).collect() } else { times.to_vec() };
        TimeMap { times }
    }

    /// Exactly: the time at a fractional index is a + (b - a) f, a and b the times of the steps around it and f the
    /// fraction; the coordinate is float(2 (t - first) / (last - first) - 1), in double precision, left to right,
    /// without fused multiply-add; 0 if there is one step only.
    pub fn map(&self, step: f64) -> f32 {
        let last = self.times.len().saturating_sub(1);
        if last == 0 {
            return 0.0;
        }
        let below = self.below(step);
        let (a, b) = (self.times[below], self.times[below + 1]);
        let t = a + (b - a) * (step - below as f64);
        (2.0 * (t - self.times[0]) / (self.times[last] - self.times[0]) - 1.0) as f32
    }

    /// The step before a fractional index, of those that have one behind them.
    fn below(&self, step: f64) -> usize {
        (step.max(0.0) as usize).min(self.times.len() - 2)
    }

    /// What the coordinate changes by from one step to the next; 0 if there is one step only.
    fn slope(&self, step: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        if last == 0 {
            return 0.0;
        }
        let below = self.below(step);
        2.0 * (self.times[below + 1] - self.times[below]) / (self.times[last] - self.times[0])
    }
}

/// A network over time and space.
pub(crate) struct Student {
    stored: Stored,
    extent: Extent,
    maps: Vec<AxisMap>,
    time: TimeMap,
}

impl Student {
    /// Over a box of the variable, which the coordinates are scaled to.
    pub fn new(stored: Stored, extent: &Extent, times: &[f64]) -> Student {
        let time = TimeMap::new(times, stored.flags & BY_INDEX != 0);
        Student { maps: AxisMap::of(extent, stored.folds), time, stored, extent: extent.clone() }
    }

    pub fn read(payload: &[u8], extent: &Extent, times: &[f64]) -> Result<Student> {
        Ok(Student::new(Stored::read(payload, extent.rank() + 1, None)?, extent, times))
    }
}

impl Student {
    /// The network's coordinates of a point: step in the segment, place.
    fn place(&self, point: &[f64], c: &mut [f32]) {
        c[0] = self.time.map(point[0]);
        write(&self.maps, &point[1..], &mut c[1..]);
    }
}

impl SegmentDecoder for Student {
    fn decode(&self, step: f64, region: &Region, out: &mut [f64]) -> Result<()> {
        region.check_inside(&self.extent).map_err(|e| Error::InvalidArgument(e.to_string()))?;
        if out.len() != region.len() {
            return Err(Error::InvalidArgument(format!("{} points into room for {}", region.len(), out.len())));
        }
        let (grid, time) = (Grid::new(&self.maps, region), self.time.map(step));
        out.par_chunks_mut(CHUNK).enumerate().try_for_each_init(
            || (self.stored.scratch(), Vec::new()),
            |(scratch, normalised), (chunk, out)| {
                let first = chunk * CHUNK;
                let coordinate = |i: usize, c: &mut [f32]| {
                    c[0] = time;
                    grid.write(first + i, c);
                };
                self.stored.evaluate(scratch, normalised, coordinate, out)
            },
        )
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        let axes = self.extent.rank() + 1;
        if points.len() != out.len() * axes {
            return Err(Error::InvalidArgument(format!("{} coordinates for {} points", points.len(), out.len())));
        }
        out.par_chunks_mut(CHUNK).zip(points.par_chunks(CHUNK * axes)).try_for_each_init(
            || (self.stored.scratch(), Vec::new()),
            |(scratch, normalised), (out, points)| {
                self.stored.evaluate(scratch, normalised, |i, c| self.place(&points[i * axes..], c), out)
            },
        )
    }

    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        let axes = self.extent.rank() + 1;
        let count = values.len();
        if points.len() != count * axes || derivatives.len() != points.len() {
            return Err(Error::InvalidArgument(format!("{} coordinates for {count} points", points.len())));
        }
        let chunks = values.par_chunks_mut(CHUNK).zip(derivatives.par_chunks_mut(CHUNK * axes));
        chunks.zip(points.par_chunks(CHUNK * axes)).try_for_each(|((values, derivatives), points)| {
            self.stored.differentiate(|i, c| self.place(&points[i * axes..], c), values, derivatives)?;
            for (point, d) in points.chunks_exact(axes).zip(derivatives.chunks_exact_mut(axes)) {
                d[0] *= self.time.slope(point[0]);
                scale(&self.maps, &point[1..], &mut d[1..]);
            }
            Ok(())
        })
    }

    fn description(&self) -> String {
        describe(&self.stored)
    }
}

/// "SIREN 96x3, 28417 parameters, 2 axes folded".
pub(crate) fn describe(stored: &Stored) -> String {
    use limbeck_network::Architecture::{KdInr, Residual, Siren};
    let architecture = stored.network.architecture();
    let (name, width, depth) = match *architecture {
        Siren { width, depth, .. } => ("SIREN", width, depth),
        Residual { width, depth, .. } => ("residual SIREN", width, depth),
        KdInr { width, depth, .. } => ("KD-INR", width, depth),
    };
    let folded = match stored.folds.axes() {
        0 => String::new(),
        1 => ", one axis folded".into(),
        n => format!(", {n} axes folded"),
    };
    format!("{name} {width}x{depth}, {} parameters{folded}", architecture.parameters())
}
