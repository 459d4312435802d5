//! The steps of a block within a bound, one after the other.

use std::sync::Arc;

use limbeck_field::{Extent, Statistics, Volume};
use rayon::prelude::*;

use super::block::{Base, BoundedBlock, Parts, field, field_of};
use super::refinement;
use super::stream::{self, Coded, TIGHTENINGS};
use crate::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, ConstantBlock, DistilTask, EncodedSegment, EncodedStep, Error, Mask,
    Method, Quality, Result, SegmentDecoder, StepKind,
};

/// Largest absolute error of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// In the units of the values.
    Absolute(f64),
    /// As a share of the range (largest less smallest value) of each block at each step.
    Relative(f64),
}

impl Bound {
    /// In the units of the values, for values in this range; None if it is no positive number there.
    pub fn over(self, min: f64, max: f64) -> Option<f64> {
        let bound = match self {
            Bound::Absolute(e) => e,
            Bound::Relative(share) => share * max - share * min,
        };
        (bound > 0.0 && bound.is_finite()).then_some(bound)
    }
}

/// How close steps are kept to the originals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Every value within a bound.
    MaxError(Bound),
    /// Each block at each step with this peak signal-to-noise ratio in dB, by its own range.
    Psnr(f64),
}

impl Goal {
    /// The largest error, or the root mean square of all, for values in this range.
    fn error(self, min: f64, max: f64) -> Option<f64> {
        match self {
            Goal::MaxError(bound) => bound.over(min, max),
            Goal::Psnr(decibels) => Bound::Relative(10f64.powf(-decibels / 20.0)).over(min, max),
        }
    }
}

/// A method whose steps are kept close to the originals: its networks where they pay, streams elsewhere.
pub struct Bounded {
    method: Arc<dyn Method>,
    goal: Goal,
    key_interval: u64,
}

impl Bounded {
    /// `key_interval`: steps from one that is coded on its own to the next.
    pub fn new(method: Arc<dyn Method>, goal: Goal, key_interval: u64) -> Bounded {
        Bounded { method, goal, key_interval }
    }
}

impl Method for Bounded {
    fn number(&self) -> u16 {
        self.method.number()
    }

    fn name(&self) -> &'static str {
        self.method.name()
    }

    fn chain(&self, geometry: BlockGeometry, key: ChainKey) -> Box<dyn Chain> {
        Box::new(BoundedChain {
            inner: self.method.chain(geometry.clone(), key),
            method: self.method.clone(),
            goal: self.goal,
            key_interval: self.key_interval,
            geometry,
            previous: None,
            since_key: 0,
            tightenings: None,
            last_network: None,
            steps: 0,
            next_network: 0,
            widening: WIDENING,
        })
    }

    fn open_step(
        &self,
        geometry: &BlockGeometry,
        kind: StepKind,
        payload: &[u8],
        mask: Option<&[u8]>,
        base: Option<&dyn BlockDecoder>,
    ) -> Result<Arc<dyn BlockDecoder>> {
        self.method.open_step(geometry, kind, payload, mask, base)
    }

    fn distil(&self, task: &DistilTask<'_>, threads: &rayon::ThreadPool) -> Result<EncodedSegment> {
        self.method.distil(task, threads)
    }

    fn open_segment(&self, extent: &Extent, times: &[f64], payload: &[u8]) -> Result<Arc<dyn SegmentDecoder>> {
        self.method.open_segment(extent, times, payload)
    }
}

struct BoundedChain {
    method: Arc<dyn Method>,
    /// Fits networks.
    inner: Box<dyn Chain>,
    goal: Goal,
    key_interval: u64,
    geometry: BlockGeometry,
    previous: Option<(u64, Arc<dyn BlockDecoder>)>,
    /// Steps since one that is coded on its own.
    since_key: u64,
    /// What did best, without a base and on the step before; tried anew at every step that is coded on its own.
    tightenings: Option<[u8; 2]>,
    /// The newest network that was fitted, kept or not.
    last_network: Option<Arc<dyn BlockDecoder>>,
    /// Steps encoded.
    steps: u64,
    /// The step (of those encoded) at which a network is tried again.
    next_network: u64,
    /// The bound by the root mean square error that is aimed at, of the last step.
    widening: f64,
}

/// A little less than the root of three: by how much a bound is above the root mean square of errors that are uniform within it.
const WIDENING: f64 = 1.7;
/// Bounds tried for a root mean square error, and the share of it that is close enough.
const WIDENINGS: usize = 5;
const CLOSE: f64 = 0.93;

/// Steps until a network is tried again after one that did not pay.
const PATIENCE: u64 = 32;
/// Bounds below this share of the range are far below what networks of a useful size reach: neither is a teacher tried, nor a
/// refinement kept for a student.
const LOOSE: f64 = 0.002;

/// A way to keep a step.
struct Candidate {
    base: Base,
    network: Vec<u8>,
    coded: Coded,
}

impl Candidate {
    fn len(&self) -> usize {
        self.network.len() + self.coded.bytes.len()
    }
}

impl BoundedChain {
    fn best(&mut self, volume: &Volume, skip: Option<&[u8]>, bound: f64) -> Result<Candidate> {
        let key = self.previous.is_none() || self.since_key + 1 >= self.key_interval;
        let before = match &self.previous {
            Some((_, decoder)) if !key => Some(field_of(&self.geometry, decoder.as_ref())?),
            _ => None,
        };
        let all = 0..TIGHTENINGS.len() as u8;
        // Both sorts are tried with every tightening once, then with the best.
        let mut trials: Vec<(usize, u8)> = Vec::new();
        for sort in 0..=usize::from(before.is_some()) {
            match self.tightenings.filter(|_| !key && self.since_key > 0) {
                Some(best) => trials.push((sort, best[sort])),
                None => trials.extend(all.clone().map(|t| (sort, t))),
            }
        }
        let code = |&(sort, tightening): &(usize, u8)| {
            let base = if sort == 1 { before.as_deref() } else { None };
            stream::encode(&field(&self.geometry, base, bound), &volume.values, skip, tightening)
        };
        let coded: Vec<Coded> = trials.par_iter().map(code).collect();
        let mut best: Option<((usize, u8), Coded)> = None;
        let mut tightenings = self.tightenings.unwrap_or_default();
        let mut least = [usize::MAX; 2];
        for ((sort, tightening), coded) in trials.into_iter().zip(coded) {
            if coded.bytes.len() < least[sort] {
                (least[sort], tightenings[sort]) = (coded.bytes.len(), tightening);
            }
            if best.as_ref().is_none_or(|(_, b)| coded.bytes.len() < b.bytes.len()) {
                best = Some(((sort, tightening), coded));
            }
        }
        self.tightenings = Some(tightenings);
        let ((sort, _), coded) = best.ok_or_else(|| Error::Internal("no stream was tried".into()))?;
        Ok(Candidate { base: if sort == 1 { Base::Other } else { Base::Nothing }, network: Vec::new(), coded })
    }

    /// The widest bound found whose errors have no larger root mean square than this.
    fn with_rms(&mut self, volume: &Volume, skip: Option<&[u8]>, rms: f64) -> Result<(f64, Candidate)> {
        let mut found = None;
        for _ in 0..WIDENINGS {
            let bound = self.widening * rms;
            let candidate = self.best(volume, skip, bound)?;
            let reached = root_mean_square(&candidate.coded.values, volume, skip);
            let share = reached / rms;
            if share <= 1.0 {
                found = Some((bound, candidate));
                if share >= CLOSE {
                    break;
                }
            } else if found.is_some() {
                self.widening = found.as_ref().map_or(self.widening, |(bound, _)| bound / rms);
                break;
            }
            // Wide bounds are far from proportional to their errors: back faster than out.
            let factor = if share > 1.0 { (0.9 / share).clamp(0.5, 0.85) } else { (0.99 / share).min(2.0) };
            self.widening = (self.widening * factor).max(1.0);
        }
        match found {
            Some(found) => Ok(found),
            // No value is off by more, so neither is the mean.
            None => Ok((rms, self.best(volume, skip, rms)?)),
        }
    }

    /// A network and what is missing from it. Its payload is a difference to that of the step before if it says so.
    fn network(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        bound: f64,
        threads: &rayon::ThreadPool,
    ) -> Result<Option<(Candidate, EncodedStep)>> {
        let previous = self.previous.as_ref().and_then(|(_, d)| d.as_any().downcast_ref::<BoundedBlock>());
        let before = previous.and_then(BoundedBlock::network).cloned();
        if let (None, Some(last)) = (&before, &self.last_network) {
            // It was not kept, so this one cannot be a difference to it, but may begin where it ended.
            self.inner.resume(step, last.as_ref());
        }
        let encoded = self.inner.encode(step, volume, mask, threads)?;
        if encoded.kind != StepKind::Network {
            return Ok(None);
        }
        let base = before.as_deref().filter(|_| encoded.base_step.is_some());
        let opened = self.method.open_step(&self.geometry, encoded.kind, &encoded.payload, None, base)?;
        let fitted = field_of(&self.geometry, opened.as_ref())?;
        let skip = mask.map(|m| m.codes.as_slice());
        let coded = stream::encode(&field(&self.geometry, Some(&fitted), bound), &volume.values, skip, 0);
        self.last_network = Some(opened);
        Ok(Some((Candidate { base: Base::Network, network: encoded.payload.clone(), coded }, encoded)))
    }

    fn bounded(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        (bound, mut best): (f64, Candidate),
        loose: bool,
        threads: &rayon::ThreadPool,
    ) -> Result<EncodedStep> {
        let skip = mask.map(|m| m.codes.as_slice());
        let mut base_step = self.previous.as_ref().filter(|_| best.base == Base::Other).map(|(s, _)| *s);
        let mut samples = 0;
        if loose && self.steps >= self.next_network && matches!(self.goal, Goal::MaxError(_)) {
            self.next_network = self.steps + 1;
            if let Some((candidate, encoded)) = self.network(step, volume, mask, bound, threads)? {
                samples = encoded.samples;
                if candidate.len() < best.len() {
                    (best, base_step) = (candidate, encoded.base_step);
                } else {
                    self.next_network = self.steps + PATIENCE;
                }
            }
        }
        let field = field(&self.geometry, None, bound);
        let refinement = loose.then(|| refinement::encode(&field, &best.coded.values, &volume.values, skip)).flatten();
        let parts = Parts {
            base: best.base,
            bound,
            network: &best.network,
            stream: &best.coded.bytes,
            refinement: refinement.as_deref(),
        };
        let payload = parts.write();
        if payload.len() >= volume.values.len() * volume.values.element_type().size() {
            return self.plain(step, volume);
        }
        // What counts is what a reader will see: the payload is opened as a reader opens it, and every value looked at.
        let base = self.previous.as_ref().map(|(_, d)| d.as_ref()).filter(|_| base_step.is_some());
        let decoder = self.method.open_step(&self.geometry, StepKind::Bounded, &payload, None, base)?;
        let quality = self.check(decoder.as_ref(), volume, skip, bound)?;
        self.since_key = if base_step.is_some() { self.since_key + 1 } else { 0 };
        self.previous = Some((step, decoder));
        let mask = mask.map(Mask::encode);
        Ok(EncodedStep { kind: StepKind::Bounded, base_step, payload, mask, quality, samples })
    }

    /// The quality of what an archive will hold; an error if any value is beyond the bound.
    fn check(&self, decoder: &dyn BlockDecoder, volume: &Volume, skip: Option<&[u8]>, bound: f64) -> Result<Quality> {
        let block = decoder.as_any().downcast_ref::<BoundedBlock>();
        let block = block.ok_or_else(|| Error::Internal("a bounded block opens as something else".into()))?;
        let foreign = self.geometry.foreign();
        let mut quality = Quality::EMPTY;
        for i in (0..volume.values.len()).filter(|&i| skip.is_none_or(|s| s[i] == 0)) {
            let (value, main, close) = (volume.values.get(i), block.main().get(i), block.closest().values().get(i));
            if !((main - value).abs() <= bound && (close - value).abs() <= bound) {
                return Err(Error::Internal(format!("value {i} was decoded as {main} or {close} instead of {value}")));
            }
            if foreign.as_ref().is_none_or(|f| !f[i]) {
                quality.add(value, main);
            }
        }
        Ok(quality)
    }

    fn plain(&mut self, step: u64, volume: &Volume) -> Result<EncodedStep> {
        let encoded = EncodedStep::plain(volume, &self.geometry);
        self.keep(step, &encoded)?;
        Ok(encoded)
    }

    /// The next step may be a difference to this one, which stands alone.
    fn keep(&mut self, step: u64, encoded: &EncodedStep) -> Result<()> {
        let decoder = self.method.open_step(&self.geometry, encoded.kind, &encoded.payload, None, None)?;
        self.previous = Some((step, decoder));
        self.since_key = 0;
        Ok(())
    }
}

fn root_mean_square(decoded: &[f64], volume: &Volume, skip: Option<&[u8]>) -> f64 {
    let counted = || (0..decoded.len()).filter(|&i| skip.is_none_or(|s| s[i] == 0));
    let sum: f64 = counted().map(|i| (decoded[i] - volume.values.get(i)).powi(2)).sum();
    (sum / counted().count().max(1) as f64).sqrt()
}

impl Chain for BoundedChain {
    fn encode(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        threads: &rayon::ThreadPool,
    ) -> Result<EncodedStep> {
        self.geometry.check(volume)?;
        let encoded = if let Some(value) = ConstantBlock::value_of(volume, mask)? {
            let encoded = EncodedStep::constant(value, &self.geometry, mask);
            self.keep(step, &encoded)?;
            encoded
        } else {
            let statistics = Statistics::measure(volume, mask.map(|m| m.codes.as_slice()))
                .map_err(|e| Error::InvalidArgument(e.to_string()))?;
            let (min, max) = (statistics.min, statistics.max);
            let (wanted, skip) = (self.goal.error(min, max), mask.map(|m| m.codes.as_slice()));
            match wanted {
                Some(wanted) => {
                    let start = threads.install(|| match self.goal {
                        Goal::MaxError(_) => Ok((wanted, self.best(volume, skip, wanted)?)),
                        Goal::Psnr(_) => self.with_rms(volume, skip, wanted),
                    })?;
                    let loose = Bound::Relative(LOOSE).over(min, max).is_some_and(|l| start.0 >= l);
                    self.bounded(step, volume, mask, start, loose, threads)?
                }
                None => self.plain(step, volume)?,
            }
        };
        self.steps += 1;
        Ok(encoded)
    }

    /// The next step is coded on its own.
    fn resume(&mut self, step: u64, last: &dyn BlockDecoder) {
        if let Some(network) = last.as_any().downcast_ref::<BoundedBlock>().and_then(BoundedBlock::network) {
            self.inner.resume(step, network.as_ref());
        }
        (self.previous, self.since_key, self.tightenings) = (None, 0, None);
    }
}
