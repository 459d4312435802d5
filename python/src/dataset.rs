//! An archive or an unfinished run, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbeck_field::Region;
use limbeck_reader::{Element, Outside, Space};
use numpy::{PyArray1, PyReadonlyArray2, PyReadwriteArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rayon::prelude::*;

use crate::describe::{self, StepParts, VariableParts};
use crate::error::{of_open, of_reader};
use crate::pool::pool;

/// An open dataset; every method may be called from several threads at once.
#[pyclass(frozen, module = "limbeck._limbeck")]
pub(crate) struct Dataset {
    data: Arc<limbeck_reader::Dataset>,
}

/// Room for decoded values.
#[derive(FromPyObject)]
pub(crate) enum Room<'py> {
    Float32(PyReadwriteArrayDyn<'py, f32>),
    Float64(PyReadwriteArrayDyn<'py, f64>),
}

/// Values between two looks at whether the user wants to stop.
const BATCH: usize = 1 << 20;

#[pymethods]
impl Dataset {
    #[new]
    fn new(py: Python<'_>, path: PathBuf) -> PyResult<Dataset> {
        let opened = py.detach(|| limbeck_reader::Dataset::open(&path));
        Ok(Dataset { data: Arc::new(opened.map_err(|e| of_open(e, &path))?) })
    }

    /// The archive, or the journal directory that was opened.
    #[getter]
    fn path(&self) -> &Path {
        self.data.path()
    }

    /// False for a run that has no archive yet.
    #[getter]
    fn finished(&self) -> bool {
        self.data.is_finished()
    }

    /// Version of the library that wrote it.
    #[getter]
    fn version(&self) -> &str {
        self.data.limbeck_version()
    }

    /// What the user said about the run.
    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        describe::attributes(py, self.data.attributes())
    }

    /// The variables.
    #[getter]
    fn variables<'py>(&self, py: Python<'py>) -> PyResult<Vec<VariableParts<'py>>> {
        self.data.variables().iter().map(|v| describe::variable(py, v)).collect()
    }

    /// All steps, those that cannot be read included.
    #[getter]
    fn steps(&self) -> Vec<StepParts> {
        self.data.steps().iter().map(describe::step).collect()
    }

    /// Indices of the steps that a variable can be read at.
    fn readable_steps(&self, variable: &str) -> PyResult<Vec<u64>> {
        self.data.readable_steps(variable).map_err(of_reader)
    }

    /// Fills `out`, C order, shape (steps, *count), with the values at these steps and the grid points start + i every.
    #[allow(clippy::too_many_arguments, reason = "the region in three parts")]
    fn read(
        &self,
        py: Python<'_>,
        variable: &str,
        steps: Vec<u64>,
        start: Vec<usize>,
        count: Vec<usize>,
        every: Vec<usize>,
        out: Room<'_>,
    ) -> PyResult<()> {
        let region = Region { start, count, every };
        match out {
            Room::Float32(mut out) => self.fill(py, variable, &steps, &region, out.as_slice_mut()?),
            Room::Float64(mut out) => self.fill(py, variable, &steps, &region, out.as_slice_mut()?),
        }
    }

    /// Values at points, n x (1 + rank); gives n.
    fn sample<'py>(
        &self,
        py: Python<'py>,
        variable: &str,
        points: PyReadonlyArray2<'py, f64>,
        space: &str,
        outside: &str,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        self.evaluate(py, &points, space, outside, |points, space, outside| {
            self.data.sample_with(variable, points, space, outside)
        })
    }

    /// Derivatives at points, n x (1 + rank); gives as many, one behind the other.
    fn gradient<'py>(
        &self,
        py: Python<'py>,
        variable: &str,
        points: PyReadonlyArray2<'py, f64>,
        space: &str,
        outside: &str,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        self.evaluate(py, &points, space, outside, |points, space, outside| {
            self.data.gradient_with(variable, points, space, outside)
        })
    }
}

impl Dataset {
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        points: &PyReadonlyArray2<'py, f64>,
        space: &str,
        outside: &str,
        work: impl FnOnce(&[f64], Space, Outside) -> limbeck_reader::Result<Vec<f64>> + Send,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let (space, outside) = (space_of(space)?, outside_of(outside)?);
        let (points, pool) = (points.as_slice()?, pool()?);
        let values = py.detach(|| pool.install(|| work(points, space, outside)));
        Ok(PyArray1::from_vec(py, values.map_err(of_reader)?))
    }

    fn fill<T: Element>(
        &self,
        py: Python<'_>,
        variable: &str,
        steps: &[u64],
        region: &Region,
        out: &mut [T],
    ) -> PyResult<()> {
        let points: usize = region.count.iter().product();
        if points.checked_mul(steps.len()) != Some(out.len()) {
            let (n, room) = (steps.len(), out.len());
            return Err(PyValueError::new_err(format!("{n} steps of {points} values do not fill an array of {room}")));
        }
        if out.is_empty() {
            return Ok(());
        }
        let pool = pool()?;
        // Large steps one by one, small ones side by side.
        let together = (BATCH / points).max(1);
        for (steps, out) in steps.chunks(together).zip(out.chunks_mut(together * points)) {
            let read = |(&step, out): (&u64, &mut [T])| self.data.read_into(variable, step, region, out);
            let work = || steps.par_iter().zip(out.par_chunks_mut(points)).try_for_each(read);
            py.detach(|| pool.install(work)).map_err(of_reader)?;
            py.check_signals()?;
        }
        Ok(())
    }
}

fn space_of(word: &str) -> PyResult<Space> {
    match word {
        "index" => Ok(Space::Index),
        "physical" => Ok(Space::Physical),
        _ => Err(PyValueError::new_err(format!("space is {word:?}: it can be 'index' or 'physical'"))),
    }
}

fn outside_of(word: &str) -> PyResult<Outside> {
    match word {
        "error" => Ok(Outside::Error),
        "clamp" => Ok(Outside::Clamp),
        "nan" => Ok(Outside::Nan),
        _ => Err(PyValueError::new_err(format!("outside is {word:?}: it can be 'error', 'clamp' or 'nan'"))),
    }
}
