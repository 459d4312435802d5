//! What all ranks agree on: options, and what the run is about.

use std::path::Path;

use limbeck_archive::{BlockDescription, RunDescription};
use limbeck_codec::ranks::Ranks;

use crate::config::Options;
use crate::options::differs_by_rank;
use crate::{Error, Result, agree};

/// Refuses ranks that were given different options or paths. Collective.
pub(crate) fn same_options(ranks: &dyn Ranks, path: &Path, options: &Options) -> Result<()> {
    let mut mine: Vec<(&str, String)> = vec![("the path", path.display().to_string())];
    let shared = crate::options().iter().filter(|o| !differs_by_rank(o.name));
    mine.extend(shared.map(|o| (o.name, options.get(o.name).to_owned())));
    let lines: Vec<&str> = mine.iter().map(|(_, value)| value.as_str()).collect();
    let all = ranks.gather(lines.join("\n").as_bytes())?;
    let differs = |(rank, theirs): (usize, &Vec<u8>)| {
        let theirs = String::from_utf8_lossy(theirs);
        let (name, own, other) =
            mine.iter().zip(theirs.split('\n')).find_map(|((n, own), o)| (own != o).then_some((n, own, o)))?;
        Some(Error::InvalidArgument(format!(
            "{name} is {other:?} on rank {rank} and {own:?} on rank 0: all ranks must have the same"
        )))
    };
    agree(ranks, all.iter().enumerate().find_map(differs).map_or(Ok(()), Err))
}

/// The description of the whole run: variables as all ranks have them, attributes and axes as rank 0 has them, the
/// blocks of all ranks in the order of the ranks. Collective.
///
/// # Errors
/// InvalidArgument, on all ranks, that names the rank whose variables differ from those of rank 0.
pub(crate) fn whole(ranks: &dyn Ranks, mine: &RunDescription) -> Result<RunDescription> {
    if ranks.size() == 1 {
        return Ok(mine.clone());
    }
    let bytes = agree(ranks, mine.to_bytes().map_err(Error::from))?;
    let all = ranks.gather(&bytes)?;
    let merged = match ranks.rank() {
        0 => merge(mine, &all).and_then(|m| Ok(m.to_bytes()?)),
        _ => Ok(Vec::new()),
    };
    let mut bytes = agree(ranks, merged)?;
    ranks.broadcast(0, &mut bytes)?;
    agree(ranks, RunDescription::from_bytes(&bytes).map_err(Error::from))
}

fn merge(first: &RunDescription, all: &[Vec<u8>]) -> Result<RunDescription> {
    let mut merged = first.clone();
    for (rank, bytes) in all.iter().enumerate().skip(1) {
        let other = RunDescription::from_bytes(bytes)?;
        if let Some(text) = difference(rank, first, &other) {
            return Err(Error::InvalidArgument(format!(
                "{text}; every rank defines the same variables in the same order"
            )));
        }
        for (variable, more) in merged.variables.iter_mut().zip(other.variables) {
            variable.blocks.extend(more.blocks);
        }
    }
    Ok(merged)
}

/// The blocks of a variable by where they lie, whichever rank has them: what training counts them by, so that it is the same
/// however blocks are dealt out. Everything else counts them in the order of the ranks.
pub(crate) fn by_place(blocks: &[BlockDescription]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..blocks.len() as u32).collect();
    order.sort_by_key(|&b| {
        let b = &blocks[b as usize];
        (&b.offset, &b.count)
    });
    order
}

/// What a rank says otherwise than rank 0.
fn difference(rank: usize, first: &RunDescription, other: &RunDescription) -> Option<String> {
    let names = |r: &RunDescription| r.variables.iter().map(|v| v.name.clone()).collect::<Vec<_>>();
    if names(first) != names(other) {
        return Some(format!("rank {rank} defines the variables {:?}, rank 0 {:?}", names(other), names(first)));
    }
    first.variables.iter().zip(&other.variables).find_map(|(a, b)| {
        let name = &a.name;
        if a.shape != b.shape {
            Some(format!("rank {rank} defines {name:?} with the shape {:?}, rank 0 with {:?}", b.shape, a.shape))
        } else if a.element_type != b.element_type {
            let bits = |n: u8| 8 * u32::from(n);
            let (b, a) = (bits(b.element_type), bits(a.element_type));
            Some(format!("rank {rank} defines {name:?} with {b} bits, rank 0 with {a}"))
        } else {
            None
        }
    })
}
