//! Whether the blocks of a variable cover its grid.

use limbeck_archive::BlockDescription;

/// Cells beyond which only volumes are compared: blocks cut more irregularly than any decomposition of a domain.
const MOST_CELLS: usize = 1 << 24;

/// A grid point that lies in no block, if there is one; slowest axis first.
///
/// Blocks may overlap. The edges of all blocks cut the grid into cells that are covered as a whole or not at all.
pub(crate) fn hole(shape: &[u64], blocks: &[BlockDescription]) -> Option<Vec<u64>> {
    let cuts: Vec<Vec<u64>> = (0..shape.len())
        .map(|a| {
            let edges = blocks.iter().flat_map(|b| [b.offset[a], b.offset[a] + b.count[a]]);
            let mut cuts: Vec<u64> = edges.chain([0]).filter(|&e| e < shape[a]).collect();
            cuts.sort_unstable();
            cuts.dedup();
            cuts
        })
        .collect();
    let cells = cuts.iter().try_fold(1usize, |n, c| n.checked_mul(c.len())).filter(|&n| n <= MOST_CELLS);
    let Some(cells) = cells else {
        let covered: u128 = blocks.iter().map(|b| b.count.iter().map(|&c| u128::from(c)).product::<u128>()).sum();
        let all: u128 = shape.iter().map(|&s| u128::from(s)).product();
        return (covered < all).then(|| vec![0; shape.len()]);
    };
    let mut covered = vec![false; cells];
    for block in blocks {
        let ranges: Vec<(usize, usize)> = cuts
            .iter()
            .enumerate()
            .map(|(a, c)| {
                let end = block.offset[a] + block.count[a];
                (c.partition_point(|&e| e < block.offset[a]), c.partition_point(|&e| e < end))
            })
            .collect();
        mark(&mut covered, &cuts, &ranges, 0, 0);
    }
    let mut linear = covered.iter().position(|c| !c)?;
    let mut index = vec![0; shape.len()];
    for (i, c) in index.iter_mut().zip(&cuts).rev() {
        *i = c[linear % c.len()];
        linear /= c.len();
    }
    Some(index)
}

/// Marks the cells of a block, axis by axis.
fn mark(covered: &mut [bool], cuts: &[Vec<u64>], ranges: &[(usize, usize)], axis: usize, before: usize) {
    if axis == cuts.len() {
        covered[before] = true;
        return;
    }
    for i in ranges[axis].0..ranges[axis].1 {
        mark(covered, cuts, ranges, axis + 1, before * cuts[axis].len() + i);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(offset: &[u64], count: &[u64]) -> BlockDescription {
        BlockDescription { offset: offset.to_vec(), count: count.to_vec(), rank: 0 }
    }

    #[test]
    fn holes_are_found_and_overlaps_allowed() {
        assert_eq!(hole(&[8, 16], &[block(&[0, 0], &[8, 16])]), None);
        assert_eq!(hole(&[8, 16], &[block(&[0, 0], &[4, 16])]), Some(vec![4, 0]));
        assert_eq!(hole(&[8, 16], &[block(&[0, 0], &[5, 16]), block(&[4, 0], &[4, 16])]), None);
        assert_eq!(hole(&[8, 16], &[block(&[0, 0], &[8, 7]), block(&[0, 8], &[8, 8])]), Some(vec![0, 7]));
        let corners = [[0, 0], [0, 3], [2, 0]].map(|o| block(&o, &[2, 3]));
        assert_eq!(hole(&[4, 6], &corners), Some(vec![2, 3]));
        assert_eq!(hole(&[5], &[block(&[1], &[4])]), Some(vec![0]));
    }

    #[test]
    fn many_blocks_of_a_decomposition_are_quick() {
        let blocks: Vec<BlockDescription> =
            (0..4096u64).map(|i| block(&[i / 256 * 8, i / 16 % 16 * 8, i % 16 * 8], &[8, 8, 8])).collect();
        assert_eq!(hole(&[128, 128, 128], &blocks), None);
        assert_eq!(hole(&[128, 128, 128], &blocks[..4095]), Some(vec![120, 120, 120]));
    }
}
