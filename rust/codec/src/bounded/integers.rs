//! Quantised residuals to bits: mostly zeros, small where their neighbours are.

use crate::entropy::{Bit, Decoder, Encoder};

/// How large the neighbours of a residual are, in half octaves.
pub(super) const ENERGIES: usize = 24;
/// Groups of classes whose zeros are counted apart.
pub(super) const GROUPS: usize = 9;
/// Magnitudes of as many bits and more are not coded as such: the value itself is.
pub(super) const MOST_BITS: usize = 30;
/// Bits below the highest that are modelled.
const MODELLED: usize = 2;

/// What residuals are learned to look like.
pub(super) struct ResidualModel {
    zero: Vec<Bit>,
    more: Vec<Bit>,
    below: Vec<Bit>,
}

/// A residual, or the sign that its value is given as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Residual {
    Steps(i32),
    Escape,
}

impl Default for ResidualModel {
    fn default() -> Self {
        ResidualModel {
            zero: vec![Bit::default(); GROUPS * ENERGIES],
            more: vec![Bit::default(); ENERGIES * (MOST_BITS + 1)],
            below: vec![Bit::default(); (MOST_BITS + 1) << MODELLED],
        }
    }
}

impl ResidualModel {
    pub(super) fn encode(&mut self, e: &mut Encoder, group: usize, energy: usize, residual: Residual) {
        let (magnitude, negative) = match residual {
            Residual::Steps(q) => (q.unsigned_abs(), q < 0),
            Residual::Escape => (1 << MOST_BITS, false),
        };
        e.bit(&mut self.zero[group * ENERGIES + energy], magnitude != 0);
        if magnitude == 0 {
            return;
        }
        // Number of bits below the highest, in unary.
        let bits = magnitude.ilog2() as usize;
        for i in 0..MOST_BITS {
            e.bit(&mut self.more[energy * (MOST_BITS + 1) + i], i < bits);
            if i == bits {
                break;
            }
        }
        if residual == Residual::Escape {
            return;
        }
        e.raw(u32::from(negative), 1);
        let (mut left, mut node) = (bits, 1usize);
        while left > 0 && left + MODELLED > bits {
            left -= 1;
            let bit = magnitude >> left & 1 == 1;
            e.bit(&mut self.below[bits << MODELLED | node], bit);
            node = node << 1 | usize::from(bit);
        }
        e.raw(magnitude & ((1 << left) - 1), left as u32);
    }

    pub(super) fn decode(&mut self, d: &mut Decoder<'_>, group: usize, energy: usize) -> Residual {
        if !d.bit(&mut self.zero[group * ENERGIES + energy]) {
            return Residual::Steps(0);
        }
        let mut bits = 0;
        while bits < MOST_BITS && d.bit(&mut self.more[energy * (MOST_BITS + 1) + bits]) {
            bits += 1;
        }
        if bits == MOST_BITS {
            return Residual::Escape;
        }
        let negative = d.raw(1) == 1;
        let (mut left, mut node, mut magnitude) = (bits, 1usize, 1u32);
        while left > 0 && left + MODELLED > bits {
            left -= 1;
            let bit = d.bit(&mut self.below[bits << MODELLED | node]);
            node = node << 1 | usize::from(bit);
            magnitude = magnitude << 1 | u32::from(bit);
        }
        magnitude = magnitude << left | d.raw(left as u32);
        Residual::Steps(if negative { -(magnitude as i32) } else { magnitude as i32 })
    }
}

/// The class of a weighted mean of neighbouring magnitudes, given as `sum / weight`.
pub(super) fn energy(sum: u32, weight: u32) -> usize {
    if sum == 0 {
        return 0;
    }
    // In sixteenths, half octaves: 1/16, 1/11, 1/8, ...
    let scaled = (16 * sum / weight.max(1)).max(1);
    let octave = scaled.ilog2();
    let half = if octave > 0 { scaled >> (octave - 1) & 1 } else { 0 };
    ((1 + 2 * octave + half) as usize).min(ENERGIES - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn residuals_come_back(values in prop::collection::vec((0usize..GROUPS, 0usize..ENERGIES, prop_oneof![
            Just(None), (-2i32..=2).prop_map(Some), (-(1 << 29)..1i32 << 29).prop_map(Some)
        ]), 0..500)) {
            let residual = |q: Option<i32>| q.map_or(Residual::Escape, Residual::Steps);
            let (mut e, mut m) = (Encoder::default(), ResidualModel::default());
            values.iter().for_each(|&(g, n, q)| m.encode(&mut e, g, n, residual(q)));
            let bytes = e.finish();
            let (mut d, mut m) = (Decoder::new(&bytes), ResidualModel::default());
            for &(g, n, q) in &values {
                prop_assert_eq!(m.decode(&mut d, g, n), residual(q));
            }
        }
    }

    #[test]
    fn energies_rise() {
        let all: Vec<usize> =
            [(0, 8), (1, 16), (1, 8), (1, 4), (1, 1), (9, 2), (255, 1)].map(|(s, w)| energy(s, w)).into();
        assert!(all.windows(2).all(|w| w[0] < w[1]) && all.iter().all(|e| *e < ENERGIES), "{all:?}");
    }
}
