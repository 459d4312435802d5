//! The values handed in, beside what became of them.

use limbeck_field::{Extent, Region};
use limbeck_reader::Step;

use crate::console::Progress;
use crate::failure::{Failure, Result};
use crate::input::{self, Series};
use crate::interrupt;
use crate::measure::{Measured, Summary};
use crate::source::{self, Source, Variable};
use crate::table::{self, decibels};

/// A variable and its originals.
pub struct Pair {
    /// The variable.
    pub variable: Variable,
    /// Step i of the archive belongs to step i of it.
    pub series: Series,
}

/// What was measured of one variable.
pub struct Comparison {
    /// Step by step.
    pub steps: Vec<Measured>,
    /// Over all steps.
    pub summary: Summary,
    /// Steps that cannot be decoded.
    pub missing: usize,
}

impl Pair {
    /// Checks that the two fit.
    pub fn new(variable: Variable, series: Series, file: &str) -> Result<Pair> {
        if series.shape != variable.shape {
            let (are, should) = (table::shape(&series.shape), table::shape(&variable.shape));
            let name = &variable.name;
            return Err(Failure::Data(format!("{file} has steps of {are} values, but variable {name:?} has {should}")));
        }
        Ok(Pair { variable, series })
    }

    /// Decodes the steps and measures them; `done` steps of the progress were done before.
    pub fn measure(&mut self, source: &Source, steps: &[Step], progress: &Progress, done: u64) -> Result<Comparison> {
        let region = Region::of(&Extent::whole(&self.variable.shape));
        let (mut values, mut original) = (input::buffer(self.series.element_type), Vec::new());
        let (mut measured, mut missing) = (Vec::new(), 0);
        for (i, step) in steps.iter().enumerate() {
            interrupt::check()?;
            if source::is_missing(step) {
                missing += 1;
                continue;
            }
            self.series.read(step.index as usize, &mut values)?;
            input::widen(&values, &mut original);
            let decoded = source.read(&self.variable, step, &region)?;
            let m = Measured::new(step, &original, &decoded, &region.count)?;
            progress.at(done + i as u64 + 1, &format!("{} {} dB", self.variable.name, decibels(m.distortion.psnr())));
            measured.push(m);
        }
        let summary = Summary::of(&measured).ok_or_else(|| {
            Failure::Archive(format!("none of the steps of variable {:?} can be decoded", self.variable.name))
        })?;
        Ok(Comparison { steps: measured, summary, missing })
    }
}
