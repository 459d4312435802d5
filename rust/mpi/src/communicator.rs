//! A duplicate of the host's communicator, as the ranks of a run.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use limbeck_codec::Result;
use limbeck_codec::ranks::Ranks;
use mpi::ffi::{self, MPI_Comm, MPI_Datatype, MPI_Op};

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
    on_node: usize,
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
        let mut mpi = Mpi {
            handle: Mutex::new(Handle(duplicate)),
            rank: 0,
            size: 1,
            on_node: 1,
            pieces,
            failure: OnceLock::new(),
        };
        mpi.rank = number("MPI_Comm_rank", ffi::MPI_Comm_rank, duplicate)?;
        mpi.size = number("MPI_Comm_size", ffi::MPI_Comm_size, duplicate)?;
        mpi.on_node = on_node(duplicate, mpi.rank)?;
        Ok(mpi)
    }

    /// Makes a collective call, unless that is not possible any more.
    fn call<T>(&self, work: impl FnOnce(&Self, MPI_Comm) -> Result<T>) -> Result<T> {
        self.ready()?;
        let handle = self.locked();
        work(self, handle.0).inspect_err(|e| {
            let _ = self.failure.set(e.to_string());
        })
    }

    fn locked(&self) -> MutexGuard<'_, Handle> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Combines the values of all ranks on rank 0 and hands the result on. MPI_Allreduce promises the same bits on all
    /// ranks only where the library adds in one place; a copy of one result is the same bits with any library.
    fn combine<T: Copy>(&self, values: &mut [T], kind: MPI_Datatype, operation: MPI_Op) -> Result<()> {
        self.call(|mpi, communicator| {
            let mine = if mpi.rank == 0 { values.to_vec() } else { Vec::new() };
            for (piece, count) in mpi.pieces.of_values(values.len(), size_of::<T>()) {
                let all = values[piece.clone()].as_mut_ptr().cast::<c_void>();
                let (sent, received) =
                    if mpi.rank == 0 { (mine[piece].as_ptr().cast(), all) } else { (all.cast_const(), null_mut()) };
                // SAFETY: `count` values of `kind` lie at what is sent, and on rank 0 there is room for as many apart
                // from them; elsewhere nothing is received.
                let code = unsafe { ffi::MPI_Reduce(sent, received, count, kind, operation, 0, communicator) };
                check("MPI_Reduce", code)?;
                // SAFETY: `count` values of `kind` lie at `all`.
                check("MPI_Bcast", unsafe { ffi::MPI_Bcast(all, count, kind, 0, communicator) })?;
            }
            Ok(())
        })
    }

    /// Gives all ranks the number that `root` has.
    fn broadcast_number(&self, communicator: MPI_Comm, root: c_int, number: usize) -> Result<usize> {
        let mut number = number as u64;
        let at = (&raw mut number).cast::<c_void>();
        // SAFETY: one value of 64 bits.
        check("MPI_Bcast", unsafe { ffi::MPI_Bcast(at, 1, ffi::RSMPI_UINT64_T, root, communicator) })?;
        usize::try_from(number)
            .map_err(|_| failed(format!("{number} bytes do not fit into the memory of this machine")))
    }

    /// The length of what each rank has on rank 0, nothing elsewhere; and on all ranks the largest of them.
    fn gather_lengths(&self, communicator: MPI_Comm, mine: usize) -> Result<(Vec<usize>, usize)> {
        let mine = mine as u64;
        let mut lengths = vec![0u64; if self.rank == 0 { self.size } else { 0 }];
        // SAFETY: one value of 64 bits is sent, and rank 0 has room for one of each rank.
        let code = unsafe {
            let (sent, received) = ((&raw const mine).cast(), lengths.as_mut_ptr().cast());
            ffi::MPI_Gather(sent, 1, ffi::RSMPI_UINT64_T, received, 1, ffi::RSMPI_UINT64_T, 0, communicator)
        };
        check("MPI_Gather", code)?;
        let lengths: Vec<usize> = lengths.into_iter().map(|l| l as usize).collect();
        let longest = lengths.iter().copied().max().unwrap_or(0);
        Ok((lengths, self.broadcast_number(communicator, 0, longest)?))
    }
}

impl Ranks for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn on_node(&self) -> usize {
        self.on_node
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
        // SAFETY: constants of the library.
        let (kind, operation) = unsafe { (ffi::RSMPI_FLOAT, ffi::RSMPI_SUM) };
        self.combine(values, kind, operation)
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<()> {
        // SAFETY: constants of the library.
        let (kind, operation) = unsafe { (ffi::RSMPI_DOUBLE, ffi::RSMPI_SUM) };
        self.combine(values, kind, operation)
    }

    fn max_f64(&self, values: &mut [f64]) -> Result<()> {
        // SAFETY: constants of the library.
        let (kind, operation) = unsafe { (ffi::RSMPI_DOUBLE, ffi::RSMPI_MAX) };
        self.combine(values, kind, operation)
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.call(|mpi, communicator| {
            let (lengths, longest) = mpi.gather_lengths(communicator, mine.len())?;
            let mut all: Vec<Vec<u8>> = lengths.iter().map(|l| Vec::with_capacity(*l)).collect();
            let most = mpi.pieces.of_gathering(mpi.size);
            for begin in (0..longest).step_by(most) {
                let part = |length: usize| length.saturating_sub(begin).min(most);
                let sent = &mine[mine.len().min(begin)..][..part(mine.len())];
                let counts: Vec<c_int> = lengths.iter().map(|l| part(*l) as c_int).collect();
                let places: Vec<c_int> =
                    counts.iter().scan(0, |sum, c| Some(std::mem::replace(sum, *sum + c))).collect();
                let mut parts = vec![0u8; counts.iter().map(|c| *c as usize).sum()];
                // SAFETY: `sent` has as many bytes as are told. On rank 0 the counts are those that the ranks send, as all
                // work them out of the same lengths, and the places are their sums, for which `parts` has room.
                let code = unsafe {
                    let (kind, length) = (ffi::RSMPI_UINT8_T, sent.len() as c_int);
                    let received = parts.as_mut_ptr().cast();
                    let (counts, places) = (counts.as_ptr(), places.as_ptr());
                    ffi::MPI_Gatherv(
                        sent.as_ptr().cast(),
                        length,
                        kind,
                        received,
                        counts,
                        places,
                        kind,
                        0,
                        communicator,
                    )
                };
                check("MPI_Gatherv", code)?;
                let mut rest = &parts[..];
                for (whole, count) in all.iter_mut().zip(&counts) {
                    let (piece, after) = rest.split_at(*count as usize);
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
        self.call(|mpi, communicator| {
            let length = mpi.broadcast_number(communicator, root as c_int, bytes.len())?;
            bytes.resize(length, 0);
            for (piece, count) in mpi.pieces.of_values(length, 1) {
                let at = bytes[piece].as_mut_ptr().cast::<c_void>();
                // SAFETY: `count` bytes lie at `at`.
                let code = unsafe { ffi::MPI_Bcast(at, count, ffi::RSMPI_UINT8_T, root as c_int, communicator) };
                check("MPI_Bcast", code)?;
            }
            Ok(())
        })
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

/// How many ranks share the memory of this one's node. Collective.
fn on_node(communicator: MPI_Comm, rank: usize) -> Result<usize> {
    // SAFETY: a constant of the library.
    let mut node = unsafe { ffi::RSMPI_COMM_NULL };
    // SAFETY: the communicator is ours, and `node` has room for one.
    let code = unsafe {
        let (kind, info) = (ffi::RSMPI_COMM_TYPE_SHARED, ffi::RSMPI_INFO_NULL);
        ffi::MPI_Comm_split_type(communicator, kind, rank as c_int, info, &mut node)
    };
    check("MPI_Comm_split_type", code)?;
    let size = number("MPI_Comm_size", ffi::MPI_Comm_size, node);
    // SAFETY: the communicator is ours, and nothing else knows it.
    check("MPI_Comm_free", unsafe { ffi::MPI_Comm_free(&mut node) })?;
    size
}
