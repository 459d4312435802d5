//! NEON registers against portable ones, to the bit: compiled for aarch64 and run under qemu by `ci/neon`.
//! Stands apart from cargo's tests, because it is built with another toolchain.
#![allow(dead_code)]

#[path = "../../src/kernels/neon.rs"]
mod neon;
#[path = "../../src/kernels/portable.rs"]
mod portable;
#[path = "../../src/kernels/vector.rs"]
mod vector;

use vector::{PAD, Vector};

/// Every operation on a few hundred numbers.
///
/// # Safety
/// As for [`Vector`].
unsafe fn results<V: Vector>() -> Vec<u32> {
    let x: Vec<f32> = (0..256).map(|i| (i as f32 - 127.3) * 1.7).collect();
    let y: Vec<f32> = (0..256).map(|i| (i as f32 * 0.37 + 0.1).sqrt()).collect();
    let mut out = Vec::new();
    let mut keep = |f: &dyn Fn(V, V) -> V| {
        for i in (0..256).step_by(V::LANES) {
            let mut lanes = [0.0f32; PAD];
            // SAFETY: i + LANES <= 256; a register has at most PAD lanes.
            unsafe { f(V::load(x.as_ptr().add(i)), V::load(y.as_ptr().add(i))).store(lanes.as_mut_ptr()) };
            out.extend(lanes[..V::LANES].iter().map(|v| v.to_bits()));
        }
    };
    // SAFETY: NEON and plain arithmetic are available wherever this runs.
    unsafe {
        keep(&|a, b| a.add(b));
        keep(&|a, b| a.sub(b));
        keep(&|a, b| a.mul(b));
        keep(&|a, b| a.div(b));
        keep(&|_, b| b.sqrt());
        keep(&|a, b| a.mul_add(b, V::splat(0.3)));
        keep(&|a, b| a.flip_sign_if_odd(b));
        keep(&|a, _| vector::sin(a));
        keep(&|a, _| vector::sin_cos(a).0);
        keep(&|a, _| vector::sin_cos(a).1);
        for first in (0..256).step_by(PAD) {
            let row: Vec<V> = (0..PAD / V::LANES).map(|r| V::load(x.as_ptr().add(first + r * V::LANES))).collect();
            out.push(V::sum_of_pad(&row).to_bits());
        }
    }
    out
}

fn main() {
    // SAFETY: NEON is part of the aarch64 baseline, plain arithmetic of every CPU.
    let (neon, portable) = unsafe { (results::<neon::Neon>(), results::<portable::Portable>()) };
    assert_eq!(neon, portable);
    println!("NEON and portable agree to the bit on {} results", neon.len());
}
