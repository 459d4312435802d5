//! Errors of reading.

/// What can go wrong in this crate; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An argument is out of its range: unknown variable, step or point outside the data.
    #[error("{0}")]
    InvalidArgument(String),
    /// Not a limbeck file, or written by a version or method that this build does not know.
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
    /// A defect in limbeck.
    #[error("{0}")]
    Internal(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl From<limbeck_archive::Error> for Error {
    fn from(e: limbeck_archive::Error) -> Error {
        use limbeck_archive::Error as A;
        match e {
            A::InvalidArgument(text) => Error::InvalidArgument(text),
            A::Compatibility(text) => Error::Compatibility(text),
            A::Corruption(text) => Error::Corruption(text),
            A::Truncated(text) => Error::Truncated(text),
            A::Io { context, source } => Error::Io { context, source },
        }
    }
}

impl From<limbeck_codec::Error> for Error {
    fn from(e: limbeck_codec::Error) -> Error {
        use limbeck_codec::Error as C;
        match e {
            C::InvalidArgument(text) => Error::InvalidArgument(text),
            C::Compatibility(text) => Error::Compatibility(text),
            C::Corruption(text) => Error::Corruption(text),
            C::Communication(text) | C::Device(text) | C::Internal(text) => Error::Internal(text),
        }
    }
}

impl From<limbeck_field::Error> for Error {
    fn from(e: limbeck_field::Error) -> Error {
        Error::InvalidArgument(e.to_string())
    }
}

impl Error {
    /// Puts "what was read" before the text.
    pub(crate) fn within(self, what: &str) -> Error {
        match self {
            Error::InvalidArgument(text) => Error::InvalidArgument(format!("{what}: {text}")),
            Error::Compatibility(text) => Error::Compatibility(format!("{what}: {text}")),
            Error::Corruption(text) => Error::Corruption(format!("{what}: {text}")),
            Error::Truncated(text) => Error::Truncated(format!("{what}: {text}")),
            Error::Io { context, source } => Error::Io { context: format!("{what}: {context}"), source },
            Error::Internal(text) => Error::Internal(format!("{what}: {text}")),
        }
    }
}
