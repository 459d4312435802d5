//! Pictures of arrays: ray-cast volumes, isosurfaces and maxima, slices, curves, and their files.
//!
//! Knows arrays, pixels and letters, and nothing of where values come from. Everything is drawn by the processor, in the
//! rayon pool that it is called from; the pixels do not depend on the number of threads. Letters come from a font within
//! the program, so that pictures look the same on every machine.
//!
//! Without the feature `scenes` there are slices, their colours and PNG only: what a running simulation shows of itself.

mod colour;
mod error;
mod image;
mod slice;

#[cfg(feature = "scenes")]
mod animation;
#[cfg(feature = "scenes")]
mod backend;
#[cfg(feature = "scenes")]
mod bricks;
#[cfg(feature = "scenes")]
mod camera;
#[cfg(feature = "scenes")]
mod canvas;
#[cfg(feature = "scenes")]
mod cast;
#[cfg(feature = "scenes")]
mod chart;
#[cfg(feature = "scenes")]
mod comparison;
#[cfg(feature = "scenes")]
mod font;
#[cfg(feature = "scenes")]
mod number;
#[cfg(feature = "scenes")]
mod opacity;
#[cfg(feature = "scenes")]
mod plate;
#[cfg(feature = "scenes")]
mod scene;
#[cfg(feature = "scenes")]
mod volume;

pub use colour::{ColourMap, MISSING, Rgb};
pub use error::{Error, Result};
pub use image::write_png;
pub use slice::{Slice, range_of};

#[cfg(feature = "scenes")]
pub use {
    animation::{Animation, Format},
    camera::Camera,
    canvas::Canvas,
    chart::{Chart, Curve, Ink},
    comparison::{Row, draw as draw_comparison},
    font::{Align, Font},
    number::short,
    opacity::Opacity,
    plate::{AxisLabel, Plate},
    scene::{Mode, Scene},
    volume::Volume,
};
