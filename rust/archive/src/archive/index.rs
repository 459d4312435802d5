//! The footer of an archive: what is in it and where.

use crate::describe::RunDescription;
use crate::describe_bytes::some;
use crate::frame::FRAME_HEADER;
use crate::schema::{FrameEntryT, IndexEntry, IndexEntryT, SegmentEntryT, from_bytes, to_bytes};
use crate::steps::{StepTable, TimeCoding};
use crate::{Error, Result};

/// What the payload of a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentContent {
    /// A method's segment: all steps of the box in one piece.
    Distilled,
    /// One step of one block, carried over from the journal as it was.
    Step {
        /// Global index of the block in the variable's description.
        block: u32,
        /// How the method reads the payload.
        step_kind: u8,
        /// Step that it is coded as a difference to: the nearest entry of this block (and box) at that step before this one
        /// in the segment table.
        base_step: Option<u64>,
    },
}

/// One row of the segment table. Where segments overlap, the later row counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Index of the variable in the run's description.
    pub variable: u32,
    /// What the payload is.
    pub content: SegmentContent,
    /// Number of the method that reads the payload.
    pub method: u16,
    /// First step (index into the steps table).
    pub first_step: u64,
    /// Number of steps.
    pub step_count: u64,
    /// Offset and count of the box that it covers, slowest axis first; None: the whole variable, or for
    /// [`SegmentContent::Step`] its block. Where the archive's description has no blocks, a step has a box, and block 0.
    pub extent: Option<(Vec<u64>, Vec<u64>)>,
    /// Peak signal-to-noise ratio in dB when it was made, if it was measured.
    pub psnr: Option<f32>,
    /// Largest absolute error when it was made, if it was measured.
    pub max_error: Option<f32>,
    /// One line about what it is, for people; may be empty.
    pub description: String,
    /// Where its frame begins. Set by the writer.
    pub frame_offset: u64,
    /// Bytes of its payload. Set by the writer.
    pub payload_length: u64,
}

impl Segment {
    /// A distilled segment of these steps that covers the whole variable, nothing measured.
    pub fn distilled(variable: u32, method: u16, first_step: u64, step_count: u64) -> Segment {
        Segment {
            variable,
            content: SegmentContent::Distilled,
            method,
            first_step,
            step_count,
            extent: None,
            psnr: None,
            max_error: None,
            description: String::new(),
            frame_offset: 0,
            payload_length: 0,
        }
    }

    /// One step of one block as it stood in the journal.
    pub fn step(variable: u32, method: u16, step: u64, block: u32, step_kind: u8, base_step: Option<u64>) -> Segment {
        let content = SegmentContent::Step { block, step_kind, base_step };
        Segment { content, ..Segment::distilled(variable, method, step, 1) }
    }

    /// True if it says something about the step.
    pub fn covers(&self, step: u64) -> bool {
        step >= self.first_step && step - self.first_step < self.step_count
    }

    pub(super) fn fault(&self, run: &RunDescription, steps: u64) -> Option<String> {
        let Some(v) = run.variables.get(self.variable as usize) else {
            return Some(format!("it is of variable {}, and the run has {}", self.variable, run.variables.len()));
        };
        if self.step_count == 0 || self.first_step.checked_add(self.step_count).is_none_or(|end| end > steps) {
            return Some(format!(
                "it is of {} steps from {}, and the run has {steps} steps",
                self.step_count, self.first_step
            ));
        }
        if let SegmentContent::Step { block, base_step, .. } = self.content {
            if block as usize >= v.blocks.len() {
                return Some(format!("it is of block {block}, and the variable has {}", v.blocks.len()));
            }
            if self.step_count != 1 || base_step.is_some_and(|b| b >= self.first_step) {
                return Some("a step carried over must be one step, and its base an earlier one".into());
            }
        }
        if let Some((offset, count)) = &self.extent {
            let fits = offset.len() == v.shape.len()
                && count.len() == v.shape.len()
                && (0..v.shape.len()).all(|a| offset[a].checked_add(count[a]).is_some_and(|end| end <= v.shape[a]));
            if !fits {
                return Some(format!("its box at {offset:?} of {count:?} values is not in {:?}", v.shape));
            }
        }
        None
    }
}

/// Positions of NaN and infinities in one block at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskEntry {
    /// Index of the variable in the run's description.
    pub variable: u32,
    /// Global index of the block in the variable's description.
    pub block: u32,
    /// The step.
    pub step: u64,
    pub(super) frame_offset: u64,
    pub(super) length: u64,
}

impl MaskEntry {
    pub(super) fn fault(&self, run: &RunDescription, steps: u64) -> Option<String> {
        let known = run.variables.get(self.variable as usize).is_some_and(|v| (self.block as usize) < v.blocks.len());
        (!known || self.step >= steps)
            .then(|| format!("a mask is of block {} of variable {} at step {}", self.block, self.variable, self.step))
    }
}

/// A frame that is neither a segment nor a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OtherFrame {
    pub(super) kind: u8,
    pub(super) required: bool,
    pub(super) frame_offset: u64,
    pub(super) length: u64,
}

/// Everything the footer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    pub(super) run: RunDescription,
    pub(super) steps: StepTable,
    pub(super) segments: Vec<Segment>,
    pub(super) masks: Vec<MaskEntry>,
    pub(super) others: Vec<OtherFrame>,
}

const MASK: u8 = crate::frame::FrameKind::Mask as u8;

impl Index {
    pub(super) fn to_flat(&self, coding: TimeCoding) -> Result<Vec<u8>> {
        let masks = self.masks.iter().map(|m| FrameEntryT {
            kind: MASK,
            required: true,
            frame_offset: m.frame_offset,
            length: m.length,
            variable: m.variable,
            block: m.block,
            step: m.step,
        });
        let others = self.others.iter().map(|f| FrameEntryT {
            kind: f.kind,
            required: f.required,
            frame_offset: f.frame_offset,
            length: f.length,
            ..FrameEntryT::default()
        });
        let entry = IndexEntryT {
            run: Box::new(self.run.to_entry()?),
            steps: self.steps.encode(coding)?,
            segments: some(self.segments.iter().map(segment_to).collect()),
            frames: some(masks.chain(others).collect()),
        };
        to_bytes(|b| entry.pack(b))
    }

    /// `end` is where the index frame begins: every frame that it names must lie between the file header and there.
    pub(super) fn from_flat(bytes: &[u8], end: u64) -> Result<Index> {
        let e = from_bytes::<IndexEntry>(bytes, "the index")?.unpack();
        let mut index = Index {
            run: RunDescription::from_entry(*e.run)?,
            steps: StepTable::decode(&e.steps)?,
            segments: e.segments.unwrap_or_default().into_iter().map(segment_from).collect::<Result<_>>()?,
            ..Index::default()
        };
        for f in e.frames.unwrap_or_default() {
            if f.kind == MASK {
                index.masks.push(MaskEntry {
                    variable: f.variable,
                    block: f.block,
                    step: f.step,
                    frame_offset: f.frame_offset,
                    length: f.length,
                });
            } else {
                index.others.push(OtherFrame {
                    kind: f.kind,
                    required: f.required,
                    frame_offset: f.frame_offset,
                    length: f.length,
                });
            }
        }
        index.check(end)?;
        Ok(index)
    }

    fn check(&self, end: u64) -> Result<()> {
        let steps = self.steps.len() as u64;
        let fault = self
            .segments
            .iter()
            .find_map(|s| s.fault(&self.run, steps))
            .or_else(|| self.masks.iter().find_map(|m| m.fault(&self.run, steps)));
        if let Some(fault) = fault {
            return Err(Error::Corruption(format!("the index is not sound: {fault}")));
        }
        let places = (self.segments.iter().map(|s| (s.frame_offset, s.payload_length)))
            .chain(self.masks.iter().map(|m| (m.frame_offset, m.length)))
            .chain(self.others.iter().map(|f| (f.frame_offset, f.length)));
        for (offset, length) in places {
            let frame_end = offset.checked_add(FRAME_HEADER as u64).and_then(|o| o.checked_add(length));
            if frame_end.is_none_or(|frame_end| frame_end > end) {
                return Err(Error::Corruption(format!(
                    "the index names a frame of {length} bytes at byte {offset}, beyond the frames of the file"
                )));
            }
        }
        Ok(())
    }
}

fn segment_to(s: &Segment) -> SegmentEntryT {
    let mut e = SegmentEntryT {
        variable: s.variable,
        method: s.method,
        first_step: s.first_step,
        step_count: s.step_count,
        box_offset: s.extent.as_ref().map(|x| x.0.clone()),
        box_count: s.extent.as_ref().map(|x| x.1.clone()),
        frame_offset: s.frame_offset,
        payload_length: s.payload_length,
        psnr: s.psnr,
        max_error: s.max_error,
        description: (!s.description.is_empty()).then(|| s.description.clone()),
        ..SegmentEntryT::default()
    };
    if let SegmentContent::Step { block, step_kind, base_step } = s.content {
        (e.content, e.block, e.step_kind, e.base_step) = (1, block, step_kind, base_step);
    }
    e
}

fn segment_from(e: SegmentEntryT) -> Result<Segment> {
    let content = match e.content {
        0 => SegmentContent::Distilled,
        1 => SegmentContent::Step { block: e.block, step_kind: e.step_kind, base_step: e.base_step },
        n => {
            return Err(Error::Compatibility(format!(
                "a segment of content {n} is unknown to this build of limbeck: read the file with a newer one"
            )));
        }
    };
    Ok(Segment {
        variable: e.variable,
        content,
        method: e.method,
        first_step: e.first_step,
        step_count: e.step_count,
        extent: e.box_offset.zip(e.box_count),
        psnr: e.psnr,
        max_error: e.max_error,
        description: e.description.unwrap_or_default(),
        frame_offset: e.frame_offset,
        payload_length: e.payload_length,
    })
}
