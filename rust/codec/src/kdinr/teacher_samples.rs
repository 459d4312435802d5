//! What teachers say, as samples to train a student on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use limbeck_field::Normalisation;
use limbeck_network::{Evaluator, Kernel, Network, Random, Samples};
use rayon::prelude::*;

use super::coordinates::{AxisMap, Folds, write};
use super::focus::Focus;
use super::student::TimeMap;
use crate::{DistilTask, Error, Result};

/// Samples drawn from the teachers at a time; a power of two.
const CHUNK: usize = 1 << 16;
/// Teachers asked per chunk.
const ASKED: usize = 128;
/// Near the golden section of ASKED, and prime: its multiples visit all draws of a chunk, and few of them are spread evenly.
const SPREAD: usize = 79;

/// Chunks of fresh points that the student is asked at, to see where it errs: after each of its chunks 1, 2, 4, 8 and so on.
const OBSERVED: u64 = 2;
/// First chunk of those points, beyond all that training reaches.
const OBSERVED_CHUNKS: u64 = 1 << 40;
/// Errors are added up in multiples of this, which is exact in any order, so that all ranks see the same.
const GRAIN: f64 = 1.0 / (1u64 << 32) as f64;

/// Points in space and time with the values that the teachers have there.
///
/// All ranks draw the same points; each asks the teachers of its own draws, and trains on what they said. A batch consists of
/// groups of samples, each of one draw, and is the same whatever the number of ranks; so is the sum of the groups' gradients
/// ([`Samples::together`]), to the last bit.
pub(crate) struct TeacherSamples<'a> {
    pub task: &'a DistilTask<'a>,
    pub normalisation: Normalisation,
    /// Whether samples are drawn where the student errs, and where that is.
    importance: bool,
    focus: Focus,
    maps: Vec<AxisMap>,
    time: TimeMap,
    random: Random,
    batch: u64,
    chunk: u64,
    coordinates: Vec<f32>,
    targets: Vec<f32>,
    weights: Vec<f32>,
    /// The draws of the chunk that have values.
    draws: Vec<Draw>,
    /// Places of the samples of this batch that are here.
    drawn: Vec<u32>,
    /// What failed here, or that something failed on another rank.
    pub failure: Option<Error>,
    failed_elsewhere: bool,
}

/// One teacher's values in a chunk.
#[derive(Clone, Copy)]
struct Draw {
    count: usize,
    /// Where they begin in `targets`; None: they are on another rank.
    first: Option<usize>,
}

/// One teacher's share of a chunk.
#[derive(Default)]
pub(crate) struct Share {
    /// Which of the present steps, and which block.
    turn: usize,
    block: usize,
    /// Global points: n x (1 + rank), step index, then index coordinates.
    pub points: Vec<f64>,
    pub values: Vec<f64>,
    /// Of their errors.
    weights: Vec<f32>,
}

impl<'a> TeacherSamples<'a> {
    pub fn new(
        task: &'a DistilTask<'a>,
        time: TimeMap,
        normalisation: Normalisation,
        (batch, importance): (usize, bool),
        random: Random,
    ) -> TeacherSamples<'a> {
        TeacherSamples {
            importance,
            focus: Focus::new(task.blocks, task.present.len()),
            maps: AxisMap::of(task.extent, Folds::default()),
            normalisation,
            task,
            time,
            random,
            batch: batch as u64,
            chunk: u64::MAX,
            coordinates: Vec::new(),
            targets: Vec::new(),
            weights: Vec::new(),
            draws: Vec::new(),
            drawn: Vec::new(),
            failure: None,
            failed_elsewhere: false,
        }
    }

    /// The same points, drawn evenly, in other coordinates.
    pub fn fold(&mut self, folds: Folds) {
        self.maps = AxisMap::of(self.task.extent, folds);
        self.focus = Focus::new(self.task.blocks, self.task.present.len());
        self.chunk = u64::MAX;
    }

    /// [`TeacherSamples::shares_by`] of points drawn evenly.
    pub fn even_shares(&self, chunk: u64) -> Result<Vec<Share>> {
        self.shares_by(&Focus::new(self.task.blocks, self.task.present.len()), chunk)
    }

    /// Asks `ASKED` teachers for CHUNK values in all; draws of other ranks, and of teachers that were lost, come out empty.
    ///
    /// Steps and blocks (by the samples that are for them) are a Latin square: each draw has a stratum of its own in both, so that
    /// every chunk asks all parts of the run, and every rank has its share of every chunk.
    fn shares_by(&self, focus: &Focus, chunk: u64) -> Result<Vec<Share>> {
        let (task, rank) = (self.task, self.task.extent.rank());
        let each = CHUNK / ASKED;
        // Two places for each draw's stratum and one for the shuffle, then the voxels.
        let first = chunk * (ASKED * (3 + each)) as u64;
        let mut order: [usize; ASKED] = std::array::from_fn(|i| i);
        for i in (1..ASKED).rev() {
            order.swap(i, self.random.below(first + i as u64, i as u64 + 1) as usize);
        }
        let share = |asked: usize| -> Result<Share> {
            let base = first + (ASKED + 2 * asked) as u64;
            let within = |stratum: usize, at: u64| (stratum as f64 + self.random.uniform(at)) / ASKED as f64;
            let turn = focus.turn(within(asked, base));
            let step = task.present[turn];
            let block = focus.block(turn, within(order[asked], base + 1));
            if !(task.here)(asked, block) {
                return Ok(Share::default());
            }
            let Some(teacher) = task.teachers.teacher(step, block)? else { return Ok(Share::default()) };
            let extent = &task.blocks[block];
            let voxels = first + (3 * ASKED + asked * each) as u64;
            let (mut points, mut weights) = (Vec::with_capacity(each * rank), Vec::with_capacity(each));
            for i in 0..each {
                let u = self.random.uniform(voxels + i as u64);
                let chosen = focus.voxel(turn, (block, extent), u);
                points.extend(chosen.at.iter().zip(&extent.offset).map(|(i, offset)| (offset + i) as f64));
                weights.push(chosen.weight);
            }
            let mut values = vec![0.0; each];
            teacher.sample(&points, &mut values)?;
            let full = points.chunks_exact(rank).flat_map(|p| std::iter::once(step as f64).chain(p.iter().copied()));
            Ok(Share { turn, block, points: full.collect(), values, weights })
        };
        // A panic of this rank must not leave the others waiting: it is an error like others.
        let shares = catch_unwind(AssertUnwindSafe(|| (0..ASKED).into_par_iter().map(share).collect()));
        shares.unwrap_or_else(|_| Err(Error::Internal("sampling a teacher panicked".into())))
    }

    /// Fetches a chunk. Collective: the ranks tell each other how many values each draw gave.
    fn load(&mut self, chunk: u64) {
        let shares = self.shares_by(&self.focus, chunk).unwrap_or_else(|e| {
            self.failure = Some(e);
            Vec::new()
        });
        // By draw: values, then whether there was a teacher.
        let mut told = vec![0.0f64; 2 * ASKED];
        for (asked, share) in shares.iter().enumerate() {
            // Masked positions have no value to learn.
            told[asked] = share.values.iter().filter(|v| v.is_finite()).count() as f64;
            told[ASKED + asked] = f64::from(u8::from(!share.values.is_empty()));
        }
        if let Err(e) = self.task.ranks.sum_f64(&mut told) {
            self.failure = Some(e);
        }
        let (counts, teachers) = told.split_at(ASKED);
        // A chunk of masked points alone teaches nothing, and is no failure.
        if teachers.iter().all(|n| *n == 0.0) && self.failure.is_none() {
            let text = "there is no teacher to distil: every step was lost or dropped";
            self.failure = Some(Error::InvalidArgument(text.into()));
        }
        let axes = self.task.extent.rank() + 1;
        self.coordinates.clear();
        self.targets.clear();
        self.weights.clear();
        self.draws.clear();
        for (asked, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0.0) {
            let share = shares.get(asked).filter(|s| !s.values.is_empty());
            self.draws.push(Draw { count: *n as usize, first: share.map(|_| self.targets.len()) });
            let Some(share) = share else { continue };
            let samples = share.points.chunks_exact(axes).zip(&share.values).zip(&share.weights);
            for ((p, v), weight) in samples.filter(|((_, v), _)| v.is_finite()) {
                self.coordinates.push(self.time.map(p[0]));
                self.coordinates.extend(self.maps.iter().zip(&p[1..]).map(|(m, p)| m.map(*p)));
                self.targets.push(self.normalisation.forward(*v));
                self.weights.push(*weight);
            }
        }
        self.chunk = chunk;
    }

    /// Sees where the network errs. Collective.
    fn observe(&mut self, chunk: u64, network: Option<Network>) {
        let evaluator = network.map(|n| Evaluator::new(&n, Kernel::best()));
        let (axes, places) = (self.task.extent.rank() + 1, self.focus.places());
        let errors = |share: &Share, evaluator: &Evaluator| -> Vec<f64> {
            let point = |i: usize, c: &mut [f32]| {
                let p = &share.points[i * axes..][..axes];
                c[0] = self.time.map(p[0]);
                write(&self.maps, &p[1..], &mut c[1..]);
            };
            let mut out = vec![0.0f32; share.values.len()];
            evaluator.evaluate(&mut evaluator.scratch(), point, &mut out);
            let errors =
                out.iter().zip(&share.values).map(|(o, v)| f64::from((o - self.normalisation.forward(*v)).abs()));
            errors.map(|e| (e.min(4.0) / GRAIN).round()).collect()
        };
        let mut sums = vec![0.0; 2 * places];
        if let Some(evaluator) = &evaluator {
            for even in 0..OBSERVED {
                let shares = self.even_shares(OBSERVED_CHUNKS + OBSERVED * chunk + even).unwrap_or_else(|e| {
                    self.failure = Some(e);
                    Vec::new()
                });
                let errors: Vec<Vec<f64>> = shares.par_iter().map(|share| errors(share, evaluator)).collect();
                for (share, errors) in shares.iter().zip(&errors) {
                    let block = (share.block, &self.task.blocks[share.block]);
                    let seen = share.points.chunks_exact(axes).zip(errors).zip(&share.values);
                    for ((p, e), _) in seen.filter(|(_, v)| v.is_finite()) {
                        let place = self.focus.place(share.turn, block, &p[1..]);
                        sums[place] += e;
                        sums[places + place] += 1.0;
                    }
                }
            }
        }
        if let Err(e) = self.task.ranks.sum_f64(&mut sums) {
            self.failure = Some(e);
        }
        let (sums, counts) = sums.split_at(places);
        self.focus.see(sums, counts);
    }
}

impl Samples for TeacherSamples<'_> {
    fn prepare(&mut self, step: u64, batch: usize, now: &dyn Fn() -> Option<Network>) -> usize {
        let chunk = step * self.batch / CHUNK as u64;
        if chunk != self.chunk && !self.ended() {
            if self.importance && chunk.is_power_of_two() {
                self.observe(chunk, now());
            }
            self.load(chunk);
        }
        self.drawn.clear();
        let (draws, together) = (self.draws.len(), self.together());
        if draws > 0 {
            // Draws rise in time: the groups of a batch are spread over all of them, those of the next are from others.
            let groups = batch.div_ceil(together);
            let first = (step as usize).wrapping_mul(groups);
            let spread = if draws.is_multiple_of(SPREAD) { 1 } else { SPREAD };
            for group in 0..groups {
                let turn = first.wrapping_add(group);
                let draw = self.draws[turn.wrapping_mul(spread) % draws];
                let Some(place) = draw.first else { continue };
                let from = turn / draws * together;
                let n = together.min(batch - group * together);
                self.drawn.extend((from..from + n).map(|i| (place + i % draw.count) as u32));
            }
        }
        self.drawn.len()
    }

    fn together(&self) -> usize {
        (self.batch as usize / 16).clamp(8, 48)
    }

    fn fill(&self, _step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        let axes = self.task.extent.rank() + 1;
        let samples = coordinates.chunks_exact_mut(axes).zip(targets).zip(weights);
        for (((c, t), w), at) in samples.zip(&self.drawn[first..]) {
            let at = *at as usize;
            c.copy_from_slice(&self.coordinates[at * axes..][..axes]);
            *t = self.targets[at];
            *w = self.weights[at];
        }
    }

    /// A rank that failed takes part once more, and tells the others with the last of the sums.
    fn combine(&mut self, sums: &mut [f32]) {
        let flag = sums.len() - 1;
        sums[flag] = f32::from(u8::from(self.failure.is_some()));
        match self.task.ranks.sum_f32(sums) {
            Ok(()) => self.failed_elsewhere |= sums[flag] != 0.0,
            Err(e) => self.failure = Some(e),
        }
    }

    fn ended(&self) -> bool {
        self.failed_elsewhere || self.failure.is_some()
    }
}
