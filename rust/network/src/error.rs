/// What can go wrong in this crate.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An argument is out of its range.
    #[error("{0}")]
    InvalidArgument(String),
    /// A device, or its driver, failed; what was on it is lost.
    #[error("device {0}")]
    Device(String),
    /// A device has not the memory.
    #[error("device {device}: {needed} bytes are needed where {there} may be used")]
    DeviceMemory {
        /// Its name.
        device: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes that may be used.
        there: u64,
    },
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
