//! Pieces out of a finished archive.

use std::collections::BTreeMap;
use std::sync::Arc;

use limbeck_archive::{Archive, Segment, SegmentContent};
use limbeck_codec::{AtStep, BlockDecoder, BlockGeometry, Mask, StepKind};
use limbeck_field::Extent;

use crate::cache::Cache;
use crate::dataset::{Methods, State, Step};
use crate::pieces::{CACHE_BYTES, Content, Opened, Piece, PieceId, Variable, open_chain, step_bytes};
use crate::{Error, Result};

pub(crate) struct Finished {
    pub(crate) archive: Archive,
    variables: Vec<Variable>,
    methods: Methods,
    /// Rows of the segment table of each variable, in order.
    rows: Vec<Vec<usize>>,
    /// Those of students among them.
    students: Vec<Vec<usize>>,
    /// (variable, step, block) to the row of its mask; the last one counts.
    masks: BTreeMap<(u32, u64, u32), usize>,
    /// Whether some segment says something about a step, for each variable.
    covered: Vec<Vec<bool>>,
    opened: Cache<usize, Opened>,
    opened_masks: Cache<usize, Arc<Mask>>,
}

impl Finished {
    pub(crate) fn new(archive: Archive, variables: Vec<Variable>, methods: Methods) -> Finished {
        let (mut rows, mut students) = (vec![Vec::new(); variables.len()], vec![Vec::new(); variables.len()]);
        for (row, s) in archive.segments().iter().enumerate() {
            rows[s.variable as usize].push(row);
            if s.content == SegmentContent::Distilled {
                students[s.variable as usize].push(row);
            }
        }
        let masks = archive.masks().iter().enumerate().map(|(row, m)| ((m.variable, m.step, m.block), row)).collect();
        let covered = rows.iter().map(|rows| coverage(&archive, rows)).collect();
        let (opened, opened_masks) = (Cache::new(CACHE_BYTES), Cache::new(CACHE_BYTES / 4));
        Finished { archive, variables, methods, rows, students, masks, covered, opened, opened_masks }
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        let table = self.archive.steps();
        let mut missing = table.missing.iter().copied().peekable();
        (0..table.len())
            .map(|i| {
                let index = i as u64;
                let covered = self.covered.iter().any(|c| c[i]);
                let state = match (missing.next_if_eq(&index), covered) {
                    (None, true) => State::Present,
                    (Some(_), true) => State::Interpolated,
                    (_, false) => State::Missing("the archive holds no values of it".into()),
                };
                Step { index, cycle: table.cycles[i], time: table.times[i], state }
            })
            .collect()
    }

    /// Name of a method, or its number if this build does not have it.
    pub(crate) fn method_name(&self, number: u16) -> String {
        (self.methods)(number).map_or_else(|_| format!("method {number}"), |m| m.name().to_owned())
    }

    fn extent(&self, s: &Segment) -> Extent {
        let v = &self.variables[s.variable as usize];
        match (&s.extent, &s.content) {
            // Sound by the archive's own checks, and no larger than the shape, which fits.
            (Some((offset, count)), _) => Extent {
                offset: offset.iter().map(|&n| n as usize).collect(),
                count: count.iter().map(|&n| n as usize).collect(),
            },
            (None, SegmentContent::Step { block, .. }) => v.blocks[*block as usize].clone(),
            (None, SegmentContent::Distilled) => Extent::whole(&v.shape),
        }
    }

    /// The row that a step is a difference to.
    fn base(&self, row: usize) -> Result<Option<usize>> {
        let s = &self.archive.segments()[row];
        if is_correction(s) {
            return self.student_under(row).map(Some);
        }
        let SegmentContent::Step { block, base_step: Some(base), .. } = s.content else { return Ok(None) };
        // The blocks of the step before stand right before this one.
        let before = self.rows[s.variable as usize].as_slice();
        let before = &before[..before.partition_point(|&r| r < row)];
        let found = before.iter().rev().copied().find(|&r| {
            let t = &self.archive.segments()[r];
            t.first_step == base
                && t.extent == s.extent
                && matches!(t.content, SegmentContent::Step { block: b, .. } if b == block)
        });
        found.map(Some).ok_or_else(|| {
            Error::Corruption(format!(
                "step {} of block {block} is a difference to step {base}, which the archive does not hold",
                s.first_step
            ))
        })
    }

    /// The row of the student that a correction is of.
    fn student_under(&self, row: usize) -> Result<usize> {
        let s = &self.archive.segments()[row];
        let box_of_it = self.extent(s);
        let holds = |t: &Segment| {
            let e = self.extent(t);
            (0..e.rank()).all(|a| {
                let (first, end) = (box_of_it.offset[a], box_of_it.offset[a] + box_of_it.count[a]);
                first >= e.offset[a] && end <= e.offset[a] + e.count[a]
            })
        };
        let students = self.students[s.variable as usize].iter().rev().copied();
        let found = students.filter(|&r| r < row).find(|&r| {
            let t = &self.archive.segments()[r];
            t.covers(s.first_step) && holds(t)
        });
        found.ok_or_else(|| {
            Error::Corruption(format!("a correction of step {} has no student that it is of", s.first_step))
        })
    }

    fn open_row(&self, row: usize, base: Option<&Opened>) -> Result<(Opened, usize)> {
        let s = &self.archive.segments()[row];
        let v = &self.variables[s.variable as usize];
        let payload = self.archive.read_segment(s)?;
        let method = (self.methods)(s.method)?;
        match s.content {
            SegmentContent::Distilled => {
                let steps = s.first_step as usize..(s.first_step + s.step_count) as usize;
                let times = &self.archive.steps().times[steps];
                Ok((Opened::Segment(method.open_segment(&self.extent(s), times, &payload)?), 8 * payload.len()))
            }
            SegmentContent::Step { step_kind, .. } => {
                let kind = StepKind::from_number(step_kind)?;
                let extent = self.extent(s);
                let values = extent.len();
                let geometry =
                    BlockGeometry { shape: v.shape.clone(), extent, element_type: v.element_type, shared: Vec::new() };
                let student = match base {
                    Some(Opened::Segment(segment)) => {
                        let of = &self.archive.segments()[self.student_under(row)?];
                        Some(AtStep::new(segment.clone(), (s.first_step - of.first_step) as f64))
                    }
                    _ => None,
                };
                let base = student.as_ref().map(|s| s as &dyn BlockDecoder).or(base.and_then(Opened::block));
                let decoder = method.open_step(&geometry, kind, &payload, None, base)?;
                Ok((Opened::Block(decoder), step_bytes(kind, values, payload.len())))
            }
        }
    }
}

impl Content for Finished {
    fn pieces(&self, variable: usize, step: u64) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for &row in self.rows[variable].iter().rev() {
            let s = &self.archive.segments()[row];
            if s.covers(step) {
                let extent = self.extent(s);
                let whole = extent.count == self.variables[variable].shape;
                pieces.push(Piece { extent, id: Ok((0, row)), step: (step - s.first_step) as f64 });
                if whole {
                    // Nothing earlier can be seen.
                    break;
                }
            }
        }
        pieces.reverse();
        if pieces.is_empty() {
            let name = &self.archive.run().variables[variable].name;
            return Err(Error::InvalidArgument(format!("the archive holds no values of \"{name}\" at step {step}")));
        }
        Ok(pieces)
    }

    fn open(&self, (_, row): PieceId) -> Result<Opened> {
        open_chain(&self.opened, row, |r| self.base(r), |r, base| self.open_row(r, base))
    }

    fn masks(&self, variable: usize, step: u64) -> Result<Vec<(usize, Arc<Mask>)>> {
        let v = variable as u32;
        let range = self.masks.range((v, step, 0)..=(v, step, u32::MAX));
        range
            .map(|(&(_, _, block), &row)| {
                let mask = self.opened_masks.get_or(row, || -> Result<_> {
                    let values = self.variables[variable].blocks[block as usize].len();
                    let bytes = self.archive.read_mask(&self.archive.masks()[row])?;
                    Ok((Arc::new(Mask::decode(&bytes, values)?), values))
                })?;
                Ok((block as usize, mask))
            })
            .collect()
    }

    fn readable(&self, variable: usize, step: u64) -> bool {
        self.covered[variable].get(step as usize).is_some_and(|&c| c)
    }
}

/// Whether it is a difference to the student that covers its step.
fn is_correction(s: &Segment) -> bool {
    matches!(s.content, SegmentContent::Step { step_kind, .. } if step_kind == StepKind::Correction as u8)
}

/// Whether some of these rows covers a step, for every step.
fn coverage(archive: &Archive, rows: &[usize]) -> Vec<bool> {
    let n = archive.steps().len();
    // How many segments begin at a step, less those that have ended.
    let mut change = vec![0i64; n + 1];
    for s in rows.iter().map(|&row| &archive.segments()[row]) {
        change[s.first_step as usize] += 1;
        change[(s.first_step + s.step_count) as usize] -= 1;
    }
    let running = change.iter().scan(0, |open, c| {
        *open += c;
        Some(*open > 0)
    });
    running.take(n).collect()
}
