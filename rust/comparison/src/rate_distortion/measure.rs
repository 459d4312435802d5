//! What every contender is measured by, in the same way: decoded steps against the original ones.

use std::time::Instant;

use limbeck_field::ssim;
use limbeck_session::Quality;
use rayon::prelude::*;

use super::curve::{Figures, Run};
use super::isosurface::Isosurface;
use crate::npy::Series;
use crate::roundtrip::{compare, psnr};
use crate::{Error, Result, machine};

/// A series and what is known of it beforehand.
pub struct Original {
    /// The values.
    pub series: Series,
    /// Bytes of the values as float32.
    pub bytes: usize,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// PSNR of decoding nothing but the mean of the series.
    pub psnr_of_mean: f64,
    /// The value of the isosurface.
    pub isovalue: f64,
    /// The step that the isosurface is taken of: the middle one.
    pub surface_step: usize,
    surface: Isosurface,
}

impl Original {
    /// The isosurface has the given value, or the middle of the range of its step.
    pub fn new(series: Series, isovalue: Option<f64>) -> Result<Original> {
        let (min, max) = range(&series.values)?;
        let count = series.values.len() as f64;
        let mean = series.values.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
        let variance = series.values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;

        let surface_step = series.steps() / 2;
        let middle = range(series.step(surface_step)).map(|(min, max)| 0.5 * (min + max))?;
        let isovalue = isovalue.unwrap_or(middle);
        let [_, volume @ ..] = volumes(&series.shape);
        let surface = Isosurface::of(&wide(series.step(surface_step)), volume, isovalue);
        Ok(Original {
            bytes: series.values.len() * size_of::<f32>(),
            psnr_of_mean: 20.0 * (max - min).log10() - 10.0 * variance.log10(),
            series,
            min,
            max,
            isovalue,
            surface_step,
            surface,
        })
    }

    /// Steps, and the shape of each with three axes: those that the series has not come first and have one point.
    pub fn volumes(&self) -> [usize; 4] {
        volumes(&self.series.shape)
    }

    /// Compares what a run decodes, step by step. The seconds of decoding are `decode_seconds`, or are taken here.
    pub fn measure(
        &self,
        bytes_on_disk: u64,
        encode_seconds: f64,
        decode_seconds: Option<f64>,
        decode: impl Fn(usize) -> Result<Vec<f64>>,
    ) -> Result<Run> {
        let mut seconds = 0.0;
        let mut steps = Vec::new();
        let all: Vec<usize> = (0..self.series.steps()).collect();
        // A few at a time: only so many are in memory, and decoding has the machine for itself.
        for some in all.chunks(machine::cores()) {
            let start = Instant::now();
            let decoded = some.iter().map(|&step| decode(step)).collect::<Result<Vec<_>>>()?;
            seconds += start.elapsed().as_secs_f64();
            let measured = some.par_iter().zip(&decoded).map(|(&step, values)| self.measure_step(step, values));
            steps.extend(measured.collect::<Result<Vec<_>>>()?);
        }
        let whole = steps.iter().fold(Quality::EMPTY, |sum, s| sum.merge(&s.quality));
        let similar: Vec<f64> = steps.iter().map(|s| s.ssim).filter(|s| !s.is_nan()).collect();
        let figures = Figures {
            psnr: whole.psnr(),
            psnr_min: steps.iter().map(|s| psnr(&s.quality, &whole)).fold(f64::INFINITY, f64::min),
            max_error: whole.max_error,
            ssim: similar.iter().sum::<f64>() / similar.len() as f64,
            chamfer: steps[self.surface_step].chamfer,
            encode_seconds,
            decode_seconds: decode_seconds.unwrap_or(seconds),
        };
        Ok(Run { asked: None, ratio: self.bytes as f64 / bytes_on_disk as f64, figures })
    }

    fn measure_step(&self, step: usize, decoded: &[f64]) -> Result<Step> {
        let values = self.series.step(step);
        let quality = compare(values, decoded)?;
        let shape = &self.series.shape[1..];
        let ssim = ssim(&wide(values), decoded, shape, None).map_err(|e| Error::Setup(e.to_string()))?;
        let chamfer = if step == self.surface_step {
            let [_, volume @ ..] = self.volumes();
            let surface = Isosurface::of(decoded, volume, self.isovalue);
            self.surface.chamfer(&surface)
        } else {
            f64::NAN
        };
        Ok(Step { quality, ssim, chamfer })
    }
}

struct Step {
    quality: Quality,
    ssim: f64,
    chamfer: f64,
}

/// Puts axes of one point between time and the axes of a series that has fewer than three.
fn volumes(shape: &[usize]) -> [usize; 4] {
    let mut volumes = [shape[0], 1, 1, 1];
    volumes[5 - shape.len()..].copy_from_slice(&shape[1..]);
    volumes
}

/// Smallest and largest value.
fn range(values: &[f32]) -> Result<(f64, f64)> {
    if values.iter().any(|v| !v.is_finite()) {
        return Err(Error::Input("the series: the other compressors take finite values only".into()));
    }
    let fold = |start: f32, f: fn(f32, f32) -> f32| f64::from(values.iter().copied().fold(start, f));
    Ok((fold(f32::INFINITY, f32::min), fold(f32::NEG_INFINITY, f32::max)))
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_and_lines_are_measured_as_volumes() {
        assert_eq!(
            [volumes(&[9, 2, 3, 4]), volumes(&[9, 3, 4]), volumes(&[9, 4])],
            [[9, 2, 3, 4], [9, 1, 3, 4], [9, 1, 1, 4]]
        );
        let series = Series { shape: vec![2, 3, 4], values: (0..24).map(|i| i as f32).collect() };
        let original = Original::new(series, None).unwrap();
        let run = original.measure(10, 0.0, None, |step| Ok(wide(original.series.step(step)))).unwrap();
        assert_eq!((run.figures.max_error, run.figures.chamfer), (0.0, 0.0));
    }
}
