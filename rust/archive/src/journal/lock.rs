//! Who may append to a journal.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The right to append to the journal of one process. Held by the operating system for as long as this value lives,
/// and given back by it when the process dies, however it dies.
///
/// Process 0 locks the file `lock` of the directory, process n the file `lock-0000n`.
#[derive(Debug)]
pub struct RunLock {
    // Closing the file releases the lock.
    _file: File,
    directory: PathBuf,
    process: u32,
    enforced: bool,
}

impl RunLock {
    /// Takes the lock; makes the directory if it does not exist.
    ///
    /// Errors: InvalidArgument if another process or another session of this process holds it, Io if the directory
    /// cannot be made or written.
    pub fn acquire(directory: &Path, process: u32) -> Result<RunLock> {
        std::fs::create_dir_all(directory).map_err(|e| Error::io("make the directory", directory, e))?;
        let path = path(directory, process);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::io("open the lock", &path, e))?;
        let enforced = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InvalidArgument(format!(
                    "{} is being written by another session: wait until it is closed, or choose another path",
                    directory.display()
                )));
            }
            // Some parallel file systems are mounted without locks; a run there must still be possible.
            Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => false,
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path, e)),
        };
        Ok(RunLock { _file: file, directory: directory.to_owned(), process, enforced })
    }

    /// The journal directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file that is locked.
    pub fn path(&self) -> PathBuf {
        path(&self.directory, self.process)
    }

    /// The process whose journal this lock is for.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// False if the file system has no locks, so that nothing keeps a second writer out.
    pub fn enforced(&self) -> bool {
        self.enforced
    }
}

fn path(directory: &Path, process: u32) -> PathBuf {
    match process {
        0 => directory.join("lock"),
        n => directory.join(format!("lock-{n:05}")),
    }
}
