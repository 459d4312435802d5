//! Reading a journal, whole or torn, while its writer may still be appending.

use std::path::Path;

use super::process_of;
use crate::describe::RunDescription;
use crate::frame::{self, FRAME_HEADER, FRAME_MAGIC, FileKind, FrameHeader, FrameKind, check_file_header};
use crate::record::{BlockEntry, StepMetrics, StepStamp, block_from_flat, metrics_from_flat, step_from_flat};
use crate::schema::MAX_META;
use crate::source::Source;
use crate::{Error, Result};

/// Bytes at the end of a journal that are no whole frame: its writer died, or is at work this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where they begin.
    pub offset: u64,
    /// How many there are.
    pub bytes: u64,
}

/// A frame, or a stretch of bytes, that is damaged although whole frames follow it, or that is whole and damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostFrame {
    /// Where it begins.
    pub offset: u64,
    /// How many bytes were skipped.
    pub bytes: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// The bytes of one block frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPayload {
    /// The method's bytes.
    pub payload: Vec<u8>,
    /// The method's bytes for positions of NaN and infinities.
    pub mask: Option<Vec<u8>>,
}

/// What one process's journal holds. Payloads stay in the file until they are asked for.
#[derive(Debug)]
pub struct Journal {
    source: Source,
    process: u32,
    valid_length: u64,
    pub(crate) run: Option<RunDescription>,
    pub(crate) options: Option<String>,
    pub(crate) accepted: Vec<StepStamp>,
    pub(crate) complete: Vec<StepStamp>,
    pub(crate) dropped: Vec<(StepStamp, String)>,
    pub(crate) blocks: Vec<BlockEntry>,
    pub(crate) metrics: Vec<StepMetrics>,
    torn: Option<TornTail>,
    lost: Vec<LostFrame>,
}

impl Journal {
    /// Reads and checks every frame of a journal up to the length it has now.
    ///
    /// A torn tail is left out and told by [`Journal::torn_tail`]; damaged frames are left out and told by
    /// [`Journal::lost`]. Errors: Compatibility if it is not a journal, is of a newer format or contains a required
    /// frame unknown to this build; Corruption if its header is damaged; Io.
    pub fn open(path: &Path) -> Result<Journal> {
        let source = Source::open(path)?;
        let process = path.file_name().and_then(|n| n.to_str()).and_then(process_of).unwrap_or(0);
        let mut journal = Journal {
            source,
            process,
            valid_length: 0,
            run: None,
            options: None,
            accepted: Vec::new(),
            complete: Vec::new(),
            dropped: Vec::new(),
            blocks: Vec::new(),
            metrics: Vec::new(),
            torn: None,
            lost: Vec::new(),
        };
        match check_file_header(&journal.source, FileKind::Journal) {
            Ok(()) => journal.scan(frame::FILE_HEADER as u64)?,
            // The process died while it wrote the first bytes: an empty journal with a torn tail.
            Err(Error::Truncated(_)) => journal.tear(0),
            Err(e) => return Err(e),
        }
        Ok(journal)
    }

    /// Reads and checks what was appended since; what was read before is not read again. True if the file is another one now
    /// (the run was begun anew), so that everything was read and nothing known of it before holds.
    ///
    /// Errors: those of [`Journal::open`]; the journal is as it was then.
    pub fn read_on(&mut self) -> Result<bool> {
        let source = Source::open(self.source.path())?;
        // What was torn before the first frame is checked from the beginning once more.
        let began = self.valid_length >= frame::FILE_HEADER as u64;
        if !began || !source.is_of_same_file(&self.source)? || source.length() < self.valid_length {
            *self = Journal::open(self.source.path())?;
            return Ok(true);
        }
        if source.length() == self.source.length() {
            return Ok(false);
        }
        self.source = source;
        self.torn = None;
        self.scan(self.valid_length)?;
        Ok(false)
    }

    fn tear(&mut self, offset: u64) {
        self.valid_length = offset;
        let bytes = self.source.length() - offset;
        self.torn = (bytes > 0).then_some(TornTail { offset, bytes });
    }

    fn scan(&mut self, from: u64) -> Result<()> {
        let end = self.source.length();
        let mut at = from;
        while at < end {
            let header = match end - at {
                room if room < FRAME_HEADER as u64 => None,
                _ => FrameHeader::parse(&self.source.read(at, FRAME_HEADER as u64)?),
            };
            let Some(header) = header else {
                // Damaged in the middle, or torn at the end: whole frames that follow tell the difference.
                let Some(next) = self.next_frame(at + 1)? else { break };
                self.lose(at, next - at, "its header is damaged");
                at = next;
                continue;
            };
            let room = end - at - FRAME_HEADER as u64;
            let Some(body) = header.body_length().filter(|&n| n <= room) else { break };
            self.take(at, &header, body)?;
            at += FRAME_HEADER as u64 + body;
        }
        self.tear(at);
        Ok(())
    }

    fn lose(&mut self, offset: u64, bytes: u64, reason: &str) {
        self.lost.push(LostFrame { offset, bytes, reason: reason.to_owned() });
    }

    /// Where the next frame begins whose header is whole, at or after `from`.
    fn next_frame(&self, from: u64) -> Result<Option<u64>> {
        const WINDOW: u64 = 1 << 20;
        let end = self.source.length();
        let mut begin = from;
        while end.saturating_sub(begin) >= FRAME_HEADER as u64 {
            let window = self.source.read(begin, (end - begin).min(WINDOW))?;
            let last = window.len() - FRAME_HEADER;
            let hit =
                (0..=last).find(|&i| window[i..i + 4] == FRAME_MAGIC && FrameHeader::parse(&window[i..]).is_some());
            if let Some(i) = hit {
                return Ok(Some(begin + i as u64));
            }
            begin += last as u64 + 1;
        }
        Ok(None)
    }

    /// Checks one whole frame and notes what it says.
    fn take(&mut self, at: u64, header: &FrameHeader, body: u64) -> Result<()> {
        if !frame::body_is_sound(&self.source, at, header)? {
            self.lose(at, FRAME_HEADER as u64 + body, "its checksum does not fit");
            return Ok(());
        }
        let Some(kind) = header.known_kind(self.source.path(), at)? else { return Ok(()) };
        match self.note(at, header, kind) {
            Err(Error::Corruption(reason)) => self.lose(at, FRAME_HEADER as u64 + body, &reason),
            other => other?,
        }
        Ok(())
    }

    fn note(&mut self, at: u64, header: &FrameHeader, kind: FrameKind) -> Result<()> {
        if header.meta_length as usize > MAX_META {
            return Err(Error::Corruption("its metadata is larger than the format allows".into()));
        }
        let body = at + FRAME_HEADER as u64;
        let meta = header.metadata(self.source.read(body, u64::from(header.meta_length))?)?;
        match kind {
            FrameKind::Run => self.run = Some(RunDescription::from_flat(&meta)?),
            FrameKind::StepAccepted => self.accepted.push(step_from_flat(&meta)?.0),
            FrameKind::StepComplete => self.complete.push(step_from_flat(&meta)?.0),
            FrameKind::StepDropped => self.dropped.push(step_from_flat(&meta)?),
            FrameKind::Block => self.blocks.push(block_from_flat(&meta, header.payload_length, at)?),
            FrameKind::Metrics => self.metrics.extend(metrics_from_flat(&meta)?),
            FrameKind::Options => {
                let text = self.source.read(body + u64::from(header.meta_length), header.payload_length)?;
                self.options = Some(String::from_utf8_lossy(&text).into_owned());
            }
            FrameKind::Segment | FrameKind::Mask | FrameKind::Index => {
                return Err(Error::Corruption("a frame of an archive stands in a journal".into()));
            }
            _ => return Err(Error::Corruption("a frame of a recording stands in a journal".into())),
        }
        Ok(())
    }

    /// The bytes of one of [`Journal::blocks`]; checked against their checksum once more.
    pub fn read_block(&self, entry: &BlockEntry) -> Result<BlockPayload> {
        let mut payload = frame::read(&self.source, entry.frame_offset, self.valid_length)?.payload;
        let length = usize::try_from(entry.payload_length).unwrap_or(usize::MAX);
        if payload.len() as u64 != entry.payload_length + entry.mask_length.unwrap_or(0) {
            return Err(Error::InvalidArgument("a block entry of another journal was asked for".into()));
        }
        let mask = payload.split_off(length);
        Ok(BlockPayload { payload, mask: entry.mask_length.map(|_| mask) })
    }

    /// The process that wrote it, from its file name.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Bytes up to the end of the last whole frame; where a writer continues.
    pub fn valid_length(&self) -> u64 {
        self.valid_length
    }

    /// What the run is about; None if that frame is not there yet or was lost.
    pub fn run(&self) -> Option<&RunDescription> {
        self.run.as_ref()
    }

    /// The options of the run as text, if they were written.
    pub fn options(&self) -> Option<&str> {
        self.options.as_deref()
    }

    /// Steps that were accepted, in file order.
    pub fn accepted(&self) -> &[StepStamp] {
        &self.accepted
    }

    /// Steps whose blocks of this process are all in the journal (durable), in file order.
    pub fn complete(&self) -> &[StepStamp] {
        &self.complete
    }

    /// Steps given up by policy and why, in file order.
    pub fn dropped(&self) -> &[(StepStamp, String)] {
        &self.dropped
    }

    /// Block frames in file order. A later frame of the same (step, variable, block) replaces an earlier one.
    pub fn blocks(&self) -> &[BlockEntry] {
        &self.blocks
    }

    /// Facts for people.
    pub fn metrics(&self) -> &[StepMetrics] {
        &self.metrics
    }

    /// What was ignored at the end.
    pub fn torn_tail(&self) -> Option<TornTail> {
        self.torn
    }

    /// What was damaged before the end, and left out.
    pub fn lost(&self) -> &[LostFrame] {
        &self.lost
    }
}
