//! Parameters in the layout that the kernels read.

use crate::architecture::{Activation, Architecture, Layer, Residual};
use crate::kernels::PAD;

/// Rounds up to a whole number of widest registers.
pub(crate) fn padded(n: usize) -> usize {
    n.next_multiple_of(PAD)
}

/// One layer in the packed arrays. All offsets are in floats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackedLayer {
    pub inputs: usize,
    pub outputs: usize,
    /// `outputs` rounded up to PAD: the pitch of this layer's activations.
    pub width: usize,
    /// Pitch of the activations it reads: the previous layer's `width`, or the number of inputs.
    pub input_width: usize,
    /// Offset in the master array: `inputs` rows of `width` weights (output index fastest), then `width` biases.
    /// The last (linear) layer has a single row of `input_width` weights, then PAD floats with the bias first.
    pub master: usize,
    /// Offset of the biases in the master array.
    pub biases: usize,
    /// Offset in the transposed array: `outputs` rows of `input_width` weights.
    pub transposed: usize,
    pub activation: Activation,
    pub residual: Residual,
}

impl PackedLayer {
    pub fn is_linear(&self) -> bool {
        self.activation == Activation::Linear
    }
}

/// Where everything stands in the packed arrays.
#[derive(Clone, Debug)]
pub(crate) struct Packing {
    pub inputs: usize,
    pub layers: Vec<PackedLayer>,
    flat: Vec<Layer>,
    pub parameters: usize,
    pub master_len: usize,
    pub transposed_len: usize,
}

impl Packing {
    pub fn new(architecture: &Architecture) -> Packing {
        let flat = architecture.layers();
        let (mut master, mut transposed, mut input_width) = (0, 0, architecture.inputs());
        let mut layers = Vec::with_capacity(flat.len());
        for l in &flat {
            let linear = l.activation == Activation::Linear;
            let width = padded(l.outputs);
            let weights = if linear { input_width } else { l.inputs * width };
            let first = layers.is_empty();
            layers.push(PackedLayer {
                inputs: l.inputs,
                outputs: l.outputs,
                width,
                input_width,
                master,
                biases: master + weights,
                transposed,
                activation: l.activation,
                residual: l.residual,
            });
            master += weights + width;
            transposed += if first || linear { 0 } else { l.outputs * input_width };
            input_width = width;
        }
        let parameters = architecture.parameters();
        let inputs = architecture.inputs();
        Packing { inputs, layers, flat, parameters, master_len: master, transposed_len: transposed }
    }

    /// Calls `f(flat index, master index)` for every parameter.
    fn each(&self, mut f: impl FnMut(usize, usize)) {
        for (l, p) in self.flat.iter().zip(&self.layers) {
            for o in 0..l.outputs {
                for i in 0..l.inputs {
                    let at = if p.is_linear() { p.master + i } else { p.master + i * p.width + o };
                    f(l.weights + o * l.inputs + i, at);
                }
                f(l.biases + o, p.biases + o);
            }
        }
    }

    /// Flat parameters to the master array; padding is zero.
    pub fn pack(&self, parameters: &[f32]) -> Vec<f32> {
        let mut master = vec![0.0; self.master_len];
        self.each(|flat, at| master[at] = parameters[flat]);
        master
    }

    /// Master array to flat parameters.
    pub fn unpack(&self, master: &[f32]) -> Vec<f32> {
        let mut parameters = vec![0.0; self.parameters];
        self.each(|flat, at| parameters[flat] = master[at]);
        parameters
    }

    /// Fills the transposed copy (weights row-major, input index fastest) that the backward pass reads.
    pub fn transpose(&self, master: &[f32], transposed: &mut [f32]) {
        for p in self.layers.iter().skip(1).filter(|p| !p.is_linear()) {
            for i in 0..p.inputs {
                let row = &master[p.master + i * p.width..][..p.outputs];
                let column = &mut transposed[p.transposed + i..];
                for (o, &w) in row.iter().enumerate() {
                    column[o * p.input_width] = w;
                }
            }
        }
    }
}
