//! Which bounds to run a compressor with, so that its ratios enclose the ones that are asked for.

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

/// What became of a bound.
pub enum Outcome {
    /// It was run.
    Run(Run),
    /// It was run, or could not be, and nothing coarser needs to be tried.
    TooCoarse,
}

/// Runs a compressor with at most `limit` bounds, chosen for the ascending ratios in `asked`.
///
/// Bounds are powers of `base`, which is how finely they matter: a bound that the compressor would round to another is
/// never tried. The ratio must grow with the bound, by and large.
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
    let mut tried: Vec<(i32, Run)> = Vec::new();
    let mut next = Some(exponent(FIRST * range));
    for _ in 0..limit {
        let Some(k) = next else { break };
        match run(base.powi(k))? {
            Outcome::Run(done) => {
                tried.push((k, done));
                tried.sort_by(|a, b| a.1.ratio.total_cmp(&b.1.ratio));
            }
            Outcome::TooCoarse => ceiling = k - 1,
        }
        let stride = exponent(STRIDE).max(1);
        next = outside(asked, &tried, finest, ceiling, stride).or_else(|| inside(asked, &tried));
    }
    Ok(tried.into_iter().map(|(_, run)| run).collect())
}

/// A finer bound while even the smallest ratio is below what was run, or a coarser one for the largest.
fn outside(asked: &[f64], tried: &[(i32, Run)], finest: i32, ceiling: i32, stride: i32) -> Option<i32> {
    let (smallest, largest) = (asked.first()?, asked.last()?);
    let exponents = || tried.iter().map(|t| t.0);
    let Some((low, high)) = exponents().min().zip(exponents().max()) else {
        return Some(ceiling - stride).filter(|&k| k >= finest);
    };
    let reaches = |ratio: f64| tried.last().is_some_and(|t| t.1.ratio >= ratio);
    if tried[0].1.ratio > *smallest && low > finest {
        return Some((low - stride).max(finest));
    }
    if !reaches(*largest) && high < ceiling {
        // Half of what is left, where a bound that is too coarse is known to be near.
        return Some((high + stride).min(high + (ceiling - high + 1) / 2).max(high + 1));
    }
    None
}

/// A bound between the two runs that enclose an asked ratio most loosely, where a straight line between them has it.
fn inside(asked: &[f64], tried: &[(i32, Run)]) -> Option<i32> {
    let mut widest: Option<(f64, i32)> = None;
    for &ratio in asked {
        let above = tried.partition_point(|t| t.1.ratio < ratio);
        let (Some(b), Some(a)) = (tried.get(above), above.checked_sub(1).map(|i| tried[i])) else { continue };
        let gap = b.1.ratio / a.1.ratio;
        let (low, high) = (a.0.min(b.0), a.0.max(b.0));
        if gap <= CLOSE || high - low <= 1 || widest.is_some_and(|(w, _)| gap <= w) {
            continue;
        }
        let share = ((ratio / a.1.ratio).ln() / gap.ln()).clamp(0.1, 0.9);
        let k = f64::from(a.0) + share * f64::from(b.0 - a.0);
        widest = Some((gap, (k.round() as i32).clamp(low + 1, high - 1)));
    }
    widest.map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::super::curve::{Curve, Figures};
    use super::*;

    fn outcome(ratio: f64) -> Outcome {
        let figures = Figures {
            psnr: 0.0,
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
    fn what_cannot_be_reached_ends_the_search() {
        let mut count = 0;
        let runs = search(&ASKED, 1.0, 1.05, 40, |b| {
            count += 1;
            Ok(if b > 0.03 { Outcome::TooCoarse } else { outcome(1e4 * b) })
        })
        .unwrap();
        let most = runs.iter().map(|r| r.ratio).fold(0.0, f64::max);
        assert!((280.0..=300.0).contains(&most), "{most}");
        assert!(count < 40);
    }
}
