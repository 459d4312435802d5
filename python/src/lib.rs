//! `limbeck._limbeck`: archives and sessions as the Python package `limbeck` needs them. Indexing, documentation and
//! everything that people see is in Python, beside this.

#![deny(unsafe_code)]

mod dataset;
mod describe;
mod distil;
mod error;
mod options;
mod pool;
mod writer;

/// The native half of limbeck.
#[pyo3::pymodule]
mod _limbeck {
    #[pymodule_export]
    use crate::dataset::Dataset;
    #[pymodule_export]
    use crate::error::{CompatibilityError, CorruptionError, Error, TruncatedError};
    #[pymodule_export]
    use crate::writer::Writer;

    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
