//! Archives and unfinished runs: where the grid points lie.

use std::ffi::c_char;

use limbeck_reader::{Axis, AxisCoordinates, VariableDescription};

use crate::archive::{ArchiveHandle, check_capacity, lbk_archive};
use crate::error::Failure;
use crate::guard::guarded;
use crate::handle;
use crate::status::{LBK_OK, lbk_status};
use crate::text::{array_mut, give, non_negative, set, string};

/// Coordinates of the grid points along one axis of a variable; their indices if none were set.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive       the archive
/// - variable      name of the variable
/// - axis          index of the axis, 0 for the slowest one of the shape
/// - capacity      numbers that coordinates has room for; 0 to ask for length only
/// - coordinates   receives length numbers; owned by the caller
/// - length        receives the number of grid points along the axis; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (length is set, the rest is not);
/// LBK_INVALID_ARGUMENT, also for an unknown variable or axis; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_axis(
    archive: *const lbk_archive,
    variable: *const c_char,
    axis: i32,
    capacity: i64,
    coordinates: *mut f64,
    length: *mut i64,
) -> lbk_status {
    guarded("lbk_archive_axis", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the string.
        let variable = archive.0.variable(unsafe { string(variable, "variable")? })?;
        let capacity = non_negative(capacity, "capacity")?;
        let axis = checked_axis(variable, axis)?;
        let points = variable.shape[axis] as usize;
        if capacity > 0 {
            // SAFETY: the caller vouches for `length`.
            check_capacity(capacity, points, "grid points", || unsafe { set(length, points as i64) })?;
            // SAFETY: the caller vouches for `capacity` numbers, and that is at least `points`.
            let out = unsafe { array_mut(coordinates, points, "coordinates")? };
            match variable.axes.get(axis).map(|a| &a.coordinates) {
                None | Some(AxisCoordinates::Index) => out.iter_mut().enumerate().for_each(|(i, o)| *o = i as f64),
                Some(AxisCoordinates::Uniform { origin, spacing }) => {
                    out.iter_mut().enumerate().for_each(|(i, o)| *o = origin + i as f64 * spacing);
                }
                Some(AxisCoordinates::Explicit(values)) => out.iter_mut().zip(values).for_each(|(o, &v)| *o = v),
            }
        }
        // SAFETY: the caller vouches for `length`.
        unsafe { set(length, points as i64) };
        Ok(LBK_OK)
    })
}

/// Name of an axis of a variable; empty if none was set.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable
/// - axis      index of the axis, 0 for the slowest one of the shape
/// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the name needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_axis_name(
    archive: *const lbk_archive,
    variable: *const c_char,
    axis: i32,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_axis_name", || {
        // SAFETY: passed on from the caller.
        unsafe { give_axis_text(archive, variable, axis, |axis| &axis.name, buffer, size, needed) }
    })
}

/// Units of the coordinates along an axis of a variable; empty if none were set.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable
/// - axis      index of the axis, 0 for the slowest one of the shape
/// - buffer    receives the units, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the units need, their NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_axis_units(
    archive: *const lbk_archive,
    variable: *const c_char,
    axis: i32,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_axis_units", || {
        // SAFETY: passed on from the caller.
        unsafe { give_axis_text(archive, variable, axis, |axis| &axis.units, buffer, size, needed) }
    })
}

/// # Safety
/// `variable` is NULL or a string; `buffer` and `needed` as for [`give`].
unsafe fn give_axis_text(
    archive: *const lbk_archive,
    variable: *const c_char,
    axis: i32,
    text: impl Fn(&Axis) -> &str,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> Result<lbk_status, Failure> {
    let archive = handle::get::<ArchiveHandle>(archive)?;
    // SAFETY: passed on from the caller.
    let variable = archive.0.variable(unsafe { string(variable, "variable")? })?;
    let axis = checked_axis(variable, axis)?;
    // SAFETY: passed on from the caller.
    unsafe { give(variable.axes.get(axis).map_or("", text), buffer, size, needed)? };
    Ok(LBK_OK)
}

fn checked_axis(variable: &VariableDescription, axis: i32) -> Result<usize, Failure> {
    let rank = variable.shape.len();
    usize::try_from(axis)
        .ok()
        .filter(|&axis| axis < rank)
        .ok_or_else(|| Failure::argument(format!("axis is {axis}, but \"{}\" has {rank} axes", variable.name)))
}
