//! Series of steps on disk: `.npy` and bare values, one step in memory at a time.

mod axes;
mod layout;
mod npy;
mod series;
mod times;
mod transpose;

use std::path::{Path, PathBuf};

use clap::Args;

pub use axes::Axes;
pub use layout::{Endian, TypeName, buffer, widen};
pub use npy::NpyHeader;
pub use series::Series;
pub use times::Times;

use crate::failure::{Failure, Result};
use crate::selection;
use crate::source::Variable;

/// How the files are to be read.
#[derive(Args, Debug)]
pub struct FormatArgs {
    /// The files hold bare values in C order instead of .npy; one or more whole steps each
    #[arg(long)]
    pub raw: bool,
    /// Shape of one step of the raw files, slowest axis first; for `compare` that of the variable if not given
    #[arg(long, value_name = "Z,Y,X", requires = "raw", value_parser = selection::parse_shape)]
    pub shape: Option<selection::Shape>,
    /// Type of the values in raw files; for `compare` that of the variable if not given
    #[arg(long = "type", id = "raw_type", value_name = "TYPE", requires = "raw")]
    pub element_type: Option<TypeName>,
    /// Byte order of raw files
    #[arg(long, default_value = "little", requires = "raw")]
    pub endian: Endian,
    /// Meaning of the axes of .npy files: tzyx, tyx, tx, zyx, yx or x. By default the first axis of a single file is
    /// time, and several files are one step each, unless they have four axes
    #[arg(long, conflicts_with = "raw")]
    pub axes: Option<Axes>,
}

impl FormatArgs {
    /// Opens the files of one variable.
    pub fn open(&self, paths: &[PathBuf]) -> Result<Series> {
        match (self.raw, &self.shape, self.element_type) {
            (false, ..) => Series::open_npy(paths, self.axes),
            (true, Some(shape), Some(t)) => Series::open_raw(paths, &shape.0, t.into(), self.endian),
            (true, ..) => Err(Failure::Usage(
                "files of bare values say nothing of themselves: --raw needs --shape and --type".into(),
            )),
        }
    }

    /// Opens the originals of a variable, which has their shape and type where the user does not say another.
    pub fn open_originals(&self, paths: &[PathBuf], variable: &Variable) -> Result<Series> {
        if !self.raw {
            return self.open(paths);
        }
        let shape = self.shape.as_ref().map_or(&variable.shape, |s| &s.0);
        let element_type = self.element_type.map_or(variable.element_type, Into::into);
        Series::open_raw(paths, shape, element_type, self.endian)
    }
}

/// A file with the variable it belongs to, if the user said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Name of the variable.
    pub variable: String,
    /// Where its values are.
    pub path: PathBuf,
}

/// Parses `NAME=FILE`.
pub fn parse_named(text: &str) -> std::result::Result<NamedFile, String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok(NamedFile { variable: name.into(), path: path.into() })
        }
        _ => Err("must be NAME=FILE".into()),
    }
}

/// Files of the same variable together, variables in the order in which they were first named.
pub fn group(files: &[NamedFile]) -> Vec<(String, Vec<PathBuf>)> {
    let mut groups: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for file in files {
        match groups.iter_mut().find(|(name, _)| *name == file.variable) {
            Some((_, paths)) => paths.push(file.path.clone()),
            None => groups.push((file.variable.clone(), vec![file.path.clone()])),
        }
    }
    groups
}

/// Name for a variable whose files were given without one: what their names begin with in common, without a number
/// and separators at its end.
pub fn name_from(paths: &[PathBuf]) -> Result<String> {
    let stems = || paths.iter().filter_map(|p| p.file_stem()?.to_str());
    let mut common = stems().next().unwrap_or_default();
    for stem in stems() {
        let same = common.char_indices().zip(stem.chars()).find(|((_, a), b)| a != b).map(|((i, _), _)| i);
        common = &common[..same.unwrap_or(common.len().min(stem.len()))];
    }
    let separator = |c: char| "_-. ".contains(c);
    let name = match paths.len() {
        1 => common,
        _ => common.trim_end_matches(|c: char| separator(c) || c.is_ascii_digit()),
    };
    match name.is_empty() {
        true => Err(Failure::Usage("the files' names say no name for the variable; give one with --name".into())),
        false => Ok(name.to_string()),
    }
}

/// Checks that two things about to be read and written are not the same file.
pub fn refuse_same(input: &Path, output: &Path) -> Result<()> {
    let same = matches!((input.canonicalize(), output.canonicalize()), (Ok(a), Ok(b)) if a == b);
    match same {
        true => Err(Failure::Usage(format!("{} is input and output at the same time", input.display()))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
