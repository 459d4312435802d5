//! The threads that archives are decoded by.

use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPool;

use crate::error::Failure;
use crate::status::LBK_INTERNAL;

static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);

/// Runs work with limbeck's own threads, started on first use, named so that the guard knows them, and not those of a
/// Rust host. A forked child has none of its parent's threads and starts its own.
pub fn parallel<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    pool()?.install(work)
}

fn pool() -> Result<Arc<ThreadPool>, Failure> {
    let mut kept = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    match &*kept {
        Some((of, pool)) if *of == process => return Ok(pool.clone()),
        // The threads of a parent process cannot be joined here.
        Some(_) => std::mem::forget(kept.take()),
        None => {}
    }
    let pool = rayon::ThreadPoolBuilder::new().thread_name(|i| format!("limbeck-read-{i}")).build();
    let pool =
        Arc::new(pool.map_err(|e| Failure::new(LBK_INTERNAL, format!("cannot start threads to read with: {e}")))?);
    *kept = Some((process, pool.clone()));
    Ok(pool)
}
