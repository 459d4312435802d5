//! From the coordinates that points are given in to indices.

use limbeck_archive::VariableDescription;

use crate::coordinates::{Clock, Space, axis_limits, axis_slope, axis_to_index};
use crate::dataset::Dataset;
use crate::outside::Outside;
use crate::{Error, Result};

/// A point in indices: fractional step, fractional place, and the grid point nearest to it.
#[derive(Default)]
pub(crate) struct Point {
    pub(crate) t: f64,
    pub(crate) place: Vec<f64>,
    pub(crate) node: Vec<usize>,
}

/// Finds points of one variable.
pub(crate) struct Locator<'a> {
    variable: &'a VariableDescription,
    shape: &'a [usize],
    /// Indices of the steps that the variable can be read at.
    pub(crate) readable: Vec<u64>,
    clock: Option<Clock>,
    outside: Outside,
}

impl Locator<'_> {
    pub(crate) fn new(data: &Dataset, variable: usize, space: Space, outside: Outside) -> Result<Locator<'_>> {
        let clock = if space == Space::Physical { Some(Clock::new(&data.steps)?) } else { None };
        let (description, shape) = (&data.run.variables[variable], data.variables[variable].shape.as_slice());
        Ok(Locator { variable: description, shape, readable: data.readable(variable), clock, outside })
    }

    /// Puts a point into `point`; false for one that lies outside and has no value. `number` is for messages.
    pub(crate) fn locate(&self, number: usize, given: &[f64], point: &mut Point) -> Result<bool> {
        let refused =
            |what: String| Error::InvalidArgument(format!("point {number} of \"{}\": {what}", self.variable.name));
        let (first, last) = self.ends()?;
        let t = self.clock.as_ref().map_or(given[0], |clock| match self.outside {
            Outside::Clamp => clock.index(clock.nearest(given[0])),
            Outside::Error | Outside::Nan => clock.index(given[0]),
        });
        let t = self.outside.settle(t, first as f64, last as f64);
        point.t = t.ok_or_else(|| {
            refused(match self.clock.as_ref().map(Clock::span) {
                Some((begin, end)) => format!("time {} is outside the times {begin} to {end} of the steps", given[0]),
                None => format!("step index {} is outside the steps {first} to {last}", given[0]),
            })
        })?;
        point.place.clear();
        point.node.clear();
        for (a, (&x, &n)) in given[1..].iter().zip(self.shape).enumerate() {
            let axis = self.variable.axes.get(a).filter(|_| self.clock.is_some());
            let index = match axis_to_index(axis, x) {
                // The one plane of an axis is the nearest to any coordinate.
                index if index.is_nan() && !x.is_nan() && self.outside == Outside::Clamp => 0.0,
                index => index,
            };
            let index = self.outside.settle(index, -0.5, n as f64 - 0.5).ok_or_else(|| {
                let (low, high) = axis_limits(axis, n);
                refused(format!("coordinate {x} along axis {a} is outside its {n} grid points ({low} to {high})"))
            })?;
            point.place.push(index);
            point.node.push(((index + 0.5).floor().max(0.0) as usize).min(n - 1));
        }
        Ok(!point.t.is_nan() && point.place.iter().all(|i| !i.is_nan()))
    }

    /// The first and the last step that can be read.
    fn ends(&self) -> Result<(u64, u64)> {
        self.readable
            .first()
            .copied()
            .zip(self.readable.last().copied())
            .ok_or_else(|| Error::InvalidArgument(format!("\"{}\" has no step that can be read", self.variable.name)))
    }

    /// Smallest and largest of each coordinate that a point may have: time, then the axes, slowest first.
    pub(crate) fn limits(&self) -> Result<Vec<(f64, f64)>> {
        let (first, last) = self.ends()?;
        let time = self.clock.as_ref().map_or((first as f64, last as f64), Clock::span);
        let axis = |a: usize| self.variable.axes.get(a).filter(|_| self.clock.is_some());
        let axes = self.shape.iter().enumerate().map(|(a, &n)| axis_limits(axis(a), n));
        Ok(std::iter::once(time).chain(axes).collect())
    }

    /// The steps before and behind a fractional step index, as positions in [`Locator::readable`]: the same one twice where the
    /// index is that of a step.
    pub(crate) fn around(&self, t: f64) -> (usize, usize) {
        let after = self.readable.partition_point(|&s| s as f64 <= t);
        let low = after - 1;
        (low, if self.readable[low] as f64 == t { low } else { after })
    }

    /// Two steps, as [`Locator::around`], that tell how values change at a fractional step index: at a step that one and the next,
    /// at the last the one before and that. One step alone tells nothing, and comes twice.
    pub(crate) fn along(&self, t: f64) -> (usize, usize) {
        match self.around(t) {
            (low, high) if low != high => (low, high),
            (step, _) if step + 1 < self.readable.len() => (step, step + 1),
            (step, _) => (step.saturating_sub(1), step),
        }
    }

    /// Derivatives by indices, at a point as it was given, to those by its coordinates.
    pub(crate) fn to_coordinates(&self, given: &[f64], derivatives: &mut [f64]) {
        let Some(clock) = &self.clock else { return };
        derivatives[0] *= clock.slope(given[0]);
        for (a, (d, &x)) in derivatives[1..].iter_mut().zip(&given[1..]).enumerate() {
            *d *= axis_slope(self.variable.axes.get(a), x);
        }
    }
}
