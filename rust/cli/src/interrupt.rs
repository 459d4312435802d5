//! Ctrl-C and SIGTERM: the first one asks a command to stop at the next step, the second one ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Result};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// From now on signals are noticed instead of ending the process. Called once, by commands that look at
/// [`requested`] between steps.
pub fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    })
    .map_err(|e| Failure::Internal(format!("cannot install a signal handler: {e}")))
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
