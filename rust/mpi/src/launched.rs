//! MPI for a program of our own.

use std::sync::Arc;

use limbeck_codec::Result;
use limbeck_codec::ranks::Ranks;
use mpi::environment::Universe;
use mpi::{Threading, ffi};

use crate::Mpi;
use crate::state::failed;

/// A process that `mpirun` launched, from MPI_Init to MPI_Finalize, which dropping it does. For programs, not for
/// libraries: a host finalises its MPI itself.
pub struct Launched {
    world: i32,
    ranks: Arc<Mpi>,
    // Dropped last: it finalises MPI.
    _universe: Universe,
}

impl Launched {
    /// Initialises MPI for a program that calls it from its main thread only. Collective over all launched processes.
    ///
    /// Errors: MPI is initialised already, or its set-up fails.
    pub fn initialise() -> Result<Launched> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)
            .ok_or_else(|| failed("MPI was initialised already, and not by this program"))?;
        // SAFETY: MPI is initialised, and MPI_COMM_WORLD valid.
        let world = unsafe { ffi::RSMPI_Comm_c2f(ffi::RSMPI_COMM_WORLD) };
        Ok(Launched { world, ranks: Arc::new(Mpi::duplicate(world)?), _universe: universe })
    }

    /// The Fortran handle of MPI_COMM_WORLD.
    pub fn world(&self) -> i32 {
        self.world
    }

    /// Ends all processes that were launched together, some of which may be waiting for others in vain.
    pub fn abort(&self, exit_code: u8) -> ! {
        // SAFETY: MPI is initialised and, as this is still there, not finalised.
        unsafe { ffi::MPI_Abort(ffi::RSMPI_COMM_WORLD, exit_code.into()) };
        std::process::exit(exit_code.into())
    }

    /// All processes that were launched together.
    pub fn ranks(&self) -> Arc<dyn Ranks> {
        self.ranks.clone()
    }
}
