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

    /// Whether some process of this machine holds a lock of the run in `directory`. Takes no lock to find out, so that nobody who
    /// looks can keep a session from beginning. None where the system does not tell.
    pub fn is_held(directory: &Path) -> Option<bool> {
        let held = std::fs::read_to_string("/proc/locks").ok()?;
        let inodes: Vec<&str> = held.lines().filter_map(inode_of).collect();
        let entries = std::fs::read_dir(directory).ok()?.flatten();
        let locks = entries.filter(|e| e.file_name().to_str().is_some_and(|n| n == "lock" || n.starts_with("lock-")));
        Some(locks.filter_map(|e| inode(&e.metadata().ok()?)).any(|i| inodes.contains(&i.to_string().as_str())))
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

/// The file of a line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 4242 08:01:1234567 0 EOF". Its device is not looked at, as
/// layered file systems say another one than they do elsewhere.
fn inode_of(line: &str) -> Option<&str> {
    let place = line.split_whitespace().find(|word| word.matches(':').count() == 2)?;
    place.rsplit(':').next()
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> Option<u64> {
    None
}

fn path(directory: &Path, process: u32) -> PathBuf {
    match process {
        0 => directory.join("lock"),
        n => directory.join(format!("lock-{n:05}")),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn who_looks_at_a_lock_does_not_take_it() {
        assert_eq!(inode_of("7: FLOCK  ADVISORY  WRITE 4242 08:01:1234567 0 EOF"), Some("1234567"));
        assert_eq!(inode_of("nonsense"), None);
        let dir = tempfile::tempdir().unwrap();
        let run = dir.path().join("run.lbk.d");
        assert_eq!(RunLock::is_held(&run), None);
        let lock = RunLock::acquire(&run, 3).unwrap();
        assert_eq!(RunLock::is_held(&run), Some(true));
        drop(lock);
        assert_eq!(RunLock::is_held(&run), Some(false));
    }
}
