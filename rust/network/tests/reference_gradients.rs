//! The fused kernels against f64 finite differences, on random shapes and every kernel of this CPU.

use limbeck_network::reference::plain;
use limbeck_network::{Architecture, Evaluator, FixedSamples, Kernel, Network, Optimiser, Random, Samples, Trainer};
use proptest::prelude::*;

fn architectures() -> impl Strategy<Value = Architecture> {
    let siren = (1usize..=4, 1usize..=70, 1usize..=8).prop_map(|(inputs, width, depth)| Architecture::Siren {
        inputs,
        width,
        depth,
        omega: 6.0,
    });
    let kdinr = (1usize..=4, 1usize..=18, 1usize..=4, any::<bool>()).prop_map(|(inputs, width, depth, every_layer)| {
        Architecture::KdInr { inputs, width, depth, omega: if every_layer { 2.0 } else { 6.0 }, every_layer }
    });
    let residual = (1usize..=4, 1usize..=50, 1usize..=4).prop_map(|(inputs, width, depth)| Architecture::Residual {
        inputs,
        width,
        depth,
        omega: 6.0,
    });
    prop_oneof![siren, residual, kdinr]
}

struct Case {
    network: Network,
    coordinates: Vec<f32>,
    targets: Vec<f32>,
}

fn case(architecture: Architecture, samples: usize, seed: u64) -> Case {
    let random = Random::new(&[seed]);
    let draw = |n: usize, stream: u64| -> Vec<f32> {
        let r = Random::new(&[seed, stream]);
        (0..n).map(|i| (2.0 * r.uniform(i as u64) - 1.0) as f32).collect()
    };
    Case {
        network: Network::random(architecture, &random).expect("architectures are in range"),
        coordinates: draw(samples * architecture.inputs(), 1),
        targets: draw(samples, 2),
    }
}

fn widen(v: &[f32]) -> Vec<f64> {
    v.iter().map(|&x| f64::from(x)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn gradients_agree_with_finite_differences(
        architecture in architectures(), samples in 1usize..300, seed in any::<u64>(),
    ) {
        let case = case(architecture, samples, seed);
        let (x, y) = (widen(&case.coordinates), widen(&case.targets));
        let exact = widen(&case.network.parameters);
        let mut fixed = FixedSamples { coordinates: &case.coordinates, targets: &case.targets };
        for kernel in Kernel::available() {
            let mut trainer = Trainer::new(case.network.clone(), Optimiser::Adam, kernel);
            let (loss, gradient) = trainer.gradient(&mut fixed, 0, samples);
            let reference = plain::loss(&architecture, &exact, &x, &y).expect("lengths fit");
            prop_assert!((loss - reference).abs() < 1e-4 * (1.0 + reference), "{kernel:?}: {loss} against {reference}");
            let size = gradient.iter().map(|g| f64::from(*g).powi(2)).sum::<f64>().sqrt();
            // A dozen parameters spread over all layers, and the first and last.
            let count = exact.len();
            for p in (0..14).map(|i| if i == 13 { count - 1 } else { i * count / 13 }) {
                let slope = plain::difference(&architecture, &exact, &x, &y, p, 1e-4).expect("lengths fit");
                let error = (slope - f64::from(gradient[p])).abs();
                prop_assert!(error < 1e-3 * slope.abs() + 2e-5 * (1.0 + size),
                    "{kernel:?} parameter {p} of {count}: {} against {slope}", gradient[p]);
            }
        }
    }

    #[test]
    fn derivatives_by_coordinates_agree_with_finite_differences(
        architecture in architectures(), samples in 1usize..200, seed in any::<u64>(),
    ) {
        let case = case(architecture, samples, seed);
        let n = architecture.inputs();
        let exact = widen(&case.network.parameters);
        let at = |shift: f64, axis: usize| {
            let mut x = widen(&case.coordinates);
            x.iter_mut().skip(axis).step_by(n).for_each(|x| *x += shift);
            plain::evaluate(&architecture, &exact, &x).expect("lengths fit")
        };
        for kernel in Kernel::available() {
            let evaluator = Evaluator::new(&case.network, kernel);
            let coordinate = |i: usize, c: &mut [f32]| c.copy_from_slice(&case.coordinates[i * n..][..n]);
            let (mut values, mut derivatives) = (vec![0.0f32; samples], vec![0.0f32; samples * n]);
            let mut plain_values = values.clone();
            let mut scratch = evaluator.derivative_scratch();
            evaluator.derivatives(&mut scratch, coordinate, &mut values, &mut derivatives);
            evaluator.evaluate(&mut evaluator.scratch(), coordinate, &mut plain_values);
            prop_assert_eq!(&values, &plain_values, "{:?}", kernel);
            for axis in 0..n {
                // Fourth order.
                let step = 1e-4;
                let [a, b, c, d] = [1.0, -1.0, 2.0, -2.0].map(|s| at(s * step, axis));
                let found = derivatives.iter().skip(axis).step_by(n).enumerate();
                for (i, found) in found {
                    let slope = (8.0 * (a[i] - b[i]) - (c[i] - d[i])) / (12.0 * step);
                    let error = (slope - f64::from(*found)).abs();
                    prop_assert!(error < 2e-4 * (1.0 + slope.abs()), "{kernel:?} axis {axis}: {found} against {slope}");
                }
            }
        }
    }

    #[test]
    fn every_kernel_decodes_to_the_same_bits(
        architecture in architectures(), samples in 1usize..300, seed in any::<u64>(),
    ) {
        let case = case(architecture, samples, seed);
        let n = architecture.inputs();
        let decode = |kernel| {
            let evaluator = Evaluator::new(&case.network, kernel);
            let mut out = vec![0.0f32; samples];
            let mut scratch = evaluator.scratch();
            evaluator.evaluate(&mut scratch, |i, c| c.copy_from_slice(&case.coordinates[i * n..][..n]), &mut out);
            out
        };
        let portable = decode(Kernel::Portable);
        for kernel in Kernel::available() {
            let same = decode(kernel).iter().zip(&portable).all(|(a, b)| a.to_bits() == b.to_bits());
            prop_assert!(same, "{kernel:?} differs from portable");
        }
        let exact = widen(&case.network.parameters);
        let x = widen(&case.coordinates);
        for (i, &value) in portable.iter().enumerate() {
            let reference = plain::evaluate(&architecture, &exact, &x[i * n..][..n]).expect("lengths fit")[0];
            prop_assert!((f64::from(value) - reference).abs() < 1e-3 * (1.0 + reference.abs()));
        }
    }
}

/// Samples that count 1, 2, 3, 1, 2, 3 and so on.
struct Weighted<'a>(FixedSamples<'a>);

impl Samples for Weighted<'_> {
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        self.0.fill(step, first, coordinates, targets, weights);
        weights.iter_mut().enumerate().for_each(|(i, w)| *w = ((first + i) % 3 + 1) as f32);
    }
}

#[test]
fn a_sample_of_weight_three_counts_as_three() {
    let architecture = Architecture::Residual { inputs: 2, width: 20, depth: 2, omega: 8.0 };
    let case = case(architecture, 300, 11);
    let again: Vec<usize> = (0..300).flat_map(|i| vec![i; i % 3 + 1]).collect();
    let coordinates: Vec<f32> = again.iter().flat_map(|i| case.coordinates[2 * i..][..2].to_vec()).collect();
    let targets: Vec<f32> = again.iter().map(|i| case.targets[*i]).collect();
    for kernel in Kernel::available() {
        let mut trainer = Trainer::new(case.network.clone(), Optimiser::Adam, kernel);
        let mut often = FixedSamples { coordinates: &coordinates, targets: &targets };
        let (loss, gradient) = trainer.gradient(&mut often, 0, 600);
        let mut weighted = Weighted(FixedSamples { coordinates: &case.coordinates, targets: &case.targets });
        let (own_loss, own) = trainer.gradient(&mut weighted, 0, 300);
        // A batch's mean is over its samples, however much they count.
        assert!((own_loss - 2.0 * loss).abs() < 1e-5 * own_loss, "{kernel:?}: {own_loss} {loss}");
        let largest = own.iter().fold(0.0f32, |m, g| m.max(g.abs()));
        assert!(own.iter().zip(&gradient).all(|(a, b)| (a - 2.0 * b).abs() < 1e-5 * largest), "{kernel:?}");
    }
}

#[test]
fn training_does_not_depend_on_the_number_of_threads() {
    let architecture = Architecture::Siren { inputs: 3, width: 24, depth: 2, omega: 8.0 };
    let case = case(architecture, 1000, 7);
    let mut fixed = FixedSamples { coordinates: &case.coordinates, targets: &case.targets };
    let mut train = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| {
            let mut trainer = Trainer::new(case.network.clone(), Optimiser::Muon, Kernel::best());
            let first = trainer.step(&mut fixed, 0, 1000, 3e-3, 1e-2, None);
            let mut last = first;
            for step in 1..60 {
                last = trainer.step(&mut fixed, step, 1000, 3e-3, 1e-2, None);
            }
            assert!(last < 0.9 * first, "{last} after {first}");
            trainer.network().parameters.clone()
        })
    };
    let one = train(1);
    assert_eq!(one, train(2));
    assert_eq!(one, train(3));
}
