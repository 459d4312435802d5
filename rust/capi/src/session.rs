//! The life of a run: open, describe, commit, close.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limbeck_session::{Attribute, Session};

use crate::communicator;
use crate::config::{ConfigHandle, lbk_config};
use crate::error::{Failure, reported};
use crate::guard::{check_mode, guarded_writing};
use crate::handle::{self, Held};
use crate::metrics;
use crate::status::{LBK_INVALID_HANDLE, LBK_OK, lbk_status};
use crate::text::{self, give, output, set, string};
use crate::variable::forget_variables;

/// For lbk_session_open: this process is alone.
pub const LBK_NO_COMM: i32 = -1;

/// A run that is being written, from lbk_session_open to lbk_session_close, which frees it and everything defined in it.
pub struct lbk_session {
    _opaque: [u8; 0],
}

/// What an lbk_session stands for.
///
/// The session is None once close has taken it, which a call on another thread may find out only now.
pub struct SessionHandle(Mutex<Option<Session>>);

impl Held for SessionHandle {
    type Opaque = lbk_session;
    const NAME: &'static str = "session";
    const KIND: usize = 2;
}

impl SessionHandle {
    /// Works with the session; other calls on it wait.
    pub fn with<T>(&self, work: impl FnOnce(&mut Session) -> Result<T, Failure>) -> Result<T, Failure> {
        match self.lock().as_mut() {
            Some(session) => work(session),
            None => Err(Failure::new(LBK_INVALID_HANDLE, "the session was closed by another thread")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a run. Variables and blocks are defined next, then comes lbk_session_commit.
///
/// Any thread, with MPI one that may call MPI. Collective over the communicator, if there is one: an error on one rank is an
/// error on all. Since 0.1.
///
/// - config        the options; copied, so that it may be changed or freed afterwards
/// - path          of the archive that close will write, say "run.lbk"; copied. While the run goes on, its journal is in
///                 the directory of that name with ".d" behind it (option "journal.dir" puts it elsewhere)
/// - communicator  LBK_NO_COMM, or an MPI communicator as a Fortran integer (from MPI_Comm_c2f), which is duplicated. With
///                 MPI, this call, lbk_session_commit and lbk_session_close are made on a thread that may call MPI
/// - session       receives the handle; lbk_session_close frees it
///
/// Returns LBK_OK; LBK_COMPATIBILITY for a communicator in a library built without MPI, or a journal or archive of a
/// newer version or of a run with another number of ranks; LBK_CORRUPTION or LBK_TRUNCATED if what is to be continued is
/// damaged; LBK_MPI if MPI is not initialised, was finalised, or does not know the communicator; LBK_DEVICE if option
/// "device" asks for one that is not there or does not work; LBK_IO if the directory cannot be written;
/// LBK_INVALID_ARGUMENT, also if options contradict each other, if another session writes this run, if the run exists and
/// option "open.mode" is "create", or if LIMBECK_MODE is neither "on" nor "off"; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_open(
    config: *const lbk_config,
    path: *const c_char,
    communicator: i32,
    session: *mut *mut lbk_session,
) -> lbk_status {
    guarded_writing(
        "lbk_session_open",
        // SAFETY: the caller vouches for `session`.
        || unsafe { set(session, handle::idle::<SessionHandle>()) },
        || {
            let communicator = communicator::of_host(communicator)?;
            let mine = || {
                check_mode()?;
                output(session, "session")?;
                // SAFETY: the caller vouches for the string.
                let path = unsafe { text::path(path, "path")? };
                Ok((path, handle::get::<ConfigHandle>(config)?.lock().clone()))
            };
            let (path, options) = communicator::agree(&communicator, mine())?;
            let opened = Session::open(&path, &options, communicator)?;
            // SAFETY: the caller vouches for `session`, and it is not NULL.
            unsafe { set(session, handle::give(Arc::new(SessionHandle(Mutex::new(Some(opened)))))) };
            Ok(LBK_OK)
        },
    )
}

/// Attaches a text to the run: who made it, with what, anything. It is kept in the archive and handed on by readers.
/// Setting a name again replaces its value.
///
/// Any thread, before lbk_session_commit. Not collective; rank 0 counts. Since 0.1.
///
/// - session   the run
/// - name      of the attribute, not empty; copied
/// - value     any text; copied
///
/// Returns LBK_OK; LBK_INVALID_STATE after commit; LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_set_attribute(
    session: *mut lbk_session,
    name: *const c_char,
    value: *const c_char,
) -> lbk_status {
    guarded_writing(
        "lbk_session_set_attribute",
        || (),
        || {
            let session = handle::get::<SessionHandle>(session)?;
            // SAFETY: the caller vouches for both strings.
            let (name, value) = unsafe { (string(name, "name")?, string(value, "value")?) };
            session.with(|session| Ok(session.set_attribute(None, name, Attribute::Text(value.to_owned()))?))?;
            Ok(LBK_OK)
        },
    )
}

/// Ends the description of the run: from now on steps are taken, and variables and blocks are fixed.
///
/// Any thread, with MPI one that may call MPI. Collective: all ranks agree on variables and options, and an error on one is an
/// error on all. Since 0.1.
///
/// - session   the run
///
/// Returns LBK_OK; LBK_INVALID_STATE if called twice; LBK_INVALID_ARGUMENT if variables, blocks or options do not fit
/// together, or not to the journal that is continued; LBK_IO; LBK_MPI; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_commit(session: *mut lbk_session) -> lbk_status {
    guarded_writing(
        "lbk_session_commit",
        || (),
        || {
            handle::get::<SessionHandle>(session)?.with(|session| Ok(session.commit()?))?;
            Ok(LBK_OK)
        },
    )
}

/// What the run has done and cost so far, as JSON: totals, and per step and variable the seconds, PSNR, largest error, bytes
/// and queue depth. Names in it are only ever added.
///
/// Any thread. Not collective. Since 0.1.
///
/// - session   the run
/// - buffer    receives the text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only, which
///             may grow from call to call while workers are busy
/// - size      bytes in buffer
/// - needed    receives the bytes that the text needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_metrics(
    session: *mut lbk_session,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded_writing(
        "lbk_session_metrics",
        // SAFETY: the caller vouches for `buffer` and `needed`. A buffer too small for it is left alone.
        || drop(unsafe { give("{}", buffer, size, needed) }),
        || {
            let metrics = handle::get::<SessionHandle>(session)?.with(|session| Ok(session.metrics()))?;
            // SAFETY: the caller vouches for `buffer` and `needed`.
            unsafe { give(&metrics::to_json(&metrics), buffer, size, needed)? };
            Ok(LBK_OK)
        },
    )
}

/// Ends the run: waits until every accepted step is encoded and durable, distils (option "distil.when"), writes the
/// archive, joins the workers and frees the session with its variables and blocks. A step that is open is given up.
///
/// Any thread, with MPI one that may call MPI, before MPI_Finalize; it may take minutes (option "distil.time_limit").
/// Collective. Since 0.1.
///
/// - session   address of the handle, which is set to NULL, whatever is returned; an address of NULL, or a NULL handle,
///             is fine
///
/// Returns LBK_OK; LBK_DROPPED or LBK_DEGRADED if the archive was written but steps were dropped or made with less than was
/// asked for; LBK_MPI if MPI was finalised before; LBK_IO if the journal or the archive could not be written; any error of the
/// distillation. After all of these errors the journal is kept, so that `limbeck distill` can finish the run.
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_session_close(session: *mut *mut lbk_session) -> lbk_status {
    guarded_writing(
        "lbk_session_close",
        // SAFETY: the caller vouches for `session`.
        || unsafe { set(session, std::ptr::null_mut()) },
        || {
            if session.is_null() {
                return Ok(LBK_OK);
            }
            // SAFETY: not NULL, and the caller vouches for it.
            let held = unsafe { session.replace(std::ptr::null_mut()) };
            if held.is_null() {
                return Ok(LBK_OK);
            }
            let session = handle::take::<SessionHandle>(held)?;
            forget_variables(held.addr());
            let taken = session.lock().take();
            let Some(session) = taken else { return Ok(LBK_OK) };
            Ok(reported("lbk_session_close", &session.close()?))
        },
    )
}
