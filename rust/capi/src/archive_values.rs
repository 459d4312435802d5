//! Archives and unfinished runs: their values.

use std::ffi::{c_char, c_void};

use limbeck_field::{ElementType, Layout, Region, scatter};
use limbeck_reader::Space;

use crate::archive::{ArchiveHandle, lbk_archive};
use crate::error::Failure;
use crate::guard::guarded;
use crate::handle;
use crate::pool::parallel;
use crate::status::{LBK_NOT_FOUND, LBK_OK, lbk_status};
use crate::text::{all_non_negative, array, array_mut, non_negative, output, string};
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
    let wanted = Wanted { variable, step, start, count, every, r#type, layout: None };
    // SAFETY: passed on from the caller.
    guarded("lbk_archive_read", || unsafe { read(archive, &wanted, out) })
}

/// Does lbk_archive_read into an array that is not contiguous: the inside of one with ghosts, say.
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
/// - rank      number of axes of out: that of the variable
/// - strides   rank numbers, the slowest axis first: distance in bytes between neighbours in out along that axis; may be
///             negative; NULL for an array that is contiguous with the last axis fastest
/// - out       address of the value at start; the others are written where the strides say, and nothing in between; owned
///             by the caller
///
/// Returns what lbk_archive_read does; LBK_INVALID_ARGUMENT also if rank is not that of the variable, or the strides lead
/// further than memory does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_read_strided(
    archive: *const lbk_archive,
    variable: *const c_char,
    step: i64,
    start: *const i64,
    count: *const i64,
    every: *const i64,
    r#type: lbk_type,
    rank: i32,
    strides: *const i64,
    out: *mut c_void,
) -> lbk_status {
    let wanted = Wanted { variable, step, start, count, every, r#type, layout: Some((rank, strides)) };
    // SAFETY: passed on from the caller.
    guarded("lbk_archive_read_strided", || unsafe { read(archive, &wanted, out) })
}

/// The arguments of a read.
struct Wanted {
    variable: *const c_char,
    step: i64,
    start: *const i64,
    count: *const i64,
    every: *const i64,
    r#type: lbk_type,
    /// Rank and strides; None if the values go one behind the other.
    layout: Option<(i32, *const i64)>,
}

/// # Safety
/// The pointers are as lbk_archive_read and lbk_archive_read_strided ask for.
unsafe fn read(archive: *const lbk_archive, wanted: &Wanted, out: *mut c_void) -> Result<lbk_status, Failure> {
    let archive = handle::get::<ArchiveHandle>(archive)?;
    // SAFETY: the caller vouches for the string.
    let variable = archive.0.variable(unsafe { string(wanted.variable, "variable")? })?;
    let rank = variable.shape.len();
    let mut strides = None;
    if let Some((given, numbers)) = wanted.layout {
        if given != rank as i32 {
            let text = format!("the array has {given} axes, variable \"{}\" has {rank}", variable.name);
            return Err(Failure::argument(text));
        }
        if !numbers.is_null() {
            // SAFETY: the caller vouches for `rank` numbers.
            let numbers = unsafe { array(numbers, rank, "strides")? };
            strides = Some(numbers.iter().map(|&stride| stride as isize).collect::<Vec<_>>());
        }
    }
    let all = |numbers: *const i64, otherwise: usize, argument: &str| {
        if numbers.is_null() {
            return Ok(vec![otherwise; rank]);
        }
        // SAFETY: the caller vouches for one number per axis.
        all_non_negative(unsafe { array(numbers, rank, argument)? }, argument)
    };
    if wanted.count.is_null() {
        return Err(Failure::argument("count is NULL"));
    }
    let region = Region {
        start: all(wanted.start, 0, "start")?,
        count: all(wanted.count, 0, "count")?,
        every: all(wanted.every, 1, "every")?,
    };
    let steps = archive.0.steps();
    let step = usize::try_from(wanted.step).ok().and_then(|step| steps.get(step)).ok_or_else(|| {
        let text = format!("there is no step {}: there are {} of them", wanted.step, steps.len());
        Failure::new(LBK_NOT_FOUND, text)
    })?;
    let element_type = element_type(wanted.r#type)?;
    let empty = region.count.contains(&0);
    // Checked before anything is decoded; an empty region has no layout and writes nothing.
    let layout = match strides {
        Some(strides) if !empty => {
            Some(Layout::strided(element_type, &region.count, &strides).map_err(|e| Failure::argument(e.to_string()))?)
        }
        _ => None,
    };
    match element_type {
        ElementType::Float32 => {
            let values = parallel(|| Ok(archive.0.read::<f32>(&variable.name, step.index, &region)?))?;
            // SAFETY: the caller vouches for room for values of this type where the region and the strides say.
            unsafe { hand_out(&values, layout.as_ref(), out)? };
        }
        ElementType::Float64 => {
            let values = parallel(|| Ok(archive.0.read::<f64>(&variable.name, step.index, &region)?))?;
            // SAFETY: as above.
            unsafe { hand_out(&values, layout.as_ref(), out)? };
        }
    }
    Ok(LBK_OK)
}

/// # Safety
/// `out` is NULL or has room for the values where the layout says, which nobody else uses meanwhile.
unsafe fn hand_out<T: Copy>(values: &[T], layout: Option<&Layout>, out: *mut c_void) -> Result<(), Failure> {
    match layout {
        // SAFETY: passed on from the caller.
        None => unsafe { copy_out(values, out) },
        Some(layout) => {
            output(out, "out")?;
            // SAFETY: passed on from the caller; the layout has the region's counts, whose product the values are.
            unsafe { scatter(values, layout, out.cast()) };
            Ok(())
        }
    }
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
