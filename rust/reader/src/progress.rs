//! How far a run is, in few numbers: for who looks again and again.

use std::collections::BTreeMap;

use limbeck_archive::{Journal, QualitySums, StepMetrics};

use crate::dataset::{Dataset, Kind, State, Step};

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Steps that can be read.
    pub whole: usize,
    /// Steps that were begun and miss blocks, as those do that workers are at.
    pub begun: usize,
    /// Steps that were given up.
    pub dropped: usize,
    /// The newest step that can be read.
    pub newest: Option<Step>,
    /// Measured at the newest steps that can be read, all processes together, by step and variable.
    pub recent: Vec<StepMetrics>,
    /// Bytes of all journals, up to their last whole frames.
    pub file_bytes: u64,
}

impl Dataset {
    /// How far an unfinished run is; `recent` is of so many steps. None for an archive.
    pub fn progress(&self, recent: usize) -> Option<Progress> {
        let Kind::Unfinished(content) = &self.kind else { return None };
        let run = &content.journals;
        let whole = || self.steps.iter().filter(|s| s.state == State::Present);
        let dropped = run.steps().iter().filter(|s| matches!(s.state, limbeck_archive::StepState::Dropped(_))).count();
        let first = whole().rev().take(recent.max(1)).last().map_or(u64::MAX, |s| s.index);
        let mut rows: BTreeMap<(u64, u32), StepMetrics> = BTreeMap::new();
        let readable = |step: u64| self.step(step).is_ok_and(|s| s.state == State::Present);
        for row in run.journals().iter().flat_map(|j| newest_rows(j, first)) {
            if !readable(row.step) {
                continue;
            }
            match rows.get_mut(&(row.step, row.variable)) {
                Some(sum) => add(sum, row),
                None => drop(rows.insert((row.step, row.variable), *row)),
            }
        }
        Some(Progress {
            whole: whole().count(),
            begun: self.steps.len() - whole().count() - dropped,
            dropped,
            newest: whole().next_back().cloned(),
            recent: rows.into_values().collect(),
            file_bytes: run.file_bytes(),
        })
    }
}

/// A journal's rows of the steps from `first` on, each once: a step that was taken again after a restart counts as it was last.
fn newest_rows(journal: &Journal, first: u64) -> Vec<&StepMetrics> {
    let rows = journal.metrics().iter().rev().take_while(|m| m.step >= first);
    let mut newest: BTreeMap<(u64, u32), &StepMetrics> = BTreeMap::new();
    for m in rows {
        newest.entry((m.step, m.variable)).or_insert(m);
    }
    newest.into_values().collect()
}

/// What another process measured of the same step and variable.
fn add(sum: &mut StepMetrics, other: &StepMetrics) {
    sum.quality = QualitySums::merge(&sum.quality, &other.quality);
    sum.bytes += other.bytes;
    sum.samples += other.samples;
    sum.train_seconds += other.train_seconds;
    sum.host_seconds = sum.host_seconds.max(other.host_seconds);
    sum.queue_bytes += other.queue_bytes;
    sum.queue_depth += other.queue_depth;
}
