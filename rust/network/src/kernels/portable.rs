//! Registers as plain arrays: correct everywhere, and what the others are tested against.

use super::vector::Vector;

/// Eight floats.
#[derive(Clone, Copy)]
pub struct Portable([f32; 8]);

#[inline(always)]
fn map(a: Portable, b: Portable, f: impl Fn(f32, f32) -> f32) -> Portable {
    Portable(std::array::from_fn(|i| f(a.0[i], b.0[i])))
}

// SAFETY: plain arithmetic, available on every CPU.
unsafe impl Vector for Portable {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Portable([x; 8])
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller vouches for 8 floats at p.
        Portable(unsafe { p.cast::<[f32; 8]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller vouches for 8 floats at p.
        unsafe { p.cast::<[f32; 8]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, o: Self) -> Self {
        map(self, o, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, o: Self) -> Self {
        map(self, o, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, o: Self) -> Self {
        map(self, o, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, o: Self) -> Self {
        map(self, o, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        Portable(self.0.map(f32::sqrt))
    }
    #[inline(always)]
    unsafe fn mul_add(self, m: Self, a: Self) -> Self {
        Portable(std::array::from_fn(|i| self.0[i].mul_add(m.0[i], a.0[i])))
    }
    #[inline(always)]
    unsafe fn flip_sign_if_odd(self, parity: Self) -> Self {
        map(self, parity, |x, p| f32::from_bits(x.to_bits() ^ (p.to_bits() << 31)))
    }
    #[inline(always)]
    unsafe fn sum_of_pad(p: &[Self]) -> f32 {
        let a: [f32; 8] = std::array::from_fn(|i| p[0].0[i] + p[1].0[i]);
        let b: [f32; 4] = std::array::from_fn(|i| a[i] + a[i + 4]);
        (b[0] + b[2]) + (b[1] + b[3])
    }
}
