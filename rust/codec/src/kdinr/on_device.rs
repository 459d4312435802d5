//! Fits on a device.

use std::sync::Arc;

use limbeck_network::device::{DeviceTrainer, Drawn, Fit, Inside, Source, State, Volume, Worker};
use limbeck_network::{Network, Samples};

use super::fit::{LOOK, Machine, Rounded, Stepwise, Watch, rates, steps};
use super::options::FitOptions;
use super::sampling::VoxelSamples;
use super::weights::MOST_STEPS;
use crate::{Error, Result};

/// What devices say, as this crate says it.
pub(crate) fn failed(error: limbeck_network::Error) -> Error {
    match error {
        limbeck_network::Error::InvalidArgument(text) => Error::InvalidArgument(text),
        other => Error::Device(other.to_string()),
    }
}

/// Bytes of samples that are handed over at once where the block itself is not on the device.
const PIECE: usize = 32 << 20;

/// A block to draw samples from: on the device, or where it does not fit there, on the host.
pub(crate) struct Block<'a> {
    worker: &'a Worker,
    _inside: Inside<'a>,
    samples: &'a VoxelSamples<'a>,
    resident: Option<Arc<Volume>>,
}

impl<'a> Block<'a> {
    /// Waits for its share of the device's memory.
    pub fn new(worker: &'a Worker, samples: &'a VoxelSamples<'a>) -> Result<Block<'a>> {
        let resident = match samples.on_device(worker) {
            Ok(volume) => Some(Arc::new(volume)),
            Err(limbeck_network::Error::DeviceMemory { .. }) => None,
            Err(error) => return Err(failed(error)),
        };
        Ok(Block { worker, _inside: worker.enter(), samples, resident })
    }

    /// A machine that begins from this network.
    pub fn machine(&self, start: Network) -> Teaching<'_, 'a> {
        Teaching { block: self, state: State::new(start) }
    }
}

/// Trains a teacher, together with others that are asked for at the same time.
pub(crate) struct Teaching<'b, 'a> {
    block: &'b Block<'a>,
    state: State,
}

impl Teaching<'_, '_> {
    /// Samples of the steps from `first` on.
    fn drawn(&self, first: u64, count: u64, batch: usize) -> Drawn {
        let n = count as usize * batch;
        let inputs = self.state.network.architecture().inputs();
        let mut drawn = Drawn { coordinates: vec![0.0; n * inputs], targets: vec![0.0; n], weights: vec![1.0; n] };
        let batches = drawn.coordinates.chunks_exact_mut(batch * inputs).zip(drawn.targets.chunks_exact_mut(batch));
        for (step, ((coordinates, targets), weights)) in
            (first..).zip(batches.zip(drawn.weights.chunks_exact_mut(batch)))
        {
            self.block.samples.fill(step, 0, coordinates, targets, weights);
        }
        drawn
    }
}

impl Machine for Teaching<'_, '_> {
    fn train(
        &mut self,
        o: &FitOptions,
        samples: u64,
        scale: f32,
        rounding: Option<&mut Rounded<'_>>,
        _watch: &Watch<'_>,
    ) -> Result<u64> {
        let steps = steps(o, samples);
        let rounding = rounding.map(|r| (r.quantiser.steps(&r.codes), MOST_STEPS));
        let inputs = self.state.network.architecture().inputs();
        let piece = match self.block.resident {
            Some(_) => steps,
            None => (PIECE / (4 * o.batch * (inputs + 2))).max(1) as u64,
        };
        let mut first = 0;
        while first < steps {
            let count = piece.min(steps - first);
            let source = match &self.block.resident {
                Some(volume) => Source::Resident(Arc::clone(volume)),
                None => Source::Drawn(self.drawn(first, count, o.batch)),
            };
            let fit = Fit {
                state: self.state.clone(),
                optimiser: o.optimiser,
                batch: o.batch,
                steps,
                part: (first, count),
                rates: rates(o, scale),
                rounding: rounding.clone(),
                source,
            };
            self.state = self.block.worker.fit(fit).map_err(failed)?;
            first += count;
        }
        Ok(steps * o.batch as u64)
    }

    fn network(&mut self) -> Result<Network> {
        Ok(self.state.network.clone())
    }
}

/// Trains on samples that the host draws; by the calling thread.
pub(crate) struct Fed<'a> {
    trainer: DeviceTrainer,
    source: &'a mut dyn Samples,
    /// Steps since losses were asked for.
    made: usize,
}

impl<'a> Fed<'a> {
    pub fn new(worker: &Worker, start: Network, source: &'a mut dyn Samples, o: &FitOptions) -> Result<Fed<'a>> {
        Ok(Fed { trainer: worker.trainer(start, o.optimiser, o.batch).map_err(failed)?, source, made: 0 })
    }
}

impl Stepwise for Fed<'_> {
    fn round(&mut self, rounded: &Rounded<'_>) {
        self.trainer.round_to(&rounded.quantiser.steps(&rounded.codes), MOST_STEPS);
    }

    fn step(&mut self, step: u64, _batch: usize, (rate, matrix_rate): (f32, f32), _rounded: Option<&Rounded<'_>>) {
        self.trainer.step_from(self.source, step, rate, matrix_rate);
        self.made += 1;
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        let losses = self.trainer.losses().map_err(failed)?;
        let made = std::mem::take(&mut self.made).min(losses.len());
        Ok(losses[losses.len() - made..].iter().map(|loss| f64::from(loss[0])).collect())
    }

    /// The device is some steps behind: asking it waits for it.
    fn patience(&self, limited: bool) -> u64 {
        if limited { LOOK } else { 4 * LOOK }
    }

    fn ended(&self) -> bool {
        self.source.ended()
    }

    fn now(&mut self) -> Result<Network> {
        self.trainer.network().map_err(failed)
    }
}
