//! Index coordinates to the network's [-1, 1].

use limbeck_field::{Extent, Region};

/// Maps global index coordinates along one axis to [-1, 1].
///
/// Exactly: c = float(2 (i - offset) / (count - 1) - 1) in double precision, left to right, without fused
/// multiply-add, rounded to single; 0 on an axis of one value. Part of the decode arithmetic of the format.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AxisMap {
    offset: f64,
    count: usize,
}

impl AxisMap {
    /// One map per axis of a box, slowest first.
    pub fn of(extent: &Extent) -> Vec<AxisMap> {
        let axes = extent.offset.iter().zip(&extent.count);
        axes.map(|(&offset, &count)| AxisMap { offset: offset as f64, count }).collect()
    }

    /// One coordinate.
    pub fn map(&self, index: f64) -> f32 {
        if self.count <= 1 {
            return 0.0;
        }
        (2.0 * (index - self.offset) / (self.count - 1) as f64 - 1.0) as f32
    }
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

    /// Coordinates of the point with this linear index in the region, into the last entries of `out`.
    pub fn write(&self, mut linear: usize, out: &mut [f32]) {
        let first = out.len() - self.axes.len();
        for (axis, c) in self.axes.iter().zip(&mut out[first..]).rev() {
            *c = axis[linear % axis.len()];
            linear /= axis.len();
        }
    }
}
