//! A block in device memory, to draw samples from.

use cubecl::prelude::*;
use cubecl::server::Handle;

use super::device::Device;
use super::network::UNITS;
use super::sampling;
use super::trainer::count_1d;
use crate::device::{Cell, Draw};
use crate::error::{Error, Result};
use crate::random::Random;

/// Values of one block and where they stand, resident on a device until dropped.
pub struct Volume {
    pub(super) values: Handle,
    pub(super) lengths: Lengths,
    pub(super) axes: Handle,
    pub(super) counts: Handle,
    pub(super) list: Handle,
    pub(super) kind: u32,
    pub(super) choices: u32,
    pub(super) key: (u32, u32),
}

/// Elements of a volume's arrays.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    pub values: usize,
    pub axes: usize,
    pub counts: usize,
    pub list: usize,
}

impl Volume {
    /// Copies a block to the device: `values` in C order (last axis fastest), `axes` the network's coordinates along each axis, slowest
    /// first. Samples are a function of `random` and their number alone, but not the ones that [`Random`] itself would draw.
    ///
    /// # Errors
    /// `InvalidArgument` if lengths do not fit each other, `DeviceMemory` if the device cannot hold it.
    pub fn new(device: &Device, values: &[f32], axes: &[Vec<f32>], draw: &Draw, random: &Random) -> Result<Volume> {
        let points: usize = axes.iter().map(Vec::len).product();
        if values.is_empty() || values.len() != points {
            return Err(Error::InvalidArgument(format!("{} values on a grid of {points} points", values.len())));
        }
        let bytes = 4 * values.len() as u64;
        if bytes > device.largest || bytes > device.memory {
            let most = device.largest.min(device.memory);
            return Err(Error::DeviceMemory { device: device.adapter.name.clone(), needed: bytes, there: most });
        }
        let (kind, list) = match draw {
            Draw::Uniform => (sampling::UNIFORM, vec![0]),
            Draw::Listed(list) => (sampling::LISTED, list.clone()),
            Draw::Cells(cells) => {
                let words = |c: &Cell| [c.keep.to_bits(), c.other, c.first, c.count[0], c.count[1], c.count[2]];
                (sampling::CELLS, cells.iter().flat_map(words).collect())
            }
        };
        let choices = match draw {
            Draw::Uniform => values.len(),
            Draw::Listed(list) => list.len(),
            Draw::Cells(cells) => cells.len(),
        };
        if choices == 0 {
            return Err(Error::InvalidArgument("nothing to draw from".into()));
        }
        let flat: Vec<f32> = axes.iter().flatten().copied().collect();
        let counts: Vec<u32> = axes.iter().map(|a| a.len() as u32).collect();
        let key = random.bits(u64::MAX);
        Ok(Volume {
            lengths: Lengths { values: values.len(), axes: flat.len(), counts: counts.len(), list: list.len() },
            values: device.upload(values),
            axes: device.upload(&flat),
            counts: device.upload(&counts),
            list: device.upload(&list),
            kind,
            choices: choices as u32,
            key: (key as u32, (key >> 32) as u32),
        })
    }

    /// Draws `batches` times `batch` samples of network `network`, from number `counter` on.
    pub(super) fn draw(
        &self,
        device: &Device,
        place: &Place<'_>,
        network: usize,
        (batch, batches): (usize, usize),
        counter: u64,
    ) {
        let lengths = self.lengths;
        // SAFETY: lengths are those that the arrays were made with; the kernel draws no voxel, cell or place beyond them.
        unsafe {
            sampling::draw::launch_unchecked(
                &device.client,
                count_1d(batch * batches, UNITS),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(self.values.clone(), lengths.values),
                BufferArg::from_raw_parts(self.axes.clone(), lengths.axes),
                BufferArg::from_raw_parts(self.counts.clone(), lengths.counts),
                BufferArg::from_raw_parts(self.list.clone(), lengths.list),
                BufferArg::from_raw_parts(place.samples.clone(), place.length),
                network as u32,
                lengths.counts as u32,
                place.pitch as u32,
                place.stride as u32,
                batch as u32,
                batches as u32,
                self.choices,
                counter as u32,
                (counter >> 32) as u32,
                self.key.0,
                self.key.1,
                self.kind,
            );
        }
    }

    /// The first n samples that are drawn of it: coordinates and value of each.
    ///
    /// # Errors
    /// `Device` if the device fails.
    pub fn look(&self, device: &Device, n: usize) -> Result<Vec<(Vec<f32>, f32)>> {
        let inputs = self.lengths.counts;
        let samples = device.client.empty(4 * (inputs + 1) * n);
        let place = Place { samples: &samples, length: (inputs + 1) * n, pitch: n, stride: n };
        self.draw(device, &place, 0, (n, 1), 0);
        let rows = device.download(vec![samples.clone()])?.remove(0);
        Ok((0..n).map(|i| ((0..inputs).map(|a| rows[a * n + i]).collect(), rows[inputs * n + i])).collect())
    }
}

/// Where samples go: rows of `pitch` floats, one for each coordinate and one for the targets, for each network; batches begin every
/// `stride` floats.
pub(super) struct Place<'a> {
    pub samples: &'a Handle,
    pub length: usize,
    pub pitch: usize,
    pub stride: usize,
}
