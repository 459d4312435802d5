//! Steps none of whose values is off by more than a bound.
//!
//! A block is kept as a *base* and a *stream*: the base is nothing, the step before, or a network fitted to the step; the
//! stream (`stream.rs`) is what is missing, in steps of twice the bound. Whatever takes the fewest bytes is kept. In the journal a
//! *refinement* may follow, which brings the values within an eighth of the bound: the originals are gone when the run ends, and a
//! student that takes the place of the streams then needs a stream of its own, against the refined values and within the
//! seven eighths that are left.

mod block;
mod chain;
mod correction;
mod integers;
mod lattice;
mod refinement;
mod stream;

pub(crate) use block::BoundedBlock;
pub use block::{is_refined, without_refinement};
pub use chain::{Bound, Bounded, Goal};
pub use correction::{Correction, compare, correct};
