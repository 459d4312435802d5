//! Attributes and axes, between Python's objects and limbeck's.

use limbeck_reader::{Attribute, Axis, AxisCoordinates, State, Step, VariableDescription};
use numpy::PyArray1;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// Name, units, (origin, spacing), coordinates of the grid points: at most one of the last two.
pub(crate) type AxisParts = (String, String, Option<(f64, f64)>, Option<Vec<f64>>);

/// Name, type of the values, shape (slowest axis first), attributes, axes.
pub(crate) type VariableParts<'py> = (String, &'static str, Vec<u64>, Bound<'py, PyDict>, Vec<AxisParts>);

/// Index, cycle, time, how it can be read ("present", "interpolated", "missing"), and why not.
pub(crate) type StepParts = (u64, i64, f64, &'static str, String);

pub(crate) fn variable<'py>(py: Python<'py>, v: &VariableDescription) -> PyResult<VariableParts<'py>> {
    let dtype = if v.element_type == 4 { "float32" } else { "float64" };
    Ok((v.name.clone(), dtype, v.shape.clone(), attributes(py, &v.attributes)?, v.axes.iter().map(axis).collect()))
}

pub(crate) fn step(s: &Step) -> StepParts {
    let (state, why) = match &s.state {
        State::Present => ("present", String::new()),
        State::Interpolated => ("interpolated", String::new()),
        State::Missing(why) => ("missing", why.clone()),
    };
    (s.index, s.cycle, s.time, state, why)
}

pub(crate) fn attributes<'py>(py: Python<'py>, list: &[(String, Attribute)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, value) in list {
        match value {
            Attribute::Text(text) => dict.set_item(name, text)?,
            Attribute::Integer(i) => dict.set_item(name, i)?,
            Attribute::Float(x) => dict.set_item(name, x)?,
            Attribute::FloatArray(all) => dict.set_item(name, PyArray1::from_slice(py, all))?,
        }
    }
    Ok(dict)
}

/// A value that limbeck can keep.
pub(crate) fn attribute(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Attribute> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Attribute::Text(text.to_string()));
    }
    match value.extract::<i64>() {
        Ok(i) => return Ok(Attribute::Integer(i)),
        Err(e) if e.is_instance_of::<pyo3::exceptions::PyOverflowError>(value.py()) => {
            return Err(PyValueError::new_err(format!(
                "the attribute {name:?} is larger than 64 bits: give it as a float or as text"
            )));
        }
        Err(_) => {}
    }
    if let Ok(x) = value.extract::<f64>() {
        return Ok(Attribute::Float(x));
    }
    value.extract::<Vec<f64>>().map(Attribute::FloatArray).map_err(|_| {
        PyTypeError::new_err(format!(
            "the attribute {name:?} is a {}, and only text, numbers and lists of numbers can be kept",
            value.get_type()
        ))
    })
}

fn axis(a: &Axis) -> AxisParts {
    let (uniform, points) = match &a.coordinates {
        AxisCoordinates::Index => (None, None),
        AxisCoordinates::Uniform { origin, spacing } => (Some((*origin, *spacing)), None),
        AxisCoordinates::Explicit(points) => (None, Some(points.clone())),
    };
    (a.name.clone(), a.units.clone(), uniform, points)
}

pub(crate) fn coordinates(uniform: Option<(f64, f64)>, points: Option<Vec<f64>>) -> AxisCoordinates {
    match (uniform, points) {
        (Some((origin, spacing)), _) => AxisCoordinates::Uniform { origin, spacing },
        (None, Some(points)) => AxisCoordinates::Explicit(points),
        (None, None) => AxisCoordinates::Index,
    }
}
