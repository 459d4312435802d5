//! The in-situ service: takes the steps of a running simulation, has them fitted by worker threads, keeps them in a
//! journal and distils them into one archive at the end.

#![deny(unsafe_code)]

mod close;
mod commit;
mod config;
mod cores;
mod cover;
mod describe;
mod desk;
mod devices;
mod distil;
mod durability;
mod encode;
mod error;
mod journal;
mod log;
mod metrics;
#[cfg(feature = "monitor")]
mod monitor;
#[cfg(not(feature = "monitor"))]
#[path = "monitor/absent.rs"]
mod monitor;
mod notices;
mod options;
mod queue;
mod record;
mod replay;
mod restart;
mod series;
mod session;
mod settings;
mod spelling;
mod spill;
mod step;
mod teachers;
mod values;
mod variable;
mod watched;
mod workers;

pub use config::{Config, Options, Origin};
pub use distil::{distil_run, distil_run_with_method};
pub use error::{Error, Result, agree};
pub use limbeck_archive::{Attribute, Coordinates as AxisCoordinates};
pub use limbeck_codec::device::{Adapter, AdapterKind};
pub use limbeck_codec::{Quality, ranks};
pub use limbeck_field::ElementType;
pub use log::{LogCallback, LogLevel, set_log_callback};
pub use metrics::{CloseReport, Metrics, Progress, StepReport, VariableReport};
pub use options::{OptionKind, OptionSpec, find_option, options};
pub use replay::{Replay, ReplayReport, Speed, Watch};
pub use series::remove_empty_run;
pub use session::{BlockId, Communicator, Session, VariableId};
pub use step::StridedArray;
pub use values::{Outcome, ValuesRef};
