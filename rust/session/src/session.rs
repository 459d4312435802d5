//! The session: one run of a simulation.

use std::path::Path;
use std::time::Duration;

use limbeck_archive::{Attribute, Coordinates};
use limbeck_field::ElementType;

use crate::{CloseReport, Config, Error, Metrics, Outcome, Result, ValuesRef};

/// Who takes part in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Communicator {
    /// This process alone.
    None,
    /// The ranks of an MPI communicator, as from `MPI_Comm_c2f`. The serial build answers Compatibility.
    Mpi(i32),
}

/// A variable of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VariableId(pub(crate) u32);

/// A block of a variable of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockId {
    pub(crate) variable: u32,
    pub(crate) block: u32,
}

/// One run: takes the steps of a simulation and ends as an archive.
pub struct Session {}

impl Session {
    /// Opens a run that will end as the archive `path`.
    ///
    /// # Errors
    /// InvalidArgument for bad options, and for a run that exists already if `open.mode` is `create`; Compatibility for
    /// a communicator in the serial build; Io.
    pub fn open(_path: &Path, _config: &Config, _communicator: Communicator) -> Result<Session> {
        Err(Error::Internal("in the making".into()))
    }

    /// Defines a variable. `shape`: its global shape, slowest axis first, 1 to 3 axes. Before commit.
    pub fn define_variable(&mut self, _name: &str, _t: ElementType, _shape: &[usize]) -> Result<VariableId> {
        Err(Error::Internal("in the making".into()))
    }

    /// Says something about a variable, or with None about the run. A name set twice keeps the later value. Before commit.
    pub fn set_attribute(&mut self, _on: Option<VariableId>, _name: &str, _value: Attribute) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Says where the grid points of an axis (0: slowest) lie. Before commit.
    pub fn set_axis(&mut self, _v: VariableId, _axis: usize, _coordinates: Coordinates) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Gives an axis (0: slowest) a name and units; both may be empty. Before commit.
    pub fn name_axis(&mut self, _v: VariableId, _axis: usize, _name: &str, _units: &str) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Announces a block that will be put at every step: its place in the variable, slowest axis first, and the byte
    /// strides of the array it will be copied from (None: contiguous, C order). Before commit.
    pub fn add_block(
        &mut self,
        _v: VariableId,
        _offset: &[usize],
        _count: &[usize],
        _strides: Option<&[isize]>,
    ) -> Result<BlockId> {
        Err(Error::Internal("in the making".into()))
    }

    /// Ends the definitions and starts the workers.
    pub fn commit(&mut self) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Begins a step. Cycles rise from step to step; `time` is finite.
    pub fn step_begin(&mut self, _cycle: i64, _time: f64) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Copies a block; the array is free on return.
    ///
    /// # Safety
    /// `data` is the address of the block's first value; all values of the block, along the strides it was announced
    /// with, are readable and not written to during the call. No alignment is asked for.
    pub unsafe fn put(&mut self, _b: BlockId, _data: *const u8) -> Result<Outcome> {
        Err(Error::Internal("in the making".into()))
    }

    /// Copies a block from contiguous values in C order, whatever its strides.
    pub fn put_slice(&mut self, _b: BlockId, _values: ValuesRef<'_>) -> Result<Outcome> {
        Err(Error::Internal("in the making".into()))
    }

    /// Accepts the step.
    pub fn step_end(&mut self) -> Result<Outcome> {
        Err(Error::Internal("in the making".into()))
    }

    /// Forgets the step that was begun; its cycle may be used again. Nothing to forget is no error.
    pub fn step_cancel(&mut self) -> Result<()> {
        Err(Error::Internal("in the making".into()))
    }

    /// Cycle of the newest durable step: it and all accepted before it are in the journal. None: none yet.
    pub fn durable(&self) -> Result<Option<i64>> {
        Err(Error::Internal("in the making".into()))
    }

    /// Waits until the step of this cycle is durable; false if it is not within `timeout`.
    pub fn wait(&self, _cycle: i64, _timeout: Duration) -> Result<bool> {
        Err(Error::Internal("in the making".into()))
    }

    /// How the session is doing.
    pub fn metrics(&self) -> Metrics {
        Metrics::default()
    }

    /// Waits for the workers, distils if `distil.when = close`, writes the archive.
    pub fn close(self) -> Result<CloseReport> {
        Err(Error::Internal("in the making".into()))
    }
}
