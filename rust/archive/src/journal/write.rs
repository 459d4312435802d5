//! Appending to a journal.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Journal, RunLock, journal_path};
use crate::frame::{FileKind, file_header};
use crate::record::Record;
use crate::{Error, Result};

/// Appends frames to the journal of one process. Synchronous; every frame is handed to the operating system in one
/// write, so that what was appended survives the death of the process, and what was [synced](JournalWriter::sync)
/// survives the death of the node.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    path: PathBuf,
    offset: u64,
    lock: RunLock,
    broken: bool,
}

impl JournalWriter {
    /// Begins a journal. Errors: InvalidArgument if there is one already, Io.
    pub fn create(lock: RunLock) -> Result<JournalWriter> {
        let path = journal_path(lock.directory(), lock.process());
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Error::InvalidArgument(format!(
                "{} exists already: open the run with mode append, or remove it",
                path.display()
            )),
            _ => Error::io("create", &path, e),
        })?;
        let header = file_header(FileKind::Journal);
        file.write_all(&header).map_err(|e| Error::io("write", &path, e))?;
        sync_directory(lock.directory())?;
        Ok(JournalWriter { file, path, offset: header.len() as u64, lock, broken: false })
    }

    /// Continues a journal after a restart: scans it, cuts off its torn tail, and appends behind the last whole
    /// frame. Also returns what was found. A journal that ends within its own header is begun anew.
    ///
    /// Errors: those of [`Journal::open`]; InvalidArgument if the journal does not exist.
    pub fn append_to(lock: RunLock) -> Result<(JournalWriter, Journal)> {
        let path = journal_path(lock.directory(), lock.process());
        let mut file = OpenOptions::new().write(true).open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::InvalidArgument(format!("{} does not exist: there is nothing to append to", path.display()))
            }
            _ => Error::io("open for writing", &path, e),
        })?;
        let mut journal = Journal::open(&path)?;
        let header = file_header(FileKind::Journal);
        if journal.valid_length() < header.len() as u64 {
            file.set_len(0).and_then(|()| file.write_all(&header)).map_err(|e| Error::io("write", &path, e))?;
            journal = Journal::open(&path)?;
        }
        let offset = journal.valid_length();
        file.set_len(offset)
            .and_then(|()| file.seek(SeekFrom::Start(offset)))
            .map_err(|e| Error::io("cut the torn tail of", &path, e))?;
        Ok((JournalWriter { file, path, offset, lock, broken: false }, journal))
    }

    /// Appends one frame and returns where it begins.
    pub fn append(&mut self, record: &Record) -> Result<u64> {
        self.append_bytes(&record.encode_frame()?)
    }

    /// Appends bytes made by [`Record::encode_frame`] and returns where they begin.
    ///
    /// Errors: Io (disk full and the like). What was written of the frame is cut off again, so that the journal stays
    /// whole; if even that fails, the writer refuses further frames.
    pub fn append_bytes(&mut self, frame: &[u8]) -> Result<u64> {
        if self.broken {
            return Err(Error::InvalidArgument(format!(
                "{} ends in a torn frame after a failed write: reopen it with mode append",
                self.path.display()
            )));
        }
        let begin = self.offset;
        if let Err(e) = self.file.write_all(frame) {
            let cut = self.file.set_len(begin).and_then(|()| self.file.seek(SeekFrom::Start(begin)));
            self.broken = cut.is_err();
            return Err(Error::io("append to", &self.path, e));
        }
        self.offset += frame.len() as u64;
        Ok(begin)
    }

    /// Returns when everything appended so far is on the disk.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| Error::io("sync", &self.path, e))
    }

    /// Bytes written so far, header included.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, positioned at its end, and the lock, for a caller that writes the frames itself (and keeps the
    /// lock until it is done).
    pub fn into_parts(self) -> (File, RunLock) {
        (self.file, self.lock)
    }
}

/// Makes a new or renamed entry of a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<()> {
    // Only Unix can open a directory to sync it; elsewhere the file system sees to it.
    if cfg!(unix) {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        File::open(directory).and_then(|d| d.sync_all()).map_err(|e| Error::io("sync the directory", directory, e))?;
    }
    Ok(())
}
