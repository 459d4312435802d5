//! Quality of decoded steps against the original ones, in double precision.

use limbeck_field::{Distortion, ssim};
use limbeck_reader::{State, Step};
use serde_json::{Value, json};

use crate::document::number;
use crate::failure::Result;

/// One step of one variable.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Which.
    pub step: Step,
    /// Errors, point by point.
    pub distortion: Distortion,
    /// Structural similarity; NaN if there is nothing to compare.
    pub ssim: f64,
}

impl Measured {
    /// Compares the values of one step; `count` is their shape, slowest axis first.
    pub fn new(step: &Step, original: &[f64], decoded: &[f64], count: &[usize]) -> Result<Measured> {
        let distortion = Distortion::measure(original, decoded)?;
        let ssim = ssim(original, decoded, count, None)?;
        Ok(Measured { step: step.clone(), distortion, ssim })
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        json!({
            "step": self.step.index, "cycle": self.step.cycle, "time": number(self.step.time),
            "interpolated": self.step.state == State::Interpolated,
            "psnr": number(self.distortion.psnr()), "max_error": number(self.distortion.max_error),
            "ssim": number(self.ssim),
        })
    }
}

/// All steps of a variable.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Over the values of all steps: the peak is the range of the whole series.
    pub total: Distortion,
    /// Smallest PSNR of a step, whose peak is the range of that step. Steps without a range (constant ones) do not
    /// take part unless they are all there is.
    pub psnr_min: f64,
    /// Step with the smallest PSNR, as an index into the measured ones.
    pub worst: usize,
    /// Mean over the steps that have one.
    pub ssim_mean: f64,
}

impl Summary {
    /// None if no step was measured.
    pub fn of(steps: &[Measured]) -> Option<Summary> {
        let mut total = Distortion { count: 0, mse: 0.0, max_error: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
        let mut squares = 0.0;
        for d in steps.iter().map(|s| &s.distortion) {
            squares += d.mse * d.count as f64;
            total.count += d.count;
            total.max_error = total.max_error.max(d.max_error);
            total.min = total.min.min(d.min);
            total.max = total.max.max(d.max);
        }
        if total.count > 0 {
            total.mse = squares / total.count as f64;
        }
        let has_range = |s: &Measured| s.distortion.max > s.distortion.min || s.distortion.mse == 0.0;
        let any_range = steps.iter().any(has_range);
        let candidates = steps.iter().enumerate().filter(|(_, s)| !any_range || has_range(s));
        let worst = candidates.min_by(|a, b| a.1.distortion.psnr().total_cmp(&b.1.distortion.psnr()))?.0;
        let similar: Vec<f64> = steps.iter().map(|s| s.ssim).filter(|s| !s.is_nan()).collect();
        let ssim_mean = similar.iter().sum::<f64>() / similar.len() as f64;
        Some(Summary { total, psnr_min: steps[worst].distortion.psnr(), worst, ssim_mean })
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        json!({
            "psnr": number(self.total.psnr()), "psnr_min": number(self.psnr_min),
            "max_error": number(self.total.max_error), "ssim_mean": number(self.ssim_mean),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(index: u64) -> Step {
        Step { index, cycle: 0, time: 0.0, state: State::Present }
    }

    #[test]
    fn the_whole_series_has_its_own_range() {
        let step = |i: u64, low: f64, high: f64, error: f64| {
            let original = [low, high, low, high];
            let decoded = original.map(|v| v + error);
            Measured::new(&stamp(i), &original, &decoded, &[4]).unwrap()
        };
        let steps = [step(0, 0.0, 1.0, 0.01), step(1, 9.0, 10.0, 0.1), step(2, 5.0, 5.0, 0.5)];
        let summary = Summary::of(&steps).unwrap();
        assert_eq!(summary.worst, 1, "a constant step has no PSNR");
        assert!((summary.psnr_min - 20.0).abs() < 1e-9);
        let mse = (0.0001 + 0.01 + 0.25) / 3.0;
        assert!((summary.total.psnr() - (20.0 - 10.0 * f64::log10(mse))).abs() < 1e-9);
        assert_eq!(summary.total.max_error, 0.5);
        assert!(Summary::of(&[]).is_none());
    }

    #[test]
    fn equal_values_have_no_finite_psnr() {
        let steps = [Measured::new(&stamp(0), &[1.0, 2.0], &[1.0, 2.0], &[2]).unwrap()];
        assert_eq!(Summary::of(&steps).unwrap().psnr_min, f64::INFINITY);
        assert!(steps[0].document()["psnr"].is_null());
    }
}
