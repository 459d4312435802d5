//! Evaluates a network on a grid.

use cubecl::prelude::*;

use super::device::{Device, lock};
use super::network::{self, UNITS};
use super::table::{Table, full_tile};
use crate::error::{Error, Result};
use crate::network::Network;
use crate::packed::Packing;

/// Points that are computed before they are fetched.
const CHUNK: usize = 1 << 22;

/// Bytes of scratch memory.
const SCRATCH: usize = 64 << 20;

/// Values at all points of a grid: `axes` are the coordinates along each axis, slowest first; `out` gets them in C order (last axis
/// fastest). They agree with [`crate::Evaluator`] to a few units in the last place of the sums, not to the bit.
///
/// # Errors
/// `InvalidArgument` if lengths do not fit each other or there are 2^32 points or more, `Device` if the device fails.
pub fn evaluate(device: &Device, network: &Network, axes: &[Vec<f32>], out: &mut [f32]) -> Result<()> {
    let points: usize = axes.iter().map(Vec::len).product();
    if axes.len() != network.architecture().inputs() || out.len() != points {
        let inputs = network.architecture().inputs();
        let found = (axes.len(), out.len());
        let text = format!("{} axes and {} values for {inputs} inputs and {points} points", found.0, found.1);
        return Err(Error::InvalidArgument(text));
    }
    if points > u32::MAX as usize {
        return Err(Error::InvalidArgument(format!("{points} points are more than a device counts")));
    }
    if points == 0 {
        return Ok(());
    }
    let _one = lock(&device.evaluating);
    let packing = Packing::new(network.architecture());
    let table = Table::new(&packing);
    let tile = full_tile(&packing);
    let scratch_bytes = SCRATCH.min((device.memory / 8) as usize);
    let cubes = (scratch_bytes / (4 * table.rows * tile)).clamp(1, 1024);
    let flat: Vec<f32> = axes.iter().flatten().copied().collect();
    let counts: Vec<u32> = axes.iter().map(|a| a.len() as u32).collect();
    let parameters = device.upload(&packing.pack(&network.parameters));
    let (words, places, lengths) = (device.upload(&table.words), device.upload(&flat), device.upload(&counts));
    let scratch = device.client.empty(4 * cubes * table.rows * tile);
    let coordinates = device.client.empty(4 * cubes * packing.inputs * tile);
    let chunk = CHUNK.min(points.next_multiple_of(tile));
    let room = chunk.next_multiple_of(tile);
    let values = device.client.empty(4 * room);
    for (i, out) in out.chunks_mut(chunk).enumerate() {
        let tiles = out.len().div_ceil(tile);
        // SAFETY: lengths are those that the arrays were made with; table, grid and tiles address nothing beyond them.
        unsafe {
            network::evaluate::launch_unchecked(
                &device.client,
                CubeCount::Static(cubes.min(tiles) as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(parameters.clone(), packing.master_len / 4),
                BufferArg::from_raw_parts(words.clone(), table.words.len()),
                BufferArg::from_raw_parts(places.clone(), flat.len()),
                BufferArg::from_raw_parts(lengths.clone(), counts.len()),
                BufferArg::from_raw_parts(coordinates.clone(), cubes * packing.inputs * tile / 4),
                BufferArg::from_raw_parts(scratch.clone(), cubes * table.rows * tile / 4),
                BufferArg::from_raw_parts(values.clone(), room / 4),
                table.layers as u32,
                packing.inputs as u32,
                out.len() as u32,
                (i * chunk) as u32,
                tile as u32,
                tiles as u32,
                table.rows as u32,
            );
        }
        let found = device.download(vec![values.clone()])?.remove(0);
        out.copy_from_slice(&found[..out.len()]);
    }
    Ok(())
}
