//! Optimiser steps on the device: the sums of partial gradients, Adam, Muon, and rounding.

use cubecl::prelude::*;

use super::network::{Four, UNITS};

/// Words per matrix in Muon's table: rows, columns, pitch in the parameters, offset in the parameters, offset in Muon's own
/// arrays, side of the Gram matrix.
pub(super) const MATRIX_WORDS: usize = 6;

/// Adds up the partial gradients of the `cubes` cubes of a network, in order, multiplied by `unscale`, and makes a step of Adam (Kingma and Ba 2015) where
/// `matrices` is 0 and the rate is not; elsewhere the gradient is kept for Muon. Unit x has four parameters of network y.
/// `rate` = rate / (1 - beta1^t), `correction` = 1 / (1 - beta2^t).
#[cube(launch_unchecked)]
pub(super) fn adam(
    partial: &[Four],
    errors: &[f32],
    matrices: &[u32],
    parameters: &mut [Four],
    first: &mut [Four],
    second: &mut [Four],
    gradient: &mut [Four],
    losses: &mut [f32],
    fours: u32,
    cubes: u32,
    loss_at: u32,
    scale: f32,
    unscale: f32,
    rate: f32,
    correction: f32,
) {
    let at = ABSOLUTE_POS_X as usize;
    let network = CUBE_POS_Y as usize;
    let (fours, cubes) = (fours as usize, cubes as usize);
    if at < fours {
        let mut g = Four::new(0.0);
        for cube in 0..cubes {
            g += partial[(network * cubes + cube) * fours + at];
        }
        g *= Four::new(unscale);
        let place = network * fours + at;
        gradient[place] = g;
        if matrices[at] == 0 && rate != 0.0 {
            let m = fma(Four::new(0.9), first[place], Four::new(0.1) * g);
            let v = fma(Four::new(0.999), second[place], Four::new(0.001) * g * g);
            first[place] = m;
            second[place] = v;
            let root = (v * Four::new(correction)).sqrt() + Four::new(1e-8);
            parameters[place] -= Four::new(rate) * m / root;
        }
    }
    if at == 0 {
        let mut sum = 0.0f32;
        for cube in 0..cubes {
            sum += errors[network * cubes + cube];
        }
        losses[loss_at as usize + network] = sum * scale;
    }
}

/// Rounds parameters to multiples of their steps, halves away from zero, as the stored form does; a step of 0: not at all. Unit x has
/// four parameters of network y.
#[cube(launch_unchecked)]
pub(super) fn round(parameters: &[Four], steps: &[Four], rounded: &mut [Four], fours: u32, most: f32) {
    let at = ABSOLUTE_POS_X as usize;
    let place = CUBE_POS_Y as usize * fours as usize + at;
    if at < fours as usize {
        let (values, widths) = (parameters[place], steps[place]);
        let mut result = values;
        #[unroll]
        for i in 0..4usize {
            let (value, step) = (values.extract(i), widths.extract(i));
            if step > 0.0 {
                let quotient = (value / step).abs();
                let below = quotient.floor();
                let whole = min(below + select(quotient - below >= 0.5, 1.0f32, 0.0f32), most);
                result.insert(i, whole * step * select(value < 0.0, -1.0f32, 1.0f32));
            }
        }
        rounded[place] = result;
    }
}

/// Momentum, and its Nesterov form divided by its norm, as a matrix of no more rows than columns, whose padded columns are 0. Cube
/// (x, y): matrix x of network y.
#[cube(launch_unchecked)]
pub(super) fn momentum(
    gradient: &[f32],
    table: &[u32],
    momentum: &mut [f32],
    x: &mut [f32],
    parameters: u32,
    elements: u32,
) {
    let at = CUBE_POS_X as usize * MATRIX_WORDS;
    let network = CUBE_POS_Y as usize;
    let (rows, columns, pitch) = (table[at] as usize, table[at + 1] as usize, table[at + 2] as usize);
    let offset = network * parameters as usize + table[at + 3] as usize;
    let own = network * elements as usize + table[at + 4] as usize;
    let flipped = rows > columns;
    let large = max(rows, columns);
    let all = min(rows, columns) * ((large + 15) / 16 * 16);
    let across = (large + 15) / 16 * 16;
    let mut parts = Shared::<[f32]>::new_slice(UNITS as usize);
    let mut norm = 0.0f32;
    let mut i = UNIT_POS as usize;
    while i < all {
        let (r, c) = (i / across, i % across);
        let mut value = 0.0f32;
        if c < large {
            let mut from = offset + r * pitch + c;
            if flipped {
                from = offset + c * pitch + r;
            }
            let g = gradient[from];
            let m = 0.95 * momentum[own + i] + g;
            momentum[own + i] = m;
            value = g + 0.95 * m;
        }
        norm += value * value;
        x[own + i] = value;
        i += UNITS as usize;
    }
    parts[UNIT_POS as usize] = norm;
    sync_cube();
    let mut sum = 0.0f32;
    for unit in 0..UNITS as usize {
        sum += parts[unit];
    }
    // Gradients whose squares are nothing are nothing.
    let factor = select(sum > 0.0, 1.0 / sum.sqrt(), 0.0f32);
    // Each unit scales what it wrote itself.
    let mut i = UNIT_POS as usize;
    while i < all {
        x[own + i] *= factor;
        i += UNITS as usize;
    }
}

/// Side of the square of results that a unit of [`rows_by_rows`] and [`polynomial_by_x`] computes.
const SIDE: usize = 4;

/// c = alpha a a^T + beta a + delta I, for each matrix; `a` has `small` rows, of `large` columns, or of `small` if `square`.
/// Cube (x, y, z): units of matrix y of network z.
#[cube(launch_unchecked)]
pub(super) fn rows_by_rows(
    a: &[Four],
    table: &[u32],
    c: &mut [Four],
    elements: u32,
    grams: u32,
    alpha: f32,
    beta: f32,
    delta: f32,
    #[comptime] square: bool,
) {
    let at = CUBE_POS_Y as usize * MATRIX_WORDS;
    let network = CUBE_POS_Z as usize;
    let small = min(table[at], table[at + 1]) as usize;
    let large = max(table[at], table[at + 1]) as usize;
    let side = (small + 15) / 16 * 4;
    let gram = (network * grams as usize + table[at + 5] as usize) / 4;
    let mut across = (large + 15) / 16 * 4;
    let mut from = (network * elements as usize + table[at + 4] as usize) / 4;
    if square {
        across = side;
        from = gram;
    }
    let blocks = side;
    let task = ABSOLUTE_POS_X as usize;
    if task < blocks * blocks {
        let (row, column) = (task / blocks * SIDE, task % blocks * SIDE);
        let mut sums = Array::<f32>::new(SIDE * SIDE);
        #[unroll]
        for i in 0..SIDE * SIDE {
            sums[i] = 0.0;
        }
        for k in 0..across {
            let mut right = Array::<Four>::new(SIDE);
            #[unroll]
            for j in 0..SIDE {
                right[j] = a[from + min(column + j, small - 1) * across + k];
            }
            #[unroll]
            for i in 0..SIDE {
                let left = a[from + min(row + i, small - 1) * across + k];
                #[unroll]
                for j in 0..SIDE {
                    sums[i * SIDE + j] += left.dot(right[j]);
                }
            }
        }
        #[unroll]
        for i in 0..SIDE {
            if row + i < small {
                let mut out = Four::new(0.0);
                if square {
                    out = a[from + (row + i) * across + column / 4] * Four::new(beta);
                }
                let mut sum = Four::new(0.0);
                #[unroll]
                for j in 0..SIDE {
                    let mut value = alpha * sums[i * SIDE + j];
                    if row + i == column + j {
                        value += delta;
                    }
                    // Columns beyond the matrix stay zero.
                    if column + j >= small {
                        value = 0.0;
                    }
                    sum.insert(j, value);
                }
                c[gram + (row + i) * side + column / 4] = sum + out;
            }
        }
    }
}

/// next = p x, for each matrix; p symmetric. Cube (x, y, z) as in [`rows_by_rows`].
#[cube(launch_unchecked)]
pub(super) fn polynomial_by_x(p: &[Four], x: &[Four], table: &[u32], next: &mut [Four], elements: u32, grams: u32) {
    let at = CUBE_POS_Y as usize * MATRIX_WORDS;
    let network = CUBE_POS_Z as usize;
    let small = min(table[at], table[at + 1]) as usize;
    let large = max(table[at], table[at + 1]) as usize;
    let side = (small + 15) / 16 * 4;
    let across = (large + 15) / 16 * 4;
    let gram = (network * grams as usize + table[at + 5] as usize) / 4;
    let from = (network * elements as usize + table[at + 4] as usize) / 4;
    let task = ABSOLUTE_POS_X as usize;
    if task < side * across {
        let (row, column) = (task / across, task % across);
        let mut sums = Array::<Four>::new(SIDE);
        #[unroll]
        for i in 0..SIDE {
            sums[i] = Four::new(0.0);
        }
        for k in 0..small {
            let right = x[from + k * across + column];
            // Row k of p is its column k.
            let left = p[gram + k * side + row];
            #[unroll]
            for i in 0..SIDE {
                sums[i] = fma(right, Four::new(left.extract(i)), sums[i]);
            }
        }
        #[unroll]
        for i in 0..SIDE {
            if row * SIDE + i < small {
                next[from + (row * SIDE + i) * across + column] = sums[i];
            }
        }
    }
}

/// parameters -= rate sqrt(max(1, columns / rows)) x. Cube (x, y, z): elements of matrix y of network z.
#[cube(launch_unchecked)]
pub(super) fn descend(x: &[f32], table: &[u32], parameters: &mut [f32], count: u32, elements: u32, rate: f32) {
    let at = CUBE_POS_Y as usize * MATRIX_WORDS;
    let network = CUBE_POS_Z as usize;
    let (rows, columns, pitch) = (table[at] as usize, table[at + 1] as usize, table[at + 2] as usize);
    let offset = network * count as usize + table[at + 3] as usize;
    let own = network * elements as usize + table[at + 4] as usize;
    let large = max(rows, columns);
    let across = (large + 15) / 16 * 16;
    let rate = rate * max(columns as f32 / rows as f32, 1.0).sqrt();
    let i = ABSOLUTE_POS_X as usize;
    let (r, c) = (i / across, i % across);
    if r < min(rows, columns) && c < large {
        let mut place = offset + r * pitch + c;
        if rows > columns {
            place = offset + c * pitch + r;
        }
        parameters[place] -= rate * x[own + i];
    }
}
