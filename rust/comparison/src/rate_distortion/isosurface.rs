//! Isosurfaces as the points where they cross the edges of the grid, and how far two of them lie apart.
//!
//! Marching cubes puts its vertices exactly there; the triangles between them are not needed to tell surfaces apart.

use rstar::RTree;

/// A point in grid steps, in the order of the volume's axes.
type Point = [f64; 3];

/// The points of a surface, searchable.
pub struct Isosurface(RTree<Point>);

impl Isosurface {
    /// Where a volume (slowest axis first) has this value, linear along each edge of the grid.
    pub fn of(volume: &[f64], shape: [usize; 3], value: f64) -> Isosurface {
        Isosurface(RTree::bulk_load(crossings(volume, shape, value)))
    }

    /// Chamfer distance in grid steps: the mean distance from the points of one surface to the nearest of the other, both
    /// ways, and the mean of the two. NaN if one of them has no points.
    pub fn chamfer(&self, other: &Isosurface) -> f64 {
        0.5 * (self.mean_distance_to(other) + other.mean_distance_to(self))
    }

    fn mean_distance_to(&self, other: &Isosurface) -> f64 {
        let squared = |p: &Point, q: &Point| (0..3).map(|i| (p[i] - q[i]).powi(2)).sum::<f64>();
        let nearest = |p: &Point| other.0.nearest_neighbor(*p).map_or(f64::NAN, |q| squared(p, q).sqrt());
        self.0.iter().map(nearest).sum::<f64>() / self.0.size() as f64
    }
}

fn crossings(volume: &[f64], shape: [usize; 3], value: f64) -> Vec<Point> {
    let [nz, ny, nx] = shape;
    let strides = [ny * nx, nx, 1];
    let mut points = Vec::new();
    for z in 0..nz {
        for y in 0..ny {
            for x in 0..nx {
                let here = [z, y, x];
                let a = volume[z * strides[0] + y * strides[1] + x];
                for axis in (0..3).filter(|&i| here[i] + 1 < shape[i]) {
                    let b = volume[z * strides[0] + y * strides[1] + x + strides[axis]];
                    if (a < value) != (b < value) {
                        let mut point = here.map(|i| i as f64);
                        point[axis] += (value - a) / (b - a);
                        points.push(point);
                    }
                }
            }
        }
    }
    // Values that are not finite have no surface beside them.
    points.retain(|p| p.iter().all(|c| c.is_finite()));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [12, 14, 16];

    /// Values grow along an axis from `-from`.
    fn ramp(axis: usize, from: f64) -> Vec<f64> {
        let mut values = Vec::new();
        for z in 0..SHAPE[0] {
            for y in 0..SHAPE[1] {
                for x in 0..SHAPE[2] {
                    values.push([z, y, x][axis] as f64 - from);
                }
            }
        }
        values
    }

    #[test]
    fn a_plane_crosses_each_line_of_the_grid_once() {
        for axis in 0..3 {
            let points = crossings(&ramp(axis, 5.25), SHAPE, 0.0);
            assert_eq!(points.len(), SHAPE.iter().product::<usize>() / SHAPE[axis]);
            assert!(points.iter().all(|p| p[axis] == 5.25));
        }
    }

    #[test]
    fn the_distance_of_two_planes_is_that_between_them() {
        for axis in 0..3 {
            let a = Isosurface::of(&ramp(axis, 5.25), SHAPE, 0.0);
            let b = Isosurface::of(&ramp(axis, 5.75), SHAPE, 0.0);
            assert!((a.chamfer(&b) - 0.5).abs() < 1e-12);
            assert_eq!(a.chamfer(&a), 0.0);
        }
    }

    #[test]
    fn without_a_surface_there_is_no_distance() {
        let a = Isosurface::of(&ramp(0, 5.25), SHAPE, 0.0);
        let none = Isosurface::of(&ramp(0, 5.25), SHAPE, 100.0);
        assert!(a.chamfer(&none).is_nan() && none.chamfer(&a).is_nan());
    }
}
