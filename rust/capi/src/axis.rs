//! Where the grid points lie.

use std::ffi::c_char;

use limbeck_session::AxisCoordinates;

use crate::error::Failure;
use crate::guard::guarded_writing;
use crate::handle;
use crate::session::{SessionHandle, lbk_session};
use crate::status::{LBK_OK, lbk_status};
use crate::text::{array, non_negative, string};
use crate::variable::{VariableHandle, lbk_variable};

/// Says where the grid points lie along one axis of a variable: point i at origin + i * spacing. Without it readers count
/// points.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - variable  the variable
/// - axis      index of the axis, 0 for the slowest one of the shape
/// - name      of the axis, say "z"; copied; may be NULL
/// - units     of origin and spacing, say "m"; copied; may be NULL
/// - origin    coordinate of global grid point 0; finite
/// - spacing   distance between neighbours; finite, not 0, may be negative
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_variable_set_axis(
    variable: *mut lbk_variable,
    axis: i32,
    name: *const c_char,
    units: *const c_char,
    origin: f64,
    spacing: f64,
) -> lbk_status {
    guarded_writing(
        "lbk_variable_set_axis",
        || (),
        || {
            let variable = handle::get::<VariableHandle>(variable)?;
            // SAFETY: the caller vouches for both strings.
            let axis = unsafe { Axis::new(axis, name, units, AxisCoordinates::Uniform { origin, spacing })? };
            axis.set(&variable)?;
            Ok(LBK_OK)
        },
    )
}

/// Says where the grid points lie along one axis of a variable, one by one.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - variable      the variable
/// - axis          index of the axis, 0 for the slowest one of the shape
/// - name          of the axis, say "z"; copied; may be NULL
/// - units         of the coordinates, say "m"; copied; may be NULL
/// - length        number of coordinates: the global length of the axis
/// - coordinates   length numbers, strictly increasing or strictly decreasing; copied
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT; LBK_INVALID_STATE after commit; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_variable_set_axis_coordinates(
    variable: *mut lbk_variable,
    axis: i32,
    name: *const c_char,
    units: *const c_char,
    length: i64,
    coordinates: *const f64,
) -> lbk_status {
    guarded_writing(
        "lbk_variable_set_axis_coordinates",
        || (),
        || {
            let variable = handle::get::<VariableHandle>(variable)?;
            // SAFETY: the caller vouches for strings and array.
            let axis = unsafe { Axis::new(axis, name, units, explicit(length, coordinates)?)? };
            axis.set(&variable)?;
            Ok(LBK_OK)
        },
    )
}

/// Does lbk_variable_set_axis for every variable of the run that is defined by now and has this axis.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - session   the run
/// - axis      index of the axis, 0 for the slowest one of the shape
/// - name      of the axis, say "z"; copied; may be NULL
/// - units     of origin and spacing, say "m"; copied; may be NULL
/// - origin    coordinate of global grid point 0; finite
/// - spacing   distance between neighbours; finite, not 0, may be negative
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT, also if no variable has this axis; LBK_INVALID_STATE after commit;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_set_axis(
    session: *mut lbk_session,
    axis: i32,
    name: *const c_char,
    units: *const c_char,
    origin: f64,
    spacing: f64,
) -> lbk_status {
    guarded_writing(
        "lbk_session_set_axis",
        || (),
        || {
            handle::get::<SessionHandle>(session)?;
            // SAFETY: the caller vouches for both strings.
            let axis = unsafe { Axis::new(axis, name, units, AxisCoordinates::Uniform { origin, spacing })? };
            axis.set_all(session)?;
            Ok(LBK_OK)
        },
    )
}

/// Does lbk_variable_set_axis_coordinates for every variable of the run that is defined by now and has this axis.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - session       the run
/// - axis          index of the axis, 0 for the slowest one of the shape
/// - name          of the axis, say "z"; copied; may be NULL
/// - units         of the coordinates, say "m"; copied; may be NULL
/// - length        number of coordinates: the global length of the axis
/// - coordinates   length numbers, strictly increasing or strictly decreasing; copied
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT, also if no variable has this axis; LBK_INVALID_STATE after commit;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_set_axis_coordinates(
    session: *mut lbk_session,
    axis: i32,
    name: *const c_char,
    units: *const c_char,
    length: i64,
    coordinates: *const f64,
) -> lbk_status {
    guarded_writing(
        "lbk_session_set_axis_coordinates",
        || (),
        || {
            handle::get::<SessionHandle>(session)?;
            // SAFETY: the caller vouches for strings and array.
            let axis = unsafe { Axis::new(axis, name, units, explicit(length, coordinates)?)? };
            axis.set_all(session)?;
            Ok(LBK_OK)
        },
    )
}

struct Axis<'a> {
    index: usize,
    name: &'a str,
    units: &'a str,
    coordinates: AxisCoordinates,
}

impl<'a> Axis<'a> {
    /// # Safety
    /// `name` and `units` are NULL or strings that outlive `'a`.
    unsafe fn new(
        index: i32,
        name: *const c_char,
        units: *const c_char,
        coordinates: AxisCoordinates,
    ) -> Result<Axis<'a>, Failure> {
        // SAFETY: passed on from the caller.
        let optional =
            |text: *const c_char, argument| unsafe { if text.is_null() { Ok("") } else { string(text, argument) } };
        let index = non_negative(i64::from(index), "axis")?;
        Ok(Axis { index, name: optional(name, "name")?, units: optional(units, "units")?, coordinates })
    }

    fn set(&self, variable: &VariableHandle) -> Result<(), Failure> {
        variable.session.with(|session| {
            session.set_axis(variable.id, self.index, self.coordinates.clone())?;
            Ok(session.name_axis(variable.id, self.index, self.name, self.units)?)
        })
    }

    fn set_all(&self, session: *mut lbk_session) -> Result<(), Failure> {
        let variables = handle::all::<VariableHandle>(|v| v.owner == session.addr() && v.rank > self.index);
        if variables.is_empty() {
            return Err(Failure::argument(format!("no variable that is defined by now has an axis {}", self.index)));
        }
        variables.iter().try_for_each(|variable| self.set(variable))
    }
}

/// # Safety
/// `coordinates` is NULL or has `length` numbers.
unsafe fn explicit(length: i64, coordinates: *const f64) -> Result<AxisCoordinates, Failure> {
    let length = non_negative(length, "length")?;
    // SAFETY: passed on from the caller.
    Ok(AxisCoordinates::Explicit(unsafe { array(coordinates, length, "coordinates")? }.to_vec()))
}
