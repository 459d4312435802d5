//! A two-dimensional cut through the values, and how large it is drawn.

use crate::colour::{ColourMap, Rgb};

/// Values of a slice, row by row; the first row is drawn at the bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Number of rows.
    pub rows: usize,
    /// Values in a row.
    pub columns: usize,
    /// `rows * columns` values.
    pub values: Vec<f64>,
}

/// Longest side of a drawn slice, in pixels.
const LONG: usize = 460;
/// Shortest side: long, narrow slices are stretched to it.
const SHORT: usize = 110;

/// Smallest and largest finite value.
pub fn range_of(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| v.is_finite()).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((v.min(low), v.max(high))),
    })
}

impl Slice {
    /// Smallest and largest finite value.
    pub fn range(&self) -> Option<(f64, f64)> {
        range_of(self.values.iter().copied())
    }

    /// The colours of the values from `low` to `high`, row by row as pictures have them: the last row of the slice first.
    pub fn pixels(&self, map: &ColourMap, low: f64, high: f64) -> Vec<Rgb> {
        let rows = self.values.chunks(self.columns.max(1)).rev();
        rows.flatten().map(|&v| map.of(v, (low, high))).collect()
    }

    /// Other minus this, value by value.
    pub fn difference(&self, other: &Slice) -> Slice {
        let values = self.values.iter().zip(&other.values).map(|(a, b)| b - a).collect();
        Slice { rows: self.rows, columns: self.columns, values }
    }

    /// The slice as large as it is to be drawn (columns and rows are pixels): small ones are magnified by whole
    /// numbers, so that every value is seen; large ones are averaged.
    pub fn magnified(&self) -> Slice {
        let shrink = self.rows.max(self.columns).div_ceil(LONG * 3 / 2);
        let small = if shrink > 1 { self.averaged([shrink; 2]) } else { self.clone() };
        let zoom = (LONG / small.rows.max(small.columns)).max(1);
        // Up to the common magnification an axis may be stretched on its own.
        let stretch = |n: usize| zoom.max(SHORT.div_ceil(n));
        let (down, across) = (stretch(small.rows), stretch(small.columns));
        let (rows, columns) = (small.rows * down, small.columns * across);
        let values = (0..rows * columns)
            .map(|i| small.values[i / columns / down * small.columns + i % columns / across])
            .collect();
        Slice { rows, columns, values }
    }

    /// The slice with this many rows and columns: values between are interpolated, and averaged where there are fewer rows
    /// or columns than values.
    pub fn resampled(&self, rows: usize, columns: usize) -> Slice {
        let shrink = [(self.rows / rows.max(1)).max(1), (self.columns / columns.max(1)).max(1)];
        let source = if shrink == [1, 1] { self.clone() } else { self.averaged(shrink) };
        let ends = |i: usize, n: usize, of: usize| {
            let at = ((i as f64 + 0.5) / n as f64 * of as f64 - 0.5).clamp(0.0, (of - 1) as f64);
            let low = (at as usize).min(of.saturating_sub(2));
            (low, (low + 1).min(of - 1), at - low as f64)
        };
        let value = |i: usize| {
            let (r0, r1, up) = ends(i / columns, rows, source.rows);
            let (c0, c1, right) = ends(i % columns, columns, source.columns);
            // What is no number stays as small as it is.
            let mix = |a: f64, b: f64, s: f64| match (a.is_finite() && b.is_finite(), s < 0.5) {
                (true, _) => a + s * (b - a),
                (false, true) => a,
                (false, false) => b,
            };
            let at = |r: usize, c: usize| source.values[r * source.columns + c];
            mix(mix(at(r0, c0), at(r0, c1), right), mix(at(r1, c0), at(r1, c1), right), up)
        };
        Slice { rows, columns, values: (0..rows * columns).map(value).collect() }
    }

    /// Means of rectangles of `down` x `across` values.
    fn averaged(&self, [down, across]: [usize; 2]) -> Slice {
        let (rows, columns) = (self.rows.div_ceil(down), self.columns.div_ceil(across));
        let mean = |row: usize, column: usize| {
            let (mut sum, mut n) = (0.0, 0u32);
            for r in row * down..((row + 1) * down).min(self.rows) {
                for c in column * across..((column + 1) * across).min(self.columns) {
                    sum += self.values[r * self.columns + c];
                    n += 1;
                }
            }
            sum / f64::from(n)
        };
        Slice { rows, columns, values: (0..rows * columns).map(|i| mean(i / columns, i % columns)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(rows: usize, columns: usize) -> Slice {
        Slice { rows, columns, values: (0..rows * columns).map(|i| i as f64).collect() }
    }

    #[test]
    fn small_slices_are_magnified_evenly() {
        let big = ramp(64, 64).magnified();
        assert_eq!((big.rows, big.columns), (448, 448));
        assert_eq!(big.values[6], 0.0);
        assert_eq!(big.values[7], 1.0);
        assert_eq!(big.values[7 * 448], 64.0);
    }

    #[test]
    fn large_slices_are_averaged() {
        let small = ramp(2000, 1000).magnified();
        assert_eq!((small.rows, small.columns), (667, 334));
        assert_eq!(small.values[0], (0.0 + 1.0 + 2.0 + 1000.0 + 1001.0 + 1002.0 + 2000.0 + 2001.0 + 2002.0) / 9.0);
    }

    #[test]
    fn slices_are_resampled_to_any_size() {
        let s = ramp(2, 3).resampled(4, 6);
        assert_eq!((s.rows, s.columns), (4, 6));
        assert_eq!(s.values[..6], [0.0, 0.25, 0.75, 1.25, 1.75, 2.0]);
        assert_eq!(s.values[18..], [3.0, 3.25, 3.75, 4.25, 4.75, 5.0]);
        let small = ramp(100, 100).resampled(10, 10);
        assert_eq!(small.values[0], 454.5, "the mean of the first ten rows and columns");
        let hole = Slice { rows: 1, columns: 2, values: vec![f64::NAN, 1.0] }.resampled(1, 4);
        assert!(hole.values[..2].iter().all(|v| v.is_nan()) && hole.values[2..] == [1.0, 1.0]);
    }

    #[test]
    fn narrow_slices_are_stretched() {
        let s = ramp(3, 400).magnified();
        assert!(s.rows >= SHORT && s.columns == 400, "{} {}", s.rows, s.columns);
    }

    #[test]
    fn pictures_begin_at_their_top() {
        let map = ColourMap::sequential();
        let pixels = ramp(2, 2).pixels(&map, 0.0, 3.0);
        assert_eq!(pixels, [2.0, 3.0, 0.0, 1.0].map(|v| map.at(v / 3.0)));
        assert_eq!(ramp(1, 1).pixels(&map, 0.0, 0.0), [map.at(0.0)]);
    }

    #[test]
    fn ranges_ignore_what_is_not_finite() {
        let s = Slice { rows: 1, columns: 4, values: vec![f64::NAN, 2.0, f64::INFINITY, -1.0] };
        assert_eq!(s.range(), Some((-1.0, 2.0)));
        assert_eq!(Slice { values: vec![f64::NAN; 4], ..s }.range(), None);
    }
}
