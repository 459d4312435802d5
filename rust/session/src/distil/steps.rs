//! The steps of a run as all ranks together have them.

use std::collections::{BTreeMap, HashMap};

use limbeck_archive::{StepStamp, StepState, UnfinishedRun};

use super::crew::{Crew, Journals, told_blocks};
use crate::{Error, Result, agree};

/// One step of the whole run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    pub(super) stamp: StepStamp,
    pub(super) state: StepState,
    /// Blocks that can be read: their frames are there, and so are those that they are coded as differences to.
    pub(super) present: usize,
}

/// All steps behind the first `skip`, by rising index. Collective.
pub(super) fn all(crew: &Crew<'_>, run: &UnfinishedRun, skip: u64) -> Result<Vec<Step>> {
    let mine = local(crew, run, skip);
    if crew.ranks.size() == 1 {
        return Ok(mine);
    }
    let told = if crew.journals == Journals::Own || crew.first() { encode(&mine) } else { Vec::new() };
    let lists = crew.ranks.gather(&told)?;
    let merged = match (crew.first(), crew.journals) {
        (false, _) => Ok(Vec::new()),
        (true, Journals::All) => Ok(mine),
        (true, Journals::Own) => lists.iter().map(|l| decode(l)).collect::<Result<Vec<_>>>().and_then(merge),
    };
    let mut bytes = encode(&agree(crew.ranks, merged)?);
    crew.ranks.broadcast(0, &mut bytes)?;
    decode(&bytes)
}

fn local(crew: &Crew<'_>, run: &UnfinishedRun, skip: u64) -> Vec<Step> {
    let blocks = told_blocks(crew, run);
    let mut known: HashMap<(u32, u32, u64), bool> = HashMap::new();
    let mut readable = |v: u32, b: u32, step: u64| {
        let mut next = run.block(v, b, step);
        let mut chain = Vec::new();
        let sound = loop {
            let Some(entry) = next else { break !chain.is_empty() };
            if let Some(&known) = known.get(&(v, b, entry.frame_offset)) {
                break known;
            }
            chain.push(entry.frame_offset);
            match run.base(entry) {
                Ok(base) => next = base,
                Err(_) => break false,
            }
        };
        known.extend(chain.into_iter().map(|offset| ((v, b, offset), sound)));
        sound
    };
    let steps = run.steps().iter().filter(|s| s.stamp.step >= skip);
    steps
        .map(|s| Step {
            stamp: s.stamp,
            state: s.state.clone(),
            present: blocks.iter().filter(|(v, b)| readable(*v, *b, s.stamp.step)).count(),
        })
        .collect()
}

/// A step is complete when all ranks say so, dropped when one does.
fn merge(ranks: Vec<Vec<Step>>) -> Result<Vec<Step>> {
    let n = ranks.len();
    let mut merged: BTreeMap<u64, (Step, usize, usize)> = BTreeMap::new();
    for (rank, steps) in ranks.into_iter().enumerate() {
        for s in steps {
            let whole = usize::from(s.state == StepState::Complete);
            let (known, complete, teller) = match merged.entry(s.stamp.step) {
                std::collections::btree_map::Entry::Vacant(e) => {
                    e.insert((s, whole, rank));
                    continue;
                }
                std::collections::btree_map::Entry::Occupied(e) => e.into_mut(),
            };
            if known.stamp.cycle != s.stamp.cycle {
                return Err(Error::Corruption(format!(
                    "step {} is cycle {} on rank {teller} and cycle {} on rank {rank}: every rank begins the same steps",
                    s.stamp.step, known.stamp.cycle, s.stamp.cycle
                )));
            }
            known.present += s.present;
            *complete += whole;
            if let (StepState::Dropped(reason), false) = (&s.state, matches!(known.state, StepState::Dropped(_))) {
                known.state = StepState::Dropped(format!("rank {rank}: {reason}"));
            }
        }
    }
    let state = |(mut s, complete, _): (Step, usize, usize)| {
        if !matches!(s.state, StepState::Dropped(_)) {
            s.state = if complete == n { StepState::Complete } else { StepState::Incomplete };
        }
        s
    };
    Ok(merged.into_values().map(state).collect())
}

fn encode(steps: &[Step]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for s in steps {
        let (kind, reason) = match &s.state {
            StepState::Complete => (0u64, ""),
            StepState::Incomplete => (1, ""),
            StepState::Dropped(reason) => (2, reason.as_str()),
        };
        let words = [s.stamp.step, s.stamp.cycle as u64, s.stamp.time.to_bits(), kind, s.present as u64];
        words.iter().chain([&(reason.len() as u64)]).for_each(|w| bytes.extend(w.to_le_bytes()));
        bytes.extend(reason.as_bytes());
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Result<Vec<Step>> {
    let torn = || Error::Internal("a rank told its steps in a form that this one does not know".into());
    let mut steps = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(48).ok_or_else(torn)?;
        let word = |i: usize| head[8 * i..8 * i + 8].try_into().map_or(0, u64::from_le_bytes);
        let (reason, rest) = rest.split_at_checked(word(5) as usize).ok_or_else(torn)?;
        bytes = rest;
        let state = match word(3) {
            0 => StepState::Complete,
            1 => StepState::Incomplete,
            _ => StepState::Dropped(String::from_utf8_lossy(reason).into_owned()),
        };
        let stamp = StepStamp { step: word(0), cycle: word(1) as i64, time: f64::from_bits(word(2)) };
        steps.push(Step { stamp, state, present: word(4) as usize });
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64, cycle: i64, state: StepState, present: usize) -> Step {
        Step { stamp: StepStamp { step, cycle, time: 0.5 * cycle as f64 }, state, present }
    }

    #[test]
    fn a_step_is_complete_where_all_say_so() {
        use StepState::{Complete, Dropped, Incomplete};
        let a =
            vec![step(0, 5, Complete, 2), step(1, 6, Complete, 2), step(2, 7, Complete, 2), step(3, 8, Complete, 2)];
        let b = vec![step(0, 5, Complete, 1), step(1, 6, Dropped("full".into()), 0), step(2, 7, Incomplete, 1)];
        assert_eq!(decode(&encode(&b)).unwrap(), b);
        let merged = merge(vec![a.clone(), b]).unwrap();
        let dropped = Dropped("rank 1: full".into());
        let expected =
            [step(0, 5, Complete, 3), step(1, 6, dropped, 2), step(2, 7, Incomplete, 3), step(3, 8, Incomplete, 2)];
        assert_eq!(merged, expected);
        let e = merge(vec![a, vec![step(2, 9, Complete, 1)]]).unwrap_err().to_string();
        assert!(e.contains("cycle 7 on rank 0") && e.contains("cycle 9 on rank 1"), "{e}");
    }
}
