//! The C ABI: `extern "C"` only, one file per concept, with the names of `include/limbeck/limbeck.h`, which is
//! generated from here (`cargo run -p limbeck --example header`).
//!
//! Every export goes through [`guard`]; handles are looked up in [`handle`] and never dereferenced; what crosses the
//! boundary as text or array does so in [`text`]. The comments of the exports are the reference manual, and safety is
//! the contract that they state per parameter.
// Names are those of the header; its comments have aligned columns, and say per parameter what has to hold.
#![allow(non_camel_case_types, clippy::doc_overindented_list_items, clippy::missing_safety_doc)]

mod archive;
mod archive_axis;
mod archive_values;
mod axis;
mod communicator;
mod config;
mod distil;
mod durability;
mod error;
mod floating;
mod guard;
mod handle;
mod info;
mod log;
mod metrics;
mod pool;
mod session;
mod status;
mod step;
mod text;
mod variable;
mod version;

pub use archive::*;
pub use archive_axis::*;
pub use archive_values::*;
pub use axis::*;
pub use config::*;
pub use distil::*;
pub use durability::*;
pub use error::lbk_last_error;
pub use log::*;
pub use session::*;
pub use status::*;
pub use step::*;
pub use variable::*;
pub use version::*;
