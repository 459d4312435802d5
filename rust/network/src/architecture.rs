//! What a network looks like: its layers, and where each stands in the flat parameter array.

use crate::error::{Error, Result};

/// Most neurons in a layer.
pub const MAX_WIDTH: usize = 4096;
/// Most hidden layers or residual blocks.
pub const MAX_DEPTH: usize = 64;

/// Shape of a sine network from `inputs` coordinates in [-1, 1] to one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Architecture {
    /// Plain SIREN of constant width: a first layer `inputs -> width`, `depth` hidden layers
    /// `width -> width`, each followed by a sine, and a linear last layer (Sitzmann et al. 2020).
    /// `omega` is folded into the initial range of the first layer, hidden layers have sin(Wx + b).
    Siren {
        /// Number of input coordinates, 1 to 4.
        inputs: usize,
        /// Neurons per layer.
        width: usize,
        /// Number of hidden layers, 1 to 64.
        depth: usize,
        /// Initial frequency of the first layer: W ~ U(±omega / inputs).
        omega: f32,
    },
    /// Residual SIREN of constant width, as in CoordNet (Han and Wang 2022) and NeurComp (Lu et al. 2021): a first layer
    /// `inputs -> width`, `depth` residual blocks `width -> width -> width` that return 0.5 (x + f(x)), and a linear last layer.
    /// Every layer but the last is followed by a sine; `omega` as in [`Architecture::Siren`].
    Residual {
        /// Number of input coordinates, 1 to 4.
        inputs: usize,
        /// Neurons per layer.
        width: usize,
        /// Number of residual blocks.
        depth: usize,
        /// Initial frequency of the first layer.
        omega: f32,
    },
    /// The network of the KD-INR paper (Table I): encoder `inputs -> m -> 2m -> 4m`, `depth` residual blocks
    /// `4m -> m -> m -> 4m` that return 0.5 (x + f(x)), and a linear last layer `4m -> 1`.
    /// Every layer but the last is followed by a sine.
    KdInr {
        /// Number of input coordinates, 1 to 4.
        inputs: usize,
        /// m of the paper.
        width: usize,
        /// d of the paper: number of residual blocks.
        depth: usize,
        /// Frequency: see `every_layer`.
        omega: f32,
        /// True: sin(omega (Wx + b)) in every layer, as the paper's authors do it.
        /// False: omega only widens the initial range of the first layer, as in [`Architecture::Siren`].
        every_layer: bool,
    },
}

/// What follows the affine map of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// sin(omega * z).
    Sine {
        /// Factor inside the sine, 1 for layers whose weights carry the frequency themselves.
        omega: f32,
    },
    /// z itself (last layer).
    Linear,
}

/// Role of a layer in a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Residual {
    /// Not at the edge of a block.
    None,
    /// The layer's input is remembered.
    Begin,
    /// The layer's output y becomes 0.5 (x + y), x the remembered input.
    End,
}

/// One affine layer: `outputs x inputs` weights in row-major order (input index fastest) at `weights`,
/// then `outputs` biases at `biases`, both offsets into the flat parameter array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// Columns of the weight matrix.
    pub inputs: usize,
    /// Rows of the weight matrix.
    pub outputs: usize,
    /// Offset of the first weight.
    pub weights: usize,
    /// Offset of the first bias.
    pub biases: usize,
    /// What follows.
    pub activation: Activation,
    /// Place in a residual block.
    pub residual: Residual,
}

impl Layer {
    /// Range of the weights in the flat parameter array.
    pub fn weight_range(&self) -> std::ops::Range<usize> {
        self.weights..self.weights + self.inputs * self.outputs
    }

    /// Range of the biases in the flat parameter array.
    pub fn bias_range(&self) -> std::ops::Range<usize> {
        self.biases..self.biases + self.outputs
    }
}

impl Architecture {
    /// Number of input coordinates.
    pub fn inputs(&self) -> usize {
        match *self {
            Architecture::Siren { inputs, .. }
            | Architecture::Residual { inputs, .. }
            | Architecture::KdInr { inputs, .. } => inputs,
        }
    }

    /// Refuses shapes outside the documented ranges.
    pub fn check(&self) -> Result<()> {
        let (inputs, width, depth, omega) = match *self {
            Architecture::Siren { inputs, width, depth, omega }
            | Architecture::Residual { inputs, width, depth, omega } => (inputs, width, depth, omega),
            Architecture::KdInr { inputs, width, depth, omega, .. } => (inputs, 4 * width, depth, omega),
        };
        let ranges = [("inputs", inputs, 1, 4), ("width", width, 1, MAX_WIDTH), ("depth", depth, 1, MAX_DEPTH)];
        for (name, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(Error::InvalidArgument(format!("network {name} {value} is outside {low}..={high}")));
            }
        }
        if !(omega.is_finite() && omega > 0.0) {
            return Err(Error::InvalidArgument(format!("network omega {omega} is not a positive number")));
        }
        Ok(())
    }

    /// The layers from input to output; their parameters follow each other without gaps.
    pub fn layers(&self) -> Vec<Layer> {
        let mut table = Table { layers: Vec::new(), end: 0 };
        match *self {
            Architecture::Siren { inputs, width, depth, .. } => {
                let sine = Activation::Sine { omega: 1.0 };
                table.push(inputs, width, sine, Residual::None);
                for _ in 0..depth {
                    table.push(width, width, sine, Residual::None);
                }
                table.push(width, 1, Activation::Linear, Residual::None);
            }
            Architecture::Residual { inputs, width, depth, .. } => {
                let sine = Activation::Sine { omega: 1.0 };
                table.push(inputs, width, sine, Residual::None);
                for _ in 0..depth {
                    table.push(width, width, sine, Residual::Begin);
                    table.push(width, width, sine, Residual::End);
                }
                table.push(width, 1, Activation::Linear, Residual::None);
            }
            Architecture::KdInr { inputs, width: m, depth, omega, every_layer } => {
                let sine = Activation::Sine { omega: if every_layer { omega } else { 1.0 } };
                table.push(inputs, m, sine, Residual::None);
                table.push(m, 2 * m, sine, Residual::None);
                table.push(2 * m, 4 * m, sine, Residual::None);
                for _ in 0..depth {
                    table.push(4 * m, m, sine, Residual::Begin);
                    table.push(m, m, sine, Residual::None);
                    table.push(m, 4 * m, sine, Residual::End);
                }
                table.push(4 * m, 1, Activation::Linear, Residual::None);
            }
        }
        table.layers
    }

    /// Number of parameters: the length of the flat array.
    pub fn parameters(&self) -> usize {
        self.layers().last().map_or(0, |l| l.biases + l.outputs)
    }

    /// Number of weights without biases: the multiply-adds of one evaluation.
    pub fn weights(&self) -> usize {
        self.layers().iter().map(|l| l.inputs * l.outputs).sum()
    }
}

struct Table {
    layers: Vec<Layer>,
    end: usize,
}

impl Table {
    fn push(&mut self, inputs: usize, outputs: usize, activation: Activation, residual: Residual) {
        let weights = self.end;
        let biases = weights + inputs * outputs;
        self.end = biases + outputs;
        self.layers.push(Layer { inputs, outputs, weights, biases, activation, residual });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_counts_follow_the_paper() {
        for inputs in 1..=4 {
            for (m, d) in [(1, 1), (8, 4), (16, 6), (32, 8)] {
                let a = Architecture::KdInr { inputs, width: m, depth: d, omega: 30.0, every_layer: true };
                let encoder = (inputs * m + m) + (2 * m * m + 2 * m) + (8 * m * m + 4 * m);
                let blocks = d * ((4 * m * m + m) + (m * m + m) + (4 * m * m + 4 * m));
                assert_eq!(a.parameters(), encoder + blocks + 4 * m + 1);
            }
        }
        let siren = Architecture::Siren { inputs: 3, width: 32, depth: 3, omega: 10.0 };
        assert_eq!(siren.parameters(), 4 * 32 + 3 * (32 * 32 + 32) + 33);
        assert_eq!(siren.weights(), 3 * 32 + 3 * 32 * 32 + 32);
        let residual = Architecture::Residual { inputs: 3, width: 32, depth: 2, omega: 10.0 };
        assert_eq!(residual.parameters(), 4 * 32 + 4 * (32 * 32 + 32) + 33);
    }
}
