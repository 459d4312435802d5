//! What C++ sees, in the namespace `limbeck::native`.

pub use ffi::{Ended, Moment, Setting, VariableInfo};

use crate::reader::{Reader, open_archive};
use crate::run::{Run, close_run, open_run};

#[cxx::bridge(namespace = "limbeck::native")]
mod ffi {
    /// An option and its value as text, as `limbeck options` lists them.
    struct Setting {
        name: String,
        value: String,
    }

    /// How a run ended.
    struct Ended {
        /// The archive; empty if nothing was distilled.
        archive: String,
        /// Its size on the disk.
        bytes: u64,
        /// Bytes of the data as float32 over bytes of the archive; 0 without archive.
        ratio: f64,
        /// Cycles of steps that were given up or lost.
        missing: Vec<i64>,
        /// What did not go as asked.
        warnings: Vec<String>,
    }

    /// A step of an archive: the simulation's own number and its physical time.
    struct Moment {
        cycle: i64,
        time: f64,
    }

    /// A variable of an archive.
    struct VariableInfo {
        name: String,
        /// Double precision was handed in, else single.
        double_precision: bool,
        /// Global length of each axis, the slowest first.
        shape: Vec<u64>,
    }

    extern "Rust" {
        /// A run that is being written.
        type Run;

        /// Opens a run of this process alone that will end as the archive `path`.
        fn open_run(path: &str, settings: &[Setting]) -> Result<Box<Run>>;

        /// Defines a variable; gives its number. `shape`: global length of each axis, the slowest first.
        fn define(self: &mut Run, name: &str, double_precision: bool, shape: &[usize]) -> Result<usize>;

        /// Attaches a text to the run.
        fn set_attribute(self: &mut Run, name: &str, value: &str) -> Result<()>;

        /// Attaches a text to a variable.
        fn set_variable_attribute(self: &mut Run, variable: usize, name: &str, value: &str) -> Result<()>;

        /// Says which box of a variable will be put from one contiguous array, the last axis fastest; gives its number.
        fn add_block(self: &mut Run, variable: usize, offset: &[usize], count: &[usize]) -> Result<usize>;

        /// Ends the description; steps come next.
        fn commit(self: &mut Run) -> Result<()>;

        /// Begins a step.
        fn begin(self: &mut Run, cycle: i64, time: f64) -> Result<()>;

        /// Hands a block of a single precision variable over; the values are copied.
        fn put_float(self: &mut Run, block: usize, values: &[f32]) -> Result<()>;

        /// Hands a block of a double precision variable over; the values are copied.
        fn put_double(self: &mut Run, block: usize, values: &[f64]) -> Result<()>;

        /// Ends the step; gives a warning, or nothing.
        fn end(self: &mut Run) -> Result<String>;

        /// Gives the step up.
        fn cancel(self: &mut Run) -> Result<()>;

        /// Waits until the step of a cycle is durable; false if that takes longer than so many seconds.
        fn wait(self: &Run, cycle: i64, seconds: f64) -> Result<bool>;

        /// Distils, writes the archive and ends the run.
        fn close_run(run: Box<Run>) -> Result<Ended>;

        /// An archive, or the journal of a run that is not finished.
        type Reader;

        /// Opens it.
        fn open_archive(path: &str) -> Result<Box<Reader>>;

        /// Its variables, in the order of definition.
        fn variables(self: &Reader) -> Vec<VariableInfo>;

        /// Its steps, in the order of time.
        fn steps(self: &Reader) -> Vec<Moment>;

        /// Reads every `every`th value of a box of a variable at a step, the last axis fastest.
        fn read_float(
            self: &Reader,
            variable: &str,
            step: u64,
            start: &[usize],
            count: &[usize],
            every: &[usize],
        ) -> Result<Vec<f32>>;

        /// The same in double precision.
        fn read_double(
            self: &Reader,
            variable: &str,
            step: u64,
            start: &[usize],
            count: &[usize],
            every: &[usize],
        ) -> Result<Vec<f64>>;

        /// Reads a variable at points: rows of time step and indices (t, z, y, x), fractional.
        fn sample(self: &Reader, variable: &str, points: &[f64]) -> Result<Vec<f64>>;
    }
}
