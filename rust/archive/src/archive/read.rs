//! Reading an archive.

use std::path::Path;

use super::index::{Index, MaskEntry, Segment};
use super::write::{TRAILER, trailer};
use crate::describe::RunDescription;
use crate::frame::{self, FILE_HEADER, FRAME_HEADER, FileKind, Frame, FrameKind, check_file_header, u64_at};
use crate::record::{StepMetrics, metrics_from_flat};
use crate::source::Source;
use crate::steps::StepTable;
use crate::{Error, Result};

/// An open archive: its index in memory, its payloads in the file until they are asked for.
#[derive(Debug)]
pub struct Archive {
    source: Source,
    index: Index,
    index_offset: u64,
}

impl Archive {
    /// Opens a finished archive: checks header, trailer and index.
    ///
    /// Errors: Truncated if the file is empty or ends early, Compatibility if it is no archive, is of a newer format or
    /// holds a required frame unknown to this build, Corruption if a checksum does not fit, Io.
    pub fn open(path: &Path) -> Result<Archive> {
        let source = Source::open(path)?;
        check_file_header(&source, FileKind::Archive)?;
        let length = source.length();
        let unfinished = |what: &str| {
            Error::Truncated(format!("{} is not a whole archive: {what}; was it copied completely?", path.display()))
        };
        let body_end = length
            .checked_sub(TRAILER as u64)
            .filter(|&end| end >= FILE_HEADER as u64)
            .ok_or_else(|| unfinished("it ends before its trailer"))?;
        let t = source.read(body_end, TRAILER as u64)?;
        let index_offset = u64_at(&t, 0);
        if t != trailer(index_offset) {
            return Err(unfinished("its last 16 bytes are not a trailer"));
        }
        if index_offset < FILE_HEADER as u64 || index_offset >= body_end {
            return Err(Error::Corruption(format!("the trailer of {} points outside the file", path.display())));
        }
        let frame = frame::read(&source, index_offset, body_end)?;
        let stored = frame.header.body_length().map(|n| index_offset + FRAME_HEADER as u64 + n);
        if frame.header.known_kind(path, index_offset)? != Some(FrameKind::Index) || stored != Some(body_end) {
            return Err(Error::Corruption(format!("the trailer of {} does not point to its index", path.display())));
        }
        let index = Index::from_flat(&frame.meta, index_offset).map_err(|e| in_file(e, path))?;
        for f in &index.others {
            if f.required && FrameKind::from_number(f.kind).is_none() {
                return Err(Error::Compatibility(format!(
                    "{} holds a frame (kind {}) that is required to read it and unknown to this build of limbeck: read it \
                     with a newer limbeck",
                    path.display(),
                    f.kind
                )));
            }
        }
        Ok(Archive { source, index, index_offset })
    }

    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    pub(super) fn index_offset(&self) -> u64 {
        self.index_offset
    }

    pub(super) fn into_index(self) -> Index {
        self.index
    }

    /// The archive's file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Bytes of the file, everything included.
    pub fn file_bytes(&self) -> u64 {
        self.source.length()
    }

    /// What the run is about.
    pub fn run(&self) -> &RunDescription {
        &self.index.run
    }

    /// Cycles and times of the steps.
    pub fn steps(&self) -> &StepTable {
        &self.index.steps
    }

    /// The segment table. Where segments overlap, the later one counts.
    pub fn segments(&self) -> &[Segment] {
        &self.index.segments
    }

    /// The masks. A later one of the same variable, block and step replaces an earlier one.
    pub fn masks(&self) -> &[MaskEntry] {
        &self.index.masks
    }

    fn read(&self, offset: u64, length: u64, kind: FrameKind) -> Result<Frame> {
        let frame = frame::read(&self.source, offset, self.index_offset)?;
        let known = frame.header.known_kind(self.path(), offset)?;
        if known != Some(kind) || frame.header.body_length() != Some(length) {
            return Err(Error::Corruption(format!(
                "the frame at byte {offset} of {} is not the one that the index names",
                self.path().display()
            )));
        }
        Ok(frame)
    }

    /// The payload of one of [`Archive::segments`], checked.
    pub fn read_segment(&self, segment: &Segment) -> Result<Vec<u8>> {
        Ok(self.read(segment.frame_offset, segment.payload_length, FrameKind::Segment)?.payload)
    }

    /// The bytes of one of [`Archive::masks`], checked.
    pub fn read_mask(&self, mask: &MaskEntry) -> Result<Vec<u8>> {
        Ok(self.read(mask.frame_offset, mask.length, FrameKind::Mask)?.payload)
    }

    fn others(&self, kind: FrameKind) -> impl Iterator<Item = Result<Frame>> {
        let wanted = self.index.others.iter().filter(move |f| f.kind == kind as u8);
        wanted.map(move |f| self.read(f.frame_offset, f.length, kind))
    }

    /// Facts for people; empty if the writer left them out.
    ///
    /// Errors: Corruption if their frame is damaged, which does not concern the data.
    pub fn metrics(&self) -> Result<Vec<StepMetrics>> {
        let mut rows = Vec::new();
        for frame in self.others(FrameKind::Metrics) {
            rows.extend(metrics_from_flat(&frame?.meta)?);
        }
        Ok(rows)
    }

    /// The options of the run as text, if the writer kept them; those of the latest session.
    pub fn options(&self) -> Result<Option<String>> {
        let last = self.others(FrameKind::Options).last().transpose()?;
        Ok(last.map(|frame| String::from_utf8_lossy(&frame.payload).into_owned()))
    }

    /// Reads every byte of the file and checks it.
    ///
    /// Errors: Corruption that names the first frame that is damaged; Compatibility as for [`Archive::open`].
    pub fn verify(&self) -> Result<()> {
        let mut at = FILE_HEADER as u64;
        while at < self.index_offset {
            let header = frame::check(&self.source, at, self.index_offset)?;
            header.known_kind(self.path(), at)?;
            at += FRAME_HEADER as u64 + header.body_length().unwrap_or(0);
        }
        Ok(())
    }
}

/// Says which file an error is about.
fn in_file(error: Error, path: &Path) -> Error {
    let name = |text: String| format!("{}: {text}", path.display());
    match error {
        Error::Corruption(text) => Error::Corruption(name(text)),
        Error::Compatibility(text) => Error::Compatibility(name(text)),
        Error::Truncated(text) => Error::Truncated(name(text)),
        other => other,
    }
}
