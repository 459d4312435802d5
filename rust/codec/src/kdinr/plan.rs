//! One training of a student: what is planned, done, and measured.

use std::time::Duration;

use limbeck_network::device::Worker;
use limbeck_network::{Architecture, Network, Random, Samples};

use super::budget::Budget;
use super::coordinates::Folds;
use super::fit::{Fitted, Host, Precision, Watch, fit};
use super::on_device::Fed;
use super::options::{FitOptions, KdInrOptions};
use super::payload::Head;
use super::sizing;
use super::start::{inherit, stand_still};
use super::student::Student;
use super::teacher_samples::TeacherSamples;
use crate::ranks::agree;
use crate::{DistilTask, Error, Quality, Result, SegmentDecoder};

/// Chunks on which the finished student is compared with its teachers.
const CHECKED: u64 = 8;

/// First chunk of the comparison, beyond all that training reaches.
const CHECK_CHUNKS: u64 = 1 << 41;

const WEIGHTS: u64 = 11;
pub(crate) const VOXELS: u64 = 12;
const SIGNS: u64 = 13;

/// What is trained, on how much, and what it may take.
pub(crate) struct Plan {
    pub architecture: Architecture,
    pub folds: Folds,
    /// With a batch size, and rates for the width.
    pub options: FitOptions,
    pub samples: u64,
    /// Bytes that the payload may take.
    pub payload: usize,
}

impl Plan {
    /// The sizes that options, data and budget lead to.
    pub fn new(o: &KdInrOptions, task: &DistilTask<'_>, constant: bool) -> Result<Plan> {
        let s = &o.student;
        let inputs = task.extent.rank() + 1;
        let omega = if s.omega > 0.0 { s.omega } else { sizing::omega(&task.extent.count) };
        let (payload, folds) = (task.budget_bytes, Folds::default());
        let width = match s.width {
            0 => {
                let bytes = beside_head(payload, &sizing::architecture(s, inputs, 1, omega), folds);
                sizing::width_for(s, inputs, sizing::student_parameters(s.bits, bytes))
            }
            w => w,
        };
        let architecture = match constant {
            // The normalisation says it all: what a network says is multiplied by 0.
            true => Architecture::Siren { inputs, width: 1, depth: 1, omega },
            false => sizing::architecture(s, inputs, width, omega),
        };
        architecture.check().map_err(|e| Error::InvalidArgument(e.to_string()))?;
        let values = task.blocks.iter().map(|b| b.len() as f64).sum::<f64>() * task.present.len() as f64;
        let parameters = architecture.parameters();
        let options = s.with_batch(sizing::batch(s, values, parameters)).for_width(width);
        let samples = match s.samples {
            _ if constant => 1,
            0 => (sizing::student_samples(values, parameters, options.batch) * o.effort) as u64,
            n => n,
        };
        Ok(Plan { architecture, folds, options, samples, payload })
    }
}

/// What a payload leaves for the parameters.
fn beside_head(payload: usize, architecture: &Architecture, folds: Folds) -> usize {
    payload.saturating_sub(Head::length(architecture, folds)).max(16)
}

/// Random numbers of a task.
pub(crate) fn random(task: &DistilTask<'_>, stream: u64) -> Random {
    Random::new(&[task.key.seed, u64::from(task.key.variable), stream])
}

/// What training begins from. Collective.
pub(crate) fn begin(
    (architecture, folds): (&Architecture, Folds),
    task: &DistilTask<'_>,
    constant: bool,
    from_teacher: bool,
) -> Result<Network> {
    let mut start =
        Network::random(*architecture, &random(task, WEIGHTS)).map_err(|e| Error::InvalidArgument(e.to_string()))?;
    if constant {
        start.parameters.fill(0.0);
    } else if from_teacher {
        inherit(&mut start, task, folds)?;
    }
    if task.times.len() == 1 {
        stand_still(&mut start);
    }
    Ok(start)
}

/// One fit, with learning rates multiplied by `calm`; on the device, if there is one and this is the only rank. Collective: fails on all ranks where it fails on one.
pub(crate) fn train(
    plan: &Plan,
    start: Network,
    source: &mut TeacherSamples<'_>,
    calm: f32,
    limit: Option<Duration>,
    progress: &(dyn Fn(f64, f64) + Sync),
    device: Option<&Worker>,
) -> Result<Fitted> {
    let task = source.task;
    let budget = Budget::new(beside_head(plan.payload, &plan.architecture, plan.folds), random(task, SIGNS));
    let precision = if plan.options.bits == 0.0 { Precision::Full } else { Precision::Fill(&budget) };
    let progress = |done: f64, error: f64| progress(done, -10.0 * (error / 4.0).log10());
    let watch = Watch { limit, progress: &progress, ranks: task.ranks };
    let own = plan.options.calmer(calm);
    let architecture = *start.architecture();
    // Gradients of several ranks are added on the host.
    let here = |d: &&Worker| task.ranks.size() == 1 && d.fits(&architecture, own.optimiser, own.batch);
    let fitted = match device.filter(here) {
        Some(worker) => {
            fit(&mut Fed::new(worker, start, source, &own)?, &architecture, &own, plan.samples, precision, &watch)
        }
        None => fit(&mut Host::new(start, source, &own), &architecture, &own, plan.samples, precision, &watch),
    };
    let failed = source.ended();
    agree(task.ranks, source.failure.take().map_or(Ok(()), Err))?;
    if failed {
        return Err(Error::Internal("a rank failed and did not say why".into()));
    }
    fitted
}

/// Student against teachers on a sample of fresh points, and the variance of the teachers' values there. Collective.
pub(crate) fn compare(student: &Student, source: &TeacherSamples<'_>) -> Result<(Quality, f64)> {
    // By draw, each of which one rank has: added up in one order, the sums are the same for any number of ranks.
    let local = || -> Result<(Quality, Vec<f64>)> {
        let (mut all, mut sums) = (Quality::EMPTY, Vec::new());
        for chunk in 0..CHECKED {
            for share in source.even_shares(CHECK_CHUNKS + chunk)? {
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
