//! A series on its way into an archive.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use limbeck_session::{
    BlockId, Communicator, Config, ElementType, Outcome, Session, ValuesRef, VariableId, remove_empty_run,
};
use numpy::PyReadonlyArrayDyn;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::describe::{self, AxisParts};
use crate::distil::{Watch, distil};
use crate::error::{Error, of_session};
use crate::options;

/// Takes the steps of a series and makes an archive of them. Made, then `define` for each variable, `commit`, `step` for
/// each step, and `finish`, or `abandon` if something failed.
#[pyclass(frozen, module = "limbeck._limbeck")]
pub(crate) struct Writer {
    path: PathBuf,
    journal: PathBuf,
    config: Config,
    open: Mutex<Option<Open>>,
}

/// What there is until the end.
struct Open {
    session: Session,
    variables: Vec<VariableId>,
    blocks: Vec<BlockId>,
    taken: usize,
}

/// Values of one variable at one step, C order.
#[derive(FromPyObject)]
pub(crate) enum Values<'py> {
    Float32(PyReadonlyArrayDyn<'py, f32>),
    Float64(PyReadonlyArrayDyn<'py, f64>),
}

impl Values<'_> {
    fn borrowed(&self) -> PyResult<ValuesRef<'_>> {
        Ok(match self {
            Values::Float32(v) => ValuesRef::Float32(v.as_slice()?),
            Values::Float64(v) => ValuesRef::Float64(v.as_slice()?),
        })
    }
}

#[pymethods]
impl Writer {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, options: Vec<(String, String)>) -> PyResult<Writer> {
        let config = options::config(&options)?;
        let session = py.detach(|| Session::open(&path, &config, Communicator::None)).map_err(of_session)?;
        let journal = session.journal();
        let open = Open { session, variables: Vec::new(), blocks: Vec::new(), taken: 0 };
        Ok(Writer { path, journal, config, open: Mutex::new(Some(open)) })
    }

    /// Says something about the run, or about the variable of this number.
    #[pyo3(signature = (variable, name, value))]
    fn attribute(&self, py: Python<'_>, variable: Option<usize>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let value = describe::attribute(name, value)?;
        let mut open = self.lock(py)?;
        let open = given(&mut open)?;
        let on = variable.map(|v| number(&open.variables, v)).transpose()?;
        open.session.set_attribute(on, name, value).map_err(of_session)
    }

    /// Defines a variable of this shape (slowest axis first). Gives its number.
    fn define(&self, py: Python<'_>, name: &str, dtype: &str, shape: Vec<usize>) -> PyResult<usize> {
        let element_type = match dtype {
            "float32" => ElementType::Float32,
            "float64" => ElementType::Float64,
            other => return Err(PyTypeError::new_err(format!("{other} is neither float32 nor float64"))),
        };
        let mut open = self.lock(py)?;
        let open = given(&mut open)?;
        let variable = open.session.define_variable(name, element_type, &shape).map_err(of_session)?;
        let block = open.session.add_block(variable, &vec![0; shape.len()], &shape, None).map_err(of_session)?;
        open.variables.push(variable);
        open.blocks.push(block);
        Ok(open.variables.len() - 1)
    }

    /// Describes an axis (0: slowest) of a variable.
    fn axis(&self, py: Python<'_>, variable: usize, axis: usize, parts: AxisParts) -> PyResult<()> {
        let (name, units, uniform, points) = parts;
        let mut open = self.lock(py)?;
        let open = given(&mut open)?;
        let variable = number(&open.variables, variable)?;
        open.session.set_axis(variable, axis, describe::coordinates(uniform, points)).map_err(of_session)?;
        open.session.name_axis(variable, axis, &name, &units).map_err(of_session)
    }

    /// Ends the definitions.
    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        let mut open = self.lock(py)?;
        let open = given(&mut open)?;
        py.detach(|| open.session.commit()).map_err(of_session)
    }

    /// Copies one step: the values of every variable, contiguous and in the order of their definition. Waits while more
    /// than a few steps are on their way. Gives warnings.
    fn step(&self, py: Python<'_>, time: f64, arrays: Vec<Values<'_>>) -> PyResult<Vec<String>> {
        let mut open = self.lock(py)?;
        let open = given(&mut open)?;
        if arrays.len() != open.blocks.len() {
            let (n, wanted) = (arrays.len(), open.blocks.len());
            return Err(PyValueError::new_err(format!("{n} arrays were given for {wanted} variables")));
        }
        if open.taken >= Session::AHEAD {
            wait_for(py, &open.session, (open.taken - Session::AHEAD) as i64, None)?;
        }
        let values = arrays.iter().map(Values::borrowed).collect::<PyResult<Vec<_>>>()?;
        let Open { session, blocks, taken, .. } = open;
        let copy = || {
            session.step_begin(*taken as i64, time)?;
            let mut outcomes = Vec::new();
            for (block, values) in blocks.iter().zip(values) {
                outcomes.push(session.put_slice(*block, values)?);
            }
            outcomes.push(session.step_end()?);
            Ok(outcomes)
        };
        let outcomes = py.detach(copy).map_err(of_session)?;
        let step = *taken;
        *taken += 1;
        Ok(outcomes.into_iter().filter_map(|outcome| told(outcome, step)).collect())
    }

    /// Waits for the last step, and makes the archive. `watch` is called with a stage and how far it is: "fitting" with the
    /// number of steps in the journal, "distilling" with a share of 1. Gives warnings.
    #[pyo3(signature = (watch))]
    fn finish(&self, py: Python<'_>, watch: Option<Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
        let watch = Watch { call: watch.as_ref() };
        let taken = {
            let mut open = self.lock(py)?;
            let open = given(&mut open)?;
            if let Some(last) = open.taken.checked_sub(1) {
                wait_for(py, &open.session, last as i64, Some(&watch))?;
            }
            open.taken
        };
        let open = self.lock(py)?.take().ok_or_else(ended)?;
        let report = py.detach(|| open.session.close()).map_err(of_session)?;
        if taken == 0 {
            remove_empty_run(&self.journal);
            return Err(PyValueError::new_err("there are no steps: nothing was written"));
        }
        let mut warnings = report.warnings;
        let report = distil(py, &watch, self.journal.clone(), self.path.clone(), self.config.clone())?;
        warnings.extend(report.warnings);
        let lost = report.missing.iter().map(|(cycle, why)| format!("step {cycle} is missing in the archive: {why}"));
        warnings.extend(lost);
        Ok(warnings)
    }

    /// Ends without an archive: steps that are on their way are waited for, or given up. Gives the journal, if it has steps.
    fn abandon(&self, py: Python<'_>, wait: bool) -> PyResult<Option<PathBuf>> {
        if let Some(Open { mut session, taken, .. }) = self.lock(py)?.take() {
            let _ = session.step_cancel();
            if let Some(last) = taken.checked_sub(1).filter(|_| wait) {
                // What has failed before says more than that waiting fails, too.
                let _ = wait_for(py, &session, last as i64, None);
            }
            py.detach(|| {
                drop(session);
                remove_empty_run(&self.journal);
            });
        }
        Ok(Some(self.journal.clone()).filter(|journal| journal.exists()))
    }
}

impl Writer {
    fn lock(&self, py: Python<'_>) -> PyResult<MutexGuard<'_, Option<Open>>> {
        self.open.lock_py_attached(py).map_err(|_| Error::new_err("an earlier call of this writer panicked"))
    }
}

fn given(open: &mut Option<Open>) -> PyResult<&mut Open> {
    open.as_mut().ok_or_else(ended)
}

fn ended() -> PyErr {
    Error::new_err("this writer has ended")
}

fn number(variables: &[VariableId], v: usize) -> PyResult<VariableId> {
    variables.get(v).copied().ok_or_else(|| PyValueError::new_err(format!("there is no variable of number {v}")))
}

/// Waits for a step to be in the journal, while Python handles signals.
fn wait_for(py: Python<'_>, session: &Session, cycle: i64, watch: Option<&Watch<'_, '_>>) -> PyResult<()> {
    let mut raised = None;
    let call = watch.and_then(|w| w.call).map(|call| call.clone().unbind());
    let go_on = || {
        let asked = Python::attach(|py| {
            py.check_signals()?;
            let metrics = session.metrics();
            let done = (metrics.durable + metrics.skipped) as f64;
            call.as_ref().map_or(Ok(()), |call| call.call1(py, ("fitting", done)).map(|_| ()))
        });
        raised = asked.err();
        raised.is_none()
    };
    py.detach(|| session.wait_while(cycle, go_on)).map_err(of_session)?;
    raised.map_or(Ok(()), Err)
}

fn told(outcome: Outcome, step: usize) -> Option<String> {
    match outcome {
        Outcome::Ok => None,
        Outcome::Dropped => Some(format!("step {step} was dropped")),
        Outcome::Degraded(text) => Some(text),
    }
}
