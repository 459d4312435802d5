//! Regions cut by boxes, and regions cut into slabs.

use limbeck_field::{Extent, Region};

/// The points of a region that lie in a box, and where they stand in the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// The points, as a region of their own.
    pub(crate) region: Region,
    /// Position of the first of them in the region, in points along each axis.
    pub(crate) at: Vec<usize>,
}

/// None if no point of the region lies in the box.
pub(crate) fn cut(region: &Region, extent: &Extent) -> Option<Cut> {
    let mut cut = Cut { region: region.clone(), at: vec![0; extent.rank()] };
    for a in 0..extent.rank() {
        let (start, every) = (region.start[a], region.every[a]);
        let end = extent.offset[a] + extent.count[a];
        let first = extent.offset[a].saturating_sub(start).div_ceil(every);
        let beyond = end.saturating_sub(start).div_ceil(every).min(region.count[a]);
        if first >= beyond {
            return None;
        }
        cut.at[a] = first;
        cut.region.start[a] = start + first * every;
        cut.region.count[a] = beyond - first;
    }
    Some(cut)
}

/// True if all points of `inner` are points of `outer`; both are cuts of one region.
pub(crate) fn within(inner: &Cut, outer: &Cut) -> bool {
    (0..inner.at.len()).all(|a| {
        inner.at[a] >= outer.at[a] && inner.at[a] + inner.region.count[a] <= outer.at[a] + outer.region.count[a]
    })
}

/// Copies the values of a cut to their places in the values of the region it was cut from.
pub(crate) fn place(values: &[f64], cut: &Cut, region: &Region, out: &mut [f64]) {
    let rank = cut.at.len();
    let n = cut.region.count[rank - 1];
    let mut index = vec![0; rank];
    for row in values.chunks_exact(n) {
        let linear = (0..rank).fold(0, |l, a| l * region.count[a] + cut.at[a] + index[a]);
        out[linear..linear + n].copy_from_slice(row);
        for a in (0..rank - 1).rev() {
            index[a] += 1;
            if index[a] < cut.region.count[a] {
                break;
            }
            index[a] = 0;
        }
    }
}

/// Cuts a region into slabs of at most about `points` points that follow each other in C order.
pub(crate) fn slabs(region: &Region, points: usize) -> Vec<Region> {
    let rank = region.count.len();
    if region.is_empty() {
        return Vec::new();
    }
    // Everything inside axis `a` goes into one slab; along `a` as much as fits.
    let inner = |a: usize| region.count[a + 1..].iter().product::<usize>();
    let axis = (0..rank).find(|&a| inner(a) <= points).unwrap_or(rank - 1);
    let thick = (points / inner(axis)).max(1);
    let outer: usize = region.count[..axis].iter().product();
    let mut slabs = Vec::new();
    for o in 0..outer {
        let mut slab = region.clone();
        let mut rest = o;
        for a in (0..axis).rev() {
            slab.start[a] += rest % region.count[a] * region.every[a];
            slab.count[a] = 1;
            rest /= region.count[a];
        }
        for first in (0..region.count[axis]).step_by(thick) {
            let mut slab = slab.clone();
            slab.start[axis] += first * region.every[axis];
            slab.count[axis] = thick.min(region.count[axis] - first);
            slabs.push(slab);
        }
    }
    slabs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(r: &Region) -> Vec<Vec<usize>> {
        (0..r.len())
            .map(|mut linear| {
                let mut p = vec![0; r.count.len()];
                for a in (0..p.len()).rev() {
                    p[a] = r.start[a] + linear % r.count[a] * r.every[a];
                    linear /= r.count[a];
                }
                p
            })
            .collect()
    }

    fn region() -> Region {
        Region { start: vec![1, 0, 2], count: vec![3, 4, 5], every: vec![2, 3, 1] }
    }

    #[test]
    fn slabs_follow_each_other() {
        for limit in [1, 2, 5, 7, 20, 21, 1000] {
            let joined: Vec<_> = slabs(&region(), limit).iter().flat_map(points).collect();
            assert_eq!(joined, points(&region()), "limit {limit}");
            assert!(slabs(&region(), limit).iter().all(|s| s.len() <= limit.max(1)));
        }
    }

    #[test]
    fn cuts_hold_exactly_the_points_inside() {
        for offset in [[0, 0, 0], [1, 1, 1], [2, 4, 3], [6, 10, 7]] {
            for count in [[1, 1, 1], [4, 4, 4], [9, 20, 9]] {
                let extent = Extent { offset: offset.to_vec(), count: count.to_vec() };
                let expected: Vec<_> = points(&region()).into_iter().filter(|p| extent.contains(p)).collect();
                match cut(&region(), &extent) {
                    None => assert!(expected.is_empty()),
                    Some(c) => {
                        assert_eq!(points(&c.region), expected);
                        let mut out = vec![0.0; region().len()];
                        place(&vec![1.0; c.region.len()], &c, &region(), &mut out);
                        for (p, v) in points(&region()).iter().zip(out) {
                            assert_eq!(v == 1.0, extent.contains(p));
                        }
                    }
                }
            }
        }
    }
}
