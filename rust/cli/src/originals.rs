//! The values handed in, beside what became of them.

use std::path::PathBuf;

use limbeck_field::{Extent, Region};
use limbeck_reader::Step;

use crate::console::{Console, Progress};
use crate::failure::{Failure, Result};
use crate::input::{self, FormatArgs, Series};
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

/// Finds the variable of each file and checks that they fit.
pub fn pairs(named: &[String], format: &FormatArgs, source: &Source) -> Result<Vec<Pair>> {
    let is_named = |text: &String| text.split_once('=').is_some_and(|(name, _)| source.has(name));
    let groups = match named.iter().any(is_named) {
        true => {
            let files: std::result::Result<Vec<_>, _> = named.iter().map(|text| input::parse_named(text)).collect();
            input::group(&files.map_err(|e| Failure::Usage(format!("--original: either all or none {e}")))?)
        }
        false => {
            let variables = source.variables()?;
            let [only] = &variables[..] else {
                let names: Vec<&str> = variables.iter().map(|v| v.name.as_str()).collect();
                let names = names.join(", ");
                return Err(Failure::Usage(format!("variables are {names}; say which with --original NAME=FILE")));
            };
            vec![(only.name.clone(), named.iter().map(PathBuf::from).collect())]
        }
    };
    let mut pairs = Vec::new();
    for (name, paths) in groups {
        let [variable] = source.select(&[name])?.try_into().map_err(|_| Failure::Internal("one name".into()))?;
        let series = format.open_originals(&paths, &variable)?;
        pairs.push(Pair::new(variable, series, &paths[0].display().to_string())?);
    }
    Ok(pairs)
}

/// Checks that there are originals of all these steps; says so if there are more.
pub fn check_steps(pairs: &[Pair], steps: &[Step], in_archive: usize, console: &Console) -> Result<()> {
    let last = steps.last().map_or(0, |s| s.index);
    for pair in pairs {
        let name = &pair.variable.name;
        let originals = pair.series.steps() as u64;
        if originals <= last {
            return Err(Failure::Data(format!(
                "variable {name:?}: there are originals of {originals} steps, but step {last} is to be compared; \
                 choose with --steps"
            )));
        }
        if originals > in_archive as u64 {
            console.warn(&format!("variable {name:?}: {originals} original steps, the archive holds {in_archive}"));
        }
    }
    Ok(())
}
