//! A finished archive or an unfinished run, opened for reading.

use std::path::{Path, PathBuf};

use limbeck_archive::{Archive, Attribute, RunDescription, UnfinishedRun, VariableDescription, journal_directory};
use limbeck_codec::Method;

use crate::finished::Finished;
use crate::pieces::{Content, Variable};
use crate::unfinished::Unfinished;
use crate::{Error, Result};

/// Finds a method by its number in a file.
pub type Methods = fn(u16) -> limbeck_codec::Result<&'static dyn Method>;

/// How a step can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its values were kept.
    Present,
    /// It was dropped or lost before the archive was made; reading gives what the network makes of its neighbours.
    Interpolated,
    /// Its values cannot be read, and why.
    Missing(String),
}

/// One step of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its index in the run; what [`Dataset::read`] takes.
    pub index: u64,
    /// The simulation's cycle number.
    pub cycle: i64,
    /// Physical time.
    pub time: f64,
    /// How it can be read.
    pub state: State,
}

/// An open dataset. May be shared between threads; reading is parallel in the rayon pool that it is called from.
pub struct Dataset {
    path: PathBuf,
    pub(crate) run: RunDescription,
    pub(crate) variables: Vec<Variable>,
    pub(crate) steps: Vec<Step>,
    pub(crate) kind: Kind,
}

/// The two kinds of files.
pub(crate) enum Kind {
    Finished(Finished),
    Unfinished(Unfinished),
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset")
            .field("path", &self.path)
            .field("finished", &self.is_finished())
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Dataset {
    /// Opens a finished archive `run.lbk`, or an unfinished run: its journal directory `run.lbk.d`, or `run.lbk` where
    /// only the directory exists. A writer may be at work on the run: what is read is how far it was at this moment.
    ///
    /// # Errors
    /// InvalidArgument if there is no such file; Compatibility for foreign and newer files; Truncated for files that
    /// end early; Corruption for damaged ones (damaged steps of an unfinished run are no error before they are read);
    /// Io.
    pub fn open(path: impl AsRef<Path>) -> Result<Dataset> {
        Dataset::open_with_methods(path, limbeck_codec::method_by_number)
    }

    /// As [`Dataset::open`], with other methods than those of this build.
    pub fn open_with_methods(path: impl AsRef<Path>, methods: Methods) -> Result<Dataset> {
        let path = path.as_ref();
        let directory = journal_directory(path);
        if path.is_dir() {
            Dataset::unfinished(path, methods)
        } else if path.exists() {
            Dataset::finished(path, methods)
        } else if directory.is_dir() {
            Dataset::unfinished(&directory, methods)
        } else {
            Err(Error::InvalidArgument(format!(
                "there is neither an archive {} nor a journal directory {}",
                path.display(),
                directory.display()
            )))
        }
    }

    fn finished(path: &Path, methods: Methods) -> Result<Dataset> {
        let archive = Archive::open(path)?;
        let run = archive.run().clone();
        let variables = run.variables.iter().map(Variable::new).collect::<Result<Vec<_>>>()?;
        let content = Finished::new(archive, variables.clone(), methods);
        let steps = content.steps();
        Ok(Dataset { path: path.to_owned(), run, variables, steps, kind: Kind::Finished(content) })
    }

    fn unfinished(directory: &Path, methods: Methods) -> Result<Dataset> {
        let journals = UnfinishedRun::open(directory)?;
        let run = journals.run().clone();
        let variables = run.variables.iter().map(Variable::new).collect::<Result<Vec<_>>>()?;
        let content = Unfinished::new(journals, variables.clone(), methods);
        let steps = content.steps();
        Ok(Dataset { path: directory.to_owned(), run, variables, steps, kind: Kind::Unfinished(content) })
    }

    /// Takes over what was written to an unfinished run since it was opened, without reading again what was read before. True if
    /// there was anything; an archive never changes.
    ///
    /// # Errors
    /// As [`Dataset::open`]: the run may have been removed. What was known stays until a call succeeds.
    pub fn read_on(&mut self) -> Result<bool> {
        let Kind::Unfinished(content) = &mut self.kind else { return Ok(false) };
        if !content.read_on()? {
            return Ok(false);
        }
        self.run = content.journals.run().clone();
        self.variables = self.run.variables.iter().map(Variable::new).collect::<Result<_>>()?;
        self.steps = content.steps();
        Ok(true)
    }

    pub(crate) fn content(&self) -> &dyn Content {
        match &self.kind {
            Kind::Finished(f) => f,
            Kind::Unfinished(u) => u,
        }
    }

    /// The archive, or the journal directory that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// False for a run that has no archive yet.
    pub fn is_finished(&self) -> bool {
        matches!(self.kind, Kind::Finished(_))
    }

    /// Version of the library that wrote it.
    pub fn limbeck_version(&self) -> &str {
        &self.run.limbeck_version
    }

    /// What the user said about the run.
    pub fn attributes(&self) -> &[(String, Attribute)] {
        &self.run.attributes
    }

    /// The variables with their shapes (slowest axis first), attributes, axes and blocks.
    pub fn variables(&self) -> &[VariableDescription] {
        &self.run.variables
    }

    /// The variable of this name.
    ///
    /// # Errors
    /// InvalidArgument that names the nearest one.
    pub fn variable(&self, name: &str) -> Result<&VariableDescription> {
        Ok(&self.run.variables[self.variable_index(name)?])
    }

    pub(crate) fn variable_index(&self, name: &str) -> Result<usize> {
        if let Some(i) = self.run.variables.iter().position(|v| v.name == name) {
            return Ok(i);
        }
        let names = self.run.variables.iter().map(|v| v.name.as_str());
        let shown: String = name.chars().take(80).collect();
        Err(Error::InvalidArgument(match nearest(&shown, names) {
            Some(near) => format!("there is no variable \"{shown}\"; the nearest name is \"{near}\""),
            None => format!("there is no variable \"{shown}\": the run has none at all"),
        }))
    }

    /// The steps by rising index, those that cannot be read included.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The indices of the steps that a variable can be read at, rising.
    ///
    /// # Errors
    /// As [`Dataset::variable`].
    pub fn readable_steps(&self, variable: &str) -> Result<Vec<u64>> {
        Ok(self.readable(self.variable_index(variable)?))
    }

    pub(crate) fn readable(&self, variable: usize) -> Vec<u64> {
        let known = self.steps.iter().filter(|s| !matches!(s.state, State::Missing(_)));
        known.map(|s| s.index).filter(|&step| self.content().readable(variable, step)).collect()
    }

    /// The step of this index.
    ///
    /// # Errors
    /// InvalidArgument that tells what steps there are.
    pub fn step(&self, index: u64) -> Result<&Step> {
        let found = self.steps.binary_search_by_key(&index, |s| s.index);
        found.map(|i| &self.steps[i]).map_err(|_| {
            Error::InvalidArgument(match (self.steps.first(), self.steps.last()) {
                (Some(a), Some(b)) => format!("there is no step {index}; the steps are {} to {}", a.index, b.index),
                _ => format!("there is no step {index}: no step was written yet"),
            })
        })
    }
}

/// The name with the fewest changes to this one.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.min_by_key(|other| changes(name, other))
}

/// Letters to insert, remove or replace until one text is the other.
fn changes(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(
            [("kitten", "sitting"), ("", "abc"), ("abc", ""), ("ab", "ab")].map(|(a, b)| super::changes(a, b)),
            [3, 3, 3, 0]
        );
        assert_eq!(super::nearest("denisty", ["velocity", "density", "rho"].into_iter()), Some("density"));
        assert_eq!(super::nearest("x", std::iter::empty()), None);
    }
}
