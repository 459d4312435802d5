//! Counter-based random numbers: the n-th number of a stream is a function of (key, n) alone, so any thread
//! can draw its share of a batch and the result does not depend on who drew what.

/// A stream of random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    key: u64,
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A bijective mixing of 64 bits (two xorshift-multiply rounds, as in SplitMix64's output function).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Random {
    /// The stream that belongs to a tuple of numbers, such as (seed, variable, block, step).
    pub fn new(key: &[u64]) -> Random {
        Random { key: key.iter().fold(GOLDEN, |k, &part| mix(k ^ mix(part.wrapping_add(GOLDEN)))) }
    }

    /// The n-th 64 random bits.
    pub fn bits(&self, n: u64) -> u64 {
        mix(mix(self.key.wrapping_add(n.wrapping_mul(GOLDEN))) ^ self.key)
    }

    /// The n-th number in [0, 1), a multiple of 2^-53.
    pub fn uniform(&self, n: u64) -> f64 {
        (self.bits(n) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// The n-th integer in 0..bound (bias below bound / 2^64).
    pub fn below(&self, n: u64, bound: u64) -> u64 {
        ((u128::from(self.bits(n)) * u128::from(bound)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_fill_the_interval() {
        let (a, b) = (Random::new(&[1, 2]), Random::new(&[2, 1]));
        assert_ne!(a.bits(0), b.bits(0));
        let n = 100_000;
        let (mut mean, mut square) = (0.0, 0.0);
        let mut cells = [0usize; 64];
        for i in 0..n {
            let u = a.uniform(i);
            assert!((0.0..1.0).contains(&u));
            mean += u / n as f64;
            square += u * u / n as f64;
            cells[a.below(i, 64) as usize] += 1;
        }
        assert!((mean - 0.5).abs() < 5e-3 && (square - 1.0 / 3.0).abs() < 5e-3);
        assert!(cells.iter().all(|&c| (1400..1730).contains(&c)), "{cells:?}");
    }
}
