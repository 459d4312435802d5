//! Training and decoding speed, the fused kernels and burn's `flex` backend in turn.

mod contender;
mod peak;

use limbeck_network::{Architecture, Kernel, Network, Random};

use crate::report::{Report, median};
use crate::{Error, Result};
use contender::{Contender, FlexDecoding, FlexTraining, FusedDecoding, FusedTraining};

/// Batches tried for each contender. Beyond the last both only get slower: activations leave the caches.
const BATCHES: [usize; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];
/// Seconds that one batch size is tried for, and that one round takes.
const TRIAL: f64 = 0.1;
const ROUND: f64 = 0.35;

/// Operations per weight and training sample: a multiply and an add each for the value, for the derivative by the
/// layer's input and for the derivative by the weight.
const TRAINING_OPERATIONS: f64 = 6.0;

struct Shape {
    name: String,
    architecture: Architecture,
}

fn shapes() -> Vec<Shape> {
    // The frequency in the first layer's range: as in training by default, and one product less for burn.
    let omega = 10.0;
    let kdinr = [(8, 4), (16, 6), (32, 8)].map(|(width, depth)| Shape {
        name: format!("m{width}_d{depth}"),
        architecture: Architecture::KdInr { inputs: 3, width, depth, omega, every_layer: false },
    });
    let siren = [32, 64, 96].map(|width| Shape {
        name: format!("siren{width}x3"),
        architecture: Architecture::Siren { inputs: 3, width, depth: 3, omega },
    });
    kdinr.into_iter().chain(siren).collect()
}

/// Measures everything and prints a line per shape as it comes.
pub fn run(threads: usize, rounds: usize, report: &mut Report) -> Result<()> {
    let setup = |e: rayon::ThreadPoolBuildError| Error::Setup(e.to_string());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(setup)?;
    // The pool that burn's matrix products run in.
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(setup)?;
    let kernel = Kernel::best();
    println!("{threads} threads, {} kernels, medians of {rounds} rounds in turn", kernel.name());
    println!(
        "{:28} {:>12} {:>7} {:>12} {:>7} {:>7} {:>6}",
        "", "fused /s", "batch", "flex /s", "batch", "ratio", "peak"
    );
    for Shape { name, architecture } in shapes() {
        let network = Network::random(architecture, &Random::new(&[1]))?;
        contender::check_agreement(&network, kernel)?;
        let fused = FusedTraining::new(&network, kernel, &pool);
        let flex = FlexTraining::new(&network);
        let duel = duel(fused, flex, rounds, || peak::gflops(kernel, &pool, 0.5 * ROUND))?;
        let share = duel.share_of_peak(TRAINING_OPERATIONS * architecture.weights() as f64);
        duel.print(&format!("train {name}"), Some(share));
        duel.report("speed.train", &name, "samples", report);
        report.add(format!("speed.train.peak_share.{name}"), share, "");
        if name == "m32_d8" {
            report.add("speed.peak", median(&duel.peak), "GFLOP/s");
        }
    }
    for Shape { name, architecture } in shapes().into_iter().filter(|s| s.name == "m16_d6" || s.name == "siren64x3") {
        let network = Network::random(architecture, &Random::new(&[2]))?;
        let fused = FusedDecoding::new(&network, kernel, &pool);
        let flex = FlexDecoding::new(&network);
        let duel = duel(fused, flex, rounds, || f64::NAN)?;
        duel.print(&format!("decode {name}"), None);
        duel.report("speed.decode", &name, "voxels", report);
    }
    Ok(())
}

/// Rates of two contenders, measured in turn, each at the batch that suits it best.
struct Duel {
    batch: [usize; 2],
    fused: Vec<f64>,
    flex: Vec<f64>,
    peak: Vec<f64>,
}

fn duel(
    mut fused: impl Contender,
    mut flex: impl Contender,
    rounds: usize,
    mut peak: impl FnMut() -> f64,
) -> Result<Duel> {
    let mut duel = Duel {
        batch: [best_batch(&mut fused)?, best_batch(&mut flex)?],
        fused: Vec::new(),
        flex: Vec::new(),
        peak: Vec::new(),
    };
    fused.prepare(duel.batch[0])?;
    flex.prepare(duel.batch[1])?;
    for _ in 0..rounds {
        duel.fused.push(fused.rate(ROUND));
        duel.flex.push(flex.rate(ROUND));
        duel.peak.push(peak());
    }
    Ok(duel)
}

/// The batch with the highest rate in three short trials, again in turn.
fn best_batch(contender: &mut impl Contender) -> Result<usize> {
    let mut rates = [[0.0; 3]; BATCHES.len()];
    for trial in 0..3 {
        for (rate, &batch) in rates.iter_mut().zip(&BATCHES) {
            contender.prepare(batch)?;
            rate[trial] = contender.rate(TRIAL);
        }
    }
    let best = (0..BATCHES.len()).max_by(|&a, &b| median(&rates[a]).total_cmp(&median(&rates[b])));
    Ok(BATCHES[best.unwrap_or(0)])
}

impl Duel {
    /// Median of the rounds' ratios: what drifts with the machine cancels in each of them.
    fn ratio(&self) -> f64 {
        median(&self.fused.iter().zip(&self.flex).map(|(a, b)| a / b).collect::<Vec<_>>())
    }

    /// Share of the peak measured in the same round, with this many operations per sample.
    fn share_of_peak(&self, operations: f64) -> f64 {
        median(
            &self.fused.iter().zip(&self.peak).map(|(rate, peak)| rate * operations / (peak * 1e9)).collect::<Vec<_>>(),
        )
    }

    fn print(&self, label: &str, share: Option<f64>) {
        println!(
            "{label:28} {:12.0} {:7} {:12.0} {:7} {:7.2} {}",
            median(&self.fused),
            self.batch[0],
            median(&self.flex),
            self.batch[1],
            self.ratio(),
            share.map_or(String::new(), |s| format!("{s:6.3}")),
        );
    }

    fn report(&self, group: &str, shape: &str, what: &str, report: &mut Report) {
        let unit = format!("{what}/s");
        report.add(format!("{group}.vs_flex.{shape}"), self.ratio(), "");
        report.add(format!("{group}.{what}.{shape}"), median(&self.fused), &unit);
        report.add(format!("{group}.flex_{what}.{shape}"), median(&self.flex), &unit);
        report.add(format!("{group}.batch.{shape}"), self.batch[0] as f64, what);
        report.add(format!("{group}.flex_batch.{shape}"), self.batch[1] as f64, what);
    }
}
