//! Frames: what journals and archives are made of. Byte tables stand in docs/format.md.

use crate::schema::MAX_META;
use crate::source::Source;
use crate::{Error, Result};

/// Version of the format that this build writes, and the newest that it reads.
pub const FORMAT_VERSION: u16 = 1;

pub(crate) const FILE_MAGIC: [u8; 8] = [0x89, b'L', b'B', b'K', b'\r', b'\n', 0x1a, b'\n'];
pub(crate) const FILE_HEADER: usize = 16;
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"LBKF";
pub(crate) const FRAME_HEADER: usize = 28;

const FLAG_REQUIRED: u8 = 1;
const FLAG_ZSTD: u8 = 2;
const CHECKSUM_CRC32C: u8 = 1;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FileKind {
    Journal = 1,
    Archive = 2,
    Recording = 3,
}

impl FileKind {
    fn name(number: u8) -> String {
        match number {
            1 => "a limbeck journal".into(),
            2 => "a limbeck archive".into(),
            3 => "a limbeck recording".into(),
            n => format!("a limbeck file of unknown kind {n}"),
        }
    }
}

/// What a frame holds. The numbers are part of the format and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    Run = 1,
    StepAccepted = 2,
    Block = 3,
    StepComplete = 4,
    StepDropped = 5,
    Metrics = 6,
    Options = 7,
    Segment = 16,
    Mask = 17,
    Index = 18,
    Opening = 32,
    Commit = 33,
    StepBegin = 34,
    Put = 35,
    StepEnd = 36,
    StepCancel = 37,
    Close = 38,
    Outcome = 39,
}

impl FrameKind {
    pub(crate) fn from_number(n: u8) -> Option<FrameKind> {
        use FrameKind::*;
        let journal = [Run, StepAccepted, Block, StepComplete, StepDropped, Metrics, Options];
        let archive = [Segment, Mask, Index];
        let recording = [Opening, Commit, StepBegin, Put, StepEnd, StepCancel, Close, Outcome];
        journal.into_iter().chain(archive).chain(recording).find(|k| *k as u8 == n)
    }

    /// A reader that does not know the kind must refuse the file.
    pub(crate) fn required(self) -> bool {
        !matches!(self, FrameKind::Metrics | FrameKind::Options | FrameKind::Outcome)
    }
}

/// The first bytes of a file.
pub(crate) fn file_header(kind: FileKind) -> [u8; FILE_HEADER] {
    let mut h = [0; FILE_HEADER];
    h[..8].copy_from_slice(&FILE_MAGIC);
    h[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    h[10] = kind as u8;
    let crc = crc32c::crc32c(&h[..12]);
    h[12..].copy_from_slice(&crc.to_le_bytes());
    h
}

/// Checks the first bytes of a file.
pub(crate) fn check_file_header(source: &Source, kind: FileKind) -> Result<()> {
    let path = source.path().display();
    let n = source.length().min(FILE_HEADER as u64);
    let h = source.read(0, n)?;
    let known = h.len().min(8);
    if h[..known] != FILE_MAGIC[..known] {
        return Err(Error::Compatibility(format!("{path} is not a limbeck file")));
    }
    if h.len() < FILE_HEADER {
        return Err(Error::Truncated(format!("{path} has {n} bytes and ends within its header")));
    }
    if crc32c::crc32c(&h[..12]) != u32_at(&h, 12) {
        return Err(Error::Corruption(format!("the header of {path} is damaged: its checksum does not fit")));
    }
    let version = u16::from_le_bytes([h[8], h[9]]);
    if version > FORMAT_VERSION || version == 0 {
        return Err(Error::Compatibility(format!(
            "{path} is in format version {version}, and this build of limbeck reads up to version {FORMAT_VERSION}: \
             read it with a newer limbeck"
        )));
    }
    if h[10] != kind as u8 {
        return Err(Error::Compatibility(format!(
            "{path} is {}, not {}",
            FileKind::name(h[10]),
            FileKind::name(kind as u8)
        )));
    }
    if h[11] != 0 {
        return Err(Error::Compatibility(format!(
            "{path} uses a feature (flags {:#04x}) that this build of limbeck does not know: read it with a newer limbeck",
            h[11]
        )));
    }
    Ok(())
}

/// The header of a frame, checked against its own checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) kind: u8,
    pub(crate) required: bool,
    compressed: bool,
    understood: bool,
    pub(crate) meta_length: u32,
    pub(crate) payload_length: u64,
    body_crc: u32,
}

impl FrameHeader {
    /// None if these bytes are no frame header or a damaged one.
    pub(crate) fn parse(h: &[u8]) -> Option<FrameHeader> {
        let h = h.get(..FRAME_HEADER)?;
        if h[..4] != FRAME_MAGIC || crc32c::crc32c(&h[..24]) != u32_at(h, 24) {
            return None;
        }
        Some(FrameHeader {
            kind: h[4],
            required: h[5] & FLAG_REQUIRED != 0,
            compressed: h[5] & FLAG_ZSTD != 0,
            understood: h[5] & !(FLAG_REQUIRED | FLAG_ZSTD) == 0 && h[6] == CHECKSUM_CRC32C && h[7] == 0,
            meta_length: u32_at(h, 8),
            payload_length: u64_at(h, 12),
            body_crc: u32_at(h, 20),
        })
    }

    /// Bytes of metadata and payload; None if the sum is beyond any file.
    pub(crate) fn body_length(&self) -> Option<u64> {
        u64::from(self.meta_length).checked_add(self.payload_length)
    }

    /// Refuses a required frame whose flags, checksum or kind this build does not know; Ok(None) for an optional one.
    pub(crate) fn known_kind(&self, path: &std::path::Path, offset: u64) -> Result<Option<FrameKind>> {
        let kind = FrameKind::from_number(self.kind).filter(|_| self.understood);
        if kind.is_none() && self.required {
            return Err(Error::Compatibility(format!(
                "the frame at byte {offset} of {} (kind {}) is required to read the file and unknown to this build of \
                 limbeck: read it with a newer limbeck",
                path.display(),
                self.kind
            )));
        }
        Ok(kind)
    }

    /// The flatbuffer out of the stored metadata, decompressed if need be. The checksum was verified.
    pub(crate) fn metadata(&self, mut stored: Vec<u8>) -> Result<Vec<u8>> {
        if !self.compressed {
            return if stored.len() <= MAX_META { Ok(stored) } else { Err(oversized(stored.len())) };
        }
        if stored.len() < 4 {
            return Err(Error::Corruption("compressed metadata of a frame has no length".into()));
        }
        let length = u32_at(&stored, 0) as usize;
        if length > MAX_META || length > max_decompressed(stored.len()) {
            return Err(oversized(length));
        }
        let packed = stored.split_off(4);
        let bytes = zstd::bulk::decompress(&packed, length)
            .map_err(|e| Error::Corruption(format!("metadata of a frame cannot be decompressed: {e}")))?;
        if bytes.len() != length {
            return Err(Error::Corruption("metadata of a frame has another length than it claims".into()));
        }
        Ok(bytes)
    }
}

fn oversized(length: usize) -> Error {
    Error::Corruption(format!("metadata of a frame claims {length} bytes, more than the format allows"))
}

/// The format's bound on what a frame's compressed metadata may expand to, so that a small file stays small in memory.
fn max_decompressed(stored: usize) -> usize {
    stored.saturating_mul(256).saturating_add(1 << 16)
}

/// A whole frame as bytes. `compress`: put the metadata through zstd if that makes it smaller.
pub(crate) fn encode(kind: FrameKind, meta: &[u8], payload: &[&[u8]], compress: bool) -> Result<Vec<u8>> {
    let packed = if compress { pack(meta)? } else { None };
    let stored = packed.as_deref().unwrap_or(meta);
    let payload_length: usize = payload.iter().map(|p| p.len()).sum();
    let mut bytes = Vec::with_capacity(FRAME_HEADER + stored.len() + payload_length);
    bytes.extend(header(kind, packed.is_some(), stored, payload));
    bytes.extend_from_slice(stored);
    payload.iter().for_each(|p| bytes.extend_from_slice(p));
    Ok(bytes)
}

/// The header of a frame whose body is `stored`, the metadata as it is stored, followed by `payload`.
pub(crate) fn header(kind: FrameKind, packed: bool, stored: &[u8], payload: &[&[u8]]) -> [u8; FRAME_HEADER] {
    let body_crc = payload.iter().fold(crc32c::crc32c(stored), |crc, p| crc32c::crc32c_append(crc, p));
    let payload_length: usize = payload.iter().map(|p| p.len()).sum();
    let mut h = [0; FRAME_HEADER];
    h[..4].copy_from_slice(&FRAME_MAGIC);
    h[4] = kind as u8;
    h[5] = (u8::from(kind.required()) * FLAG_REQUIRED) | (u8::from(packed) * FLAG_ZSTD);
    h[6] = CHECKSUM_CRC32C;
    h[8..12].copy_from_slice(&(stored.len() as u32).to_le_bytes());
    h[12..20].copy_from_slice(&(payload_length as u64).to_le_bytes());
    h[20..24].copy_from_slice(&body_crc.to_le_bytes());
    let crc = crc32c::crc32c(&h[..24]);
    h[24..].copy_from_slice(&crc.to_le_bytes());
    h
}

fn pack(meta: &[u8]) -> Result<Option<Vec<u8>>> {
    use zstd::zstd_safe::CParameter;
    let packed = (|| {
        let mut c = zstd::bulk::Compressor::new(19)?;
        c.set_parameter(CParameter::ContentSizeFlag(false))?;
        c.set_parameter(CParameter::ChecksumFlag(false))?;
        c.compress(meta)
    })()
    .map_err(|e| Error::Io { context: "cannot compress metadata".into(), source: e })?;
    let stored = 4 + packed.len();
    if stored >= meta.len() || meta.len() > max_decompressed(stored) {
        return Ok(None);
    }
    Ok(Some([&(meta.len() as u32).to_le_bytes()[..], &packed].concat()))
}

pub(crate) fn u32_at(b: &[u8], i: usize) -> u32 {
    u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]])
}

pub(crate) fn u64_at(b: &[u8], i: usize) -> u64 {
    u64::from(u32_at(b, i)) | u64::from(u32_at(b, i + 4)) << 32
}

/// A frame read whole from its place and checked.
pub(crate) struct Frame {
    pub(crate) header: FrameHeader,
    pub(crate) meta: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

/// Reads the header of the frame at `offset`, which must end at or before `end`.
fn header_at(source: &Source, offset: u64, end: u64) -> Result<FrameHeader> {
    let path = source.path().display();
    if end > source.length() || end.checked_sub(offset).is_none_or(|room| room < FRAME_HEADER as u64) {
        return Err(Error::Truncated(format!("{path} has no room for a frame at byte {offset}")));
    }
    let header = FrameHeader::parse(&source.read(offset, FRAME_HEADER as u64)?)
        .ok_or_else(|| Error::Corruption(format!("the frame header at byte {offset} of {path} is damaged")))?;
    let room = end - offset - FRAME_HEADER as u64;
    if header.body_length().is_none_or(|n| n > room) {
        return Err(Error::Truncated(format!("the frame at byte {offset} of {path} claims more bytes than there are")));
    }
    Ok(header)
}

/// The checksum of a frame's body, read in small parts.
pub(crate) fn body_is_sound(source: &Source, offset: u64, header: &FrameHeader) -> Result<bool> {
    const PART: u64 = 1 << 20;
    let body = header.body_length().unwrap_or(0);
    let mut buffer = vec![0; body.min(PART) as usize];
    let (mut crc, mut done) = (0, 0);
    while done < body {
        let part = &mut buffer[..(body - done).min(PART) as usize];
        source.fill(offset + FRAME_HEADER as u64 + done, part)?;
        crc = crc32c::crc32c_append(crc, part);
        done += part.len() as u64;
    }
    Ok(crc == header.body_crc)
}

fn damaged(source: &Source, offset: u64) -> Error {
    let path = source.path().display();
    Error::Corruption(format!("the frame at byte {offset} of {path} is damaged: its checksum does not fit"))
}

/// Checks a frame without keeping its body.
pub(crate) fn check(source: &Source, offset: u64, end: u64) -> Result<FrameHeader> {
    let header = header_at(source, offset, end)?;
    if body_is_sound(source, offset, &header)? { Ok(header) } else { Err(damaged(source, offset)) }
}

/// Reads and checks the frame at `offset`, which must end at or before `end`.
pub(crate) fn read(source: &Source, offset: u64, end: u64) -> Result<Frame> {
    let header = header_at(source, offset, end)?;
    let mut body = source.read(offset + FRAME_HEADER as u64, header.body_length().unwrap_or(0))?;
    if crc32c::crc32c(&body) != header.body_crc {
        return Err(damaged(source, offset));
    }
    let payload = body.split_off(header.meta_length as usize);
    Ok(Frame { header, meta: header.metadata(body)?, payload })
}
