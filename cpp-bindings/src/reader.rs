//! Reading: archives and unfinished runs.

use limbeck_field::Region;
use limbeck_reader::{Dataset, Element, Space};

use crate::bridge::{Moment, VariableInfo};
use crate::guard::{Failure, guarded};

/// An archive, or the journal of a run that is not finished.
pub struct Reader(Dataset);

/// Opens it.
pub fn open_archive(path: &str) -> Result<Box<Reader>, Failure> {
    guarded(|| Dataset::open(path)).map(|dataset| Box::new(Reader(dataset)))
}

impl Reader {
    pub fn variables(&self) -> Vec<VariableInfo> {
        let described = self.0.variables().iter().map(|variable| VariableInfo {
            name: variable.name.clone(),
            double_precision: variable.element_type == 8,
            shape: variable.shape.clone(),
        });
        described.collect()
    }

    pub fn steps(&self) -> Vec<Moment> {
        self.0.steps().iter().map(|step| Moment { cycle: step.cycle, time: step.time }).collect()
    }

    pub fn read_float(
        &self,
        variable: &str,
        step: u64,
        start: &[usize],
        count: &[usize],
        every: &[usize],
    ) -> Result<Vec<f32>, Failure> {
        self.read(variable, step, start, count, every)
    }

    pub fn read_double(
        &self,
        variable: &str,
        step: u64,
        start: &[usize],
        count: &[usize],
        every: &[usize],
    ) -> Result<Vec<f64>, Failure> {
        self.read(variable, step, start, count, every)
    }

    fn read<T: Element>(
        &self,
        variable: &str,
        step: u64,
        start: &[usize],
        count: &[usize],
        every: &[usize],
    ) -> Result<Vec<T>, Failure> {
        let region = Region { start: start.to_vec(), count: count.to_vec(), every: every.to_vec() };
        guarded(|| self.0.read(variable, step, &region))
    }

    pub fn sample(&self, variable: &str, points: &[f64]) -> Result<Vec<f64>, Failure> {
        guarded(|| self.0.sample(variable, points, Space::Index))
    }
}
