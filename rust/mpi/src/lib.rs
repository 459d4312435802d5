//! The ranks of a run as MPI has them.
//!
//! [`Mpi`] makes [`Ranks`](limbeck_codec::ranks::Ranks) of a communicator that a host hands over, [`Launched`] is for
//! programs that initialise MPI themselves. A build belongs to one MPI family, the one whose compiler wrapper `MPICC`
//! names (default `mpicc`).
//!
//! MPI is called through rsmpi's bindings of the C functions, because its own calls do not look at what they return.
//! Nothing here initialises or finalises MPI but [`Launched`], and all `unsafe` of limbeck's MPI stands in this crate.

mod collectives;
mod communicator;
mod hosts;
mod launched;
mod pieces;
mod state;

pub use communicator::Mpi;
pub use launched::Launched;
