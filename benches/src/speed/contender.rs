//! The contenders: what each does per batch.

use std::time::Instant;

use limbeck_network::reference::tensors::{TensorBatch, TensorNetwork, TensorTrainer};
use limbeck_network::{Evaluator, FixedSamples, Kernel, Network, Optimiser, Random, Scratch, Trainer};
use rayon::ThreadPool;
use rayon::prelude::*;

use crate::{Error, Result};

const RATE: f32 = 1e-3;

/// Work done and the time it took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Samples, voxels or operations.
    pub amount: f64,
    /// Seconds.
    pub seconds: f64,
}

impl Spent {
    /// Both together.
    pub fn add(&mut self, other: Spent) {
        self.amount += other.amount;
        self.seconds += other.seconds;
    }

    /// Amount per second; NaN of nothing.
    pub fn rate(&self) -> f64 {
        self.amount / self.seconds
    }
}

/// Something that can be timed.
pub trait Contender {
    /// Sets the batch size; the next batch is handled once here, outside the measurement.
    fn prepare(&mut self, batch: usize) -> Result<()>;

    /// Works for at least so many seconds.
    fn work(&mut self, seconds: f64) -> Spent;
}

/// Repeats a piece of work of `amount` until the time is over, at least once.
pub fn repeat(seconds: f64, amount: f64, mut piece: impl FnMut()) -> Spent {
    let start = Instant::now();
    let mut spent = Spent::default();
    while spent.seconds < seconds {
        piece();
        spent.add(Spent { amount, seconds: start.elapsed().as_secs_f64() - spent.seconds });
    }
    spent
}

/// Points in [-1, 1]^inputs and smooth targets.
struct Points {
    coordinates: Vec<f32>,
    targets: Vec<f32>,
}

impl Points {
    fn new(inputs: usize, n: usize) -> Points {
        let random = Random::new(&[n as u64]);
        let coordinates: Vec<f32> = (0..(n * inputs) as u64).map(|i| (2.0 * random.uniform(i) - 1.0) as f32).collect();
        let targets = coordinates.chunks_exact(inputs).map(|p| (3.0 * p.iter().sum::<f32>()).sin()).collect();
        Points { coordinates, targets }
    }
}

/// A step of Adam with the fused kernels.
pub struct FusedTraining<'a> {
    trainer: Trainer,
    points: Points,
    pool: &'a ThreadPool,
    inputs: usize,
    step: u64,
}

impl<'a> FusedTraining<'a> {
    pub fn new(network: &Network, kernel: Kernel, pool: &'a ThreadPool) -> FusedTraining<'a> {
        let inputs = network.architecture().inputs();
        let trainer = pool.install(|| Trainer::new(network.clone(), Optimiser::Adam, kernel));
        FusedTraining { trainer, points: Points::new(inputs, 0), pool, inputs, step: 0 }
    }

    /// Handles one batch.
    fn handle(&mut self) {
        let mut fixed = FixedSamples { coordinates: &self.points.coordinates, targets: &self.points.targets };
        let (trainer, batch, step) = (&mut self.trainer, self.points.targets.len(), self.step);
        self.pool.install(|| trainer.step(&mut fixed, step, batch, RATE, 0.0, None));
        self.step += 1;
    }
}

impl Contender for FusedTraining<'_> {
    fn prepare(&mut self, batch: usize) -> Result<()> {
        self.points = Points::new(self.inputs, batch);
        self.handle();
        Ok(())
    }

    fn work(&mut self, seconds: f64) -> Spent {
        let batch = self.points.targets.len();
        repeat(seconds, batch as f64, || self.handle())
    }
}

/// The same step in burn tensors. Its batch lies on the device already.
pub struct FlexTraining {
    trainer: TensorTrainer,
    batch: Option<TensorBatch>,
    inputs: usize,
    samples: usize,
}

impl FlexTraining {
    pub fn new(network: &Network) -> FlexTraining {
        let trainer = TensorTrainer::new(TensorNetwork::new(network));
        FlexTraining { trainer, batch: None, inputs: network.architecture().inputs(), samples: 0 }
    }

    /// Handles one batch.
    fn handle(&mut self) {
        if let Some(batch) = &self.batch {
            std::hint::black_box(self.trainer.step(batch, RATE));
        }
    }
}

impl Contender for FlexTraining {
    fn prepare(&mut self, batch: usize) -> Result<()> {
        let points = Points::new(self.inputs, batch);
        self.batch = Some(self.trainer.network().batch(&points.coordinates, &points.targets)?);
        self.samples = batch;
        self.handle();
        Ok(())
    }

    fn work(&mut self, seconds: f64) -> Spent {
        let batch = self.samples;
        repeat(seconds, batch as f64, || self.handle())
    }
}

/// Voxels of a regular grid, decoded with the fused kernels on all threads.
pub struct FusedDecoding<'a> {
    evaluator: Evaluator,
    scratch: Vec<Scratch>,
    pool: &'a ThreadPool,
    out: Vec<f32>,
}

impl<'a> FusedDecoding<'a> {
    pub fn new(network: &Network, kernel: Kernel, pool: &'a ThreadPool) -> FusedDecoding<'a> {
        let evaluator = Evaluator::new(network, kernel);
        let scratch = (0..pool.current_num_threads()).map(|_| evaluator.scratch()).collect();
        FusedDecoding { evaluator, scratch, pool, out: Vec::new() }
    }

    /// Handles one batch.
    fn handle(&mut self) {
        let share = self.out.len().div_ceil(self.scratch.len()).max(1);
        let (evaluator, scratch, out) = (&self.evaluator, &mut self.scratch, &mut self.out);
        self.pool.install(|| {
            out.par_chunks_mut(share).zip(scratch).enumerate().for_each(|(part, (out, scratch))| {
                evaluator.evaluate(scratch, |i, c| coordinates(part * share + i, c), out);
            });
        });
        std::hint::black_box(&self.out);
    }
}

/// Edge of the grid whose first voxels are decoded.
const EDGE: usize = 128;

/// Coordinates of a voxel of the grid, slowest axis first.
fn coordinates(voxel: usize, out: &mut [f32]) {
    let mut rest = voxel;
    for c in out.iter_mut().rev() {
        *c = (rest % EDGE) as f32 * (2.0 / (EDGE - 1) as f32) - 1.0;
        rest /= EDGE;
    }
}

impl Contender for FusedDecoding<'_> {
    fn prepare(&mut self, batch: usize) -> Result<()> {
        self.out = vec![0.0; batch];
        self.handle();
        Ok(())
    }

    fn work(&mut self, seconds: f64) -> Spent {
        let batch = self.out.len();
        repeat(seconds, batch as f64, || self.handle())
    }
}

/// The same voxels in burn tensors. Their coordinates are at hand already.
pub struct FlexDecoding {
    network: TensorNetwork,
    coordinates: Vec<f32>,
    inputs: usize,
}

impl FlexDecoding {
    pub fn new(network: &Network) -> FlexDecoding {
        let inputs = network.architecture().inputs();
        FlexDecoding { network: TensorNetwork::new(network), coordinates: Vec::new(), inputs }
    }

    /// Handles one batch.
    fn handle(&mut self) {
        std::hint::black_box(self.network.evaluate(&self.coordinates));
    }
}

impl Contender for FlexDecoding {
    fn prepare(&mut self, batch: usize) -> Result<()> {
        self.coordinates = vec![0.0; batch * self.inputs];
        self.coordinates.chunks_exact_mut(self.inputs).enumerate().for_each(|(i, c)| coordinates(i, c));
        self.handle();
        Ok(())
    }

    fn work(&mut self, seconds: f64) -> Spent {
        let batch = self.coordinates.len() / self.inputs;
        repeat(seconds, batch as f64, || self.handle())
    }
}

/// The contenders must agree before their speeds are worth comparing.
pub fn check_agreement(network: &Network, kernel: Kernel) -> Result<()> {
    let inputs = network.architecture().inputs();
    let points = Points::new(inputs, 333);
    let evaluator = Evaluator::new(network, kernel);
    let mut ours = vec![0.0f32; points.targets.len()];
    let at = |i: usize, c: &mut [f32]| c.copy_from_slice(&points.coordinates[i * inputs..][..inputs]);
    evaluator.evaluate(&mut evaluator.scratch(), at, &mut ours);
    let theirs = TensorNetwork::new(network).evaluate(&points.coordinates);
    let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    if worst < 1e-4 { Ok(()) } else { Err(Error::Setup(format!("the contenders differ by {worst}"))) }
}
