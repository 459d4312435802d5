//! Values at grid points.

use std::sync::Arc;

use limbeck_codec::Mask;
use limbeck_field::{Extent, Region};
use rayon::prelude::*;

use crate::boxes::{Cut, cut, place, slabs, within};
use crate::dataset::Dataset;
use crate::masks::apply_mask;
use crate::pieces::{Opened, Piece};
use crate::{Error, Result};

/// Values evaluated in one go. Fixed, so that the work is cut the same way whatever the number of threads.
const SLAB_POINTS: usize = 1 << 16;

/// A type that values are read as: f32 or f64.
pub trait Element: Copy + Default + Send + Sync + sealed::Sealed {
    /// From double precision, rounded to nearest.
    fn from_f64(value: f64) -> Self;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

impl Element for f32 {
    fn from_f64(value: f64) -> f32 {
        value as f32
    }
}

impl Element for f64 {
    fn from_f64(value: f64) -> f64 {
        value
    }
}

impl Dataset {
    /// The values of a variable at the grid points of `region` (global indices, slowest axis first), C order, last
    /// axis fastest. Grid points that no block covers are NaN. The bytes do not depend on the number of threads, nor
    /// on how a larger region is cut into smaller ones.
    ///
    /// # Errors
    /// InvalidArgument: unknown variable (the nearest is named), no such step or one that cannot be read (why),
    /// region outside the variable, more values than memory holds. Corruption, Compatibility, Io from the file; only
    /// what the region needs is read.
    pub fn read<T: Element>(&self, variable: &str, step: u64, region: &Region) -> Result<Vec<T>> {
        let v = self.variable_index(variable)?;
        self.check_region(v, region)?;
        self.step(step)?;
        let mut out = Vec::new();
        let n = points_of(region).filter(|&n| out.try_reserve_exact(n).is_ok()).ok_or_else(|| {
            let text = format!("a region of {:?} points does not fit into memory: read it in parts", region.count);
            Error::InvalidArgument(text)
        })?;
        out.resize(n, T::default());
        self.read_into(variable, step, region, &mut out)?;
        Ok(out)
    }

    /// As [`Dataset::read`], into `out`, which has room for exactly the points of the region. On an error `out` holds
    /// anything.
    pub fn read_into<T: Element>(&self, variable: &str, step: u64, region: &Region, out: &mut [T]) -> Result<()> {
        let v = self.variable_index(variable)?;
        self.check_region(v, region)?;
        self.step(step)?;
        if points_of(region) != Some(out.len()) {
            let text = format!("a region has {:?} points, and there is room for {} of them", region.count, out.len());
            return Err(Error::InvalidArgument(text));
        }
        if out.is_empty() {
            return Ok(());
        }
        let stack = self.stack(v, step, region)?;
        let mut parts = Vec::new();
        let mut rest = out;
        for slab in slabs(region, SLAB_POINTS) {
            let (part, tail) = rest.split_at_mut(slab.len());
            parts.push((slab, part));
            rest = tail;
        }
        parts.into_par_iter().try_for_each(|(slab, part)| {
            let mut values = vec![f64::NAN; part.len()];
            stack.paint(&slab, &mut values)?;
            part.iter_mut().zip(values).for_each(|(p, v)| *p = T::from_f64(v));
            Ok(())
        })
    }

    /// All values of a variable at a step, C order.
    pub fn read_all<T: Element>(&self, variable: &str, step: u64) -> Result<Vec<T>> {
        let v = self.variable_index(variable)?;
        self.read(variable, step, &Region::of(&Extent::whole(&self.variables[v].shape)))
    }

    /// The values in the box of one block (by its global index) of a variable at a step, C order.
    pub fn read_block<T: Element>(&self, variable: &str, block: usize, step: u64) -> Result<Vec<T>> {
        let blocks = &self.variables[self.variable_index(variable)?].blocks;
        let extent = blocks.get(block).ok_or_else(|| {
            Error::InvalidArgument(format!("\"{variable}\" has {} blocks, and no block {block}", blocks.len()))
        })?;
        self.read(variable, step, &Region::of(extent))
    }

    fn check_region(&self, variable: usize, region: &Region) -> Result<()> {
        let shape = &self.variables[variable].shape;
        let what = || format!("\"{}\" of shape {shape:?}", self.run.variables[variable].name);
        region.check_inside(&Extent::whole(shape)).map_err(|e| Error::from(e).within(&what()))
    }

    /// Opens what a region needs.
    fn stack(&self, variable: usize, step: u64, region: &Region) -> Result<Stack<'_>> {
        let blocks = &self.variables[variable].blocks;
        let mut stack = Stack { pieces: Vec::new(), masks: Vec::new(), blocks };
        let content = self.content();
        let what = |e: Error| e.within(&format!("\"{}\" at step {step}", self.run.variables[variable].name));
        let pieces = content.pieces(variable, step)?;
        let open = |p: &&Piece| Ok((p.extent.clone(), content.open(p.id()?)?, p.step));
        stack.pieces = visible(&pieces, region).par_iter().map(open).collect::<Result<_>>().map_err(what)?;
        stack.masks = content.masks(variable, step).map_err(what)?;
        Ok(stack)
    }
}

/// Number of points of a region, which may have any counts if one of them is 0; None beyond what can be counted.
fn points_of(region: &Region) -> Option<usize> {
    if region.count.contains(&0) {
        return Some(0);
    }
    region.count.iter().try_fold(1usize, |n, &c| n.checked_mul(c))
}

/// The pieces that some point of the region is read from, as far as boxes alone tell.
fn visible<'a>(pieces: &'a [Piece], region: &Region) -> Vec<&'a Piece> {
    let cuts: Vec<Option<Cut>> = pieces.iter().map(|p| cut(region, &p.extent)).collect();
    let hidden = |i: usize, c: &Cut| cuts[i + 1..].iter().flatten().any(|later| within(c, later));
    let seen = (0..pieces.len()).filter(|&i| cuts[i].as_ref().is_some_and(|c| !hidden(i, c)));
    seen.map(|i| &pieces[i]).collect()
}

/// Everything that one variable at one step is read from, opened.
struct Stack<'a> {
    pieces: Vec<(Extent, Opened, f64)>,
    masks: Vec<(usize, Arc<Mask>)>,
    blocks: &'a [Extent],
}

impl Stack<'_> {
    /// Fills the values of a region, which hold NaN, from all pieces.
    fn paint(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        for (extent, opened, step) in &self.pieces {
            match cut(region, extent) {
                None => {}
                Some(c) if c.region == *region => opened.decode(*step, region, out)?,
                Some(c) => {
                    let mut values = vec![0.0; c.region.len()];
                    opened.decode(*step, &c.region, &mut values)?;
                    place(&values, &c, region, out);
                }
            }
        }
        self.masks.iter().try_for_each(|(block, mask)| apply_mask(mask, *block, self.blocks, region, out))
    }
}
