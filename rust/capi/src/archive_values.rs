//! Archives and unfinished runs: their values.

use std::ffi::{c_char, c_void};

use limbeck_field::{ElementType, Region};
use limbeck_reader::Space;

use crate::archive::{ArchiveHandle, lbk_archive};
use crate::error::Failure;
use crate::guard::guarded;
use crate::handle;
use crate::pool::parallel;
use crate::status::{LBK_NOT_FOUND, LBK_OK, lbk_status};
use crate::text::{all_non_negative, array, array_mut, non_negative, string};
use crate::variable::{element_type, lbk_type};

/// For lbk_archive_sample: points are (step index, index along each axis), both counted from 0 and fractional.
pub const LBK_COORD_INDEX: i32 = 0;
/// For lbk_archive_sample: points are (time, coordinate along each axis), as they were given to lbk_step_begin and
/// lbk_session_set_axis.
pub const LBK_COORD_PHYSICAL: i32 = 1;

/// Reads a box of a variable at one step, or every nth value of it.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable
/// - step      index of the step, from 0; lbk_archive_steps has its cycle and time
/// - start     one number per axis, the slowest first: index of the first value; NULL for all 0
/// - count     one number per axis: how many values
/// - every     one number per axis: distance between them, 1 or more; NULL for all 1
/// - type      LBK_FLOAT32 or LBK_FLOAT64: what out shall have, whatever was handed in
/// - out       receives the values, as many as the product of count, contiguous, the last axis fastest; owned by the
///             caller
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if the box is not within the variable, or there is no such variable (the message
/// names the nearest), or the step was lost (the message says why); LBK_NOT_FOUND for a step that is not there; LBK_CORRUPTION, LBK_TRUNCATED, LBK_COMPATIBILITY, LBK_IO; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_read(
    archive: *const lbk_archive,
    variable: *const c_char,
    step: i64,
    start: *const i64,
    count: *const i64,
    every: *const i64,
    r#type: lbk_type,
    out: *mut c_void,
) -> lbk_status {
    guarded("lbk_archive_read", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the string.
        let variable = archive.0.variable(unsafe { string(variable, "variable")? })?;
        let rank = variable.shape.len();
        let all = |numbers: *const i64, otherwise: usize, argument: &str| {
            if numbers.is_null() {
                return Ok(vec![otherwise; rank]);
            }
            // SAFETY: the caller vouches for one number per axis.
            all_non_negative(unsafe { array(numbers, rank, argument)? }, argument)
        };
        if count.is_null() {
            return Err(Failure::argument("count is NULL"));
        }
        let region =
            Region { start: all(start, 0, "start")?, count: all(count, 0, "count")?, every: all(every, 1, "every")? };
        let steps = archive.0.steps();
        let step = usize::try_from(step).ok().and_then(|step| steps.get(step)).ok_or_else(|| {
            Failure::new(LBK_NOT_FOUND, format!("there is no step {step}: there are {} of them", steps.len()))
        })?;
        match element_type(r#type)? {
            ElementType::Float32 => {
                let values = parallel(|| Ok(archive.0.read::<f32>(&variable.name, step.index, &region)?))?;
                // SAFETY: the caller vouches for as many values of this type as the region has.
                unsafe { copy_out(&values, out)? };
            }
            ElementType::Float64 => {
                let values = parallel(|| Ok(archive.0.read::<f64>(&variable.name, step.index, &region)?))?;
                // SAFETY: as above.
                unsafe { copy_out(&values, out)? };
            }
        }
        Ok(LBK_OK)
    })
}

/// Reads a variable at arbitrary points in space and time; between grid points and steps it is what the network says.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive       the archive
/// - variable      name of the variable
/// - n             number of points
/// - points        n rows of 1 + rank numbers: time first, then the axes, the slowest first (t, z, y, x)
/// - coordinates   LBK_COORD_INDEX or LBK_COORD_PHYSICAL: what the points are counted in
/// - type          LBK_FLOAT32 or LBK_FLOAT64: what out shall have
/// - out           receives n values; owned by the caller
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT, also for a point outside of the variable or the steps;
/// LBK_CORRUPTION, LBK_TRUNCATED, LBK_COMPATIBILITY, LBK_IO; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_sample(
    archive: *const lbk_archive,
    variable: *const c_char,
    n: i64,
    points: *const f64,
    coordinates: i32,
    r#type: lbk_type,
    out: *mut c_void,
) -> lbk_status {
    guarded("lbk_archive_sample", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the string.
        let variable = archive.0.variable(unsafe { string(variable, "variable")? })?;
        let space = match coordinates {
            LBK_COORD_INDEX => Space::Index,
            LBK_COORD_PHYSICAL => Space::Physical,
            _ => {
                return Err(Failure::argument(format!(
                    "coordinates is {coordinates}; give LBK_COORD_INDEX (0) or LBK_COORD_PHYSICAL (1)"
                )));
            }
        };
        let element_type = element_type(r#type)?;
        let numbers = non_negative(n, "n")?.checked_mul(1 + variable.shape.len());
        let numbers = numbers.ok_or_else(|| Failure::argument(format!("{n} points are more than memory can hold")))?;
        // SAFETY: the caller vouches for n rows of points.
        let points = unsafe { array(points, numbers, "points")? };
        let values = parallel(|| Ok(archive.0.sample(&variable.name, points, space)?))?;
        match element_type {
            ElementType::Float32 => {
                let values: Vec<f32> = values.iter().map(|&value| value as f32).collect();
                // SAFETY: the caller vouches for n values of this type.
                unsafe { copy_out(&values, out)? };
            }
            // SAFETY: as above.
            ElementType::Float64 => unsafe { copy_out(&values, out)? },
        }
        Ok(LBK_OK)
    })
}

/// # Safety
/// `out` is NULL or has room for the values, which nobody else uses meanwhile.
unsafe fn copy_out<T: Copy>(values: &[T], out: *mut c_void) -> Result<(), Failure> {
    // SAFETY: passed on from the caller.
    unsafe { array_mut(out.cast::<T>(), values.len(), "out")? }.copy_from_slice(values);
    Ok(())
}
