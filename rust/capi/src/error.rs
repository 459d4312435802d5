//! Messages: the last one of each thread.

use std::cell::RefCell;
use std::ffi::c_char;

use crate::guard::guarded;
use crate::status::{LBK_INVALID_ARGUMENT, LBK_OK, lbk_status};
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

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Keeps a message for `lbk_last_error` of this thread. A thread that is being torn down has none any more.
pub fn keep_message(message: String) {
    let _ = LAST.try_with(|last| *last.borrow_mut() = message);
}

/// The message that this thread kept last.
pub fn last_message() -> String {
    LAST.try_with(|last| last.borrow().clone()).unwrap_or_default()
}

/// Says what went wrong in the last call of the calling thread that returned anything but `LBK_OK`. A successful call
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
/// Returns `LBK_OK`, or `LBK_INVALID_ARGUMENT` if buffer is NULL and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_last_error(buffer: *mut c_char, size: usize, needed: *mut usize) -> lbk_status {
    guarded("lbk_last_error", || {
        // SAFETY: the caller vouches for `buffer` and `needed`, as the header says.
        unsafe { give_truncated(&last_message(), buffer, size, needed)? };
        Ok(LBK_OK)
    })
}
