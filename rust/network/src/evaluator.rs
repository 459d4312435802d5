//! Evaluates a network at many points.

use std::sync::OnceLock;

use crate::kernels::{self, Kernel, Workspace};
use crate::network::Network;
use crate::packed::Packing;

/// A network ready to be evaluated; bit-identical on every [`Kernel`].
pub struct Evaluator {
    packing: Packing,
    master: Vec<f32>,
    /// Weights output-major, once derivatives are asked for.
    transposed: OnceLock<Vec<f32>>,
    kernel: Kernel,
}

/// Scratch memory of one evaluating thread.
pub struct Scratch(Workspace);

impl Evaluator {
    /// Packs the parameters.
    pub fn new(network: &Network, kernel: Kernel) -> Evaluator {
        let packing = Packing::new(network.architecture());
        let master = packing.pack(&network.parameters);
        Evaluator { packing, master, transposed: OnceLock::new(), kernel }
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
        let tile = scratch.0.samples;
        for (t, out) in out.chunks_mut(tile).enumerate() {
            self.place(scratch, t * tile, out.len(), &mut coordinate);
            kernels::decode(self.kernel, &self.packing, &self.master, &mut scratch.0, out.len(), out);
        }
    }

    /// Scratch memory for [`Evaluator::derivatives`].
    pub fn derivative_scratch(&self) -> Scratch {
        Scratch(Workspace::for_training(&self.packing))
    }

    /// Values at n points, and the derivatives by each coordinate, exact but for rounding: `out` is n x inputs, input fastest.
    /// Coordinates as for [`Evaluator::evaluate`].
    ///
    /// # Panics
    /// If the scratch memory is not of [`Evaluator::derivative_scratch`].
    pub fn derivatives(
        &self,
        scratch: &mut Scratch,
        mut coordinate: impl FnMut(usize, &mut [f32]),
        values: &mut [f32],
        out: &mut [f32],
    ) {
        let transposed = self.transposed.get_or_init(|| {
            let mut transposed = vec![0.0; self.packing.transposed_len];
            self.packing.transpose(&self.master, &mut transposed);
            transposed
        });
        let (tile, inputs) = (scratch.0.samples, self.packing.inputs);
        for (t, (values, out)) in values.chunks_mut(tile).zip(out.chunks_mut(tile * inputs)).enumerate() {
            self.place(scratch, t * tile, values.len(), &mut coordinate);
            let parameters = (self.master.as_slice(), transposed.as_slice());
            kernels::derivatives(self.kernel, &self.packing, parameters, &mut scratch.0, values, out);
        }
    }

    /// Puts the coordinates of `n` points, from the first on, into the tile.
    fn place(&self, scratch: &mut Scratch, first: usize, n: usize, mut coordinate: impl FnMut(usize, &mut [f32])) {
        for (i, c) in scratch.0.coordinates.chunks_exact_mut(self.packing.inputs).take(n).enumerate() {
            coordinate(first + i, c);
        }
    }
}
