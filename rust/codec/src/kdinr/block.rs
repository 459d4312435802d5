//! A teacher ready to be evaluated.

use std::any::Any;

use limbeck_field::{Extent, Region};
use limbeck_network::device::Worker;
use rayon::prelude::*;

use super::coordinates::{AxisMap, Grid, scale, write};
use super::on_device;
use super::stored::Stored;
use crate::plain::{check_decode, check_sample};
use crate::{BlockDecoder, Error, Result};

/// Points that one thread evaluates at a time.
pub(crate) const CHUNK: usize = 96 * 64;

/// A network over one block at one step.
pub(crate) struct NetworkBlock {
    pub extent: Extent,
    pub stored: Stored,
    maps: Vec<AxisMap>,
}

impl NetworkBlock {
    pub fn new(extent: Extent, stored: Stored) -> NetworkBlock {
        let maps = AxisMap::of(&extent, stored.folds);
        NetworkBlock { extent, stored, maps }
    }

    /// All values, as a device computes them.
    pub fn decode_on(&self, worker: &Worker, out: &mut [f64]) -> Result<()> {
        let grid = Grid::new(&self.maps, &Region::of(&self.extent));
        let mut normalised = vec![0.0; out.len()];
        worker.evaluate(&self.stored.network, grid.axes(), &mut normalised).map_err(on_device::failed)?;
        self.stored.normalisation.inverse_all(&normalised, out).map_err(|e| Error::Internal(e.to_string()))
    }
}

impl BlockDecoder for NetworkBlock {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        check_decode(&self.extent, region, out)?;
        let grid = Grid::new(&self.maps, region);
        out.par_chunks_mut(CHUNK).enumerate().try_for_each_init(
            || (self.stored.scratch(), Vec::new()),
            |(scratch, normalised), (chunk, out)| {
                let first = chunk * CHUNK;
                self.stored.evaluate(scratch, normalised, |i, c| grid.write(first + i, c), out)
            },
        )
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        check_sample(&self.extent, points, out)?;
        let rank = self.extent.rank();
        let coordinate = |i: usize, c: &mut [f32]| write(&self.maps, &points[i * rank..], c);
        self.stored.evaluate(&mut self.stored.scratch(), &mut Vec::new(), coordinate, out)
    }

    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        check_sample(&self.extent, points, values)?;
        let rank = self.extent.rank();
        let coordinate = |i: usize, c: &mut [f32]| write(&self.maps, &points[i * rank..], c);
        self.stored.differentiate(coordinate, values, derivatives)?;
        scale(&self.maps, points, derivatives);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
