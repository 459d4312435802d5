//! How much the output of a network moves with each of its parameters: what rounding them costs.

use limbeck_network::{Evaluator, FixedSamples, Kernel, Network, Optimiser, Random, Trainer};

/// Points per round.
const POINTS: usize = 4096;
/// Rounds; each adds one random combination of the points' gradients.
const ROUNDS: u64 = 24;

/// Mean over the domain of the squared derivative of the output by each parameter (in the order of the network's), estimated
/// with random signs (Hutchinson 1990): the square of a sum of derivatives with random signs is, on average, the sum of their
/// squares. Deterministic. Runs in the current rayon pool.
pub(crate) fn sensitivities(network: &Network, random: &Random) -> Vec<f32> {
    let inputs = network.architecture().inputs();
    let mut trainer = Trainer::new(network.clone(), Optimiser::Adam, Kernel::best());
    let evaluator = Evaluator::new(network, Kernel::best());
    let mut scratch = evaluator.scratch();
    let mut sums = vec![0.0f32; network.parameters.len()];
    let mut values = vec![0.0f32; POINTS];
    let share = POINTS as f32 / ROUNDS as f32;
    for round in 0..ROUNDS {
        let first = round * (POINTS * (inputs + 1)) as u64;
        let coordinates: Vec<f32> =
            (0..POINTS * inputs).map(|i| 2.0 * random.uniform(first + i as u64) as f32 - 1.0).collect();
        evaluator.evaluate(&mut scratch, |i, c| c.copy_from_slice(&coordinates[i * inputs..][..inputs]), &mut values);
        let sign = |i: usize| if random.bits(first + (POINTS * inputs + i) as u64) & 1 == 0 { 0.5 } else { -0.5 };
        // The gradient of the squared error is 2 (f - target) df, over the number of points.
        let targets: Vec<f32> = values.iter().enumerate().map(|(i, v)| v - sign(i)).collect();
        let mut samples = FixedSamples { coordinates: &coordinates, targets: &targets };
        let (_, gradient) = trainer.gradient(&mut samples, 0, POINTS);
        sums.iter_mut().zip(&gradient).for_each(|(s, g)| *s += g * g * share);
    }
    sums
}

#[cfg(test)]
mod tests {
    use limbeck_network::Architecture;

    use super::*;

    #[test]
    fn what_a_small_change_does_is_foretold() {
        let architecture = Architecture::Siren { inputs: 2, width: 8, depth: 2, omega: 6.0 };
        let network = Network::random(architecture, &Random::new(&[3])).expect("in range");
        let seen = sensitivities(&network, &Random::new(&[4]));
        let random = Random::new(&[5]);
        let points: Vec<f32> = (0..20_000).map(|i| 2.0 * random.uniform(i) as f32 - 1.0).collect();
        let output = |n: &Network| {
            let evaluator = Evaluator::new(n, Kernel::best());
            let mut values = vec![0.0; points.len() / 2];
            evaluator.evaluate(&mut evaluator.scratch(), |i, c| c.copy_from_slice(&points[2 * i..][..2]), &mut values);
            values
        };
        let before = output(&network);
        // Row by row, as rounding takes them: single parameters scatter.
        for l in network.layers() {
            for row in (0..l.outputs).map(|o| l.weights + o * l.inputs..l.weights + (o + 1) * l.inputs) {
                let n = row.len() as f64;
                let expected: f64 = row.clone().map(|p| f64::from(seen[p])).sum::<f64>() / n;
                let measured = row.map(|p| {
                    let mut moved = network.clone();
                    moved.parameters[p] += 1e-2;
                    let change = output(&moved);
                    let squares = change.iter().zip(&before).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                    squares / before.len() as f64 / 1e-4
                });
                let measured = measured.sum::<f64>() / n;
                assert!((expected / measured).ln().abs() < 0.7, "{expected} foretold, {measured} measured");
            }
        }
    }
}
