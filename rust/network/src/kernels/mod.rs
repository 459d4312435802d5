//! Fused CPU kernels, the instruction set chosen at run time.
//!
//! The only `unsafe` code of the crate stands here. The bodies are generic over [`vector::Vector`] and compiled
//! once per instruction set; all of them give the same bits.

#[cfg(feature = "gpu")]
pub(crate) mod gpu;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
// Rows and columns of a register block are numbered alike in several arrays.
#[allow(clippy::needless_range_loop)]
mod product;
mod tile;
mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use tile::{Parameters, Workspace};
pub(crate) use vector::PAD;

use crate::optimiser::AdamStep;
use crate::packed::Packing;
use product::{Keep, Left, Rows, RowsMut, Size, product};
use vector::Vector;

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// 512-bit registers (AVX-512F).
    Avx512,
    /// 256-bit registers (AVX2 and FMA).
    Avx2,
    /// 128-bit registers of aarch64.
    Neon,
    /// No assumption about the CPU.
    Portable,
}

impl Kernel {
    /// Those that this CPU can run, fastest first.
    pub fn available() -> Vec<Kernel> {
        [Kernel::Avx512, Kernel::Avx2, Kernel::Neon, Kernel::Portable]
            .into_iter()
            .filter(|k| k.is_available())
            .collect()
    }

    /// Whether this CPU can run it.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            Kernel::Neon => cfg!(target_arch = "aarch64"),
            Kernel::Portable => true,
            #[cfg(not(target_arch = "x86_64"))]
            Kernel::Avx512 | Kernel::Avx2 => false,
        }
    }

    /// The fastest one; `LIMBECK_KERNEL=avx512|avx2|neon|portable` asks for another that the CPU has.
    pub fn best() -> Kernel {
        static BEST: std::sync::OnceLock<Kernel> = std::sync::OnceLock::new();
        *BEST.get_or_init(|| {
            let list = Kernel::available();
            let wanted = std::env::var("LIMBECK_KERNEL").unwrap_or_default();
            list.iter().copied().find(|k| k.name() == wanted).unwrap_or(list[0])
        })
    }

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Avx512 => "avx512",
            Kernel::Avx2 => "avx2",
            Kernel::Neon => "neon",
            Kernel::Portable => "portable",
        }
    }
}

/// Defines a safe function that runs a generic body with the instruction set of a [`Kernel`].
macro_rules! dispatch {
    ($(#[$doc:meta])* $name:ident => $body:ident, ($($arg:ident: $type:ty),*) $(-> $ret:ty)?) => {
        $(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        pub(crate) fn $name(kernel: Kernel, $($arg: $type),*) $(-> $ret)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            unsafe fn avx512($($arg: $type),*) $(-> $ret)? {
                // SAFETY: compiled for AVX-512F; the operands are checked below.
                unsafe { $body::<x86::Avx512>($($arg),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $type),*) $(-> $ret)? {
                // SAFETY: compiled for AVX2 and FMA; the operands are checked below.
                unsafe { $body::<x86::Avx2>($($arg),*) }
            }
            assert!(kernel.is_available(), "{} is not available on this CPU", kernel.name());
            // SAFETY: the CPU has the instruction set; each body checks its operands' lengths.
            unsafe {
                match kernel {
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx512 => avx512($($arg),*),
                    #[cfg(target_arch = "x86_64")]
                    Kernel::Avx2 => avx2($($arg),*),
                    #[cfg(target_arch = "aarch64")]
                    Kernel::Neon => $body::<neon::Neon>($($arg),*),
                    _ => $body::<portable::Portable>($($arg),*),
                }
            }
        }
    };
}

dispatch! {
    /// Adds the gradient of `scale` times the sum of squared errors over `n` samples of the workspace, rounded with the magic
    /// number of each layer (0: not rounded).
    gradient => checked_gradient,
    (packing: &Packing, parameters: Parameters<'_>, target: &mut [f32], w: &mut Workspace, n: usize, scale: f32) -> f64
}
dispatch! {
    /// Evaluates `n` samples of the workspace.
    decode => checked_decode, (packing: &Packing, master: &[f32], w: &mut Workspace, n: usize, out: &mut [f32])
}
dispatch! {
    /// Values at the first samples of the workspace, and derivatives by the coordinates, n x inputs; parameters as they are and
    /// transposed.
    derivatives => checked_derivatives,
    (packing: &Packing, parameters: (&[f32], &[f32]), w: &mut Workspace, values: &mut [f32], out: &mut [f32])
}
dispatch! {
    /// c = a b: `a` rows x terms with `a_pitch` floats per row, `b` terms x columns and `c` rows x columns
    /// contiguous, columns a multiple of PAD.
    multiply => checked_multiply,
    (a: &[f32], a_pitch: usize, b: &[f32], c: &mut [f32], rows: usize, terms: usize, columns: usize)
}
dispatch! {
    /// One step of Adam on a slice.
    adam => checked_adam,
    (step: AdamStep, parameters: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32])
}

#[inline(always)]
unsafe fn checked_gradient<V: Vector>(
    packing: &Packing,
    parameters: Parameters<'_>,
    target: &mut [f32],
    w: &mut Workspace,
    n: usize,
    scale: f32,
) -> f64 {
    let Parameters { master, transposed, magic } = parameters;
    assert!(master.len() == packing.master_len && target.len() == packing.master_len);
    assert!(magic.len() == packing.layers.len());
    assert!(transposed.len() == packing.transposed_len && n <= w.samples);
    // SAFETY: the lengths fit; the caller vouches for the instruction set.
    unsafe { tile::gradient::<V>(packing, parameters, target, w, n, scale) }
}

#[inline(always)]
unsafe fn checked_decode<V: Vector>(packing: &Packing, master: &[f32], w: &mut Workspace, n: usize, out: &mut [f32]) {
    assert!(master.len() == packing.master_len && n <= w.samples && n <= out.len());
    // SAFETY: the lengths fit; the caller vouches for the instruction set.
    unsafe { tile::decode::<V>(packing, master, w, n, out) }
}

#[inline(always)]
unsafe fn checked_derivatives<V: Vector>(
    packing: &Packing,
    parameters: (&[f32], &[f32]),
    w: &mut Workspace,
    values: &mut [f32],
    out: &mut [f32],
) {
    assert!(parameters.0.len() == packing.master_len && parameters.1.len() == packing.transposed_len);
    assert!(w.keeps_slopes() && values.len() <= w.samples);
    assert!(values.len() * packing.inputs <= out.len());
    // SAFETY: the lengths fit; the caller vouches for the instruction set.
    unsafe { tile::derivatives::<V>(packing, parameters, w, values, out) }
}

#[inline(always)]
unsafe fn checked_multiply<V: Vector>(
    a: &[f32],
    a_pitch: usize,
    b: &[f32],
    c: &mut [f32],
    rows: usize,
    terms: usize,
    columns: usize,
) {
    assert!(terms <= a_pitch && a.len() >= rows * a_pitch && b.len() >= terms * columns && c.len() >= rows * columns);
    assert!(columns.is_multiple_of(PAD));
    c[..rows * columns].fill(0.0);
    let init = Rows { data: c.as_ptr(), pitch: columns };
    let left = Left { data: a.as_ptr(), row: a_pitch, step: 1 };
    let right = Rows { data: b.as_ptr(), pitch: columns };
    let out = RowsMut { data: c.as_mut_ptr(), pitch: columns };
    // SAFETY: the lengths fit; the caller vouches for the instruction set.
    unsafe { product::<V, _>(Size { rows, columns, terms }, left, right, init, out, Keep) }
}

#[inline(always)]
unsafe fn checked_adam<V: Vector>(
    step: AdamStep,
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let len = parameters.len();
    assert!(gradient.len() == len && first.len() == len && second.len() == len && len.is_multiple_of(PAD));
    let mut i = 0;
    // SAFETY: i + LANES <= len in every round; the caller vouches for the instruction set.
    unsafe {
        let (keep1, keep2) = (V::splat(step.beta1), V::splat(step.beta2));
        let (take1, take2) = (V::splat(1.0 - step.beta1), V::splat(1.0 - step.beta2));
        let (rate, correct2, epsilon) =
            (V::splat(step.rate / step.correction1), V::splat(1.0 / step.correction2), V::splat(step.epsilon));
        while i < len {
            let g = V::load(gradient.as_ptr().add(i));
            let m = keep1.mul_add(V::load(first.as_ptr().add(i)), take1.mul(g));
            let v = keep2.mul_add(V::load(second.as_ptr().add(i)), take2.mul(g.mul(g)));
            m.store(first.as_mut_ptr().add(i));
            v.store(second.as_mut_ptr().add(i));
            let update = rate.mul(m).div(v.mul(correct2).sqrt().add(epsilon));
            let p = V::load(parameters.as_ptr().add(i)).sub(update);
            p.store(parameters.as_mut_ptr().add(i));
            i += V::LANES;
        }
    }
}
