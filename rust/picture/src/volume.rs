//! Values on a regular grid in a box, between whose points they are interpolated.

use rayon::prelude::*;

use crate::{Error, Result};

/// A point or direction in the order x, y, z.
pub type Vector = [f32; 3];

/// Values at the points of a grid. Its box is centred and its longest side is 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// C order: x, the last axis, fastest. NaN where there is no value.
    values: Vec<f32>,
    /// Points along x, y and z.
    count: [usize; 3],
    /// Half the length of the box along x, y and z.
    half: Vector,
}

impl Volume {
    /// A volume of `count` (z, y, x: slowest first) points that are `spacing` apart (same order). Where a spacing is negative,
    /// the first values lie at the far end.
    ///
    /// # Errors
    /// InvalidArgument if an axis has one point only, or if numbers do not fit each other.
    pub fn new(mut values: Vec<f32>, count: [usize; 3], spacing: [f64; 3]) -> Result<Volume> {
        if values.len() != count.iter().product::<usize>() || spacing.iter().any(|s| !s.is_finite() || *s == 0.0) {
            let n = values.len();
            return Err(Error::InvalidArgument(format!(
                "{n} values do not make a volume of {count:?}, {spacing:?} apart"
            )));
        }
        if count.iter().any(|n| *n < 2) {
            return Err(Error::InvalidArgument(format!(
                "a volume of {} x {} x {} points has no depth; draw a slice of it",
                count[0], count[1], count[2]
            )));
        }
        let inner = [count[1] * count[2], count[2], 1];
        for axis in (0..3).filter(|&a| spacing[a] < 0.0) {
            let line = count[axis] * inner[axis];
            values.par_chunks_mut(line).for_each(|block| {
                for i in 0..count[axis] / 2 {
                    let j = count[axis] - 1 - i;
                    (0..inner[axis]).for_each(|k| block.swap(i * inner[axis] + k, j * inner[axis] + k));
                }
            });
        }
        let lengths: [f64; 3] = std::array::from_fn(|a| (count[a] - 1) as f64 * spacing[a].abs());
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        let half = [2, 1, 0].map(|a| (lengths[a] / longest / 2.0) as f32);
        Ok(Volume { values, count: [count[2], count[1], count[0]], half })
    }

    /// Points along x, y and z.
    pub fn count(&self) -> [usize; 3] {
        self.count
    }

    /// Half the length of the box along x, y and z; the box is centred at the origin.
    pub fn half(&self) -> Vector {
        self.half
    }

    /// Smallest and largest finite value.
    pub fn range(&self) -> Option<(f64, f64)> {
        let all = (f32::INFINITY, f32::NEG_INFINITY);
        let (low, high) = self
            .values
            .par_iter()
            .filter(|v| v.is_finite())
            .fold(|| all, |(l, h), v| (l.min(*v), h.max(*v)))
            .reduce(|| all, |a, b| (a.0.min(b.0), a.1.max(b.1)));
        (low <= high).then_some((f64::from(low), f64::from(high)))
    }

    /// The value that splits the finite values into two classes best: the variance between them is largest (N. Otsu, 1979). None
    /// where all values are the same.
    pub fn split(&self) -> Option<f64> {
        const BINS: usize = 256;
        let (low, high) = self.range().filter(|(low, high)| low < high)?;
        let mut counts = [0f64; BINS];
        for v in self.values.iter().filter(|v| v.is_finite()) {
            let bin = (f64::from(*v) - low) / (high - low) * BINS as f64;
            counts[(bin as usize).min(BINS - 1)] += 1.0;
        }
        let total: f64 = counts.iter().sum();
        let sum: f64 = counts.iter().enumerate().map(|(i, n)| i as f64 * n).sum();
        let (mut below, mut sum_below, mut best) = (0.0, 0.0, (-1.0, 0));
        for (i, n) in counts[..BINS - 1].iter().enumerate() {
            below += n;
            sum_below += i as f64 * n;
            let apart = sum_below / f64::max(below, 1.0) - (sum - sum_below) / f64::max(total - below, 1.0);
            let variance = below * (total - below) * apart * apart;
            if variance > best.0 {
                best = (variance, i);
            }
        }
        Some(low + (high - low) * (best.1 + 1) as f64 / BINS as f64)
    }

    /// Distance of grid points along x, y and z.
    pub fn spacing(&self) -> Vector {
        std::array::from_fn(|a| 2.0 * self.half[a] / (self.count[a] - 1) as f32)
    }

    /// The value at a grid point (x, y, z).
    pub fn at(&self, [x, y, z]: [usize; 3]) -> f32 {
        self.values[(z * self.count[1] + y) * self.count[0] + x]
    }

    /// Fractional grid indices of a point of space.
    pub fn indices(&self, point: Vector) -> Vector {
        std::array::from_fn(|a| (point[a] + self.half[a]) / (2.0 * self.half[a]) * (self.count[a] - 1) as f32)
    }

    /// The value at fractional grid indices, trilinear; what lies outside has the value of the border.
    pub fn sample(&self, index: Vector) -> f32 {
        let (mut base, mut part) = ([0usize; 3], [0f32; 3]);
        for a in 0..3 {
            let i = index[a].clamp(0.0, (self.count[a] - 1) as f32);
            base[a] = (i as usize).min(self.count[a] - 2);
            part[a] = i - base[a] as f32;
        }
        let (row, plane) = (self.count[0], self.count[0] * self.count[1]);
        let first = base[2] * plane + base[1] * row + base[0];
        let v = &self.values[first..first + plane + row + 2];
        let mix = |a: f32, b: f32, s: f32| a + s * (b - a);
        let line = |i: usize| mix(v[i], v[i + 1], part[0]);
        let near = mix(line(0), line(row), part[1]);
        let far = mix(line(plane), line(plane + row), part[1]);
        mix(near, far, part[2])
    }

    /// The gradient in space at fractional grid indices, by differences over two grid steps.
    pub fn gradient(&self, index: Vector) -> Vector {
        let spacing = self.spacing();
        std::array::from_fn(|a| {
            let limit = (self.count[a] - 1) as f32;
            let (mut low, mut high) = (index, index);
            low[a] = (index[a] - 1.0).max(0.0);
            high[a] = (index[a] + 1.0).min(limit);
            (self.sample(high) - self.sample(low)) / ((high[a] - low[a]) * spacing[a])
        })
    }
}

/// Sum of products.
pub fn dot(a: Vector, b: Vector) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// The vector at right angles to both.
pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// `a + s b`
pub fn along(a: Vector, b: Vector, s: f32) -> Vector {
    std::array::from_fn(|i| a[i] + s * b[i])
}

/// The direction of a vector, whatever its length; zero for zero.
pub fn unit(a: Vector) -> Vector {
    // The squares of small and large numbers are none.
    let largest = a.into_iter().map(f32::abs).fold(0.0, f32::max);
    if largest == 0.0 || !largest.is_finite() {
        return [0.0; 3];
    }
    let a = a.map(|c| c / largest);
    let length = dot(a, a).sqrt();
    a.map(|c| c / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Volume {
        // 100 x + 10 y + z
        let value = |i: usize| (100 * (i % 4) + 10 * (i / 4 % 3) + i / 12) as f32;
        Volume::new((0..24).map(value).collect(), [2, 3, 4], [2.0, 1.0, 1.0]).unwrap()
    }

    #[test]
    fn linear_values_are_met_everywhere() {
        let v = ramp();
        assert_eq!(v.count(), [4, 3, 2]);
        assert_eq!(v.half(), [0.5, 1.0 / 3.0, 1.0 / 3.0]);
        assert!((v.sample([1.25, 0.5, 0.75]) - 130.75).abs() < 1e-4);
        assert_eq!(v.sample([-9.0, -9.0, -9.0]), 0.0);
        assert_eq!(v.sample([99.0, 99.0, 99.0]), 321.0);
        assert_eq!(v.indices([0.5, 0.0, -1.0 / 3.0]), [3.0, 1.0, 0.0]);
        let g = v.gradient([1.5, 1.0, 0.5]);
        assert!((g[0] - 300.0).abs() < 0.1 && (g[1] - 30.0).abs() < 0.1 && (g[2] - 1.5).abs() < 0.01, "{g:?}");
        assert_eq!(v.range(), Some((0.0, 321.0)));
    }

    #[test]
    fn falling_axes_are_turned() {
        let value = |i: usize| (100 * (i % 4) + 10 * (i / 4 % 3) + i / 12) as f32;
        let v = Volume::new((0..24).map(value).collect(), [2, 3, 4], [2.0, -1.0, 1.0]).unwrap();
        assert_eq!((v.at([0, 0, 0]), v.at([3, 2, 1])), (20.0, 301.0));
    }

    #[test]
    fn two_classes_are_split_between_them() {
        let values = (0..1000).map(|i| if i % 10 == 0 { 8.0 + (i % 7) as f32 * 0.1 } else { (i % 7) as f32 * 0.1 });
        let volume = Volume::new(values.collect(), [10; 3], [1.0; 3]).unwrap();
        let split = volume.split().unwrap();
        assert!((0.6..8.0).contains(&split), "{split}");
        assert_eq!(Volume::new(vec![3.0; 8], [2; 3], [1.0; 3]).unwrap().split(), None);
    }

    #[test]
    fn flat_volumes_are_refused() {
        let flat = Volume::new(vec![0.0; 4], [1, 2, 2], [1.0; 3]);
        assert!(flat.unwrap_err().to_string().contains("1 x 2 x 2"));
        assert!(Volume::new(vec![0.0; 4], [2, 2, 2], [1.0; 3]).is_err());
    }
}
