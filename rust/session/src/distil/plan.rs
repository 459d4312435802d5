//! Which steps are distilled.

use limbeck_archive::{MAX_STEPS, StepStamp, StepState, StepTable, UnfinishedRun, VariableDescription};

use super::crew::Crew;
use super::steps::{self, Step};
use crate::{Error, Result};

/// The steps of the new segments, and those that were there before.
pub(super) struct Plan {
    /// Index in the run of the first of them.
    pub(super) first_step: u64,
    /// One for each index from the first to the last whole step; those that are missing included.
    pub(super) stamps: Vec<StepStamp>,
    /// Indices in the run of those without any values.
    missing: Vec<u64>,
    /// Cycles that are missing, at the end too, and why.
    pub(super) gaps: Vec<(i64, String)>,
    before: Option<StepTable>,
}

impl Plan {
    /// Everything behind the steps that an archive holds already (`before`, known to rank 0). Steps without values at the
    /// end are left out: there is nothing between which a network could interpolate them. `incomplete`: steps at the end
    /// that miss some blocks are taken all the same. Collective.
    ///
    /// # Errors
    /// Corruption if the journal speaks of more steps than an archive can have, or ranks of different steps.
    pub(super) fn new(
        crew: &Crew<'_>,
        run: &UnfinishedRun,
        before: Option<StepTable>,
        incomplete: bool,
    ) -> Result<Plan> {
        let first_step = crew.on_first(|| Ok(before.as_ref().map_or(0, |t| t.len() as u64)))?;
        let new = steps::all(crew, run, first_step)?;
        if let Some(s) = new.iter().find(|s| s.stamp.step >= MAX_STEPS as u64) {
            let text = format!("the journal speaks of step {}, and an archive has at most {MAX_STEPS}", s.stamp.step);
            return Err(Error::Corruption(text));
        }
        let all = run.run().variables.iter().map(|v| v.blocks.len()).sum::<usize>();
        let usable = |s: &Step| s.present == all || (s.present > 0 && (incomplete || s.state == StepState::Complete));
        let lost = new.iter().filter(|s| s.present < all);
        let gaps = lost.map(|s| (s.stamp.cycle, why(s, all))).collect();
        let end = new.iter().rposition(usable).map_or(0, |i| i + 1);
        let mut plan = Plan { first_step, stamps: Vec::new(), missing: Vec::new(), gaps, before };
        for s in &new[..end] {
            plan.fill_up_to(s.stamp);
            if s.present == 0 {
                plan.missing.push(s.stamp.step);
            }
            plan.stamps.push(s.stamp);
        }
        Ok(plan)
    }

    /// The new steps that have values, counted from the first new one.
    pub(super) fn present(&self) -> Vec<usize> {
        let known = |s: &&StepStamp| self.missing.binary_search(&s.step).is_err();
        self.stamps.iter().filter(known).map(|s| (s.step - self.first_step) as usize).collect()
    }

    /// Stands in for steps of which nothing is known, so that an index stays an index: evenly between their neighbours.
    fn fill_up_to(&mut self, next: StepStamp) {
        let begin = self.first_step + self.stamps.len() as u64;
        if begin >= next.step {
            return;
        }
        let last = self.stamps.last().copied();
        for step in begin..next.step {
            let share = (step - begin + 1) as f64 / (next.step - begin + 1) as f64;
            let from = last.map_or(next.time, |l| l.time);
            let cycle = last.map_or(next.cycle.saturating_sub_unsigned(next.step - step), |l| {
                l.cycle.saturating_add_unsigned(step - begin + 1).min(next.cycle)
            });
            self.stamps.push(StepStamp { step, cycle, time: from * (1.0 - share) + next.time * share });
            self.missing.push(step);
            self.gaps.push((cycle, "nothing of the step is left in the journal".into()));
        }
    }

    /// Physical times of the new steps.
    pub(super) fn times(&self) -> Vec<f64> {
        self.stamps.iter().map(|s| s.time).collect()
    }

    /// The whole table of the archive.
    pub(super) fn table(&self) -> StepTable {
        let mut table = self.before.clone().unwrap_or_default();
        table.cycles.extend(self.stamps.iter().map(|s| s.cycle));
        table.times.extend(self.stamps.iter().map(|s| s.time));
        table.missing.extend(&self.missing);
        table
    }

    /// Only the new steps, counted from 0: what the size of a new archive depends on.
    pub(super) fn new_table(&self) -> StepTable {
        StepTable {
            cycles: self.stamps.iter().map(|s| s.cycle).collect(),
            times: self.times(),
            missing: self.missing.iter().map(|m| m - self.first_step).collect(),
            rounded: false,
        }
    }

    pub(super) fn appends(&self) -> bool {
        self.before.is_some()
    }

    /// Bytes of the values of the new steps as float32; missing steps have none.
    pub(super) fn raw_bytes(&self, run: &UnfinishedRun) -> u64 {
        step_bytes(run) * (self.stamps.len() - self.missing.len()) as u64
    }

    /// The same for the steps that were there before.
    pub(super) fn raw_bytes_before(&self, run: &UnfinishedRun) -> u64 {
        self.before.as_ref().map_or(0, |t| step_bytes(run) * (t.len() - t.missing.len()) as u64)
    }
}

fn step_bytes(run: &UnfinishedRun) -> u64 {
    run.run().variables.iter().map(|v| 4 * values(v)).sum()
}

/// Values of a variable at one step: those that its blocks cover, at most all.
pub(super) fn values(v: &VariableDescription) -> u64 {
    let covered: u64 = v.blocks.iter().map(|b| b.count.iter().product::<u64>()).sum();
    covered.min(v.values())
}

fn why(s: &Step, all: usize) -> String {
    let present = s.present;
    match &s.state {
        StepState::Dropped(reason) => format!("dropped: {reason}"),
        StepState::Incomplete => format!("{present} of its {all} blocks were in the journal when the run ended"),
        StepState::Complete => format!(
            "{} of its {all} blocks are damaged in the journal, or are differences to steps that are",
            all - present
        ),
    }
}
