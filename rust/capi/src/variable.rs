//! What a run consists of: variables, and the blocks of them that this process holds.

use std::ffi::c_char;
use std::sync::Arc;

use limbeck_session::{Attribute, BlockId, ElementType, VariableId};

use crate::error::Failure;
use crate::guard::guarded_writing;
use crate::handle::{self, Held};
use crate::session::{SessionHandle, lbk_session};
use crate::status::{LBK_OK, lbk_status};
use crate::text::{all_non_negative, array, output, set, string};

/// Type of the values of an array.
pub type lbk_type = i32;
/// IEEE 754 single precision, a C float.
pub const LBK_FLOAT32: lbk_type = 1;
/// IEEE 754 double precision, a C double.
pub const LBK_FLOAT64: lbk_type = 2;

/// Most axes that a variable may have.
pub const LBK_MAX_RANK: i32 = 3;

/// A variable of a run; freed with its session.
pub struct lbk_variable {
    _opaque: [u8; 0],
}

/// A block of a variable: the box of it that lies in one array of this process; freed with its session.
pub struct lbk_block {
    _opaque: [u8; 0],
}

/// What an lbk_variable stands for.
pub struct VariableHandle {
    /// The session.
    pub session: Arc<SessionHandle>,
    /// Number of the session's handle.
    pub owner: usize,
    /// The variable in it.
    pub id: VariableId,
    /// Its number of axes.
    pub rank: usize,
}

/// What an lbk_block stands for.
pub struct BlockHandle {
    /// Number of the session's handle.
    pub owner: usize,
    /// The block in it.
    pub id: BlockId,
}

impl Held for VariableHandle {
    type Opaque = lbk_variable;
    const NAME: &'static str = "variable";
    const KIND: usize = 3;
}

impl Held for BlockHandle {
    type Opaque = lbk_block;
    const NAME: &'static str = "block";
    const KIND: usize = 4;
}

/// Frees the handles that belong to a session.
pub fn forget_variables(session: usize) {
    handle::take_all::<VariableHandle>(|variable| variable.owner == session);
    handle::take_all::<BlockHandle>(|block| block.owner == session);
}

/// The type of a number of the header.
pub fn element_type(number: lbk_type) -> Result<ElementType, Failure> {
    match number {
        LBK_FLOAT32 => Ok(ElementType::Float32),
        LBK_FLOAT64 => Ok(ElementType::Float64),
        _ => Err(Failure::argument(format!("type {number} is neither LBK_FLOAT32 (1) nor LBK_FLOAT64 (2)"))),
    }
}

/// A number of axes that variables may have.
pub fn checked_rank(rank: i32) -> Result<usize, Failure> {
    match rank {
        1..=LBK_MAX_RANK => Ok(rank as usize),
        _ => Err(Failure::argument(format!("rank is {rank}; variables have 1 to {LBK_MAX_RANK} axes"))),
    }
}

/// Defines a variable of the run.
///
/// Any thread, before lbk_session_commit. Not collective, but every rank defines the same variables in the same order.
/// Since 0.1.
///
/// - session   the run
/// - name      of the variable, not empty, at most 255 bytes, different from the others; copied
/// - type      of its values: LBK_FLOAT32 or LBK_FLOAT64
/// - rank      number of axes, 1 to LBK_MAX_RANK
/// - shape     rank numbers: the global length of each axis, all ranks together, the slowest axis first; copied
/// - variable  receives the handle, which lives as long as the session
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_variable_define(
    session: *mut lbk_session,
    name: *const c_char,
    r#type: lbk_type,
    rank: i32,
    shape: *const i64,
    variable: *mut *mut lbk_variable,
) -> lbk_status {
    guarded_writing(
        "lbk_variable_define",
        // SAFETY: the caller vouches for `variable`.
        || unsafe { set(variable, handle::idle::<VariableHandle>()) },
        || {
            output(variable, "variable")?;
            let held = handle::get::<SessionHandle>(session)?;
            let element_type = element_type(r#type)?;
            let rank = checked_rank(rank)?;
            // SAFETY: the caller vouches for the string and for `rank` numbers of `shape`.
            let (name, shape) = unsafe { (string(name, "name")?, array(shape, rank, "shape")?) };
            let shape = all_non_negative(shape, "shape")?;
            let id = held.with(|session| Ok(session.define_variable(name, element_type, &shape)?))?;
            let defined = VariableHandle { session: held, owner: session.addr(), id, rank };
            // SAFETY: the caller vouches for `variable`, and it is not NULL.
            unsafe { set(variable, handle::give(Arc::new(defined))) };
            Ok(LBK_OK)
        },
    )
}

/// Attaches a text to a variable: its units, long name, anything. It is kept in the archive and handed on by readers.
/// Setting a name again replaces its value.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - variable  the variable
/// - name      of the attribute, not empty, say "units"; copied
/// - value     any text, say "kg m-3"; copied
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_variable_set_attribute(
    variable: *mut lbk_variable,
    name: *const c_char,
    value: *const c_char,
) -> lbk_status {
    guarded_writing(
        "lbk_variable_set_attribute",
        || (),
        || {
            let variable = handle::get::<VariableHandle>(variable)?;
            // SAFETY: the caller vouches for both strings.
            let (name, value) = unsafe { (string(name, "name")?, string(value, "value")?) };
            let value = Attribute::Text(value.to_owned());
            variable.session.with(|session| Ok(session.set_attribute(Some(variable.id), name, value)?))?;
            Ok(LBK_OK)
        },
    )
}

/// Says which box of a variable this process holds in one array. One or more per variable and rank, or none. Where blocks
/// overlap, the lowest (rank, block) owns a value.
///
/// Any thread, before lbk_session_commit. Not collective. Since 0.1.
///
/// - variable  the variable
/// - offset    one number per axis, the slowest first: global index of the block's first value; copied; NULL for all 0
/// - count     one number per axis, the slowest first: values of the block along each axis, without ghosts, at least 1;
///             a process that holds nothing of a variable adds no block; copied
/// - strides   one number per axis, the slowest first: distance in bytes in this process's memory between neighbours
///             along that axis, ghosts and other fields in between included; may be negative; copied; NULL for an array
///             that is contiguous with the last axis fastest. {z, y, x} of float f[nz + 2][ny + 2][nx + 2] have
///             {4 (ny + 2) (nx + 2), 4 (nx + 2), 4}
/// - block     receives the handle, which lives as long as the session
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if the box is empty or not within the variable's shape, or the strides lead
/// further than memory does; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_variable_add_block(
    variable: *mut lbk_variable,
    offset: *const i64,
    count: *const i64,
    strides: *const i64,
    block: *mut *mut lbk_block,
) -> lbk_status {
    guarded_writing(
        "lbk_variable_add_block",
        // SAFETY: the caller vouches for `block`.
        || unsafe { set(block, handle::idle::<BlockHandle>()) },
        || {
            output(block, "block")?;
            let variable = handle::get::<VariableHandle>(variable)?;
            // SAFETY: the caller vouches for one number per axis in each array that is not NULL.
            let (offset, count, strides) = unsafe {
                let optional = |numbers: *const i64, argument| {
                    if numbers.is_null() { Ok(None) } else { array(numbers, variable.rank, argument).map(Some) }
                };
                (optional(offset, "offset")?, array(count, variable.rank, "count")?, optional(strides, "strides")?)
            };
            let offset = all_non_negative(offset.unwrap_or(&[0; LBK_MAX_RANK as usize][..variable.rank]), "offset")?;
            let count = all_non_negative(count, "count")?;
            let strides = strides.map(|s| s.iter().map(|&s| s as isize).collect::<Vec<_>>());
            let id = variable
                .session
                .with(|session| Ok(session.add_block(variable.id, &offset, &count, strides.as_deref())?))?;
            // SAFETY: the caller vouches for `block`, and it is not NULL.
            unsafe { set(block, handle::give(Arc::new(BlockHandle { owner: variable.owner, id }))) };
            Ok(LBK_OK)
        },
    )
}
