//! limbeck and other compressors on the same data, and what benchmarks share: series from disk, the way through session and
//! archive and back, named figures.

pub mod machine;
pub mod npy;
pub mod rate_distortion;
pub mod report;
pub mod roundtrip;

/// What can keep a benchmark from its figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is measured refused to work.
    #[error("{0}")]
    Setup(String),
    /// The data could not be read.
    #[error("cannot read {0}")]
    Input(String),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(String),
    /// A program that belongs to a benchmark is not there.
    #[error("{0}")]
    Missing(String),
}

impl From<limbeck_network::Error> for Error {
    fn from(e: limbeck_network::Error) -> Error {
        Error::Setup(e.to_string())
    }
}

impl From<limbeck_session::Error> for Error {
    fn from(e: limbeck_session::Error) -> Error {
        Error::Setup(e.to_string())
    }
}

impl From<limbeck_reader::Error> for Error {
    fn from(e: limbeck_reader::Error) -> Error {
        Error::Setup(e.to_string())
    }
}

/// Result of a benchmark.
pub type Result<T> = std::result::Result<T, Error>;
