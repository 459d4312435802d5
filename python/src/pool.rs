//! The threads that decode.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Error;

/// The pool of this process. A forked child has none of its parent's threads, so it gets a pool of its own: waiting for
/// the parent's would never end.
pub(crate) fn pool() -> PyResult<Arc<ThreadPool>> {
    static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);
    let mut slot = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    match slot.as_ref() {
        Some((owner, pool)) if *owner == process => Ok(pool.clone()),
        _ => {
            let made = ThreadPoolBuilder::new().thread_name(|i| format!("limbeck-python-{i}")).build();
            let made = Arc::new(made.map_err(|e| Error::new_err(format!("cannot start threads to decode with: {e}")))?);
            if let Some(parents) = slot.replace((process, made.clone())) {
                std::mem::forget(parents);
            }
            Ok(made)
        }
    }
}
