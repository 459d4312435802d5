//! The device's kernels against the CPU's, and against differences in double precision. Needs an adapter: Debian's
//! mesa-vulkan-drivers has one in software.
#![cfg(feature = "gpu")]
#![recursion_limit = "256"]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limbeck_network::device::{self, Activations, Adapter, Cell, Device, DeviceTrainer, Draw, State, Volume};
use limbeck_network::reference::plain;
use limbeck_network::{Architecture, Evaluator, FixedSamples, Kernel, Network, Optimiser, Random, Samples, Trainer};

/// The first device there is. One test at a time: software drivers use all cores.
fn opened() -> (Arc<Device>, MutexGuard<'static, ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let adapters = Adapter::all();
    let adapter = adapters.first().expect("an adapter (install mesa-vulkan-drivers)");
    (Device::open(adapter, 1 << 30, Activations::Single).expect("a device"), guard)
}

fn architectures() -> Vec<Architecture> {
    vec![
        Architecture::Siren { inputs: 3, width: 24, depth: 2, omega: 10.0 },
        Architecture::Siren { inputs: 1, width: 7, depth: 1, omega: 5.0 },
        Architecture::Siren { inputs: 4, width: 37, depth: 3, omega: 8.0 },
        Architecture::Residual { inputs: 2, width: 20, depth: 2, omega: 6.0 },
        Architecture::KdInr { inputs: 3, width: 8, depth: 2, omega: 5.0, every_layer: true },
        Architecture::KdInr { inputs: 3, width: 5, depth: 3, omega: 9.0, every_layer: false },
    ]
}

fn samples(inputs: usize, n: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let random = Random::new(&[seed]);
    let coordinates: Vec<f32> = (0..n * inputs).map(|i| (2.0 * random.uniform(i as u64) - 1.0) as f32).collect();
    let target = |c: &[f32]| (3.0 * c.iter().sum::<f32>()).sin() * 0.7;
    let targets = coordinates.chunks_exact(inputs).map(target).collect();
    (coordinates, targets)
}

#[test]
fn gradients_are_those_of_the_cpu_and_of_differences() {
    let (device, _one) = opened();
    for architecture in architectures() {
        // Numbers of samples that are no multiple of a tile, of one tile, and of many.
        for n in [1, 77, 1000] {
            let network = Network::random(architecture, &Random::new(&[3])).unwrap();
            let (coordinates, targets) = samples(architecture.inputs(), n, 9);
            let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
            let mut cpu = Trainer::new(network.clone(), Optimiser::Muon, Kernel::best());
            let (loss, gradient) = cpu.gradient(&mut fixed, 0, n);
            let states = [State::new(network.clone())];
            let mut trainer = DeviceTrainer::new(&device, &states, Optimiser::Muon, n, None).unwrap();
            let (own_loss, own) = trainer.gradient(&mut fixed, 0).unwrap();
            assert!((loss - own_loss).abs() <= 2e-6 * loss.max(1e-3), "{architecture:?}, {n}: {loss} {own_loss}");
            let largest = gradient.iter().fold(0.0f32, |m, g| m.max(g.abs()));
            for (i, (a, b)) in gradient.iter().zip(&own).enumerate() {
                assert!((a - b).abs() <= 2e-5 * largest, "{architecture:?}, {n} samples, parameter {i}: {a} {b}");
            }
            let wide = |v: &[f32]| v.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
            let (p, c, t) = (wide(&network.parameters), wide(&coordinates), wide(&targets));
            for i in (0..p.len()).step_by(p.len() / 7 + 1) {
                let exact = plain::difference(&architecture, &p, &c, &t, i, 1e-3).unwrap();
                let found = f64::from(own[i]);
                assert!((exact - found).abs() <= 1e-4 * f64::from(largest), "{architecture:?}, {i}: {exact} {found}");
            }
        }
    }
}

/// Samples with weights of their own.
struct Weighted<'a>(FixedSamples<'a>, &'a [f32]);

impl Samples for Weighted<'_> {
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        self.0.fill(step, first, coordinates, targets, weights);
        weights.copy_from_slice(&self.1[first..][..weights.len()]);
    }
}

#[test]
fn weights_count_as_on_the_cpu() {
    let (device, _one) = opened();
    let architecture = Architecture::Siren { inputs: 3, width: 24, depth: 2, omega: 10.0 };
    let network = Network::random(architecture, &Random::new(&[3])).unwrap();
    for n in [77, 1000] {
        let (coordinates, targets) = samples(3, n, 9);
        let weights: Vec<f32> = (0..n).map(|i| 0.1 + (i % 7) as f32).collect();
        let mut weighted = Weighted(FixedSamples { coordinates: &coordinates, targets: &targets }, &weights);
        let mut cpu = Trainer::new(network.clone(), Optimiser::Adam, Kernel::best());
        let (loss, gradient) = cpu.gradient(&mut weighted, 0, n);
        let states = [State::new(network.clone())];
        let mut trainer = DeviceTrainer::new(&device, &states, Optimiser::Adam, n, None).unwrap();
        let (own_loss, own) = trainer.gradient(&mut weighted, 0).unwrap();
        assert!((loss - own_loss).abs() <= 2e-6 * loss, "{n}: {loss} {own_loss}");
        let largest = gradient.iter().fold(0.0f32, |m, g| m.max(g.abs()));
        assert!(gradient.iter().zip(&own).all(|(a, b)| (a - b).abs() <= 2e-5 * largest), "{n} samples");
    }
}

#[test]
fn values_on_a_grid_are_those_of_the_cpu() {
    let (device, _one) = opened();
    for architecture in architectures() {
        let network = Network::random(architecture, &Random::new(&[4])).unwrap();
        let axes: Vec<Vec<f32>> = (0..architecture.inputs())
            .map(|a| {
                let n = [9, 5, 12, 3][a];
                (0..n).map(|i| 2.0 * i as f32 / (n - 1) as f32 - 1.0).collect()
            })
            .collect();
        let points: usize = axes.iter().map(Vec::len).product();
        let (mut expected, mut found) = (vec![0.0; points], vec![0.0; points]);
        let evaluator = Evaluator::new(&network, Kernel::best());
        let place = |mut i: usize, c: &mut [f32]| {
            for (c, axis) in c.iter_mut().zip(&axes).rev() {
                *c = axis[i % axis.len()];
                i /= axis.len();
            }
        };
        evaluator.evaluate(&mut evaluator.scratch(), place, &mut expected);
        device::evaluate(&device, &network, &axes, &mut found).unwrap();
        let (low, high) = expected.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        for (i, (a, b)) in expected.iter().zip(&found).enumerate() {
            assert!((a - b).abs() <= 1e-6 * (high - low), "{architecture:?}, point {i}: {a} {b}");
        }
    }
}

/// The direction of the gradient is kept, and a fit gets as far.
#[test]
fn half_precision_leads_to_the_same_place() {
    let (device, _one) = opened();
    let half = Device::open(&device.adapter, 1 << 30, Activations::Half).unwrap();
    for architecture in architectures() {
        for n in [77, 1000] {
            let network = Network::random(architecture, &Random::new(&[3])).unwrap();
            let (coordinates, targets) = samples(architecture.inputs(), n, 9);
            let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
            let mut gradient = |device: &Arc<Device>| {
                let states = [State::new(network.clone())];
                DeviceTrainer::new(device, &states, Optimiser::Muon, n, None).unwrap().gradient(&mut fixed, 0).unwrap()
            };
            let ((loss, exact), (own_loss, own)) = (gradient(&device), gradient(&half));
            assert!(
                loss != own_loss && (loss - own_loss).abs() <= 5e-3 * loss,
                "{architecture:?}, {n}: {loss} {own_loss}"
            );
            let norm = |v: &mut dyn Iterator<Item = f32>| v.map(|x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            let off = norm(&mut exact.iter().zip(&own).map(|(a, b)| a - b)) / norm(&mut exact.iter().copied());
            assert!(off <= 1e-2, "{architecture:?}, {n}: off by {off}");
        }
    }
    // From far off to close by, where errors are small.
    let architecture = Architecture::Siren { inputs: 3, width: 24, depth: 2, omega: 10.0 };
    let (coordinates, targets) = samples(3, 1000, 9);
    let last = |device: &Arc<Device>| {
        let states = [State::new(Network::random(architecture, &Random::new(&[3])).unwrap())];
        let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
        let mut trainer = DeviceTrainer::new(device, &states, Optimiser::Muon, 1000, None).unwrap();
        for step in 0..400 {
            let rest = 1.0 - step as f32 / 400.0;
            trainer.step_from(&mut fixed, step, 5e-3 * rest, 1e-2 * rest);
        }
        f64::from(trainer.losses().unwrap().last().unwrap()[0])
    };
    let (single, own) = (last(&device), last(&half));
    assert!(single < 5e-5 && own < 1.05 * single, "{single} {own}");
}

/// Steps of both optimisers, at full precision and rounded, follow the CPU's.
#[test]
fn steps_are_those_of_the_cpu() {
    let (device, _one) = opened();
    for optimiser in [Optimiser::Adam, Optimiser::Muon] {
        for architecture in architectures() {
            for rounded in [false, true] {
                let network = Network::random(architecture, &Random::new(&[5])).unwrap();
                let (coordinates, targets) = samples(architecture.inputs(), 300, 2);
                let mut fixed = FixedSamples { coordinates: &coordinates, targets: &targets };
                let mut cpu = Trainer::new(network.clone(), optimiser, Kernel::best());
                let step = 2.0f32.powi(-9);
                let round = |p: &mut [f32]| {
                    for p in p.iter_mut() {
                        *p = (*p / step).round().clamp(-100.0, 100.0) * step;
                    }
                };
                let steps = [vec![step; network.parameters.len()]];
                let rounding = rounded.then_some((steps.as_slice(), 100.0));
                let states = [State::new(network.clone())];
                let mut trainer = DeviceTrainer::new(&device, &states, optimiser, 300, rounding).unwrap();
                for i in 0..6 {
                    cpu.step(&mut fixed, i, 300, 1e-3, 5e-3, rounded.then_some(&round));
                    trainer.step_from(&mut fixed, i, 1e-3, 5e-3);
                }
                let states = trainer.finish().unwrap();
                let moved = |a: &[f32]| {
                    let d = a.iter().zip(&network.parameters).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                    d.sqrt()
                };
                let apart = |a: &[f32], b: &[f32]| {
                    let d = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                    d.sqrt()
                };
                let (a, b) = (&cpu.network().parameters, &states[0].network.parameters);
                let (far, off) = (moved(a), apart(a, b));
                assert!(far > 0.0 && off <= 2e-3 * far, "{optimiser:?} {architecture:?} {rounded}: {off} of {far}");
            }
        }
    }
}

/// Networks trained together get what each gets alone, to the bit, and learn what their volumes hold.
#[test]
fn networks_are_trained_together_as_alone() {
    let (device, _one) = opened();
    let axis = |n: usize| (0..n).map(|i| 2.0 * i as f32 / (n - 1) as f32 - 1.0).collect::<Vec<f32>>();
    let axes = vec![axis(12), axis(10), axis(8)];
    let field = |phase: f32| -> Vec<f32> {
        (0..960)
            .map(|i| {
                let (z, y, x) = (axes[0][i / 80], axes[1][i / 8 % 10], axes[2][i % 8]);
                (2.0 * z + phase).sin() * (1.5 * y).cos() + 0.3 * x
            })
            .collect()
    };
    let architecture = Architecture::Siren { inputs: 3, width: 16, depth: 2, omega: 4.0 };
    let random = Random::new(&[8]);
    let volumes: Vec<Volume> = [0.0, 1.0, 2.0]
        .iter()
        .map(|p| Volume::new(&device, &field(*p), &axes, &Draw::Uniform, &random).unwrap())
        .collect();
    let start = || State::new(Network::random(architecture, &random).unwrap());
    let run = |volumes: &[&Volume]| {
        let states: Vec<State> = volumes.iter().map(|_| start()).collect();
        let mut trainer = DeviceTrainer::new(&device, &states, Optimiser::Muon, 96, None).unwrap();
        for i in 0..400 {
            let rate = 1.0 - i as f32 / 400.0;
            trainer.step(volumes, 5e-3 * rate, 1.5e-2 * rate);
        }
        let losses = trainer.losses().unwrap();
        (losses, trainer.finish().unwrap())
    };
    let (losses, together) = run(&volumes.iter().collect::<Vec<_>>());
    assert_eq!(losses.len(), device::LOSSES);
    assert!(losses.last().unwrap().iter().all(|l| *l < 2e-3), "{:?}", losses.last());
    for (v, state) in volumes.iter().zip(&together) {
        let (_, alone) = run(&[v]);
        assert_eq!(alone[0].network.parameters, state.network.parameters);
    }
}

#[test]
fn voxels_are_drawn_where_they_should_be() {
    let (device, _one) = opened();
    // Values are their own places in memory.
    let n = 20 * 6 * 7;
    let axis = |n: usize| (0..n).map(|i| i as f32 / n as f32).collect::<Vec<f32>>();
    let axes = vec![axis(20), axis(6), axis(7)];
    let values: Vec<f32> = (0..n).map(|i| i as f32).collect();
    let mean = |draw: Draw| {
        let choices = matches!(draw, Draw::Cells(_));
        let volume = Volume::new(&device, &values, &axes, &draw, &Random::new(&[1])).unwrap();
        let drawn = volume.look(&device, 40_000).unwrap();
        assert_eq!(drawn.len(), 40_000);
        for (c, [v, weight]) in &drawn {
            assert_eq!(*weight, if *v == 800.0 && choices { 0.5 } else { 1.0 });
            let at = |a: usize| (c[a] * axes[a].len() as f32).round() as usize;
            assert_eq!(((at(0) * 6 + at(1)) * 7 + at(2)) as f32, *v);
        }
        drawn.iter().map(|(_, [v, _])| f64::from(*v)).sum::<f64>() / drawn.len() as f64
    };
    assert!((mean(Draw::Uniform) - 419.5).abs() < 6.0);
    assert!((mean(Draw::Listed(vec![100, 300])) - 200.0).abs() < 3.0);
    // A quarter of the draws: a box of 2 x 3 x 2 at (4, 1, 3); the rest: one voxel.
    let cells = vec![
        Cell { keep: 0.5, other: 1, first: 4 * 42 + 7 + 3, count: [2, 3, 2], weight: 1.0 },
        Cell { keep: 1.0, other: 0, first: 800, count: [1, 1, 1], weight: 0.5 },
    ];
    let centre = 4.5 * 42.0 + 2.0 * 7.0 + 3.5;
    assert!((mean(Draw::Cells(cells)) - (0.25 * centre + 0.75 * 800.0)).abs() < 6.0);
}

#[test]
fn a_thousand_steps_leave_no_nan() {
    let (device, _one) = opened();
    let axis = |n: usize| (0..n).map(|i| 2.0 * i as f32 / (n - 1) as f32 - 1.0).collect::<Vec<f32>>();
    let axes = vec![axis(16), axis(16), axis(16)];
    let random = Random::new(&[6]);
    let values: Vec<f32> = (0..4096).map(|i| random.uniform(i) as f32 * 2.0 - 1.0).collect();
    let volume = Volume::new(&device, &values, &axes, &Draw::Uniform, &random).unwrap();
    let architecture = Architecture::KdInr { inputs: 3, width: 4, depth: 2, omega: 30.0, every_layer: true };
    let start = State::new(Network::random(architecture, &random).unwrap());
    let mut trainer = DeviceTrainer::new(&device, &[start], Optimiser::Muon, 64, None).unwrap();
    for step in 0..1000 {
        trainer.step(&[&volume], 5e-3, 1.5e-2);
        if step % 64 == 63 {
            assert!(trainer.losses().unwrap().iter().all(|l| l[0].is_finite()), "step {step}");
        }
    }
    assert!(trainer.finish().unwrap()[0].network.parameters.iter().all(|p| p.is_finite()));
}

#[test]
fn what_does_not_fit_is_refused_in_words() {
    let (device, _one) = opened();
    let small = Device::open(&device.adapter, 1 << 16, Activations::Single).unwrap();
    let axes = vec![vec![0.0; 64], vec![0.0; 64], vec![0.0; 64]];
    let error = Volume::new(&small, &vec![0.0; 64 * 64 * 64], &axes, &Draw::Uniform, &Random::new(&[1]))
        .err()
        .expect("an error")
        .to_string();
    assert!(error.contains("1048580 bytes are needed where 32768 may be used"), "{error}");
    let architecture = Architecture::Siren { inputs: 3, width: 64, depth: 4, omega: 10.0 };
    let start = State::new(Network::random(architecture, &Random::new(&[1])).unwrap());
    let error = DeviceTrainer::new(&small, &[start], Optimiser::Muon, 1000, None).err().expect("an error");
    assert!(matches!(error, limbeck_network::Error::DeviceMemory { there: 65536, .. }), "{error}");
    assert_eq!(device::capacity(&small, &architecture, Optimiser::Muon, 1000), 0);
    assert!(device::capacity(&device, &architecture, Optimiser::Muon, 1000) > 0);
}
