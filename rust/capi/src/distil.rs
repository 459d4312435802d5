//! From a journal to an archive, after the run.

use std::ffi::c_char;

use crate::config::{ConfigHandle, lbk_config};
use crate::error::reported;
use crate::guard::guarded_writing;
use crate::handle;
use crate::status::lbk_status;
use crate::text;

/// Distils the journal of a run that was not distilled at close, or that died, into an archive: what `limbeck distill`
/// does. The journal may not be in use by a writer.
///
/// Any thread; it may take minutes (option "distil.time_limit"). Not collective. Since 0.1.
///
/// - run       directory of the run, say "run.lbk.d"; copied
/// - archive   path of the archive to be written, say "run.lbk"; copied
/// - config    the options; targets and what concerns the distillation count, the rest was fixed by the run
///
/// Returns LBK_OK; LBK_IO; LBK_CORRUPTION, LBK_TRUNCATED or LBK_COMPATIBILITY for a journal that cannot be read;
/// LBK_INVALID_ARGUMENT, also if it is being written; LBK_INVALID_HANDLE; LBK_DEGRADED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_distil(
    run: *const c_char,
    archive: *const c_char,
    config: *const lbk_config,
) -> lbk_status {
    guarded_writing(
        "lbk_distil",
        || (),
        || {
            // SAFETY: the caller vouches for both strings.
            let (run, archive) = unsafe { (text::path(run, "run")?, text::path(archive, "archive")?) };
            let options = handle::get::<ConfigHandle>(config)?.lock().clone();
            let report =
                limbeck_session::distil_run(&run, &archive, &options, &limbeck_session::ranks::Alone, &|_| ())?;
            Ok(reported("lbk_distil", &report))
        },
    )
}
