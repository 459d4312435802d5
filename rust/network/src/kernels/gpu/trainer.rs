//! Trains several networks of one architecture together.

use std::sync::Arc;

use cubecl::prelude::*;
use cubecl::server::Handle;
use half::f16;

use super::device::{Activations, Device};
use super::network::{self, UNITS};
use super::optimiser::{self, MATRIX_WORDS};
use super::table::{Table, full_tile};
use super::volume::{Place, Volume};
use crate::architecture::Architecture;
use crate::device::State;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::optimiser::{NEWTON_SCHULZ, Optimiser, POLYNOMIAL};
use crate::packed::Packing;
use crate::trainer::Samples;

/// Steps between which losses are kept.
pub const LOSSES: usize = 64;

/// Bytes that scratch memory, and partial gradients, of one network may take, unless that leaves too few cubes to work on it.
const SHARE: usize = 64 << 20;
const FEWEST: usize = 32;

/// What errors are multiplied by where deltas are in half precision, whose numbers are from 6e-8 to 65,504: such of 1e-5 keep six bits,
/// and such of 2 at weights of 7, with a frequency of 60, stay below 2^14.
const HALF_SCALE: f32 = 16.0;

/// Most cubes along an axis that any device is launched with.
const MOST_CUBES: usize = 65_535;

/// Bytes of samples drawn at once.
const DRAWN: usize = 4 << 20;

/// How a fit is spread over a device: a function of architecture, batch and precision alone, so that results do not depend on what else
/// is trained.
struct Spread {
    packing: Packing,
    table: Table,
    /// Samples of a tile, and tiles of a batch.
    tile: usize,
    tiles: usize,
    /// Cubes that work on one network.
    cubes: usize,
    /// Batches that are drawn at once.
    chunk: usize,
    activations: Activations,
    /// Muon's matrices: [`MATRIX_WORDS`] each; floats of all of them, and of their Gram matrices; most tasks of one.
    matrices: Vec<u32>,
    elements: usize,
    grams: usize,
    blocks: (usize, usize),
}

impl Spread {
    fn new(device: &Device, architecture: &Architecture, optimiser: Optimiser, batch: usize) -> Spread {
        let activations = device.activations;
        let packing = Packing::new(architecture);
        let table = Table::new(&packing);
        // No fewer than 32 tiles where the batch has them.
        let tile = batch.div_ceil(32).next_multiple_of(8).clamp(32, full_tile(&packing));
        let tiles = batch.div_ceil(tile);
        let most = (SHARE / (activations.bytes() * table.rows * tile))
            .min(SHARE / (4 * packing.master_len))
            .clamp(FEWEST, 256);
        let cubes = tiles.min(most);
        let (mut matrices, mut elements, mut grams, mut blocks) = (Vec::new(), 0, 0, (0, 0));
        if optimiser == Optimiser::Muon {
            for l in packing.layers.iter().skip(1).filter(|l| !l.is_linear()) {
                let (small, large) = (l.inputs.min(l.outputs), l.inputs.max(l.outputs));
                let (side, across) = (small.next_multiple_of(16), large.next_multiple_of(16));
                let words = [l.inputs, l.outputs, l.width, l.master, elements, grams];
                matrices.extend(words.map(|w| w as u32));
                // Rows are read four at a time.
                elements += small.next_multiple_of(4) * across;
                grams += small.next_multiple_of(4) * side;
                blocks.0 = blocks.0.max(side / 4 * (side / 4));
                blocks.1 = blocks.1.max(side / 4 * (across / 4));
            }
        }
        let row = 4 * (packing.inputs + 2) * tiles * tile;
        let chunk = (DRAWN / row).clamp(1, LOSSES);
        Spread { packing, table, tile, tiles, cubes, chunk, activations, matrices, elements, grams, blocks }
    }

    fn matrices(&self) -> usize {
        self.matrices.len() / MATRIX_WORDS
    }

    /// Bytes of the largest array, and of all, for each network.
    fn bytes(&self) -> (u64, u64) {
        let parameters = 4 * self.packing.master_len as u64;
        let scratch = (self.activations.bytes() * self.table.rows * self.tile * self.cubes) as u64;
        let coordinates = (4 * self.packing.inputs * self.tile * self.cubes) as u64;
        let partial = parameters * self.cubes as u64;
        let samples = (4 * (self.packing.inputs + 2) * self.chunk * self.tiles * self.tile) as u64;
        let own = 6 * parameters + 4 * (3 * self.elements + 2 * self.grams) as u64;
        (scratch.max(partial).max(samples), scratch + coordinates + partial + samples + own)
    }
}

/// Most networks of an architecture that fit a device together; 0 if not even one does.
pub fn capacity(device: &Device, architecture: &Architecture, optimiser: Optimiser, batch: usize) -> usize {
    let (largest, all) = Spread::new(device, architecture, optimiser, batch).bytes();
    // Half of the budget is for volumes.
    (device.largest / largest).min(device.memory / 2 / all).min(4096) as usize
}

/// Networks of one architecture under training on a device, in lockstep.
///
/// Deterministic on one device and driver: a network's result depends neither on what else is trained with it nor on timing.
pub struct DeviceTrainer {
    device: Arc<Device>,
    spread: Spread,
    architecture: Architecture,
    batch: usize,
    networks: usize,
    steps: i32,
    arrays: Arrays,
    /// Batches that are drawn at once, those of them that are used, and all that were drawn before.
    chunk: usize,
    used: usize,
    begun: u64,
    /// Most steps that a parameter is rounded to, where it is.
    most_steps: Option<f32>,
    /// Steps made.
    made: usize,
}

struct Arrays {
    table: Handle,
    mask: Handle,
    matrices: Handle,
    parameters: Handle,
    rounded: Handle,
    steps: Handle,
    first: Handle,
    second: Handle,
    gradient: Handle,
    momentum: Handle,
    x: [Handle; 2],
    grams: [Handle; 2],
    samples: Handle,
    coordinates: Handle,
    scratch: Handle,
    partial: Handle,
    errors: Handle,
    losses: Handle,
}

impl DeviceTrainer {
    /// Starts from where the states are; all must have the same architecture and have made equally many steps. `rounding`: for each
    /// network the step that each of its parameters is rounded to while the gradient is taken, in the order of its parameters, and the
    /// most steps that a parameter may have; the gradient is applied to the unrounded ones (straight-through; Bengio et al. 2013).
    ///
    /// # Errors
    /// `InvalidArgument` if states or steps do not fit each other, `DeviceMemory` if the device cannot hold them.
    pub fn new(
        device: &Arc<Device>,
        states: &[State],
        optimiser: Optimiser,
        batch: usize,
        rounding: Option<(&[Vec<f32>], f32)>,
    ) -> Result<DeviceTrainer> {
        let Some(one) = states.first() else {
            return Err(Error::InvalidArgument("no network to train".into()));
        };
        let architecture = *one.network.architecture();
        let alike = |s: &State| {
            *s.network.architecture() == architecture
                && s.steps == one.steps
                && [s.first.len(), s.momentum.len()] == [one.first.len(), one.momentum.len()]
        };
        let steps_fit = rounding
            .is_none_or(|(r, _)| r.len() == states.len() && r.iter().all(|s| s.len() == architecture.parameters()));
        if batch == 0 || !states.iter().all(alike) || !steps_fit {
            return Err(Error::InvalidArgument("networks that differ cannot be trained together".into()));
        }
        let spread = Spread::new(device, &architecture, optimiser, batch);
        let n = states.len();
        let moments = [(one.first.len(), spread.packing.master_len), (one.momentum.len(), spread.elements.max(4))];
        if moments.iter().any(|&(found, wanted)| found != 0 && found != wanted) {
            return Err(Error::InvalidArgument("moments of another optimiser".into()));
        }
        if spread.packing.master_len / 4 > MOST_CUBES * UNITS as usize || n > MOST_CUBES {
            return Err(Error::InvalidArgument("more parameters than a device is launched for".into()));
        }
        let (largest, all) = spread.bytes();
        if largest * n as u64 > device.largest || all * n as u64 > device.memory {
            let (needed, there) = if largest * n as u64 > device.largest {
                (largest * n as u64, device.largest)
            } else {
                (all * n as u64, device.memory)
            };
            return Err(Error::DeviceMemory { device: device.adapter.name.clone(), needed, there });
        }
        let packing = &spread.packing;
        let length = packing.master_len;
        let chunk = spread.chunk;
        let all = |part: &dyn Fn(&State) -> Vec<f32>| states.iter().flat_map(part).collect::<Vec<f32>>();
        let or_zero = |v: &Vec<f32>, len: usize| if v.is_empty() { vec![0.0; len] } else { v.clone() };
        let mut mask = vec![0u32; length / 4];
        for m in spread.matrices.chunks_exact(MATRIX_WORDS) {
            let (from, len) = (m[3] as usize, (m[0] * m[2]) as usize);
            mask[from / 4..(from + len) / 4].fill(1);
        }
        let zeros = |len: usize| device.upload(&vec![0.0f32; len.max(4)]);
        // What is written before it is read.
        let room = |len: usize| device.client.empty(4 * len.max(4));
        let steps = match rounding {
            Some((r, _)) => r.iter().flat_map(|s| packing.pack(s)).collect(),
            None => vec![0.0; 4],
        };
        let arrays = Arrays {
            table: device.upload(&spread.table.words),
            mask: device.upload(&mask),
            matrices: device.upload(if spread.matrices.is_empty() { &[0u32; MATRIX_WORDS] } else { &spread.matrices }),
            parameters: device.upload(&all(&|s| packing.pack(&s.network.parameters))),
            rounded: room(if rounding.is_some() { n * length } else { 0 }),
            steps: device.upload(&steps),
            first: device.upload(&all(&|s| or_zero(&s.first, length))),
            second: device.upload(&all(&|s| or_zero(&s.second, length))),
            gradient: room(n * length),
            momentum: device.upload(&all(&|s| or_zero(&s.momentum, spread.elements.max(4)))),
            x: [room(n * spread.elements), room(n * spread.elements)],
            grams: [room(n * spread.grams), room(n * spread.grams)],
            samples: room(n * (packing.inputs + 2) * chunk * spread.tiles * spread.tile),
            coordinates: room(n * spread.cubes * packing.inputs * spread.tile),
            scratch: room(n * spread.cubes * spread.table.rows * spread.tile * spread.activations.bytes() / 4),
            partial: room(n * spread.cubes * length),
            errors: room(n * spread.cubes),
            losses: zeros(n * LOSSES),
        };
        Ok(DeviceTrainer {
            device: Arc::clone(device),
            architecture,
            batch,
            networks: n,
            steps: one.steps,
            arrays,
            chunk,
            used: chunk,
            begun: 0,
            most_steps: rounding.map(|(_, most)| most),
            made: 0,
            spread,
        })
    }

    /// Floats of one row of samples.
    fn pitch(&self) -> usize {
        self.chunk * self.stride()
    }

    /// Samples from the begin of one batch to that of the next.
    fn stride(&self) -> usize {
        self.spread.tiles * self.spread.tile
    }

    /// Batches are counted from here on: a fit that goes on does not see the same samples again.
    pub fn skip(&mut self, batches: u64) {
        self.begun = batches;
        self.used = self.chunk;
    }

    /// Draws the next batches where there are none left, one volume for each network.
    fn draw(&mut self, volumes: &[&Volume]) {
        let place = Place {
            samples: &self.arrays.samples,
            length: self.networks * (self.spread.packing.inputs + 2) * self.pitch(),
            pitch: self.pitch(),
            stride: self.stride(),
        };
        let counter = self.begun * self.batch as u64;
        for (network, v) in volumes.iter().enumerate() {
            v.draw(&self.device, &place, network, (self.batch, self.chunk), counter);
        }
        self.begun += self.chunk as u64;
        self.used = 0;
    }

    /// One optimiser step of every network on samples of its volume; returns before the device has made it. Rates as in
    /// [`crate::Trainer::step`].
    ///
    /// # Panics
    /// If there are not as many volumes as networks, of as many axes as they have inputs.
    pub fn step(&mut self, volumes: &[&Volume], rate: f32, matrix_rate: f32) {
        assert!(volumes.len() == self.networks && volumes.iter().all(|v| v.inputs() == self.spread.packing.inputs));
        if self.used == self.chunk {
            self.draw(volumes);
        }
        let at = self.used;
        self.used += 1;
        self.advance(at, Some((rate, matrix_rate)));
    }

    /// One optimiser step of a single network on samples that the host draws: batch `step` of the source. None is made if the source
    /// has ended.
    ///
    /// # Panics
    /// If there is more than one network, or the source draws a part of the batch only.
    pub fn step_from(&mut self, source: &mut dyn Samples, step: u64, rate: f32, matrix_rate: f32) {
        if self.put(source, step) {
            self.advance(0, Some((rate, matrix_rate)));
        }
    }

    /// Copies batch `step` of a source to the device; returns whether there is one.
    fn put(&mut self, source: &mut dyn Samples, step: u64) -> bool {
        assert_eq!(self.networks, 1);
        let inputs = self.spread.packing.inputs;
        let drawn = source.prepare(step, self.batch, &|| self.network().ok());
        if source.ended() {
            return false;
        }
        assert!(drawn == 0 || drawn == self.batch, "a device does not train with other processes");
        (self.chunk, self.used) = (1, 1);
        let (mut coordinates, mut targets) = (vec![0.0; self.batch * inputs], vec![0.0; self.batch]);
        let pitch = self.pitch();
        let mut rows = vec![0.0f32; (inputs + 2) * pitch];
        let weights = &mut rows[(inputs + 1) * pitch..][..self.batch];
        // Where there is nothing to learn from, weights of 0 teach nothing.
        if drawn > 0 {
            source.fill(step, 0, &mut coordinates, &mut targets, weights);
        }
        for (i, c) in coordinates.chunks_exact(inputs).enumerate() {
            for (a, c) in c.iter().enumerate() {
                rows[a * pitch + i] = *c;
            }
        }
        rows[inputs * pitch..][..self.batch].copy_from_slice(&targets);
        self.arrays.samples = self.device.upload(&rows);
        true
    }

    /// Partial gradients of batch `at` of those that are drawn, multiplied by `scale` times the batch.
    fn take_gradient<S: Float + CubeElement>(&self, at: usize, scale: f32) {
        let s = &self.spread;
        let (client, a, p) = (&self.device.client, &self.arrays, &s.packing);
        let (n, length) = (self.networks, p.master_len);
        let weights = if self.most_steps.is_some() { &a.rounded } else { &a.parameters };
        let first = at * self.stride() / 4;
        let pitch = self.pitch() / 4;
        let scratch = n * s.cubes * s.table.rows * s.tile / 4;
        // SAFETY: lengths are those that the arrays were made with; table and spread address nothing beyond them.
        unsafe {
            network::gradient::launch_unchecked::<S>(
                client,
                CubeCount::Static(s.cubes as u32, n as u32, 1),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(weights.clone(), n * length / 4),
                BufferArg::from_raw_parts(a.table.clone(), s.table.words.len()),
                BufferArg::from_raw_parts(a.samples.clone(), n * (p.inputs + 2) * pitch),
                BufferArg::from_raw_parts(a.coordinates.clone(), n * s.cubes * p.inputs * s.tile / 4),
                BufferArg::from_raw_parts(a.scratch.clone(), scratch),
                BufferArg::from_raw_parts(a.partial.clone(), n * s.cubes * length / 4),
                BufferArg::from_raw_parts(a.errors.clone(), n * s.cubes),
                s.table.layers as u32,
                p.inputs as u32,
                length as u32,
                self.batch as u32,
                first as u32,
                pitch as u32,
                s.tile as u32,
                s.tiles as u32,
                s.table.error_row as u32,
                s.table.bypass_row as u32,
                s.table.rows as u32,
                scale,
            );
        }
    }

    /// Gradient of batch `at` of those that are drawn, and with `rates` an optimiser step.
    fn advance(&mut self, at: usize, rates: Option<(f32, f32)>) {
        if let Some(most) = self.most_steps {
            self.round(most);
        }
        let share = 1.0 / self.batch as f32;
        let unscale = match self.spread.activations {
            Activations::Single => {
                self.take_gradient::<f32>(at, share);
                1.0
            }
            Activations::Half => {
                self.take_gradient::<f16>(at, HALF_SCALE);
                share / HALF_SCALE
            }
        };
        let s = &self.spread;
        let (client, a) = (&self.device.client, &self.arrays);
        let (n, length) = (self.networks, s.packing.master_len);
        let loss_at = self.made % LOSSES * n;
        self.made += 1;
        let (rate, correction) = match rates {
            Some((rate, _)) => {
                self.steps = self.steps.saturating_add(1);
                (rate / (1.0 - 0.9f32.powi(self.steps)), 1.0 / (1.0 - 0.999f32.powi(self.steps)))
            }
            None => (0.0, 1.0),
        };
        // SAFETY: as above.
        unsafe {
            optimiser::adam::launch_unchecked(
                client,
                CubeCount::Static((length / 4).div_ceil(UNITS as usize) as u32, n as u32, 1),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(a.partial.clone(), n * s.cubes * length / 4),
                BufferArg::from_raw_parts(a.errors.clone(), n * s.cubes),
                BufferArg::from_raw_parts(a.mask.clone(), length / 4),
                BufferArg::from_raw_parts(a.parameters.clone(), n * length / 4),
                BufferArg::from_raw_parts(a.first.clone(), n * length / 4),
                BufferArg::from_raw_parts(a.second.clone(), n * length / 4),
                BufferArg::from_raw_parts(a.gradient.clone(), n * length / 4),
                BufferArg::from_raw_parts(a.losses.clone(), n * LOSSES),
                (length / 4) as u32,
                s.cubes as u32,
                loss_at as u32,
                share,
                unscale,
                rate,
                correction,
            );
        }
        if let Some((_, rate)) = rates.filter(|_| s.matrices() > 0) {
            self.orthogonalise(rate);
        }
    }

    /// From the next step on gradients are taken at parameters rounded to these steps, in the order of the network's parameters; see
    /// [`DeviceTrainer::new`].
    ///
    /// # Panics
    /// If there is more than one network, or the lengths differ.
    pub fn round_to(&mut self, steps: &[f32], most: f32) {
        assert!(self.networks == 1 && steps.len() == self.architecture.parameters());
        self.arrays.steps = self.device.upload(&self.spread.packing.pack(steps));
        if self.most_steps.replace(most).is_none() {
            self.arrays.rounded = self.device.client.empty(4 * self.spread.packing.master_len);
        }
    }

    /// The first network as it stands. Waits for the device.
    ///
    /// # Errors
    /// As [`DeviceTrainer::losses`].
    pub fn network(&self) -> Result<Network> {
        let parameters = self.device.download(vec![self.arrays.parameters.clone()])?.remove(0);
        let length = self.spread.packing.master_len;
        Network::new(self.architecture, self.spread.packing.unpack(&parameters[..length]))
    }

    fn round(&self, most: f32) {
        let (a, n, fours) = (&self.arrays, self.networks, self.spread.packing.master_len / 4);
        // SAFETY: three arrays of equal length; the kernel checks its place against it.
        unsafe {
            optimiser::round::launch_unchecked(
                &self.device.client,
                CubeCount::Static(fours.div_ceil(UNITS as usize) as u32, n as u32, 1),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(a.parameters.clone(), n * fours),
                BufferArg::from_raw_parts(a.steps.clone(), n * fours),
                BufferArg::from_raw_parts(a.rounded.clone(), n * fours),
                fours as u32,
                most,
            );
        }
    }

    /// Muon's share of a step: see [`crate::optimiser::Muon`].
    fn orthogonalise(&self, rate: f32) {
        let s = &self.spread;
        let (client, a, n) = (&self.device.client, &self.arrays, self.networks);
        let (length, elements, grams) = (s.packing.master_len, s.elements, s.grams);
        let each = CubeCount::Static(s.matrices() as u32, n as u32, 1);
        let across =
            |tasks: usize| CubeCount::Static(tasks.div_ceil(UNITS as usize) as u32, s.matrices() as u32, n as u32);
        let units = CubeDim::new_1d(UNITS);
        let [first, second, third] = POLYNOMIAL;
        // SAFETY: lengths are those that the arrays were made with; the table of matrices addresses nothing beyond them.
        unsafe {
            let table = || BufferArg::from_raw_parts(a.matrices.clone(), s.matrices.len());
            let matrix = |h: &Handle| BufferArg::from_raw_parts(h.clone(), n * elements / 4);
            let gram = |h: &Handle| BufferArg::from_raw_parts(h.clone(), n * grams / 4);
            let floats = |h: &Handle, len: usize| BufferArg::from_raw_parts(h.clone(), n * len);
            optimiser::momentum::launch_unchecked(
                client,
                each,
                units,
                floats(&a.gradient, length),
                table(),
                floats(&a.momentum, elements),
                floats(&a.x[0], elements),
                length as u32,
                elements as u32,
            );
            for i in 0..NEWTON_SCHULZ {
                let (x, next) = (&a.x[i % 2], &a.x[(i + 1) % 2]);
                let sizes = (elements as u32, grams as u32);
                // gram = x x^T
                optimiser::rows_by_rows::launch_unchecked(
                    client,
                    across(s.blocks.0),
                    units,
                    matrix(x),
                    table(),
                    gram(&a.grams[0]),
                    sizes.0,
                    sizes.1,
                    1.0,
                    0.0,
                    0.0,
                    false,
                );
                // polynomial = third gram^2 + second gram + first
                optimiser::rows_by_rows::launch_unchecked(
                    client,
                    across(s.blocks.0),
                    units,
                    gram(&a.grams[0]),
                    table(),
                    gram(&a.grams[1]),
                    sizes.0,
                    sizes.1,
                    third,
                    second,
                    first,
                    true,
                );
                optimiser::polynomial_by_x::launch_unchecked(
                    client,
                    across(s.blocks.1),
                    units,
                    gram(&a.grams[1]),
                    matrix(x),
                    table(),
                    matrix(next),
                    sizes.0,
                    sizes.1,
                );
            }
            optimiser::descend::launch_unchecked(
                client,
                across(4 * s.blocks.1 * 4),
                units,
                floats(&a.x[NEWTON_SCHULZ % 2], elements),
                table(),
                floats(&a.parameters, length),
                length as u32,
                elements as u32,
                rate,
            );
        }
    }

    /// Mean squared errors of the last steps, at most [`LOSSES`]: for each step those of all networks. Waits for the device.
    ///
    /// # Errors
    /// `Device` if it was lost or ran out of memory since.
    pub fn losses(&self) -> Result<Vec<Vec<f32>>> {
        let all = self.device.download(vec![self.arrays.losses.clone()])?.remove(0);
        let rows: Vec<Vec<f32>> = all.chunks_exact(self.networks).take(LOSSES).map(<[f32]>::to_vec).collect();
        let from = self.made.saturating_sub(LOSSES);
        Ok((from..self.made).map(|step| rows[step % LOSSES].clone()).collect())
    }

    /// Mean squared error of a batch and its gradient, in the order of the network's parameters.
    ///
    /// # Errors
    /// As [`DeviceTrainer::losses`].
    pub fn gradient(&mut self, source: &mut dyn Samples, step: u64) -> Result<(f64, Vec<f32>)> {
        self.put(source, step);
        // At a rate of 0 parameters and moments stay.
        self.advance(0, None);
        let loss = self.losses()?.last().map_or(f64::NAN, |l| f64::from(l[0]));
        let gradient = self.device.download(vec![self.arrays.gradient.clone()])?.remove(0);
        Ok((loss, self.spread.packing.unpack(&gradient)))
    }

    /// The networks as they stand. Waits for the device.
    ///
    /// # Errors
    /// As [`DeviceTrainer::losses`].
    pub fn finish(self) -> Result<Vec<State>> {
        let a = &self.arrays;
        let handles = [&a.parameters, &a.first, &a.second, &a.momentum].map(Clone::clone);
        let [parameters, first, second, momentum]: [Vec<f32>; 4] =
            self.device
                .download(handles.to_vec())?
                .try_into()
                .map_err(|_| Error::Device("arrays are missing".into()))?;
        let length = self.spread.packing.master_len;
        let elements = self.spread.elements.max(4);
        (0..self.networks)
            .map(|i| {
                let own = |v: &[f32], len: usize| v[i * len..(i + 1) * len].to_vec();
                let flat = self.spread.packing.unpack(&own(&parameters, length));
                Ok(State {
                    network: Network::new(self.architecture, flat)?,
                    steps: self.steps,
                    first: own(&first, length),
                    second: own(&second, length),
                    momentum: own(&momentum, elements),
                })
            })
            .collect()
    }
}
