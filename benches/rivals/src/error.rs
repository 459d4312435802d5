//! What can go wrong.

use std::path::Path;

/// What keeps a run from its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for cannot be done.
    #[error("{0}")]
    InvalidArgument(String),
    /// A compressor refused to work, or returned what it should not.
    #[error("{0}")]
    Codec(String),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(String),
}

impl Error {
    /// A compressor's own error.
    pub fn of(codec: &str, what: impl std::fmt::Display) -> Error {
        Error::Codec(format!("{codec}: {what}"))
    }

    /// What happened to a file.
    pub fn file(path: &Path, what: impl std::fmt::Display) -> Error {
        Error::Io(format!("{}: {what}", path.display()))
    }
}

/// Result of a run or a part of it.
pub type Result<T> = std::result::Result<T, Error>;
