/// What can go wrong in this crate; the text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An argument is out of its range, or two arguments contradict each other.
    #[error("{0}")]
    InvalidArgument(String),
    /// A buffer of this many bytes could not be allocated.
    #[error("no memory for a buffer of {0} bytes; lower the memory budget or use smaller blocks")]
    OutOfMemory(usize),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
