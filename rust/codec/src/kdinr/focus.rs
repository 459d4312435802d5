//! Where a network errs, and how much more often samples are drawn there.
//!
//! Drawn in proportion to the error and weighted by the inverse, samples give the same mean gradient with less noise: a gradient's
//! size goes with the error, and importance sampling is best where the density goes with that (Katharopoulos and Fleuret 2018).

use limbeck_field::Extent;

/// Cells of all blocks of a part of the run, where there are no more blocks.
const CELLS: usize = 256;
/// Parts of the run, where there are no more blocks than cells.
const PARTS: usize = 8;
/// Share of the samples that are drawn evenly: the most that a weight can be is the inverse of it.
const EVEN: f64 = 0.15;
/// Points of the mean error that a cell is taken to have seen before the first.
const PRIOR: f64 = 16.0;
/// What older observations count against those of now.
const FADING: f64 = 0.5;

/// Density of samples over the blocks of a run, constant in each of a few cells of every block, and in each of a few parts of the run.
pub(crate) struct Focus {
    /// By block: first cell, and cells along each axis.
    blocks: Vec<(usize, Vec<usize>)>,
    /// Values of a cell.
    volumes: Vec<f64>,
    /// Steps, and parts of about equally many of them.
    turns: usize,
    parts: usize,
    /// By part and cell: errors seen over the mean error at the time, and how many.
    errors: Vec<f64>,
    counts: Vec<f64>,
    /// By part: what there is of a step's samples up to each cell, from 0 on, in values at the mean density.
    mass: Vec<Vec<f64>>,
    /// What there is of samples up to each step, in steps at the mean density.
    steps: Vec<f64>,
}

/// One voxel of a block, and the weight of its error.
pub(crate) struct Chosen {
    /// Place in the block along each axis.
    pub at: [usize; 4],
    pub weight: f32,
}

/// A box of voxels of a block.
pub(crate) struct Cell {
    /// First place and number of places along each axis.
    pub start: [usize; 4],
    pub count: [usize; 4],
    /// How many of the block's samples are drawn here, of all of them; and their weight.
    pub share: f64,
    pub weight: f32,
}

impl Focus {
    /// Even, until something is seen.
    pub fn new(blocks: &[Extent], turns: usize) -> Focus {
        let mut cells = 0;
        let mut volumes = Vec::new();
        let along = |e: &Extent| (CELLS as f64 / blocks.len() as f64).powf(1.0 / e.rank() as f64) + 1e-9;
        let blocks: Vec<(usize, Vec<usize>)> = blocks
            .iter()
            .map(|e| {
                let counts: Vec<usize> = e.count.iter().map(|n| (along(e) as usize).clamp(1, *n)).collect();
                let first = cells;
                cells += counts.iter().product::<usize>();
                volumes.extend((0..cells - first).map(|i| {
                    let mut rest = i;
                    let sizes = counts.iter().zip(&e.count).rev().map(|(parts, n)| {
                        let cell = rest % parts;
                        rest /= parts;
                        begin(cell + 1, *parts, *n) - begin(cell, *parts, *n)
                    });
                    sizes.product::<usize>() as f64
                }));
                (first, counts)
            })
            .collect();
        let parts = turns.min(PARTS * CELLS / cells.max(CELLS)).max(1);
        let mut focus = Focus {
            blocks,
            volumes,
            turns,
            parts,
            errors: vec![0.0; parts * cells],
            counts: vec![0.0; parts * cells],
            mass: Vec::new(),
            steps: Vec::new(),
        };
        focus.settle();
        focus
    }

    /// Densities from what was seen.
    fn settle(&mut self) {
        let (cells, all) = (self.volumes.len(), self.volumes.iter().sum::<f64>());
        let error = |at: usize| (self.errors[at] + PRIOR) / (self.counts[at] + PRIOR);
        let errors: Vec<f64> = (0..self.parts)
            .map(|part| (0..cells).map(|c| self.volumes[c] * error(part * cells + c)).sum::<f64>() / all)
            .collect();
        let mean = (0..self.turns).map(|turn| errors[self.part(turn)]).sum::<f64>() / self.turns as f64;
        let density = |part: usize, c: usize| EVEN + (1.0 - EVEN) * error(part * cells + c) / mean;
        let sums = |terms: &mut dyn Iterator<Item = f64>| {
            let mut sum = 0.0;
            std::iter::once(0.0)
                .chain(terms.map(|t| {
                    sum += t;
                    sum
                }))
                .collect::<Vec<f64>>()
        };
        let mass: Vec<Vec<f64>> =
            (0..self.parts).map(|part| sums(&mut (0..cells).map(|c| self.volumes[c] * density(part, c)))).collect();
        self.steps = sums(&mut (0..self.turns).map(|turn| mass[self.part(turn)][cells] / all));
        self.mass = mass;
    }

    /// Number of places that errors are added up in.
    pub fn places(&self) -> usize {
        self.errors.len()
    }

    /// Where the error at a voxel counts: which step, block, point in it.
    pub fn place(&self, turn: usize, (block, extent): (usize, &Extent), at: &[f64]) -> usize {
        let (first, counts) = &self.blocks[block];
        let axes = counts.iter().zip(&extent.count).zip(&extent.offset).zip(at);
        let cell = axes.fold(0, |cell, (((parts, n), offset), at)| {
            let i = (at - *offset as f64).max(0.0) as usize;
            cell * parts + holder(i.min(n - 1), *parts, *n)
        });
        self.part(turn) * self.volumes.len() + first + cell
    }

    /// The same for the only block of a single step, by the voxel's place in C order.
    pub fn place_of(&self, voxel: usize, extent: &Extent) -> usize {
        let (_, counts) = &self.blocks[0];
        let (mut rest, mut cell, mut stride) = (voxel, 0, 1);
        for (parts, n) in counts.iter().zip(&extent.count).rev() {
            cell += stride * holder(rest % n, *parts, *n);
            stride *= parts;
            rest /= n;
        }
        cell
    }

    fn part(&self, turn: usize) -> usize {
        turn * self.parts / self.turns
    }

    /// Takes in sums of errors and how many they were, by place.
    pub fn see(&mut self, sums: &[f64], counts: &[f64]) {
        let (sum, count): (f64, f64) = (sums.iter().sum(), counts.iter().sum());
        if sum > 0.0 && sum.is_finite() {
            for (seen, new) in self.errors.iter_mut().zip(sums) {
                *seen = FADING * *seen + new * count / sum;
            }
            for (seen, new) in self.counts.iter_mut().zip(counts) {
                *seen = FADING * *seen + new;
            }
            self.settle();
        }
    }

    /// The step at share `u` (0 to 1) of all samples.
    pub fn turn(&self, u: f64) -> usize {
        let at = u * self.steps[self.turns];
        self.steps[1..].partition_point(|s| *s <= at).min(self.turns - 1)
    }

    /// The block at share `u` of a step's samples.
    pub fn block(&self, turn: usize, u: f64) -> usize {
        let mass = &self.mass[self.part(turn)];
        let at = u * mass[mass.len() - 1];
        self.blocks.partition_point(|(first, _)| mass[*first] <= at).saturating_sub(1)
    }

    /// The voxel at share `u` of a block's samples.
    pub fn voxel(&self, turn: usize, (block, extent): (usize, &Extent), u: f64) -> Chosen {
        let mass = &self.mass[self.part(turn)];
        let (first, counts) = &self.blocks[block];
        let cells = counts.iter().product::<usize>();
        let own = &mass[*first..=first + cells];
        let wanted = own[0] + u * (own[cells] - own[0]);
        let cell = (own.partition_point(|m| *m <= wanted).max(1) - 1).min(cells - 1);
        let (volume, there) = (self.volumes[first + cell], own[cell + 1] - own[cell]);
        let mut k = ((wanted - own[cell]) / there * volume).clamp(0.0, volume - 1.0) as usize;
        let Cell { start: mut at, count, weight, .. } = self.cell(turn, (block, extent), cell);
        for a in (0..counts.len()).rev() {
            at[a] += k % count[a];
            k /= count[a];
        }
        Chosen { at, weight }
    }

    /// A block's cells.
    pub fn cells(&self, turn: usize, (block, extent): (usize, &Extent)) -> Vec<Cell> {
        let cells = self.blocks[block].1.iter().product();
        (0..cells).map(|cell| self.cell(turn, (block, extent), cell)).collect()
    }

    fn cell(&self, turn: usize, (block, extent): (usize, &Extent), cell: usize) -> Cell {
        let (first, counts) = &self.blocks[block];
        let (mut start, mut count, mut rest) = ([0; 4], [1; 4], cell);
        for a in (0..counts.len()).rev() {
            let (parts, n) = (counts[a], extent.count[a]);
            start[a] = begin(rest % parts, parts, n);
            count[a] = begin(rest % parts + 1, parts, n) - start[a];
            rest /= parts;
        }
        let mass = &self.mass[self.part(turn)];
        let cells = counts.iter().product::<usize>();
        let own = |from: usize, to: usize| mass[first + to] - mass[first + from];
        let there = own(cell, cell + 1);
        // There are so many samples of a voxel at the mean density.
        let mean = self.steps[self.turns] / self.turns as f64;
        let weight = (mean * self.volumes[first + cell] / there) as f32;
        Cell { start, count, share: there / own(0, cells), weight }
    }
}

/// The cell of `parts` that voxel `i` of an axis of `n` is in.
fn holder(i: usize, parts: usize, n: usize) -> usize {
    (i * parts + parts - 1) / n
}

/// First voxel of cell `i` of `parts` along an axis of `n`: what [`holder`] sends there.
fn begin(i: usize, parts: usize, n: usize) -> usize {
    (i * n) / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Extent> {
        vec![
            Extent { offset: vec![0, 0, 0], count: vec![5, 16, 7] },
            Extent { offset: vec![5, 0, 0], count: vec![11, 16, 7] },
        ]
    }

    /// Draws of one step: weights by block and voxel.
    fn drawn(focus: &Focus, n: usize) -> Vec<Vec<f64>> {
        let blocks = blocks();
        let mut seen: Vec<Vec<f64>> = blocks.iter().map(|b| vec![0.0; b.len()]).collect();
        for i in 0..n {
            let u = (i as f64 + 0.5) / n as f64;
            let block = focus.block(3, u);
            let v = (i as f64 * 0.618_033_988_75).fract();
            let chosen = focus.voxel(3, (block, &blocks[block]), v);
            let count = &blocks[block].count;
            let linear = (chosen.at[0] * count[1] + chosen.at[1]) * count[2] + chosen.at[2];
            seen[block][linear] += f64::from(chosen.weight);
        }
        seen
    }

    #[test]
    fn every_voxel_is_in_the_cell_that_it_is_drawn_from() {
        let focus = Focus::new(&blocks(), 4);
        for (b, block) in blocks().iter().enumerate() {
            let mut volumes = vec![0.0; focus.places()];
            for i in 0..block.len() {
                let n = &block.count;
                let at = [i / n[2] / n[1], i / n[2] % n[1], i % n[2]];
                let global: Vec<f64> = (0..3).map(|a| (at[a] + block.offset[a]) as f64).collect();
                volumes[focus.place(0, (b, block), &global)] += 1.0;
            }
            let (first, counts) = &focus.blocks[b];
            let cells = counts.iter().product::<usize>();
            assert_eq!(volumes[*first..first + cells], focus.volumes[*first..first + cells]);
            assert_eq!(volumes.iter().sum::<f64>(), block.len() as f64);
        }
    }

    #[test]
    fn weights_make_up_for_how_often_a_voxel_is_drawn() {
        let mut focus = Focus::new(&blocks(), 4);
        let n = 400_000;
        let all = blocks().iter().map(Extent::len).sum::<usize>();
        let check = |focus: &Focus| {
            let often = 4.0 * (focus.steps[4] - focus.steps[3]) / focus.steps[4];
            let turns = (0..n).filter(|i| focus.turn(*i as f64 / n as f64) == 3).count() as f64;
            assert!((turns * 4.0 / n as f64 - often).abs() < 1e-3);
            for (b, seen) in drawn(focus, n).iter().enumerate() {
                for (i, seen) in seen.iter().enumerate() {
                    let seen = seen * often * all as f64 / n as f64;
                    assert!((seen - 1.0).abs() < 0.25, "block {b}, voxel {i}: {seen}");
                }
            }
        };
        check(&focus);
        // One cell errs most.
        let mut sums = vec![0.001; focus.places()];
        let at = focus.place(3, (1, &blocks()[1]), &[10.0, 3.0, 2.0]);
        sums[at] = 1000.0;
        focus.see(&sums, &vec![100.0; sums.len()]);
        check(&focus);
        let chosen = |u: f64| focus.voxel(3, (1, &blocks()[1]), u).weight;
        let (least, most) =
            (0..1000).map(|i| chosen(f64::from(i) / 1000.0)).fold((9.0f32, 0.0f32), |(l, m), w| (l.min(w), m.max(w)));
        assert!(least < 0.1 && most > 2.0 && most <= (1.0 / EVEN) as f32, "{least} {most}");
        // And so does its step.
        assert!(focus.steps[4] - focus.steps[3] > 2.0 * focus.steps[1], "{:?}", focus.steps);
    }
}
