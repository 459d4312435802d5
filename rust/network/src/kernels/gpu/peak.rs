//! The multiply-add peak of a device, which speeds are compared with.

use std::time::Instant;

use cubecl::prelude::*;

use super::device::Device;
use super::network::{Four, UNITS};
use crate::error::Result;

/// Independent chains of a unit.
const CHAINS: usize = 8;
/// Multiply-adds of a chain per turn of the loop.
const TURN: usize = 8;
const CUBES: usize = 4096;

#[cube(launch_unchecked)]
fn multiply_adds(out: &mut [Four], turns: u32, factor: f32) {
    let at = ABSOLUTE_POS;
    let mut sums = Array::<Four>::new(CHAINS);
    #[unroll]
    for i in 0..CHAINS {
        sums[i] = Four::new(ABSOLUTE_POS as f32 + i as f32);
    }
    let factor = Four::new(factor);
    for _turn in 0..turns {
        #[unroll]
        for _i in 0..TURN {
            #[unroll]
            for i in 0..CHAINS {
                sums[i] = fma(sums[i], factor, factor);
            }
        }
    }
    let mut sum = Four::new(0.0);
    #[unroll]
    for i in 0..CHAINS {
        sum += sums[i];
    }
    out[at] = sum;
}

/// Operations per second in single precision, a multiply-add being two: chains of them on registers, nothing loaded, one result stored.
/// The best of several runs of 20 ms or more.
///
/// # Errors
/// `Device` if the device fails.
pub fn peak(device: &Device) -> Result<f64> {
    let units = CUBES * UNITS as usize;
    let out = device.client.empty(16 * units);
    let run = |turns: u32| -> Result<f64> {
        let start = Instant::now();
        // SAFETY: one four for each unit.
        unsafe {
            multiply_adds::launch_unchecked(
                &device.client,
                CubeCount::Static(CUBES as u32, 1, 1),
                CubeDim::new_1d(UNITS),
                BufferArg::from_raw_parts(out.clone(), units),
                turns,
                0.999,
            );
        }
        device.wait()?;
        Ok(start.elapsed().as_secs_f64())
    };
    let mut turns = 1;
    run(turns)?;
    while run(turns)? < 0.02 && turns < 1 << 24 {
        turns *= 2;
    }
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        best = best.min(run(turns)?);
    }
    Ok((2 * 4 * CHAINS * TURN * units) as f64 * f64::from(turns) / best)
}
