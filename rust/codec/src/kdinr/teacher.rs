//! The teachers of one variable and block, step after step.

use std::sync::Arc;

use limbeck_field::{ElementType, Normalisation, Region, Statistics, Volume};
use limbeck_network::device::Worker;
use limbeck_network::{Network, Random};
use rayon::prelude::*;

use super::block::{CHUNK, NetworkBlock};
use super::coordinates::Folds;
use super::fit::{Fitted, Host, Precision, Watch, fit};
use super::focus::Focus;
use super::on_device::Block;
use super::options::KdInrOptions;
use super::sampling::VoxelSamples;
use super::sizing;
use super::stored::{Stored, same_shape};
use super::symmetry;
use super::weights::{Quantised, Quantiser};
use crate::ranks::Alone;
use crate::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, ConstantBlock, EncodedStep, Error, Mask, Quality, Result, StepKind,
};

/// Fits one network per step, from the previous step's where allowed.
pub(crate) struct TeacherChain {
    options: KdInrOptions,
    geometry: BlockGeometry,
    key: ChainKey,
    device: Option<Arc<Worker>>,
    previous: Option<Previous>,
}

struct Previous {
    step: u64,
    network: Network,
    folds: Folds,
    normalisation: Normalisation,
    quantised: Option<Quantised>,
    since_key: u64,
    /// Where it errs; None if that was not measured.
    focus: Option<Focus>,
}

/// Shares of the learning rates that are tried until a fit is better than a constant.
pub(crate) const CALMER: [f32; 3] = [1.0, 0.25, 0.0625];

/// Numbers of the random streams of one step.
const WEIGHTS: u64 = 1;
const VOXELS: u64 = 2;

impl TeacherChain {
    /// Trained on the device, if there is one.
    pub fn new(
        options: KdInrOptions,
        geometry: BlockGeometry,
        key: ChainKey,
        device: Option<Arc<Worker>>,
    ) -> TeacherChain {
        TeacherChain { options, geometry, key, device, previous: None }
    }

    fn random(&self, step: u64, stream: u64) -> Random {
        Random::new(&[self.key.seed, u64::from(self.key.variable), u64::from(self.key.block), step, stream])
    }

    fn network(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        statistics: &Statistics,
        threads: &rayon::ThreadPool,
    ) -> Result<EncodedStep> {
        let range = (statistics.min, statistics.max);
        let o = &self.options;
        let extent = &self.geometry.extent;
        let values = extent.len();
        let inputs = extent.rank();
        let width = match o.teacher.width {
            0 => sizing::width_for(&o.teacher, inputs, sizing::teacher_parameters(values)),
            w => w,
        };
        let omega = if o.teacher.omega > 0.0 { o.teacher.omega } else { sizing::omega(&extent.count) };
        let architecture = sizing::architecture(&o.teacher, inputs, width, omega);
        let folds = if o.symmetry { symmetry::folds_of(volume, mask, statistics) } else { Folds::default() };
        let same = |p: &&Previous| same_shape(&p.network, &architecture) && p.folds == folds;
        let warm = self.previous.as_ref().filter(|p| o.warm_start && same(p));
        // A warm start is worth most if the same value means the same to both networks.
        let normalisation = match warm {
            Some(p) if still_fits(&p.normalisation, range) => p.normalisation,
            _ => Normalisation::fit(range.0, range.1).map_err(|e| Error::Internal(e.to_string()))?,
        };
        let mut normalised = vec![0.0f32; values];
        normalisation.forward_all(&volume.values, &mut normalised).map_err(|e| Error::Internal(e.to_string()))?;

        let fit_options = o.teacher.with_batch(sizing::batch(&o.teacher, values as f64, architecture.parameters()));
        let full = match o.teacher.samples {
            0 if o.teacher.halving > 0 => paper_samples(&extent.count),
            0 => (sizing::teacher_samples(values, fit_options.batch) * o.effort) as u64,
            n => n,
        };
        let samples = if warm.is_some() { (full as f64 * f64::from(o.warm_share)) as u64 } else { full };
        let base = warm.filter(|p| p.since_key + 1 < o.key_interval).and_then(|p| p.quantised.as_ref().map(|q| (p, q)));
        let levels = ((o.teacher.bits - 1.0).exp2() - 1.0).max(1.0);
        let choose = |q: &Quantiser, n: &Network| q.codes(&n.parameters, levels);
        let watch = Watch { limit: None, progress: &|_, _| {}, ranks: &Alone };
        let random = self.random(step, VOXELS);
        let sampler = (o.sampler, warm.and_then(|p| p.focus.as_ref()).filter(|_| o.importance));
        let source = VoxelSamples::new(&normalised, (extent, folds), mask, sampler, fit_options.batch, random)?;
        let device = self.device.as_deref().filter(|d| d.fits(&architecture, fit_options.optimiser, fit_options.batch));
        let resident = device.map(|d| Block::new(d, &source)).transpose()?;
        let mut best: Option<(NetworkBlock, (Quality, Focus))> = None;
        let mut spent = 0;
        for calm in CALMER {
            let start = match warm {
                Some(p) => p.network.clone(),
                None => Network::random(architecture, &self.random(step, WEIGHTS))
                    .map_err(|e| Error::InvalidArgument(e.to_string()))?,
            };
            let precision = match base {
                _ if o.teacher.bits == 0.0 => Precision::Full,
                Some((_, q)) => Precision::Codes(&q.codes),
                None => Precision::Choose(&choose),
            };
            let own = fit_options.for_width(width).calmer(calm);
            let fitted = match &resident {
                Some(block) => fit(&mut block.machine(start), &architecture, &own, samples, precision, &watch),
                None => threads.install(|| {
                    let mut drawn = &source;
                    fit(&mut Host::new(start, &mut drawn, &own), &architecture, &own, samples, precision, &watch)
                }),
            };
            let Fitted { network, quantised, samples } = fitted?;
            spent += samples;
            let flags = if quantised.is_none() { super::payload::UNQUANTISED } else { 0 };
            let block =
                NetworkBlock::new(extent.clone(), Stored::new(normalisation, flags, network, quantised).folded(folds));
            let seen = threads.install(|| measure(&block, &self.geometry, volume, mask, self.device.as_deref()))?;
            let better = best.as_ref().is_none_or(|(_, (q, _))| seen.0.squared_error < q.squared_error);
            if seen.0.squared_error.is_finite() && better {
                best = Some((block, seen));
            }
            // A rate that is too high for a field shows as an error above that of a constant.
            if best.as_ref().is_some_and(|(_, (q, _))| q.squared_error <= statistics.variance * q.count as f64) {
                break;
            }
        }
        // Gives the room on the device back, and lets go of the step before.
        drop(resident);
        let (block, (quality, focus)) =
            best.ok_or_else(|| Error::Internal("the training of a teacher diverged at every rate".into()))?;

        let encoded = EncodedStep {
            kind: StepKind::Network,
            base_step: base.map(|(p, _)| p.step),
            payload: block.stored.write(base.map(|(_, q)| q)),
            mask: mask.map(Mask::encode),
            quality,
            samples: spent,
        };
        let since_key = base.map_or(0, |(p, _)| p.since_key + 1);
        let NetworkBlock { stored: Stored { network, quantised, .. }, .. } = block;
        let focus = Some(focus);
        self.previous = Some(Previous { step, network, folds, normalisation, quantised, since_key, focus });
        Ok(encoded)
    }
}

/// The old map covers the new range, and does not waste more than a fifth of its own.
fn still_fits(old: &Normalisation, (min, max): (f64, f64)) -> bool {
    let (low, high) = (old.mid - old.half, old.mid + old.half);
    min >= low && max <= high && max / 2.0 - min / 2.0 >= 0.8 * old.half
}

/// Equation 3: 400 epochs of one voxel in half of the 4^d cells.
fn paper_samples(count: &[usize]) -> u64 {
    400 * (count.iter().map(|c| c.div_ceil(4) as u64).product::<u64>() / 2).max(1)
}

/// Quality over all values of the block's own that are not masked, as a reader sees them: decoded, rounded to the element type; and
/// where the errors are.
/// On a device they may be off by some ten-millionths of the range, which no quality shows that a network has.
fn measure(
    block: &NetworkBlock,
    geometry: &BlockGeometry,
    volume: &Volume,
    mask: Option<&Mask>,
    device: Option<&Worker>,
) -> Result<(Quality, Focus)> {
    let (extent, element_type) = (&geometry.extent, geometry.element_type);
    let foreign = geometry.foreign();
    let mut decoded = vec![0.0; extent.len()];
    match device {
        Some(worker) => block.decode_on(worker, &mut decoded)?,
        None => block.decode(&Region::of(extent), &mut decoded)?,
    }
    let mut focus = Focus::new(std::slice::from_ref(extent), 1);
    // Sums of chunks in a fixed order: the same for any number of threads.
    let parts: Vec<(Quality, Vec<f64>, Vec<f64>)> = decoded
        .par_chunks(CHUNK)
        .enumerate()
        .map(|(chunk, decoded)| {
            let mut quality = Quality::EMPTY;
            let (mut errors, mut counts) = (vec![0.0; focus.places()], vec![0.0; focus.places()]);
            for (i, &value) in decoded.iter().enumerate() {
                let at = chunk * CHUNK + i;
                if mask.is_some_and(|m| m.codes[at] != 0) || foreign.as_ref().is_some_and(|f| f[at]) {
                    continue;
                }
                let seen = match element_type {
                    ElementType::Float32 => f64::from(value as f32),
                    ElementType::Float64 => value,
                };
                let original = volume.values.get(at);
                quality.add(original, seen);
                let place = focus.place_of(at, extent);
                errors[place] += (original - seen).abs();
                counts[place] += 1.0;
            }
            (quality, errors, counts)
        })
        .collect();
    let (mut quality, mut errors, mut counts) = (Quality::EMPTY, vec![0.0; focus.places()], vec![0.0; focus.places()]);
    for (part, e, c) in &parts {
        quality = quality.merge(part);
        errors.iter_mut().zip(e).for_each(|(sum, e)| *sum += e);
        counts.iter_mut().zip(c).for_each(|(sum, c)| *sum += c);
    }
    focus.see(&errors, &counts);
    Ok((quality, focus))
}

/// Blocks of fewer values are kept as they are: a network would be larger.
const SMALLEST: usize = 256;

impl Chain for TeacherChain {
    fn encode(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        threads: &rayon::ThreadPool,
    ) -> Result<EncodedStep> {
        self.geometry.check(volume)?;
        if let Some(value) = ConstantBlock::value_of(volume, mask)? {
            return Ok(EncodedStep::constant(value, &self.geometry, mask));
        }
        if volume.values.len() < SMALLEST {
            return Ok(EncodedStep::plain(volume, &self.geometry));
        }
        let statistics = Statistics::measure(volume, mask.map(|m| m.codes.as_slice()))
            .map_err(|e| Error::InvalidArgument(e.to_string()))?;
        if statistics.is_constant() {
            // Zeros of both signs.
            return Ok(EncodedStep::constant(statistics.min, &self.geometry, mask));
        }
        match self.device {
            // Who waits for a device leaves the pool to others.
            Some(_) => self.network(step, volume, mask, &statistics, threads),
            None => threads.install(|| self.network(step, volume, mask, &statistics, threads)),
        }
    }

    fn resume(&mut self, step: u64, last: &dyn BlockDecoder) {
        if let Some(block) = last.as_any().downcast_ref::<NetworkBlock>() {
            let stored = &block.stored;
            self.previous = Some(Previous {
                step,
                network: stored.network.clone(),
                folds: stored.folds,
                normalisation: stored.normalisation,
                quantised: stored.quantised.clone(),
                // The next teacher is coded whole, wherever in its interval the last one was.
                since_key: u64::MAX - 1,
                focus: None,
            });
        }
    }
}
