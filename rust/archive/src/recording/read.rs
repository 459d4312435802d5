//! Reading a recording, whole or torn.

use std::path::Path;
use std::time::Duration;

use super::{Answer, Call, Opening, values};
use crate::describe::RunDescription;
use crate::frame::{self, FRAME_HEADER, FileKind, Frame, FrameHeader, FrameKind, check_file_header, u32_at, u64_at};
use crate::journal::TornTail;
use crate::source::Source;
use crate::{Error, Result};

/// Bytes of a put's metadata.
const PUT: usize = 18;

/// One call of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// How long the host was away since the call before.
    pub gap: Duration,
    /// What it asked for.
    pub call: Call,
    /// What it was answered; None is plain success, or not known if the recording ends here.
    pub answer: Option<Answer>,
    /// Where its frame begins.
    offset: u64,
}

/// The recording of one process. Values stay in the file until they are asked for.
#[derive(Debug)]
pub struct Recording {
    source: Source,
    opening: Opening,
    calls: Vec<Recorded>,
    torn: Option<TornTail>,
}

impl Recording {
    /// Reads what a recording holds up to the length that it has now. It ends where the first frame is torn or damaged
    /// ([`Recording::torn_tail`]); damage within the values of a block is found by [`Recording::values`].
    ///
    /// Errors: Compatibility if it is not a recording, is of a newer format or contains a required frame unknown to
    /// this build; Corruption if its header is damaged; Truncated if it ends before its first call; Io.
    pub fn open(path: &Path) -> Result<Recording> {
        let source = Source::open(path)?;
        check_file_header(&source, FileKind::Recording)?;
        let end = source.length();
        let mut at = frame::FILE_HEADER as u64;
        let mut opening = None;
        let mut calls: Vec<Recorded> = Vec::new();
        while let Some(header) = next_header(&source, at, end)? {
            let length = FRAME_HEADER as u64 + header.body_length().unwrap_or(0);
            let kind = header.known_kind(path, at)?;
            let taken = match (kind, &opening) {
                (None, _) => Ok(()),
                (Some(FrameKind::Opening), None) => read_opening(&source, at).map(|o| opening = Some(o)),
                (Some(FrameKind::Outcome), Some(_)) => read_answer(&source, at).map(|answer| {
                    if let Some(last) = calls.last_mut() {
                        last.answer = Some(answer);
                    }
                }),
                (Some(kind), Some(_)) => read_call(&source, at, kind, &header).map(|(gap, call)| {
                    calls.push(Recorded { gap, call, answer: None, offset: at });
                }),
                (Some(_), None) => Err(Error::Corruption("it does not begin with its opening".into())),
            };
            match taken {
                Ok(()) => at += length,
                // What follows a damaged frame cannot be told from what came before.
                Err(Error::Corruption(_)) => break,
                Err(e) => return Err(e),
            }
        }
        let opening = opening
            .ok_or_else(|| Error::Truncated(format!("{} ends before its session was opened", path.display())))?;
        let torn = (at < end).then_some(TornTail { offset: at, bytes: end - at });
        Ok(Recording { source, opening, calls, torn })
    }

    /// How the session was opened.
    pub fn opening(&self) -> &Opening {
        &self.opening
    }

    /// The calls in their order.
    pub fn calls(&self) -> &[Recorded] {
        &self.calls
    }

    /// What was defined when the session was committed; None if it never was.
    pub fn run(&self) -> Option<&RunDescription> {
        self.calls.iter().find_map(|c| match &c.call {
            Call::Commit { run, .. } => Some(run),
            _ => None,
        })
    }

    /// The values of a put in C order, little-endian.
    ///
    /// Errors: InvalidArgument if `call` is not a put of this recording; Corruption if its frame is damaged or does not
    /// fit the definitions; Io.
    pub fn values(&self, call: &Recorded) -> Result<Vec<u8>> {
        let Call::Put { variable, block } = call.call else {
            return Err(Error::InvalidArgument("values were asked for of a call that has none".into()));
        };
        let path = self.path().display();
        let place = self.run().and_then(|r| r.variables.get(variable as usize)).and_then(|v| {
            let mut counts = v.blocks.get(block as usize)?.count.iter();
            let size = usize::from(v.element_type);
            Some((v.element_type, counts.try_fold(size, |n, &c| n.checked_mul(usize::try_from(c).ok()?))?))
        });
        let (size, length) = place.ok_or_else(|| {
            Error::Corruption(format!(
                "{path} has values of block {block} of variable {variable}, which is not defined"
            ))
        })?;
        let Frame { meta, payload, .. } = frame::read(&self.source, call.offset, self.source.length())?;
        if meta.len() != PUT || (u32_at(&meta, 8), u32_at(&meta, 12), meta[16]) != (variable, block, size) {
            return Err(Error::Corruption(format!("the frame at byte {} of {path} is not what it was", call.offset)));
        }
        values::unpack(meta[17], size, payload, length)
    }

    /// The recording's file.
    pub fn path(&self) -> &Path {
        self.source.path()
    }

    /// Bytes of the recording.
    pub fn file_bytes(&self) -> u64 {
        self.source.length()
    }

    /// What was ignored at the end.
    pub fn torn_tail(&self) -> Option<TornTail> {
        self.torn
    }
}

/// None where no whole frame with a sound header begins.
fn next_header(source: &Source, at: u64, end: u64) -> Result<Option<FrameHeader>> {
    if end - at < FRAME_HEADER as u64 {
        return Ok(None);
    }
    let room = end - at - FRAME_HEADER as u64;
    let header = FrameHeader::parse(&source.read(at, FRAME_HEADER as u64)?);
    Ok(header.filter(|h| h.body_length().is_some_and(|n| n <= room)))
}

fn read_opening(source: &Source, at: u64) -> Result<Opening> {
    let Frame { meta, payload, .. } = frame::read(source, at, source.length())?;
    if meta.len() != 24 {
        return Err(Error::Corruption("the opening of a recording has another length".into()));
    }
    let (version, path) = (u32_at(&meta, 16) as usize, u32_at(&meta, 20) as usize);
    let parts = payload.split_at_checked(version).and_then(|(v, rest)| Some((v, rest.split_at_checked(path)?)));
    let Some((version, (path, options))) = parts else {
        return Err(Error::Corruption("the texts of a recording's opening end too early".into()));
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Opening {
        limbeck_version: text(version),
        rank: u32_at(&meta, 0),
        ranks: u32_at(&meta, 4),
        began: Duration::from_nanos(u64_at(&meta, 8)),
        path: text(path),
        options: text(options),
    })
}

fn read_answer(source: &Source, at: u64) -> Result<Answer> {
    let Frame { meta, payload, .. } = frame::read(source, at, source.length())?;
    let text = String::from_utf8_lossy(&payload).into_owned();
    match meta[..] {
        [1] => Ok(Answer::Dropped),
        [2] => Ok(Answer::Degraded(text)),
        [3] => Ok(Answer::Refused(text)),
        _ => Err(Error::Corruption("a recording has an answer of unknown kind".into())),
    }
}

fn read_call(source: &Source, at: u64, kind: FrameKind, header: &FrameHeader) -> Result<(Duration, Call)> {
    let damaged = || Error::Corruption(format!("the frame at byte {at} of {} is damaged", source.path().display()));
    if kind == FrameKind::Put {
        // The values may be large: they are read, and checked, when they are asked for.
        if header.meta_length as usize != PUT {
            return Err(damaged());
        }
        let meta = source.read(at + FRAME_HEADER as u64, PUT as u64)?;
        return Ok((
            Duration::from_nanos(u64_at(&meta, 0)),
            Call::Put { variable: u32_at(&meta, 8), block: u32_at(&meta, 12) },
        ));
    }
    let Frame { meta, payload, .. } = frame::read(source, at, source.length())?;
    let gap = |bytes: &[u8]| Duration::from_nanos(u64_at(bytes, 0));
    let bare = |call| if meta.len() == 8 { Ok((gap(&meta), call)) } else { Err(damaged()) };
    match kind {
        FrameKind::Commit => {
            let run = RunDescription::from_flat(&meta)?;
            let rows: Vec<usize> = run.variables.iter().flat_map(|v| vec![v.shape.len(); v.blocks.len()]).collect();
            if payload.len() != 8 + 8 * rows.iter().sum::<usize>() {
                return Err(damaged());
            }
            let mut numbers = payload[8..].chunks_exact(8).map(|b| u64_at(b, 0) as i64);
            let strides = rows.iter().map(|&axes| numbers.by_ref().take(axes).collect()).collect();
            Ok((gap(&payload), Call::Commit { run, strides }))
        }
        FrameKind::StepBegin if meta.len() == 24 => {
            let call = Call::StepBegin { cycle: u64_at(&meta, 8) as i64, time: f64::from_bits(u64_at(&meta, 16)) };
            Ok((gap(&meta), call))
        }
        FrameKind::StepEnd => bare(Call::StepEnd),
        FrameKind::StepCancel => bare(Call::StepCancel),
        FrameKind::Close => bare(Call::Close),
        _ => Err(damaged()),
    }
}
