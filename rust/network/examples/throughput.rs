//! Training throughput of the fused kernels on all cores: `cargo run --release -p limbeck-network --example throughput`.
use std::time::Instant;

use limbeck_network::{Architecture, FixedSamples, Kernel, Network, Optimiser, Random, Trainer};

fn main() {
    let threads: usize = std::env::args().nth(1).map_or(2, |a| a.parse().expect("threads"));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
    let shapes: Vec<(String, Architecture)> = [(8, 4), (16, 6), (32, 8)]
        .map(|(m, d)| {
            (
                format!("KD {m},{d}"),
                Architecture::KdInr { inputs: 3, width: m, depth: d, omega: 10.0, every_layer: false },
            )
        })
        .into_iter()
        .chain(
            [32, 64, 96]
                .map(|w| (format!("SIREN {w}x3"), Architecture::Siren { inputs: 3, width: w, depth: 3, omega: 10.0 })),
        )
        .collect();
    let only = std::env::args().nth(2).unwrap_or_default();
    for (name, architecture) in shapes.into_iter().filter(|(name, _)| name.contains(&only)) {
        for (optimiser, batch) in
            [(Optimiser::Adam, 1024), (Optimiser::Adam, 4096), (Optimiser::Muon, 1024), (Optimiser::Muon, 4096)]
        {
            let random = Random::new(&[1]);
            let network = Network::random(architecture, &random).expect("network");
            let coordinates: Vec<f32> = (0..batch * 3).map(|i| random.uniform(i as u64) as f32 * 2.0 - 1.0).collect();
            let targets: Vec<f32> = (0..batch).map(|i| coordinates[i * 3].sin()).collect();
            let mut samples = FixedSamples { coordinates: &coordinates, targets: &targets };
            let (rate, loss) = pool.install(|| {
                let mut trainer = Trainer::new(network, optimiser, Kernel::best());
                let (mut best, mut loss) = (0.0f64, 0.0);
                for _ in 0..5 {
                    let start = Instant::now();
                    let mut steps = 0;
                    while start.elapsed().as_secs_f64() < 0.1 {
                        loss = trainer.step(&mut samples, 0, batch, 1e-3, 1e-3, None);
                        steps += 1;
                    }
                    best = best.max(steps as f64 * batch as f64 / start.elapsed().as_secs_f64());
                }
                (best, loss)
            });
            let gflops = rate * 6.0 * architecture.weights() as f64 / 1e9;
            println!(
                "{name:12} {optimiser:?} batch {batch:5}: {:9.0} samples/s {gflops:7.1} GFLOP/s loss {loss:.2e}",
                rate
            );
        }
    }
}
