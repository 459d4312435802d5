//! The archive out of its parts.

use std::path::Path;

use limbeck_archive::{
    ArchiveWriter, RunDescription, Segment, StepMetrics, StepTable, TimeCoding, UnfinishedRun, VariableDescription,
};

use super::kept::Carried;
use super::masks::VariableMask;
use super::plan::Plan;
use super::student::Made;
use crate::Result;

/// What optional frames may take of the archive.
const OPTIONAL_SHARE: u64 = 50;
/// Stands for the description of a student that is not made yet.
const USUAL_DESCRIPTION: &str = "SIREN 148x4, 123,456 parameters, one axis folded";
/// Bytes by which an index, which is compressed, may come out longer for the numbers in it, for each student.
const SLACK: u64 = 8;

/// Everything but the steps table.
pub(super) struct Parts {
    run: RunDescription,
    method: u16,
    first_step: u64,
    new_steps: StepTable,
    masks: Vec<VariableMask>,
    metrics: Vec<StepMetrics>,
    options: Option<String>,
    /// Readers can tell from a student itself what it is.
    describe: bool,
    times: TimeCoding,
    pub(super) students: Vec<Made>,
    pub(super) steps: Vec<Carried>,
}

impl Parts {
    pub(super) fn new(
        run: &UnfinishedRun,
        plan: &Plan,
        method: u16,
        masks: Vec<VariableMask>,
        metrics: Vec<StepMetrics>,
    ) -> Parts {
        let steps = plan.first_step..plan.first_step + plan.stamps.len() as u64;
        let mut described = run.run().clone();
        // Blocks are how the run was shared out; an archive is of whole variables.
        for v in &mut described.variables {
            v.blocks = vec![VariableDescription::whole_block(&v.shape)];
        }
        Parts {
            run: described,
            method,
            first_step: plan.first_step,
            new_steps: plan.new_table(),
            masks,
            metrics: metrics.into_iter().filter(|m| steps.contains(&m.step)).collect(),
            options: run.options().filter(|o| !o.is_empty()).map(str::to_owned),
            describe: true,
            times: TimeCoding::Exact,
            students: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// Leaves out what people like to know where it would take more than a fiftieth of an archive of this size.
    pub(super) fn leave_out_what_is_too_large(&mut self, room: u64) {
        let allowed = room / OPTIONAL_SHARE;
        let described = USUAL_DESCRIPTION.len() * self.run.variables.len();
        self.describe = described as u64 <= allowed;
        // A row of metrics takes about 40 bytes compressed.
        if 40 * self.metrics.len() as u64 > allowed {
            self.metrics.clear();
        }
        if self.options.as_ref().is_some_and(|o| o.len() as u64 + 40 > allowed) {
            self.options = None;
        }
        if 8 * self.new_steps.len() as u64 > allowed {
            self.times = TimeCoding::Compact;
        }
    }

    pub(super) fn leave_out_all(&mut self) {
        (self.options, self.describe, self.times) = (None, false, TimeCoding::Compact);
        self.metrics.clear();
    }

    /// Size of an archive with these parts, written into `scratch` and removed.
    pub(super) fn measure(&self, scratch: &Path) -> Result<u64> {
        self.measured(scratch, |_| Ok(()))
    }

    /// What an archive of at most `room` bytes takes beside the payloads of its students, which are not made yet.
    pub(super) fn overhead(&self, scratch: &Path, room: u64) -> Result<u64> {
        let variables = self.run.variables.len() as u64;
        // As long as they may become, or so long that their lengths have as many digits.
        let payload = vec![0; (room / variables.max(1)).min(1 << 17) as usize];
        let all = self.measured(scratch, |writer| {
            for v in 0..variables as u32 {
                let mut segment = Segment::distilled(v, self.method, 0, self.new_steps.len() as u64);
                (segment.psnr, segment.max_error) = (Some(47.123), Some(0.012_345));
                if self.describe {
                    segment.description = USUAL_DESCRIPTION.into();
                }
                writer.add_segment(segment, &payload)?;
            }
            Ok(())
        })?;
        Ok(all - variables * payload.len() as u64 + variables * SLACK)
    }

    fn measured(&self, scratch: &Path, more: impl FnOnce(&mut ArchiveWriter) -> Result<()>) -> Result<u64> {
        let directory = tempfile::Builder::new()
            .prefix(".limbeck-")
            .tempdir_in(scratch)
            .map_err(|e| crate::Error::Io(format!("cannot write to {}: {e}", scratch.display())))?;
        let mut writer = ArchiveWriter::create(&directory.path().join("measured"), &self.run)?;
        more(&mut writer)?;
        self.fill(&mut writer, 0)?;
        Ok(writer.finish(&self.new_steps, self.times)?)
    }

    /// Writes the archive, or a new version of the one that is there. Returns its size.
    pub(super) fn write(&self, output: &Path, plan: &Plan) -> Result<u64> {
        let mut writer = match plan.appends() {
            true => ArchiveWriter::append_to(output)?,
            false => ArchiveWriter::create(output, &self.run)?,
        };
        self.fill(&mut writer, self.first_step)?;
        Ok(writer.finish(&plan.table(), self.times)?)
    }

    /// Steps count from `first_step`, whatever they are in the run.
    fn fill(&self, writer: &mut ArchiveWriter, first_step: u64) -> Result<()> {
        let n = self.new_steps.len() as u64;
        for s in &self.students {
            let mut segment = Segment::distilled(s.variable, self.method, first_step, n);
            segment.extent.clone_from(&s.extent);
            let q = &s.segment.quality;
            segment.psnr = Some(q.psnr() as f32).filter(|p| !p.is_nan());
            segment.max_error = Some(q.max_error as f32).filter(|e| e.is_finite());
            if self.describe {
                segment.description.clone_from(&s.segment.description);
            }
            writer.add_segment(segment, &s.segment.payload)?;
        }
        let moved = |step: u64| step - self.first_step + first_step;
        for s in &self.steps {
            let base = s.base_step.map(moved);
            let mut segment = Segment::step(s.variable, s.method, moved(s.step), 0, s.kind as u8, base);
            segment.extent.clone_from(&s.extent);
            writer.add_segment(segment, &s.payload)?;
        }
        for m in &self.masks {
            writer.add_mask(m.variable, 0, moved(m.step), &m.bytes)?;
        }
        if !self.metrics.is_empty() {
            let row = |m: &StepMetrics| StepMetrics { step: moved(m.step), ..*m };
            writer.add_metrics(&self.metrics.iter().map(row).collect::<Vec<_>>())?;
        }
        if let Some(options) = &self.options {
            writer.add_options(options)?;
        }
        Ok(())
    }
}
