//! Writing a recording, one frame per call.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Answer, Call, Opening, values};
use crate::frame::{self, FileKind, FrameKind, file_header};
use crate::{Error, Result};

/// Appends to the recording of one process. Every frame is handed to the operating system before the call returns, so
/// that what was recorded survives the death of the process.
#[derive(Debug)]
pub struct RecordingWriter {
    file: File,
    path: PathBuf,
    /// End of the last whole frame.
    offset: u64,
}

impl RecordingWriter {
    /// Begins a recording. Errors: InvalidArgument if the file exists already, Io.
    pub fn create(path: &Path, opening: &Opening) -> Result<RecordingWriter> {
        let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Error::InvalidArgument(format!("{} exists already", path.display())),
            _ => Error::io("create", path, e),
        })?;
        let mut writer = RecordingWriter { file, path: path.to_owned(), offset: 0 };
        writer.write(&[&file_header(FileKind::Recording)])?;
        let o = opening;
        let mut meta = Vec::with_capacity(24);
        meta.extend(o.rank.to_le_bytes());
        meta.extend(o.ranks.to_le_bytes());
        meta.extend(nanoseconds(o.began).to_le_bytes());
        meta.extend((o.limbeck_version.len() as u32).to_le_bytes());
        meta.extend((o.path.len() as u32).to_le_bytes());
        let texts = [o.limbeck_version.as_bytes(), o.path.as_bytes(), o.options.as_bytes()];
        writer.write(&[&frame::encode(FrameKind::Opening, &meta, &texts, false)?])?;
        Ok(writer)
    }

    /// Appends a call. `gap`: how long the host was away since the call before; `values`: of a put, as they lie in
    /// memory on a little-endian machine, `size` bytes each.
    ///
    /// Errors: Io (disk full and the like); what was written of the frame is cut off again. InvalidArgument for a run
    /// that cannot be described.
    pub fn call(&mut self, gap: Duration, call: &Call, values: &[u8], size: u8) -> Result<()> {
        let gap = nanoseconds(gap).to_le_bytes();
        match call {
            Call::Commit { run, strides } => {
                let strides: Vec<u8> = strides.iter().flatten().flat_map(|s| s.to_le_bytes()).collect();
                self.write(&[&frame::encode(FrameKind::Commit, &run.to_flat()?, &[&gap, &strides], true)?])
            }
            Call::StepBegin { cycle, time } => {
                let meta = [gap, cycle.to_le_bytes(), time.to_le_bytes()].concat();
                self.write(&[&frame::encode(FrameKind::StepBegin, &meta, &[], false)?])
            }
            Call::Put { variable, block } => {
                let (coding, packed) = values::pack(values, size);
                let mut meta = gap.to_vec();
                meta.extend(variable.to_le_bytes());
                meta.extend(block.to_le_bytes());
                meta.extend([size, coding]);
                let payload = packed.as_deref().unwrap_or(values);
                let header = frame::header(FrameKind::Put, false, &meta, &[payload]);
                self.write(&[&header, &meta, payload])
            }
            Call::StepEnd => self.write(&[&frame::encode(FrameKind::StepEnd, &gap, &[], false)?]),
            Call::StepCancel => self.write(&[&frame::encode(FrameKind::StepCancel, &gap, &[], false)?]),
            Call::Close => self.write(&[&frame::encode(FrameKind::Close, &gap, &[], false)?]),
        }
    }

    /// Says what the last call was answered with. Errors: as [`RecordingWriter::call`].
    pub fn answer(&mut self, answer: &Answer) -> Result<()> {
        let (number, text) = match answer {
            Answer::Dropped => (1, ""),
            Answer::Degraded(text) => (2, text.as_str()),
            Answer::Refused(text) => (3, text.as_str()),
        };
        self.write(&[&frame::encode(FrameKind::Outcome, &[number], &[text.as_bytes()], false)?])
    }

    /// The recording's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&mut self, parts: &[&[u8]]) -> Result<()> {
        for part in parts {
            if let Err(e) = self.file.write_all(part) {
                // If this fails too, readers meet a torn tail.
                let _ = self.file.set_len(self.offset).and_then(|()| self.file.seek(SeekFrom::Start(self.offset)));
                return Err(Error::io("append to", &self.path, e));
            }
        }
        self.offset += parts.iter().map(|p| p.len() as u64).sum::<u64>();
        Ok(())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
