//! Drawing voxels on the device.

use cubecl::prelude::*;

/// How the kernel draws.
pub(super) const UNIFORM: u32 = 0;
pub(super) const LISTED: u32 = 1;
pub(super) const CELLS: u32 = 2;

/// Four random numbers: Philox 4x32 with ten rounds (Salmon et al. 2011), a function of counter and key.
#[cube]
fn philox(counter_low: u32, counter_high: u32, key_low: u32, key_high: u32) -> (u32, u32, u32, u32) {
    let (mut a, mut b, mut c, mut d) = (counter_low, counter_high, 0u32, 0u32);
    let (mut k0, mut k1) = (key_low, key_high);
    for _round in 0..10u32 {
        let (high0, low0) = (a.mul_hi(0xD251_1F53u32), a * 0xD251_1F53u32);
        let (high1, low1) = (c.mul_hi(0xCD9E_8D57u32), c * 0xCD9E_8D57u32);
        a = high1 ^ b ^ k0;
        b = low1;
        c = high0 ^ d ^ k1;
        d = low0;
        k0 += 0x9E37_79B9u32;
        k1 += 0xBB67_AE85u32;
    }
    (a, b, c, d)
}

/// Draws `batches` x `batch` samples of one network: coordinates, targets and weights, into its rows of `samples` (see
/// [`super::network::gradient`]); each batch begins at a multiple of `stride`.
///
/// `axes`: the coordinates along each axis one after another. `list`: for [`LISTED`] the voxels; for [`CELLS`] seven words for each
/// cell: bits of the chance to keep it, the other cell, its first voxel, its three counts, and bits of the weight of its samples. Numbers `counter` and up of the
/// stream `key` are used, one for each sample.
#[cube(launch_unchecked)]
pub(super) fn draw(
    values: &[f32],
    axes: &[f32],
    counts: &[u32],
    list: &[u32],
    samples: &mut [f32],
    network: u32,
    inputs: u32,
    pitch: u32,
    stride: u32,
    batch: u32,
    batches: u32,
    choices: u32,
    counter_low: u32,
    counter_high: u32,
    key_low: u32,
    key_high: u32,
    #[comptime] kind: u32,
) {
    let at = ABSOLUTE_POS_X;
    if at < batch * batches {
        let low = counter_low + at;
        let high = counter_high + select(low < at, 1u32, 0u32);
        let (r0, r1, r2, _r3) = philox(low, high, key_low, key_high);
        let mut voxel = r0.mul_hi(choices);
        let mut weight = 1.0f32;
        if kind == LISTED {
            voxel = list[voxel as usize];
        }
        if kind == CELLS {
            let keep = f32::reinterpret(list[voxel as usize * 7]);
            let mut cell = voxel as usize * 7;
            if (r1 >> 8u32) as f32 * 5.960_464_5e-8 >= keep {
                cell = list[cell + 1] as usize * 7;
            }
            let (c0, c1, c2) = (list[cell + 3], list[cell + 4], list[cell + 5]);
            let within = r2.mul_hi(c0 * c1 * c2);
            weight = f32::reinterpret(list[cell + 6]);
            // Strides of the last three axes; a missing axis has a count of 1.
            let n = inputs as usize;
            let stride1 = counts[n - 1];
            let mut stride0 = stride1;
            if n > 1 {
                stride0 *= counts[n - 2];
            }
            voxel = list[cell + 2] + within % c2 + within / c2 % c1 * stride1 + within / (c2 * c1) * stride0;
        }
        let place = at / batch * stride + at % batch;
        let own = network * (inputs + 2) * pitch;
        let mut rest = voxel;
        let mut offset = 0u32;
        for axis in 0..inputs {
            offset += counts[axis as usize];
        }
        for axis in 0..inputs {
            let a = inputs - 1 - axis;
            let count = counts[a as usize];
            offset -= count;
            samples[(own + a * pitch + place) as usize] = axes[(offset + rest % count) as usize];
            rest /= count;
        }
        samples[(own + inputs * pitch + place) as usize] = values[voxel as usize];
        samples[(own + (inputs + 1) * pitch + place) as usize] = weight;
    }
}
