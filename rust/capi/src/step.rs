//! Steps: begin, put every block, end.

use std::ffi::c_void;

use limbeck_field::Layout;
use limbeck_session::{ElementType, StridedArray};

use crate::error::{Failure, warned};
use crate::guard::guarded_writing;
use crate::handle;
use crate::session::{SessionHandle, lbk_session};
use crate::status::{LBK_INVALID_HANDLE, LBK_OK, lbk_status};
use crate::text::{all_non_negative, array, output};
use crate::variable::{BlockHandle, checked_rank, element_type, lbk_block, lbk_type};

/// Begins a step. Every block of this process is put once before lbk_step_end.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - cycle     the simulation's own number of the step; greater than that of the step before
/// - time      physical time of the step; finite
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if the cycle does not grow or the time is not finite; LBK_INVALID_STATE before
/// commit or within a step (unless its end was refused: then it is given up); LBK_INVALID_HANDLE; or, once, what failed on a worker since the last call (the step is not
/// begun then: call again to go on).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_step_begin(session: *mut lbk_session, cycle: i64, time: f64) -> lbk_status {
    guarded_writing(
        "lbk_step_begin",
        || (),
        || {
            handle::get::<SessionHandle>(session)?.with(|session| Ok(session.step_begin(cycle, time)?))?;
            Ok(LBK_OK)
        },
    )
}

/// Hands a block over. The values are copied, and looked at for NaN and infinities: the array is free on return.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - block     which one
/// - data      address of the block's first value (behind the ghosts), in the type of the variable; the others lie where
///             the strides of the block say; only read, and only during the call
///
/// The first block of a step needs room for all of them; where there is none, option "queue.policy" says what happens:
/// spill makes room on the disk, and waits when that is full, block waits, drop and error return at once.
///
/// Returns LBK_OK; LBK_DROPPED if the step is dropped (policy drop, or the journal cannot be written any more): go on as if
/// it were not, nothing is copied; LBK_QUEUE_FULL if there is no room and the policy is error: the step stays open, put the
/// block again or cancel; LBK_NOT_FINITE if there are NaN or infinities and the option "nonfinite" is "error" (the message
/// has their number and the first index; the block may be put again); LBK_INVALID_STATE outside of a step or if the block
/// was put in this step already; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE, also if the block is another session's; or,
/// once, what failed on a worker since the last call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_put(
    session: *mut lbk_session,
    block: *const lbk_block,
    data: *const c_void,
) -> lbk_status {
    guarded_writing(
        "lbk_put",
        || (),
        || {
            let held = handle::get::<SessionHandle>(session)?;
            let block = handle::get::<BlockHandle>(block)?;
            if block.owner != session.addr() {
                return Err(Failure::new(LBK_INVALID_HANDLE, "the block belongs to another session"));
            }
            output(data.cast_mut(), "data")?;
            // SAFETY: the caller vouches for the values that block and strides describe from `data` on.
            let outcome = held.with(|session| Ok(unsafe { session.put(block.id, data.cast())? }))?;
            Ok(warned("lbk_put", outcome))
        },
    )
}

/// Hands a block over that lies otherwise in memory than lbk_variable_add_block was told: in an array with other padding
/// than that of the step before, say, or in one whose layout is known only now, as of an array slice in Fortran.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - block     which one
/// - type      of the values in memory: that of the variable
/// - rank      number of axes of the array: that of the variable
/// - count     rank numbers, the slowest axis first: values of the array along each axis, which are those of the block
/// - strides   rank numbers, the slowest axis first: distance in bytes between neighbours along that axis; may be
///             negative; NULL for an array that is contiguous with the last axis fastest
/// - data      address of the block's first value; only read, and only during the call
///
/// Returns what lbk_put does; LBK_INVALID_ARGUMENT also if type, rank or count are not those of the block (the message says
/// which axis has how many), or the strides lead further than memory does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_put_strided(
    session: *mut lbk_session,
    block: *const lbk_block,
    r#type: lbk_type,
    rank: i32,
    count: *const i64,
    strides: *const i64,
    data: *const c_void,
) -> lbk_status {
    guarded_writing(
        "lbk_put_strided",
        || (),
        || {
            let held = handle::get::<SessionHandle>(session)?;
            let block = handle::get::<BlockHandle>(block)?;
            if block.owner != session.addr() {
                return Err(Failure::new(LBK_INVALID_HANDLE, "the block belongs to another session"));
            }
            output(data.cast_mut(), "data")?;
            let (element_type, rank) = (element_type(r#type)?, checked_rank(rank)?);
            // SAFETY: the caller vouches for `rank` numbers of `count`.
            let count = all_non_negative(unsafe { array(count, rank, "count")? }, "count")?;
            let strides = if strides.is_null() {
                contiguous_strides(element_type, &count)?
            } else {
                // SAFETY: the caller vouches for `rank` numbers of `strides`.
                unsafe { array(strides, rank, "strides")? }.iter().map(|&stride| stride as isize).collect()
            };
            let values = StridedArray { element_type, count: &count, strides: &strides, first: data.cast() };
            // SAFETY: the caller vouches for the values that count and strides describe from `data` on.
            let outcome = held.with(|session| Ok(unsafe { session.put_strided(block.id, values)? }))?;
            Ok(warned("lbk_put_strided", outcome))
        },
    )
}

/// Byte strides of an array without gaps, last axis fastest.
fn contiguous_strides(element_type: ElementType, count: &[usize]) -> Result<Vec<isize>, Failure> {
    let layout = Layout::contiguous(element_type, count).map_err(|e| Failure::argument(e.to_string()))?;
    Ok(layout.strides().to_vec())
}

/// Ends a step: it is accepted, and encoded while the simulation goes on. Never waits: what there was to wait for, lbk_put
/// has waited for.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
///
/// Returns LBK_OK; LBK_DROPPED if the step was dropped, as lbk_put has said already; LBK_DEGRADED if the step is accepted,
/// and something since the last step went otherwise than asked (the message says what; told once); LBK_INVALID_STATE
/// outside of a step or if a block was not put, or refused (the step stays open: put it and end again, or cancel, or just
/// begin the next one); LBK_IO, once, if the journal cannot be written; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_step_end(session: *mut lbk_session) -> lbk_status {
    guarded_writing(
        "lbk_step_end",
        || (),
        || {
            let outcome = handle::get::<SessionHandle>(session)?.with(|session| Ok(session.step_end()?))?;
            Ok(warned("lbk_step_end", outcome))
        },
    )
}

/// Gives up the step that is open, if there is one, as if it had never begun.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
///
/// Returns LBK_OK, also outside of a step; LBK_INVALID_STATE before commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_step_cancel(session: *mut lbk_session) -> lbk_status {
    guarded_writing(
        "lbk_step_cancel",
        || (),
        || {
            handle::get::<SessionHandle>(session)?.with(|session| Ok(session.step_cancel()?))?;
            Ok(LBK_OK)
        },
    )
}
