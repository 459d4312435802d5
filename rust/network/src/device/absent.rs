//! What stands in for devices where they are not built in: nothing of it can exist.

use super::{Adapter, Draw, Fit, State};
use crate::architecture::Architecture;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::optimiser::Optimiser;
use crate::random::Random;
use crate::trainer::Samples;

/// What cannot be.
#[derive(Clone, Copy)]
enum Never {}

/// See the documentation of the feature `gpu`.
pub struct Worker(Never);
/// See the documentation of the feature `gpu`.
pub struct Volume(Never);
/// See the documentation of the feature `gpu`.
pub struct Inside<'a>(Never, std::marker::PhantomData<&'a ()>);
/// See the documentation of the feature `gpu`.
pub struct Device {
    /// What it is.
    pub adapter: Adapter,
    /// Bytes of its memory that may be used.
    pub memory: u64,
    #[expect(dead_code, reason = "never made")]
    never: Never,
}
/// See the documentation of the feature `gpu`.
pub struct DeviceTrainer(Never);

impl Worker {
    /// Refuses.
    ///
    /// # Errors
    /// `Device`, always.
    pub fn start(adapter: &Adapter, _memory: u64, _begin: impl FnOnce() + Send + 'static) -> Result<Worker> {
        Err(Error::Device(format!("{}: this build of limbeck has no kernels for devices (feature gpu)", adapter.name)))
    }

    /// Nothing to be asked.
    pub fn device(&self) -> &Device {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn fits(&self, _architecture: &Architecture, _optimiser: Optimiser, _batch: usize) -> bool {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn together(&self) -> usize {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn enter(&self) -> Inside<'_> {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn fit(&self, _fit: Fit) -> Result<State> {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn volume(&self, _values: &[f32], _axes: &[Vec<f32>], _draw: &Draw, _random: &Random) -> Result<Volume> {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn evaluate(&self, _network: &Network, _axes: &[Vec<f32>], _out: &mut [f32]) -> Result<()> {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn trainer(&self, _start: Network, _optimiser: Optimiser, _batch: usize) -> Result<DeviceTrainer> {
        match self.0 {}
    }
}

impl DeviceTrainer {
    /// Nothing to be asked.
    pub fn step_from(&mut self, _source: &mut dyn Samples, _step: u64, _rate: f32, _matrix_rate: f32) {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn round_to(&mut self, _steps: &[f32], _most: f32) {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn losses(&self) -> Result<Vec<Vec<f32>>> {
        match self.0 {}
    }

    /// Nothing to be asked.
    pub fn network(&self) -> Result<Network> {
        match self.0 {}
    }
}
