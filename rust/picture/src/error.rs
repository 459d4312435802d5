//! What can go wrong with a picture.

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for cannot be drawn; the text says what to do.
    #[error("{0}")]
    InvalidArgument(String),
    /// The file cannot be written.
    #[error("cannot write the picture: {0}")]
    Io(String),
    /// A bug.
    #[error("cannot draw the picture: {0}")]
    Internal(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl From<png::EncodingError> for Error {
    fn from(error: png::EncodingError) -> Error {
        match error {
            png::EncodingError::IoError(e) => Error::Io(e.to_string()),
            e => Error::Internal(e.to_string()),
        }
    }
}

#[cfg(feature = "scenes")]
impl From<gif::EncodingError> for Error {
    fn from(error: gif::EncodingError) -> Error {
        match error {
            gif::EncodingError::Io(e) => Error::Io(e.to_string()),
            e => Error::Internal(e.to_string()),
        }
    }
}
