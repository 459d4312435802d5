//! Positions of NaN and infinities, kept losslessly (policy `nonfinite = mask`).

use limbeck_field::{Extent, Region, Values, Volume};

use crate::{Error, Result, packing};

/// What stands at each position of a block: 0 a number, 1 NaN, 2 +infinity, 3 -infinity. C order.
///
/// All NaN are one to the mask: their sign and payload bits are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// One entry per value of the block, last axis fastest.
    pub codes: Vec<u8>,
}

/// Codes in a byte of the packed form, the first in its lowest bits.
const PER_BYTE: usize = 4;

/// Masks are rare and small: take what zstd can give at a few MB/s.
const LEVEL: i32 = 12;

/// How the codes after the first byte are packed; the number is that byte.
const STORED: u8 = 0;
const ZSTD: u8 = 1;

impl Mask {
    /// Looks for values that are not finite; None if there are none.
    pub fn scan(volume: &Volume) -> Option<Mask> {
        match &volume.values {
            Values::Float32(v) => scan(v),
            Values::Float64(v) => scan(v),
        }
    }

    /// Number of positions that hold no number.
    pub fn masked(&self) -> usize {
        self.codes.iter().filter(|&&c| c != 0).count()
    }

    /// As bytes. The codes go four to a byte, the first in the lowest two bits, unused bits 0. Before them stands one
    /// byte that tells how they are packed: 0 stored, 1 one zstd frame.
    pub fn encode(&self) -> Vec<u8> {
        let pack = |four: &[u8]| four.iter().rev().fold(0, |byte, code| byte << 2 | (code & 3));
        let packed: Vec<u8> = self.codes.chunks(PER_BYTE).map(pack).collect();
        match packing::pack(&packed, LEVEL).filter(|frame| frame.len() < packed.len()) {
            Some(frame) => [&[ZSTD], frame.as_slice()].concat(),
            None => [&[STORED], packed.as_slice()].concat(),
        }
    }

    /// Back from [`Mask::encode`]; `expected_len` is the number of values of the block.
    ///
    /// # Errors
    /// `Compatibility` for a packing of a later version, `Corruption` if the bytes are not a mask of this size. Memory
    /// is allocated only in proportion to `bytes` (zstd's largest ratio) and to `expected_len`.
    pub fn decode(bytes: &[u8], expected_len: usize) -> Result<Mask> {
        let (packing, rest) = bytes.split_first().ok_or_else(|| Error::Corruption("a mask is empty".into()))?;
        let expected = expected_len.div_ceil(PER_BYTE);
        let packed = match *packing {
            STORED if rest.len() == expected => rest.to_vec(),
            STORED => return Err(Error::Corruption("a mask is damaged: its size is not that of its block".into())),
            ZSTD => packing::unpack(rest, expected)?,
            other => {
                let text = format!("packing {other} of a mask is unknown to this version of limbeck");
                return Err(Error::Compatibility(text));
            }
        };
        let used = expected_len % PER_BYTE;
        if used != 0 && packed.last().is_some_and(|last| last >> (2 * used) != 0) {
            return Err(Error::Corruption("a mask is damaged: it covers more values than its block has".into()));
        }
        let mut codes = Vec::new();
        let room = codes.try_reserve_exact(packed.len() * PER_BYTE);
        room.map_err(|_| Error::Corruption(format!("a mask claims {expected_len} values: more than memory holds")))?;
        for byte in packed {
            codes.extend((0..PER_BYTE).map(|k| byte >> (2 * k) & 3));
        }
        codes.truncate(expected_len);
        Ok(Mask { codes })
    }

    /// Puts NaN and infinities back into decoded values: `values` are those of `region` (C order), which lies in the
    /// block `extent` that this mask belongs to.
    ///
    /// # Errors
    /// `InvalidArgument` if mask, block, region and values do not fit each other; `values` is then unchanged.
    pub fn apply(&self, extent: &Extent, region: &Region, values: &mut [f64]) -> Result<()> {
        if self.codes.len() != extent.len() {
            return Err(Error::InvalidArgument(format!(
                "a mask of {} values does not fit a block of {:?}",
                self.codes.len(),
                extent.count
            )));
        }
        let every = crate::plain::check_decode(extent, region, values)?;
        region
            .for_each_row(extent, |first, out| {
                let codes = self.codes[first..].iter().step_by(every);
                for (value, code) in values[out].iter_mut().zip(codes) {
                    put(*code, value);
                }
            })
            .map_err(|e| Error::InvalidArgument(e.to_string()))
    }

    /// The same for values at arbitrary points (n x rank, fractional global index coordinates, slowest axis first): each
    /// gets what stands at the grid point of the block that is nearest to it.
    ///
    /// # Errors
    /// `InvalidArgument` if mask, block, points and values do not fit each other; `values` is then unchanged.
    pub(crate) fn apply_at(&self, extent: &Extent, points: &[f64], values: &mut [f64]) -> Result<()> {
        crate::plain::check_sample(extent, points, values)?;
        if self.codes.len() != extent.len() {
            return Err(Error::InvalidArgument(format!(
                "a mask of {} values does not fit a block of {:?}",
                self.codes.len(),
                extent.count
            )));
        }
        for (point, value) in points.chunks_exact(extent.rank()).zip(values) {
            let axes = point.iter().zip(&extent.offset).zip(&extent.count);
            // The cast takes what lies before the block, and NaN, to its first grid point.
            let nearest = axes.fold(0, |at, ((p, &o), &n)| at * n + ((p - o as f64 + 0.5) as usize).min(n - 1));
            put(self.codes[nearest], value);
        }
        Ok(())
    }
}

fn put(code: u8, value: &mut f64) {
    match code {
        0 => {}
        2 => *value = f64::INFINITY,
        3 => *value = f64::NEG_INFINITY,
        _ => *value = f64::NAN,
    }
}

fn scan<T: Copy + Into<f64>>(values: &[T]) -> Option<Mask> {
    let code = |v: T| -> u8 {
        let v: f64 = v.into();
        match () {
            () if v.is_finite() => 0,
            () if v.is_nan() => 1,
            () => 2 + u8::from(v < 0.0),
        }
    };
    let first = values.iter().position(|&v| !v.into().is_finite())?;
    let mut codes = vec![0; values.len()];
    codes[first..].iter_mut().zip(&values[first..]).for_each(|(c, &v)| *c = code(v));
    Some(Mask { codes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mask() -> impl Strategy<Value = Mask> {
        let code = prop_oneof![20 => Just(0u8), 1 => 1u8..4];
        prop_oneof![prop::collection::vec(code, 0..3000), prop::collection::vec(0u8..4, 0..300)]
            .prop_map(|codes| Mask { codes })
    }

    proptest! {
        #[test]
        fn there_and_back(mask in mask()) {
            let bytes = mask.encode();
            prop_assert_eq!(&Mask::decode(&bytes, mask.codes.len()).unwrap(), &mask);
            prop_assert!(Mask::decode(&bytes, mask.codes.len() + 4).is_err());
            prop_assert!(Mask::decode(&bytes, usize::MAX).is_err());
        }

        #[test]
        fn damage_is_an_error_or_another_mask(mask in mask(), bit in any::<prop::sample::Index>()) {
            let bytes = mask.encode();
            for n in 0..bytes.len() {
                prop_assert!(Mask::decode(&bytes[..n], mask.codes.len()).is_err());
            }
            let mut flipped = bytes;
            let bit = bit.index(flipped.len() * 8);
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Mask::decode(&flipped, mask.codes.len()) {
                prop_assert_eq!(other.codes.len(), mask.codes.len());
                prop_assert!(other.codes.iter().all(|&c| c < 4));
            }
        }

        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..200), n in 0usize..500) {
            if let Ok(mask) = Mask::decode(&bytes, n) {
                prop_assert_eq!(mask.codes.len(), n);
            }
        }

        #[test]
        fn scan_finds_and_apply_restores(values in prop::collection::vec(prop_oneof![
            5 => any::<u32>().prop_map(f32::from_bits),
            1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)],
        ], 1..200), single: bool) {
            let n = values.len();
            let wide: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            let values = if single { Values::Float32(values) } else { Values::Float64(wide.clone()) };
            let found = Mask::scan(&Volume { count: vec![n], values });
            prop_assert_eq!(found.is_none(), wide.iter().all(|v| v.is_finite()));
            let mask = found.unwrap_or(Mask { codes: vec![0; n] });
            prop_assert_eq!(mask.masked(), wide.iter().filter(|v| !v.is_finite()).count());
            let extent = Extent { offset: vec![100], count: vec![n] };
            // Numbers are left alone, everything else is put back.
            let mut decoded: Vec<f64> = wide.iter().map(|v| if v.is_finite() { *v } else { 0.5 }).collect();
            mask.apply(&extent, &Region::of(&extent), &mut decoded).unwrap();
            for (a, b) in decoded.iter().zip(&wide) {
                prop_assert!(a == b || a.is_nan() && b.is_nan());
            }
        }
    }

    #[test]
    fn few_and_regular_positions_cost_little() {
        let n = 128 * 128 * 128;
        let mut few = Mask { codes: vec![0; n] };
        for k in 0..50 {
            few.codes[k * 41_357 % n] = 1 + (k % 3) as u8;
        }
        let mut half = Mask { codes: vec![0; n] };
        half.codes[..n / 2].fill(1);
        for (mask, most) in [(few, 600), (half, 200)] {
            let bytes = mask.encode();
            assert!(bytes.len() <= most, "{} bytes", bytes.len());
            assert_eq!(Mask::decode(&bytes, n).unwrap(), mask);
        }
    }

    #[test]
    fn apply_follows_the_region() {
        let extent = Extent { offset: vec![10, 20], count: vec![3, 4] };
        let mask = Mask { codes: vec![0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3] };
        let region = Region { start: vec![10, 21], count: vec![2, 2], every: vec![2, 2] };
        let mut values = [7.0; 4];
        mask.apply(&extent, &region, &mut values).unwrap();
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [7.0, 7.0, f64::NEG_INFINITY]);

        let outside = Region { start: vec![10, 21], count: vec![2, 3], every: vec![2, 2] };
        assert!(mask.apply(&extent, &outside, &mut [0.0; 6]).is_err());
        assert!(mask.apply(&extent, &region, &mut [0.0; 5]).is_err());
        assert!(Mask { codes: vec![0; 11] }.apply(&extent, &region, &mut values).is_err());
        let claim = Extent { offset: vec![0, 0], count: vec![usize::MAX, 2] };
        assert!(mask.apply(&claim, &region, &mut values).is_err());
    }

    #[test]
    fn unknown_layouts_and_stray_bits_are_refused() {
        let mut bytes = Mask { codes: vec![0; 5] }.encode();
        let stray = [&[ZSTD], packing::pack(&[0, 0b100], 3).unwrap().as_slice()].concat();
        assert!(matches!(Mask::decode(&stray, 5), Err(Error::Corruption(_))));
        assert_eq!(Mask::decode(&stray, 6).unwrap().codes, [0, 0, 0, 0, 0, 1]);
        assert_eq!(Mask::decode(&[STORED, 0, 0b10], 5).unwrap().codes, [0, 0, 0, 0, 2]);
        assert!(matches!(Mask::decode(&[STORED, 0, 0b100], 5), Err(Error::Corruption(_))));
        bytes[0] = 2;
        assert!(matches!(Mask::decode(&bytes, 5), Err(Error::Compatibility(_))));
        assert!(matches!(Mask::decode(&[], 5), Err(Error::Corruption(_))));
    }

    #[test]
    fn no_single_flipped_bit_panics_or_changes_the_size() {
        let mut codes = vec![0; 997];
        codes.iter_mut().step_by(13).for_each(|c| *c = 1);
        let bytes = Mask { codes }.encode();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match Mask::decode(&flipped, 997) {
                Ok(mask) => assert!(mask.codes.len() == 997 && mask.codes.iter().all(|&c| c < 4)),
                Err(e) => assert!(matches!(e, Error::Corruption(_) | Error::Compatibility(_)), "{e}"),
            }
        }
    }
}
