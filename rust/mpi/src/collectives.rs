//! The collective functions of MPI that limbeck calls, on slices. All ranks of the communicator make the same calls.
//!
//! Each begins a non-blocking collective and asks for its end, giving its core away between questions: MPI's own waiting
//! keeps the core busy, which workers or other ranks on the same core pay for.

use std::ffi::{c_int, c_void};
use std::ptr::{null, null_mut};

use limbeck_codec::Result;
use mpi::ffi::{self, MPI_Comm, MPI_Op, MPI_Request};
use mpi::raw::AsRaw;
use mpi::traits::Equivalence;

use crate::state::{check, failed};

/// A communicator that is valid while this is used; [`Communicator::new`] is where that is vouched for.
#[derive(Clone, Copy)]
pub(crate) struct Communicator {
    raw: MPI_Comm,
    rank: usize,
    size: usize,
}

impl Communicator {
    /// # Safety
    /// MPI is initialised and not finalised, the calling thread may call it, and the communicator is valid, all for as long
    /// as this is used.
    pub unsafe fn new(raw: MPI_Comm, rank: usize, size: usize) -> Communicator {
        Communicator { raw, rank, size }
    }

    /// Whether there is no other rank.
    pub fn alone(self) -> bool {
        self.size == 1
    }

    /// Combines what the ranks send on rank 0, in `received`, which has as many values there and none elsewhere.
    pub fn reduce<T: Equivalence>(self, sent: &[T], received: &mut [T], operation: MPI_Op) -> Result<()> {
        if self.rank == 0 && received.len() != sent.len() {
            return Err(failed("there is no room for the result of MPI_Ireduce"));
        }
        let (count, kind) = (count(sent)?, T::equivalent_datatype());
        complete("MPI_Ireduce", |request| {
            let (from, to) = (place(sent), place_mut(received));
            // SAFETY: `count` values of the kind lie at `from`, on rank 0 there is room for as many at `to`, and both are
            // borrowed until the request is complete.
            unsafe { ffi::MPI_Ireduce(from, to, count, kind.as_raw(), operation, 0, self.raw, request) }
        })
    }

    /// Combines the values of all ranks on all of them.
    pub fn all_reduce<T: Equivalence + Copy>(self, values: &mut [T], operation: MPI_Op) -> Result<()> {
        let sent = values.to_vec();
        let (count, kind) = (count(&sent)?, T::equivalent_datatype());
        complete("MPI_Iallreduce", |request| {
            let (from, to) = (place(&sent), place_mut(values));
            // SAFETY: `count` values of the kind lie at `from`, there is room for as many at `to`, and both are borrowed
            // until the request is complete.
            unsafe { ffi::MPI_Iallreduce(from, to, count, kind.as_raw(), operation, self.raw, request) }
        })
    }

    /// Gives all ranks the values of `root`; all have room for equally many.
    pub fn broadcast<T: Equivalence>(self, root: usize, values: &mut [T]) -> Result<()> {
        let (count, kind) = (count(values)?, T::equivalent_datatype());
        complete("MPI_Ibcast", |request| {
            let at = place_mut(values);
            // SAFETY: `count` values of the kind lie at `at` and are borrowed until the request is complete.
            unsafe { ffi::MPI_Ibcast(at, count, kind.as_raw(), root as c_int, self.raw, request) }
        })
    }

    /// The value of each rank, by rank, on rank 0; nothing elsewhere.
    pub fn gather<T: Equivalence + Copy + Default>(self, mine: T) -> Result<Vec<T>> {
        let mut all = vec![T::default(); if self.rank == 0 { self.size } else { 0 }];
        let kind = T::equivalent_datatype();
        complete("MPI_Igather", |request| {
            let (from, to, kind) = (place(std::slice::from_ref(&mine)), place_mut(&mut all), kind.as_raw());
            // SAFETY: one value is sent, on rank 0 there is room for one of each rank, and both live until the request is
            // complete.
            unsafe { ffi::MPI_Igather(from, 1, kind, to, 1, kind, 0, self.raw, request) }
        })?;
        Ok(all)
    }

    /// The values of each rank, by rank, one behind the other, on rank 0, where `lengths` has one length per rank; nothing
    /// elsewhere.
    pub fn gather_all<T: Equivalence + Copy + Default>(self, mine: &[T], lengths: &[usize]) -> Result<Vec<T>> {
        if self.rank == 0 && lengths.len() != self.size {
            return Err(failed("MPI_Igatherv needs one length per rank"));
        }
        let mut all = vec![T::default(); lengths.iter().sum()];
        let ends = lengths.iter().scan(0, |end, l| {
            *end += l;
            Some(*end)
        });
        let places: Vec<c_int> = ends.zip(lengths).map(|(end, l)| (end - l) as c_int).collect();
        let counts: Vec<c_int> = lengths.iter().map(|l| *l as c_int).collect();
        let (length, _) = (count(mine)?, count(&all)?);
        let kind = T::equivalent_datatype();
        complete("MPI_Igatherv", |request| {
            let (from, to, kind) = (place(mine), place_mut(&mut all), kind.as_raw());
            let (counts, places) = (counts.as_ptr(), places.as_ptr());
            // SAFETY: `length` values lie at `from`; on rank 0 counts and places are one per rank, and within what `all` has
            // room for, whose number an int holds; everything lives until the request is complete.
            unsafe { ffi::MPI_Igatherv(from, length, kind, to, counts, places, kind, 0, self.raw, request) }
        })?;
        Ok(all)
    }
}

/// Where values lie. NULL if there are none: the address of an empty slice may be any, also one that has a meaning of its own
/// to MPI, as 1 has to Open MPI (MPI_IN_PLACE).
fn place<T>(values: &[T]) -> *const c_void {
    if values.is_empty() { null() } else { values.as_ptr().cast() }
}

/// [`place`] for values that will be written.
fn place_mut<T>(values: &mut [T]) -> *mut c_void {
    if values.is_empty() { null_mut() } else { values.as_mut_ptr().cast() }
}

/// Numbers of values are ints in MPI.
fn count<T>(values: &[T]) -> Result<c_int> {
    c_int::try_from(values.len()).map_err(|_| failed(format!("{} values are too many for one call", values.len())))
}

/// Begins something and sees it to its end. MPI names an error of either by the function that began.
fn complete(function: &str, begin: impl FnOnce(&mut MPI_Request) -> c_int) -> Result<()> {
    // SAFETY: a constant of the library.
    let mut request = unsafe { ffi::RSMPI_REQUEST_NULL };
    check(function, begin(&mut request))?;
    loop {
        let mut is_complete: c_int = 0;
        // SAFETY: the request was begun above, and the status is not wanted.
        let code = unsafe { ffi::MPI_Test(&mut request, &mut is_complete, ffi::RSMPI_STATUS_IGNORE) };
        check(function, code)?;
        if is_complete != 0 {
            return Ok(());
        }
        std::thread::yield_now();
    }
}
