//! Files whose checksums all fit and whose metadata is nonsense: whoever made them, nothing panics, nothing is read
//! beyond the file, and memory stays in proportion to it.

use std::path::Path;

use limbeck_archive::{Archive, UnfinishedRun, journal_directory, journal_path};
use proptest::prelude::*;

use crate::fixture;

const FILE_HEADER: usize = 16;
const FRAME_HEADER: usize = 28;

fn u32_at(b: &[u8], at: usize) -> usize {
    u32::from_le_bytes(b[at..at + 4].try_into().unwrap()) as usize
}

/// Kind, metadata (expanded) and payload of every frame.
fn frames(file: &[u8], end: usize) -> Vec<(u8, Vec<u8>, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut at = FILE_HEADER;
    while at < end {
        let (kind, flags) = (file[at + 4], file[at + 5]);
        let (m, p) = (u32_at(file, at + 8), u32_at(file, at + 12));
        let body = &file[at + FRAME_HEADER..at + FRAME_HEADER + m + p];
        let meta = match flags & 2 {
            0 => body[..m].to_vec(),
            _ => zstd::bulk::decompress(&body[4..m], u32_at(body, 0)).unwrap(),
        };
        frames.push((kind, meta, body[m..].to_vec()));
        at += FRAME_HEADER + m + p;
    }
    frames
}

/// A frame whose checksums fit.
fn sealed(kind: u8, meta: &[u8], payload: &[u8]) -> Vec<u8> {
    let body = [meta, payload].concat();
    let mut frame = b"LBKF".to_vec();
    frame.extend([kind, 1, 1, 0]);
    frame.extend((meta.len() as u32).to_le_bytes());
    frame.extend((payload.len() as u64).to_le_bytes());
    frame.extend(crc32c::crc32c(&body).to_le_bytes());
    frame.extend(crc32c::crc32c(&frame).to_le_bytes());
    frame.extend(body);
    frame
}

fn archive_of(header: &[u8], frames: &[(u8, Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut file = header.to_vec();
    let mut index = 0;
    for (kind, meta, payload) in frames {
        index = file.len() as u64;
        file.extend(sealed(*kind, meta, payload));
    }
    let mut trailer = index.to_le_bytes().to_vec();
    let crc = crc32c::crc32c(&[trailer.as_slice(), b"LBKE"].concat());
    trailer.extend(crc.to_le_bytes());
    trailer.extend(b"LBKE");
    [file, trailer].concat()
}

fn change(bytes: &mut [u8], changes: &[(prop::sample::Index, u8)]) {
    for (at, value) in changes.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
}

/// Bytes that mean something in a flatbuffer come more often than others.
fn value() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), Just(0), Just(1), Just(4), Just(0x7f), Just(0x80), Just(0xff)]
}

fn changes() -> impl Strategy<Value = Vec<(prop::sample::Index, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), value()), 1..6)
}

fn original(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1").join(name);
    std::fs::read(path).unwrap()
}

#[test]
fn frames_are_taken_apart_and_put_together() {
    let whole = original("archive.bin");
    let parts = frames(&whole, whole.len() - 16);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    std::fs::write(&path, archive_of(&whole[..FILE_HEADER], &parts)).unwrap();
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.run(), &fixture::description());
    assert_eq!(archive.read_segment(&archive.segments()[0]).unwrap(), fixture::payload(0, 0, 77, 90));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_index_of_nonsense(changes in changes()) {
        let whole = original("archive.bin");
        let mut parts = frames(&whole, whole.len() - 16);
        change(&mut parts.last_mut().unwrap().1, &changes);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.lbk");
        std::fs::write(&path, archive_of(&whole[..FILE_HEADER], &parts)).unwrap();
        if let Ok(archive) = Archive::open(&path) {
            // What is accepted is sound: others index and allocate by it.
            let (run, steps) = (archive.run(), archive.steps().len() as u64);
            prop_assert!(run.fault().is_none());
            prop_assert_eq!(archive.steps().times.len() as u64, steps);
            for s in archive.segments() {
                prop_assert!((s.variable as usize) < run.variables.len());
                prop_assert!(s.step_count > 0 && s.first_step + s.step_count <= steps);
            }
            let _ = fixture::everything_in(&archive);
            let _ = archive.verify();
        }
    }

    #[test]
    fn a_journal_of_nonsense(frame in any::<prop::sample::Index>(), changes in changes()) {
        let whole = original("journal.bin");
        let mut parts = frames(&whole, whole.len());
        let frame = frame.index(parts.len());
        change(&mut parts[frame].1, &changes);
        let mut bytes = whole[..FILE_HEADER].to_vec();
        parts.iter().for_each(|(kind, meta, payload)| bytes.extend(sealed(*kind, meta, payload)));
        let directory = tempfile::tempdir().unwrap();
        let run = journal_directory(&directory.path().join("run.lbk"));
        std::fs::create_dir(&run).unwrap();
        std::fs::write(journal_path(&run, 0), bytes).unwrap();
        if let Ok(opened) = UnfinishedRun::open(&run) {
            prop_assert!(opened.run().fault().is_none());
            for b in opened.newest_blocks() {
                let v = &opened.run().variables[b.variable as usize];
                prop_assert!((b.block as usize) < v.blocks.len());
                let _ = opened.read_block(b);
                let _ = opened.base(b);
            }
            let _ = fixture::durable_steps_of(&opened);
        }
    }
}
