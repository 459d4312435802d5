//! Smallest and largest values of small boxes, so that rays pass over those that show nothing.

use rayon::prelude::*;

use crate::volume::{Vector, Volume};

/// Cells along each side of a brick.
const SIDE: usize = 8;

/// The bricks of a volume, those that show something marked.
pub struct Bricks {
    count: [usize; 3],
    active: Vec<bool>,
}

impl Bricks {
    /// Marks the bricks whose finite values, from the smallest to the largest, `shows` is true for. Bricks without a finite
    /// value show nothing.
    pub fn new(volume: &Volume, shows: impl Fn(f32, f32) -> bool + Sync) -> Bricks {
        let points = volume.count();
        let count = points.map(|n| (n - 1).div_ceil(SIDE));
        let active = (0..count.iter().product::<usize>())
            .into_par_iter()
            .map(|i| {
                let brick = [i % count[0], i / count[0] % count[1], i / count[0] / count[1]];
                let range = |a: usize| brick[a] * SIDE..((brick[a] + 1) * SIDE).min(points[a] - 1) + 1;
                let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
                for z in range(2) {
                    for y in range(1) {
                        for v in range(0).map(|x| volume.at([x, y, z])).filter(|v| v.is_finite()) {
                            (low, high) = (low.min(v), high.max(v));
                        }
                    }
                }
                low <= high && shows(low, high)
            })
            .collect();
        Bricks { count, active }
    }

    /// None where something may be seen at these fractional grid indices; elsewhere how far it is to where this changes, in
    /// units of `direction` (grid steps).
    pub fn clear(&self, index: Vector, direction: Vector) -> Option<f32> {
        let brick: [usize; 3] =
            std::array::from_fn(|a| ((index[a].max(0.0) / SIDE as f32) as usize).min(self.count[a] - 1));
        if self.active[(brick[2] * self.count[1] + brick[1]) * self.count[0] + brick[0]] {
            return None;
        }
        let exit = |a: usize| match direction[a] {
            d if d > 0.0 => (((brick[a] + 1) * SIDE) as f32 - index[a]) / d,
            d if d < 0.0 => ((brick[a] * SIDE) as f32 - index[a]) / d,
            _ => f32::INFINITY,
        };
        Some(exit(0).min(exit(1)).min(exit(2)).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bricks_without_the_value_are_passed_over() {
        let values: Vec<f32> = (0..20 * 20 * 20).map(|i| (i % 20) as f32).collect();
        let volume = Volume::new(values, [20; 3], [1.0; 3]).unwrap();
        let bricks = Bricks::new(&volume, |low, high| low <= 12.0 && 12.0 <= high);
        assert_eq!(bricks.count, [3; 3]);
        assert_eq!(bricks.clear([2.0, 3.0, 3.0], [1.0, 0.0, 0.0]), Some(6.0));
        assert_eq!(bricks.clear([9.0, 3.0, 3.0], [1.0, 0.0, 0.0]), None);
        assert_eq!(bricks.clear([18.0, 4.0, 4.0], [-1.0, 0.0, 1.0]), Some(2.0));
        let nothing = Volume::new(vec![f32::NAN; 8], [2; 3], [1.0; 3]).unwrap();
        assert!(Bricks::new(&nothing, |_, _| true).clear([0.5; 3], [1.0, 0.0, 0.0]).is_some());
    }
}
