//! Archives and unfinished runs: what is in them.

use std::ffi::c_char;
use std::sync::Arc;

use limbeck_reader::{Attribute, Dataset};

use crate::error::Failure;
use crate::guard::guarded;
use crate::handle::{self, Held};
use crate::info;
use crate::status::{LBK_BUFFER_TOO_SMALL, LBK_NOT_FOUND, LBK_OK, lbk_status};
use crate::text::{self, array_mut, give, non_negative, output, set, string};
use crate::variable::{LBK_FLOAT32, LBK_FLOAT64, lbk_type};

/// An archive, or the journal of a run that is not finished, opened for reading; from lbk_archive_open to
/// lbk_archive_close. All calls on it may come from several threads at once.
pub struct lbk_archive {
    _opaque: [u8; 0],
}

/// What an lbk_archive stands for.
pub struct ArchiveHandle(pub Dataset);

impl Held for ArchiveHandle {
    type Opaque = lbk_archive;
    const NAME: &'static str = "archive";
    const KIND: usize = 5;
}

impl ArchiveHandle {
    /// Attributes of a variable, or of the run.
    fn attributes(&self, variable: Option<&str>) -> Result<&[(String, Attribute)], Failure> {
        Ok(match variable {
            Some(name) => &self.0.variable(name)?.attributes,
            None => self.0.attributes(),
        })
    }
}

/// Opens an archive, or a run that is not finished: then there is what its journal holds.
///
/// Any thread. Not collective. Since 0.1.
///
/// - path      of the archive ("run.lbk") or of a run's directory ("run.lbk.d")
/// - archive   receives the handle; lbk_archive_close frees it
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if there is nothing of this name; LBK_IO if it cannot be read; LBK_CORRUPTION, LBK_TRUNCATED or LBK_COMPATIBILITY if it is damaged, ends
/// early or is of a newer version.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_open(path: *const c_char, archive: *mut *mut lbk_archive) -> lbk_status {
    guarded("lbk_archive_open", || {
        output(archive, "archive")?;
        // SAFETY: the caller vouches for the string.
        let path = unsafe { text::path(path, "path")? };
        let opened = handle::give(Arc::new(ArchiveHandle(Dataset::open(&path)?)));
        // SAFETY: the caller vouches for `archive`, and it is not NULL.
        unsafe { set(archive, opened) };
        Ok(LBK_OK)
    })
}

/// Number of variables.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - count     receives the number
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_variables(archive: *const lbk_archive, count: *mut i64) -> lbk_status {
    guarded("lbk_archive_variables", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        output(count, "count")?;
        // SAFETY: the caller vouches for `count`, and it is not NULL.
        unsafe { set(count, archive.0.variables().len() as i64) };
        Ok(LBK_OK)
    })
}

/// Name of a variable.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - index     of the variable, from 0, in the order of definition
/// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the name needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_variable_name(
    archive: *const lbk_archive,
    index: i64,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_variable_name", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        let variable = item(archive.0.variables(), index, "variables")?;
        // SAFETY: the caller vouches for `buffer` and `needed`.
        unsafe { give(&variable.name, buffer, size, needed)? };
        Ok(LBK_OK)
    })
}

/// Shape and type of a variable.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable
/// - capacity  numbers that shape has room for; LBK_MAX_RANK is enough for every variable; 0 to ask for rank and type
/// - shape     receives rank numbers: the global length of each axis, the slowest first; owned by the caller
/// - rank      receives the number of axes; may be NULL
/// - type      receives the type of the values that were handed in; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (rank is set, the rest is not);
/// LBK_INVALID_ARGUMENT, also for an unknown variable (the message names the nearest); LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_shape(
    archive: *const lbk_archive,
    variable: *const c_char,
    capacity: i32,
    shape: *mut i64,
    rank: *mut i32,
    r#type: *mut lbk_type,
) -> lbk_status {
    guarded("lbk_archive_shape", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the string.
        let variable = archive.0.variable(unsafe { string(variable, "variable")? })?;
        let capacity = non_negative(i64::from(capacity), "capacity")?;
        let axes = variable.shape.len();
        if capacity > 0 {
            // SAFETY: the caller vouches for `rank`.
            check_capacity(capacity, axes, "axes", || unsafe { set(rank, axes as i32) })?;
            // SAFETY: the caller vouches for `capacity` numbers, and that is at least `axes`.
            let out = unsafe { array_mut(shape, axes, "shape")? };
            out.iter_mut().zip(&variable.shape).for_each(|(o, &n)| *o = n as i64);
        }
        // SAFETY: the caller vouches for `rank` and `type`.
        unsafe {
            set(rank, axes as i32);
            set(
                r#type,
                // The archive counts bytes; the reader has checked that it is one of the two.
                if variable.element_type == 4 { LBK_FLOAT32 } else { LBK_FLOAT64 },
            );
        }
        Ok(LBK_OK)
    })
}

/// Cycle and physical time of every step.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - capacity  numbers that cycles and times have room for; 0 to ask for count only
/// - cycles    receives the cycle of each step, in the order of the steps; owned by the caller; may be NULL
/// - times     receives the physical time of each step; owned by the caller; may be NULL
/// - count     receives the number of steps; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL if capacity is neither 0 nor enough (count is set, the rest is not);
/// LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_steps(
    archive: *const lbk_archive,
    capacity: i64,
    cycles: *mut i64,
    times: *mut f64,
    count: *mut i64,
) -> lbk_status {
    guarded("lbk_archive_steps", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        let capacity = non_negative(capacity, "capacity")?;
        let steps = archive.0.steps();
        if capacity > 0 {
            // SAFETY: the caller vouches for `count`.
            check_capacity(capacity, steps.len(), "steps", || unsafe { set(count, steps.len() as i64) })?;
            // SAFETY: the caller vouches for `capacity` numbers in each, and that is at least the number of steps.
            unsafe {
                if !cycles.is_null() {
                    let out = array_mut(cycles, steps.len(), "cycles")?;
                    out.iter_mut().zip(steps).for_each(|(o, s)| *o = s.cycle);
                }
                if !times.is_null() {
                    let out = array_mut(times, steps.len(), "times")?;
                    out.iter_mut().zip(steps).for_each(|(o, s)| *o = s.time);
                }
            }
        }
        // SAFETY: the caller vouches for `count`.
        unsafe { set(count, steps.len() as i64) };
        Ok(LBK_OK)
    })
}

/// Number of attributes of a variable or of the run.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable; NULL for the run
/// - count     receives the number
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT, also for an unknown variable; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_attributes(
    archive: *const lbk_archive,
    variable: *const c_char,
    count: *mut i64,
) -> lbk_status {
    guarded("lbk_archive_attributes", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        output(count, "count")?;
        // SAFETY: the caller vouches for the string, or it is NULL.
        let attributes = archive.attributes(unsafe { optional_string(variable, "variable")? })?;
        // SAFETY: the caller vouches for `count`, and it is not NULL.
        unsafe { set(count, attributes.len() as i64) };
        Ok(LBK_OK)
    })
}

/// Name of an attribute.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable; NULL for the run
/// - index     of the attribute, from 0
/// - buffer    receives the name, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the name needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_attribute_name(
    archive: *const lbk_archive,
    variable: *const c_char,
    index: i64,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_attribute_name", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the string, or it is NULL.
        let attributes = archive.attributes(unsafe { optional_string(variable, "variable")? })?;
        let (name, _) = item(attributes, index, "attributes")?;
        // SAFETY: the caller vouches for `buffer` and `needed`.
        unsafe { give(name, buffer, size, needed)? };
        Ok(LBK_OK)
    })
}

/// Value of an attribute.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - variable  name of the variable; NULL for the run
/// - name      of the attribute
/// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the text needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_NOT_FOUND; LBK_INVALID_ARGUMENT;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_attribute(
    archive: *const lbk_archive,
    variable: *const c_char,
    name: *const c_char,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_attribute", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for the strings; `variable` may be NULL.
        let (variable, name) = unsafe { (optional_string(variable, "variable")?, string(name, "name")?) };
        let (_, value) = archive
            .attributes(variable)?
            .iter()
            .find(|(n, _)| n == name)
            .ok_or_else(|| Failure::new(LBK_NOT_FOUND, format!("no attribute \"{name}\"")))?;
        // SAFETY: the caller vouches for `buffer` and `needed`.
        unsafe { give(&attribute_text(value), buffer, size, needed)? };
        Ok(LBK_OK)
    })
}

/// All about an archive, as JSON: versions, size in bytes, variables, steps, axes, attributes, networks, quality as it
/// was measured. Names in it are only ever added.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   the archive
/// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the text needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_info(
    archive: *const lbk_archive,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded("lbk_archive_info", || {
        let archive = handle::get::<ArchiveHandle>(archive)?;
        // SAFETY: the caller vouches for `buffer` and `needed`.
        unsafe { give(&info::to_json(&archive.0.info()?), buffer, size, needed)? };
        Ok(LBK_OK)
    })
}

/// Closes an archive. Calls on it that other threads are in come to their end first.
///
/// Any thread. Not collective. Since 0.1.
///
/// - archive   address of the handle, which is set to NULL, whatever is returned; an address of NULL, or a NULL handle,
///             is fine
///
/// Returns LBK_OK; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_archive_close(archive: *mut *mut lbk_archive) -> lbk_status {
    guarded("lbk_archive_close", || {
        if archive.is_null() {
            return Ok(LBK_OK);
        }
        // SAFETY: not NULL, and the caller vouches for it.
        let held = unsafe { archive.replace(std::ptr::null_mut()) };
        if !held.is_null() {
            handle::take::<ArchiveHandle>(held)?;
        }
        Ok(LBK_OK)
    })
}

/// Attributes are texts for C, whatever they were set as.
fn attribute_text(value: &Attribute) -> String {
    match value {
        Attribute::Text(text) => text.clone(),
        Attribute::Integer(number) => number.to_string(),
        Attribute::Float(number) => number.to_string(),
        Attribute::FloatArray(numbers) => numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn item<'a, T>(items: &'a [T], index: i64, what: &str) -> Result<&'a T, Failure> {
    let found = usize::try_from(index).ok().and_then(|i| items.get(i));
    found.ok_or_else(|| Failure::new(LBK_NOT_FOUND, format!("index {index}, but there are {} {what}", items.len())))
}

/// Refuses an array that is too short, after having told how long it has to be.
pub fn check_capacity(capacity: usize, required: usize, what: &str, tell: impl FnOnce()) -> Result<(), Failure> {
    if capacity < required {
        tell();
        return Err(Failure::new(
            LBK_BUFFER_TOO_SMALL,
            format!("there are {required} {what}, but room for {capacity} was given"),
        ));
    }
    Ok(())
}

/// A string argument that may be left out.
///
/// # Safety
/// As [`string`], but NULL stands for nothing.
unsafe fn optional_string<'a>(text: *const c_char, argument: &str) -> Result<Option<&'a str>, Failure> {
    // SAFETY: passed on from the caller.
    if text.is_null() { Ok(None) } else { unsafe { string(text, argument).map(Some) } }
}
