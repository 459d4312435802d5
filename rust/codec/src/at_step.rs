//! A segment at one of its steps, as a block.

use std::any::Any;
use std::sync::Arc;

use limbeck_field::Region;

use crate::{BlockDecoder, Result, SegmentDecoder};

/// What a correction is a difference to.
pub struct AtStep {
    segment: Arc<dyn SegmentDecoder>,
    step: f64,
}

impl AtStep {
    /// `step` counts in the segment.
    pub fn new(segment: Arc<dyn SegmentDecoder>, step: f64) -> AtStep {
        AtStep { segment, step }
    }
}

impl AtStep {
    /// Places at this step.
    fn moments(&self, points: &[f64], count: usize) -> Vec<f64> {
        let rank = points.len() / count.max(1);
        points.chunks_exact(rank.max(1)).flat_map(|p| std::iter::once(self.step).chain(p.iter().copied())).collect()
    }
}

impl BlockDecoder for AtStep {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        self.segment.decode(self.step, region, out)
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        self.segment.sample(&self.moments(points, out.len()), out)
    }

    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        let rank = points.len() / values.len().max(1);
        let mut all = vec![0.0; points.len() + values.len()];
        self.segment.differentiate(&self.moments(points, values.len()), values, &mut all)?;
        let places = all.chunks_exact(rank + 1).flat_map(|d| &d[1..]);
        derivatives.iter_mut().zip(places).for_each(|(d, of)| *d = *of);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
