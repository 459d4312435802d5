//! The fused kernels and the optimiser against burn's automatic differentiation on `flex`, on random shapes and
//! every kernel of this CPU, with f64 finite differences beside them to say which of the two is off.
#![cfg(feature = "reference")]

use limbeck_network::reference::plain;
use limbeck_network::reference::tensors::{TensorNetwork, TensorTrainer};
use limbeck_network::{Architecture, Evaluator, FixedSamples, Kernel, Network, Optimiser, Random, Trainer};
use proptest::prelude::*;

fn architectures() -> impl Strategy<Value = Architecture> {
    let siren = (1usize..=4, 1usize..=100, 1usize..=8, 1.0f32..12.0)
        .prop_map(|(inputs, width, depth, omega)| Architecture::Siren { inputs, width, depth, omega });
    let kdinr = (1usize..=4, 1usize..=20, 1usize..=6, 1.0f32..3.0, any::<bool>()).prop_map(
        |(inputs, width, depth, omega, every_layer)| Architecture::KdInr { inputs, width, depth, omega, every_layer },
    );
    let residual = (1usize..=4, 1usize..=60, 1usize..=4, 1.0f32..12.0)
        .prop_map(|(inputs, width, depth, omega)| Architecture::Residual { inputs, width, depth, omega });
    prop_oneof![siren, residual, kdinr]
}

/// A random network with random samples in [-1, 1].
struct Case {
    network: Network,
    coordinates: Vec<f32>,
    targets: Vec<f32>,
}

fn case(architecture: Architecture, samples: usize, seed: u64) -> Case {
    let draw = |n: usize, stream: u64| -> Vec<f32> {
        let random = Random::new(&[seed, stream]);
        (0..n as u64).map(|i| (2.0 * random.uniform(i) - 1.0) as f32).collect()
    };
    Case {
        network: Network::random(architecture, &Random::new(&[seed])).expect("shapes are in range"),
        coordinates: draw(samples * architecture.inputs(), 1),
        targets: draw(samples, 2),
    }
}

fn widen(v: &[f32]) -> Vec<f64> {
    v.iter().map(|&x| f64::from(x)).collect()
}

fn norm(v: &[f32]) -> f64 {
    v.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt()
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>().sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn loss_and_gradients_agree(architecture in architectures(), samples in 1usize..600, seed in any::<u64>()) {
        let Case { network, coordinates, targets } = case(architecture, samples, seed);
        let tensors = TensorNetwork::new(&network);
        let (tensor_loss, tensor_gradient) = tensors.gradients(&tensors.batch(&coordinates, &targets).expect("lengths fit"));
        let tensor_loss = f64::from(tensor_loss);
        prop_assert_eq!(tensor_gradient.len(), architecture.parameters());
        let size = norm(&tensor_gradient);

        // Burn itself against finite differences: a handful of parameters, the steepest among them.
        let (parameters, x, y) = (widen(&network.parameters), widen(&coordinates), widen(&targets));
        let plain_loss = plain::loss(&architecture, &parameters, &x, &y).expect("lengths fit");
        prop_assert!((tensor_loss - plain_loss).abs() < 1e-5 * (1.0 + plain_loss), "burn {tensor_loss}, f64 {plain_loss}");
        let pick = Random::new(&[seed, 3]);
        let steepest = (0..tensor_gradient.len()).max_by(|&a, &b| tensor_gradient[a].abs().total_cmp(&tensor_gradient[b].abs()));
        let some = (0..6).map(|i| pick.below(i, parameters.len() as u64) as usize);
        for p in some.chain(steepest) {
            let slope = plain::difference(&architecture, &parameters, &x, &y, p, 1e-4).expect("lengths fit");
            let error = (slope - f64::from(tensor_gradient[p])).abs();
            prop_assert!(error < 1e-4 * (size + slope.abs()) + 1e-7, "burn at {p}: {} against {slope}", tensor_gradient[p]);
        }

        let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
        for kernel in Kernel::available() {
            let mut trainer = Trainer::new(network.clone(), Optimiser::Adam, kernel);
            let (loss, gradient) = trainer.gradient(&mut fixed, 0, samples);
            prop_assert!((loss - tensor_loss).abs() < 1e-5 * (1.0 + tensor_loss), "{kernel:?} {loss}, burn {tensor_loss}");
            let error = distance(&gradient, &tensor_gradient);
            prop_assert!(error < 1e-4 * size + 1e-7, "{kernel:?}: gradients are {error} apart, their norm is {size}");
            // Layer by layer as well, so that a small layer cannot be wrong unnoticed.
            for (index, layer) in architecture.layers().iter().enumerate() {
                for range in [layer.weight_range(), layer.bias_range()] {
                    let (ours, theirs) = (&gradient[range.clone()], &tensor_gradient[range]);
                    let error = distance(ours, theirs);
                    prop_assert!(error < 1e-3 * norm(theirs) + 1e-5 * size + 1e-7, "{kernel:?} layer {index}: {error} apart");
                }
            }
        }
    }

    #[test]
    fn values_agree(architecture in architectures(), samples in 1usize..600, seed in any::<u64>()) {
        let Case { network, coordinates, .. } = case(architecture, samples, seed);
        let n = architecture.inputs();
        let theirs = TensorNetwork::new(&network).evaluate(&coordinates);
        let evaluator = Evaluator::new(&network, Kernel::best());
        let mut ours = vec![0.0f32; samples];
        evaluator.evaluate(&mut evaluator.scratch(), |i, c| c.copy_from_slice(&coordinates[i * n..][..n]), &mut ours);
        let exact = plain::evaluate(&architecture, &widen(&network.parameters), &widen(&coordinates)).expect("lengths fit");
        for i in 0..samples {
            prop_assert!((f64::from(theirs[i]) - exact[i]).abs() < 1e-4 * (1.0 + exact[i].abs()), "burn: {} for {}", theirs[i], exact[i]);
            prop_assert!((f64::from(ours[i]) - exact[i]).abs() < 1e-4 * (1.0 + exact[i].abs()), "fused: {} for {}", ours[i], exact[i]);
        }
    }
}

#[test]
fn parameters_go_in_and_come_out_unchanged() {
    let architecture = Architecture::KdInr { inputs: 3, width: 5, depth: 2, omega: 7.0, every_layer: true };
    let network = Network::random(architecture, &Random::new(&[11])).expect("in range");
    assert_eq!(TensorNetwork::new(&network).parameters(), network.parameters);
}

#[test]
fn batches_whose_lengths_do_not_fit_are_refused() {
    let architecture = Architecture::Siren { inputs: 3, width: 4, depth: 1, omega: 7.0 };
    let network = Network::random(architecture, &Random::new(&[12])).expect("in range");
    assert!(TensorNetwork::new(&network).batch(&[0.0; 7], &[0.0; 2]).is_err());
}

/// Thirty steps of Adam from the same start lead both to the same place.
#[test]
fn adam_takes_the_same_way() {
    for architecture in [
        Architecture::Siren { inputs: 3, width: 21, depth: 2, omega: 5.0 },
        Architecture::KdInr { inputs: 4, width: 5, depth: 2, omega: 3.0, every_layer: true },
    ] {
        let Case { network, coordinates, targets } = case(architecture, 257, 5);
        let tensors = TensorNetwork::new(&network);
        let batch = tensors.batch(&coordinates, &targets).expect("lengths fit");
        let mut theirs = TensorTrainer::new(tensors);
        let mut ours = Trainer::new(network.clone(), Optimiser::Adam, Kernel::best());
        let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
        let mut first = None;
        let mut last = 0.0;
        for step in 0..30 {
            theirs.step(&batch, 2e-3);
            last = ours.step(&mut fixed, step, targets.len(), 2e-3, 0.0, None);
            first.get_or_insert(last);
        }
        assert!(last < 0.95 * first.expect("thirty steps"), "the loss fell from {first:?} to {last}");
        let moved = distance(&ours.network().parameters, &network.parameters);
        let apart = distance(&ours.network().parameters, &theirs.network().parameters());
        assert!(apart < 1e-2 * moved, "{apart} apart after moving by {moved}");
    }
}
