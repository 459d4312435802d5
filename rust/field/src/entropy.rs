//! Where in a block something happens: entropy of small cells, equations 1 and 2 of the KD-INR paper
//! (Han, Zheng, Bi, IEEE TVCG).

use crate::volume::number_of;
use crate::{Error, Result};

/// Entropy of the 4^d cells of a block. Cells at the upper edges are smaller where an axis is no multiple of 4.
#[derive(Clone, Debug, PartialEq)]
pub struct CellEntropy {
    /// Values along each axis of the block, slowest first.
    pub count: Vec<usize>,
    /// Cells along each axis, slowest first.
    pub cells: Vec<usize>,
    /// Entropy of each cell in bits, C order of the cells (last axis fastest).
    pub entropy: Vec<f32>,
}

/// The values of one cell: a box in the index space of the block. Axes beyond the block's rank have one value and
/// come first, so the last entry is always the fast axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// First index along each axis, counted within the block.
    pub start: [usize; 3],
    /// Values along each axis, 1 to 4.
    pub count: [usize; 3],
}

impl CellEntropy {
    /// Values along the edge of a cell.
    pub const EDGE: usize = 4;

    /// Bins of the histograms unless told otherwise. The paper does not say how many it used.
    pub const BINS: usize = 32;

    /// Measures all cells of a block (eq. 1): `E_i = -sum_b h_b log2 h_b`, where `h_b` is the share of the cell's
    /// values in bin `b`. The bins divide the range of the finite values of the whole block evenly; values that are
    /// not finite are not counted.
    ///
    /// `values` are the block's values in C order, usually normalised; `count` the 1 to 3 axes, slowest first; `bins`
    /// from 2 to 65,536. Two sweeps: one for the range, one for the cells.
    ///
    /// # Errors
    /// `InvalidArgument` if the axes do not fit the values or `bins` is out of range.
    pub fn measure(values: &[f32], count: &[usize], bins: usize) -> Result<CellEntropy> {
        if count.is_empty() || count.len() > 3 || number_of(count) != values.len() {
            return Err(Error::InvalidArgument(format!("{} values are no block of {count:?}", values.len())));
        }
        if !(2..=65_536).contains(&bins) {
            return Err(Error::InvalidArgument(format!("{bins} histogram bins: must be 2 to 65536")));
        }
        let cells: Vec<usize> = count.iter().map(|c| c.div_ceil(Self::EDGE)).collect();
        let n = cells.iter().product();
        let mut made = CellEntropy { count: count.to_vec(), cells, entropy: vec![0.0; n] };
        let (min, max) = finite_range(values);
        if min < max {
            let mut histogram = Histogram::new(bins, min, max);
            let [_, cy, cx] = front_padded(&made.count, 1);
            for i in 0..n {
                let Cell { start, count } = made.cell(i);
                for z in start[0]..start[0] + count[0] {
                    for y in start[1]..start[1] + count[1] {
                        let row = (z * cy + y) * cx + start[2];
                        histogram.add(&values[row..row + count[2]]);
                    }
                }
                made.entropy[i] = histogram.take_entropy();
            }
        }
        Ok(made)
    }

    /// Where the values of cell `i` lie.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn cell(&self, i: usize) -> Cell {
        assert!(i < self.entropy.len(), "cell {i} of {}", self.entropy.len());
        let (count, cells) = (front_padded(&self.count, 1), front_padded(&self.cells, 1));
        let at = [i / (cells[1] * cells[2]), i / cells[2] % cells[1], i % cells[2]];
        let start = at.map(|a| a * Self::EDGE);
        Cell { start, count: std::array::from_fn(|a| Self::EDGE.min(count[a] - start[a])) }
    }

    /// Chance of each cell to be drawn (eq. 2): `p_i = E_i / sum(E) + epsilon`, divided by the sum of all `p_i` so
    /// that they add up to 1. The paper has `epsilon` = 0.01. Uniform if no cell has any entropy.
    ///
    /// With `N` cells the uniform part weighs `N epsilon` against 1.
    ///
    /// # Errors
    /// `InvalidArgument` if `epsilon` is negative or not finite.
    pub fn probabilities(&self, epsilon: f64) -> Result<Vec<f64>> {
        if !(epsilon.is_finite() && epsilon >= 0.0) {
            return Err(Error::InvalidArgument(format!("epsilon = {epsilon}: must be 0 or more")));
        }
        let n = self.entropy.len() as f64;
        let sum: f64 = self.entropy.iter().map(|&e| f64::from(e)).sum();
        if sum <= 0.0 {
            return Ok(vec![1.0 / n; self.entropy.len()]);
        }
        let total = 1.0 + n * epsilon;
        Ok(self.entropy.iter().map(|&e| (f64::from(e) / sum + epsilon) / total).collect())
    }
}

/// Three axes, with ones in front of the ones there are.
fn front_padded(axes: &[usize], with: usize) -> [usize; 3] {
    let mut padded = [with; 3];
    padded[3 - axes.len()..].copy_from_slice(axes);
    padded
}

/// Smallest and largest finite value; the smallest is larger if there are none.
fn finite_range(values: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut low, mut high) = ([f32::INFINITY; LANES], [f32::NEG_INFINITY; LANES]);
    for chunk in values.chunks(LANES) {
        for ((&v, low), high) in chunk.iter().zip(&mut low).zip(&mut high) {
            *low = if v < *low && v > f32::NEG_INFINITY { v } else { *low };
            *high = if v > *high && v < f32::INFINITY { v } else { *high };
        }
    }
    (low.iter().copied().fold(f32::INFINITY, f32::min), high.iter().copied().fold(f32::NEG_INFINITY, f32::max))
}

/// Histogram of one cell at a time. Only bins that were hit are visited again, so their number costs nothing.
struct Histogram {
    hits: Vec<u8>,
    used: Vec<u16>,
    n: usize,
    min: f64,
    scale: f64,
    /// `k log2 k` for all numbers of values a cell can have.
    k_log_k: [f64; CELL_VALUES + 1],
}

const CELL_VALUES: usize = CellEntropy::EDGE * CellEntropy::EDGE * CellEntropy::EDGE;

impl Histogram {
    fn new(bins: usize, min: f32, max: f32) -> Histogram {
        let min = f64::from(min);
        let mut k_log_k = [0.0; CELL_VALUES + 1];
        for (k, entry) in k_log_k.iter_mut().enumerate().skip(2) {
            *entry = k as f64 * (k as f64).log2();
        }
        Histogram {
            hits: vec![0; bins],
            used: Vec::with_capacity(CELL_VALUES),
            n: 0,
            min,
            // In double precision neither the range nor its inverse can overflow or vanish.
            scale: bins as f64 / (f64::from(max) - min),
            k_log_k,
        }
    }

    fn add(&mut self, values: &[f32]) {
        for &v in values {
            if !v.is_finite() {
                continue;
            }
            let bin = (((f64::from(v) - self.min) * self.scale) as usize).min(self.hits.len() - 1);
            if self.hits[bin] == 0 {
                self.used.push(bin as u16);
            }
            self.hits[bin] += 1;
            self.n += 1;
        }
    }

    /// The entropy of what was added, in bits; leaves the histogram empty.
    fn take_entropy(&mut self) -> f32 {
        let n = std::mem::take(&mut self.n);
        // -sum (k/n) log2(k/n) = (n log2 n - sum k log2 k) / n
        let mut rest = self.k_log_k[n];
        let several = self.used.len() > 1;
        for bin in self.used.drain(..) {
            rest -= self.k_log_k[usize::from(std::mem::take(&mut self.hits[usize::from(bin)]))];
        }
        if several { (rest / n as f64) as f32 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// By the definition, with maps and logarithms.
    fn naive(values: &[f32], e: &CellEntropy, bins: usize, i: usize) -> f64 {
        let finite = || values.iter().filter(|v| v.is_finite()).map(|&v| f64::from(v));
        let (min, max) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let rank = e.count.len();
        let mut histogram = HashMap::new();
        let mut n = 0.0;
        for (linear, &v) in values.iter().enumerate() {
            let (mut rest, mut cell, mut pitch) = (linear, 0, 1);
            for a in (0..rank).rev() {
                cell += rest % e.count[a] / 4 * pitch;
                rest /= e.count[a];
                pitch *= e.cells[a];
            }
            if cell == i && v.is_finite() {
                let bin = ((f64::from(v) - min) * (bins as f64 / (max - min))).floor().min(bins as f64 - 1.0);
                *histogram.entry(bin as i64).or_insert(0.0) += 1.0;
                n += 1.0;
            }
        }
        histogram.values().map(|h: &f64| -(h / n) * (h / n).log2()).sum()
    }

    fn block() -> impl Strategy<Value = (Vec<usize>, Vec<f32>)> {
        prop::collection::vec(1usize..11, 1..4).prop_flat_map(|count| {
            let value = prop_oneof![3 => -1.0f32..1.0, 3 => Just(0.25f32), 1 => Just(f32::NAN), 1 => -1e30f32..1e30];
            let n = count.iter().product::<usize>();
            (Just(count), prop::collection::vec(value, n))
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition((count, values) in block(), bins in 2usize..300) {
            let e = CellEntropy::measure(&values, &count, bins).unwrap();
            prop_assert_eq!(e.cells.iter().product::<usize>(), e.entropy.len());
            for (i, &measured) in e.entropy.iter().enumerate() {
                let expected = naive(&values, &e, bins, i);
                prop_assert!((f64::from(measured) - expected).abs() < 1e-5, "cell {}: {} {}", i, measured, expected);
            }
        }

        #[test]
        fn probabilities_add_up_to_one((count, values) in block(), epsilon in prop_oneof![Just(0.0), 0.0..2.0f64]) {
            let e = CellEntropy::measure(&values, &count, CellEntropy::BINS).unwrap();
            let p = e.probabilities(epsilon).unwrap();
            prop_assert!(p.iter().all(|&p| p >= 0.0));
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }

        #[test]
        fn cells_tile_the_block((count, values) in block()) {
            let e = CellEntropy::measure(&values, &count, CellEntropy::BINS).unwrap();
            let mut covered = vec![0; values.len()];
            let [_, cy, cx] = front_padded(&count, 1);
            for i in 0..e.entropy.len() {
                let Cell { start, count } = e.cell(i);
                for z in 0..count[0] {
                    for y in 0..count[1] {
                        for x in 0..count[2] {
                            covered[((start[0] + z) * cy + start[1] + y) * cx + start[2] + x] += 1;
                        }
                    }
                }
            }
            prop_assert!(covered.iter().all(|&c| c == 1));
        }
    }

    #[test]
    fn a_cell_of_two_equal_halves_has_one_bit() {
        // Two cells of a line: the first half 0 and half 1, the second constant.
        let e = CellEntropy::measure(&[0.0, 1.0, 0.0, 1.0, 0.5, 0.5, 0.5, 0.5], &[8], 32).unwrap();
        assert_eq!((e.cells.as_slice(), e.entropy.as_slice()), ([2].as_slice(), [1.0, 0.0].as_slice()));
        assert_eq!(e.probabilities(0.0).unwrap(), [1.0, 0.0]);
        assert_eq!(e.probabilities(0.5).unwrap(), [0.75, 0.25]);
        let all = CellEntropy::measure(&(0..64).map(|i| i as f32).collect::<Vec<_>>(), &[4, 4, 4], 64).unwrap();
        assert_eq!(all.entropy, [6.0]);
    }

    #[test]
    fn a_constant_block_is_drawn_from_evenly() {
        for v in [0.0, f32::NAN] {
            let e = CellEntropy::measure(&[v; 25], &[5, 5], 32).unwrap();
            assert_eq!(e.probabilities(0.01).unwrap(), [0.25; 4]);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(CellEntropy::measure(&[0.0; 4], &[5], 32).is_err());
        assert!(CellEntropy::measure(&[0.0; 4], &[], 32).is_err());
        assert!(CellEntropy::measure(&[0.0; 4], &[usize::MAX, 2], 32).is_err());
        assert!(CellEntropy::measure(&[0.0; 1], &[1, 1, 1, 1], 32).is_err());
        assert!(CellEntropy::measure(&[0.0; 4], &[4], 1).is_err());
        let e = CellEntropy::measure(&[0.0; 4], &[4], 2).unwrap();
        assert!(e.probabilities(-0.1).is_err() && e.probabilities(f64::NAN).is_err());
    }
}
