//! Positioned reads from a file that others may still append to.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// An open file and how long it was when opened; nothing beyond that length is ever asked for or allocated.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Source> {
        let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
        let metadata = file.metadata().map_err(|e| Error::io("look at", path, e))?;
        if metadata.is_dir() {
            return Err(Error::InvalidArgument(format!("{} is a directory, not a file", path.display())));
        }
        Ok(Source { file, path: path.to_owned(), length: metadata.len() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Whether both have the very same file open, and not one that took the other's name.
    pub(crate) fn is_of_same_file(&self, other: &Source) -> Result<bool> {
        let of = |s: &Source| s.file.metadata().map(identity).map_err(|e| Error::io("look at", &s.path, e));
        Ok(of(self)? == of(other)?)
    }

    /// `length` bytes at `offset`, which must lie within the file.
    pub(crate) fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        if offset.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(Error::Truncated(format!(
                "{} ends at byte {}, but {length} bytes are expected at byte {offset}",
                self.path.display(),
                self.length
            )));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| too_large(length))?];
        self.fill(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// Fills `out` from `offset`.
    pub(crate) fn fill(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        read_exact_at(&self.file, out, offset).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                Error::Truncated(format!("{} became shorter while it was read", self.path.display()))
            }
            _ => Error::io("read", &self.path, e),
        })
    }
}

fn too_large(length: u64) -> Error {
    Error::InvalidArgument(format!("{length} bytes do not fit into the memory of this machine"))
}

#[cfg(unix)]
fn identity(metadata: std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere the time of its creation has to do.
#[cfg(not(unix))]
fn identity(metadata: std::fs::Metadata) -> Option<std::time::SystemTime> {
    metadata.created().ok()
}

#[cfg(unix)]
fn read_exact_at(file: &File, out: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, out, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut out: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !out.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, out, offset)?;
        if n == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        out = &mut out[n..];
        offset += n as u64;
    }
    Ok(())
}
