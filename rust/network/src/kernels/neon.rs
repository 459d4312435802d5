//! NEON registers (part of every aarch64 CPU).

use std::arch::aarch64::*;

use super::vector::Vector;

/// Four floats.
#[derive(Clone, Copy)]
pub struct Neon(float32x4_t);

// SAFETY: NEON is part of the aarch64 baseline.
unsafe impl Vector for Neon {
    const LANES: usize = 4;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vdupq_n_f32(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vld1q_f32(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: see the trait.
        unsafe { vst1q_f32(p, self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vaddq_f32(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vsubq_f32(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vmulq_f32(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn div(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vdivq_f32(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vsqrtq_f32(self.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, m: Self, a: Self) -> Self {
        // SAFETY: see the trait.
        Neon(unsafe { vfmaq_f32(a.0, self.0, m.0) })
    }
    #[inline(always)]
    unsafe fn flip_sign_if_odd(self, parity: Self) -> Self {
        // SAFETY: see the trait.
        unsafe {
            let sign = vshlq_n_u32::<31>(vreinterpretq_u32_f32(parity.0));
            Neon(vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(self.0), sign)))
        }
    }
    #[inline(always)]
    unsafe fn sum_of_pad(p: &[Self]) -> f32 {
        // SAFETY: see the trait.
        unsafe {
            let b = vaddq_f32(vaddq_f32(p[0].0, p[2].0), vaddq_f32(p[1].0, p[3].0));
            let lane: [f32; 4] = std::mem::transmute(b);
            (lane[0] + lane[2]) + (lane[1] + lane[3])
        }
    }
}
