//! The communicator that the host hands over: is it one, and can it be duplicated?

use std::ffi::c_int;

use limbeck_codec::Result;
use mpi::ffi::{self, MPI_Comm, MPI_Errhandler};

use crate::state::{check, check_thread, failed, is_finalised, is_initialised};

/// The host's communicator of this Fortran handle.
///
/// Errors: MPI is not initialised, or finalised, or cannot be called on this thread; the handle is that of no
/// communicator, of MPI_COMM_NULL or of an intercommunicator.
pub(crate) fn from_fortran(handle: i32) -> Result<MPI_Comm> {
    if !is_initialised() {
        return Err(failed("a communicator was given, but MPI is not initialised: call MPI_Init before"));
    }
    if is_finalised() {
        return Err(failed("a communicator was given, but MPI was finalised already"));
    }
    check_thread()?;
    // SAFETY: MPI is initialised; the handle is looked up, not dereferenced. It is a macro in some libraries and a function
    // in others; rsmpi compiles it with the library's own header.
    let communicator = unsafe { ffi::RSMPI_Comm_f2c(handle) };
    // SAFETY: a constant of the library.
    if communicator == unsafe { ffi::RSMPI_COMM_NULL } {
        return Err(failed("the communicator is MPI_COMM_NULL: this process is no member, so it cannot take part"));
    }
    // Where handles are pointers, unknown numbers become NULL; where they are integers, 0 is no handle.
    // SAFETY: a communicator is an integer or a pointer, for which zero bytes are a value.
    if communicator == unsafe { std::mem::zeroed() } {
        return Err(failed(format!("{handle} is not the Fortran handle of a communicator")));
    }
    let mut is_inter: c_int = 0;
    errors_returned_on_predefined(|| {
        // SAFETY: MPI checks the handle; that it is garbage was made an error that returns.
        check("MPI_Comm_test_inter", unsafe { ffi::MPI_Comm_test_inter(communicator, &mut is_inter) })
    })?
    .map_err(|e| failed(format!("{handle} is not the Fortran handle of a communicator: {e}")))?;
    match is_inter {
        0 => Ok(communicator),
        _ => Err(failed("the communicator is an intercommunicator; merge it first (MPI_Intercomm_merge)")),
    }
}

/// A duplicate of a valid communicator, whose errors return. Collective.
pub(crate) fn duplicate(communicator: MPI_Comm) -> Result<MPI_Comm> {
    // SAFETY: a constant of the library.
    let mut duplicate = unsafe { ffi::RSMPI_COMM_NULL };
    let handler = ErrorsReturned::on(communicator)?;
    // SAFETY: the communicator is valid, and the duplicate has room for one.
    let made = check("MPI_Comm_dup", unsafe { ffi::MPI_Comm_dup(communicator, &mut duplicate) });
    handler.put_back()?;
    made?;
    // SAFETY: the duplicate is ours.
    check("MPI_Comm_set_errhandler", unsafe { ffi::MPI_Comm_set_errhandler(duplicate, ffi::RSMPI_ERRORS_RETURN) })?;
    Ok(duplicate)
}

/// Does something during which no error of a predefined communicator ends the process. An error that belongs to no valid
/// communicator is raised on MPI_COMM_WORLD, and since MPI 4 on MPI_COMM_SELF.
fn errors_returned_on_predefined<T>(work: impl FnOnce() -> T) -> Result<T> {
    // SAFETY: constants of the library.
    let (world, own) = unsafe { (ffi::RSMPI_COMM_WORLD, ffi::RSMPI_COMM_SELF) };
    let on_world = ErrorsReturned::on(world)?;
    let on_self = match ErrorsReturned::on(own) {
        Ok(handler) => handler,
        Err(e) => return on_world.put_back().and(Err(e)),
    };
    let done = work();
    on_self.put_back().and(on_world.put_back())?;
    Ok(done)
}

/// A valid communicator whose errors return until its own handler is put back.
struct ErrorsReturned {
    communicator: MPI_Comm,
    own: MPI_Errhandler,
}

impl ErrorsReturned {
    fn on(communicator: MPI_Comm) -> Result<ErrorsReturned> {
        // SAFETY: a constant of the library.
        let mut own = unsafe { ffi::RSMPI_ERRORS_RETURN };
        // SAFETY: the communicator is valid, and `own` has room for one handler.
        check("MPI_Comm_get_errhandler", unsafe { ffi::MPI_Comm_get_errhandler(communicator, &mut own) })?;
        let handler = ErrorsReturned { communicator, own };
        // SAFETY: both are valid.
        let set = unsafe { ffi::MPI_Comm_set_errhandler(communicator, ffi::RSMPI_ERRORS_RETURN) };
        match check("MPI_Comm_set_errhandler", set) {
            Ok(()) => Ok(handler),
            Err(e) => handler.put_back().and(Err(e)),
        }
    }

    fn put_back(mut self) -> Result<()> {
        // SAFETY: what the communicator had before; asking for it made a reference, which is given back.
        unsafe {
            let set = ffi::MPI_Comm_set_errhandler(self.communicator, self.own);
            let freed = ffi::MPI_Errhandler_free(&mut self.own);
            check("MPI_Comm_set_errhandler", set).and(check("MPI_Errhandler_free", freed))
        }
    }
}
