//! Options, by name and text.

use std::ffi::c_char;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limbeck_session::Config;

use crate::guard::{guarded, guarded_writing};
use crate::handle::{self, Held};
use crate::status::{LBK_OK, lbk_status};
use crate::text::{self, give, output, set, string};

/// The options of a session. Owned by the caller from lbk_config_create to lbk_config_free.
pub struct lbk_config {
    _opaque: [u8; 0],
}

/// What an lbk_config stands for.
pub struct ConfigHandle(Mutex<Config>);

impl Held for ConfigHandle {
    type Opaque = lbk_config;
    const NAME: &'static str = "config";
    const KIND: usize = 1;
}

impl ConfigHandle {
    /// The options, for one call.
    pub fn lock(&self) -> MutexGuard<'_, Config> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates a set of options, all at their defaults. Later, for each option: what the environment says
/// (`LIMBECK_TARGET_RATIO` for "target.ratio") comes before what a loaded file says, that before what was set here, and
/// that before the default.
///
/// Any thread. Not collective. Since 0.1.
///
/// - config    receives the handle; free it with lbk_config_free
///
/// Returns LBK_OK, or LBK_INVALID_ARGUMENT if config is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_config_create(config: *mut *mut lbk_config) -> lbk_status {
    guarded_writing(
        "lbk_config_create",
        // SAFETY: the caller vouches for `config`.
        || unsafe { set(config, handle::idle::<ConfigHandle>()) },
        || {
            output(config, "config")?;
            let created = handle::give(Arc::new(ConfigHandle(Mutex::new(Config::new()))));
            // SAFETY: the caller vouches for `config`, and it is not NULL.
            unsafe { set(config, created) };
            Ok(LBK_OK)
        },
    )
}

/// Sets an option. The names, units, ranges and defaults are what lbk_options lists.
///
/// Any thread, one at a time per handle. Not collective. Since 0.1.
///
/// - config    the options
/// - name      of the option, say "target.ratio"; copied
/// - value     as text, say "1000", "true", "512 MiB"; copied
///
/// Returns LBK_OK; LBK_INVALID_ARGUMENT if there is no such option (the message names the nearest) or the value is not
/// one for it (the message says what is); LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_config_set(
    config: *mut lbk_config,
    name: *const c_char,
    value: *const c_char,
) -> lbk_status {
    guarded_writing(
        "lbk_config_set",
        || (),
        || {
            let config = handle::get::<ConfigHandle>(config)?;
            // SAFETY: the caller vouches for both strings.
            let (name, value) = unsafe { (string(name, "name")?, string(value, "value")?) };
            config.lock().set(name, value)?;
            Ok(LBK_OK)
        },
    )
}

/// Reads options from a TOML file. What the file sets wins over lbk_config_set, whichever came first: a job's file
/// adjusts what a program has built in.
///
/// Any thread, one at a time per handle. Not collective: every rank reads the file. Since 0.1.
///
/// - config    the options
/// - path      of the file; copied
///
/// Returns LBK_OK; LBK_IO if the file cannot be read; LBK_INVALID_ARGUMENT as lbk_config_set, nothing of the file
/// being taken then; LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_config_load(config: *mut lbk_config, path: *const c_char) -> lbk_status {
    guarded_writing(
        "lbk_config_load",
        || (),
        || {
            let config = handle::get::<ConfigHandle>(config)?;
            // SAFETY: the caller vouches for the string.
            let path = unsafe { text::path(path, "path")? };
            config.lock().load(&path)?;
            Ok(LBK_OK)
        },
    )
}

/// The value that an option has now, environment and loaded files considered.
///
/// Any thread. Not collective. Since 0.1.
///
/// - config    the options
/// - name      of the option
/// - buffer    receives the value as text, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the value needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT;
/// LBK_INVALID_HANDLE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_config_get(
    config: *const lbk_config,
    name: *const c_char,
    buffer: *mut c_char,
    size: usize,
    needed: *mut usize,
) -> lbk_status {
    guarded_writing(
        "lbk_config_get",
        // SAFETY: the caller vouches for `buffer` and `needed`. An impossible buffer is left alone.
        || drop(unsafe { give("", buffer, size, needed) }),
        || {
            let config = handle::get::<ConfigHandle>(config)?;
            // SAFETY: the caller vouches for the string.
            let value = config.lock().get(unsafe { string(name, "name")? })?;
            // SAFETY: the caller vouches for `buffer` and `needed`.
            unsafe { give(&value, buffer, size, needed)? };
            Ok(LBK_OK)
        },
    )
}

/// Frees a set of options. Sessions opened with it keep their own copy.
///
/// Any thread. Not collective. Since 0.1.
///
/// - config    the options; NULL is fine
///
/// Returns LBK_OK, or LBK_INVALID_HANDLE if it was freed before or never was a handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_config_free(config: *mut lbk_config) -> lbk_status {
    guarded_writing(
        "lbk_config_free",
        || (),
        || {
            if !config.is_null() {
                handle::take::<ConfigHandle>(config)?;
            }
            Ok(LBK_OK)
        },
    )
}

/// Lists every option: one line each, with tabs between name, unit, range, default and explanation.
///
/// Any thread. Not collective. Since 0.1.
///
/// - buffer    receives the list, NUL-terminated; owned by the caller; NULL with size 0 to ask for the size only
/// - size      bytes in buffer
/// - needed    receives the bytes that the list needs, its NUL included; may be NULL
///
/// Returns LBK_OK; LBK_BUFFER_TOO_SMALL (needed is set, buffer is not); LBK_INVALID_ARGUMENT if buffer is NULL and size
/// is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lbk_options(buffer: *mut c_char, size: usize, needed: *mut usize) -> lbk_status {
    guarded("lbk_options", || {
        let lines: String = limbeck_session::options()
            .iter()
            .map(|o| format!("{}\t{}\t{}\t{}\t{}\n", o.name, o.unit, o.range(), o.default, o.doc))
            .collect();
        // SAFETY: the caller vouches for `buffer` and `needed`.
        unsafe { give(&lines, buffer, size, needed)? };
        Ok(LBK_OK)
    })
}
