//! Whether MPI may be called, and what its return codes say.

use std::ffi::{c_char, c_int};

use limbeck_codec::{Error, Result};
use mpi::ffi;

/// What went wrong in MPI, as the error of this crate.
pub(crate) fn failed(text: impl Into<String>) -> Error {
    Error::Communication(text.into())
}

/// Ok for MPI_SUCCESS, else what MPI says about the code. Only while MPI is initialised and not finalised.
pub(crate) fn check(function: &str, code: c_int) -> Result<()> {
    if code == ffi::MPI_SUCCESS as c_int {
        return Ok(());
    }
    let mut text = [0u8; ffi::MPI_MAX_ERROR_STRING as usize + 1];
    let mut length: c_int = 0;
    // SAFETY: the text has room for MPI_MAX_ERROR_STRING characters, as MPI_Error_string asks.
    let told = unsafe { ffi::MPI_Error_string(code, text.as_mut_ptr().cast::<c_char>(), &mut length) };
    let length = (length.max(0) as usize).min(text.len());
    match told == ffi::MPI_SUCCESS as c_int && length > 0 {
        true => Err(failed(format!("{function}: {}", String::from_utf8_lossy(&text[..length]).trim_end()))),
        false => Err(failed(format!("{function}: error {code}"))),
    }
}

/// A yes-or-no question that MPI answers at any time.
fn ask(question: unsafe extern "C" fn(*mut c_int) -> c_int) -> bool {
    let mut answer: c_int = 0;
    // SAFETY: the questions asked below take the address of one int and may be put at any time, from any thread.
    let code = unsafe { question(&mut answer) };
    code == ffi::MPI_SUCCESS as c_int && answer != 0
}

/// False before MPI_Init; stays true after MPI_Finalize.
pub(crate) fn is_initialised() -> bool {
    ask(ffi::MPI_Initialized)
}

/// True once MPI_Finalize was called.
pub(crate) fn is_finalised() -> bool {
    ask(ffi::MPI_Finalized)
}

/// Ok if the calling thread may call MPI, by the level of threads that the host asked for. Only while MPI is initialised
/// and not finalised.
pub(crate) fn check_thread() -> Result<()> {
    let mut level: c_int = 0;
    // SAFETY: the address of one int.
    check("MPI_Query_thread", unsafe { ffi::MPI_Query_thread(&mut level) })?;
    // SAFETY: a constant of the library.
    let any_thread = level >= unsafe { ffi::RSMPI_THREAD_SERIALIZED };
    if any_thread || ask(ffi::MPI_Is_thread_main) {
        return Ok(());
    }
    Err(failed(
        "open, commit and close must be called on the thread that initialised MPI, unless it was initialised with \
         MPI_THREAD_SERIALIZED or MPI_THREAD_MULTIPLE",
    ))
}
