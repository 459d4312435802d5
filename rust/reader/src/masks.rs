//! NaN and infinities put back over decoded values.

use limbeck_codec::Mask;
use limbeck_field::{Extent, Region};

use crate::Result;
use crate::boxes::cut;

/// Puts NaN and infinities of `block` back into the values of a region, where the block owns them: a value in several
/// blocks belongs to the first.
pub(crate) fn apply_mask(mask: &Mask, block: usize, blocks: &[Extent], region: &Region, out: &mut [f64]) -> Result<()> {
    let Some(c) = cut(region, &blocks[block]) else { return Ok(()) };
    let mut marks = vec![0.0; c.region.len()];
    mask.apply(&blocks[block], &c.region, &mut marks)?;
    let rank = c.at.len();
    let mut index = vec![0; rank];
    for mark in marks {
        if !mark.is_finite() {
            let global: Vec<usize> = (0..rank).map(|a| c.region.start[a] + index[a] * c.region.every[a]).collect();
            if !blocks[..block].iter().any(|b| b.contains(&global)) {
                out[(0..rank).fold(0, |l, a| l * region.count[a] + c.at[a] + index[a])] = mark;
            }
        }
        for a in (0..rank).rev() {
            index[a] += 1;
            if index[a] < c.region.count[a] {
                break;
            }
            index[a] = 0;
        }
    }
    Ok(())
}
