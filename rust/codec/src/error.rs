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
    /// Other processes of the run cannot be reached (any more).
    #[error("{0}")]
    Communication(String),
    /// A device that trains, or its driver, failed.
    #[error("{0}")]
    Device(String),
    /// A defect in limbeck.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// Number of the kind, for telling it to other processes of the same build.
    pub(crate) fn number(&self) -> u8 {
        match self {
            Error::InvalidArgument(_) => 1,
            Error::Compatibility(_) => 2,
            Error::Corruption(_) => 3,
            Error::Communication(_) => 4,
            Error::Internal(_) => 5,
            Error::Device(_) => 6,
        }
    }

    /// The kind of this number.
    pub(crate) fn from_number(number: u8, text: String) -> Error {
        match number {
            1 => Error::InvalidArgument(text),
            2 => Error::Compatibility(text),
            3 => Error::Corruption(text),
            4 => Error::Communication(text),
            6 => Error::Device(text),
            _ => Error::Internal(text),
        }
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
