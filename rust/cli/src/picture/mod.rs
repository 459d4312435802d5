//! The picture that `compare` makes.

mod canvas;
mod colour;
mod comparison;
mod slice;

pub use comparison::{Row, draw};
pub use slice::Slice;
