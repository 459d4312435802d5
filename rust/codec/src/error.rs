/// What can go wrong in this crate; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument or option is out of its range.
    #[error("{0}")]
    InvalidArgument(String),
    /// Written by a version or method that this build does not know.
    #[error("{0}")]
    Compatibility(String),
    /// The bytes contradict themselves.
    #[error("{0}")]
    Corruption(String),
    /// A defect in limbeck.
    #[error("{0}")]
    Internal(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
