//! Fits a network to samples.

use std::sync::Mutex;

use rayon::prelude::*;

use crate::architecture::Activation;
use crate::kernels::{self, Kernel, Parameters, Workspace};
use crate::network::Network;
use crate::optimiser::{Adam, Muon, NEWTON_SCHULZ, Optimiser};
use crate::packed::Packing;

/// Number of partial sums that a batch's gradient is split into: fixed, so that the result does not depend on the
/// number of threads, and the most threads that one fit can use.
pub const LANES: usize = 8;

/// What stands behind the gradient of lane 0: see [`Samples::combine`].
const EXTRA: usize = 2;

/// Where the samples of a batch come from.
pub trait Samples: Sync {
    /// Writes samples `first..first + targets.len()` of batch `step`: coordinates (samples x inputs, input fastest)
    /// in [-1, 1], targets, and weights of the squared errors: 1, or where samples are drawn more often than the mean calls for, less. Called from several threads, each asking for its own part of the batch; must be a
    /// function of (step, first) alone.
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]);

    /// Called once before the batch of each step is drawn; returns how many of its samples are drawn here. The others
    /// are drawn by other processes, which [`Samples::combine`] hears of. `now`: the network as it stands, for sources that draw by
    /// where it errs; None if it cannot be had, as training has failed.
    fn prepare(&mut self, _step: u64, batch: usize, _now: &dyn Fn() -> Option<Network>) -> usize {
        batch
    }

    /// How many neighbouring samples of a batch belong together: always in the same process, and in the same places. The
    /// gradients of such groups are then added up exactly, so that the sum does not depend on how they are spread over
    /// processes. 0: all samples are drawn here.
    fn together(&self) -> usize {
        0
    }

    /// Adds what other processes found. `sums`: the gradient (of the batch's mean, in the trainer's own order), the
    /// weighted squared error of the samples drawn here, and one place that is 0 and the implementor's own.
    fn combine(&mut self, _sums: &mut [f32]) {}

    /// True once there is no use in going on: the source has failed.
    fn ended(&self) -> bool {
        false
    }
}

/// Samples given as arrays: every batch is the same.
pub struct FixedSamples<'a> {
    /// samples x inputs, input fastest.
    pub coordinates: &'a [f32],
    /// One per sample.
    pub targets: &'a [f32],
}

impl Samples for FixedSamples<'_> {
    fn fill(&self, _step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        let inputs = self.coordinates.len() / self.targets.len().max(1);
        coordinates.copy_from_slice(&self.coordinates[first * inputs..][..coordinates.len()]);
        targets.copy_from_slice(&self.targets[first..][..targets.len()]);
        weights.fill(1.0);
    }
}

/// Rounds flat parameters in place to values that the stored form can express.
pub type Rounding<'a> = &'a (dyn Fn(&mut [f32]) + Sync);

/// Parameters under training, with gradients, moments and scratch memory.
///
/// All calls are to be made inside the rayon pool that shall do the work (`pool.install`).
/// Deterministic: same network, samples and instruction set give the same parameters for any number of threads.
pub struct Trainer {
    network: Network,
    packing: Packing,
    kernel: Kernel,
    master: Vec<f32>,
    rounded: Vec<f32>,
    transposed: Vec<f32>,
    lanes: Vec<Vec<f32>>,
    workspaces: Vec<Mutex<Workspace>>,
    adam: Adam,
    muon: Vec<Muon>,
    /// By layer: what rounds gradients so that sums are exact; 0 as long as their size is not known.
    magic: Vec<f32>,
}

impl Trainer {
    /// Starts from the network's parameters.
    pub fn new(network: Network, optimiser: Optimiser, kernel: Kernel) -> Trainer {
        let packing = Packing::new(network.architecture());
        let master = packing.pack(&network.parameters);
        let threads = rayon::current_num_threads().min(LANES);
        let hidden = packing.layers.iter().skip(1).filter(|l| l.activation != Activation::Linear);
        let muon = match optimiser {
            Optimiser::Adam => Vec::new(),
            Optimiser::Muon => {
                hidden.map(|l| Muon::new(l.inputs, l.outputs, l.width, l.master, NEWTON_SCHULZ)).collect()
            }
        };
        Trainer {
            kernel,
            rounded: Vec::new(),
            transposed: vec![0.0; packing.transposed_len],
            lanes: vec![vec![0.0; packing.master_len + EXTRA]; LANES],
            workspaces: (0..threads).map(|_| Mutex::new(Workspace::for_training(&packing))).collect(),
            adam: Adam::new(packing.master_len),
            magic: vec![0.0; packing.layers.len()],
            muon,
            master,
            packing,
            network,
        }
    }

    /// Mean of the weighted squared errors over the batch, and its gradient left in lane 0.
    fn batch_gradient(&mut self, samples: &mut dyn Samples, step: u64, batch: usize, parameters: &[f32]) -> f64 {
        if samples.together() > 0 && self.magic.iter().all(|m| *m == 0.0) {
            // How large the gradients are has to be known before they can be added exactly.
            self.sum_gradients(samples, step, batch, parameters);
            self.measure_gradient();
        }
        let loss = self.sum_gradients(samples, step, batch, parameters);
        if samples.together() > 0 {
            self.measure_gradient();
        }
        loss
    }

    /// Makes room in the exact sums for gradients of up to 64 times the size of this one.
    fn measure_gradient(&mut self) {
        let ends = self.packing.layers.iter().skip(1).map(|l| l.master).chain([self.packing.master_len]);
        for ((l, end), magic) in self.packing.layers.iter().zip(ends).zip(&mut self.magic) {
            let largest = self.lanes[0][l.master..end].iter().fold(0.0f32, |m, g| m.max(g.abs()));
            if largest.is_normal() && largest < 1e30 {
                // 64 times the power of two below it, times 1.5: see `kernels::product::rounded`.
                *magic = f32::from_bits(largest.to_bits() & 0xff80_0000) * 96.0;
            }
        }
    }

    /// [`Trainer::batch_gradient`] with the grids that the layers have.
    fn sum_gradients(&mut self, samples: &mut dyn Samples, step: u64, batch: usize, parameters: &[f32]) -> f64 {
        let now = || Network::new(*self.network.architecture(), self.packing.unpack(parameters)).ok();
        let local = samples.prepare(step, batch, &now);
        let source = &*samples;
        self.packing.transpose(parameters, &mut self.transposed);
        let parameters = Parameters { master: parameters, transposed: &self.transposed, magic: &self.magic };
        let (packing, workspaces, kernel) = (&self.packing, &self.workspaces, self.kernel);
        let scale = 1.0 / batch as f32;
        let together = source.together();
        let group = if together > 0 { together } else { local.max(1) };
        let share = match together {
            0 => local.div_ceil(LANES),
            n => local.div_ceil(n).div_ceil(LANES) * n,
        };
        let errors: Vec<f64> = self
            .lanes
            .par_iter_mut()
            .enumerate()
            .map(|(lane, gradient)| {
                let gradient = &mut gradient[..packing.master_len];
                gradient.fill(0.0);
                let (mut at, end) = ((lane * share).min(local), ((lane + 1) * share).min(local));
                // Each thread has its own; another is only found taken outside a pool.
                let thread = rayon::current_thread_index().unwrap_or(0) % workspaces.len();
                let mut w = workspaces[thread].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                let mut squared = 0.0;
                while at < end {
                    let n = w.samples.min(end - at).min(group - at % group);
                    let Workspace { coordinates, targets, weights, .. } = &mut *w;
                    let coordinates = &mut coordinates[..n * packing.inputs];
                    source.fill(step, at, coordinates, &mut targets[..n], &mut weights[..n]);
                    squared += kernels::gradient(kernel, packing, parameters, gradient, &mut w, n, scale);
                    at += n;
                }
                squared
            })
            .collect();
        let (total, others) = self.lanes.split_at_mut(1);
        let total = &mut total[0];
        for other in others.iter() {
            total.iter_mut().zip(other).for_each(|(t, o)| *t += o);
        }
        let squared = packing.master_len;
        total[squared] = errors.iter().sum::<f64>() as f32;
        total[squared + 1] = 0.0;
        samples.combine(total);
        f64::from(total[squared]) / batch as f64
    }

    /// Mean of the weighted squared errors over a batch and its gradient, in the order of the network's parameters.
    pub fn gradient(&mut self, samples: &mut dyn Samples, step: u64, batch: usize) -> (f64, Vec<f32>) {
        let master = std::mem::take(&mut self.master);
        let loss = self.batch_gradient(samples, step, batch, &master);
        self.master = master;
        (loss, self.packing.unpack(&self.lanes[0][..self.packing.master_len]))
    }

    /// One optimiser step; returns the mean of the weighted squared errors before it. `rate` is for Adam, `matrix_rate` for the
    /// matrices that Muon has. With `rounding` the gradient is taken at the rounded parameters and applied to the
    /// unrounded ones (straight-through; Bengio et al. 2013).
    pub fn step(
        &mut self,
        samples: &mut dyn Samples,
        step: u64,
        batch: usize,
        rate: f32,
        matrix_rate: f32,
        rounding: Option<Rounding<'_>>,
    ) -> f64 {
        let mut master = std::mem::take(&mut self.master);
        let loss = if let Some(round) = rounding {
            let mut flat = self.packing.unpack(&master);
            round(&mut flat);
            self.rounded = self.packing.pack(&flat);
            let rounded = std::mem::take(&mut self.rounded);
            let loss = self.batch_gradient(samples, step, batch, &rounded);
            self.rounded = rounded;
            loss
        } else {
            self.batch_gradient(samples, step, batch, &master)
        };
        let gradient = &self.lanes[0][..self.packing.master_len];
        let adam_step = self.adam.begin(rate);
        if self.muon.is_empty() {
            self.adam.apply(self.kernel, adam_step, 0, &mut master, gradient);
        } else {
            // Adam takes what lies between the matrices.
            let mut jobs = Vec::with_capacity(self.muon.len());
            let mut rest: &mut [f32] = &mut master;
            let mut at = 0;
            for m in &mut self.muon {
                let (before, from) = rest.split_at_mut(m.offset - at);
                let len = m.rows * m.pitch;
                let (matrix, after) = from.split_at_mut(len);
                self.adam.apply(self.kernel, adam_step, at, before, &gradient[at..at + before.len()]);
                let offset = m.offset;
                jobs.push((m, matrix, &gradient[offset..offset + len]));
                at = offset + len;
                rest = after;
            }
            self.adam.apply(self.kernel, adam_step, at, rest, &gradient[at..]);
            let kernel = self.kernel;
            jobs.par_iter_mut().for_each(|(m, matrix, gradient)| m.apply(kernel, matrix_rate, matrix, gradient));
        }
        self.master = master;
        loss
    }

    /// The network as it stands.
    pub fn network(&mut self) -> &Network {
        self.network.parameters = self.packing.unpack(&self.master);
        &self.network
    }
}
