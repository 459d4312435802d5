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

impl BlockDecoder for AtStep {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        self.segment.decode(self.step, region, out)
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        let rank = points.len() / out.len().max(1);
        let moments: Vec<f64> = points
            .chunks_exact(rank.max(1))
            .flat_map(|p| std::iter::once(self.step).chain(p.iter().copied()))
            .collect();
        self.segment.sample(&moments, out)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
