//! What teachers say, as samples to train a student on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use limbeck_field::Normalisation;
use limbeck_network::{Random, Samples};
use rayon::prelude::*;

use super::coordinates::{AxisMap, Folds};
use super::student::TimeMap;
use crate::{DistilTask, Error, Result};

/// Samples drawn from the teachers at a time; a power of two.
const CHUNK: usize = 1 << 16;
/// Teachers asked per chunk.
const ASKED: usize = 128;
/// Near the golden section of ASKED, and prime: its multiples visit all draws of a chunk, and few of them are spread evenly.
const SPREAD: usize = 79;

/// Points in space and time with the values that the teachers have there.
///
/// All ranks draw the same points; each asks the teachers of its own draws, and trains on what they said. A batch consists of
/// groups of samples, each of one draw, and is the same whatever the number of ranks; so is the sum of the groups' gradients
/// ([`Samples::together`]), to the last bit.
pub(crate) struct TeacherSamples<'a> {
    pub task: &'a DistilTask<'a>,
    pub normalisation: Normalisation,
    /// Cumulative number of values of the blocks.
    volumes: Vec<u64>,
    maps: Vec<AxisMap>,
    time: TimeMap,
    random: Random,
    batch: u64,
    chunk: u64,
    coordinates: Vec<f32>,
    targets: Vec<f32>,
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

/// One teacher's share of a chunk: global points (n x (1 + rank): step index, then index coordinates) and values.
#[derive(Default)]
pub(crate) struct Share {
    pub points: Vec<f64>,
    pub values: Vec<f64>,
}

impl<'a> TeacherSamples<'a> {
    pub fn new(
        task: &'a DistilTask<'a>,
        time: TimeMap,
        normalisation: Normalisation,
        batch: usize,
        random: Random,
    ) -> TeacherSamples<'a> {
        let volumes = task.blocks.iter().scan(0, |sum, b| {
            *sum += b.len() as u64;
            Some(*sum)
        });
        TeacherSamples {
            volumes: volumes.collect(),
            maps: AxisMap::of(task.extent, Folds::default()),
            normalisation,
            task,
            time,
            random,
            batch: batch as u64,
            chunk: u64::MAX,
            coordinates: Vec::new(),
            targets: Vec::new(),
            draws: Vec::new(),
            drawn: Vec::new(),
            failure: None,
            failed_elsewhere: false,
        }
    }

    /// The same points in other coordinates.
    pub fn fold(&mut self, folds: Folds) {
        self.maps = AxisMap::of(self.task.extent, folds);
        self.chunk = u64::MAX;
    }

    /// Asks `ASKED` teachers for CHUNK values in all; draws of other ranks, and of teachers that were lost, come out empty.
    ///
    /// Steps and blocks (by volume) are a Latin square: each draw has a stratum of its own in both, so that every chunk
    /// asks all parts of the run, and every rank has its share of every chunk.
    pub fn shares(&self, chunk: u64) -> Result<Vec<Share>> {
        let (task, rank) = (self.task, self.task.extent.rank());
        let total = self.volumes.last().copied().unwrap_or(0);
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
            let turn = (within(asked, base) * task.present.len() as f64) as usize;
            let step = task.present[turn.min(task.present.len() - 1)];
            let at = ((within(order[asked], base + 1) * total as f64) as u64).min(total - 1);
            let block = self.volumes.partition_point(|v| *v <= at);
            if !(task.here)(asked, block) {
                return Ok(Share::default());
            }
            let Some(teacher) = task.teachers.teacher(step, block)? else { return Ok(Share::default()) };
            let extent = &task.blocks[block];
            let voxels = first + (3 * ASKED + asked * each) as u64;
            let mut points = Vec::with_capacity(each * rank);
            for i in 0..each {
                let mut k = self.random.below(voxels + i as u64, extent.len() as u64) as usize;
                let first = points.len();
                points.resize(first + rank, 0.0);
                for a in (0..rank).rev() {
                    points[first + a] = (extent.offset[a] + k % extent.count[a]) as f64;
                    k /= extent.count[a];
                }
            }
            let mut values = vec![0.0; each];
            teacher.sample(&points, &mut values)?;
            let full = points.chunks_exact(rank).flat_map(|p| std::iter::once(step as f64).chain(p.iter().copied()));
            Ok(Share { points: full.collect(), values })
        };
        // A panic of this rank must not leave the others waiting: it is an error like others.
        let shares = catch_unwind(AssertUnwindSafe(|| (0..ASKED).into_par_iter().map(share).collect()));
        shares.unwrap_or_else(|_| Err(Error::Internal("sampling a teacher panicked".into())))
    }

    /// Fetches a chunk. Collective: the ranks tell each other how many values each draw gave.
    fn load(&mut self, chunk: u64) {
        let shares = self.shares(chunk).unwrap_or_else(|e| {
            self.failure = Some(e);
            Vec::new()
        });
        let mut counts = vec![0.0f64; ASKED];
        for (n, share) in counts.iter_mut().zip(&shares) {
            // Masked positions have no value to learn.
            *n = share.values.iter().filter(|v| v.is_finite()).count() as f64;
        }
        if let Err(e) = self.task.ranks.sum_f64(&mut counts) {
            self.failure = Some(e);
        }
        let total: f64 = counts.iter().sum();
        if total == 0.0 && self.failure.is_none() {
            let text = "there is no teacher to distil: every step was lost or dropped";
            self.failure = Some(Error::InvalidArgument(text.into()));
        }
        let axes = self.task.extent.rank() + 1;
        self.coordinates.clear();
        self.targets.clear();
        self.draws.clear();
        for (asked, n) in counts.iter().enumerate().filter(|(_, n)| **n > 0.0) {
            let share = shares.get(asked).filter(|s| !s.values.is_empty());
            self.draws.push(Draw { count: *n as usize, first: share.map(|_| self.targets.len()) });
            let Some(share) = share else { continue };
            for (p, v) in share.points.chunks_exact(axes).zip(&share.values).filter(|(_, v)| v.is_finite()) {
                self.coordinates.push(self.time.map(p[0]));
                self.coordinates.extend(self.maps.iter().zip(&p[1..]).map(|(m, p)| m.map(*p)));
                self.targets.push(self.normalisation.forward(*v));
            }
        }
        self.chunk = chunk;
    }
}

impl Samples for TeacherSamples<'_> {
    fn prepare(&mut self, step: u64, batch: usize) -> usize {
        let chunk = step * self.batch / CHUNK as u64;
        if chunk != self.chunk && !self.ended() {
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

    fn fill(&self, _step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32]) {
        let axes = self.task.extent.rank() + 1;
        for ((c, t), at) in coordinates.chunks_exact_mut(axes).zip(targets).zip(&self.drawn[first..]) {
            let at = *at as usize;
            c.copy_from_slice(&self.coordinates[at * axes..][..axes]);
            *t = self.targets[at];
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
