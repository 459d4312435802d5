//! What becomes of points that lie outside the data.

use crate::locate::Locator;
use crate::{Dataset, Result, Space};

/// What becomes of points outside the steps that can be read, or more than half a cell outside the grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// They are refused; the error names the first of them.
    #[default]
    Error,
    /// The nearest point that can be read is read instead: the first or last step, the border of the outermost cells.
    Clamp,
    /// Their value is NaN.
    Nan,
}

impl Outside {
    /// The index to read at where `index` is wanted and `low` to `high` can be read: NaN for nowhere, None if the point
    /// is to be refused. A coordinate that is no number is inside nothing, and near to nothing.
    pub(crate) fn settle(self, index: f64, low: f64, high: f64) -> Option<f64> {
        match self {
            _ if (low..=high).contains(&index) => Some(index),
            Outside::Clamp if !index.is_nan() => Some(index.clamp(low, high)),
            Outside::Nan => Some(f64::NAN),
            Outside::Error | Outside::Clamp => None,
        }
    }
}

/// A coordinate that lies outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stray {
    /// Number of its point.
    pub point: usize,
    /// Which of the point's coordinates it is: 0 the time, then the axes, slowest first.
    pub coordinate: usize,
    /// The coordinate.
    pub value: f64,
    /// Smallest coordinate that is inside.
    pub low: f64,
    /// Largest coordinate that is inside.
    pub high: f64,
}

impl Dataset {
    /// The first coordinate that [`Outside::Error`] refuses among points as [`Dataset::sample`] takes them; None if all lie
    /// inside. Evaluates nothing.
    ///
    /// # Errors
    /// As [`Dataset::sample`], but for points outside.
    pub fn first_outside(&self, variable: &str, points: &[f64], space: Space) -> Result<Option<Stray>> {
        let v = self.variable_index(variable)?;
        let limits = Locator::new(self, v, space, Outside::Error)?.limits()?;
        let mut coordinates = points.iter().enumerate().map(|(i, &value)| {
            let (low, high) = limits[i % limits.len()];
            Stray { point: i / limits.len(), coordinate: i % limits.len(), value, low, high }
        });
        Ok(coordinates.find(|c| !(c.low..=c.high).contains(&c.value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_settled() {
        let settle = |outside: Outside, index| outside.settle(index, -0.5, 3.5);
        for outside in [Outside::Error, Outside::Clamp, Outside::Nan] {
            assert_eq!([-0.5, 2.0, 3.5].map(|i| settle(outside, i)), [Some(-0.5), Some(2.0), Some(3.5)]);
        }
        assert_eq!(settle(Outside::Error, 3.6), None);
        assert_eq!(settle(Outside::Clamp, 3.6), Some(3.5));
        assert_eq!(settle(Outside::Clamp, f64::NEG_INFINITY), Some(-0.5));
        assert!(settle(Outside::Nan, -1.0).is_some_and(f64::is_nan));
        assert_eq!(settle(Outside::Clamp, f64::NAN), None);
        assert!(settle(Outside::Nan, f64::NAN).is_some_and(f64::is_nan));
    }
}
