//! Messages: the last one of each thread.

use std::cell::RefCell;
use std::ffi::c_char;

use limbeck_session::{CloseReport, Outcome};

use crate::guard::guarded;
use crate::status::*;
use crate::text::give_truncated;

/// Why a call did not do what was asked.
#[derive(Debug)]
pub struct Failure {
    /// What the call returns.
    pub status: lbk_status,
    /// What `lbk_last_error` will say, after the name of the call.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(status: lbk_status, message: impl Into<String>) -> Failure {
        Failure { status, message: message.into() }
    }

    /// `LBK_INVALID_ARGUMENT`.
    pub fn argument(message: impl Into<String>) -> Failure {
        Failure::new(LBK_INVALID_ARGUMENT, message)
    }
}

impl From<limbeck_session::Error> for Failure {
    fn from(error: limbeck_session::Error) -> Failure {
        use limbeck_session::Error;
        match error {
            Error::InvalidArgument(text) => Failure::new(LBK_INVALID_ARGUMENT, text),
            Error::Compatibility(text) => Failure::new(LBK_COMPATIBILITY, text),
            Error::Corruption(text) => Failure::new(LBK_CORRUPTION, text),
            Error::Truncated(text) => Failure::new(LBK_TRUNCATED, text),
            Error::Io(text) => Failure::new(LBK_IO, text),
            Error::Mpi(text) => Failure::new(LBK_MPI, text),
            Error::Device(text) => Failure::new(LBK_DEVICE, text),
            Error::State(text) => Failure::new(LBK_INVALID_STATE, text),
            Error::Full(text) => Failure::new(LBK_QUEUE_FULL, text),
            Error::NonFinite(text) => Failure::new(LBK_NOT_FINITE, text),
            Error::Internal(text) => Failure::new(LBK_INTERNAL, text),
        }
    }
}

impl From<limbeck_reader::Error> for Failure {
    fn from(error: limbeck_reader::Error) -> Failure {
        use limbeck_reader::Error;
        let status = match &error {
            Error::InvalidArgument(_) => LBK_INVALID_ARGUMENT,
            Error::Compatibility(_) => LBK_COMPATIBILITY,
            Error::Corruption(_) => LBK_CORRUPTION,
            Error::Truncated(_) => LBK_TRUNCATED,
            Error::Io { .. } => LBK_IO,
            Error::Internal(_) => LBK_INTERNAL,
        };
        Failure::new(status, error.to_string())
    }
}

/// The status of a step's call; a warning leaves its message.
pub fn warned(call: &str, outcome: Outcome) -> lbk_status {
    match outcome {
        Outcome::Ok => LBK_OK,
        Outcome::Dropped => {
            keep_message(format!("{call}: the step was dropped"));
            LBK_DROPPED
        }
        Outcome::Degraded(text) => {
            keep_message(format!("{call}: {text}"));
            LBK_DEGRADED
        }
    }
}

/// The status of an archive that was written; what is missing in it or went otherwise than asked leaves its message.
pub fn reported(call: &str, report: &CloseReport) -> lbk_status {
    let mut lines = report.warnings.clone();
    if let [(cycle, why), rest @ ..] = &report.missing[..] {
        let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        lines.insert(0, format!("without cycle {cycle} ({why}){more}"));
    }
    if lines.is_empty() {
        return LBK_OK;
    }
    keep_message(format!("{call}: {}", lines.join("; ")));
    if report.missing.is_empty() { LBK_DEGRADED } else { LBK_DROPPED }
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps a message for lbk_last_error of this thread. A thread that is being torn down has none any more.
pub fn keep_message(message: String) {
    let _ = LAST.try_with(|last| *last.borrow_mut() = message);
}

/// The message that this thread kept last.
pub fn last_message() -> String {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or_default()
}

/// Says what went wrong in the last call of the calling thread that returned anything but LBK_OK. A successful call
/// leaves the message alone; so does this one.
///
/// Any thread; each has its own message. Since 0.1.
///
/// - buffer    receives the message in UTF-8, NUL-terminated, cut short if it does not fit; owned by the caller; may be
///             NULL if size is 0
/// - size      bytes in buffer
/// - needed    receives the bytes that the whole message needs, its NUL included (1 if there was no message yet); may be
///             NULL
///
/// Returns LBK_OK, or LBK_INVALID_ARGUMENT if buffer is NULL and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_last_error(buffer: *mut c_char, size: usize, needed: *mut usize) -> lbk_status {
    guarded("lbk_last_error", || {
        // SAFETY: the caller vouches for `buffer` and `needed`, as the header says.
        unsafe { give_truncated(&last_message(), buffer, size, needed)? };
        Ok(LBK_OK)
    })
}
