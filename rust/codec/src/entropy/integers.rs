//! Signed integers of unknown spread, such as quantised weights and their differences.

use super::range_coder::{AdaptiveBit, Decoder, Encoder};

/// Magnitudes below 2^MAX_BITS can be coded.
const MAX_BITS: u32 = 31;
/// Leading bits below the highest one that are modelled; the rest is close to uniform.
const MODELLED: u32 = 2;

/// Learned distribution: number of bits of the magnitude, its two bits after the highest, and the sign as is.
#[derive(Clone, Default)]
pub struct IntegerModel {
    bits: [AdaptiveBit; 32],
    below: [[AdaptiveBit; 4]; 32],
}

impl IntegerModel {
    /// Writes a number of magnitude below 2^31.
    pub fn encode(&mut self, e: &mut Encoder, value: i32) {
        let magnitude = value.unsigned_abs() & (u32::MAX >> 1);
        let bits = u32::BITS - magnitude.leading_zeros();
        let mut node = 1usize;
        for i in (0..5).rev() {
            let bit = bits >> i & 1 == 1;
            e.bit(&mut self.bits[node], bit);
            node = node << 1 | usize::from(bit);
        }
        if bits == 0 {
            return;
        }
        e.raw(u32::from(value < 0), 1);
        let (mut left, mut node) = (bits - 1, 1usize);
        while left > 0 && left + MODELLED >= bits {
            left -= 1;
            let bit = magnitude >> left & 1 == 1;
            e.bit(&mut self.below[bits as usize][node], bit);
            node = node << 1 | usize::from(bit);
        }
        e.raw(magnitude & ((1 << left) - 1), left);
    }

    /// Reads it back.
    pub fn decode(&mut self, d: &mut Decoder<'_>) -> i32 {
        let mut node = 1usize;
        for _ in 0..5 {
            node = node << 1 | usize::from(d.bit(&mut self.bits[node]));
        }
        let bits = (node as u32 - 32).min(MAX_BITS);
        if bits == 0 {
            return 0;
        }
        let negative = d.raw(1) == 1;
        let (mut left, mut node, mut magnitude) = (bits - 1, 1usize, 1u32);
        while left > 0 && left + MODELLED >= bits {
            left -= 1;
            let bit = d.bit(&mut self.below[bits as usize][node]);
            node = node << 1 | usize::from(bit);
            magnitude = magnitude << 1 | u32::from(bit);
        }
        magnitude = magnitude << left | d.raw(left);
        if negative { -(magnitude as i32) } else { magnitude as i32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_come_back(values in prop::collection::vec(prop_oneof![-3i32..=3, -200i32..=200, -0x7fff_ffffi32..=0x7fff_ffff], 0..2000)) {
            let mut e = Encoder::default();
            let mut m = IntegerModel::default();
            values.iter().for_each(|&v| m.encode(&mut e, v));
            let bytes = e.finish();
            let (mut d, mut m) = (Decoder::new(&bytes), IntegerModel::default());
            for &v in &values {
                prop_assert_eq!(m.decode(&mut d), v);
            }
        }

        #[test]
        fn garbage_decodes_to_something(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let (mut d, mut m) = (Decoder::new(&bytes), IntegerModel::default());
            for _ in 0..500 {
                m.decode(&mut d);
            }
        }
    }
}
