//! The students: one per variable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use limbeck_archive::UnfinishedRun;
use limbeck_codec::{ChainKey, DistilTask, EncodedSegment, Method};
use limbeck_field::Extent;
use rayon::ThreadPool;

use super::plan::{Plan, values};
use crate::commit::geometry;
use crate::settings::{Settings, Target};
use crate::teachers::{Open, Teachers};
use crate::{Error, Progress, Result};

/// Fewest bytes that a student is asked to fit into.
const SMALLEST: u64 = 64;
/// Students that are tried to reach a quality.
const TRIES: usize = 6;
/// Factor between the sizes of students that are tried.
const STRIDE: u64 = 3;

pub(super) struct Job<'a> {
    pub(super) run: &'a UnfinishedRun,
    pub(super) plan: &'a Plan,
    pub(super) method: &'a dyn Method,
    pub(super) settings: &'a Settings,
    pub(super) pool: &'a ThreadPool,
    /// For all students together; None: as the quality asks for.
    pub(super) payload_bytes: Option<u64>,
    pub(super) progress: &'a (dyn Fn(&Progress) + Sync),
}

pub(super) struct Made {
    pub(super) variable: u32,
    pub(super) segment: EncodedSegment,
    pub(super) seconds: f64,
    pub(super) warnings: Vec<String>,
}

/// All students, variable by variable. Bytes and time are shared by numbers of values; variables that never change
/// take the least there is.
pub(super) fn all(job: &Job<'_>) -> Result<Vec<Made>> {
    let variables = &job.run.run().variables;
    let weights: Vec<f64> = variables
        .iter()
        .enumerate()
        .map(|(v, d)| if job.constant(v as u32) { 0.0 } else { values(d) as f64 })
        .collect();
    let total: f64 = weights.iter().sum();
    let constant = weights.iter().filter(|w| **w == 0.0).count() as u64;
    let room = job.payload_bytes.map(|b| b.saturating_sub(constant * SMALLEST));
    let shares = room.map(|r| shares(r, &weights, self::least(&weights, job.plan.stamps.len())));
    let begin = Instant::now();
    let mut left = total;
    let mut made = Vec::new();
    for (v, weight) in weights.iter().enumerate() {
        let budget = shares.as_ref().map(|s| s[v]);
        // What one variable leaves of its time, the others have.
        let limit = job.settings.distil_limit.map(|limit| {
            limit.saturating_sub(begin.elapsed()).mul_f64(if left > 0.0 { (weight / left).min(1.0) } else { 1.0 })
        });
        left -= weight;
        made.push(job.one(v as u32, budget.map(|b| b.max(SMALLEST)), limit)?);
    }
    Ok(made)
}

/// Bytes below which a student can hardly follow anything, but never more than a quarter of the variable as float32.
const USEFUL: f64 = 600.0;

/// What each variable should have at least; constant ones need nothing.
fn least(weights: &[f64], steps: usize) -> Vec<f64> {
    weights.iter().map(|w| USEFUL.min(w * steps as f64)).collect()
}

/// Shares the bytes by numbers of values. A small variable beside large ones gets what a student needs at least, as long
/// as all of that together is no more than a quarter of the whole.
fn shares(room: u64, weights: &[f64], least: Vec<f64>) -> Vec<u64> {
    let by_values = |room: f64, total: f64, w: f64| room * w / total.max(1.0);
    let total: f64 = weights.iter().sum();
    let small: Vec<bool> = weights.iter().zip(&least).map(|(w, l)| by_values(room as f64, total, *w) < *l).collect();
    let sum =
        |of: &[f64], which: bool| of.iter().zip(&small).filter(|(_, s)| **s == which).map(|(x, _)| x).sum::<f64>();
    let reserved = sum(&least, true);
    if reserved > room as f64 / 4.0 {
        return weights.iter().map(|w| by_values(room as f64, total, *w) as u64).collect();
    }
    let (left, large) = (room as f64 - reserved, sum(weights, false));
    let share = |v: usize| if small[v] { least[v] } else { by_values(left, large, weights[v]) };
    (0..weights.len()).map(|v| share(v) as u64).collect()
}

impl Job<'_> {
    /// Whether the variable has one value at all places and steps. One value a step, another at the next, is a history that
    /// a student has to follow.
    fn constant(&self, v: u32) -> bool {
        let (min, max) = self.range(v);
        min >= max
    }

    /// Smallest and largest value of a variable at the distilled steps, as measured when they were handed in.
    fn range(&self, v: u32) -> (f64, f64) {
        let blocks = self.run.run().variables[v as usize].blocks.len() as u32;
        let entries = self.plan.stamps.iter().flat_map(|s| (0..blocks).filter_map(|b| self.run.block(v, b, s.step)));
        let (min, max) = entries
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), e| (min.min(e.quality.min), max.max(e.quality.max)));
        if min <= max { (min, max) } else { (0.0, 0.0) }
    }

    fn one(&self, v: u32, budget: Option<u64>, limit: Option<Duration>) -> Result<Made> {
        let begin = Instant::now();
        let description = &self.run.run().variables[v as usize];
        let geometries: Vec<_> = (0..description.blocks.len()).map(|b| geometry(description, b)).collect();
        let teachers = Teachers {
            run: self.run,
            own: self.method,
            variable: v,
            geometries,
            first_step: self.plan.first_step,
            open: Open::within(self.settings.distil_bytes),
        };
        let mut warnings = Vec::new();
        let segment = match (budget, self.settings.target) {
            (Some(bytes), _) => self.fit(v, &teachers, bytes, limit)?,
            (None, Target::Psnr(psnr)) => self.search(v, &teachers, psnr, limit, &mut warnings)?,
            (None, Target::Ratio(_)) => return Err(Error::Internal("a ratio without a number of bytes".into())),
        };
        Ok(Made { variable: v, segment, seconds: begin.elapsed().as_secs_f64(), warnings })
    }

    /// The smallest student found that reaches the quality, or the best one.
    fn search(
        &self,
        v: u32,
        teachers: &Teachers<'_>,
        psnr: f64,
        limit: Option<Duration>,
        warnings: &mut Vec<String>,
    ) -> Result<EncodedSegment> {
        let begin = Instant::now();
        let description = &self.run.run().variables[v as usize];
        let raw = 4 * values(description) * self.plan.stamps.len() as u64;
        let mut bytes = (raw / 1000).max(SMALLEST);
        let mut kept: Option<EncodedSegment> = None;
        for attempt in 0..TRIES {
            let left = limit.map(|l| l.saturating_sub(begin.elapsed()) / (TRIES - attempt) as u32);
            let segment = self.fit(v, teachers, bytes, left)?;
            let reached = segment.quality.psnr() >= psnr;
            tracing::debug!(bytes, psnr = segment.quality.psnr(), "tried a student");
            let before = kept.as_ref().map(|k| k.quality.psnr() >= psnr);
            let better = kept.as_ref().is_none_or(|k| match before {
                Some(true) => reached && segment.payload.len() < k.payload.len(),
                _ => reached || segment.quality.psnr() > k.quality.psnr(),
            });
            if better {
                kept = Some(segment);
            }
            let next = if reached { bytes / STRIDE } else { bytes.saturating_mul(STRIDE) };
            // Between two sizes that were tried there is nothing left to try.
            if before.is_some_and(|b| b != reached) || next < SMALLEST || next > raw {
                break;
            }
            bytes = next;
        }
        let kept = kept.ok_or_else(|| Error::Internal("no student was tried".into()))?;
        if kept.quality.psnr() < psnr {
            warnings.push(format!(
                "{:?} reached {:.1} dB against its teachers, not {psnr} dB: give the teachers more (effort, preset = best) or \
                 more time",
                description.name,
                kept.quality.psnr()
            ));
        }
        Ok(kept)
    }

    fn fit(&self, v: u32, teachers: &Teachers<'_>, bytes: u64, limit: Option<Duration>) -> Result<EncodedSegment> {
        let variables = &self.run.run().variables;
        let name = &variables[v as usize].name;
        let blocks: Vec<Extent> = teachers.geometries.iter().map(|g| g.extent.clone()).collect();
        let times = self.plan.times();
        let tell = |done: f64, psnr: f64| {
            (self.progress)(&Progress {
                variable: name.clone(),
                index: v as usize,
                variables: variables.len(),
                done,
                psnr,
            });
        };
        let Some(first) = teachers.geometries.first() else {
            return Err(Error::InvalidArgument(format!("variable {name:?} has no block")));
        };
        let task = DistilTask {
            shape: &first.shape,
            element_type: first.element_type,
            blocks: &blocks,
            times: &times,
            range: self.range(v),
            teachers,
            key: ChainKey { seed: self.settings.seed, variable: v, block: 0 },
            budget_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            time_limit: limit,
            progress: &tell,
        };
        // The work is done on threads of limbeck, where a panic is not printed; the journal is whole whatever happens.
        match catch_unwind(AssertUnwindSafe(|| self.pool.install(|| self.method.distil(&task, self.pool)))) {
            Ok(result) => result.map_err(|e| Error::from(e).during(&format!("distilling {name:?}"))),
            Err(_) => Err(Error::Internal(format!("distilling {name:?} panicked; the journal is unharmed"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_variables_get_enough_and_the_sum_is_kept() {
        let weights = [1e6, 300.0, 0.0, 2e6];
        let s = shares(60_000, &weights, least(&weights, 10));
        assert_eq!((s[1], s[2]), (600, 0));
        assert!(s.iter().sum::<u64>() <= 60_000 && s[3] / 2 - s[0] <= 1);
        // Nothing but small variables: by values.
        assert_eq!(shares(400, &[300.0, 100.0], least(&[300.0, 100.0], 10)), [300, 100]);
        assert_eq!(shares(100, &[0.0], least(&[0.0], 10)), [0]);
    }
}
