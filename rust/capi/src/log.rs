//! What limbeck has to say while it works.

use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;

use limbeck_session::LogLevel;

use crate::error::Failure;
use crate::guard::guarded;
use crate::status::{LBK_OK, lbk_status};

/// For the log callback: something failed; a call will return it too.
pub const LBK_LOG_ERROR: i32 = 1;
/// For the log callback: something went on with less than was asked for.
pub const LBK_LOG_WARNING: i32 = 2;
/// For the log callback: what a user wants to know about a run.
pub const LBK_LOG_INFO: i32 = 3;
/// For the log callback: per step and block.
pub const LBK_LOG_DEBUG: i32 = 4;
/// Receives one line of the log: its level (LBK_LOG_ERROR to LBK_LOG_DEBUG), the text without a newline, valid during the
/// call only, and the pointer that was given with the callback. It runs on the thread that has something to say, worker
/// threads included, and on several at once; it must not call limbeck and must not throw or jump out.
pub type lbk_log_callback = Option<unsafe extern "C" fn(level: i32, message: *const c_char, user: *mut c_void)>;

/// The user's pointer, which the library only hands back.
struct User(*mut c_void);
// SAFETY: it is never dereferenced here; the header says that the callback runs on any thread.
unsafe impl Send for User {}
// SAFETY: as above.
unsafe impl Sync for User {}

/// Sets where limbeck's log goes, for all sessions of the process. Without a callback it goes nowhere.
///
/// Any thread. Not collective. After it returned, a call of the previous callback that had begun may still be running.
/// Since 0.1.
///
/// - callback  called for every line; NULL for none
/// - level     the least important level that is wanted, LBK_LOG_ERROR to LBK_LOG_DEBUG
/// - user      handed to the callback as it is; not owned by limbeck
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT for an unknown level; LBK_INVALID_STATE in a host written in Rust that has a
/// `tracing` subscriber of its own, which gets limbeck's events instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_set_log_callback(callback: lbk_log_callback, level: i32, user: *mut c_void) -> lbk_status {
    guarded("lbk_set_log_callback", || {
        let Some(callback) = callback else {
            limbeck_session::set_log_callback(None)?;
            return Ok(LBK_OK);
        };
        if !(LBK_LOG_ERROR..=LBK_LOG_DEBUG).contains(&level) {
            return Err(Failure::argument(format!(
                "level {level} is not one of LBK_LOG_ERROR (1) to LBK_LOG_DEBUG (4)"
            )));
        }
        let user = User(user);
        limbeck_session::set_log_callback(Some(Arc::new(move |of: LogLevel, text: &str| {
            let of = number(of);
            if of <= level {
                user.tell(callback, of, text);
            }
        })))?;
        Ok(LBK_OK)
    })
}

impl User {
    fn tell(&self, callback: unsafe extern "C" fn(i32, *const c_char, *mut c_void), level: i32, text: &str) {
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        // SAFETY: the caller of lbk_set_log_callback vouches for function and pointer; the text lives during the call.
        unsafe { callback(level, text.as_ptr(), self.0) };
    }
}

fn number(level: LogLevel) -> i32 {
    match level {
        LogLevel::Error => LBK_LOG_ERROR,
        LogLevel::Warning => LBK_LOG_WARNING,
        LogLevel::Info => LBK_LOG_INFO,
        LogLevel::Debug => LBK_LOG_DEBUG,
    }
}
