//! All teachers of a variable into one student (eq. 4 of the paper).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use limbeck_field::{Extent, Normalisation};
use limbeck_network::{Architecture, Network, Random, Samples};
use rayon::prelude::*;

use super::block::NetworkBlock;
use super::budget::Budget;
use super::coordinates::AxisMap;
use super::fit::{Precision, Watch, fit};
use super::options::KdInrOptions;
use super::payload::{BY_INDEX, UNQUANTISED};
use super::sizing;
use super::stored::Stored;
use super::student::{Student, TimeMap, describe};
use super::teacher::CALMER;
use crate::ranks::agree;
use crate::{BlockDecoder, DistilTask, EncodedSegment, Error, Quality, Result, SegmentDecoder};

/// Samples drawn from the teachers at a time; a power of two.
const CHUNK: usize = 1 << 16;
/// Teachers asked per chunk.
const ASKED: usize = 128;
/// Bytes of a payload's head.
const HEAD: usize = 22;
/// Near the golden section of ASKED, and prime: its multiples visit all draws of a chunk, and few of them are spread evenly.
const SPREAD: usize = 79;
/// Chunks on which the finished student is compared with its teachers.
const CHECKED: u64 = 8;

/// First chunk of the comparison, beyond all that training reaches.
const CHECK_CHUNKS: u64 = 1 << 41;

const WEIGHTS: u64 = 11;
const VOXELS: u64 = 12;
const SIGNS: u64 = 13;

/// Points in space and time with the values that the teachers have there.
///
/// All ranks draw the same points; each asks the teachers of its own draws, and trains on what they said. A batch consists of
/// groups of samples, each of one draw, and is the same whatever the number of ranks; so is the sum of the groups' gradients
/// ([`Samples::together`]), to the last bit.
struct TeacherSamples<'a> {
    task: &'a DistilTask<'a>,
    normalisation: Normalisation,
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
    failure: Option<Error>,
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
struct Share {
    points: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> TeacherSamples<'a> {
    fn new(
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
            maps: AxisMap::of(task.extent),
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

    /// Asks `ASKED` teachers for CHUNK values in all; draws of other ranks, and of teachers that were lost, come out empty.
    ///
    /// Steps and blocks (by volume) are a Latin square: each draw has a stratum of its own in both, so that every chunk
    /// asks all parts of the run, and every rank has its share of every chunk.
    fn shares(&self, chunk: u64) -> Result<Vec<Share>> {
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

/// Distils all teachers; runs in the current rayon pool.
pub(crate) fn distil(o: &KdInrOptions, task: &DistilTask<'_>) -> Result<EncodedSegment> {
    if task.present.is_empty() || task.blocks.is_empty() || task.extent.rank() == 0 {
        return Err(Error::InvalidArgument("nothing to distil: no step or no block".into()));
    }
    let key = [task.key.seed, u64::from(task.key.variable)];
    let random = |stream: u64| Random::new(&[key[0], key[1], stream]);
    let (time, by_index) = TimeMap::choose(task.times);
    let inputs = task.extent.rank() + 1;
    let values = task.blocks.iter().map(|b| b.len() as f64).sum::<f64>() * task.present.len() as f64;
    let normalisation =
        Normalisation::fit(task.range.0, task.range.1).map_err(|e| Error::InvalidArgument(e.to_string()))?;
    let bits = if o.student.bits == 0.0 { 32.0 } else { f64::from(o.student.bits) };
    let room = task.budget_bytes.saturating_sub(HEAD).max(16) as f64 * 8.0 / bits;
    let width = match o.student.width {
        0 => sizing::width_for(&o.student, inputs, room),
        w => w,
    };
    let omega = if o.student.omega > 0.0 { o.student.omega } else { sizing::omega(&task.extent.count) };
    let architecture = if normalisation.half == 0.0 {
        // The normalisation says it all: what a network says is multiplied by 0.
        Architecture::Siren { inputs, width: 1, depth: 1, omega }
    } else {
        sizing::architecture(&o.student, inputs, width, omega)
    };
    architecture.check().map_err(|e| Error::InvalidArgument(e.to_string()))?;
    let s = &o.student.with_batch(sizing::batch(&o.student, values, architecture.parameters()));
    let mut source = TeacherSamples::new(task, time, normalisation, s.batch, random(VOXELS));
    let samples = match s.samples {
        _ if normalisation.half == 0.0 => 1,
        0 => (sizing::student_samples(values, architecture.parameters(), s.batch) * o.effort) as u64,
        n => n,
    };

    let psnr_of = |error: f64| -10.0 * (error / 4.0).log10();
    let began = Instant::now();
    let mut spent = 0;
    for calm in CALMER {
        let mut start =
            Network::random(architecture, &random(WEIGHTS)).map_err(|e| Error::InvalidArgument(e.to_string()))?;
        if normalisation.half == 0.0 {
            start.parameters.fill(0.0);
        } else if o.student_from_teacher {
            inherit(&mut start, task)?;
        }
        if task.times.len() == 1 {
            still(&mut start);
        }
        let room = Budget::new(task.budget_bytes.saturating_sub(HEAD).max(1), random(SIGNS));
        let precision = if s.bits == 0.0 { Precision::Full } else { Precision::Fill(&room) };
        let limit = task.time_limit.map(|l| l.saturating_sub(began.elapsed()));
        let progress = |done: f64, error: f64| (task.progress)(done, psnr_of(error));
        let watch = Watch { limit, progress: &progress, ranks: task.ranks };
        let fitted = fit(start, &mut source, &s.for_width(width).calmer(calm), samples, precision, &watch);
        let failed = source.ended();
        agree(task.ranks, source.failure.take().map_or(Ok(()), Err))?;
        if failed {
            return Err(Error::Internal("a rank failed and did not say why".into()));
        }
        spent += fitted.samples;
        let flags = if by_index { BY_INDEX } else { 0 } | if fitted.quantised.is_none() { UNQUANTISED } else { 0 };
        let stored = Stored::new(normalisation, flags, fitted.network, fitted.quantised);
        let (payload, description) = (stored.write(None), describe(&stored));
        let student = Student::new(stored, task.extent, task.times);
        let (quality, variance) = compare(&student, &source)?;
        // A rate that is too high for the data shows as an error above that of a constant.
        let good = quality.squared_error <= variance * quality.count as f64;
        let out_of_time = task.time_limit.is_some_and(|l| began.elapsed() >= l);
        // One rank that has enough ends it for all.
        let mut enough = [f64::from(u8::from(good || out_of_time))];
        task.ranks.max_f64(&mut enough)?;
        if enough[0] != 0.0 || calm == CALMER[CALMER.len() - 1] {
            // One network for all, whatever the last bits of the sums were on each rank.
            let mut payload = payload;
            task.ranks.broadcast(0, &mut payload)?;
            return Ok(EncodedSegment { payload, quality, description, samples: spent });
        }
    }
    Err(Error::Internal("no round of the distillation came to an end".into()))
}

/// Student against teachers on a sample of fresh points, and the variance of the teachers' values there. Collective.
fn compare(student: &Student, source: &TeacherSamples<'_>) -> Result<(Quality, f64)> {
    // By draw, each of which one rank has: added up in one order, the sums are the same for any number of ranks.
    let local = || -> Result<(Quality, Vec<f64>)> {
        let (mut all, mut sums) = (Quality::EMPTY, Vec::new());
        for chunk in 0..CHECKED {
            for share in source.shares(CHECK_CHUNKS + chunk)? {
                let mut decoded = vec![0.0; share.values.len()];
                student.sample(&share.points, &mut decoded)?;
                let (mut quality, mut sum, mut squares) = (Quality::EMPTY, 0.0, 0.0);
                for (v, d) in share.values.iter().zip(&decoded).filter(|(v, _)| v.is_finite()) {
                    quality.add(*v, *d);
                    // Relative to the middle of the range, lest the variance drown in rounding.
                    let centred = v - source.normalisation.mid;
                    (sum, squares) = (sum + centred, squares + centred * centred);
                }
                sums.extend([quality.squared_error, sum, squares]);
                all = all.merge(&quality);
            }
        }
        Ok((all, sums))
    };
    let ranks = source.task.ranks;
    let (quality, mut sums) = agree(ranks, local())?;
    let quality = quality.over(ranks)?;
    ranks.sum_f64(&mut sums)?;
    let [squared_error, sum, squares] = [0, 1, 2].map(|i| sums.iter().skip(i).step_by(3).sum::<f64>());
    let n = quality.count.max(1) as f64;
    Ok((Quality { squared_error, ..quality }, squares / n - (sum / n) * (sum / n)))
}

/// Begins from the middle teacher of the first block: its parameters become the leading rows and columns of every
/// layer. The time input and additional neurons keep their random start; the last layer ignores the latter at first.
/// Collective: the lowest rank that has the teacher gives the start to all.
fn inherit(start: &mut Network, task: &DistilTask<'_>) -> Result<()> {
    let (ranks, middle) = (task.ranks, task.present[task.present.len() / 2]);
    let own = if (task.here)(ranks.rank(), 0) { task.teachers.teacher(middle, 0) } else { Ok(None) };
    let own = agree(ranks, own)?;
    let mut vote = [own.as_ref().map_or(0.0, |_| (ranks.size() - ranks.rank()) as f64)];
    ranks.max_f64(&mut vote)?;
    if vote[0] == 0.0 {
        return Ok(());
    }
    if let Some(teacher) = own {
        grow(start, teacher.as_ref(), task.extent);
    }
    let mut bytes: Vec<u8> = bytemuck::cast_slice(&start.parameters).to_vec();
    ranks.broadcast(ranks.size() - vote[0] as usize, &mut bytes)?;
    for (p, b) in start.parameters.iter_mut().zip(bytes.chunks_exact(4)) {
        *p = bytemuck::pod_read_unaligned(b);
    }
    Ok(())
}

/// Without weights for the time, which is 0 in a segment of one step: they would learn nothing and take bytes.
fn still(start: &mut Network) {
    let first = start.layers()[0];
    start.parameters[first.weight_range()].chunks_exact_mut(first.inputs).for_each(|row| row[0] = 0.0);
}

/// For each axis, what leads from the coordinate in `whole` to that in `part`: factor and summand.
fn between(whole: &Extent, part: &Extent) -> Vec<(f32, f32)> {
    let axis = |a: usize| {
        let last = |e: &Extent| (e.count[a] - 1) as f64;
        if last(part) == 0.0 || last(whole) == 0.0 {
            return (1.0, 0.0);
        }
        // c = 2 (i - offset) / last - 1 in both.
        let offset = whole.offset[a] as f64 - part.offset[a] as f64;
        ((last(whole) / last(part)) as f32, ((2.0 * offset + last(whole)) / last(part) - 1.0) as f32)
    };
    (0..whole.rank()).map(axis).collect()
}

/// Puts a teacher's parameters into those of a student over `extent`, where their architectures allow it. The first layer
/// is rewritten from the coordinates of the teacher's block to those of the student.
fn grow(start: &mut Network, teacher: &dyn BlockDecoder, extent: &Extent) {
    let Some(block) = teacher.as_any().downcast_ref::<NetworkBlock>() else { return };
    let teacher = &block.stored.network;
    let (from, to) = (teacher.layers(), start.layers());
    let fits = |(f, t): (&limbeck_network::Layer, &limbeck_network::Layer)| {
        f.outputs <= t.outputs && f.inputs <= t.inputs && f.activation == t.activation && f.residual == t.residual
    };
    let comparable = matches!(
        (teacher.architecture(), start.architecture()),
        (Architecture::Siren { .. }, Architecture::Siren { .. })
            | (Architecture::KdInr { .. }, Architecture::KdInr { .. })
    );
    if from.len() != to.len() || !comparable || !from.iter().zip(&to).all(fits) {
        return;
    }
    for (index, (f, t)) in from.iter().zip(&to).enumerate() {
        let skip = if index == 0 { t.inputs - f.inputs } else { 0 };
        for o in 0..f.outputs {
            let row = &mut start.parameters[t.weights + o * t.inputs..][..t.inputs];
            if index > 0 {
                row.fill(0.0);
            } else {
                row[..skip].iter_mut().for_each(|w| *w *= 0.1);
            }
            row[skip..skip + f.inputs].copy_from_slice(&teacher.parameters[f.weights + o * f.inputs..][..f.inputs]);
            start.parameters[t.biases + o] = teacher.parameters[f.biases + o];
            if index == 0 {
                for (a, (scale, shift)) in between(extent, &block.extent).into_iter().enumerate() {
                    let w = &mut start.parameters[t.weights + o * t.inputs + skip + a];
                    let (scaled, moved) = (*w * scale, *w * shift);
                    *w = scaled;
                    start.parameters[t.biases + o] += moved;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use limbeck_field::{ElementType, Values, Volume};
    use limbeck_network::{Kernel, Optimiser, Trainer};

    use super::*;
    use crate::ranks::{Alone, RankThread, Ranks};
    use crate::{BlockGeometry, ChainKey, EncodedStep, PlainBlock, TeacherSource};

    const SHAPE: [usize; 3] = [12, 16, 16];
    const STEPS: usize = 3;

    /// Eight blocks of different sizes; plain ones are teachers too.
    fn blocks() -> Vec<Extent> {
        let cut = |i: usize, at: usize, n: usize| if i == 0 { (0, at) } else { (at, n - at) };
        let axes = |b: usize| [cut(b / 4, 5, SHAPE[0]), cut(b / 2 % 2, 8, SHAPE[1]), cut(b % 2, 11, SHAPE[2])];
        let extent = |b: usize| {
            let (offset, count) = axes(b).into_iter().unzip();
            Extent { offset, count }
        };
        (0..8).map(extent).collect()
    }

    fn value(step: usize, at: [usize; 3]) -> f32 {
        let [z, y, x] = at.map(|i| i as f32 * 0.3);
        (z + 0.2 * step as f32).sin() * y.cos() + 0.1 * x
    }

    struct Plain(Vec<Vec<Arc<dyn BlockDecoder>>>);

    impl TeacherSource for Plain {
        fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
            // One was lost.
            Ok((step != 1 || block != 3).then(|| self.0[step][block].clone()))
        }
    }

    fn teachers() -> Plain {
        let one = |step: usize, extent: Extent| -> Arc<dyn BlockDecoder> {
            let (o, n) = (&extent.offset, &extent.count);
            let at = |i: usize| [o[0] + i / n[2] / n[1], o[1] + i / n[2] % n[1], o[2] + i % n[2]];
            let mut values: Vec<f32> = (0..extent.len()).map(|i| value(step, at(i))).collect();
            if step == 2 {
                // Masked.
                values[..40].fill(f32::NAN);
            }
            let volume = Volume { count: n.clone(), values: Values::Float32(values) };
            let geometry =
                BlockGeometry { shape: SHAPE.to_vec(), extent, element_type: ElementType::Float32, shared: Vec::new() };
            let payload = EncodedStep::plain(&volume, &geometry).payload;
            Arc::new(PlainBlock::decode(&geometry, &payload).unwrap())
        };
        Plain((0..STEPS).map(|s| blocks().into_iter().map(|b| one(s, b)).collect()).collect())
    }

    fn with_task<T>(ranks: &dyn Ranks, budget_bytes: usize, work: impl FnOnce(&DistilTask<'_>) -> T) -> T {
        let (rank, size) = (ranks.rank(), ranks.size());
        work(&DistilTask {
            extent: &Extent::whole(&SHAPE),
            element_type: ElementType::Float32,
            blocks: &blocks(),
            times: &[0.0, 1.0, 2.0],
            present: &[0, 1, 2],
            range: (-2.0, 3.0),
            teachers: &teachers(),
            ranks,
            here: &|_, block| block % size == rank,
            key: ChainKey { seed: 3, variable: 0, block: 0 },
            budget_bytes,
            time_limit: None,
            progress: &|_, _| {},
        })
    }

    fn on_ranks<T: Send>(n: usize, work: impl Fn(&dyn Ranks) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let spawn = |r: RankThread| scope.spawn(|| work(&{ r }));
            let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    }

    #[test]
    fn the_first_gradient_is_the_same_on_any_number_of_ranks() {
        let gradient = |ranks: &dyn Ranks| {
            with_task(ranks, 2000, |task| {
                let (time, _) = TimeMap::choose(task.times);
                let normalisation = Normalisation { mid: 0.0, half: 1.0 };
                let mut source = TeacherSamples::new(task, time, normalisation, 700, Random::new(&[1]));
                let architecture = Architecture::Siren { inputs: 4, width: 24, depth: 2, omega: 8.0 };
                let start = Network::random(architecture, &Random::new(&[2])).unwrap();
                let mut trainer = Trainer::new(start, Optimiser::Muon, Kernel::best());
                // The last batch of a chunk, and one that begins another.
                [0, 93, 94].map(|step| trainer.gradient(&mut source, step, 700))
            })
        };
        let alone = gradient(&Alone);
        for n in 1..=4 {
            for seen in on_ranks(n, gradient) {
                for ((loss, g), (expected, e)) in seen.iter().zip(&alone) {
                    let norm = e.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
                    let apart = g.iter().zip(e).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(norm > 0.0 && apart == 0.0, "{n} ranks: {apart} of {norm}");
                    assert!((loss - expected).abs() <= 1e-5 * expected, "{n} ranks: {loss} {expected}");
                }
            }
        }
    }

    #[test]
    fn ranks_make_the_student_that_one_makes_alone() {
        let mut options = KdInrOptions::default();
        options.student.samples = 400_000;
        options.student.batch = 512;
        let student = |ranks: &dyn Ranks| with_task(ranks, 1500, |task| distil(&options, task).unwrap());
        let alone = student(&Alone);
        assert!(alone.quality.psnr() > 40.0, "{} dB", alone.quality.psnr());
        for n in 1..=4 {
            let made = on_ranks(n, student);
            assert!(made.iter().all(|m| m.payload == alone.payload && m.quality == alone.quality), "{n} ranks");
        }
    }

    #[test]
    fn a_rank_that_cannot_read_its_teachers_fails_all_of_them() {
        struct Failing<'a>(&'a dyn TeacherSource, bool);
        impl TeacherSource for Failing<'_> {
            fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
                assert!(!self.1, "a defect of rank 2");
                match block {
                    5 => Err(Error::Corruption("the disk is gone".into())),
                    _ => self.0.teacher(step, block),
                }
            }
        }
        let errors = on_ranks(3, |ranks| {
            with_task(ranks, 1500, |task| {
                let failing = Failing(task.teachers, false);
                let task = DistilTask { teachers: &failing, ..*task };
                distil(&KdInrOptions::default(), &task).unwrap_err().to_string()
            })
        });
        // Block 5 is of rank 2.
        assert!(errors.iter().all(|e| e == "rank 2: the disk is gone"), "{errors:?}");
        let panics = on_ranks(3, |ranks| {
            with_task(ranks, 1500, |task| {
                let failing = Failing(task.teachers, ranks.rank() == 2);
                let task = DistilTask { teachers: &failing, ..*task };
                distil(&KdInrOptions::default(), &task).unwrap_err().to_string()
            })
        });
        assert!(panics.iter().all(|e| e.contains("rank 2") && e.contains("panicked")), "{panics:?}");
    }
}
