//! All teachers of a variable into one student (eq. 4 of the paper).

use std::time::Instant;

use limbeck_field::{Extent, Normalisation};
use limbeck_network::{Architecture, Network, Random, Samples};
use rayon::prelude::*;

use super::block::NetworkBlock;
use super::coordinates::AxisMap;
use super::fit::{Precision, Watch, fit};
use super::options::KdInrOptions;
use super::payload::{BY_INDEX, UNQUANTISED};
use super::sizing;
use super::stored::Stored;
use super::student::{Student, TimeMap, describe};
use super::teacher::CALMER;
use super::weights::Quantiser;
use crate::{DistilTask, EncodedSegment, Error, Quality, Result, SegmentDecoder};

/// Samples drawn from the teachers at a time; a power of two.
const CHUNK: usize = 1 << 16;
/// Teachers asked per chunk.
const ASKED: usize = 128;
/// Bytes of a payload's head.
const HEAD: usize = 22;
/// Chunks on which the finished student is compared with its teachers.
const CHECKED: u64 = 8;

/// First chunk of the comparison, beyond all that training reaches.
const CHECK_CHUNKS: u64 = 1 << 41;

const WEIGHTS: u64 = 11;
const VOXELS: u64 = 12;

/// Points in space and time with the values that the teachers have there.
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
    failure: Option<Error>,
}

/// One teacher's share of a chunk: global points (n x (1 + rank): step index, then index coordinates) and values.
struct Share {
    points: Vec<f64>,
    values: Vec<f64>,
}

impl<'a> TeacherSamples<'a> {
    fn new(task: &'a DistilTask<'a>, time: TimeMap, batch: usize, random: Random) -> TeacherSamples<'a> {
        let volumes = task.blocks.iter().scan(0, |sum, b| {
            *sum += b.len() as u64;
            Some(*sum)
        });
        TeacherSamples {
            volumes: volumes.collect(),
            maps: AxisMap::of(&Extent::whole(task.shape)),
            normalisation: Normalisation { mid: 0.0, half: 1.0 },
            task,
            time,
            random,
            batch: batch as u64,
            chunk: u64::MAX,
            coordinates: Vec::new(),
            targets: Vec::new(),
            failure: None,
        }
    }

    /// Asks `ASKED` teachers, evenly spread over the steps and drawn by volume, for CHUNK values in all.
    fn shares(&self, chunk: u64) -> Result<Vec<Share>> {
        let steps = self.task.times.len() as f64;
        let total = self.volumes.last().copied().unwrap_or(0);
        let rank = self.task.shape.len();
        let each = CHUNK / ASKED;
        let share = |asked: usize| -> Result<Share> {
            let base = (chunk * ASKED as u64 + asked as u64) * (2 * each as u64 + 64);
            // A lost step has no teacher: draw again.
            for attempt in 0..32 {
                let spread = (asked as f64 + self.random.uniform(base + 2 * attempt)) / ASKED as f64;
                let u = if attempt == 0 { spread } else { self.random.uniform(base + 2 * attempt) };
                let step = ((u * steps) as usize).min(self.task.times.len() - 1);
                let at = self.random.below(base + 2 * attempt + 1, total);
                let block = self.volumes.partition_point(|v| *v <= at);
                let Some(teacher) = self.task.teachers.teacher(step, block)? else { continue };
                let extent = &self.task.blocks[block];
                let mut points = Vec::with_capacity(each * rank);
                for i in 0..each {
                    let mut k = self.random.below(base + 64 + i as u64, extent.len() as u64) as usize;
                    let first = points.len();
                    points.resize(first + rank, 0.0);
                    for a in (0..rank).rev() {
                        points[first + a] = (extent.offset[a] + k % extent.count[a]) as f64;
                        k /= extent.count[a];
                    }
                }
                let mut values = vec![0.0; each];
                teacher.sample(&points, &mut values)?;
                let full =
                    points.chunks_exact(rank).flat_map(|p| std::iter::once(step as f64).chain(p.iter().copied()));
                return Ok(Share { points: full.collect(), values });
            }
            Ok(Share { points: Vec::new(), values: Vec::new() })
        };
        let shares: Result<Vec<Share>> = (0..ASKED).into_par_iter().map(share).collect();
        let shares = shares?;
        if shares.iter().all(|s| s.values.is_empty()) {
            return Err(Error::InvalidArgument("there is no teacher to distil: every step was lost or dropped".into()));
        }
        Ok(shares)
    }

    fn load(&mut self, chunk: u64) -> Result<()> {
        let shares = self.shares(chunk)?;
        let axes = self.task.shape.len() + 1;
        self.coordinates.clear();
        self.targets.clear();
        for share in &shares {
            for (p, v) in share.points.chunks_exact(axes).zip(&share.values) {
                // Masked positions have no value to learn.
                if v.is_finite() {
                    self.coordinates.push(self.time.map(p[0]));
                    self.coordinates.extend(self.maps.iter().zip(&p[1..]).map(|(m, p)| m.map(*p)));
                    self.targets.push(self.normalisation.forward(*v));
                }
            }
        }
        self.chunk = chunk;
        Ok(())
    }
}

impl Samples for TeacherSamples<'_> {
    fn prepare(&mut self, step: u64) {
        let chunk = step * self.batch / CHUNK as u64;
        if chunk != self.chunk && self.failure.is_none() {
            self.failure = self.load(chunk).err();
        }
    }

    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32]) {
        let n = self.targets.len() as u64;
        if n == 0 {
            targets.fill(0.0);
            return coordinates.fill(0.0);
        }
        let axes = self.task.shape.len() + 1;
        let from = step * self.batch + first as u64;
        for (i, (c, t)) in coordinates.chunks_exact_mut(axes).zip(targets).enumerate() {
            // Neighbours in the chunk are from one teacher: a step near the golden section mixes them.
            let at = ((from + i as u64).wrapping_mul(40_503) % n) as usize;
            c.copy_from_slice(&self.coordinates[at * axes..][..axes]);
            *t = self.targets[at];
        }
    }
}

/// Distils all teachers; runs in the current rayon pool.
pub(crate) fn distil(o: &KdInrOptions, task: &DistilTask<'_>) -> Result<EncodedSegment> {
    if task.times.is_empty() || task.blocks.is_empty() || task.shape.is_empty() {
        return Err(Error::InvalidArgument("nothing to distil: no step or no block".into()));
    }
    let key = [task.key.seed, u64::from(task.key.variable)];
    let random = |stream: u64| Random::new(&[key[0], key[1], stream]);
    let (time, by_index) = TimeMap::choose(task.times);
    let inputs = task.shape.len() + 1;
    let values = task.blocks.iter().map(|b| b.len() as f64).sum::<f64>() * task.times.len() as f64;
    let s = &o.student.with_batch(sizing::batch(&o.student, values, sizing::STUDENT_BATCH));
    let mut source = TeacherSamples::new(task, time, s.batch, random(VOXELS));
    source.normalisation =
        Normalisation::fit(task.range.0, task.range.1).map_err(|e| Error::InvalidArgument(e.to_string()))?;
    let bits = if s.bits == 0.0 { 32.0 } else { f64::from(s.bits) };
    let room = task.budget_bytes.saturating_sub(HEAD).max(16) as f64 * 8.0 / bits;
    let width = if s.width > 0 { s.width } else { sizing::width_for(s, inputs, room) };
    let omega = if s.omega > 0.0 { s.omega } else { sizing::omega(task.shape) };
    let architecture = if source.normalisation.half == 0.0 {
        // The normalisation says it all: what a network says is multiplied by 0.
        Architecture::Siren { inputs, width: 1, depth: 1, omega }
    } else {
        sizing::architecture(s, inputs, width, omega)
    };
    architecture.check().map_err(|e| Error::InvalidArgument(e.to_string()))?;
    let samples = match s.samples {
        _ if source.normalisation.half == 0.0 => 1,
        0 => (sizing::student_samples(values, architecture.parameters(), s.batch) * o.effort) as u64,
        n => n,
    };

    let choose = |q: &Quantiser, p: &[f32]| codes_within(q, p, task.budget_bytes.saturating_sub(HEAD));
    let psnr_of = |error: f64| -10.0 * (error / 4.0).log10();
    let began = Instant::now();
    let mut spent = 0;
    for calm in CALMER {
        let mut start =
            Network::random(architecture, &random(WEIGHTS)).map_err(|e| Error::InvalidArgument(e.to_string()))?;
        if source.normalisation.half == 0.0 {
            start.parameters.fill(0.0);
        } else if o.student_from_teacher {
            inherit(&mut start, task)?;
        }
        let precision = if s.bits == 0.0 { Precision::Full } else { Precision::Choose(&choose) };
        let limit = task.time_limit.map(|l| l.saturating_sub(began.elapsed()));
        let watch = Watch { limit, progress: &|done, error| (task.progress)(done, psnr_of(error)) };
        let mut fitted = fit(start, &mut source, &s.for_width(width).calmer(calm), samples, precision, &watch);
        if let Some(failure) = source.failure.take() {
            return Err(failure);
        }
        spent += fitted.samples;
        // Fine-tuning changes the integers a little: should the bytes exceed the budget now, round more coarsely.
        if let Some(q) = &mut fitted.quantised {
            let quantiser = Quantiser::new(&architecture);
            let budget = task.budget_bytes.saturating_sub(HEAD);
            if quantiser.encode(q, None).len() > budget {
                let codes = codes_within(&quantiser, &fitted.network.parameters, budget);
                *q = quantiser.quantise(&fitted.network.parameters, &codes);
                fitted.network.parameters = quantiser.dequantise(q);
            }
        }
        let flags = if by_index { BY_INDEX } else { 0 } | if fitted.quantised.is_none() { UNQUANTISED } else { 0 };
        let stored = Stored::new(source.normalisation, flags, fitted.network, fitted.quantised);
        let (payload, description) = (stored.write(None), describe(&stored));
        let (quality, variance) = compare(&Student::new(stored, task.shape, task.times), &source)?;
        // A rate that is too high for the data shows as an error above that of a constant.
        let good = quality.squared_error <= variance * quality.count as f64;
        let out_of_time = task.time_limit.is_some_and(|l| began.elapsed() >= l);
        if good || calm == CALMER[CALMER.len() - 1] || out_of_time {
            return Ok(EncodedSegment { payload, quality, description, samples: spent });
        }
    }
    Err(Error::Internal("no round of the distillation came to an end".into()))
}

/// Finest rounding whose code is within the budget, by bisection over the number of levels.
fn codes_within(q: &Quantiser, parameters: &[f32], budget: usize) -> Vec<u8> {
    let size = |levels: f32| q.encode(&q.quantise(parameters, &q.codes(parameters, levels)), None).len();
    let (mut low, mut high) = (0.0f32, 14.0f32);
    for _ in 0..10 {
        let middle = 0.5 * (low + high);
        if size(middle.exp2()) <= budget {
            low = middle;
        } else {
            high = middle;
        }
    }
    q.codes(parameters, low.exp2())
}

/// Student against teachers on a sample of fresh points, and the variance of the teachers' values there.
fn compare(student: &Student, source: &TeacherSamples<'_>) -> Result<(Quality, f64)> {
    let mut quality = Quality::EMPTY;
    let (mut sum, mut squares) = (0.0, 0.0);
    for chunk in 0..CHECKED {
        for share in source.shares(CHECK_CHUNKS + chunk)? {
            let mut decoded = vec![0.0; share.values.len()];
            student.sample(&share.points, &mut decoded)?;
            for (v, d) in share.values.iter().zip(&decoded).filter(|(v, _)| v.is_finite()) {
                quality.add(*v, *d);
                // Relative to the middle of the range, lest the variance drown in rounding.
                let centred = v - source.normalisation.mid;
                (sum, squares) = (sum + centred, squares + centred * centred);
            }
        }
    }
    let n = quality.count.max(1) as f64;
    Ok((quality, squares / n - (sum / n) * (sum / n)))
}

/// Begins from the middle teacher of the first block: its parameters become the leading rows and columns of every
/// layer. The time input and additional neurons keep their random start; the last layer ignores the latter at first.
fn inherit(start: &mut Network, task: &DistilTask<'_>) -> Result<()> {
    let Some(teacher) = task.teachers.teacher(task.times.len() / 2, 0)? else { return Ok(()) };
    let Some(block) = teacher.as_any().downcast_ref::<NetworkBlock>() else { return Ok(()) };
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
        return Ok(());
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
        }
    }
    Ok(())
}
