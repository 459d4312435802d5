//! A block of one value.

use limbeck_field::{Extent, Region, Volume};

use crate::plain::{check_decode, check_sample};
use crate::{BlockDecoder, BlockGeometry, Error, Mask, Result};

/// A block whose values are all the same. The payload is that value: 8 bytes, IEEE 754 binary64, little-endian.
#[derive(Clone, Debug)]
pub struct ConstantBlock {
    extent: Extent,
    value: f64,
}

impl ConstantBlock {
    /// The one value of a block, if all values that are not masked have the same bits. A block that is masked
    /// altogether is a constant 0.
    ///
    /// # Errors
    /// `InvalidArgument` if mask and volume differ in size.
    pub fn value_of(volume: &Volume, mask: Option<&Mask>) -> Result<Option<f64>> {
        let n = volume.values.len();
        if mask.is_some_and(|m| m.codes.len() != n) {
            return Err(Error::InvalidArgument("the mask and the block differ in size".into()));
        }
        let mut kept = (0..n).filter(|&i| mask.is_none_or(|m| m.codes[i] == 0)).map(|i| volume.values.get(i));
        let first = kept.next().unwrap_or(0.0);
        Ok(kept.all(|v| v.to_bits() == first.to_bits()).then_some(first))
    }

    /// The payload.
    pub fn encode(value: f64) -> Vec<u8> {
        value.to_le_bytes().to_vec()
    }

    /// Back from [`ConstantBlock::encode`].
    ///
    /// # Errors
    /// `Corruption` if the payload has not 8 bytes.
    pub fn decode(geometry: &BlockGeometry, payload: &[u8]) -> Result<ConstantBlock> {
        let bytes = payload.try_into().map_err(|_| {
            Error::Corruption(format!("a constant block is damaged: {} bytes instead of 8", payload.len()))
        })?;
        Ok(ConstantBlock { extent: geometry.extent.clone(), value: f64::from_le_bytes(bytes) })
    }

    /// The value.
    pub fn value(&self) -> f64 {
        self.value
    }
}

impl BlockDecoder for ConstantBlock {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        check_decode(&self.extent, region, out)?;
        out.fill(self.value);
        Ok(())
    }

    /// The value at every point, inside the block or not; NaN at points that are not finite numbers.
    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        check_sample(&self.extent, points, out)?;
        for (point, o) in points.chunks_exact(self.extent.rank()).zip(out) {
            *o = if point.iter().all(|p| p.is_finite()) { self.value } else { f64::NAN };
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbeck_field::{ElementType, Values};
    use proptest::prelude::*;

    fn geometry() -> BlockGeometry {
        let extent = Extent { offset: vec![4, 4], count: vec![2, 3] };
        BlockGeometry { shape: vec![10, 10], extent, element_type: ElementType::Float64, shared: Vec::new() }
    }

    proptest! {
        #[test]
        fn every_bit_comes_back(bits: u64) {
            let payload = ConstantBlock::encode(f64::from_bits(bits));
            prop_assert_eq!(payload.len(), 8);
            let block = ConstantBlock::decode(&geometry(), &payload).unwrap();
            let mut out = [0.0; 6];
            block.decode(&Region::of(&geometry().extent), &mut out).unwrap();
            block.sample(&[4.5, 5.5], &mut out[..1]).unwrap();
            prop_assert!(out.iter().all(|v| v.to_bits() == bits) && block.value().to_bits() == bits);
            for n in 0..8 {
                prop_assert!(ConstantBlock::decode(&geometry(), &payload[..n]).is_err());
            }
            prop_assert!(ConstantBlock::decode(&geometry(), &[payload, vec![0]].concat()).is_err());
        }
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        let block = ConstantBlock::decode(&geometry(), &ConstantBlock::encode(2.5)).unwrap();
        let mut out = [0.0; 6];
        assert!(block.decode(&Region::of(&Extent::whole(&[2, 3])), &mut out).is_err());
        assert!(block.decode(&Region::of(&geometry().extent), &mut out[1..]).is_err());
        assert!(block.sample(&[4.0; 3], &mut out[..2]).is_err());
        block.sample(&[4.0, f64::NAN, 99.0, 4.0], &mut out[..2]).unwrap();
        assert!(out[0].is_nan() && out[1] == 2.5);
        // Geometries out of a damaged file.
        for count in [vec![], vec![0, 3], vec![usize::MAX, 2]] {
            let extent = Extent { offset: vec![0; count.len()], count };
            let points = vec![0.0; extent.rank()];
            let block = ConstantBlock::decode(&BlockGeometry { extent, ..geometry() }, &[0; 8]).unwrap();
            assert_eq!(block.sample(&points, &mut out[..1]).is_ok(), points.len() == 2 && block.extent.count[0] > 0);
        }
    }

    #[test]
    fn constant_means_equal_bits_outside_the_mask() {
        let of = |v: &[f64], mask: Option<&[u8]>| {
            let volume = Volume { count: vec![v.len()], values: Values::Float64(v.to_vec()) };
            ConstantBlock::value_of(&volume, mask.map(|m| Mask { codes: m.to_vec() }).as_ref())
        };
        assert_eq!(of(&[3.0, 3.0], None).unwrap(), Some(3.0));
        assert_eq!(of(&[3.0, 3.5], None).unwrap(), None);
        assert_eq!(of(&[0.0, -0.0], None).unwrap(), None);
        assert_eq!(of(&[f64::NAN, 3.0, 3.0], Some(&[1, 0, 0])).unwrap(), Some(3.0));
        assert_eq!(of(&[f64::NAN, f64::INFINITY], Some(&[1, 2])).unwrap(), Some(0.0));
        assert!(of(&[3.0, 3.0], Some(&[0])).is_err());
    }
}
