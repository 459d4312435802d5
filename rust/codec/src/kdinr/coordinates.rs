//! Index coordinates to the network's [-1, 1].

use limbeck_field::{Extent, Region};

/// A mirror that one half of an axis is the image of the other in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fold {
    #[default]
    None,
    /// In the middle between the first and the last of n points: i and n - 1 - i are the same.
    Centre,
    /// In the first point, on a periodic axis: i and n - i are the same.
    First,
}

/// Mirror symmetries of a box: two bits for each axis, the slowest lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folds(pub u8);

impl Folds {
    pub fn of(self, axis: usize) -> Fold {
        match self.0 >> (2 * axis) & 3 {
            1 => Fold::Centre,
            2 => Fold::First,
            _ => Fold::None,
        }
    }

    /// With a mirror on an axis that has none.
    pub fn with(self, axis: usize, fold: Fold) -> Folds {
        Folds(self.0 | (fold as u8) << (2 * axis))
    }

    pub fn any(self) -> bool {
        self.0 != 0
    }

    /// Number of axes that have one.
    pub fn axes(self) -> usize {
        (0..4).filter(|a| self.0 >> (2 * a) & 3 != 0).count()
    }

    /// Whether these are folds of so many axes.
    pub fn are_of(self, axes: usize) -> bool {
        (0..4).all(|a| match self.0 >> (2 * a) & 3 {
            0 => true,
            bits => a < axes && bits < 3,
        })
    }
}

/// Maps global index coordinates along one axis to [-1, 1].
///
/// Exactly, with j = i - offset: c = float(2 j / (count - 1) - 1) in double precision, left to right, without fused multiply-add,
/// rounded to single; 0 on an axis of one value. On a folded axis j first becomes min(j, count - 1 - j), and c =
/// float(4 j / (count - 1) - 1), or min(|j|, |count - j|), and c = float(4 j / count - 1): one half of the axis is all
/// there is. Part of the decode arithmetic of the format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AxisMap {
    offset: f64,
    count: usize,
    fold: Fold,
}

impl AxisMap {
    /// One map per axis of a box, slowest first.
    pub fn of(extent: &Extent, folds: Folds) -> Vec<AxisMap> {
        let axes = extent.offset.iter().zip(&extent.count).enumerate();
        axes.map(|(a, (&offset, &count))| AxisMap { offset: offset as f64, count, fold: folds.of(a) }).collect()
    }

    /// One coordinate.
    pub fn map(&self, index: f64) -> f32 {
        if self.count <= 1 {
            return 0.0;
        }
        let (j, count) = (index - self.offset, self.count as f64);
        let last = (self.count - 1) as f64;
        (match self.fold {
            Fold::None => 2.0 * j / last - 1.0,
            Fold::Centre => 4.0 * j.min(last - j) / last - 1.0,
            Fold::First => 4.0 * j.abs().min((count - j).abs()) / count - 1.0,
        }) as f32
    }

    /// What the coordinate changes by from one index to the next; 0 on an axis of one value.
    pub fn slope(&self, index: f64) -> f64 {
        let Some((factor, _)) = self.linear() else { return 0.0 };
        let (j, count) = (index - self.offset, self.count as f64);
        let falls = match self.fold {
            Fold::None => false,
            Fold::Centre => j > count - 1.0 - j,
            Fold::First => (j.abs() <= (count - j).abs()) == (j < 0.0),
        };
        if falls { -factor } else { factor }
    }

    /// The image of a grid point, as a global index; the point itself without a mirror.
    pub fn mirror(&self, index: usize) -> usize {
        let (offset, n) = (self.offset as usize, self.count);
        match self.fold {
            Fold::None => index,
            Fold::Centre => 2 * offset + n - 1 - index,
            Fold::First => offset + (n - (index - offset)) % n,
        }
    }

    /// Factor and summand from j to the coordinate, where j is in the half that is kept; None on an axis of one value.
    pub fn linear(&self) -> Option<(f64, f64)> {
        let (count, last) = (self.count as f64, self.count.saturating_sub(1) as f64);
        let factor = match self.fold {
            Fold::None => 2.0 / last,
            Fold::Centre => 4.0 / last,
            Fold::First => 4.0 / count,
        };
        (self.count > 1).then_some((factor, -1.0))
    }

    pub fn offset(&self) -> f64 {
        self.offset
    }
}

/// The network's coordinates of a point.
pub(crate) fn write(maps: &[AxisMap], point: &[f64], out: &mut [f32]) {
    for ((c, map), p) in out.iter_mut().zip(maps).zip(point) {
        *c = map.map(*p);
    }
}

/// Derivatives by the network's coordinates to those by indices; both n x axes, axis fastest.
pub(crate) fn scale(maps: &[AxisMap], points: &[f64], derivatives: &mut [f64]) {
    let axes = points.iter().zip(maps.iter().cycle());
    derivatives.iter_mut().zip(axes).for_each(|(d, (p, map))| *d *= map.slope(*p));
}

/// The coordinates of a region's grid points, tabulated per axis.
pub(crate) struct Grid {
    axes: Vec<Vec<f32>>,
}

impl Grid {
    pub fn new(maps: &[AxisMap], region: &Region) -> Grid {
        let axis = |(a, map): (usize, &AxisMap)| -> Vec<f32> {
            (0..region.count[a]).map(|i| map.map((region.start[a] + i * region.every[a]) as f64)).collect()
        };
        Grid { axes: maps.iter().enumerate().map(axis).collect() }
    }

    /// Coordinates along each axis, slowest first.
    pub fn axes(&self) -> &[Vec<f32>] {
        &self.axes
    }

    /// Coordinates of the point with this linear index in the region, into the last entries of `out`.
    pub fn write(&self, mut linear: usize, out: &mut [f32]) {
        let first = out.len() - self.axes.len();
        for (axis, c) in self.axes.iter().zip(&mut out[first..]).rev() {
            *c = axis[linear % axis.len()];
            linear /= axis.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_map() {
        let extent = Extent { offset: vec![7], count: vec![10] };
        for fold in [Fold::None, Fold::Centre, Fold::First] {
            let map = AxisMap::of(&extent, Folds::default().with(0, fold))[0];
            for i in 0..40 {
                // Half a cell beyond the ends as well, and never on a mirror.
                let at = 6.55 + 0.25 * f64::from(i);
                let difference = f64::from(map.map(at + 0.01) - map.map(at - 0.01)) / 0.02;
                assert!((map.slope(at) - difference).abs() < 1e-4, "{fold:?} at {at}: {difference}");
            }
        }
        let flat = AxisMap::of(&Extent { offset: vec![0], count: vec![1] }, Folds::default())[0];
        assert_eq!(flat.slope(0.0), 0.0);
    }
}
