//! A block in device memory, to draw samples from.

use cubecl::prelude::*;
use cubecl::server::Handle;

use super::device::{Device, Room};
use super::network::UNITS;
use super::sampling;
use crate::device::{Cell, Draw};
use crate::error::{Error, Result};
use crate::random::Random;

/// Values of one block and where they stand, resident on a device until dropped.
pub struct Volume {
    values: Handle,
    lengths: Lengths,
    axes: Handle,
    counts: Handle,
    list: Handle,
    kind: u32,
    choices: u32,
    key: (u32, u32),
    _room: Room,
}

/// Elements of a volume's arrays.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    values: usize,
    axes: usize,
    counts: usize,
    list: usize,
}

fn inside(all: bool) -> Result<()> {
    if all { Ok(()) } else { Err(Error::InvalidArgument("a draw beyond the grid".into())) }
}

impl Cell {
    /// Whether all of its voxels are on a grid of these axes, and the other cell among so many.
    fn is_inside(&self, axes: &[Vec<f32>], cells: usize) -> bool {
        let n = axes.len();
        let length = |back: usize| if back < n { axes[n - 1 - back].len() as u64 } else { 1 };
        let first = u64::from(self.first);
        let (x, y, z) = (first % length(0), first / length(0) % length(1), first / (length(0) * length(1)));
        let [cz, cy, cx] = self.count.map(u64::from);
        let planes = axes.iter().map(|a| a.len() as u64).product::<u64>() / (length(0) * length(1));
        let fits = |at: u64, count: u64, there: u64| count > 0 && at + count <= there;
        fits(x, cx, length(0)) && fits(y, cy, length(1)) && fits(z, cz, planes) && (self.other as usize) < cells
    }
}

impl Volume {
    /// Copies a block to the device: `values` in C order (last axis fastest), `axes` the network's coordinates along each axis, slowest
    /// first. Samples are a function of `random` and their number alone, but not the ones that [`Random`] itself would draw.
    ///
    /// # Errors
    /// `InvalidArgument` if lengths do not fit each other or a draw is beyond the grid, `DeviceMemory` if it takes more than half of the
    /// memory that may be used. Waits for other volumes to be dropped where there is no room beside them.
    pub fn new(device: &Device, values: &[f32], axes: &[Vec<f32>], draw: &Draw, random: &Random) -> Result<Volume> {
        let points: usize = axes.iter().map(Vec::len).product();
        if values.is_empty() || values.len() != points {
            return Err(Error::InvalidArgument(format!("{} values on a grid of {points} points", values.len())));
        }
        let (kind, list, choices) = match draw {
            Draw::Uniform => (sampling::UNIFORM, vec![0], values.len()),
            Draw::Listed(list) => {
                inside(list.iter().all(|&v| (v as usize) < points))?;
                (sampling::LISTED, list.clone(), list.len())
            }
            Draw::Cells(cells) => {
                inside(cells.iter().all(|c| c.is_inside(axes, cells.len())))?;
                let words = |c: &Cell| {
                    let [c0, c1, c2] = c.count;
                    [c.keep.to_bits(), c.other, c.first, c0, c1, c2, c.weight.to_bits()]
                };
                (sampling::CELLS, cells.iter().flat_map(words).collect(), cells.len())
            }
        };
        if choices == 0 {
            return Err(Error::InvalidArgument("nothing to draw from".into()));
        }
        let room = device.reserve(4 * (values.len() + list.len()) as u64)?;
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
            _room: room,
            choices: choices as u32,
            key: (key as u32, (key >> 32) as u32),
        })
    }

    /// Number of its axes.
    pub(super) fn inputs(&self) -> usize {
        self.lengths.counts
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
                CubeCount::Static((batch * batches).div_ceil(UNITS as usize) as u32, 1, 1),
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

    /// The first n samples that are drawn of it: coordinates, and value and weight, of each.
    ///
    /// # Errors
    /// `Device` if the device fails.
    pub fn look(&self, device: &Device, n: usize) -> Result<Vec<(Vec<f32>, [f32; 2])>> {
        let inputs = self.lengths.counts;
        let samples = device.client.empty(4 * (inputs + 2) * n);
        let place = Place { samples: &samples, length: (inputs + 2) * n, pitch: n, stride: n };
        self.draw(device, &place, 0, (n, 1), 0);
        let rows = device.download(vec![samples.clone()])?.remove(0);
        let row = |a: usize, i: usize| rows[a * n + i];
        let sample = |i: usize| ((0..inputs).map(|a| row(a, i)).collect(), [row(inputs, i), row(inputs + 1, i)]);
        Ok((0..n).map(sample).collect())
    }
}

/// Where samples go: rows of `pitch` floats, one for each coordinate, one for the targets and one for the weights, for each network; batches begin every
/// `stride` floats.
pub(super) struct Place<'a> {
    pub samples: &'a Handle,
    pub length: usize,
    pub pitch: usize,
    pub stride: usize,
}
