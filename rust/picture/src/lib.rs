//! Pictures of arrays: ray-cast volumes, isosurfaces and maxima, slices, curves, and their files.
//!
//! Knows arrays, pixels and letters, and nothing of where values come from. Everything is drawn by the processor, in the
//! rayon pool that it is called from; the pixels do not depend on the number of threads. Letters come from a font within
//! the program, so that pictures look the same on every machine.

mod animation;
mod backend;
mod bricks;
mod camera;
mod canvas;
mod cast;
mod chart;
mod colour;
mod comparison;
mod error;
mod font;
mod number;
mod opacity;
mod plate;
mod scene;
mod slice;
mod volume;

pub use animation::{Animation, Format};
pub use camera::Camera;
pub use canvas::Canvas;
pub use chart::{Chart, Curve, Ink};
pub use colour::{ColourMap, MISSING, Rgb};
pub use comparison::{Row, draw as draw_comparison};
pub use error::{Error, Result};
pub use font::{Align, Font};
pub use number::short;
pub use opacity::Opacity;
pub use plate::{AxisLabel, Plate};
pub use scene::{Mode, Scene};
pub use slice::Slice;
pub use volume::Volume;
