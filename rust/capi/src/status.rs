//! What every call returns.

use std::ffi::c_char;

/// Result of a call: 0 is success, a positive number an error, a negative one a warning (the call did its work, and
/// something about it should be known). Numbers are explicit, never reused, and only ever added to.
///
/// After anything but LBK_OK, lbk_last_error has a sentence about it for the calling thread.
/// Since 0.1.
pub type lbk_status = i32;

/// The call did what it says.
pub const LBK_OK: lbk_status = 0;
/// Warning: the step is dropped, as the policy `drop` allows when the queue is full, or since the journal cannot be
/// written any more; the simulation goes on as if it were not.
pub const LBK_DROPPED: lbk_status = -1;
/// Warning: the call did its work with less than was asked for (fewer samples, a worker on the simulation's core).
pub const LBK_DEGRADED: lbk_status = -2;
/// An argument is NULL, out of range, or contradicts another one; nothing was changed.
pub const LBK_INVALID_ARGUMENT: lbk_status = 1;
/// The handle is NULL, was closed or freed, or is of another kind.
pub const LBK_INVALID_HANDLE: lbk_status = 2;
/// The call is not allowed now, say a put outside of a step.
pub const LBK_INVALID_STATE: lbk_status = 3;
/// Something asked for or found is beyond this build: a communicator, a newer archive format, an unknown method.
pub const LBK_COMPATIBILITY: lbk_status = 4;
/// A file contradicts itself.
pub const LBK_CORRUPTION: lbk_status = 5;
/// A file ends too early.
pub const LBK_TRUNCATED: lbk_status = 6;
/// The operating system refused to read or write; the message has its reason.
pub const LBK_IO: lbk_status = 7;
/// MPI failed.
pub const LBK_MPI: lbk_status = 8;
/// The compute device failed or is not there.
pub const LBK_DEVICE: lbk_status = 9;
/// A defect in limbeck; please report the message.
pub const LBK_INTERNAL: lbk_status = 10;
/// The data has NaN or infinities and the policy `nonfinite` is `error`; the block was not taken.
pub const LBK_NOT_FINITE: lbk_status = 11;
/// The queue is full and its policy is `error`; the block was not taken, and the step is open still.
pub const LBK_QUEUE_FULL: lbk_status = 12;
/// What was waited for did not happen within the given time.
pub const LBK_TIMEOUT: lbk_status = 13;
/// The memory handed in for an output is too small; the required size was set, nothing else was written.
pub const LBK_BUFFER_TOO_SMALL: lbk_status = 14;
/// No attribute of this name, or no variable, attribute or step of this index.
pub const LBK_NOT_FOUND: lbk_status = 15;

/// The name of a status as it stands in this header, say "LBK_IO".
///
/// Any thread; never fails. Since 0.1.
///
/// - status    any number
///
/// Returns a string that lives as long as the library; "LBK_UNKNOWN" for a number that no status has.
#[unsafe(no_mangle)]
pub extern "C" fn lbk_status_name(status: lbk_status) -> *const c_char {
    let name = match status {
        LBK_OK => c"LBK_OK",
        LBK_DROPPED => c"LBK_DROPPED",
        LBK_DEGRADED => c"LBK_DEGRADED",
        LBK_INVALID_ARGUMENT => c"LBK_INVALID_ARGUMENT",
        LBK_INVALID_HANDLE => c"LBK_INVALID_HANDLE",
        LBK_INVALID_STATE => c"LBK_INVALID_STATE",
        LBK_COMPATIBILITY => c"LBK_COMPATIBILITY",
        LBK_CORRUPTION => c"LBK_CORRUPTION",
        LBK_TRUNCATED => c"LBK_TRUNCATED",
        LBK_IO => c"LBK_IO",
        LBK_MPI => c"LBK_MPI",
        LBK_DEVICE => c"LBK_DEVICE",
        LBK_INTERNAL => c"LBK_INTERNAL",
        LBK_NOT_FINITE => c"LBK_NOT_FINITE",
        LBK_QUEUE_FULL => c"LBK_QUEUE_FULL",
        LBK_TIMEOUT => c"LBK_TIMEOUT",
        LBK_BUFFER_TOO_SMALL => c"LBK_BUFFER_TOO_SMALL",
        LBK_NOT_FOUND => c"LBK_NOT_FOUND",
        _ => c"LBK_UNKNOWN",
    };
    name.as_ptr()
}
