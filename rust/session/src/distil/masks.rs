//! Masks of blocks into masks of variables: an archive knows no blocks.

use std::collections::BTreeMap;

use limbeck_archive::{UnfinishedRun, VariableDescription};
use limbeck_codec::Mask;
use limbeck_field::{Extent, Region};

use super::crew::{Crew, told_blocks};
use super::plan::Plan;
use super::telling::{Telling, Told};
use crate::commit::geometry;
use crate::{Error, Result, agree};

/// Mask of a variable at a step of the run.
pub(super) struct VariableMask {
    pub(super) variable: u32,
    pub(super) step: u64,
    pub(super) bytes: Vec<u8>,
}

/// Masks of the blocks of a variable at a step: block and bytes.
type Blocks = BTreeMap<u32, Vec<u8>>;

/// All masks of the planned steps, on rank 0; none elsewhere. Collective.
pub(super) fn of_variables(crew: &Crew<'_>, run: &UnfinishedRun, plan: &Plan) -> Result<Vec<VariableMask>> {
    let mine = agree(crew.ranks, local(crew, run, plan))?;
    let all = crew.ranks.gather(&mine)?;
    let merged = || -> Result<Vec<VariableMask>> {
        let mut found: BTreeMap<(u64, u32), Blocks> = BTreeMap::new();
        for bytes in &all {
            let mut told = Told(bytes);
            while !told.is_empty() {
                let unknown = || Error::Internal("a rank told its masks in an unknown form".into());
                let ((step, variable, block), mask) = one(&mut told).ok_or_else(unknown)?;
                found.entry((step, variable)).or_default().insert(block, mask);
            }
        }
        let of_variable = |((step, variable), blocks)| {
            let bytes = merge(&run.run().variables[variable as usize], blocks)?;
            Ok(VariableMask { variable, step, bytes })
        };
        found.into_iter().map(of_variable).collect()
    };
    // Only rank 0 has any: what fails there fails on all.
    agree(crew.ranks, merged())
}

/// Step, variable, block, and its mask.
fn one(told: &mut Told<'_>) -> Option<((u64, u32, u32), Vec<u8>)> {
    Some(((told.word()?, told.word()? as u32, told.word()? as u32), told.bytes()?))
}

/// What [`one`] reads, one after the other.
fn local(crew: &Crew<'_>, run: &UnfinishedRun, plan: &Plan) -> Result<Vec<u8>> {
    let mut told = Telling::default();
    let blocks = told_blocks(crew, run);
    for stamp in &plan.stamps {
        for &(v, b) in &blocks {
            let entry = run.block(v, b, stamp.step).filter(|e| e.mask_length.is_some());
            let Some(mask) = entry.map(|e| run.read_block(e)).transpose()?.and_then(|bytes| bytes.mask) else {
                continue;
            };
            [stamp.step, v.into(), b.into()].iter().for_each(|w| told.word(*w));
            told.bytes(&mask);
        }
    }
    Ok(told.0)
}

/// A value in several blocks belongs to the first.
fn merge(variable: &VariableDescription, mut blocks: Blocks) -> Result<Vec<u8>> {
    let whole = Extent::whole(&geometry(variable, 0).shape);
    if variable.blocks.len() == 1
        && let Some(only) = blocks.remove(&0)
    {
        return Ok(only);
    }
    let mut codes = vec![0; whole.len()];
    for b in (0..variable.blocks.len()).rev() {
        let extent = geometry(variable, b).extent;
        let own = blocks.get(&(b as u32)).map(|bytes| Mask::decode(bytes, extent.len())).transpose()?;
        let placed = Region::of(&extent).for_each_row(&whole, |first, row| {
            let n = row.len();
            match &own {
                Some(mask) => codes[first..first + n].copy_from_slice(&mask.codes[row]),
                None => codes[first..first + n].fill(0),
            }
        });
        placed.map_err(|e| Error::Internal(e.to_string()))?;
    }
    Ok(Mask { codes }.encode())
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbeck_archive::BlockDescription;

    #[test]
    fn the_first_block_has_the_say() {
        let block = |offset: u64, count: u64| BlockDescription { offset: vec![offset], count: vec![count], rank: 0 };
        let variable = VariableDescription {
            name: "v".into(),
            element_type: 8,
            shape: vec![8],
            attributes: Vec::new(),
            axes: Vec::new(),
            blocks: vec![block(0, 4), block(3, 3), block(5, 3)],
        };
        let masks = [(0, vec![0, 1, 0, 2]), (1, vec![3, 3, 0])];
        let blocks = masks.into_iter().map(|(b, codes)| (b, Mask { codes }.encode())).collect();
        let merged = Mask::decode(&merge(&variable, blocks).unwrap(), 8).unwrap();
        assert_eq!(merged.codes, [0, 1, 0, 2, 3, 0, 0, 0]);
    }
}
