/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument is out of its range.
    #[error("{0}")]
    InvalidArgument(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
