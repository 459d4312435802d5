//! An adaptive binary range coder (Martin 1979; carry handling with a byte cache as is usual since LZMA).

/// Probability of a 0 bit, learned from the bits seen: the mean of a fast and a slow running average,
/// both in units of 2^-16.
#[derive(Clone, Copy, Debug)]
pub struct AdaptiveBit {
    fast: u16,
    slow: u16,
}

impl Default for AdaptiveBit {
    fn default() -> Self {
        AdaptiveBit { fast: 1 << 15, slow: 1 << 15 }
    }
}

const FAST: u16 = 4;
const SLOW: u16 = 7;

impl Predict for AdaptiveBit {
    fn zero(&self) -> u32 {
        ((u32::from(self.fast) + u32::from(self.slow)) / 2).clamp(32, 65_504)
    }

    fn learn(&mut self, bit: bool) {
        for (p, rate) in [(&mut self.fast, FAST), (&mut self.slow, SLOW)] {
            if bit {
                *p -= *p >> rate;
            } else {
                *p += (u16::MAX - *p) >> rate;
            }
        }
    }
}

/// Probability of a bit, for the coder.
pub trait Predict {
    /// That of a 0, in units of 2^-16: 1 to 2^16 - 1.
    fn zero(&self) -> u32;
    /// Takes note of the bit that came.
    fn learn(&mut self, bit: bool);
}

/// Probability of a 0 bit as the mean of the bits seen, the last [`MEMORY`] of them counting most: for many bits of one kind,
/// above all where one value is rare.
#[derive(Clone, Copy, Debug)]
pub struct Bit {
    /// In units of 2^-28.
    zero: u32,
    seen: u32,
}

const MEMORY: u32 = 400;
const ONE: u32 = 1 << 28;

impl Default for Bit {
    fn default() -> Self {
        Bit { zero: ONE / 2, seen: 0 }
    }
}

impl Predict for Bit {
    fn zero(&self) -> u32 {
        (self.zero >> 12).clamp(3, 65_533)
    }

    fn learn(&mut self, bit: bool) {
        let divisor = self.seen + 2;
        if bit {
            self.zero -= self.zero / divisor;
        } else {
            self.zero += (ONE - self.zero) / divisor;
        }
        self.seen = (self.seen + 1).min(MEMORY);
    }
}

/// Writes bits.
pub struct Encoder {
    low: u64,
    range: u32,
    cache: u8,
    pending: u64,
    bytes: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder { low: 0, range: u32::MAX, cache: 0, pending: 1, bytes: Vec::new() }
    }
}

impl Encoder {
    /// Writes a bit with a learned probability.
    pub fn bit(&mut self, model: &mut impl Predict, bit: bool) {
        let split = (self.range >> 16) * model.zero();
        self.narrow(split, bit);
        model.learn(bit);
    }

    /// Writes the lowest `count` bits of `value`, highest first, as they are.
    pub fn raw(&mut self, value: u32, count: u32) {
        for i in (0..count).rev() {
            self.narrow(self.range >> 1, value >> i & 1 == 1);
        }
    }

    fn narrow(&mut self, split: u32, bit: bool) {
        if bit {
            self.low += u64::from(split);
            self.range -= split;
        } else {
            self.range = split;
        }
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.shift();
        }
    }

    fn shift(&mut self) {
        if self.low < 0xff00_0000 || self.low > u64::from(u32::MAX) {
            let carry = (self.low >> 32) as u8;
            self.bytes.push(self.cache.wrapping_add(carry));
            for _ in 1..self.pending {
                self.bytes.push(0xffu8.wrapping_add(carry));
            }
            self.cache = (self.low >> 24) as u8;
            self.pending = 1;
        } else {
            self.pending += 1;
        }
        self.low = (self.low << 8) & 0xffff_ffff;
    }

    /// Ends the stream; trailing zero bytes are dropped, a [`Decoder`] supplies them.
    pub fn finish(mut self) -> Vec<u8> {
        for _ in 0..5 {
            self.shift();
        }
        while self.bytes.last() == Some(&0) {
            self.bytes.pop();
        }
        // The first byte is the cache's initial 0, which no carry can reach.
        self.bytes.drain(..1.min(self.bytes.len()));
        self.bytes
    }
}

/// Reads bits back. Past its end the stream goes on with zeros, so damaged bytes give wrong numbers, never a
/// failure: the container's checksums tell.
pub struct Decoder<'a> {
    code: u32,
    range: u32,
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Decoder<'a> {
    /// Begins to read.
    pub fn new(bytes: &'a [u8]) -> Decoder<'a> {
        let mut d = Decoder { code: 0, range: u32::MAX, bytes: bytes.iter() };
        for _ in 0..4 {
            d.code = d.code << 8 | d.next();
        }
        d
    }

    fn next(&mut self) -> u32 {
        u32::from(self.bytes.next().copied().unwrap_or(0))
    }

    /// Reads a bit with a learned probability.
    pub fn bit(&mut self, model: &mut impl Predict) -> bool {
        let split = (self.range >> 16) * model.zero();
        let bit = self.narrow(split);
        model.learn(bit);
        bit
    }

    /// Reads `count` bits as they are.
    pub fn raw(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |v, _| v << 1 | u32::from(self.narrow(self.range >> 1)))
    }

    fn narrow(&mut self, split: u32) -> bool {
        let bit = self.code >= split;
        if bit {
            self.code -= split;
            self.range -= split;
        } else {
            self.range = split;
        }
        while self.range < 1 << 24 {
            self.range <<= 8;
            self.code = self.code << 8 | self.next();
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_come_back(bits in prop::collection::vec((0usize..3, any::<bool>()), 0..4000), bias in 0u8..=255) {
            let mut e = Encoder::default();
            let mut models = [AdaptiveBit::default(); 2];
            let skewed = |b: bool, i: usize| b && (i as u8).wrapping_mul(37) > bias;
            for (i, &(m, b)) in bits.iter().enumerate() {
                match m {
                    2 => e.raw(u32::from(b), 1),
                    m => e.bit(&mut models[m], skewed(b, i)),
                }
            }
            let bytes = e.finish();
            let mut d = Decoder::new(&bytes);
            let mut models = [AdaptiveBit::default(); 2];
            for (i, &(m, b)) in bits.iter().enumerate() {
                match m {
                    2 => prop_assert_eq!(d.raw(1), u32::from(b)),
                    m => prop_assert_eq!(d.bit(&mut models[m]), skewed(b, i)),
                }
            }
        }
    }

    #[test]
    fn rare_bits_cost_little() {
        let mut e = Encoder::default();
        let mut m = AdaptiveBit::default();
        for i in 0..10_000 {
            e.bit(&mut m, i % 100 == 0);
        }
        // Entropy of 1 in 100 is 0.081 bits: 101 bytes; the adaptive model pays for its short memory.
        assert!(e.finish().len() < 140);
    }
}
