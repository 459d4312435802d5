//! Pieces out of the journals of an unfinished run.

use std::sync::Arc;

use limbeck_archive::{BlockEntry, StepRecord, StepState, UnfinishedRun};
use limbeck_codec::{BlockGeometry, Mask, StepKind};

use crate::cache::Cache;
use crate::dataset::{Methods, State, Step};
use crate::pieces::{CACHE_BYTES, Content, Opened, Piece, PieceId, Variable, open_chain, step_bytes};
use crate::{Error, Result};

pub(crate) struct Unfinished {
    pub(crate) journals: UnfinishedRun,
    variables: Vec<Variable>,
    methods: Methods,
    opened: Cache<PieceId, Opened>,
    opened_masks: Cache<PieceId, Arc<Mask>>,
}

impl Unfinished {
    pub(crate) fn new(journals: UnfinishedRun, variables: Vec<Variable>, methods: Methods) -> Unfinished {
        let (opened, opened_masks) = (Cache::new(CACHE_BYTES), Cache::new(CACHE_BYTES / 4));
        Unfinished { journals, variables, methods, opened, opened_masks }
    }

    /// Takes over what was appended since; true if there was anything.
    pub(crate) fn read_on(&mut self) -> Result<bool> {
        let news = self.journals.read_on()?;
        if news {
            // Should the journals have been begun anew, what was opened is of the run before.
            self.variables = self.journals.run().variables.iter().map(Variable::new).collect::<Result<_>>()?;
            (self.opened, self.opened_masks) = (Cache::new(CACHE_BYTES), Cache::new(CACHE_BYTES / 4));
        }
        Ok(news)
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        let state = |state: &StepState| match state {
            StepState::Complete => State::Present,
            StepState::Incomplete => State::Missing("not all of its blocks were written (yet)".into()),
            StepState::Dropped(reason) => State::Missing(format!("it was dropped: {reason}")),
        };
        let step = |s: &StepRecord| Step {
            index: s.stamp.step,
            cycle: s.stamp.cycle,
            time: s.stamp.time,
            state: state(&s.state),
        };
        self.journals.steps().iter().map(step).collect()
    }

    fn record(&self, step: u64) -> Option<&StepRecord> {
        let steps = self.journals.steps();
        steps.binary_search_by_key(&step, |s| s.stamp.step).ok().map(|i| &steps[i])
    }

    fn open_frame(&self, entry: &BlockEntry, base: Option<&Opened>) -> Result<(Opened, usize)> {
        let v = &self.variables[entry.variable as usize];
        let payload = self.journals.read_block(entry)?.payload;
        let kind = StepKind::from_number(entry.step_kind)?;
        let extent = v.blocks[entry.block as usize].clone();
        let values = extent.len();
        let geometry =
            BlockGeometry { shape: v.shape.clone(), extent, element_type: v.element_type, shared: Vec::new() };
        // The mask is put over the values later, as for segments.
        let method = (self.methods)(entry.method)?;
        let decoder = method.open_step(&geometry, kind, &payload, None, base.and_then(Opened::block))?;
        Ok((Opened::Block(decoder), step_bytes(kind, values, payload.len())))
    }
}

impl Content for Unfinished {
    fn pieces(&self, variable: usize, step: u64) -> Result<Vec<Piece>> {
        let name = &self.journals.run().variables[variable].name;
        let Some(record) = self.record(step) else {
            return Err(Error::InvalidArgument(format!("the journal knows no step {step}")));
        };
        match &record.state {
            StepState::Complete => {}
            StepState::Dropped(reason) => {
                return Err(Error::InvalidArgument(format!("step {step} does not exist, it was dropped: {reason}")));
            }
            StepState::Incomplete => {
                return Err(Error::InvalidArgument(format!(
                    "step {step} is not complete: not all of its blocks were written (yet)"
                )));
            }
        }
        // A value in several blocks belongs to the first of them, so that one comes last.
        let blocks = self.variables[variable].blocks.iter().enumerate().rev();
        Ok(blocks
            .map(|(block, extent)| {
                let id = self.journals.locate(variable as u32, block as u32, step);
                let id = id
                    .ok_or_else(|| format!("block {block} of \"{name}\" at step {step} is lost: its frame is damaged"));
                Piece { extent: extent.clone(), id, step: 0.0 }
            })
            .collect())
    }

    fn open(&self, id: PieceId) -> Result<Opened> {
        let base_of = |id| Ok(self.journals.locate_base(id)?);
        open_chain(&self.opened, id, base_of, |id, base| self.open_frame(self.journals.at(id), base))
    }

    fn masks(&self, variable: usize, step: u64) -> Result<Vec<(usize, Arc<Mask>)>> {
        let mut masks = Vec::new();
        for (block, extent) in self.variables[variable].blocks.iter().enumerate() {
            let Some(id) = self.journals.locate(variable as u32, block as u32, step) else { continue };
            let entry = self.journals.at(id);
            if entry.mask_length.is_none() {
                continue;
            }
            let mask = self.opened_masks.get_or(id, || -> Result<_> {
                let bytes = self.journals.read_block(entry)?.mask.unwrap_or_default();
                Ok((Arc::new(Mask::decode(&bytes, extent.len())?), extent.len()))
            })?;
            masks.push((block, mask));
        }
        Ok(masks)
    }

    fn readable(&self, _variable: usize, step: u64) -> bool {
        self.record(step).is_some_and(|s| s.state == StepState::Complete)
    }
}
