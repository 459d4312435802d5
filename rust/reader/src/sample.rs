//! Values at arbitrary points in space and time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use limbeck_codec::Mask;
use limbeck_field::{Extent, Region};
use rayon::prelude::*;

use crate::coordinates::{Clock, Space, axis_to_index, index_to_axis};
use crate::dataset::Dataset;
use crate::masks::apply_mask;
use crate::outside::Outside;
use crate::pieces::{Opened, Piece, PieceId};
use crate::{Error, Result};

/// Points evaluated in one go. Fixed, so that the work is cut the same way whatever the number of threads.
const CHUNK_POINTS: usize = 1 << 14;

impl Dataset {
    /// Values of a variable at arbitrary points: `points` is n x (1 + rank), the time coordinate first, then the
    /// place, slowest axis first, in the coordinates that `space` says. Gives n values.
    ///
    /// Between the steps of one segment the network itself is evaluated; between steps that are coded apart values
    /// are interpolated linearly in the step index. A place belongs to the block of the grid point nearest to it, up
    /// to half a cell outside the grid. A point whose nearest grid point was NaN or infinite at the nearest step gets
    /// that value; one in no block gets NaN.
    ///
    /// # Errors
    /// InvalidArgument: unknown variable, a length that is not a multiple of 1 + rank, a point outside the data (it
    /// is named by its number), times that do not rise where they were asked for. Corruption, Compatibility, Io from
    /// the file.
    pub fn sample(&self, variable: &str, points: &[f64], space: Space) -> Result<Vec<f64>> {
        self.sample_with(variable, points, space, Outside::Error)
    }

    /// As [`Dataset::sample`], where points outside the data are as `outside` says.
    ///
    /// # Errors
    /// As [`Dataset::sample`]; with [`Outside::Clamp`] coordinates that are NaN are still refused.
    pub fn sample_with(&self, variable: &str, points: &[f64], space: Space, outside: Outside) -> Result<Vec<f64>> {
        let v = self.variable_index(variable)?;
        let width = 1 + self.variables[v].shape.len();
        if !points.len().is_multiple_of(width) {
            return Err(Error::InvalidArgument(format!(
                "{} coordinates are not a whole number of points of {width} coordinates (time first)",
                points.len()
            )));
        }
        let readable = self.readable(v);
        let clock = if space == Space::Physical { Some(Clock::new(&self.steps)?) } else { None };
        let job = Job { data: self, variable: v, width, readable, clock, outside };
        let mut out = vec![0.0; points.len() / width];
        let chunks = out.par_chunks_mut(CHUNK_POINTS).zip(points.par_chunks(CHUNK_POINTS * width)).enumerate();
        chunks.try_for_each(|(i, (out, points))| job.chunk(i * CHUNK_POINTS, points, out))?;
        Ok(out)
    }
}

struct Job<'a> {
    data: &'a Dataset,
    variable: usize,
    width: usize,
    /// Indices of the steps that the variable can be read at.
    readable: Vec<u64>,
    clock: Option<Clock>,
    outside: Outside,
}

/// A point in indices: fractional step, fractional place, and the grid point nearest to it.
struct Point {
    t: f64,
    place: Vec<f64>,
    node: Vec<usize>,
}

/// One step as a chunk needs it.
struct StepPieces {
    index: u64,
    pieces: Vec<Piece>,
    masks: Vec<(usize, Arc<Mask>)>,
}

impl StepPieces {
    /// The piece that a grid point is read from.
    fn owner(&self, node: &[usize]) -> Option<&Piece> {
        self.pieces.iter().rev().find(|p| p.extent.contains(node))
    }
}

/// Points to evaluate with one piece, and where the results go with which weight.
#[derive(Default)]
struct Batch {
    points: Vec<f64>,
    targets: Vec<(usize, f64)>,
}

impl Batch {
    fn push(&mut self, step: f64, place: &[f64], target: usize, weight: f64) {
        self.points.push(step);
        self.points.extend_from_slice(place);
        self.targets.push((target, weight));
    }

    fn evaluate(&self, opened: &Opened, rank: usize, out: &mut [f64]) -> Result<()> {
        let mut values = vec![0.0; self.targets.len()];
        opened.sample(&self.points, rank, &mut values)?;
        for (value, &(i, weight)) in values.iter().zip(&self.targets) {
            out[i] += weight * value;
        }
        Ok(())
    }
}

/// What is to be evaluated: first at the earlier of the two steps around each point, then at the later, so that both
/// parts of a sum are added in the same order always.
type Batches = [BTreeMap<PieceId, Batch>; 2];

impl Job<'_> {
    /// Evaluates a chunk of points; `first` is the number of its first point, for messages.
    fn chunk(&self, first: usize, points: &[f64], out: &mut [f64]) -> Result<()> {
        let mut steps: BTreeMap<u64, StepPieces> = BTreeMap::new();
        let mut batches = Batches::default();
        let mut marks = Vec::new();
        for (i, given) in points.chunks_exact(self.width).enumerate() {
            let Some(point) = self.locate(first + i, given)? else {
                out[i] = f64::NAN;
                continue;
            };
            let (low, high) = self.neighbours(point.t);
            for step in [low, high] {
                if let Entry::Vacant(slot) = steps.entry(step) {
                    slot.insert(self.step(step)?);
                }
            }
            let (low, high) = (&steps[&low], &steps[&high]);
            out[i] = if assign(i, &point, low, high, &mut batches)? { 0.0 } else { f64::NAN };
            let nearest = if point.t - low.index as f64 <= high.index as f64 - point.t { low } else { high };
            if let Some(mark) = self.mark(&nearest.masks, &point.node)? {
                marks.push((i, mark));
            }
        }
        for (id, batch) in batches.iter().flatten() {
            batch.evaluate(&self.data.content().open(*id)?, self.width - 1, out)?;
        }
        marks.into_iter().for_each(|(i, mark)| out[i] = mark);
        Ok(())
    }

    fn step(&self, index: u64) -> Result<StepPieces> {
        let content = self.data.content();
        let (pieces, masks) = (content.pieces(self.variable, index)?, content.masks(self.variable, index)?);
        Ok(StepPieces { index, pieces, masks })
    }

    /// A point in indices; None for one that lies outside and has no value.
    fn locate(&self, number: usize, given: &[f64]) -> Result<Option<Point>> {
        let v = &self.data.run.variables[self.variable];
        let shape = &self.data.variables[self.variable].shape;
        let outside = |what: String| Error::InvalidArgument(format!("point {number} of \"{}\": {what}", v.name));
        let (Some(&first), Some(&last)) = (self.readable.first(), self.readable.last()) else {
            return Err(outside("there is no step that can be read".into()));
        };
        let t = self.clock.as_ref().map_or(given[0], |clock| match self.outside {
            Outside::Clamp => clock.index(clock.nearest(given[0])),
            Outside::Error | Outside::Nan => clock.index(given[0]),
        });
        let t = self.outside.settle(t, first as f64, last as f64);
        let t = t.ok_or_else(|| {
            outside(match self.clock.as_ref().map(Clock::span) {
                Some((begin, end)) => format!("time {} is outside the times {begin} to {end} of the steps", given[0]),
                None => format!("step index {} is outside the steps {first} to {last}", given[0]),
            })
        })?;
        let mut point = Point { t, place: Vec::with_capacity(shape.len()), node: Vec::with_capacity(shape.len()) };
        for (a, (&x, &n)) in given[1..].iter().zip(shape).enumerate() {
            let index = match &self.clock {
                None => x,
                Some(_) => match axis_to_index(v.axes.get(a), x) {
                    // The one plane of an axis is the nearest to any coordinate.
                    index if index.is_nan() && !x.is_nan() && self.outside == Outside::Clamp => 0.0,
                    index => index,
                },
            };
            let index = self.outside.settle(index, -0.5, n as f64 - 0.5);
            let refused = || {
                let of = v.axes.get(a).filter(|_| self.clock.is_some());
                let [one, other] = [-0.5, n as f64 - 0.5].map(|index| index_to_axis(of, index));
                let (low, high) = (one.min(other), one.max(other));
                outside(format!("coordinate {x} along axis {a} is outside its {n} grid points ({low} to {high})"))
            };
            let index = index.ok_or_else(refused)?;
            point.place.push(index);
            point.node.push(((index + 0.5).floor().max(0.0) as usize).min(n - 1));
        }
        Ok((!point.t.is_nan() && point.place.iter().all(|i| !i.is_nan())).then_some(point))
    }

    /// The steps at or around a fractional step index that can be read.
    fn neighbours(&self, t: f64) -> (u64, u64) {
        let after = self.readable.partition_point(|&s| s as f64 <= t);
        let low = self.readable[after - 1];
        let high = if low as f64 == t { low } else { self.readable[after] };
        (low, high)
    }

    /// The value that a mask puts at a grid point.
    fn mark(&self, masks: &[(usize, Arc<Mask>)], node: &[usize]) -> Result<Option<f64>> {
        let blocks = &self.data.variables[self.variable].blocks;
        let point = Region::of(&Extent { offset: node.to_vec(), count: vec![1; node.len()] });
        let mut value = [0.0];
        for (block, mask) in masks {
            apply_mask(mask, *block, blocks, &point, &mut value)?;
        }
        Ok((!value[0].is_finite()).then_some(value[0]))
    }
}

/// Notes what has to be evaluated for one point; false if it lies in no block.
fn assign(i: usize, point: &Point, low: &StepPieces, high: &StepPieces, batches: &mut Batches) -> Result<bool> {
    let (Some(below), Some(above)) = (low.owner(&point.node), high.owner(&point.node)) else { return Ok(false) };
    let [early, late] = batches;
    let ahead = point.t - low.index as f64;
    if below.id()? == above.id()? {
        early.entry(below.id()?).or_default().push(below.step + ahead, &point.place, i, 1.0);
    } else {
        let weight = ahead / (high.index - low.index) as f64;
        early.entry(below.id()?).or_default().push(below.step, &point.place, i, 1.0 - weight);
        late.entry(above.id()?).or_default().push(above.step, &point.place, i, weight);
    }
    Ok(true)
}
