//! Writing: a session and the numbers under which C++ knows its variables and blocks.

use std::path::Path;
use std::time::Duration;

use limbeck_session::{Attribute, BlockId, Communicator, Config, ElementType, Outcome, Session, ValuesRef, VariableId};

use crate::bridge::{Ended, Setting};
use crate::guard::{Failure, guarded};

/// A run that is being written.
pub struct Run {
    session: Session,
    variables: Vec<VariableId>,
    blocks: Vec<BlockId>,
}

/// Opens a run of this process alone.
pub fn open_run(path: &str, settings: &[Setting]) -> Result<Box<Run>, Failure> {
    guarded(|| {
        let mut config = Config::new();
        for setting in settings {
            config.set(&setting.name, &setting.value)?;
        }
        let session = Session::open(Path::new(path), &config, Communicator::None)?;
        Ok::<_, limbeck_session::Error>(Box::new(Run { session, variables: Vec::new(), blocks: Vec::new() }))
    })
}

/// Distils, writes the archive and ends the run.
pub fn close_run(run: Box<Run>) -> Result<Ended, Failure> {
    guarded(|| {
        let report = run.session.close()?;
        Ok::<_, limbeck_session::Error>(Ended {
            archive: report.archive.as_deref().map_or(String::new(), |path| path.display().to_string()),
            bytes: report.archive_bytes,
            ratio: report.ratio(),
            missing: report.missing.iter().map(|(cycle, _)| *cycle).collect(),
            warnings: report.warnings.clone(),
        })
    })
}

fn numbered<T: Copy>(list: &[T], number: usize, what: &str) -> Result<T, Failure> {
    list.get(number).copied().ok_or_else(|| Failure::new(format!("there is no {what} {number}, only {}", list.len())))
}

impl Run {
    pub fn define(&mut self, name: &str, double_precision: bool, shape: &[usize]) -> Result<usize, Failure> {
        let element_type = if double_precision { ElementType::Float64 } else { ElementType::Float32 };
        let id = guarded(|| self.session.define_variable(name, element_type, shape))?;
        self.variables.push(id);
        Ok(self.variables.len() - 1)
    }

    pub fn set_attribute(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        guarded(|| self.session.set_attribute(None, name, Attribute::Text(value.to_owned())))
    }

    pub fn set_variable_attribute(&mut self, variable: usize, name: &str, value: &str) -> Result<(), Failure> {
        let id = numbered(&self.variables, variable, "variable")?;
        guarded(|| self.session.set_attribute(Some(id), name, Attribute::Text(value.to_owned())))
    }

    pub fn add_block(&mut self, variable: usize, offset: &[usize], count: &[usize]) -> Result<usize, Failure> {
        let variable = numbered(&self.variables, variable, "variable")?;
        let id = guarded(|| self.session.add_block(variable, offset, count, None))?;
        self.blocks.push(id);
        Ok(self.blocks.len() - 1)
    }

    pub fn commit(&mut self) -> Result<(), Failure> {
        guarded(|| self.session.commit().map(drop))
    }

    pub fn begin(&mut self, cycle: i64, time: f64) -> Result<(), Failure> {
        guarded(|| self.session.step_begin(cycle, time))
    }

    pub fn put_float(&mut self, block: usize, values: &[f32]) -> Result<(), Failure> {
        self.put(block, ValuesRef::Float32(values))
    }

    pub fn put_double(&mut self, block: usize, values: &[f64]) -> Result<(), Failure> {
        self.put(block, ValuesRef::Float64(values))
    }

    /// A step that is dropped here is told by `end`.
    fn put(&mut self, block: usize, values: ValuesRef<'_>) -> Result<(), Failure> {
        let block = numbered(&self.blocks, block, "block")?;
        guarded(|| self.session.put_slice(block, values).map(drop))
    }

    pub fn end(&mut self) -> Result<String, Failure> {
        Ok(match guarded(|| self.session.step_end())? {
            Outcome::Ok => String::new(),
            Outcome::Dropped => "the step was dropped".to_owned(),
            Outcome::Degraded(text) => text,
        })
    }

    pub fn cancel(&mut self) -> Result<(), Failure> {
        guarded(|| self.session.step_cancel())
    }

    pub fn wait(&self, cycle: i64, seconds: f64) -> Result<bool, Failure> {
        // Longer than a process lives, or negative: no limit.
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        guarded(|| self.session.wait(cycle, limit))
    }
}
