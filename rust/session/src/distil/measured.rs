//! What was measured on the steps while the run was alive, over all journals and ranks.

use std::collections::BTreeMap;

use limbeck_archive::{QualitySums, StepMetrics, UnfinishedRun};
use limbeck_codec::StepKind;

use super::crew::{Crew, Journals};
use crate::journal::quality;
use crate::{Result, StepReport};

/// By step and variable; the blocks of all ranks together.
pub(super) struct Measured {
    rows: BTreeMap<(u64, u32), (StepMetrics, u32)>,
    /// Cycle and time of the steps.
    stamps: BTreeMap<u64, (i64, f64)>,
}

/// Sums and largest values that a row is made of.
const SUMS: usize = 6;
const LARGEST: usize = 6;

/// Collective.
pub(super) fn steps(crew: &Crew<'_>, run: &UnfinishedRun) -> Result<Measured> {
    let mut measured = local(run);
    if crew.journals == Journals::All || crew.ranks.size() == 1 {
        return Ok(measured);
    }
    // One table for all ranks, of as many steps as any of them knows.
    let variables = run.run().variables.len();
    let mut end = [measured.stamps.keys().next_back().map_or(0.0, |s| *s as f64 + 1.0)];
    crew.ranks.max_f64(&mut end)?;
    let steps = end[0] as usize;
    let mut sums = vec![0.0; steps * variables * SUMS];
    let mut largest = vec![f64::NEG_INFINITY; steps * variables * LARGEST];
    // A step whose stamp was damaged is none, on any rank.
    let known = |(step, v): &(u64, u32)| (*step as usize) < steps && (*v as usize) < variables;
    for ((step, v), (m, plain)) in measured.rows.iter().filter(|(at, _)| known(at)) {
        let at = *step as usize * variables + *v as usize;
        let q = &m.quality;
        let row = [
            q.count as f64,
            q.squared_error,
            m.bytes as f64,
            m.samples as f64,
            m.train_seconds.into(),
            (*plain).into(),
        ];
        sums[at * SUMS..][..SUMS].copy_from_slice(&row);
        let row = [q.max_error, -q.min, q.max, m.host_seconds.into(), m.queue_bytes as f64, m.queue_depth.into()];
        largest[at * LARGEST..][..LARGEST].copy_from_slice(&row);
    }
    let mut stamps = vec![f64::NEG_INFINITY; steps * 2];
    for (step, (cycle, time)) in &measured.stamps {
        stamps[*step as usize * 2..][..2].copy_from_slice(&[*cycle as f64, *time]);
    }
    crew.ranks.sum_f64(&mut sums)?;
    crew.ranks.max_f64(&mut largest)?;
    crew.ranks.max_f64(&mut stamps)?;
    measured.rows.clear();
    for (at, (s, l)) in sums.chunks_exact(SUMS).zip(largest.chunks_exact(LARGEST)).enumerate() {
        let (step, v) = ((at / variables) as u64, (at % variables) as u32);
        // A row that no rank has.
        if l[3] == f64::NEG_INFINITY {
            continue;
        }
        let quality = QualitySums { count: s[0] as u64, squared_error: s[1], max_error: l[0], min: -l[1], max: l[2] };
        let metrics = StepMetrics {
            step,
            variable: v,
            quality,
            bytes: s[2] as u64,
            samples: s[3] as u64,
            train_seconds: s[4] as f32,
            host_seconds: l[3] as f32,
            queue_bytes: l[4] as u64,
            queue_depth: l[5] as u32,
        };
        measured.rows.insert((step, v), (metrics, s[5] as u32));
    }
    let told = stamps.chunks_exact(2).enumerate().filter(|(_, s)| s[0] > f64::NEG_INFINITY);
    for (step, s) in told {
        measured.stamps.entry(step as u64).or_insert((s[0] as i64, s[1]));
    }
    Ok(measured)
}

/// Of the journals here: the newest row of each journal, all journals together.
fn local(run: &UnfinishedRun) -> Measured {
    let mut rows: BTreeMap<(u64, u32), (StepMetrics, u32)> = BTreeMap::new();
    for journal in run.journals() {
        let newest: BTreeMap<_, _> = journal.metrics().iter().map(|m| ((m.step, m.variable), *m)).collect();
        for (key, m) in newest {
            rows.entry(key).and_modify(|(sum, _)| *sum = together(sum, &m)).or_insert((m, 0));
        }
    }
    for ((step, v), (_, plain)) in &mut rows {
        let Some(variable) = run.run().variables.get(*v as usize) else { continue };
        let is_plain = |b: &u32| run.block(*v, *b, *step).is_some_and(|e| e.step_kind == StepKind::Plain as u8);
        *plain = (0..variable.blocks.len() as u32).filter(is_plain).count() as u32;
    }
    let stamps = run.steps().iter().map(|s| (s.stamp.step, (s.stamp.cycle, s.stamp.time))).collect();
    Measured { rows, stamps }
}

fn together(a: &StepMetrics, b: &StepMetrics) -> StepMetrics {
    StepMetrics {
        quality: a.quality.merge(&b.quality),
        bytes: a.bytes + b.bytes,
        samples: a.samples + b.samples,
        train_seconds: a.train_seconds + b.train_seconds,
        host_seconds: a.host_seconds.max(b.host_seconds),
        queue_bytes: a.queue_bytes.max(b.queue_bytes),
        queue_depth: a.queue_depth.max(b.queue_depth),
        ..*a
    }
}

impl Measured {
    /// As an archive keeps them.
    pub(super) fn rows(&self) -> Vec<StepMetrics> {
        self.rows.values().map(|(m, _)| *m).collect()
    }

    pub(super) fn reports(&self, run: &UnfinishedRun) -> Vec<StepReport> {
        let report = |((step, v), (m, plain)): (&(u64, u32), &(StepMetrics, u32))| {
            let variable = run.run().variables.get(*v as usize)?;
            let (cycle, time) = *self.stamps.get(step)?;
            Some(StepReport {
                step: *step,
                cycle,
                time,
                variable: variable.name.clone(),
                quality: quality(&m.quality),
                bytes: m.bytes,
                samples: m.samples,
                train_seconds: m.train_seconds.into(),
                host_seconds: m.host_seconds.into(),
                queue_bytes: m.queue_bytes,
                queue_depth: m.queue_depth,
                plain_blocks: *plain,
            })
        };
        self.rows.iter().filter_map(report).collect()
    }
}
