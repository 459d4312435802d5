//! A file under a temporary name until it is complete.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// A file being written. Dropped before [`Pending::seal`] it disappears.
pub struct Pending {
    writer: BufWriter<File>,
    sealed: Sealed,
}

/// A complete file, still under its temporary name. Dropped before [`publish`] it disappears.
pub struct Sealed {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Pending {
    /// Creates the temporary file beside `path`.
    pub fn create(path: &Path) -> Result<Pending> {
        let name = path.file_name().filter(|_| !path.is_dir()).ok_or_else(|| {
            Failure::Usage(format!("{} is a directory, not the name of a file to write", path.display()))
        })?;
        let temporary = path.with_file_name(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        let file = File::create(&temporary).map_err(|e| Failure::io("cannot write", path, &e))?;
        let sealed = Sealed { temporary, path: path.to_path_buf(), published: false };
        Ok(Pending { writer: BufWriter::with_capacity(1 << 18, file), sealed })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|e| Failure::io("cannot write", &self.sealed.path, &e))
    }

    /// Says that all bytes are written.
    pub fn seal(mut self) -> Result<Sealed> {
        self.writer.flush().map_err(|e| Failure::io("cannot write", &self.sealed.path, &e))?;
        Ok(self.sealed)
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

/// Gives complete files their names, in this order, and returns these.
pub fn publish(files: Vec<Sealed>) -> Result<Vec<PathBuf>> {
    files
        .into_iter()
        .map(|mut file| {
            fs::rename(&file.temporary, &file.path).map_err(|e| Failure::io("cannot write", &file.path, &e))?;
            file.published = true;
            Ok(file.path.clone())
        })
        .collect()
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
