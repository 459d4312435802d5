//! Short fits that choose what the data alone can tell: whether axes are folded, and the frequency that a student begins with.

use std::time::Duration;

use limbeck_network::Architecture;
use limbeck_network::device::Worker;

use super::coordinates::Folds;
use super::options::{FitOptions, KdInrOptions};
use super::payload::UNQUANTISED;
use super::plan::{Plan, begin, compare, train};
use super::stored::Stored;
use super::student::Student;
use super::symmetry;
use super::teacher_samples::TeacherSamples;
use crate::Result;

/// Samples of one short fit as a share of those of the whole.
const SHARE: f64 = 1.0 / 25.0;
/// Optimiser steps below which a short fit tells nothing.
const FEWEST_STEPS: u64 = 300;
/// Factor from one frequency to the next.
const FACTOR: f32 = 1.6;
/// Most frequencies that are tried.
const MOST: usize = 5;
/// What the squared error has to be below, as a share of that of the frequency before: short fits favour high frequencies,
/// which find details sooner, by up to so much.
const BETTER: f64 = 0.87;

/// A network that takes an axis for symmetric may be off by so much of the squared error of a short fit, which is far above
/// that of the whole training.
const SYMMETRIC: f64 = 1.0 / 16.0;

/// Tries the data's mirror symmetries, then higher and higher frequencies while they are better, and leaves the best in the plan.
/// Returns the samples spent.
///
/// Collective. All ranks decide by the same error, whose sums are the same on any number of ranks.
pub(crate) fn race(
    plan: &mut Plan,
    o: &KdInrOptions,
    source: &mut TeacherSamples<'_>,
    times: &[f64],
    limit: Option<Duration>,
    device: Option<&Worker>,
) -> Result<u64> {
    let samples = (plan.samples as f64 * SHARE) as u64;
    if samples / (plan.options.batch as u64) < FEWEST_STEPS {
        return Ok(0);
    }
    let mut spent = 0;
    // Nothing of the training itself is done yet, but somebody may wait for a word.
    let task = source.task;
    let progress = |_: f64, psnr: f64| (task.progress)(0.0, psnr);
    let mut shortly =
        |architecture: Architecture, folds: Folds, source: &mut TeacherSamples<'_>| -> Result<Option<f64>> {
            let options = FitOptions { bits: 0.0, ..plan.options };
            let short = Plan { architecture, folds, options, samples, payload: plan.payload };
            source.fold(folds);
            let start = begin((&architecture, folds), source.task, false, o.student_from_teacher)?;
            let fitted = train(&short, start, source, 1.0, limit.map(|l| l.mul_f64(SHARE)), &progress, device)?;
            spent += fitted.samples;
            let whole = fitted.samples >= samples;
            let stored = Stored::new(source.normalisation, UNQUANTISED, fitted.network, None).folded(folds);
            let error = compare(&Student::new(stored, source.task.extent, times), source)?.0;
            // Cut short, a fit tells nothing; all ranks know how long it was.
            Ok(Some(error.squared_error / error.count.max(1) as f64).filter(|e| whole && e.is_finite()))
        };
    let (mut architecture, mut folds) = (plan.architecture, Folds::default());
    let Some(mut least) = shortly(architecture, folds, source)? else { return Ok(spent) };
    let mirrors = if o.symmetry { symmetry::folds(source.task, SYMMETRIC * least)? } else { Folds::default() };
    if mirrors.any()
        && let Some(error) = shortly(architecture, mirrors, source)?.filter(|e| *e < BETTER * least)
    {
        (folds, least) = (mirrors, error);
    }
    if o.student.omega == 0.0 {
        for _ in 1..MOST {
            let next = faster(architecture);
            let Some(error) = shortly(next, folds, source)?.filter(|e| *e < BETTER * least) else { break };
            (architecture, least) = (next, error);
        }
    }
    (plan.architecture, plan.folds) = (architecture, folds);
    Ok(spent)
}

/// The same with a higher frequency.
fn faster(mut architecture: Architecture) -> Architecture {
    match &mut architecture {
        Architecture::Siren { omega, .. }
        | Architecture::Residual { omega, .. }
        | Architecture::KdInr { omega, .. } => *omega *= FACTOR,
    }
    architecture
}
