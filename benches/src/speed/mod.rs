//! Training and decoding speed, the fused kernels and burn's `flex` backend in turn.

mod contender;
mod peak;

use limbeck_network::{Architecture, Kernel, Network, Random};

use crate::report::{Report, median};
use crate::{Error, Result};
use contender::{Contender, FlexDecoding, FlexTraining, FusedDecoding, FusedTraining, Spent};

/// Batches tried for each contender. Beyond the last both only get slower: activations leave the caches.
const BATCHES: [usize; 7] = [256, 512, 1024, 2048, 4096, 8192, 16384];
/// Seconds that one batch size is tried for.
const TRIAL: f64 = 0.1;
/// Contenders take turns every so many seconds, so many times a round: short enough for both to meet the same
/// disturbances on a shared machine, long enough for caches to be their own.
const TURN: f64 = 0.025;
const TURNS: usize = 12;

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
        let duel = duel(fused, flex, rounds, peak::Peak::new(kernel, &pool))?;
        let share = duel.share_of_peak(TRAINING_OPERATIONS * architecture.weights() as f64);
        duel.print(&format!("train {name}"), Some(share));
        duel.report("speed.train", &name, "samples", report);
        report.add(format!("speed.train.peak_share.{name}"), share, "");
        if name == "m32_d8" {
            report.add("speed.peak", 1e-9 * median(&duel.peak), "GFLOP/s");
        }
    }
    for Shape { name, architecture } in shapes().into_iter().filter(|s| s.name == "m16_d6" || s.name == "siren64x3") {
        let network = Network::random(architecture, &Random::new(&[2]))?;
        let fused = FusedDecoding::new(&network, kernel, &pool);
        let flex = FlexDecoding::new(&network);
        let duel = duel(fused, flex, rounds, Nothing)?;
        duel.print(&format!("decode {name}"), None);
        duel.report("speed.decode", &name, "voxels", report);
    }
    Ok(())
}

/// Rates of two contenders and the peak (operations per second), round by round, each contender at the batch that
/// suits it best.
struct Duel {
    batch: [usize; 2],
    fused: Vec<f64>,
    flex: Vec<f64>,
    peak: Vec<f64>,
}

fn duel(mut fused: impl Contender, mut flex: impl Contender, rounds: usize, mut peak: impl Contender) -> Result<Duel> {
    let mut duel = Duel {
        batch: [best_batch(&mut fused)?, best_batch(&mut flex)?],
        fused: Vec::new(),
        flex: Vec::new(),
        peak: Vec::new(),
    };
    fused.prepare(duel.batch[0])?;
    flex.prepare(duel.batch[1])?;
    for _ in 0..rounds {
        let mut spent = [Spent::default(); 3];
        for _ in 0..TURNS {
            spent[0].add(fused.work(TURN));
            spent[1].add(flex.work(TURN));
            spent[2].add(peak.work(TURN));
        }
        duel.fused.push(spent[0].rate());
        duel.flex.push(spent[1].rate());
        duel.peak.push(spent[2].rate());
    }
    Ok(duel)
}

/// In place of the peak where none is asked for.
struct Nothing;

impl Contender for Nothing {
    fn prepare(&mut self, _batch: usize) -> Result<()> {
        Ok(())
    }

    fn work(&mut self, _seconds: f64) -> Spent {
        Spent::default()
    }
}

/// The batch with the highest rate of all in three short trials: a disturbance only makes it slower.
fn best_batch(contender: &mut impl Contender) -> Result<usize> {
    let mut best = (0.0, BATCHES[0]);
    for _ in 0..3 {
        for batch in BATCHES {
            contender.prepare(batch)?;
            let rate = contender.work(TRIAL).rate();
            if rate > best.0 {
                best = (rate, batch);
            }
        }
    }
    Ok(best.1)
}

impl Duel {
    /// Median of the rounds' ratios: what drifts with the machine cancels in each of them.
    fn ratio(&self) -> f64 {
        median(&self.fused.iter().zip(&self.flex).map(|(a, b)| a / b).collect::<Vec<_>>())
    }

    /// Share of the peak that was measured in turn with it, with this many operations per sample.
    fn share_of_peak(&self, operations: f64) -> f64 {
        median(&self.fused.iter().zip(&self.peak).map(|(rate, peak)| rate * operations / peak).collect::<Vec<_>>())
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
