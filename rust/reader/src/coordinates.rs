//! Between physical coordinates and indices.

use limbeck_archive::{Axis, Coordinates};

use crate::dataset::{State, Step};
use crate::{Error, Result};

/// What the coordinates of a point are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Space {
    /// Fractional indices: step index first, then global grid indices, slowest axis first.
    #[default]
    Index,
    /// Physical time first, then coordinates along the variable's axes, slowest first; axes without coordinates count
    /// in indices.
    Physical,
}

/// The fractional grid index of a coordinate.
pub(crate) fn axis_to_index(axis: Option<&Axis>, x: f64) -> f64 {
    match axis.map(|a| &a.coordinates) {
        None | Some(Coordinates::Index) => x,
        Some(Coordinates::Uniform { origin, spacing }) => (x - origin) / spacing,
        Some(Coordinates::Explicit(values)) => between(values, x),
    }
}

/// What [`axis_to_index`] changes by per unit of the coordinate, at `x`; on a grid point that of the cell behind it. 0 on an axis
/// of one plane.
pub(crate) fn axis_slope(axis: Option<&Axis>, x: f64) -> f64 {
    match axis.map(|a| &a.coordinates) {
        None | Some(Coordinates::Index) => 1.0,
        Some(Coordinates::Uniform { spacing, .. }) => 1.0 / spacing,
        Some(Coordinates::Explicit(values)) if values.len() == 1 => 0.0,
        Some(Coordinates::Explicit(values)) => {
            let i = cell(values, x);
            1.0 / (values[i + 1] - values[i])
        }
    }
}

/// The coordinate at a fractional grid index: what [`axis_to_index`] makes of it is that index.
fn index_to_axis(axis: Option<&Axis>, index: f64) -> f64 {
    match axis.map(|a| &a.coordinates) {
        None | Some(Coordinates::Index) => index,
        Some(Coordinates::Uniform { origin, spacing }) => origin + index * spacing,
        Some(Coordinates::Explicit(values)) if values.len() == 1 => values[0],
        Some(Coordinates::Explicit(values)) => {
            let i = (index.max(0.0) as usize).min(values.len() - 2);
            values[i] + (index - i as f64) * (values[i + 1] - values[i])
        }
    }
}

/// The smallest and the largest coordinate on an axis of `n` points with the half cells at its ends.
pub(crate) fn axis_limits(axis: Option<&Axis>, n: usize) -> (f64, f64) {
    let [one, other] = [-0.5, n as f64 - 0.5].map(|index| index_to_axis(axis, index));
    (one.min(other), one.max(other))
}

/// The fractional position of `x` in a strictly monotone list; beyond its ends as its first or last gap goes on.
fn between(values: &[f64], x: f64) -> f64 {
    let n = values.len();
    if n == 1 {
        // One plane has no extent of its own.
        return if x == values[0] { 0.0 } else { f64::NAN };
    }
    let i = cell(values, x);
    i as f64 + (x - values[i]) / (values[i + 1] - values[i])
}

/// The gap that `x` lies in, of a strictly monotone list of two and more, the first or last if it is beyond them.
fn cell(values: &[f64], x: f64) -> usize {
    let n = values.len();
    let rising = values[0] < values[n - 1];
    let after = values.partition_point(|&v| if rising { v <= x } else { v >= x });
    after.clamp(1, n - 1) - 1
}

/// The times of the steps that can be read, for looking up fractional step indices.
pub(crate) struct Clock {
    indices: Vec<f64>,
    times: Vec<f64>,
}

impl Clock {
    /// Errors: InvalidArgument if times do not rise, so that no step can be told from a time.
    pub(crate) fn new(steps: &[Step]) -> Result<Clock> {
        let known = || steps.iter().filter(|s| !matches!(s.state, State::Missing(_)));
        let clock =
            Clock { indices: known().map(|s| s.index as f64).collect(), times: known().map(|s| s.time).collect() };
        match clock.times.windows(2).find(|w| w[0] >= w[1]) {
            None => Ok(clock),
            Some(w) => Err(Error::InvalidArgument(format!(
                "times of this run do not rise ({} is followed by {}): give step indices instead",
                w[0], w[1]
            ))),
        }
    }

    /// The first and the last time; NaN if there are none.
    pub(crate) fn span(&self) -> (f64, f64) {
        (self.times.first().copied().unwrap_or(f64::NAN), self.times.last().copied().unwrap_or(f64::NAN))
    }

    /// The time of the run that is nearest to this one.
    pub(crate) fn nearest(&self, time: f64) -> f64 {
        match (self.times.first(), self.times.last()) {
            (Some(&first), Some(&last)) => time.clamp(first, last),
            _ => time,
        }
    }

    /// The fractional step index of a time; NaN if it is not within the run.
    pub(crate) fn index(&self, time: f64) -> f64 {
        let n = self.times.len();
        if n == 0 || !(self.times[0]..=self.times[n - 1]).contains(&time) {
            return f64::NAN;
        }
        if n == 1 {
            return self.indices[0];
        }
        let position = between(&self.times, time);
        let i = (position as usize).min(n - 2);
        self.indices[i] + (position - i as f64) * (self.indices[i + 1] - self.indices[i])
    }

    /// What [`Clock::index`] changes by per unit of time; at a step that of the time behind it, 0 if there is one step only.
    pub(crate) fn slope(&self, time: f64) -> f64 {
        if self.times.len() < 2 {
            return 0.0;
        }
        let i = cell(&self.times, time);
        (self.indices[i + 1] - self.indices[i]) / (self.times[i + 1] - self.times[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_become_indices() {
        let axis = |coordinates| Axis { coordinates, ..Axis::default() };
        assert_eq!(axis_to_index(None, 2.5), 2.5);
        assert_eq!(axis_to_index(Some(&axis(Coordinates::Uniform { origin: 1.0, spacing: -0.5 })), 0.0), 2.0);
        let rising = axis(Coordinates::Explicit(vec![0.0, 1.0, 3.0]));
        let found = [-0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0].map(|x| axis_to_index(Some(&rising), x));
        assert_eq!(found, [-0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5]);
        let falling = axis(Coordinates::Explicit(vec![3.0, 1.0, 0.0]));
        assert_eq!([4.0, 3.0, 2.0, 0.5, 0.0].map(|x| axis_to_index(Some(&falling), x)), [-0.5, 0.0, 0.5, 1.5, 2.0]);
        assert!(axis_to_index(Some(&rising), f64::NAN).is_nan());
        let even = axis(Coordinates::Uniform { origin: 1.0, spacing: -0.5 });
        for index in [-0.5, 0.0, 0.25, 1.0, 1.5, 2.0, 2.5] {
            for axis in [None, Some(&rising), Some(&falling), Some(&even)] {
                assert_eq!(axis_to_index(axis, index_to_axis(axis, index)), index);
            }
        }
        assert_eq!(index_to_axis(Some(&axis(Coordinates::Explicit(vec![7.0]))), 0.5), 7.0);
    }

    #[test]
    fn limits_have_half_cells() {
        let axis = |coordinates| Axis { coordinates, ..Axis::default() };
        let rising = axis(Coordinates::Explicit(vec![0.0, 1.0, 3.0]));
        let falling = axis(Coordinates::Explicit(vec![3.0, 1.0, 0.0]));
        assert_eq!([axis_limits(Some(&rising), 3), axis_limits(Some(&falling), 3)], [(-0.5, 4.0); 2]);
        assert_eq!(axis_limits(None, 3), (-0.5, 2.5));
        let uniform = axis(Coordinates::Uniform { origin: 1.0, spacing: -0.5 });
        assert_eq!(axis_limits(Some(&uniform), 3), (-0.25, 1.25));
        assert_eq!(axis_limits(Some(&axis(Coordinates::Explicit(vec![7.0]))), 1), (7.0, 7.0));
    }

    #[test]
    fn times_skip_steps_that_are_missing() {
        let step = |index, time, state| Step { index, cycle: 0, time, state };
        let gone = || State::Missing("dropped".into());
        let steps = [
            step(0, 1.0, State::Present),
            step(1, 1.7, gone()),
            step(2, 2.0, State::Present),
            step(3, 4.0, State::Present),
        ];
        let clock = Clock::new(&steps).unwrap();
        assert_eq!([1.0, 1.5, 2.0, 3.0, 4.0].map(|t| clock.index(t)), [0.0, 1.0, 2.0, 2.5, 3.0]);
        assert!(clock.index(0.9).is_nan() && clock.index(4.1).is_nan() && clock.index(f64::NAN).is_nan());
        assert_eq!([0.5, 3.0, 9.0].map(|t| clock.nearest(t)), [1.0, 3.0, 4.0]);
        assert!(Clock::new(&[step(0, 1.0, State::Present), step(1, 1.0, State::Present)]).is_err());
    }
}
