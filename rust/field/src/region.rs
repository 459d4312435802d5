//! Walking a region through the values of a block.

use crate::{Error, Extent, Region, Result};

impl Region {
    /// Checks that the region is well formed and that all its points lie in `extent`.
    ///
    /// # Errors
    /// `InvalidArgument` that names the axis otherwise. A region without points lies in every box of its rank.
    pub fn check_inside(&self, extent: &Extent) -> Result<()> {
        let rank = extent.rank();
        if self.start.len() != rank || self.count.len() != rank || self.every.len() != rank {
            return Err(Error::InvalidArgument(format!(
                "a region of {} axes does not fit a variable of {rank}",
                self.start.len()
            )));
        }
        if let Some(axis) = self.every.iter().position(|&e| e == 0) {
            return Err(Error::InvalidArgument(format!("the distance between points along axis {axis} is 0")));
        }
        if self.count.contains(&0) {
            return Ok(());
        }
        for a in 0..rank {
            let reach = (self.count[a] - 1).checked_mul(self.every[a]);
            let last = reach.and_then(|r| self.start[a].checked_add(r));
            let inside = |i: usize| i.checked_sub(extent.offset[a]).is_some_and(|i| i < extent.count[a]);
            if !(inside(self.start[a]) && last.is_some_and(inside)) {
                return Err(Error::InvalidArgument(format!(
                    "axis {a} of the region ({} points from {} every {}) leaves the block ({} values from {})",
                    self.count[a], self.start[a], self.every[a], extent.count[a], extent.offset[a]
                )));
            }
        }
        Ok(())
    }

    /// Calls `row(first, out)` for each row of the region along the last axis, in C order: `first` is the linear
    /// index within the block `extent` of the row's first point (the next ones are `every` of the last axis apart),
    /// `out` the range of linear indices within the region that the row has.
    ///
    /// # Errors
    /// As [`Region::check_inside`], before the first call.
    pub fn for_each_row(&self, extent: &Extent, mut row: impl FnMut(usize, std::ops::Range<usize>)) -> Result<()> {
        self.check_inside(extent)?;
        let rank = extent.rank();
        if rank == 0 || self.is_empty() {
            return Ok(());
        }
        let n = self.count[rank - 1];
        let mut index = vec![0usize; rank];
        for at in (0..self.len()).step_by(n) {
            let first = (0..rank).fold(0, |linear, a| {
                linear * extent.count[a] + self.start[a] - extent.offset[a] + index[a] * self.every[a]
            });
            row(first, at..at + n);
            for a in (0..rank - 1).rev() {
                index[a] += 1;
                if index[a] < self.count[a] {
                    break;
                }
                index[a] = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axis() -> impl Strategy<Value = (usize, usize, usize, usize, usize)> {
        // offset and count of the block; start, count and distance of the region in it
        (0usize..50, 1usize..9).prop_flat_map(|(offset, n)| {
            (Just(offset), Just(n), 0..n, 1usize..4).prop_flat_map(move |(offset, n, s, every)| {
                let most = (n - 1 - s) / every + 1;
                (Just(offset), Just(n), Just(offset + s), 1..=most, Just(every))
            })
        })
    }

    proptest! {
        #[test]
        fn rows_visit_the_points_in_order(axes in prop::collection::vec(axis(), 1..4)) {
            let extent = Extent {
                offset: axes.iter().map(|a| a.0).collect(),
                count: axes.iter().map(|a| a.1).collect(),
            };
            let region = Region {
                start: axes.iter().map(|a| a.2).collect(),
                count: axes.iter().map(|a| a.3).collect(),
                every: axes.iter().map(|a| a.4).collect(),
            };
            let mut seen = Vec::new();
            let step = *region.every.last().unwrap();
            region.for_each_row(&extent, |first, out| {
                assert_eq!(out.start, seen.len());
                seen.extend(out.enumerate().map(|(k, _)| first + k * step));
            }).unwrap();
            let mut expected = Vec::new();
            for linear in 0..region.len() {
                let (mut rest, mut at, mut pitch) = (linear, 0, 1);
                for a in (0..axes.len()).rev() {
                    let i = region.start[a] + rest % region.count[a] * region.every[a] - extent.offset[a];
                    rest /= region.count[a];
                    at += i * pitch;
                    pitch *= extent.count[a];
                }
                expected.push(at);
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn outside_is_refused() {
        let extent = Extent { offset: vec![4, 8], count: vec![3, 5] };
        let region = |start: [usize; 2], count: [usize; 2], every: [usize; 2]| Region {
            start: start.to_vec(),
            count: count.to_vec(),
            every: every.to_vec(),
        };
        assert!(region([4, 8], [3, 5], [1, 1]).check_inside(&extent).is_ok());
        assert!(region([4, 8], [2, 3], [2, 2]).check_inside(&extent).is_ok());
        assert!(region([0, 0], [0, 5], [1, 1]).check_inside(&extent).is_ok());
        for bad in [
            region([3, 8], [1, 1], [1, 1]),
            region([4, 8], [4, 5], [1, 1]),
            region([4, 8], [3, 3], [1, 3]),
            region([4, 8], [1, 1], [0, 1]),
            region([7, 8], [1, 1], [1, 1]),
            region([4, 8], [1, usize::MAX], [1, usize::MAX]),
            Region { start: vec![4], count: vec![1], every: vec![1] },
        ] {
            assert!(bad.check_inside(&extent).is_err(), "{bad:?}");
            assert!(bad.for_each_row(&extent, |_, _| panic!("no row may be visited")).is_err());
        }
    }
}
