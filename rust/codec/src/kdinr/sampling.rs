//! Which voxels a teacher sees.

use limbeck_field::{CellEntropy, Extent, Region};
use limbeck_network::device::{self, Volume, Worker};
use limbeck_network::{Random, Samples};

use super::coordinates::{AxisMap, Folds, Grid};
use super::focus::{self, Focus};
use super::options::Sampler;
use crate::{Error, Mask, Result};

/// Draws voxels of one normalised block.
pub(crate) struct VoxelSamples<'a> {
    values: &'a [f32],
    extent: &'a Extent,
    grid: Grid,
    random: Random,
    batch: u64,
    draw: Draw<'a>,
}

enum Draw<'a> {
    Uniform,
    /// More often where the last network of this block erred.
    Focused(&'a Focus),
    /// Only these (linear indices): the others are masked.
    Listed(Vec<u32>),
    /// A cell by its probability (alias tables; Walker 1977), then a voxel of it.
    Cells {
        cells: CellEntropy,
        alias: Vec<(f64, u32)>,
    },
}

impl<'a> VoxelSamples<'a> {
    /// `values` are the block's, normalised, C order. `focus`: where the network of the step before erred.
    pub fn new(
        values: &'a [f32],
        (extent, folds): (&'a Extent, Folds),
        mask: Option<&Mask>,
        (sampler, focus): (Sampler, Option<&'a Focus>),
        batch: usize,
        random: Random,
    ) -> Result<VoxelSamples<'a>> {
        let draw = match (mask, sampler) {
            (Some(mask), _) => {
                let kept = mask.codes.iter().enumerate().filter(|(_, c)| **c == 0);
                Draw::Listed(kept.map(|(i, _)| i as u32).collect())
            }
            (None, Sampler::Uniform) => focus.map_or(Draw::Uniform, Draw::Focused),
            (None, Sampler::Entropy { epsilon } | Sampler::Mixture { epsilon, .. }) => {
                let internal = |e: limbeck_field::Error| Error::Internal(e.to_string());
                let cells = CellEntropy::measure(values, &extent.count, CellEntropy::BINS).map_err(internal)?;
                let mut chances = cells.probabilities(epsilon).map_err(internal)?;
                if let Sampler::Mixture { uniform, .. } = sampler {
                    let all = values.len() as f64;
                    for (i, p) in chances.iter_mut().enumerate() {
                        let share = cells.cell(i).count.iter().product::<usize>() as f64 / all;
                        *p = uniform * share + (1.0 - uniform) * *p;
                    }
                }
                Draw::Cells { alias: alias_table(&chances), cells }
            }
        };
        let grid = Grid::new(&AxisMap::of(extent, folds), &Region::of(extent));
        Ok(VoxelSamples { values, extent, grid, random, batch: batch as u64, draw })
    }

    /// The same to be drawn from on a device, though not the same voxels in the same order.
    pub fn on_device(&self, worker: &Worker) -> limbeck_network::Result<Volume> {
        let draw = match &self.draw {
            Draw::Uniform => device::Draw::Uniform,
            Draw::Listed(kept) => device::Draw::Listed(kept.clone()),
            Draw::Focused(focus) => {
                let cells = focus.cells(0, (0, self.extent));
                let alias = alias_table(&cells.iter().map(|c| c.share).collect::<Vec<f64>>());
                // A block has three axes at most.
                let rank = self.extent.rank();
                let back =
                    |of: &[usize; 4]| std::array::from_fn(|a| if a + rank < 3 { None } else { Some(of[a + rank - 3]) });
                let own = |(c, &(keep, other)): (&focus::Cell, &(f64, u32))| {
                    let start: [Option<usize>; 3] = back(&c.start);
                    let count: [Option<usize>; 3] = back(&c.count);
                    let first = self.linear(start.into_iter().flatten());
                    let count = count.map(|n| n.unwrap_or(1) as u32);
                    device::Cell { keep: keep as f32, other, first: first as u32, count, weight: c.weight }
                };
                device::Draw::Cells(cells.iter().zip(&alias).map(own).collect())
            }
            Draw::Cells { cells, alias } => {
                let count = &cells.count;
                let cell = |(i, &(keep, other)): (usize, &(f64, u32))| {
                    let cell = cells.cell(i);
                    let first = self.linear(cell.start[3 - count.len()..].iter().copied());
                    let count = cell.count.map(|n| n as u32);
                    device::Cell { keep: keep as f32, other, first: first as u32, count, weight: 1.0 }
                };
                device::Draw::Cells(alias.iter().enumerate().map(cell).collect())
            }
        };
        worker.volume(self.values, self.grid.axes(), &draw, &self.random)
    }

    /// Place in C order.
    fn linear(&self, at: impl Iterator<Item = usize>) -> usize {
        self.extent.count.iter().zip(at).fold(0, |linear, (n, i)| linear * n + i)
    }

    /// Sample `n`: place of its voxel, and weight.
    fn voxel(&self, n: u64) -> (usize, f32) {
        let voxel = match &self.draw {
            Draw::Uniform => self.random.below(n, self.values.len() as u64) as usize,
            Draw::Listed(kept) => kept[self.random.below(n, kept.len() as u64) as usize] as usize,
            Draw::Focused(focus) => {
                let chosen = focus.voxel(0, (0, self.extent), self.random.uniform(n));
                return (self.linear(chosen.at.into_iter()), chosen.weight);
            }
            Draw::Cells { cells, alias } => {
                let u = self.random.uniform(2 * n) * alias.len() as f64;
                let column = (u as usize).min(alias.len() - 1);
                let (keep, other) = alias[column];
                let chosen = if u - column as f64 <= keep { column } else { other as usize };
                let cell = cells.cell(chosen);
                let mut k = self.random.below(2 * n + 1, cell.count.iter().product::<usize>() as u64) as usize;
                let mut at = cell.start;
                for a in (0..3).rev() {
                    at[a] += k % cell.count[a];
                    k /= cell.count[a];
                }
                // The cell's three axes are padded in front.
                self.linear(at[3 - cells.count.len()..].iter().copied())
            }
        };
        (voxel, 1.0)
    }
}

impl Samples for &VoxelSamples<'_> {
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        let inputs = coordinates.len() / targets.len().max(1);
        let from = step * self.batch + first as u64;
        let samples = coordinates.chunks_exact_mut(inputs).zip(targets).zip(weights);
        for (n, ((c, t), w)) in (from..).zip(samples) {
            let (voxel, weight) = self.voxel(n);
            self.grid.write(voxel, c);
            (*t, *w) = (self.values[voxel], weight);
        }
    }
}

/// Column i keeps its own index with probability `.0`, else gives `.1`.
fn alias_table(chances: &[f64]) -> Vec<(f64, u32)> {
    let n = chances.len();
    let total: f64 = chances.iter().sum();
    let mut scaled: Vec<f64> = chances.iter().map(|p| p * n as f64 / total).collect();
    let mut table = vec![(1.0, 0u32); n];
    let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..n).partition(|&i| scaled[i] < 1.0);
    while let (Some(s), Some(&l)) = (small.pop(), large.last()) {
        table[s] = (scaled[s], l as u32);
        scaled[l] -= 1.0 - scaled[s];
        if scaled[l] < 1.0 {
            large.pop();
            small.push(l);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_tables_draw_by_probability() {
        let chances = [0.5, 0.25, 0.125, 0.0625, 0.0625, 0.0];
        let table = alias_table(&chances);
        let mut seen = [0.0; 6];
        for (i, (keep, other)) in table.iter().enumerate() {
            seen[i] += keep / 6.0;
            seen[*other as usize] += (1.0 - keep) / 6.0;
        }
        for (s, p) in seen.iter().zip(chances) {
            assert!((s - p).abs() < 1e-12, "{seen:?}");
        }
    }

    #[test]
    fn samples_are_voxels_of_the_block() {
        let extent = Extent { offset: vec![3, 0, 5], count: vec![5, 6, 7] };
        let n = extent.len();
        let values: Vec<f32> = (0..n).map(|i| ((i * 7919) % n) as f32 / n as f32).collect();
        for sampler in
            [Sampler::Uniform, Sampler::Entropy { epsilon: 0.01 }, Sampler::Mixture { uniform: 0.5, epsilon: 0.01 }]
        {
            let s =
                &VoxelSamples::new(&values, (&extent, Folds::default()), None, (sampler, None), 500, Random::new(&[1]))
                    .expect("samples");
            let (mut c, mut t, mut w) = (vec![0.0; 1500], vec![0.0; 500], vec![0.0; 500]);
            let mut hit = vec![false; n];
            for step in 0..20 {
                s.fill(step, 0, &mut c, &mut t, &mut w);
                for (c, t) in c.chunks_exact(3).zip(&t) {
                    let at = |a: usize| (f64::from(c[a] + 1.0) / 2.0 * (extent.count[a] - 1) as f64).round() as usize;
                    let linear = (at(0) * 6 + at(1)) * 7 + at(2);
                    assert_eq!(values[linear], *t);
                    hit[linear] = true;
                }
            }
            assert!(hit.iter().all(|h| *h), "{sampler:?} leaves voxels out");
        }
    }
}
