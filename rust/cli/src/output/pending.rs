//! A file under a temporary name until it is complete.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::failure::{Failure, Result};

/// A file being written. Dropped before [`Pending::seal`] it disappears.
pub struct Pending {
    writer: BufWriter<File>,
    reserved: Reserved,
}

/// A temporary name beside the place of a file that somebody else creates under it, a library for instance. Dropped
/// before [`Reserved::seal`] what lies there disappears.
pub struct Reserved {
    sealed: Sealed,
}

/// A complete file, still under its temporary name. Dropped before [`publish`] it disappears.
pub struct Sealed {
    temporary: PathBuf,
    path: PathBuf,
}

/// The temporary names in use.
static TEMPORARY: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes all files that are not complete: before the process ends where nothing is dropped.
pub fn remove_temporary() {
    let names = TEMPORARY.lock().unwrap_or_else(|e| e.into_inner());
    names.iter().for_each(|name| {
        let _ = fs::remove_file(name);
    });
}

impl Reserved {
    /// A name beside `path`.
    pub fn beside(path: &Path) -> Result<Reserved> {
        let name = path.file_name().filter(|_| !path.is_dir()).ok_or_else(|| {
            Failure::Usage(format!("{} is a directory, not the name of a file to write", path.display()))
        })?;
        let temporary = path.with_file_name(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        TEMPORARY.lock().unwrap_or_else(|e| e.into_inner()).insert(temporary.clone());
        Ok(Reserved { sealed: Sealed { temporary, path: path.to_path_buf() } })
    }

    /// The temporary name.
    pub fn temporary(&self) -> &Path {
        &self.sealed.temporary
    }

    /// The file could not be written, and why.
    pub fn failure(&self, error: &io::Error) -> Failure {
        Failure::io("cannot write", &self.sealed.path, error)
    }

    /// Says that the file is complete.
    pub fn seal(self) -> Sealed {
        self.sealed
    }
}

impl Pending {
    /// Creates the temporary file beside `path`.
    pub fn create(path: &Path) -> Result<Pending> {
        let reserved = Reserved::beside(path)?;
        let file = File::create(reserved.temporary()).map_err(|e| reserved.failure(&e))?;
        Ok(Pending { writer: BufWriter::with_capacity(1 << 18, file), reserved })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|e| self.reserved.failure(&e))
    }

    /// The file could not be written, and why.
    pub fn failure(&self, error: &io::Error) -> Failure {
        self.reserved.failure(error)
    }

    /// Says that all bytes are written.
    pub fn seal(mut self) -> Result<Sealed> {
        self.writer.flush().map_err(|e| self.reserved.failure(&e))?;
        Ok(self.reserved.seal())
    }
}

impl io::Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Seek for Pending {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.writer.seek(position)
    }
}

/// Gives complete files their names, in this order, and returns these.
pub fn publish(files: Vec<Sealed>) -> Result<Vec<PathBuf>> {
    files
        .into_iter()
        .map(|file| {
            fs::rename(&file.temporary, &file.path).map_err(|e| Failure::io("cannot write", &file.path, &e))?;
            Ok(file.path.clone())
        })
        .collect()
}

impl Drop for Sealed {
    /// What was published is no longer there.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
        TEMPORARY.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.temporary);
    }
}
