//! Forward and backward passes over a tile of samples that stays in cache.
//!
//! Activations are stored sample by sample (neuron index fastest), so that weights, activations and gradients
//! are all operands of the same product and nothing has to be transposed but the weights, once per step.

use super::product::{AddRounded, Epilogue, Keep, Left, Rows, RowsMut, Size, Times, product, rounded};
use super::vector::{PAD, Vector, sin, sin_cos};
use crate::architecture::{Activation, Residual};
use crate::packed::Packing;

/// Samples per tile when decoding.
pub const DECODE_TILE: usize = 96;

/// What forward and backward pass read of a network under training.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// Weights input-major, and biases.
    pub master: &'a [f32],
    /// Weights output-major.
    pub transposed: &'a [f32],
    /// By layer: what its gradients are rounded with, see [`rounded`].
    pub magic: &'a [f32],
}

/// Scratch memory of one thread.
pub struct Workspace {
    /// Samples that fit.
    pub samples: usize,
    activations: Vec<f32>,
    slopes: Vec<f32>,
    offsets: Vec<usize>,
    delta: [Vec<f32>; 2],
    skip: Vec<f32>,
    zeros: Vec<f32>,
    /// Coordinates of the tile, samples x inputs.
    pub coordinates: Vec<f32>,
    /// Targets of the tile.
    pub targets: Vec<f32>,
    /// Weights of the tile's squared errors.
    pub weights: Vec<f32>,
    outputs: Vec<f32>,
}

impl Workspace {
    /// For training. The tile is as large as keeps activations and slopes within about half of a second-level cache.
    pub(crate) fn for_training(packing: &Packing) -> Workspace {
        let per_sample: usize = packing.layers.iter().map(|l| l.width * 8).sum();
        let samples = ((512 << 10) / per_sample.max(1) / 24 * 24).clamp(24, 96);
        Workspace::new(packing, samples, true)
    }

    /// Whether it is one for training.
    pub(crate) fn keeps_slopes(&self) -> bool {
        !self.slopes.is_empty()
    }

    /// For decoding.
    pub(crate) fn for_decoding(packing: &Packing) -> Workspace {
        Workspace::new(packing, DECODE_TILE, false)
    }

    fn new(packing: &Packing, samples: usize, training: bool) -> Workspace {
        let widest = packing.layers.iter().map(|l| l.width.max(l.input_width)).max().unwrap_or(PAD);
        let mut offsets = Vec::new();
        let mut end = 0;
        for l in packing.layers.iter().filter(|l| !l.is_linear()) {
            offsets.push(end);
            end += samples * l.width;
        }
        let gradient_side = if training { samples * widest } else { 0 };
        Workspace {
            samples,
            activations: vec![0.0; end],
            slopes: vec![0.0; if training { end } else { 0 }],
            offsets,
            delta: [vec![0.0; gradient_side], vec![0.0; gradient_side]],
            skip: vec![0.0; gradient_side],
            zeros: vec![0.0; widest],
            coordinates: vec![0.0; samples * packing.inputs],
            targets: vec![0.0; samples],
            weights: vec![1.0; samples],
            outputs: vec![0.0; samples],
        }
    }
}

/// Forward pass over the first `n` samples of the workspace's coordinates; `SLOPES`: keeps what backward needs.
///
/// # Safety
/// As for [`Vector`]; `master` was packed by `packing`, the workspace made for it, `n <= samples`.
#[inline(always)]
unsafe fn forward<V: Vector, const SLOPES: bool>(packing: &Packing, master: &[f32], w: &mut Workspace, n: usize) {
    let mut input = Left { data: w.coordinates.as_ptr(), row: packing.inputs, step: 1 };
    let mut remembered = std::ptr::null::<f32>();
    for (index, l) in packing.layers.iter().enumerate() {
        // SAFETY: offsets and widths come from the packing that sized all buffers.
        unsafe {
            if l.is_linear() {
                let weights = master.as_ptr().add(l.master);
                let bias = master[l.biases];
                for s in 0..n {
                    w.outputs[s] = dot::<V>(weights, input.data.add(s * input.row), l.input_width) + bias;
                }
                return;
            }
            let out = w.activations.as_mut_ptr().add(w.offsets[index]);
            let size = Size { rows: n, columns: l.width, terms: l.inputs };
            let right = Rows { data: master.as_ptr().add(l.master), pitch: l.width };
            let bias = Rows { data: master.as_ptr().add(l.biases), pitch: 0 };
            if l.residual == Residual::Begin {
                remembered = input.data;
            }
            let Activation::Sine { omega } = l.activation else { unreachable!("linear layers return above") };
            let sine = Sine::<SLOPES> {
                omega,
                skip: if l.residual == Residual::End { remembered } else { std::ptr::null() },
                // Without slopes the address is never used.
                slopes: if SLOPES {
                    w.slopes.as_mut_ptr().wrapping_add(w.offsets[index])
                } else {
                    std::ptr::null_mut()
                },
                pitch: l.width,
            };
            product::<V, _>(size, input, right, bias, RowsMut { data: out, pitch: l.width }, sine);
            input = Left { data: out, row: l.width, step: 1 };
        }
    }
}

/// y = sin(omega z), or 0.5 (x + sin(omega z)) at the end of a residual block; slope = dy/dz.
#[derive(Clone, Copy)]
struct Sine<const SLOPES: bool> {
    omega: f32,
    /// x of the residual block, or null.
    skip: *const f32,
    slopes: *mut f32,
    pitch: usize,
}

// SAFETY: made in `forward`, for matrices of the layer's size.
unsafe impl<const SLOPES: bool> Epilogue for Sine<SLOPES> {
    #[inline(always)]
    unsafe fn finish<V: Vector>(self, z: *mut f32, row: usize, column: usize) {
        let at = row * self.pitch + column;
        // SAFETY: all matrices have the shape of the product.
        unsafe {
            // The product with 1 is exact, so leaving it out changes no bit.
            let x = V::load(z);
            let x = if self.omega == 1.0 { x } else { x.mul(V::splat(self.omega)) };
            let y = if SLOPES {
                let (s, c) = sin_cos(x);
                let scale = if self.skip.is_null() { self.omega } else { 0.5 * self.omega };
                let c = if scale == 1.0 { c } else { c.mul(V::splat(scale)) };
                c.store(self.slopes.add(at));
                s
            } else {
                sin(x)
            };
            let y = if self.skip.is_null() { y } else { V::load(self.skip.add(at)).add(y).mul(V::splat(0.5)) };
            y.store(z);
        }
    }
}

/// Sum over k of a[k] b[k] in PAD partial sums, k ascending, then the tree of [`Vector::sum_of_pad`].
#[inline(always)]
unsafe fn dot<V: Vector>(a: *const f32, b: *const f32, len: usize) -> f32 {
    // SAFETY: both are valid for `len` floats, a multiple of PAD.
    unsafe {
        let mut partial = [V::splat(0.0); 4];
        let registers = PAD / V::LANES;
        let mut k = 0;
        while k < len {
            for (r, p) in partial.iter_mut().enumerate().take(registers) {
                let at = k + r * V::LANES;
                *p = V::load(a.add(at)).mul_add(V::load(b.add(at)), *p);
            }
            k += PAD;
        }
        V::sum_of_pad(&partial[..registers])
    }
}

/// Forward and backward over the first `n` samples: adds to `gradient` (layout of `master`) the gradient of
/// `scale` * weighted sum of squared errors, and returns that sum.
///
/// # Safety
/// As for [`forward`]; all parameters and `gradient` belong to the same packing.
#[inline(always)]
pub unsafe fn gradient<V: Vector>(
    packing: &Packing,
    parameters: Parameters<'_>,
    gradient: &mut [f32],
    w: &mut Workspace,
    n: usize,
    scale: f32,
) -> f64 {
    let Parameters { master, transposed, magic } = parameters;
    // SAFETY: passed on from the caller.
    unsafe { forward::<V, true>(packing, master, w, n) };
    let mut squared = 0.0;
    for ((o, &t), &weight) in w.outputs[..n].iter_mut().zip(&w.targets).zip(&w.weights) {
        let e = *o - t;
        squared += f64::from(e) * f64::from(e) * f64::from(weight);
        *o = 2.0 * scale * e * weight;
    }
    let last = packing.layers.len() - 1;
    let l = &packing.layers[last];
    // SAFETY: as above, and `gradient` is laid out as `master`.
    unsafe { output_gradient::<V>(packing, master, w, n, magic[last], gradient.as_mut_ptr().add(l.master)) };
    gradient[l.biases] += w.outputs[..n].iter().sum::<f32>() + magic[last] - magic[last];
    for index in (0..last).rev() {
        let l = &packing.layers[index];
        // SAFETY: as above.
        unsafe {
            let delta = w.delta[0].as_ptr();
            let input = if index == 0 {
                Left { data: w.coordinates.as_ptr(), row: 1, step: packing.inputs }
            } else {
                Left { data: w.activations.as_ptr().add(w.offsets[index - 1]), row: 1, step: l.input_width }
            };
            let target = gradient.as_mut_ptr().add(l.master);
            let size = Size { rows: l.inputs, columns: l.width, terms: n };
            let rows = Rows { data: delta, pitch: l.width };
            let target = RowsMut { data: target, pitch: l.width };
            let zeros = Rows { data: w.zeros.as_ptr(), pitch: 0 };
            product::<V, _>(size, input, rows, zeros, target, AddRounded(magic[index]));
            add_columns::<V>(delta, n, l.width, magic[index], gradient.as_mut_ptr().add(l.biases));
            if index == 0 {
                break;
            }
            previous_delta::<V>(packing, transposed, w, index, n);
        }
    }
    squared
}

/// From the delta of a layer to that of the layer below it: dE/dy of that one, times its slope.
///
/// # Safety
/// As for [`forward`]; `index` is not 0.
#[inline(always)]
unsafe fn previous_delta<V: Vector>(packing: &Packing, transposed: &[f32], w: &mut Workspace, index: usize, n: usize) {
    let l = &packing.layers[index];
    // SAFETY: offsets and widths come from the packing that sized all buffers.
    unsafe {
        let size = Size { rows: n, columns: l.input_width, terms: l.outputs };
        let left = Left { data: w.delta[0].as_ptr(), row: l.width, step: 1 };
        let right = Rows { data: transposed.as_ptr().add(l.transposed), pitch: l.input_width };
        let zeros = Rows { data: w.zeros.as_ptr(), pitch: 0 };
        let begins = l.residual == Residual::Begin;
        let init = if begins { Rows { data: w.skip.as_ptr(), pitch: l.input_width } } else { zeros };
        let slopes = Rows { data: w.slopes.as_ptr().add(w.offsets[index - 1]), pitch: l.input_width };
        let out = RowsMut { data: w.delta[1].as_mut_ptr(), pitch: l.input_width };
        if packing.layers[index - 1].residual == Residual::End {
            // The plain gradient is needed too: half of it goes past the sine to the input of that block.
            let skip = w.skip.as_mut_ptr();
            product::<V, _>(size, left, right, init, RowsMut { data: skip, pitch: l.input_width }, Keep);
            split::<V>(skip, slopes.data, out.data, n * l.input_width);
        } else {
            product::<V, _>(size, left, right, init, out, Times(slopes));
        }
    }
    w.delta.swap(0, 1);
}

/// The network's value at the first `n` samples of the workspace's coordinates, and its derivatives by the coordinates, into
/// `out`: n x inputs, input fastest.
///
/// # Safety
/// As for [`forward`]; the workspace is one for training, `transposed` belongs to `master`.
#[inline(always)]
pub unsafe fn derivatives<V: Vector>(
    packing: &Packing,
    (master, transposed): (&[f32], &[f32]),
    w: &mut Workspace,
    values: &mut [f32],
    out: &mut [f32],
) {
    let n = values.len();
    // SAFETY: passed on from the caller.
    unsafe { forward::<V, true>(packing, master, w, n) };
    values.copy_from_slice(&w.outputs[..n]);
    w.outputs[..n].fill(1.0);
    let unused = w.delta[1].as_mut_ptr();
    // SAFETY: offsets and widths come from the packing that sized all buffers.
    unsafe {
        // What it says of the weights is not asked for.
        output_gradient::<V>(packing, master, w, n, 0.0, unused);
        for index in (1..packing.layers.len() - 1).rev() {
            previous_delta::<V>(packing, transposed, w, index, n);
        }
        let l = &packing.layers[0];
        for (s, out) in out.chunks_exact_mut(packing.inputs).enumerate().take(n) {
            let delta = w.delta[0].as_ptr().add(s * l.width);
            for (i, o) in out.iter_mut().enumerate() {
                *o = dot::<V>(master.as_ptr().add(l.master + i * l.width), delta, l.width);
            }
        }
    }
}

/// delta = skip * slope; skip *= 0.5.
#[inline(always)]
unsafe fn split<V: Vector>(skip: *mut f32, slope: *const f32, delta: *mut f32, len: usize) {
    // SAFETY: all pointers are valid for `len` floats, a multiple of PAD.
    unsafe {
        let half = V::splat(0.5);
        let mut i = 0;
        while i < len {
            let g = V::load(skip.add(i));
            g.mul(V::load(slope.add(i))).store(delta.add(i));
            g.mul(half).store(skip.add(i));
            i += V::LANES;
        }
    }
}

/// Backward through the linear output layer, from the errors that stand as outputs: adds its weight gradient to `target`, and leaves
/// the delta of the layer below.
///
/// # Safety
/// As for [`forward`]; `target` holds a row of weights of that layer.
#[inline(always)]
unsafe fn output_gradient<V: Vector>(
    packing: &Packing,
    master: &[f32],
    w: &mut Workspace,
    n: usize,
    magic: f32,
    target: *mut f32,
) {
    let last = packing.layers.len() - 1;
    let (l, previous) = (&packing.layers[last], w.offsets[last - 1]);
    let (width, errors) = (l.input_width, &w.outputs[..n]);
    // SAFETY: offsets and widths come from the packing that sized all buffers.
    unsafe {
        let (y, slope) = (w.activations.as_ptr().add(previous), w.slopes.as_ptr().add(previous));
        // An output layer that follows a residual block passes its gradient past the sine as well.
        let past = packing.layers[last - 1].residual == Residual::End;
        let skip = if past { w.skip.as_mut_ptr() } else { std::ptr::null_mut() };
        let (weights, delta) = (master.as_ptr().add(l.master), w.delta[0].as_mut_ptr());
        let half = V::splat(0.5);
        let mut c = 0;
        while c < width {
            let weight = V::load(weights.add(c));
            let mut sum = V::splat(0.0);
            for (s, &e) in errors.iter().enumerate() {
                let at = s * width + c;
                let e = V::splat(e);
                sum = e.mul_add(V::load(y.add(at)), sum);
                let g = e.mul(weight);
                g.mul(V::load(slope.add(at))).store(delta.add(at));
                if !skip.is_null() {
                    g.mul(half).store(skip.add(at));
                }
            }
            V::load(target.add(c)).add(rounded(sum, magic)).store(target.add(c));
            c += V::LANES;
        }
    }
}

/// Adds the column sums of an n x width matrix.
#[inline(always)]
unsafe fn add_columns<V: Vector>(matrix: *const f32, n: usize, width: usize, magic: f32, target: *mut f32) {
    // SAFETY: matrix holds n rows of `width` floats, target one.
    unsafe {
        let mut c = 0;
        while c < width {
            let mut sum = V::splat(0.0);
            for s in 0..n {
                sum = sum.add(V::load(matrix.add(s * width + c)));
            }
            V::load(target.add(c)).add(rounded(sum, magic)).store(target.add(c));
            c += V::LANES;
        }
    }
}

/// Evaluates the first `n` samples of the workspace's coordinates into `out`.
///
/// # Safety
/// As for [`forward`].
#[inline(always)]
pub unsafe fn decode<V: Vector>(packing: &Packing, master: &[f32], w: &mut Workspace, n: usize, out: &mut [f32]) {
    // SAFETY: passed on from the caller.
    unsafe { forward::<V, false>(packing, master, w, n) };
    out[..n].copy_from_slice(&w.outputs[..n]);
}
