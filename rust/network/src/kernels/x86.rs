//! AVX-512 and AVX2+FMA registers.

use std::arch::x86_64::*;

use super::vector::Vector;

/// Sixteen floats; needs AVX-512F.
#[derive(Clone, Copy)]
pub struct Avx512(__m512);

/// Eight floats; needs AVX2 and FMA.
#[derive(Clone, Copy)]
pub struct Avx2(__m256);

/// Sum of four lanes: (0+2) + (1+3).
#[inline(always)]
unsafe fn sum4(b: __m128) -> f32 {
    // SAFETY: SSE is part of x86-64.
    unsafe {
        let c = _mm_add_ps(b, _mm_movehl_ps(b, b));
        _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps::<1>(c, c)))
    }
}

/// Sum of eight lanes: (i, i+4) first.
#[inline(always)]
unsafe fn sum8(a: __m256) -> f32 {
    // SAFETY: the caller has AVX.
    unsafe { sum4(_mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a))) }
}

// SAFETY: all methods use AVX-512F only (the 256-bit halves are AVX, which it implies).
unsafe impl Vector for Avx512 {
    const LANES: usize = 16;
    const REGISTERS: usize = 32;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: see the trait.
        unsafe { _mm512_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_add_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_sub_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_mul_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn div(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_div_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, m: Self, a: Self) -> Self {
        // SAFETY: see the trait.
        Avx512(unsafe { _mm512_fmadd_ps(self.0, m.0, a.0) })
    }
    #[inline(always)]
    unsafe fn flip_sign_if_odd(self, parity: Self) -> Self {
        // SAFETY: see the trait.
        unsafe {
            let sign = _mm512_slli_epi32::<31>(_mm512_castps_si512(parity.0));
            Avx512(_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(self.0), sign)))
        }
    }
    #[inline(always)]
    unsafe fn sum_of_pad(p: &[Self]) -> f32 {
        // SAFETY: see the trait.
        unsafe {
            let high = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(p[0].0)));
            sum8(_mm256_add_ps(_mm512_castps512_ps256(p[0].0), high))
        }
    }
}

// SAFETY: all methods use AVX2 and FMA only.
unsafe impl Vector for Avx2 {
    const LANES: usize = 8;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_loadu_ps(p) })
    }
    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: see the trait.
        unsafe { _mm256_storeu_ps(p, self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_add_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_sub_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_mul_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn div(self, o: Self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_div_ps(self.0, o.0) })
    }
    #[inline(always)]
    unsafe fn sqrt(self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_sqrt_ps(self.0) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, m: Self, a: Self) -> Self {
        // SAFETY: see the trait.
        Avx2(unsafe { _mm256_fmadd_ps(self.0, m.0, a.0) })
    }
    #[inline(always)]
    unsafe fn flip_sign_if_odd(self, parity: Self) -> Self {
        // SAFETY: see the trait.
        unsafe {
            let sign = _mm256_slli_epi32::<31>(_mm256_castps_si256(parity.0));
            Avx2(_mm256_castsi256_ps(_mm256_xor_si256(_mm256_castps_si256(self.0), sign)))
        }
    }
    #[inline(always)]
    unsafe fn sum_of_pad(p: &[Self]) -> f32 {
        // SAFETY: see the trait.
        unsafe { sum8(_mm256_add_ps(p[0].0, p[1].0)) }
    }
}
