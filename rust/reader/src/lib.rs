//! Opens finished archives and unfinished runs and evaluates them: sub-blocks, every-nth grid points, arbitrary points.
//!
//! ```no_run
//! use limbeck_field::Region;
//! let data = limbeck_reader::Dataset::open("run.lbk")?;
//! let region = Region { start: vec![0, 0, 0], count: vec![32, 32, 32], every: vec![4, 4, 4] };
//! let coarse: Vec<f64> = data.read("density", 7, &region)?;
//! # Ok::<(), limbeck_reader::Error>(())
//! ```
//!
//! A finished archive is evaluated through its segments; a run that is still going on, or was interrupted, through the
//! teachers in its journal. Values do not depend on the number of threads or on how a region is cut.

mod boxes;
mod cache;
mod coordinates;
mod dataset;
mod error;
mod finished;
mod info;
mod locate;
mod masks;
mod outside;
mod pieces;
mod progress;
mod read;
mod sample;
mod unfinished;

pub use coordinates::Space;
pub use dataset::{Dataset, Methods, State, Step};
pub use error::{Error, Result};
pub use info::{Info, SegmentInfo, VariableInfo};
pub use outside::{Outside, Stray};
pub use progress::Progress;
pub use read::Element;

pub use limbeck_archive::{
    Attribute, Axis, BlockDescription, Coordinates as AxisCoordinates, QualitySums, RunLock, StepMetrics,
    VariableDescription, journal_directory,
};
