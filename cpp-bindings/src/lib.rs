//! limbeck for C++ hosts that build from source with cargo: the service and the reader behind a `cxx` bridge, without the
//! C interface between.
//!
//! The bridge is no ABI: its symbols carry the version of `cxx`, so library and host are built together. Everyone else
//! uses `include/limbeck/limbeck.hpp`, which has more (strides, ghost layers, communicators, the log) and whose tests are in
//! this crate, too.
//!
//! What fails is thrown as `rust::Error` with the text that tells what to do. So is a panic, which is a defect of limbeck:
//! the host goes on.

mod bridge;
mod guard;
mod reader;
mod run;
