//! Volumes of a simulation: element type, shape, blocks, layout, statistics.
//!
//! Shapes, offsets and strides are given **slowest axis first** everywhere in limbeck: a 3D volume is
//! `[z, y, x]`, and x is the axis along which neighbouring values lie next to each other in memory.

mod volume;

pub use volume::{ElementType, Extent, Region, Values, Volume};
