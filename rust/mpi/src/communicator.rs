//! A duplicate of the host's communicator, as the ranks of a run.

use std::ffi::c_int;
use std::sync::{Mutex, OnceLock, PoisonError};

use limbeck_codec::Result;
use limbeck_codec::ranks::Ranks;
use mpi::collective::SystemOperation;
use mpi::ffi::{self, MPI_Comm, MPI_Op};
use mpi::raw::AsRaw;
use mpi::traits::Equivalence;

use crate::collectives::Communicator;
use crate::hosts;
use crate::pieces::Pieces;
use crate::state::{check, check_thread, failed, is_finalised};

/// The ranks of an MPI communicator; messages go through a duplicate of it, so they never meet the host's own.
///
/// Calls are MPI calls of the calling thread: what the host promised MPI about its threads holds for them, too. Dropping
/// it frees the duplicate, unless MPI was finalised or may not be called on that thread.
pub struct Mpi {
    /// Locked for the time of a call: one at a time, whatever the host promised.
    handle: Mutex<Handle>,
    rank: usize,
    size: usize,
    pieces: Pieces,
    /// The first failure of a call. What a communicator does after it, MPI leaves open.
    failure: OnceLock<String>,
}

/// The duplicate.
struct Handle(MPI_Comm);

// SAFETY: a handle is a name of something that MPI keeps, not bound to a thread; which thread may use it is looked into
// before each call.
unsafe impl Send for Handle {}

impl Mpi {
    /// Duplicates the communicator with this Fortran handle (`MPI_Comm_c2f`). Collective over it.
    ///
    /// Errors: MPI is not initialised, or was finalised, or may not be called on this thread; the handle is that of no
    /// communicator, of MPI_COMM_NULL or of an intercommunicator; MPI fails. The process is never aborted for them.
    pub fn duplicate(communicator: i32) -> Result<Mpi> {
        Mpi::duplicate_with_pieces(communicator, Pieces::default())
    }

    /// As [`duplicate`](Mpi::duplicate), with messages of at most so many bytes: for tests of what goes in pieces.
    #[doc(hidden)]
    pub fn duplicate_in_pieces(communicator: i32, bytes: usize) -> Result<Mpi> {
        Mpi::duplicate_with_pieces(communicator, Pieces::of(bytes))
    }

    fn duplicate_with_pieces(communicator: i32, pieces: Pieces) -> Result<Mpi> {
        let duplicate = hosts::duplicate(hosts::from_fortran(communicator)?)?;
        let mut mpi = Mpi { handle: Mutex::new(Handle(duplicate)), rank: 0, size: 1, pieces, failure: OnceLock::new() };
        mpi.rank = number("MPI_Comm_rank", ffi::MPI_Comm_rank, duplicate)?;
        mpi.size = number("MPI_Comm_size", ffi::MPI_Comm_size, duplicate)?;
        Ok(mpi)
    }

    /// Makes collective calls, unless that is not possible any more. `call` and `length` have to be the same on all ranks.
    fn call<T>(&self, call: Call, length: usize, work: impl FnOnce(Communicator) -> Result<T>) -> Result<T> {
        self.ready()?;
        let handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: MPI is ready for this thread, as was just asked, and the duplicate is valid until it is dropped.
        let communicator = unsafe { Communicator::new(handle.0, self.rank, self.size) };
        same_call(communicator, call, length).and_then(|()| work(communicator)).inspect_err(|e| {
            let _ = self.failure.set(e.to_string());
        })
    }

    /// Combines the values of all ranks on rank 0 and hands the result on. MPI_Allreduce promises the same bits on all
    /// ranks only where the library adds in one place; a copy of one result is the same bits with any library.
    fn combine<T: Equivalence + Copy>(&self, call: Call, values: &mut [T], operation: MPI_Op) -> Result<()> {
        self.call(call, values.len(), |communicator| {
            for piece in self.pieces.of_values(values.len(), size_of::<T>()) {
                let values = &mut values[piece];
                let mine = values.to_vec();
                let received = if self.rank == 0 { &mut *values } else { &mut [] };
                communicator.reduce(&mine, received, operation)?;
                communicator.broadcast(0, values)?;
            }
            Ok(())
        })
    }
}

/// What a rank asks of the others.
#[derive(Clone, Copy)]
enum Call {
    /// Nothing any more.
    Abandon,
    SumF32,
    SumF64,
    MaxF64,
    Gather,
    Broadcast,
}

/// Before each collective call the ranks make sure that it is one and the same, so that a rank that gave up, or a defect of
/// limbeck, is an error on all of them and nobody waits for ever.
fn same_call(communicator: Communicator, call: Call, length: usize) -> Result<()> {
    if communicator.alone() {
        return Ok(());
    }
    let (call, length) = (call as i64, length as i64);
    let mut bounds = [call, -call, length, -length];
    communicator.all_reduce(&mut bounds, SystemOperation::max().as_raw())?;
    let [most, least, longest, shortest] = bounds;
    if -least == Call::Abandon as i64 {
        return Err(failed("a rank gave up: what it returned says why"));
    }
    if most != -least || longest != -shortest {
        return Err(failed("ranks came with different collective calls: one of them failed and went another way"));
    }
    Ok(())
}

/// Gives all ranks the number that `root` has.
fn broadcast_number(communicator: Communicator, root: usize, number: usize) -> Result<usize> {
    let mut number = [number as u64];
    communicator.broadcast(root, &mut number)?;
    usize::try_from(number[0]).map_err(|_| failed(format!("{} bytes do not fit into this machine", number[0])))
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn ready(&self) -> Result<()> {
        if is_finalised() {
            return Err(failed("MPI was finalised before the session was closed: close it before MPI_Finalize"));
        }
        if let Some(failure) = self.failure.get() {
            return Err(failed(format!("MPI failed before: {failure}")));
        }
        check_thread()
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<()> {
        self.call(Call::SumF32, values.len(), |communicator| {
            for piece in self.pieces.of_values(values.len(), size_of::<f32>()) {
                communicator.all_reduce(&mut values[piece], SystemOperation::sum().as_raw())?;
            }
            Ok(())
        })
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<()> {
        self.combine(Call::SumF64, values, SystemOperation::sum().as_raw())
    }

    fn max_f64(&self, values: &mut [f64]) -> Result<()> {
        self.combine(Call::MaxF64, values, SystemOperation::max().as_raw())
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.call(Call::Gather, 0, |communicator| {
            let lengths = communicator.gather(mine.len() as u64)?;
            let longest = lengths.iter().copied().max().unwrap_or(0) as usize;
            let longest = broadcast_number(communicator, 0, longest)?;
            let mut all = vec![Vec::new(); lengths.len()];
            let most = self.pieces.of_gathering(self.size);
            for begin in (0..longest).step_by(most) {
                let part = |length: usize| length.saturating_sub(begin).min(most);
                let sent = &mine[mine.len().min(begin)..][..part(mine.len())];
                let lengths: Vec<usize> = lengths.iter().map(|l| part(*l as usize)).collect();
                let parts = communicator.gather_all(sent, &lengths)?;
                let mut rest = &parts[..];
                for (whole, length) in all.iter_mut().zip(lengths) {
                    let (piece, after) = rest.split_at(length);
                    whole.extend_from_slice(piece);
                    rest = after;
                }
            }
            Ok(all)
        })
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) -> Result<()> {
        if root >= self.size {
            return Err(failed(format!("there is no rank {root} among {}", self.size)));
        }
        self.call(Call::Broadcast, root, |communicator| {
            let length = broadcast_number(communicator, root, bytes.len())?;
            bytes.resize(length, 0);
            for piece in self.pieces.of_values(length, 1) {
                communicator.broadcast(root, &mut bytes[piece])?;
            }
            Ok(())
        })
    }

    fn abandon(&self) {
        // Fails here as it does on the other ranks.
        let _ = self.call(Call::Abandon, 0, |_| Ok(()));
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // A handle that cannot be freed is left to MPI_Finalize; there is nobody to tell.
        if !is_finalised() && check_thread().is_ok() {
            let handle = self.handle.get_mut().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the duplicate is ours, and nothing of it is in use any more.
            unsafe { ffi::MPI_Comm_free(&mut handle.0) };
        }
    }
}

/// A number that a communicator of ours has.
fn number(
    name: &str,
    function: unsafe extern "C" fn(MPI_Comm, *mut c_int) -> c_int,
    communicator: MPI_Comm,
) -> Result<usize> {
    let mut number: c_int = 0;
    // SAFETY: the communicator is ours, and both functions that are asked give one int.
    check(name, unsafe { function(communicator, &mut number) })?;
    usize::try_from(number).map_err(|_| failed(format!("{name} says {number}")))
}
