//! What the kernels need of a SIMD register, and the one definition of their arithmetic.

/// Widths of all packed matrices are multiples of this many floats: the widest register in use.
pub const PAD: usize = 16;

/// A register of `LANES` single-precision numbers.
///
/// Every operation is the IEEE 754 one in every lane, `mul_add` rounds once. So code that is generic over
/// `Vector` and never mixes lanes gives the same bits on every instruction set.
///
/// # Safety
/// Methods may only be called on a CPU that has the instruction set of the implementation, from a function
/// compiled with it enabled; pointers must be valid for `LANES` floats (no alignment needed).
pub unsafe trait Vector: Copy {
    /// Floats per register: 4, 8 or 16; a divisor of [`PAD`].
    const LANES: usize;
    /// Number of architectural registers, for the shape of the register block.
    const REGISTERS: usize;

    /// All lanes the same.
    unsafe fn splat(x: f32) -> Self;
    /// Loads `LANES` floats.
    unsafe fn load(p: *const f32) -> Self;
    /// Stores `LANES` floats.
    unsafe fn store(self, p: *mut f32);
    /// self + o.
    unsafe fn add(self, o: Self) -> Self;
    /// self - o.
    unsafe fn sub(self, o: Self) -> Self;
    /// self * o.
    unsafe fn mul(self, o: Self) -> Self;
    /// self / o.
    unsafe fn div(self, o: Self) -> Self;
    /// Square root.
    unsafe fn sqrt(self) -> Self;
    /// self * m + a with one rounding.
    unsafe fn mul_add(self, m: Self, a: Self) -> Self;
    /// Flips the sign of lanes in which the lowest mantissa bit of `parity` is set.
    unsafe fn flip_sign_if_odd(self, parity: Self) -> Self;
    /// Sum of `PAD` lanes spread over `PAD / LANES` registers, in the order
    /// (i, i+8), (i, i+4), (i, i+2), (i, i+1) on every instruction set.
    unsafe fn sum_of_pad(p: &[Self]) -> f32;
}

/// Adding and subtracting 1.5 * 2^23 rounds to the nearest integer, ties to even, and leaves that integer's
/// parity in the lowest mantissa bit.
const ROUND: f32 = 12_582_912.0;
const PI_HIGH: f32 = std::f32::consts::PI;
/// pi - PI_HIGH, rounded to single precision.
const PI_LOW: f32 = -8.742_278e-8;

// Minimax polynomials in r^2 on |r| <= pi/2 (weighted least squares iterated to equal ripple):
// sin r = r + r^3 S(r^2), error below 5e-9; cos r = 1 + r^2 C(r^2), error below 6e-8 (only gradients use it).
const S: [f32; 4] = [-0.166_666_57, 0.008_333_016, -0.000_198_065_48, 2.599_903_2e-6];
const C: [f32; 4] = [-0.499_999_3, 0.041_663_98, -0.001_385_586_2, 2.319_282_8e-5];

/// x = k pi + r with |r| <= pi/2: returns (r, register whose lowest bit is the parity of k).
#[inline(always)]
unsafe fn reduce<V: Vector>(x: V) -> (V, V) {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let shifted = x.mul_add(V::splat(std::f32::consts::FRAC_1_PI), V::splat(ROUND));
        let k = shifted.sub(V::splat(ROUND));
        let r = k.mul_add(V::splat(-PI_HIGH), x);
        (k.mul_add(V::splat(-PI_LOW), r), shifted)
    }
}

/// sin(x), absolute error below 2e-7 for |x| < 1e4. Part of the decode arithmetic of the file format.
///
/// # Safety
/// As for [`Vector`].
#[inline(always)]
pub unsafe fn sin<V: Vector>(x: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (r, parity) = reduce(x);
        sin_reduced(r, r.mul(r)).flip_sign_if_odd(parity)
    }
}

#[inline(always)]
unsafe fn sin_reduced<V: Vector>(r: V, r2: V) -> V {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let p = V::splat(S[3]).mul_add(r2, V::splat(S[2]));
        let p = p.mul_add(r2, V::splat(S[1])).mul_add(r2, V::splat(S[0]));
        r.mul(r2).mul_add(p, r)
    }
}

/// (sin(x), cos(x)); the sine has the bits of [`sin`].
///
/// # Safety
/// As for [`Vector`].
#[inline(always)]
pub unsafe fn sin_cos<V: Vector>(x: V) -> (V, V) {
    // SAFETY: the caller vouches for the instruction set.
    unsafe {
        let (r, parity) = reduce(x);
        let r2 = r.mul(r);
        let q = V::splat(C[3]).mul_add(r2, V::splat(C[2]));
        let q = q.mul_add(r2, V::splat(C[1])).mul_add(r2, V::splat(C[0]));
        let cos = q.mul_add(r2, V::splat(1.0));
        (sin_reduced(r, r2).flip_sign_if_odd(parity), cos.flip_sign_if_odd(parity))
    }
}
