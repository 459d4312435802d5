//! The points of a slice, and which of them blocks have.

use limbeck_field::{Extent, Region};

/// Most points along a side of a picture; of larger slices only every nth point is decoded.
const SIDE: usize = 512;

/// The points of a picture, and where each stands in it.
pub(super) struct Plane {
    pub(super) region: Points,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The axes along rows and columns; of a variable with one axis, both are that.
    axes: (usize, usize),
    /// How far apart the points are.
    pub(super) every: usize,
}

/// Points of a whole variable: every nth along each axis, or one index.
pub(super) struct Points(Vec<Along>);

pub(super) enum Along {
    Every(usize),
    At(usize),
}

impl Plane {
    /// The slice of a variable of this shape at an index across an axis, where it has three.
    pub(super) fn new(shape: &[u64], axis: usize, index: usize) -> Plane {
        let rank = shape.len();
        let across = (rank == 3).then_some(axis);
        let axes: Vec<usize> = (0..rank).filter(|a| Some(*a) != across).collect();
        let size = |a: usize| shape[a] as usize;
        let longest = axes.iter().map(|&a| size(a)).max().unwrap_or(1);
        let every = longest.div_ceil(SIDE).max(1);
        let along = |a: usize| if Some(a) == across { Along::At(index) } else { Along::Every(every) };
        let region = Points((0..rank).map(along).collect());
        let columns = axes[axes.len() - 1];
        let rows = if axes.len() == 2 { size(axes[0]).div_ceil(every) } else { 1 };
        Plane { region, rows, columns: size(columns).div_ceil(every), axes: (axes[0], columns), every }
    }
}

impl Points {
    /// Those inside a box; None if there are none.
    pub(super) fn within(&self, extent: &Extent) -> Option<Region> {
        let mut region = Region { start: Vec::new(), count: Vec::new(), every: Vec::new() };
        for (along, (&offset, &count)) in self.0.iter().zip(extent.offset.iter().zip(&extent.count)) {
            let (start, points, every) = match *along {
                Along::At(index) => (index, usize::from((offset..offset + count).contains(&index)), 1),
                Along::Every(n) => {
                    let start = offset.div_ceil(n) * n;
                    (start, (offset + count).saturating_sub(start).div_ceil(n), n)
                }
            };
            if points == 0 {
                return None;
            }
            region.start.push(start);
            region.count.push(points);
            region.every.push(every);
        }
        Some(region)
    }
}

impl Plane {
    /// Puts the values of a region, C order, into those of the slice.
    pub(super) fn place(&self, region: &Region, values: &[f64], slice: &mut [f64]) {
        let (rows, columns) = self.axes;
        let at = |axis: usize| region.start[axis] / region.every[axis];
        let (width, first_row) = (region.count[columns], if rows == columns { 0 } else { at(rows) });
        for (r, row) in values.chunks(width).enumerate() {
            let begin = (first_row + r) * self.columns + at(columns);
            slice[begin..begin + width].copy_from_slice(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slice that blocks of a variable whose values are their own linear index make.
    fn seen(shape: &[u64], axis: usize, index: usize, blocks: &[Extent]) -> (usize, usize, Vec<f64>) {
        let plane = Plane::new(shape, axis, index);
        let mut slice = vec![-1.0; plane.rows * plane.columns];
        for block in blocks {
            let Some(region) = plane.region.within(block) else { continue };
            let mut values = Vec::new();
            for i in 0..region.len() {
                let mut rest = i;
                let mut point = vec![0; shape.len()];
                for a in (0..shape.len()).rev() {
                    point[a] = region.start[a] + rest % region.count[a] * region.every[a];
                    rest /= region.count[a];
                }
                values.push(point.iter().zip(shape).fold(0, |l, (p, n)| l * *n as usize + p) as f64);
            }
            plane.place(&region, &values, &mut slice);
        }
        (plane.rows, plane.columns, slice)
    }

    #[test]
    fn blocks_make_a_slice() {
        let halves = |shape: [usize; 3]| {
            let count = vec![shape[0], shape[1], 1];
            (0..shape[2]).map(|x| Extent { offset: vec![0, 0, x], count: count.clone() }).collect::<Vec<_>>()
        };
        let blocks = halves([2, 3, 4]);
        let of = |f: &dyn Fn(usize, usize) -> usize, rows: usize, columns: usize| {
            (0..rows * columns).map(|i| f(i / columns, i % columns) as f64).collect::<Vec<_>>()
        };
        assert_eq!(seen(&[2, 3, 4], 0, 1, &blocks), (3, 4, of(&|y, x| 12 + 4 * y + x, 3, 4)));
        assert_eq!(seen(&[2, 3, 4], 1, 2, &blocks), (2, 4, of(&|z, x| 12 * z + 8 + x, 2, 4)));
        assert_eq!(seen(&[2, 3, 4], 2, 3, &blocks), (2, 3, of(&|z, y| 12 * z + 4 * y + 3, 2, 3)));
        let gap = seen(&[2, 3, 4], 0, 0, &blocks[1..]).2;
        assert_eq!(gap[..4], [-1.0, 1.0, 2.0, 3.0], "what other ranks have is not seen");
    }

    #[test]
    fn fewer_axes_and_large_ones_have_a_slice_too() {
        let whole = |shape: &[usize]| [Extent { offset: vec![0; shape.len()], count: shape.to_vec() }];
        assert_eq!(seen(&[3], 0, 0, &whole(&[3])), (1, 3, vec![0.0, 1.0, 2.0]));
        assert_eq!(seen(&[2, 2], 0, 0, &whole(&[2, 2])), (2, 2, vec![0.0, 1.0, 2.0, 3.0]));
        let (rows, columns, values) = seen(&[2, 1100], 0, 0, &whole(&[2, 1100]));
        assert_eq!((rows, columns, values[1], values[366]), (1, 367, 3.0, 1098.0));
        // Blocks whose edges lie between the points.
        let cut = |offset: usize, n: usize| Extent { offset: vec![offset], count: vec![n] };
        let parts = [cut(0, 1), cut(1, 2), cut(3, 698), cut(701, 399)];
        assert_eq!(seen(&[1100], 0, 0, &parts), seen(&[1100], 0, 0, &whole(&[1100])));
    }
}
