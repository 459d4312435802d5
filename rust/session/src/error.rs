//! Errors of the service.

/// What can go wrong in this crate; the text says what to do. Cloned where one fault is told twice (by the next call
/// and by close).
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An argument or option is out of its range.
    #[error("{0}")]
    InvalidArgument(String),
    /// This build cannot do it, or the file is of a newer version.
    #[error("{0}")]
    Compatibility(String),
    /// Bytes on the disk contradict themselves.
    #[error("{0}")]
    Corruption(String),
    /// A file ends before it should.
    #[error("{0}")]
    Truncated(String),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// MPI refused.
    #[error("{0}")]
    Mpi(String),
    /// The compute device refused.
    #[error("{0}")]
    Device(String),
    /// A call out of order; the session is as before.
    #[error("{0}")]
    State(String),
    /// No room for the step, and `queue.policy` is `error`; the call may be tried again.
    #[error("{0}")]
    Full(String),
    /// The block holds NaN or infinities, and `nonfinite` is `error`; the block was not taken.
    #[error("{0}")]
    NonFinite(String),
    /// A defect in limbeck.
    #[error("{0}")]
    Internal(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The same error, told with what was being done.
    pub(crate) fn during(self, what: &str) -> Error {
        let tell = |text: String| format!("{what}: {text}");
        match self {
            Error::InvalidArgument(t) => Error::InvalidArgument(tell(t)),
            Error::Compatibility(t) => Error::Compatibility(tell(t)),
            Error::Corruption(t) => Error::Corruption(tell(t)),
            Error::Truncated(t) => Error::Truncated(tell(t)),
            Error::Io(t) => Error::Io(tell(t)),
            Error::Mpi(t) => Error::Mpi(tell(t)),
            Error::Device(t) => Error::Device(tell(t)),
            Error::State(t) => Error::State(tell(t)),
            Error::Full(t) => Error::Full(tell(t)),
            Error::NonFinite(t) => Error::NonFinite(tell(t)),
            Error::Internal(t) => Error::Internal(tell(t)),
        }
    }
}

impl From<limbeck_archive::Error> for Error {
    fn from(e: limbeck_archive::Error) -> Error {
        use limbeck_archive::Error as E;
        let text = e.to_string();
        match e {
            E::InvalidArgument(_) => Error::InvalidArgument(text),
            E::Compatibility(_) => Error::Compatibility(text),
            E::Corruption(_) => Error::Corruption(text),
            E::Truncated(_) => Error::Truncated(text),
            E::Io { .. } => Error::Io(text),
        }
    }
}

impl From<limbeck_codec::Error> for Error {
    fn from(e: limbeck_codec::Error) -> Error {
        use limbeck_codec::Error as E;
        match e {
            E::InvalidArgument(t) => Error::InvalidArgument(t),
            E::Compatibility(t) => Error::Compatibility(t),
            E::Corruption(t) => Error::Corruption(t),
            E::Communication(t) => Error::Mpi(t),
            E::Internal(t) => Error::Internal(t),
        }
    }
}

impl From<limbeck_field::Error> for Error {
    fn from(e: limbeck_field::Error) -> Error {
        Error::InvalidArgument(e.to_string())
    }
}
