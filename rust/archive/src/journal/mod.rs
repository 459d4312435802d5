//! The journal of a running or unfinished run: one append-only file per process in `run.lbk.d/`.

mod lock;
mod run;
mod scan;
mod write;

use std::path::{Path, PathBuf};

pub use lock::RunLock;
pub use run::{StepRecord, StepState, UnfinishedRun};
pub use scan::{BlockPayload, Journal, LostFrame, TornTail};
pub use write::JournalWriter;
pub(crate) use write::sync_directory;

/// The directory of the journals that belong to an archive: `run.lbk` has `run.lbk.d`.
pub fn journal_directory(archive: &Path) -> PathBuf {
    let mut name = archive.as_os_str().to_owned();
    name.push(".d");
    PathBuf::from(name)
}

/// The journal of one process in a journal directory: `journal-00000.lbj`.
pub fn journal_path(directory: &Path, process: u32) -> PathBuf {
    directory.join(format!("journal-{process:05}.lbj"))
}

/// Where the session of one process says at which address it can be watched, while it does: `monitor-00000.json`.
pub fn monitor_path(directory: &Path, process: u32) -> PathBuf {
    directory.join(format!("monitor-{process:05}.json"))
}

/// The process that a file name in a journal directory stands for, if it is a journal's.
fn process_of(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("journal-")?.strip_suffix(".lbj")?;
    (digits.len() >= 5 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}
