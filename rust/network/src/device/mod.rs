//! Devices that training and evaluation can be given to. The kernels are in [`crate::kernels`]; here is what others see of them,
//! the same whether they are built in (feature `gpu`) or not.

#[cfg(not(feature = "gpu"))]
mod absent;

use std::sync::Arc;

#[cfg(not(feature = "gpu"))]
pub use absent::{Device, DeviceTrainer, Inside, Volume, Worker};

#[cfg(feature = "gpu")]
pub use crate::kernels::gpu::{
    Activations, Device, DeviceTrainer, Inside, LOSSES, Volume, Worker, capacity, evaluate, peak,
};
use crate::network::Network;
use crate::optimiser::{Optimiser, Schedule};

/// What an adapter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// A card with memory of its own.
    Discrete,
    /// Shares the processor's memory.
    Integrated,
    /// Handed through to a virtual machine.
    Virtual,
    /// A program that pretends to be one (lavapipe, SwiftShader): for tests.
    Software,
    /// What its driver does not classify.
    Other,
}

/// A device that kernels can run on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Name as its driver has it.
    pub name: String,
    /// What it is.
    pub kind: AdapterKind,
    /// Graphics interface that it is reached through ("vulkan", "metal").
    pub interface: String,
    /// Its number among those of its kind.
    pub index: usize,
}

impl Adapter {
    /// Whether the library can run kernels on anything but the CPU.
    pub const BUILT_IN: bool = cfg!(feature = "gpu");

    /// All adapters of this machine, hardware before software; none if the kernels are not built in. Asking takes tens of
    /// milliseconds.
    pub fn all() -> Vec<Adapter> {
        #[cfg(feature = "gpu")]
        return crate::kernels::gpu::adapters();
        #[cfg(not(feature = "gpu"))]
        Vec::new()
    }

    /// Whether work is given to it without its name being asked for.
    pub fn is_hardware(&self) -> bool {
        self.kind != AdapterKind::Software
    }
}

/// How voxels are drawn.
#[derive(Clone, Debug)]
pub enum Draw {
    /// All alike.
    Uniform,
    /// Only these, by linear index.
    Listed(Vec<u32>),
    /// A cell, then a voxel of it.
    Cells(Vec<Cell>),
}

/// A box of voxels in an alias table (Walker 1977).
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Chance that the cell itself is meant where it is drawn.
    pub keep: f32,
    /// The one that is meant otherwise.
    pub other: u32,
    /// Linear index of its first voxel.
    pub first: u32,
    /// Voxels along the last three axes, slowest first; 1 along an axis that is not there.
    pub count: [u32; 3],
    /// Of the squared errors of its samples.
    pub weight: f32,
}

/// A network under training, with the moments of its optimiser: what a fit hands on to the next.
#[cfg_attr(not(feature = "gpu"), expect(dead_code, reason = "what devices know of it"))]
#[derive(Clone, Debug)]
pub struct State {
    /// As it stands.
    pub network: Network,
    pub(crate) steps: i32,
    pub(crate) first: Vec<f32>,
    pub(crate) second: Vec<f32>,
    pub(crate) momentum: Vec<f32>,
}

impl State {
    /// With all moments zero.
    pub fn new(network: Network) -> State {
        State { network, steps: 0, first: Vec::new(), second: Vec::new(), momentum: Vec::new() }
    }
}

/// Samples that the host has drawn, batch after batch.
pub struct Drawn {
    /// Samples x inputs, input fastest.
    pub coordinates: Vec<f32>,
    /// One per sample.
    pub targets: Vec<f32>,
    /// Of their squared errors.
    pub weights: Vec<f32>,
}

/// Where the samples of a fit come from.
pub enum Source {
    /// Drawn on the device.
    Resident(Arc<Volume>),
    /// Drawn before, by the host: as many as the part has.
    Drawn(Drawn),
}

/// One fit, or part of one.
pub struct Fit {
    /// What it begins from.
    pub state: State,
    /// How parameters follow gradients.
    pub optimiser: Optimiser,
    /// Samples per step.
    pub batch: usize,
    /// Steps of the whole schedule.
    pub steps: u64,
    /// What of it is made here: first step, and number of steps.
    pub part: (u64, u64),
    /// Rates over the schedule: Adam's, and those of Muon's matrices.
    pub rates: (Schedule, Schedule),
    /// Steps that parameters are rounded to while the gradient is taken, in the order of the network's parameters, and the most of
    /// them that a parameter may have.
    pub rounding: Option<(Vec<f32>, f32)>,
    /// The samples.
    pub source: Source,
}
