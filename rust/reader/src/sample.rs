//! Values and derivatives at arbitrary points in space and time.

use std::collections::HashMap;
use std::sync::Arc;

use limbeck_codec::Mask;
use limbeck_field::{Extent, Region};
use rayon::prelude::*;

use crate::coordinates::Space;
use crate::dataset::Dataset;
use crate::locate::{Locator, Point};
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
        self.evaluate(variable, points, (space, outside), Asked::Values)
    }

    /// Derivatives of a variable at arbitrary points, given as for [`Dataset::sample`]: n x (1 + rank), the derivative by time first,
    /// in units of the values per unit of the coordinates that `space` says.
    ///
    /// Inside a segment they are those of its network, exact but for rounding; where it is cut off at the range of the data, 0. Of
    /// steps that are coded apart, the derivative by time is the difference of the steps around the point (from a step to the
    /// next one), and what no network holds has differences over one grid step. On a point that [`Dataset::sample`] gives no
    /// number for, NaN. At the mirror of a folded axis, where the value has an edge, the derivative is that of one side.
    ///
    /// # Errors
    /// As [`Dataset::sample`].
    pub fn gradient(&self, variable: &str, points: &[f64], space: Space) -> Result<Vec<f64>> {
        self.gradient_with(variable, points, space, Outside::Error)
    }

    /// As [`Dataset::gradient`], where points outside the data are as `outside` says: with [`Outside::Clamp`] they have the
    /// derivatives at the nearest point inside.
    ///
    /// # Errors
    /// As [`Dataset::sample_with`].
    pub fn gradient_with(&self, variable: &str, points: &[f64], space: Space, outside: Outside) -> Result<Vec<f64>> {
        self.evaluate(variable, points, (space, outside), Asked::Derivatives)
    }

    fn evaluate(&self, variable: &str, points: &[f64], how: (Space, Outside), asked: Asked) -> Result<Vec<f64>> {
        let v = self.variable_index(variable)?;
        let width = 1 + self.variables[v].shape.len();
        if !points.len().is_multiple_of(width) {
            return Err(Error::InvalidArgument(format!(
                "{} coordinates are not a whole number of points of {width} coordinates (time first)",
                points.len()
            )));
        }
        let results = if asked == Asked::Values { 1 } else { width };
        let job = Job { data: self, variable: v, width, results, locator: Locator::new(self, v, how.0, how.1)?, asked };
        let mut out = vec![0.0; points.len() / width * results];
        let chunks =
            out.par_chunks_mut(CHUNK_POINTS * results).zip(points.par_chunks(CHUNK_POINTS * width)).enumerate();
        chunks.try_for_each(|(i, (out, points))| job.chunk(i * CHUNK_POINTS, points, out))?;
        Ok(out)
    }
}

/// What is wanted at each point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Values,
    /// By time and place.
    Derivatives,
}

struct Job<'a> {
    data: &'a Dataset,
    variable: usize,
    /// Coordinates of a point.
    width: usize,
    /// Numbers that are found for a point.
    results: usize,
    locator: Locator<'a>,
    asked: Asked,
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

/// Points to evaluate with one piece, and where the results go.
#[derive(Default)]
struct Batch {
    points: Vec<f64>,
    targets: Vec<Share>,
}

/// What a piece contributes to a point.
struct Share {
    /// The point's place in the chunk.
    point: usize,
    /// Its part of the value.
    weight: f64,
    /// Its part of the derivative by the step, per unit of the value; None if the piece itself knows how it changes.
    pace: Option<f64>,
}

impl Batch {
    fn push(&mut self, step: f64, place: &[f64], share: Share) {
        self.points.push(step);
        self.points.extend_from_slice(place);
        self.targets.push(share);
    }

    fn evaluate(&self, opened: &Opened, rank: usize, asked: Asked, out: &mut [f64]) -> Result<()> {
        let mut values = vec![0.0; self.targets.len()];
        if asked == Asked::Values {
            opened.sample(&self.points, rank, &mut values)?;
            for (value, share) in values.iter().zip(&self.targets) {
                out[share.point] += share.weight * value;
            }
            return Ok(());
        }
        let width = 1 + rank;
        let mut derivatives = vec![0.0; values.len() * width];
        opened.differentiate(&self.points, rank, &mut values, &mut derivatives)?;
        for ((value, d), share) in values.iter().zip(derivatives.chunks_exact(width)).zip(&self.targets) {
            let out = &mut out[share.point * width..][..width];
            out[0] += share.pace.map_or(d[0], |pace| pace * value);
            out[1..].iter_mut().zip(&d[1..]).for_each(|(o, d)| *o += share.weight * d);
        }
        Ok(())
    }
}

/// What is to be evaluated, by piece. A point is in one piece at most.
#[derive(Default)]
struct Batches {
    list: Vec<(PieceId, Batch)>,
    places: HashMap<PieceId, usize>,
    /// Place of the last one asked for: mostly the next one too.
    last: usize,
}

impl Batches {
    fn of(&mut self, id: PieceId) -> &mut Batch {
        if self.list.get(self.last).is_none_or(|(of, _)| *of != id) {
            self.last = *self.places.entry(id).or_insert_with(|| {
                self.list.push((id, Batch::default()));
                self.list.len() - 1
            });
        }
        &mut self.list[self.last].1
    }
}

impl Job<'_> {
    /// Evaluates a chunk of points; `first` is the number of its first point, for messages.
    fn chunk(&self, first: usize, points: &[f64], out: &mut [f64]) -> Result<()> {
        let mut steps: Vec<Option<StepPieces>> = Vec::new();
        steps.resize_with(self.locator.readable.len(), || None);
        // At the earlier of the two steps around each point, then at the later, so that both parts of a sum are added in the same
        // order always.
        let (mut early, mut late) = (Batches::default(), Batches::default());
        let (mut point, mut marks) = (Point::default(), Vec::new());
        for (i, (given, out)) in points.chunks_exact(self.width).zip(out.chunks_exact_mut(self.results)).enumerate() {
            if !self.locator.locate(first + i, given, &mut point)? {
                out.fill(f64::NAN);
                continue;
            }
            let (low, high) = match self.asked {
                Asked::Values => self.locator.around(point.t),
                Asked::Derivatives => self.locator.along(point.t),
            };
            for step in [low, high] {
                if steps[step].is_none() {
                    steps[step] = Some(self.step(self.locator.readable[step])?);
                }
            }
            let (Some(low), Some(high)) = (&steps[low], &steps[high]) else { continue };
            let inside = assign(i, &point, low, high, &mut early, &mut late)?;
            out.fill(if inside { 0.0 } else { f64::NAN });
            let nearest = if point.t - low.index as f64 <= high.index as f64 - point.t { low } else { high };
            if let Some(mark) = self.mark(&nearest.masks, &point.node)? {
                marks.push((i, mark));
            }
        }
        for (id, batch) in early.list.iter().chain(&late.list) {
            batch.evaluate(&self.data.content().open(*id)?, self.width - 1, self.asked, out)?;
        }
        if self.asked == Asked::Derivatives {
            let pairs = points.chunks_exact(self.width).zip(out.chunks_exact_mut(self.width));
            pairs.for_each(|(given, derivatives)| self.locator.to_coordinates(given, derivatives));
        }
        for (i, mark) in marks {
            let mark = if self.asked == Asked::Values { mark } else { f64::NAN };
            out[i * self.results..][..self.results].fill(mark);
        }
        Ok(())
    }

    fn step(&self, index: u64) -> Result<StepPieces> {
        let content = self.data.content();
        let (pieces, masks) = (content.pieces(self.variable, index)?, content.masks(self.variable, index)?);
        Ok(StepPieces { index, pieces, masks })
    }

    /// The value that a mask puts at a grid point.
    fn mark(&self, masks: &[(usize, Arc<Mask>)], node: &[usize]) -> Result<Option<f64>> {
        if masks.is_empty() {
            return Ok(None);
        }
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
fn assign(
    i: usize,
    point: &Point,
    low: &StepPieces,
    high: &StepPieces,
    early: &mut Batches,
    late: &mut Batches,
) -> Result<bool> {
    let (Some(below), Some(above)) = (low.owner(&point.node), high.owner(&point.node)) else { return Ok(false) };
    let (before, after) = (below.id()?, above.id()?);
    let ahead = point.t - low.index as f64;
    if before == after {
        early.of(before).push(below.step + ahead, &point.place, Share { point: i, weight: 1.0, pace: None });
    } else {
        let gap = (high.index - low.index) as f64;
        let weight = ahead / gap;
        let share = |weight, pace| Share { point: i, weight, pace: Some(pace) };
        early.of(before).push(below.step, &point.place, share(1.0 - weight, -1.0 / gap));
        late.of(after).push(above.step, &point.place, share(weight, 1.0 / gap));
    }
    Ok(true)
}
