//! Errors as Python's exceptions.

use std::path::Path;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyOSError, PyValueError};
use pyo3::prelude::*;

create_exception!(limbeck, Error, PyException, "What went wrong in limbeck, and what to do.");
create_exception!(
    limbeck,
    CompatibilityError,
    Error,
    "Not a limbeck file, or one of a version or method that this one does not know."
);
create_exception!(limbeck, CorruptionError, Error, "The bytes of a file contradict their checksum or each other.");
create_exception!(limbeck, TruncatedError, Error, "A file ends before it should.");

/// ENOENT of POSIX and Windows.
const NOT_FOUND: i32 = 2;

/// A failure of the operating system; Python finds the class by the number: FileNotFoundError, PermissionError.
fn os_error(number: Option<i32>, text: String) -> PyErr {
    match number {
        Some(number) => PyOSError::new_err((number, text)),
        None => PyOSError::new_err(text),
    }
}

/// What the reader refused.
pub(crate) fn of_reader(error: limbeck_reader::Error) -> PyErr {
    use limbeck_reader::Error as E;
    match error {
        E::InvalidArgument(text) => PyValueError::new_err(text),
        E::Compatibility(text) => CompatibilityError::new_err(text),
        E::Corruption(text) => CorruptionError::new_err(text),
        E::Truncated(text) => TruncatedError::new_err(text),
        E::Io { context, source } => os_error(source.raw_os_error(), format!("{context}: {source}")),
        E::Internal(text) => Error::new_err(text),
    }
}

/// What the reader refused when it opened a path.
pub(crate) fn of_open(error: limbeck_reader::Error, path: &Path) -> PyErr {
    match error {
        limbeck_reader::Error::InvalidArgument(text) if !path.exists() => os_error(Some(NOT_FOUND), text),
        other => of_reader(other),
    }
}

/// What the session refused.
pub(crate) fn of_session(error: limbeck_session::Error) -> PyErr {
    use limbeck_session::Error as E;
    match error {
        E::InvalidArgument(text) | E::NonFinite(text) => PyValueError::new_err(text),
        E::Compatibility(text) => CompatibilityError::new_err(text),
        E::Corruption(text) => CorruptionError::new_err(text),
        E::Truncated(text) => TruncatedError::new_err(text),
        E::Io(text) | E::Full(text) => PyOSError::new_err(text),
        E::State(text) | E::Mpi(text) | E::Device(text) | E::Internal(text) => Error::new_err(text),
    }
}
