//! What survives if the process dies now.

use std::time::{Duration, Instant};

use crate::error::Failure;
use crate::guard::guarded_writing;
use crate::handle;
use crate::session::{SessionHandle, lbk_session};
use crate::status::{LBK_OK, LBK_TIMEOUT, lbk_status};
use crate::text::{output, set};

/// From lbk_session_durable: no step is durable yet.
pub const LBK_NO_CYCLE: i64 = i64::MIN;

/// Tells up to which cycle every accepted step of this process is in the journal, and thus survives the process (option
/// "journal.sync": the machine, too).
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - cycle     receives the cycle, or LBK_NO_CYCLE if there is none yet (with LIMBECK_MODE=off: INT64_MAX)
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if cycle is NULL; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_durable(session: *mut lbk_session, cycle: *mut i64) -> lbk_status {
    guarded_writing(
        "lbk_session_durable",
        // Nothing is waiting, so that a loop that polls for its cycle ends.
        // SAFETY: the caller vouches for `cycle`.
        || unsafe { set(cycle, i64::MAX) },
        || {
            output(cycle, "cycle")?;
            let durable = handle::get::<SessionHandle>(session)?.with(|session| Ok(session.durable()?))?;
            // SAFETY: the caller vouches for `cycle`, and it is not NULL.
            unsafe { set(cycle, durable.unwrap_or(LBK_NO_CYCLE)) };
            Ok(LBK_OK)
        },
    )
}

/// Waits until every accepted step up to a cycle is durable. Other threads may go on with steps meanwhile.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - cycle     up to which; INT64_MAX for all of them
/// - timeout   in seconds; 0 only looks, a negative number waits as long as it takes
///
/// Returns LBK_OK; LBK_TIMEOUT; LBK_INVALID_ARGUMENT if timeout is NaN; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE; or, once, what failed on a
/// worker.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_wait(session: *mut lbk_session, cycle: i64, timeout: f64) -> lbk_status {
    guarded_writing(
        "lbk_session_wait",
        || (),
        || {
            if timeout.is_nan() {
                return Err(Failure::argument(
                    "timeout is NaN; give seconds, or a negative number to wait without end",
                ));
            }
            // Longer than a process lives, or negative: no limit.
            let end = Duration::try_from_secs_f64(timeout).ok().and_then(|limit| Instant::now().checked_add(limit));
            let session = handle::get::<SessionHandle>(session)?;
            // The session is held for a moment at a time only: a simulation on another thread does not wait for this one.
            let mut pause = Duration::from_micros(100);
            while !session.with(|session| Ok(session.wait(cycle, Duration::ZERO)?))? {
                let left = end.map_or(pause, |end| end.saturating_duration_since(Instant::now()));
                if left.is_zero() {
                    return Err(Failure::new(LBK_TIMEOUT, format!("cycle {cycle} is not durable after {timeout} s")));
                }
                std::thread::sleep(pause.min(left));
                pause = (pause * 2).min(Duration::from_millis(5));
            }
            Ok(LBK_OK)
        },
    )
}
