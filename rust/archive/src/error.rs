//! Errors of the container.

use std::path::Path;

/// What can go wrong in this crate; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument is out of its range, or the call does not fit the state of the file.
    #[error("{0}")]
    InvalidArgument(String),
    /// Not a limbeck file, or written by a newer version.
    #[error("{0}")]
    Compatibility(String),
    /// The bytes contradict their checksum or each other.
    #[error("{0}")]
    Corruption(String),
    /// The file ends before it should.
    #[error("{0}")]
    Truncated(String),
    /// The operating system refused.
    #[error("{context}: {source}")]
    Io {
        /// What was tried, with the path.
        context: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    pub(crate) fn io(action: &str, path: &Path, source: std::io::Error) -> Error {
        Error::Io { context: format!("cannot {action} {}", path.display()), source }
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
