//! Sizes that are chosen when the user names none.

use limbeck_network::Architecture;

use super::options::{Family, FitOptions};

/// The network of a given width.
pub(crate) fn architecture(o: &FitOptions, inputs: usize, width: usize, omega: f32) -> Architecture {
    let depth = o.depth;
    match o.family {
        Family::Siren => Architecture::Siren { inputs, width, depth, omega },
        Family::Residual => Architecture::Residual { inputs, width, depth, omega },
        Family::KdInr => Architecture::KdInr { inputs, width, depth, omega, every_layer: false },
        Family::KdInrPaper => Architecture::KdInr { inputs, width, depth, omega, every_layer: true },
    }
}

/// Width of the network whose number of parameters is nearest to `parameters`, at least 1.
pub(crate) fn width_for(o: &FitOptions, inputs: usize, parameters: f64) -> usize {
    let excess = |w: usize| architecture(o, inputs, w, 1.0).parameters() as f64 - parameters;
    let mut width = 1;
    while width < 1024 && excess(width + 1) <= -excess(width) {
        width += 1;
    }
    // Wide ones in whole SIMD registers, rounded to the nearest: how finely their weights are rounded makes up for it. For
    // narrow ones, whose parameters are a matter of a few neurons, it does not.
    let grain = match (o.family, width) {
        (Family::Siren | Family::Residual, WIDE..) => 8,
        _ => 1,
    };
    (width + grain / 2) / grain * grain
}

/// Parameters p of a student that has so many bytes for them: p bits / 8 + BYTES_BY_ROOT sqrt(p) = bytes. What is stored of each
/// neuron beside its weights, the step of its row and a bias, grows with the root of p.
pub(crate) fn student_parameters(bits: f32, bytes: usize) -> f64 {
    let bytes = bytes as f64;
    if bits == 0.0 {
        return bytes / 4.0;
    }
    let half = BYTES_BY_ROOT / 2.0;
    let each = f64::from(bits) / 8.0;
    (((half * half + each * bytes).sqrt() - half) / each).powi(2)
}

/// Parameters of a teacher for a block of this many values: grows with the cube root (resolution along an axis),
/// never more than a sixth of the values.
pub(crate) fn teacher_parameters(values: usize) -> f64 {
    let v = values as f64;
    (TEACHER_PARAMETERS * (v / REFERENCE).cbrt()).min((v / 6.0).max(FEWEST_PARAMETERS))
}

/// Samples per optimiser step: few values and small networks deserve small batches, and with them more steps.
pub(crate) fn batch(o: &FitOptions, values: f64, parameters: usize) -> usize {
    match o.batch {
        0 => {
            let of_network = (BATCH * (parameters as f64).sqrt()) as usize / 16 * 16;
            of_network.min(((values / 16.0) as usize).next_power_of_two()).clamp(128, LARGEST_BATCH)
        }
        n => n,
    }
}

/// Fewest optimiser steps of a fit from nothing whose samples are chosen by size.
const FEWEST_STEPS: f64 = 2000.0;

/// Samples of a teacher fitted from nothing. They grow slower than its parameters: the simulation waits for no teacher of a
/// large block.
pub(crate) fn teacher_samples(values: usize, batch: usize) -> f64 {
    let v = values as f64;
    (TEACHER_SAMPLES * (v / REFERENCE).powf(0.25)).min(v * 60.0).max(FEWEST_STEPS * batch as f64)
}

/// Initial frequency for a block of this shape.
pub(crate) fn omega(count: &[usize]) -> f32 {
    let values: f64 = count.iter().map(|c| *c as f64).product();
    let edge = values.powf(1.0 / count.len() as f64);
    (OMEGA * (edge / 64.0).sqrt()).clamp(2.0, 60.0) as f32
}

/// Samples of a student. Large ones get fewer, as their time grows with samples times parameters, and small ones more, up to a number
/// that the smallest get anyway.
pub(crate) fn student_samples(values: f64, parameters: usize, batch: usize) -> f64 {
    let small = 32_768.0 / parameters as f64;
    let share = if small < 1.0 { small.powf(0.4) } else { small.sqrt().min((5.0f64 / 3.0).max(small.powf(0.25))) };
    let samples = STUDENT_SAMPLES * share;
    samples.min(values * 60.0).max(FEWEST_STEPS * batch as f64)
}

/// Values of a 64^3 block, for which the constants below were measured.
const REFERENCE: f64 = 262_144.0;
const TEACHER_PARAMETERS: f64 = 13_000.0;
const TEACHER_SAMPLES: f64 = 2.5e6;
const STUDENT_SAMPLES: f64 = 30e6;
const BYTES_BY_ROOT: f64 = 2.5;
const OMEGA: f64 = 10.0;
/// Neurons per layer from which widths are multiples of 8.
const WIDE: usize = 48;
/// A sine network of fewer parameters can hardly be fitted.
const FEWEST_PARAMETERS: f64 = 250.0;
/// Samples of a batch over the square root of the network's parameters.
const BATCH: f64 = 9.5;
const LARGEST_BATCH: usize = 3072;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_weights_and_what_goes_with_the_neurons() {
        for (bytes, bits) in [(230, 6.75), (2000, 6.75), (70_000, 8.0)] {
            let p = student_parameters(bits, bytes);
            let taken = p * f64::from(bits) / 8.0 + BYTES_BY_ROOT * p.sqrt();
            assert!((taken - bytes as f64).abs() < 1e-6 * bytes as f64, "{taken} of {bytes} bytes");
        }
        assert_eq!(student_parameters(0.0, 4000), 1000.0);
    }

    #[test]
    fn widths_are_the_nearest() {
        let o = FitOptions { family: Family::Siren, depth: 4, ..super::super::KdInrOptions::default().student };
        let parameters = |w: usize| architecture(&o, 4, w, 1.0).parameters() as f64;
        for wanted in [1.0, 100.0, 205.0, 235.9, 236.1, 1800.0, 5000.0] {
            let w = width_for(&o, 4, wanted);
            let off = |w: usize| (parameters(w) - wanted).abs();
            assert!(off(w) <= off(w + 1) && (w == 1 || off(w) <= off(w - 1)), "{w} for {wanted}");
        }
        assert_eq!(width_for(&o, 4, 26_000.0) % 8, 0);
    }
}
