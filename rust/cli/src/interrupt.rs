//! Ctrl-C and SIGTERM: the first one asks a command to stop at the next step, the second one ends the process.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Result};
use crate::output;

static REQUESTED: AtomicBool = AtomicBool::new(false);
static LAST_WORDS: OnceLock<String> = OnceLock::new();

/// From now on signals are noticed instead of ending the process. Called once, by commands that look at
/// [`requested`] between steps.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if let Some(words) = LAST_WORDS.get() {
            if !words.is_empty() {
                // Not eprintln: it panics where stderr is closed.
                let _ = writeln!(std::io::stderr(), "limbeck: {words}");
            }
            std::process::exit(130);
        }
        if REQUESTED.swap(true, Ordering::SeqCst) {
            output::remove_temporary();
            std::process::exit(130);
        }
    })
    .map_err(|e| Failure::Internal(format!("cannot install a signal handler: {e}")))
}

/// From now on already the first signal ends the process, with these words (none if they are empty): for work that cannot be stopped
/// half-way but is safe to be cut off.
pub fn end_at_once(words: &str) {
    let _ = LAST_WORDS.set(words.to_string());
    if requested() {
        std::process::exit(130);
    }
}

/// True once the user (or the batch system) wants us to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// Ends a command that leaves nothing behind when it is stopped.
pub fn check() -> Result<()> {
    match requested() {
        true => Err(Failure::Interrupted("interrupted; nothing was written".into())),
        false => Ok(()),
    }
}
