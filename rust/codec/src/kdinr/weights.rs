//! Parameters of a network as bytes: a power-of-two-like step per row, integers, adaptive range coding.

use limbeck_network::{Architecture, Layer, Residual};

use crate::entropy::{Decoder, Encoder, IntegerModel};

/// 2^(k/8) for k in 0..8, as stored in the format.
const EIGHTHS: [f32; 8] =
    [1.0, 1.090_507_7, 1.189_207_1, 1.296_839_6, std::f32::consts::SQRT_2, 1.542_210_8, 1.681_792_8, 1.834_008_1];

/// Step of a row from its code: EIGHTHS[code % 8] * 2^(code / 8 - 24), from 6e-8 to 234.
fn step_of(code: u8) -> f32 {
    EIGHTHS[usize::from(code % 8)] * f32::from_bits((127 - 24 + u32::from(code / 8)) << 23)
}

/// Smallest code whose step is at least `step` (the largest one if none is).
fn code_for(step: f32) -> u8 {
    (0..=254u8).find(|&c| step_of(c) >= step).unwrap_or(255)
}

/// Which coder a row's integers share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    First = 0,
    Hidden = 1,
    Bias = 2,
}

/// Rows that share a step: a row of weights (the inputs of one neuron), or all biases of a layer.
fn rows(layers: &[Layer]) -> Vec<(std::ops::Range<usize>, Class)> {
    let mut rows = Vec::new();
    for (index, l) in layers.iter().enumerate() {
        let class = if index == 0 || index + 1 == layers.len() { Class::First } else { Class::Hidden };
        rows.extend((0..l.outputs).map(|o| (l.weights + o * l.inputs..l.weights + (o + 1) * l.inputs, class)));
        rows.push((l.bias_range(), Class::Bias));
    }
    rows
}

/// Parameters rounded to multiples of their row's step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quantised {
    pub codes: Vec<u8>,
    pub integers: Vec<i32>,
}

impl Quantised {
    /// CRC-32C of the codes and then of the integers (32 bits each, little-endian): what a difference names its base by.
    pub fn checksum(&self) -> u32 {
        self.integers.iter().fold(crc32c::crc32c(&self.codes), |crc, i| crc32c::crc32c_append(crc, &i.to_le_bytes()))
    }
}

/// Rounds parameters of one architecture, rows found once.
pub(crate) struct Quantiser {
    rows: Vec<(std::ops::Range<usize>, Class)>,
    parameters: usize,
    layers: Vec<Layer>,
    /// Neurons of a layer may change places.
    free: bool,
}

/// Largest magnitude of a stored integer.
pub(crate) const MOST_STEPS: f32 = 1_000_000.0;

impl Quantiser {
    pub fn new(architecture: &Architecture) -> Quantiser {
        let layers = architecture.layers();
        // Those of residual blocks are added to others.
        let free = layers.iter().all(|l| l.residual == Residual::None);
        Quantiser { rows: rows(&layers), parameters: architecture.parameters(), layers, free }
    }

    /// A step for every row such that its largest parameter is at most `levels` steps; first and last layers and
    /// biases, which are few and steer everything, get four times as many.
    pub fn codes(&self, parameters: &[f32], levels: f32) -> Vec<u8> {
        let code = |(range, class): &(std::ops::Range<usize>, Class)| {
            let largest = parameters[range.clone()].iter().fold(0.0f32, |m, p| m.max(p.abs()));
            code_for(largest / if *class == Class::Hidden { levels } else { 4.0 * levels })
        };
        self.rows.iter().map(code).collect()
    }

    /// A step for every row such that one step of one of its parameters moves the output by `error` (root mean square over
    /// the domain). The mean squared error of rounding n parameters is then least for the bits it takes: where a bit more
    /// halves the step of a row, it saves the same error in all of them (reverse water-filling, Cover and Thomas 2006, 10.3).
    pub fn codes_for_error(&self, sensitivities: &[f32], error: f32) -> Vec<u8> {
        let code = |(range, _): &(std::ops::Range<usize>, Class)| {
            let mean = sensitivities[range.clone()].iter().sum::<f32>() / range.len() as f32;
            code_for(error / mean.sqrt().max(1e-12))
        };
        self.rows.iter().map(code).collect()
    }

    /// Nearest multiples of the steps (ties away from zero).
    pub fn quantise(&self, parameters: &[f32], codes: &[u8]) -> Quantised {
        let mut integers = vec![0; self.parameters];
        for ((range, _), &code) in self.rows.iter().zip(codes) {
            let step = step_of(code);
            for i in range.clone() {
                integers[i] = (parameters[i] / step).round().clamp(-MOST_STEPS, MOST_STEPS) as i32;
            }
        }
        Quantised { codes: codes.to_vec(), integers }
    }

    /// The same network with the neurons of each hidden layer in the order of their rows' steps, which then take hardly any
    /// bytes.
    pub fn sorted(&self, q: &Quantised) -> Quantised {
        let mut sorted = q.clone();
        if !self.free {
            return sorted;
        }
        // Columns of a layer follow the rows of the one before; those of the first stay.
        let mut columns: Vec<usize> = (0..self.layers[0].inputs).collect();
        let mut row = 0;
        for (index, l) in self.layers.iter().enumerate() {
            let mut order: Vec<usize> = (0..l.outputs).collect();
            if index + 1 < self.layers.len() {
                order.sort_by_key(|o| q.codes[row + o]);
            }
            for (to, from) in order.iter().enumerate() {
                sorted.codes[row + to] = q.codes[row + from];
                sorted.integers[l.biases + to] = q.integers[l.biases + from];
                for (at, column) in columns.iter().enumerate() {
                    sorted.integers[l.weights + to * l.inputs + at] = q.integers[l.weights + from * l.inputs + column];
                }
            }
            row += l.outputs + 1;
            columns = order;
        }
        sorted
    }

    /// The parameters that a decoder sees: integer times step in single precision.
    pub fn dequantise(&self, q: &Quantised) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        for ((range, _), &code) in self.rows.iter().zip(&q.codes) {
            let step = step_of(code);
            for i in range.clone() {
                parameters[i] = q.integers[i] as f32 * step;
            }
        }
        parameters
    }

    /// The step of each parameter.
    pub fn steps(&self, codes: &[u8]) -> Vec<f32> {
        let mut steps = vec![0.0; self.parameters];
        for ((range, _), &code) in self.rows.iter().zip(codes) {
            steps[range.clone()].fill(step_of(code));
        }
        steps
    }

    /// In place what `quantise` and `dequantise` do: for training at the rounded point.
    pub fn round(&self, parameters: &mut [f32], codes: &[u8]) {
        for ((range, _), &code) in self.rows.iter().zip(codes) {
            let step = step_of(code);
            for p in &mut parameters[range.clone()] {
                *p = (*p / step).round().clamp(-MOST_STEPS, MOST_STEPS) * step;
            }
        }
    }

    /// Entropy-coded; with `base` (same architecture) the difference to it, its codes being used.
    pub fn encode(&self, q: &Quantised, base: Option<&Quantised>) -> Vec<u8> {
        let mut e = Encoder::default();
        let mut models: [IntegerModel; 4] = Default::default();
        let mut previous = 0i32;
        for (r, (range, class)) in self.rows.iter().enumerate() {
            if base.is_none() {
                models[3].encode(&mut e, i32::from(q.codes[r]) - previous);
                previous = i32::from(q.codes[r]);
            }
            for i in range.clone() {
                let predicted = base.map_or(0, |b| b.integers[i]);
                models[*class as usize].encode(&mut e, q.integers[i] - predicted);
            }
        }
        e.finish()
    }

    /// Back from [`Quantiser::encode`]. Any bytes decode to something; checksums guard them.
    pub fn decode(&self, bytes: &[u8], base: Option<&Quantised>) -> Quantised {
        let mut d = Decoder::new(bytes);
        let mut models: [IntegerModel; 4] = Default::default();
        let mut codes = base.map_or_else(|| vec![0; self.rows.len()], |b| b.codes.clone());
        let mut integers = vec![0; self.parameters];
        let mut previous = 0i32;
        for (r, (range, class)) in self.rows.iter().enumerate() {
            if base.is_none() {
                previous = previous.wrapping_add(models[3].decode(&mut d));
                codes[r] = previous as u8;
            }
            for i in range.clone() {
                let predicted = base.map_or(0, |b| b.integers[i]);
                integers[i] = models[*class as usize].decode(&mut d).wrapping_add(predicted);
            }
        }
        Quantised { codes, integers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbeck_network::{Evaluator, Kernel, Network, Random};
    use proptest::prelude::*;

    #[test]
    fn steps_rise_and_cover_their_range() {
        for c in 1..=255u8 {
            assert!(step_of(c) > step_of(c - 1));
            assert_eq!(code_for(step_of(c)), c);
        }
    }

    #[test]
    fn sorted_neurons_compute_the_same_in_fewer_bytes() {
        let a = Architecture::Siren { inputs: 3, width: 24, depth: 3, omega: 10.0 };
        let (q, random) = (Quantiser::new(&a), Random::new(&[7]));
        let mut n = Network::random(a, &random).expect("in range");
        let codes: Vec<u8> = (0..q.rows.len()).map(|r| 110 + random.below(r as u64, 30) as u8).collect();
        let quantised = q.quantise(&n.parameters, &codes);
        let sorted = q.sorted(&quantised);
        assert!(q.encode(&sorted, None).len() + 24 < q.encode(&quantised, None).len());
        let mut values = |q: Vec<f32>| {
            n.parameters = q;
            let evaluator = Evaluator::new(&n, Kernel::best());
            let mut values = [0.0; 50];
            let point = |i: usize, c: &mut [f32]| c.copy_from_slice(&[i as f32 * 0.02, 0.3, i as f32 * -0.01]);
            evaluator.evaluate(&mut evaluator.scratch(), point, &mut values);
            values
        };
        let (before, after) = (values(q.dequantise(&quantised)), values(q.dequantise(&sorted)));
        assert!(before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-5), "{before:?} {after:?}");
        assert!(before[0] != before[49]);
        // Outputs of residual blocks are added to others': they stay.
        let residual = Architecture::KdInr { inputs: 3, width: 4, depth: 2, omega: 10.0, every_layer: false };
        let (q, n) = (Quantiser::new(&residual), Network::random(residual, &random).expect("in range"));
        let quantised = q.quantise(&n.parameters, &q.codes(&n.parameters, 100.0));
        assert_eq!(q.sorted(&quantised), quantised);
    }

    proptest! {
        #[test]
        fn weights_come_back(width in 1usize..40, depth in 1usize..4, seed in any::<u64>(), levels in 4.0f32..500.0) {
            let a = Architecture::Siren { inputs: 3, width, depth, omega: 10.0 };
            let q = Quantiser::new(&a);
            let n = Network::random(a, &Random::new(&[seed])).expect("in range");
            let m = Network::random(a, &Random::new(&[seed, 1])).expect("in range");
            let codes = q.codes(&n.parameters, levels);
            let base = q.quantise(&n.parameters, &codes);
            prop_assert_eq!(&q.decode(&q.encode(&base, None), None), &base);
            let next = q.quantise(&m.parameters, &codes);
            prop_assert_eq!(&q.decode(&q.encode(&next, Some(&base)), Some(&base)), &next);
            let mut rounded = n.parameters.clone();
            q.round(&mut rounded, &codes);
            prop_assert_eq!(&rounded, &q.dequantise(&base));
            for ((range, class), &code) in q.rows.iter().zip(&codes) {
                let limit = if *class == Class::Hidden { levels } else { 4.0 * levels };
                for i in range.clone() {
                    prop_assert!(base.integers[i].abs() as f32 <= limit + 0.51);
                    // Half a step, and what single precision loses of as many steps.
                    let slack = 2.0 * f32::EPSILON * base.integers[i].abs() as f32;
                    prop_assert!((rounded[i] - n.parameters[i]).abs() <= (0.5 + slack) * step_of(code) * 1.000_001);
                }
            }
        }
    }
}
