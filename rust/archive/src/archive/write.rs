//! Writing an archive: into a temporary file of the same directory, which takes the archive's name when it is whole.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::index::{Index, MaskEntry, OtherFrame, Segment};
use crate::describe::RunDescription;
use crate::frame::{self, FileKind, FrameKind, file_header};
use crate::journal::sync_directory;
use crate::record::{StepMetrics, metrics_to_flat};
use crate::steps::{StepTable, TimeCoding};
use crate::{Error, Result};

pub(super) const TRAILER: usize = 16;
pub(super) const TRAILER_MAGIC: [u8; 4] = *b"LBKE";

/// Writes one archive. Nothing is seen under its name before [`ArchiveWriter::finish`]; dropped without it, the
/// temporary file is removed and an archive that was there before stays as it was.
#[derive(Debug)]
pub struct ArchiveWriter {
    pub(super) file: File,
    pub(super) temporary: PathBuf,
    path: PathBuf,
    pub(super) offset: u64,
    pub(super) index: Index,
    finished: bool,
}

impl ArchiveWriter {
    /// Begins the archive `path`.
    ///
    /// Errors: InvalidArgument if the description is not sound, Io if the directory cannot be written.
    pub fn create(path: &Path, run: &RunDescription) -> Result<ArchiveWriter> {
        if let Some(fault) = run.fault() {
            return Err(Error::InvalidArgument(fault));
        }
        let mut writer = ArchiveWriter::open_temporary(path)?;
        writer.index.run = run.clone();
        writer.write(&file_header(FileKind::Archive))?;
        Ok(writer)
    }

    pub(super) fn open_temporary(path: &Path) -> Result<ArchiveWriter> {
        let Some(name) = path.file_name() else {
            return Err(Error::InvalidArgument(format!("{} is not the name of a file", path.display())));
        };
        if path.is_dir() {
            return Err(Error::InvalidArgument(format!("{} is a directory, not an archive", path.display())));
        }
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(temporary);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(|e| Error::io("create", &temporary, e))?;
        Ok(ArchiveWriter {
            file,
            temporary,
            path: path.to_owned(),
            offset: 0,
            index: Index::default(),
            finished: false,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<u64> {
        let begin = self.offset;
        self.file.write_all(bytes).map_err(|e| Error::io("write", &self.temporary, e))?;
        self.offset += bytes.len() as u64;
        Ok(begin)
    }

    /// What the archive is about.
    pub fn run(&self) -> &RunDescription {
        &self.index.run
    }

    /// The steps that are in the archive already (opened with [`ArchiveWriter::append_to`]).
    pub fn steps(&self) -> &StepTable {
        &self.index.steps
    }

    /// Writes the payload of a segment and notes it in the segment table; `frame_offset` and `payload_length` of
    /// `segment` are set here. Its steps are checked against the table given to [`ArchiveWriter::finish`].
    pub fn add_segment(&mut self, mut segment: Segment, payload: &[u8]) -> Result<()> {
        if let Some(fault) = segment.fault(&self.index.run, u64::MAX) {
            return Err(Error::InvalidArgument(format!("a segment is not sound: {fault}")));
        }
        segment.frame_offset = self.write(&frame::encode(FrameKind::Segment, &[], &[payload], false)?)?;
        segment.payload_length = payload.len() as u64;
        self.index.segments.push(segment);
        Ok(())
    }

    /// Writes the positions of NaN and infinities of one block at one step. They count for every segment that covers
    /// the block. A later mask of the same block and step replaces an earlier one.
    pub fn add_mask(&mut self, variable: u32, block: u32, step: u64, mask: &[u8]) -> Result<()> {
        let mut entry = MaskEntry { variable, block, step, frame_offset: 0, length: mask.len() as u64 };
        if let Some(fault) = entry.fault(&self.index.run, u64::MAX) {
            return Err(Error::InvalidArgument(format!("{fault}, which the run does not have")));
        }
        entry.frame_offset = self.write(&frame::encode(FrameKind::Mask, &[], &[mask], false)?)?;
        self.index.masks.push(entry);
        Ok(())
    }

    /// Writes facts for people (an optional frame of about 70 bytes a row before compression).
    pub fn add_metrics(&mut self, rows: &[StepMetrics]) -> Result<()> {
        let meta = metrics_to_flat(rows)?;
        self.add_other(FrameKind::Metrics, &frame::encode(FrameKind::Metrics, &meta, &[], true)?)
    }

    /// Writes the options of the run as text (an optional frame).
    pub fn add_options(&mut self, text: &str) -> Result<()> {
        self.add_other(FrameKind::Options, &frame::encode(FrameKind::Options, &[], &[text.as_bytes()], false)?)
    }

    fn add_other(&mut self, kind: FrameKind, bytes: &[u8]) -> Result<()> {
        let length = (bytes.len() - frame::FRAME_HEADER) as u64;
        let frame_offset = self.write(bytes)?;
        self.index.others.push(OtherFrame { kind: kind as u8, required: kind.required(), frame_offset, length });
        Ok(())
    }

    /// Writes the index, makes everything durable and gives the file its name. Returns its size in bytes.
    ///
    /// `steps` is the whole table, the steps that were in the archive before included. Errors: InvalidArgument if
    /// a segment or mask is of a step that is not in the table, or earlier steps changed their cycle; Io.
    pub fn finish(mut self, steps: &StepTable, times: TimeCoding) -> Result<u64> {
        let before = &self.index.steps;
        if !steps.cycles.starts_with(&before.cycles) {
            return Err(Error::InvalidArgument(format!(
                "the first {} steps of the table are not those of the archive that is appended to",
                before.len()
            )));
        }
        let n = steps.len() as u64;
        let fault = (self.index.segments.iter().find_map(|s| s.fault(&self.index.run, n)))
            .or_else(|| self.index.masks.iter().find_map(|m| m.fault(&self.index.run, n)));
        if let Some(fault) = fault {
            return Err(Error::InvalidArgument(format!("the steps do not fit the segments: {fault}")));
        }
        self.index.steps = steps.clone();
        let meta = self.index.to_flat(times)?;
        let at = self.write(&frame::encode(FrameKind::Index, &meta, &[], true)?)?;
        self.write(&trailer(at))?;
        self.file.sync_all().map_err(|e| Error::io("sync", &self.temporary, e))?;
        std::fs::rename(&self.temporary, &self.path).map_err(|e| Error::io("rename into", &self.path, e))?;
        self.finished = true;
        sync_directory(self.path.parent().unwrap_or(Path::new("")))?;
        Ok(self.offset)
    }
}

impl Drop for ArchiveWriter {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to tell; what remains is a hidden file that the next writer of this process overwrites.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

pub(super) fn trailer(index_offset: u64) -> [u8; TRAILER] {
    let mut t = [0; TRAILER];
    t[..8].copy_from_slice(&index_offset.to_le_bytes());
    t[12..].copy_from_slice(&TRAILER_MAGIC);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&t[..8]), &TRAILER_MAGIC);
    t[8..12].copy_from_slice(&crc.to_le_bytes());
    t
}
