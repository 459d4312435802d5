//! The layers of a network as a table that kernels read: one compiled kernel serves all architectures.

use super::network::UNITS;
use crate::architecture::{Activation, Residual};
use crate::kernels::PAD;
use crate::packed::Packing;

/// Words per layer in the table.
pub(super) const WORDS: usize = 11;

/// Number of real inputs.
pub(super) const INPUTS: usize = 0;
/// Number of real outputs.
pub(super) const OUTPUTS: usize = 1;
/// Outputs with padding: the pitch of the weights.
pub(super) const WIDTH: usize = 2;
/// Offset of the weights in the packed parameters, in fours.
pub(super) const WEIGHTS: usize = 3;
/// Offset of the biases, in fours.
pub(super) const BIASES: usize = 4;
/// First scratch row of the activations it reads; the first layer reads coordinates.
pub(super) const INPUT_ROWS: usize = 5;
/// First scratch row of its activations.
pub(super) const OUTPUT_ROWS: usize = 6;
/// First scratch row of its slopes, which the backward pass turns into deltas.
pub(super) const DELTA_ROWS: usize = 7;
/// First scratch row that is averaged with the output at the end of a residual block; [`NONE`] elsewhere.
pub(super) const SKIP_ROWS: usize = 8;
/// No row.
pub(super) const NONE: u32 = u32::MAX;
/// omega, as the bits of a float.
pub(super) const OMEGA: usize = 9;

/// 1 if it begins a residual block.
pub(super) const BEGINS: usize = 10;

/// Samples of a tile with which every unit of a cube has one block of the widest layer.
pub(super) fn full_tile(packing: &Packing) -> usize {
    let widest = packing.layers.iter().map(|l| l.width).max().unwrap_or(PAD);
    (64 * UNITS as usize / widest).clamp(32, 512).next_multiple_of(8)
}

/// Table and scratch rows of an architecture. A row holds one number of each sample of a tile.
pub(super) struct Table {
    /// [`WORDS`] for every layer; the last one is linear.
    pub words: Vec<u32>,
    /// Number of layers.
    pub layers: usize,
    /// Row of the output's errors.
    pub error_row: usize,
    /// First row of what goes past the sines of residual blocks on the way back.
    pub bypass_row: usize,
    /// Rows in all.
    pub rows: usize,
}

impl Table {
    pub fn new(packing: &Packing) -> Table {
        let hidden: usize = packing.layers.iter().filter(|l| !l.is_linear()).map(|l| l.width).sum();
        let residual = packing.layers.iter().filter(|l| l.residual == Residual::End).map(|l| l.width).max();
        let (mut input, mut output) = (0, 0);
        let mut remembered = 0;
        let mut words = Vec::with_capacity(packing.layers.len() * WORDS);
        for l in &packing.layers {
            if l.residual == Residual::Begin {
                remembered = input;
            }
            let omega = match l.activation {
                Activation::Sine { omega } => omega,
                Activation::Linear => 1.0,
            };
            let mut row = [0u32; WORDS];
            row[INPUTS] = l.inputs as u32;
            row[OUTPUTS] = l.outputs as u32;
            row[WIDTH] = l.width as u32;
            row[WEIGHTS] = (l.master / 4) as u32;
            row[BIASES] = (l.biases / 4) as u32;
            row[INPUT_ROWS] = input as u32;
            row[OUTPUT_ROWS] = output as u32;
            row[DELTA_ROWS] = (output + hidden) as u32;
            row[SKIP_ROWS] = if l.residual == Residual::End { remembered as u32 } else { NONE };
            row[OMEGA] = omega.to_bits();
            row[BEGINS] = u32::from(l.residual == Residual::Begin);
            words.extend(row);
            input = output;
            output += l.width;
        }
        let error_row = 2 * hidden;
        let bypass_row = error_row + 1;
        Table { words, layers: packing.layers.len(), error_row, bypass_row, rows: bypass_row + residual.unwrap_or(0) }
    }
}
