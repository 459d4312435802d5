//! The one way into the library: every export runs its work inside [`guarded`], so that no panic crosses the boundary
//! and every failure leaves its message.

use std::any::Any;
use std::cell::Cell;
use std::ffi::OsStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Once, OnceLock};

use crate::error::{Failure, keep_message};
use crate::floating;
use crate::status::{LBK_INTERNAL, LBK_OK, lbk_status};

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs the work of one export. With `LIMBECK_MODE=off` use [`guarded_writing`].
pub fn guarded(call: &'static str, work: impl FnOnce() -> Result<lbk_status, Failure>) -> lbk_status {
    silence_panics();
    let _environment = floating::Kept::new();
    let before = INSIDE.try_with(|inside| inside.replace(true)).unwrap_or(false);
    // What a panicking call leaves half done is behind mutexes of the session, which answer for themselves.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let _ = INSIDE.try_with(|inside| inside.set(before));
    match outcome {
        Ok(Ok(status)) => status,
        Ok(Err(failure)) => {
            keep_message(format!("{call}: {}", failure.message));
            failure.status
        }
        Err(panic) => {
            keep_message(format!("{call}: a defect in limbeck, please report it: {}", panic_text(&*panic)));
            // A payload whose own drop panics must not get the better of the guard.
            std::mem::forget(panic);
            LBK_INTERNAL
        }
    }
}

/// As [`guarded`], for the calls that a simulation makes: with `LIMBECK_MODE=off` only `when_off` runs, which sets the
/// outputs, and the call is a success.
pub fn guarded_writing(
    call: &'static str,
    when_off: impl FnOnce(),
    work: impl FnOnce() -> Result<lbk_status, Failure>,
) -> lbk_status {
    if *mode() != Mode::Off {
        return guarded(call, work);
    }
    guarded(call, || {
        when_off();
        Ok(LBK_OK)
    })
}

/// What `LIMBECK_MODE` says.
#[derive(Debug, PartialEq, Eq)]
enum Mode {
    On,
    Off,
    /// Neither, as it stands there.
    Unknown(String),
}

impl Mode {
    fn of(value: Option<&OsStr>) -> Mode {
        let Some(value) = value.filter(|v| !v.is_empty()) else { return Mode::On };
        match value {
            v if v.eq_ignore_ascii_case("on") => Mode::On,
            v if v.eq_ignore_ascii_case("off") => Mode::Off,
            v => Mode::Unknown(v.to_string_lossy().into_owned()),
        }
    }
}

/// Looked up once, so that it cannot change in the middle of a run.
fn mode() -> &'static Mode {
    static MODE: OnceLock<Mode> = OnceLock::new();
    MODE.get_or_init(|| Mode::of(std::env::var_os("LIMBECK_MODE").as_deref()))
}

/// Refuses a mode that was misspelt: neither a run that was to be switched off nor one that was to be written is what the
/// user wanted.
pub fn check_mode() -> Result<(), Failure> {
    match mode() {
        Mode::On | Mode::Off => Ok(()),
        Mode::Unknown(value) => Err(Failure::argument(format!(
            "the environment variable LIMBECK_MODE is {value:?}: it may be \"on\", as if it were not set, or \"off\", with \
             which limbeck does nothing"
        ))),
    }
}

/// The standard library reports a panic on stderr before it unwinds. Inside limbeck it goes to the log instead; every
/// other thread of a Rust host keeps the hook it had.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let inside = INSIDE.try_with(Cell::get).unwrap_or(false)
                || std::thread::current().name().is_some_and(|name| name.starts_with("limbeck"));
            if inside {
                tracing::error!(target: "limbeck", "panic: {info}");
            } else {
                previous(info);
            }
        }));
    });
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "panic without a message"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::last_message;

    #[test]
    fn the_mode_is_on_off_or_a_mistake() {
        let of = |text: &str| Mode::of(Some(OsStr::new(text)));
        assert_eq!((Mode::of(None), of(""), of("on"), of("ON")), (Mode::On, Mode::On, Mode::On, Mode::On));
        assert_eq!((of("off"), of("Off")), (Mode::Off, Mode::Off));
        for text in ["of", "0", "off ", "no"] {
            assert_eq!(of(text), Mode::Unknown(text.into()));
        }
    }

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guarded("lbk_test", || panic!("number {}", 7)), LBK_INTERNAL);
        assert_eq!(last_message(), "lbk_test: a defect in limbeck, please report it: number 7");
    }
}
