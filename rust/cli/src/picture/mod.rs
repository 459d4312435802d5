//! The picture that `compare` makes.

mod canvas;
mod comparison;

pub use comparison::{Row, draw};
