//! A decoder with NaN and infinities put back.

use std::sync::Arc;

use limbeck_field::{Extent, Region};

use crate::{BlockDecoder, Mask, Result};

/// Any block decoder, with a mask over it.
pub(crate) struct Masked {
    inner: Arc<dyn BlockDecoder>,
    extent: Extent,
    mask: Mask,
}

impl Masked {
    pub fn new(inner: Arc<dyn BlockDecoder>, extent: &Extent, mask: Mask) -> Masked {
        Masked { inner, extent: extent.clone(), mask }
    }
}

impl BlockDecoder for Masked {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        self.inner.decode(region, out)?;
        self.mask.apply(&self.extent, region, out)
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        self.inner.sample(points, out)?;
        self.mask.apply_at(&self.extent, points, out)
    }

    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        self.inner.differentiate(points, values, derivatives)?;
        self.mask.apply_at(&self.extent, points, values)?;
        let rank = self.extent.rank();
        for (v, d) in values.iter().zip(derivatives.chunks_exact_mut(rank)) {
            if !v.is_finite() {
                d.fill(f64::NAN);
            }
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self.inner.as_any()
    }
}
