//! Evaluates a network at many points.

use crate::kernels::{self, Kernel, Workspace};
use crate::network::Network;
use crate::packed::Packing;

/// A network ready to be evaluated; bit-identical on every [`Kernel`].
pub struct Evaluator {
    packing: Packing,
    master: Vec<f32>,
    kernel: Kernel,
}

/// Scratch memory of one evaluating thread.
pub struct Scratch(Workspace);

impl Evaluator {
    /// Packs the parameters.
    pub fn new(network: &Network, kernel: Kernel) -> Evaluator {
        let packing = Packing::new(network.architecture());
        let master = packing.pack(&network.parameters);
        Evaluator { packing, master, kernel }
    }

    /// Number of coordinates per point.
    pub fn inputs(&self) -> usize {
        self.packing.inputs
    }

    /// Scratch memory for [`Evaluator::evaluate`]; reuse it from call to call.
    pub fn scratch(&self) -> Scratch {
        Scratch(Workspace::for_decoding(&self.packing))
    }

    /// Evaluates `out.len()` points. `coordinate(i, c)` writes the coordinates of point i, in [-1, 1], to `c`.
    pub fn evaluate(&self, scratch: &mut Scratch, mut coordinate: impl FnMut(usize, &mut [f32]), out: &mut [f32]) {
        let inputs = self.packing.inputs;
        let tile = scratch.0.samples;
        for (t, out) in out.chunks_mut(tile).enumerate() {
            for (i, c) in scratch.0.coordinates.chunks_exact_mut(inputs).take(out.len()).enumerate() {
                coordinate(t * tile + i, c);
            }
            kernels::decode(self.kernel, &self.packing, &self.master, &mut scratch.0, out.len(), out);
        }
    }
}
