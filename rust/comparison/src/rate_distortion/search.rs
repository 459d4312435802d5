//! Which bounds to run a compressor with, so that its ratios enclose the ones that are asked for.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::curve::Run;
use crate::Result;

/// A pair of neighbouring runs this close in ratio encloses well enough what lies between them.
const CLOSE: f64 = 1.15;
/// Bounds are tried from this part of the range of the data ...
const FINEST: f64 = 1e-6;
/// ... to this: wavelet coefficients are larger than the values.
const COARSEST: f64 = 100.0;
/// The first bound, in ranges of the data.
const FIRST: f64 = 0.01;
/// How far to go on to one side, as a factor of the bound.
const STRIDE: f64 = 8.0;
/// How near the coarsest useful bound is looked for where the largest ratio cannot be reached.
const NEAR: f64 = 1.2;

/// What became of a bound.
pub enum Outcome {
    /// It was run.
    Run(Run),
    /// It could not be run, or what came out is of no use.
    Useless,
}

/// Runs a compressor with at most `limit` bounds, chosen for the ascending ratios in `asked`.
///
/// Bounds are powers of `base`, which is how finely they matter: a bound that the compressor would round to another is
/// never tried. The ratio should grow with the bound; where it does not, what another run dominates is left out, and
/// nothing coarser is tried than a coarsest bound that is of no use.
pub fn search(
    asked: &[f64],
    range: f64,
    base: f64,
    limit: usize,
    mut run: impl FnMut(f64) -> Result<Outcome>,
) -> Result<Vec<Run>> {
    let exponent = |bound: f64| (bound.ln() / base.ln()).round() as i32;
    let finest = exponent(FINEST * range);
    let mut ceiling = exponent(COARSEST * range);
    let mut useful: Vec<(i32, Run)> = Vec::new();
    let mut tried = BTreeSet::new();
    let mut next = Some(exponent(FIRST * range));
    for _ in 0..limit {
        let Some(k) = next.filter(|&k| tried.insert(k)) else { break };
        let coarsest = useful.iter().all(|u| u.0 < k);
        match run(base.powi(k))? {
            Outcome::Run(done) if !useful.iter().any(|(_, other)| other.dominates(&done)) => {
                useful.retain(|(_, other)| !done.dominates(other));
                useful.push((k, done));
                useful.sort_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio));
            }
            _ if coarsest => ceiling = k - 1,
            _ => {}
        }
        let [stride, near] = [STRIDE, NEAR].map(|factor| exponent(factor).max(1));
        next = outside(asked, &useful, finest..=ceiling, stride, near).or_else(|| inside(asked, &useful, &tried));
    }
    Ok(useful.into_iter().map(|(_, run)| run).collect())
}

/// A finer bound while even the smallest ratio is below what was run, or a coarser one for the largest.
fn outside(asked: &[f64], useful: &[(i32, Run)], bounds: RangeInclusive<i32>, stride: i32, near: i32) -> Option<i32> {
    let (smallest, largest) = (asked.first()?, asked.last()?);
    let (finest, ceiling) = bounds.into_inner();
    let (Some((low, first)), Some((high, last))) = (useful.first(), useful.last()) else {
        return Some(ceiling - stride).filter(|&k| k >= finest);
    };
    if first.ratio > *smallest && *low > finest {
        return Some((low - stride).max(finest));
    }
    if last.ratio < *largest && ceiling - high >= near {
        // No further than half of what is left: a bound that is too coarse may be known to be near.
        return Some(high + stride.min((ceiling - high + 1) / 2));
    }
    None
}

/// A bound between the two runs that enclose an asked ratio most loosely, where a straight line between them has it.
fn inside(asked: &[f64], useful: &[(i32, Run)], tried: &BTreeSet<i32>) -> Option<i32> {
    let mut widest: Option<(f64, i32)> = None;
    for &ratio in asked {
        let above = useful.partition_point(|u| u.1.ratio < ratio);
        let (Some(b), Some(a)) = (useful.get(above), above.checked_sub(1).map(|i| useful[i])) else { continue };
        let gap = b.1.ratio / a.1.ratio;
        let (low, high) = (a.0.min(b.0), a.0.max(b.0));
        if gap <= CLOSE || high - low <= 1 || widest.is_some_and(|(w, _)| gap <= w) {
            continue;
        }
        let share = ((ratio / a.1.ratio).ln() / gap.ln()).clamp(0.1, 0.9);
        let line = f64::from(a.0) + share * f64::from(b.0 - a.0);
        let untried = (low + 1..high).filter(|k| !tried.contains(k));
        if let Some(k) = untried.min_by_key(|&k| (f64::from(k) - line).abs() as i32) {
            widest = Some((gap, k));
        }
    }
    widest.map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::super::curve::{Curve, Figures};
    use super::*;

    fn outcome(ratio: f64) -> Outcome {
        with_psnr(ratio, -ratio.ln())
    }

    fn with_psnr(ratio: f64, psnr: f64) -> Outcome {
        let figures = Figures {
            psnr,
            psnr_min: 0.0,
            max_error: 0.0,
            ssim: 0.0,
            chamfer: 0.0,
            encode_seconds: 0.0,
            decode_seconds: 0.0,
        };
        Outcome::Run(Run { asked: None, ratio, figures })
    }

    const ASKED: [f64; 4] = [100.0, 500.0, 1000.0, 10_000.0];

    #[test]
    fn all_ratios_of_a_smooth_codec_are_enclosed() {
        for range in [1e-8, 1.0, 136.0, 1e12] {
            let runs = search(&ASKED, range, 1.05, 16, |b| Ok(outcome(2e4 * (b / range).powf(0.7)))).unwrap();
            let curve = Curve::new("smooth", runs);
            for ratio in ASKED {
                assert!(curve.at(ratio).is_some(), "{ratio} of range {range}");
                let above = curve.runs().iter().find(|r| r.ratio >= ratio).unwrap();
                let below = curve.runs().iter().rfind(|r| r.ratio <= ratio).unwrap();
                assert!(above.ratio / below.ratio <= CLOSE, "{} to {}", below.ratio, above.ratio);
            }
        }
    }

    #[test]
    fn a_codec_in_steps_is_not_run_twice_with_the_same_bound() {
        let mut bounds = Vec::new();
        search(&ASKED, 1.0, 2.0, 30, |b| {
            bounds.push(b);
            Ok(outcome(1e5 * b))
        })
        .unwrap();
        assert!(bounds.iter().all(|b| b.log2().fract() == 0.0));
        let count = bounds.len();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        assert_eq!(bounds.len(), count);
    }

    #[test]
    fn a_codec_that_collapses_is_followed_up_to_there() {
        let collapsing = |b: f64| if b > 0.05 { with_psnr(130.0, -100.0) } else { outcome(1e5 * b) };
        let runs = search(&ASKED, 1.0, 1.05, 30, |b| Ok(collapsing(b))).unwrap();
        let ratios: Vec<f64> = runs.iter().map(|r| r.ratio).collect();
        let most = ratios.iter().copied().fold(0.0, f64::max);
        assert!((4000.0..=5000.0).contains(&most), "{most}");
        assert!(ratios.is_sorted());
    }

    #[test]
    fn what_cannot_be_reached_ends_the_search() {
        let mut count = 0;
        let runs = search(&ASKED, 1.0, 1.05, 40, |b| {
            count += 1;
            Ok(if b > 0.03 { Outcome::Useless } else { outcome(1e4 * b) })
        })
        .unwrap();
        let most = runs.iter().map(|r| r.ratio).fold(0.0, f64::max);
        assert!((240.0..=300.0).contains(&most), "{most}");
        assert!(count < 40);
    }
}
