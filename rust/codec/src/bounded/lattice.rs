//! The order in which the values of a block are predicted, and from what: from a coarse lattice of points to a fine one.
//!
//! A level with stride `s` knows the points whose indices are all multiples of `2s`, and adds those whose indices are
//! multiples of `s`. They fall into classes by the axes along which their index is an odd multiple. A point that is odd along
//! several axes lies between known points along each of them, once the classes with one odd axis less are known; so
//! classes go by their number of odd axes, and a point is predicted along all of them (as HPEZ does, Liu et al. 2024).

/// Blocks have at most so many axes; those with fewer are taken as having one value along the leading ones.
pub(super) const AXES: usize = 3;

/// The shape of a block.
pub(super) struct Lattice {
    /// Values along each axis, slowest first.
    pub(super) count: [usize; AXES],
    pub(super) pitch: [usize; AXES],
}

/// The points of one level that are odd along the same axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Class {
    /// The stride is two to this power.
    pub(super) level: u32,
    pub(super) odd: [bool; AXES],
}

/// A point of a class, and where it is between its neighbours.
pub(super) struct Point {
    pub(super) at: usize,
    /// Whether there are neighbours at -3, +1 and +3 strides along each axis. There is always one at -1 along odd axes.
    pub(super) beside: [Beside; AXES],
    /// Whether there is a point of the same class before it (at -2 strides), along each axis.
    pub(super) before: [bool; AXES],
}

#[derive(Clone, Copy, Default)]
pub(super) struct Beside {
    pub(super) minus_three: bool,
    pub(super) plus_one: bool,
    pub(super) plus_three: bool,
}

impl Class {
    pub(super) fn stride(&self) -> usize {
        1 << self.level
    }
}

impl Lattice {
    pub(super) fn new(shape: &[usize]) -> Lattice {
        let mut count = [1; AXES];
        count[AXES - shape.len()..].copy_from_slice(shape);
        Lattice { count, pitch: [count[1] * count[2], count[2], 1] }
    }

    pub(super) fn len(&self) -> usize {
        self.count.iter().product()
    }

    /// The classes that have points, in the order in which they are coded. The point 0 is in none.
    pub(super) fn classes(&self) -> Vec<Class> {
        let longest = self.count.iter().max().copied().unwrap_or(1);
        let levels = (1..usize::BITS).take_while(|&l| longest > 1 << (l - 1)).last().unwrap_or(0);
        let mut classes = Vec::new();
        for level in (0..levels).rev() {
            for odd_axes in 1..=AXES {
                for bits in (1..1usize << AXES).filter(|b| b.count_ones() as usize == odd_axes) {
                    let odd: [bool; AXES] = std::array::from_fn(|a| bits >> a & 1 == 1);
                    if (0..AXES).all(|a| !odd[a] || self.count[a] > 1 << level) {
                        classes.push(Class { level, odd });
                    }
                }
            }
        }
        classes
    }

    /// All points of a class in C order.
    pub(super) fn for_each(&self, class: Class, mut visit: impl FnMut(Point)) {
        let s = class.stride();
        let indices = |a: usize| (if class.odd[a] { s } else { 0 }..self.count[a]).step_by(2 * s);
        let beside = |a: usize, i: usize| match class.odd[a] {
            true => Beside {
                minus_three: i >= 3 * s,
                plus_one: i + s < self.count[a],
                plus_three: i + 3 * s < self.count[a],
            },
            false => Beside::default(),
        };
        for z in indices(0) {
            for y in indices(1) {
                let (of_z, of_y) = (beside(0, z), beside(1, y));
                let row = z * self.pitch[0] + y * self.pitch[1];
                for x in indices(2) {
                    visit(Point {
                        at: row + x,
                        beside: [of_z, of_y, beside(2, x)],
                        before: [z >= 2 * s, y >= 2 * s, x >= 2 * s],
                    });
                }
            }
        }
    }
}

/// Interpolation along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    /// A straight line between the two nearest.
    Linear,
    /// A cubic through the four nearest.
    Cubic,
}

/// The value in the middle by its neighbours along an axis, at -3, -1, +1 and +3 times `step`. At a border the polynomial goes
/// through those that there are. A sum in this order without fused operations: part of the format.
pub(super) fn along(known: &[f64], at: usize, step: usize, beside: Beside, curve: Curve) -> f64 {
    let below = known[at - step];
    if !beside.plus_one {
        return if beside.minus_three { 1.5 * below - 0.5 * known[at - 3 * step] } else { below };
    }
    let above = known[at + step];
    match (curve, beside.minus_three, beside.plus_three) {
        (Curve::Linear, ..) | (_, false, false) => 0.5 * (below + above),
        (_, true, true) => 0.5625 * (below + above) - 0.0625 * (known[at - 3 * step] + known[at + 3 * step]),
        (_, true, false) => 0.75 * below + 0.375 * above - 0.125 * known[at - 3 * step],
        (_, false, true) => 0.375 * below + 0.75 * above - 0.125 * known[at + 3 * step],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_but_the_first_is_visited_once_behind_its_neighbours() {
        for shape in [vec![1], vec![2], vec![17], vec![1, 5], vec![8, 3], vec![5, 1, 9], vec![4, 7, 6], vec![9, 9, 9]] {
            let lattice = Lattice::new(&shape);
            let mut seen = vec![false; lattice.len()];
            seen[0] = true;
            for class in lattice.classes() {
                let mut new = Vec::new();
                lattice.for_each(class, |p| {
                    assert!(!seen[p.at], "{shape:?}");
                    for a in (0..AXES).filter(|&a| class.odd[a]) {
                        let step = class.stride() * lattice.pitch[a];
                        let b = p.beside[a];
                        assert!(seen[p.at - step]);
                        assert!(!b.plus_one || seen[p.at + step]);
                        assert!(!b.minus_three || seen[p.at - 3 * step]);
                        assert!(!b.plus_three || seen[p.at + 3 * step]);
                    }
                    new.push(p.at);
                });
                new.into_iter().for_each(|i| seen[i] = true);
            }
            assert!(seen.iter().all(|s| *s), "{shape:?}");
        }
    }

    #[test]
    fn cubics_are_met() {
        let f = |x: f64| 1.0 + x * (2.0 - x * (0.3 - 0.1 * x));
        let known: Vec<f64> = (0..16).map(|i| f(f64::from(i))).collect();
        let all = Beside { minus_three: true, plus_one: true, plus_three: true };
        assert!((along(&known, 7, 2, all, Curve::Cubic) - known[7]).abs() < 1e-12);
        let line: Vec<f64> = (0..16).map(|i| 3.0 * f64::from(i)).collect();
        for (minus_three, plus_one, plus_three) in
            [(true, true, true), (true, true, false), (false, true, true), (false, true, false), (true, false, false)]
        {
            let beside = Beside { minus_three, plus_one, plus_three };
            for curve in [Curve::Linear, Curve::Cubic] {
                assert!((along(&line, 7, 2, beside, curve) - 21.0).abs() < 1e-12);
            }
        }
    }
}
