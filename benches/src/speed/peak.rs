//! The multiply-add peak: independent fused multiply-adds on registers, nothing loaded or stored, on every thread
//! of the pool and with the instruction set of the kernels. What no kernel on these cores can exceed.

use std::hint::black_box;

use limbeck_network::Kernel;
use rayon::ThreadPool;

use super::contender::{Contender, Spent, repeat};
use crate::Result;

/// Chains of dependent multiply-adds that run side by side: latency (4 to 5) times two units, with some to spare.
const CHAINS: usize = 16;
/// Multiply-adds per chain and call: about a millisecond, as long as a training step, so that both meet the same
/// interruptions.
const LENGTH: usize = 500_004;

/// The peak as a contender: its amount is operations, a multiply-add being two, on the whole pool.
pub struct Peak<'a> {
    kernel: Kernel,
    pool: &'a ThreadPool,
}

impl<'a> Peak<'a> {
    pub fn new(kernel: Kernel, pool: &'a ThreadPool) -> Peak<'a> {
        Peak { kernel, pool }
    }
}

impl Contender for Peak<'_> {
    fn prepare(&mut self, _batch: usize) -> Result<()> {
        Ok(())
    }

    fn work(&mut self, seconds: f64) -> Spent {
        let numbers = self.pool.current_num_threads() * width(self.kernel);
        repeat(seconds, 2.0 * (numbers * CHAINS * LENGTH) as f64, || {
            self.pool.broadcast(|_| run(self.kernel));
        })
    }
}

/// Numbers in a register.
fn width(kernel: Kernel) -> usize {
    match kernel {
        Kernel::Avx512 => 16,
        Kernel::Avx2 => 8,
        Kernel::Neon | Kernel::Portable => 4,
    }
}

/// Runs all chains on this thread.
fn run(kernel: Kernel) {
    let sum = match kernel {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: kernels are handed out for processors that have their instructions (`Kernel::available`).
        Kernel::Avx512 => unsafe { x86::avx512() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Kernel::Avx2 => unsafe { x86::avx2() },
        _ => portable(),
    };
    black_box(sum);
}

/// Multiplier and addend that let values settle at 1, far from denormals and infinities. Opaque, so that nothing
/// can be worked out at compile time.
fn constants() -> (f32, f32) {
    (black_box(0.5), black_box(0.5))
}

/// Four numbers per register, as every processor with vectors has; fused where the target says so.
fn portable() -> f32 {
    const FUSED: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));
    let (factor, addend) = constants();
    let mut chains = [[1.5f32; 4]; CHAINS];
    for _ in 0..LENGTH {
        chains = chains.map(|c| c.map(|v| if FUSED { v.mul_add(factor, addend) } else { v * factor + addend }));
    }
    chains.iter().flatten().sum()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::{CHAINS, LENGTH, constants};

    /// Names every chain, so that each has a register from the first to the last iteration.
    macro_rules! chains {
        ($steps:expr, $start:expr, $step:expr, $add:expr, $($chain:ident)*) => {{
            $(let mut $chain = $start;)*
            for _ in 0..$steps {
                $($chain = $step($chain);)*
            }
            let mut sum = $start;
            $(sum = $add(sum, $chain);)*
            sum
        }};
    }

    /// # Safety
    /// Needs AVX-512F.
    #[target_feature(enable = "avx512f")]
    pub unsafe fn avx512() -> f32 {
        let (factor, addend) = constants();
        let (factor, addend) = (_mm512_set1_ps(factor), _mm512_set1_ps(addend));
        let start = _mm512_set1_ps(constants().0);
        let step = |c| _mm512_fmadd_ps(c, factor, addend);
        let add = |a, b| _mm512_add_ps(a, b);
        let sum = chains!(LENGTH, std::hint::black_box(start), step, add, a b c d e f g h i j k l m n o p);
        _mm512_reduce_add_ps(sum)
    }

    /// # Safety
    /// Needs AVX2 and FMA. With 16 registers, 12 chains and two constants stay in them.
    #[target_feature(enable = "avx2,fma")]
    pub unsafe fn avx2() -> f32 {
        let (factor, addend) = constants();
        let (factor, addend) = (_mm256_set1_ps(factor), _mm256_set1_ps(addend));
        let start = _mm256_set1_ps(constants().0);
        let step = |c| _mm256_fmadd_ps(c, factor, addend);
        let add = |a, b| _mm256_add_ps(a, b);
        let steps = LENGTH * CHAINS / 12;
        let sum = chains!(steps, std::hint::black_box(start), step, add, a b c d e f g h i j k l);
        _mm_cvtss_f32(_mm256_castps256_ps128(sum))
    }
}
