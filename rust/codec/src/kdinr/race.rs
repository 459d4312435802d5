//! Short fits that choose what the data alone can tell: the frequency that a student begins with.

use std::time::Duration;

use limbeck_network::Architecture;

use super::options::{FitOptions, KdInrOptions};
use super::payload::UNQUANTISED;
use super::plan::{Plan, begin, compare, train};
use super::stored::Stored;
use super::student::Student;
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

/// Tries higher and higher frequencies while they are better, and leaves the best in the plan. Returns the samples spent.
///
/// Collective. All ranks decide by the same error, whose sums are the same on any number of ranks.
pub(crate) fn race(
    plan: &mut Plan,
    o: &KdInrOptions,
    source: &mut TeacherSamples<'_>,
    times: &[f64],
    limit: Option<Duration>,
) -> Result<u64> {
    let samples = (plan.samples as f64 * SHARE) as u64;
    if samples / (plan.options.batch as u64) < FEWEST_STEPS {
        return Ok(0);
    }
    let mut spent = 0;
    let mut best: Option<(Architecture, f64)> = None;
    let mut architecture = plan.architecture;
    for _ in 0..MOST {
        let options = FitOptions { bits: 0.0, ..plan.options };
        let short = Plan { architecture, options, samples, bytes: plan.bytes };
        let start = begin(&architecture, source.task, false, o.student_from_teacher)?;
        let fitted = train(&short, start, source, 1.0, limit.map(|l| l.mul_f64(SHARE)), &|_, _| {})?;
        spent += fitted.samples;
        let stored = Stored::new(source.normalisation, UNQUANTISED, fitted.network, None);
        let error = compare(&Student::new(stored, source.task.extent, times), source)?.0.squared_error;
        // Cut short, a fit tells nothing; all ranks know how long it was.
        if fitted.samples < samples || best.is_some_and(|(_, least)| error.is_nan() || error >= BETTER * least) {
            break;
        }
        best = Some((architecture, error));
        architecture = faster(architecture);
    }
    plan.architecture = best.map_or(plan.architecture, |(a, _)| a);
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
