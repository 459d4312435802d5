//! The C ABI: `extern "C"` only, one file per concept, with the names of `include/limbeck/limbeck.h`, which is
//! generated from here (`cargo run -p limbeck --example header`).
//!
//! Every export goes through [`guard`]; handles are looked up in [`handle`] and never dereferenced; what crosses the
//! boundary as text or array does so in [`text`]. The comments of the exports are the reference manual, and safety is
//! the contract that they state per parameter.
#![allow(clippy::missing_safety_doc)]

mod error;
mod guard;
mod handle;
mod status;
mod text;
mod version;

pub use error::lbk_last_error;
pub use status::*;
pub use version::*;
