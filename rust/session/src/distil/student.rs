//! The students: one per variable, or per variable and shard.

use std::time::{Duration, Instant};

use limbeck_archive::{BlockEntry, UnfinishedRun};
use limbeck_codec::ranks::{Alone, Ranks};
use limbeck_codec::{ChainKey, DistilTask, EncodedSegment, Method, StepKind};
use limbeck_field::Extent;
use rayon::ThreadPool;

use super::crew::{Crew, told_blocks};
use super::plan::{Plan, values};
use super::shards::{self, Part};
use crate::commit::geometry;
use crate::desk::on_pool;
use crate::error::panic_proof;
use crate::settings::Settings;
use crate::teachers::{Open, Teachers, decoded_bytes};
use crate::{Error, Progress, Result, agree};

/// Fewest bytes that a student is asked to fit into.
pub(super) const SMALLEST: u64 = 64;

pub(super) struct Job<'a> {
    pub(super) crew: &'a Crew<'a>,
    pub(super) run: &'a UnfinishedRun,
    pub(super) plan: &'a Plan,
    pub(super) method: &'a dyn Method,
    pub(super) settings: &'a Settings,
    pub(super) pool: &'a ThreadPool,
    /// For all students together, where the target is a size.
    pub(super) payload_bytes: u64,
    pub(super) progress: &'a (dyn Fn(&Progress) + Sync),
}

pub(super) struct Made {
    pub(super) variable: u32,
    /// The box that it is of (offset and count); None: all of the variable.
    pub(super) extent: Option<(Vec<u64>, Vec<u64>)>,
    pub(super) segment: EncodedSegment,
    pub(super) seconds: f64,
}

/// All students, variable by variable. Bytes and time are shared by numbers of values; variables that never change
/// take the least there is. Collective; with shards, rank 0 gets those of all ranks.
pub(super) fn all(job: &Job<'_>) -> Result<Vec<Made>> {
    let variables = &job.run.run().variables;
    let ranges = job.ranges()?;
    // One value at all places and steps is nothing to follow; one at each step, another at the next, is a history.
    let weights: Vec<f64> =
        variables.iter().zip(&ranges).map(|(d, (min, max))| if min >= max { 0.0 } else { values(d) as f64 }).collect();
    let parts = shards::parts(job.crew, job.run, job.settings.shards);
    let constant = parts.iter().filter(|p| weights[p.variable as usize] == 0.0).count() as u64;
    let room = job.payload_bytes.saturating_sub(constant * SMALLEST);
    let shares = shares(room, &weights, self::least(&weights, job.plan.stamps.len()));
    // Blocks may share nodes, and parts then add up to more than the variable.
    let mut whole = vec![0; variables.len()];
    parts.iter().for_each(|p| whole[p.variable as usize] += p.values());
    let share_of = |p: &Part| p.values() as f64 / whole[p.variable as usize].max(1) as f64;
    let mine: Vec<&Part> = parts.iter().filter(|p| p.maker.is_none_or(|m| m == job.crew.ranks.rank())).collect();
    let mut left: f64 = mine.iter().map(|p| weights[p.variable as usize] * share_of(p)).sum();
    let begin = Instant::now();
    let make = |part: &&Part| {
        let v = part.variable as usize;
        let budget = ((shares[v] as f64 * share_of(part)) as u64).max(SMALLEST);
        // What one student leaves of its time, the others have.
        let weight = weights[v] * share_of(part);
        let limit = job.settings.distil_limit.map(|limit| {
            limit.saturating_sub(begin.elapsed()).mul_f64(if left > 0.0 { (weight / left).min(1.0) } else { 1.0 })
        });
        left -= weight;
        job.one(part, ranges[v], budget, limit)
    };
    let made: Result<Vec<Made>> = mine.iter().map(make).collect();
    if job.settings.shards { shards::collect(job.crew, agree(job.crew.ranks, made)?) } else { made }
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
    /// Smallest and largest value of each variable at the distilled steps, as measured when they were handed in; (0, 0) if
    /// there is none. Collective.
    pub(super) fn ranges(&self) -> Result<Vec<(f64, f64)>> {
        let variables = self.run.run().variables.len();
        let mut largest = vec![f64::NEG_INFINITY; 2 * variables];
        for &(v, b) in &told_blocks(self.crew, self.run) {
            let at = 2 * v as usize;
            for entry in self.plan.stamps.iter().filter_map(|s| self.run.block(v, b, s.step)) {
                largest[at] = largest[at].max(-entry.quality.min);
                largest[at + 1] = largest[at + 1].max(entry.quality.max);
            }
        }
        self.crew.ranks.max_f64(&mut largest)?;
        let range = |pair: &[f64]| if -pair[0] <= pair[1] { (-pair[0], pair[1]) } else { (0.0, 0.0) };
        Ok(largest.chunks_exact(2).map(range).collect())
    }

    fn one(&self, part: &Part, range: (f64, f64), budget: u64, limit: Option<Duration>) -> Result<Made> {
        let begin = Instant::now();
        let teachers = self.teachers(part);
        let fits = self.fits_memory(part, &teachers);
        if part.maker.is_none() {
            agree(self.crew.ranks, fits)?
        } else {
            fits?
        };
        let task = Task { part, range, teachers: &teachers };
        let segment = self.fit(&task, budget, limit)?;
        Ok(part.made(&teachers.geometries[0].shape, segment, begin.elapsed().as_secs_f64()))
    }

    /// Streams are decoded whole, and asked for values of all steps in any order.
    fn fits_memory(&self, part: &Part, teachers: &Teachers<'_>) -> Result<()> {
        let stream = |entry: &BlockEntry| entry.step_kind == StepKind::Bounded as u8;
        let (needed, limit) = (self.decoded(part, teachers, stream), self.settings.distil_bytes);
        if needed <= limit {
            return Ok(());
        }
        let name = &self.run.run().variables[part.variable as usize].name;
        Err(Error::InvalidArgument(format!(
            "the steps of {name:?} are in the journal as streams, which take {needed} bytes when they are decoded, and distil.bytes \
             is {limit}: set it higher, perhaps in a batch job (`limbeck distill`)"
        )))
    }

    /// Bytes that those steps of a part take, decoded, which this rank can read and may be asked for.
    pub(super) fn decoded(&self, part: &Part, teachers: &Teachers<'_>, which: impl Fn(&BlockEntry) -> bool) -> u64 {
        let steps = self.plan.first_step..self.plan.first_step + self.plan.stamps.len() as u64;
        let places = steps.flat_map(|step| part.blocks.iter().enumerate().map(move |(i, b)| (step, i, *b)));
        let entries = places.filter_map(|(step, i, b)| Some((i, self.run.block(part.variable, b, step)?)));
        let bytes = |(i, e): (usize, &BlockEntry)| decoded_bytes(&teachers.geometries[i], e, e.mask_length.is_some());
        entries.filter(|(_, entry)| which(entry)).map(bytes).sum()
    }

    pub(super) fn teachers<'b>(&'b self, part: &'b Part) -> Teachers<'b> {
        let description = &self.run.run().variables[part.variable as usize];
        Teachers {
            run: self.run,
            own: self.method,
            variable: part.variable,
            blocks: &part.blocks,
            geometries: part.blocks.iter().map(|b| geometry(description, *b as usize)).collect(),
            first_step: self.plan.first_step,
            open: Open::within(self.settings.distil_bytes),
        }
    }

    /// Collective, unless the part has a maker of its own.
    pub(super) fn fit(&self, task: &Task<'_>, bytes: u64, limit: Option<Duration>) -> Result<EncodedSegment> {
        let (variables, part) = (&self.run.run().variables, task.part);
        let v = part.variable as usize;
        let name = &variables[v].name;
        let geometries = &task.teachers.geometries;
        let extents: Vec<Extent> = geometries.iter().map(|g| g.extent.clone()).collect();
        let descriptions: Vec<_> = part.blocks.iter().map(|b| &variables[v].blocks[*b as usize]).collect();
        let (times, present) = (self.plan.times(), self.plan.present());
        let tell = |done: f64, psnr: f64| {
            (self.progress)(&Progress { variable: name.clone(), index: v, variables: variables.len(), done, psnr });
        };
        let together = part.maker.is_none();
        let ranks: &dyn Ranks = if together { self.crew.ranks } else { &Alone };
        let here = |draw: usize, block: usize| !together || self.crew.asks(draw, descriptions[block]);
        let work = |ranks: &dyn Ranks| {
            let task = DistilTask {
                extent: &part.extent,
                element_type: geometries[0].element_type,
                blocks: &extents,
                times: &times,
                present: &present,
                range: task.range,
                teachers: task.teachers,
                ranks,
                here: &here,
                key: ChainKey { seed: self.settings.seed, variable: part.variable, block: part.blocks[0] },
                budget_bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
                time_limit: limit,
                progress: &tell,
            };
            self.method.distil(&task, self.pool)
        };
        // The work is done on threads of limbeck, where a panic is not printed; the journal is whole whatever happens.
        let distilling = format!("distilling {name:?}");
        let made = panic_proof(ranks, &distilling, || {
            let result = on_pool(self.pool, ranks, work);
            let result = result.ok_or_else(|| Error::Internal("a pool lost its work".into()))?;
            result.map_err(|e| Error::from(e).during(&distilling))
        });
        agree(ranks, made)
    }
}

/// One student and what it is made of.
pub(super) struct Task<'a> {
    pub(super) part: &'a Part,
    pub(super) range: (f64, f64),
    pub(super) teachers: &'a Teachers<'a>,
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
