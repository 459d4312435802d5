//! The in-situ service: takes the steps of a running simulation, has them fitted by worker threads, keeps them in a
//! journal and distils them into one archive at the end.

mod config;
mod cores;
mod distil;
mod error;
mod log;
mod metrics;
mod notices;
mod options;
mod queue;
mod session;
mod settings;
mod spelling;
mod spill;
mod values;

pub use config::{Config, Options, Origin};
pub use distil::distil_run;
pub use error::{Error, Result};
pub use limbeck_archive::{Attribute, Coordinates as AxisCoordinates};
pub use limbeck_codec::Quality;
pub use limbeck_field::ElementType;
pub use log::{LogCallback, LogLevel, set_log_callback};
pub use metrics::{CloseReport, Metrics, Progress, StepReport, VariableReport};
pub use options::{OptionKind, OptionSpec, find_option, options};
pub use session::{BlockId, Communicator, Session, VariableId};
pub use values::{Outcome, ValuesRef};
