//! Archives cut at every byte, with every bit flipped, of other kinds and of newer versions: a clear error, no panic,
//! and never other contents than those that were written.

use std::path::Path;

use crate::fixture;
use limbeck_archive::{Archive, Error};

fn read_all(path: &Path) -> Result<String, Error> {
    let archive = Archive::open(path)?;
    archive.verify()?;
    fixture::everything_in(&archive)
}

struct Damaged {
    directory: tempfile::TempDir,
    whole: Vec<u8>,
    contents: String,
}

impl Damaged {
    fn new() -> Damaged {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.lbk");
        fixture::write_archive(&path);
        let contents = read_all(&path).unwrap();
        Damaged { whole: std::fs::read(&path).unwrap(), directory, contents }
    }

    fn read(&self, bytes: &[u8]) -> Result<String, Error> {
        let path = self.directory.path().join("damaged.lbk");
        std::fs::write(&path, bytes).unwrap();
        read_all(&path)
    }
}

#[test]
fn cut_at_every_byte() {
    let d = Damaged::new();
    let path = d.directory.path().join("damaged.lbk");
    let file = fixture::writable(&path, &d.whole);
    for n in (0..d.whole.len()).rev() {
        file.set_len(n as u64).unwrap();
        let error = read_all(&path).expect_err("a cut archive is not whole");
        assert!(matches!(error, Error::Truncated(_)), "{n} bytes: {error}");
    }
}

#[test]
fn every_bit_flipped() {
    let d = Damaged::new();
    let path = d.directory.path().join("damaged.lbk");
    let mut file = fixture::writable(&path, &d.whole);
    for bit in 0..d.whole.len() as u64 * 8 {
        fixture::flip(&mut file, bit);
        let error = read_all(&path).expect_err("every bit is under a checksum");
        fixture::flip(&mut file, bit);
        let clear = matches!(error, Error::Truncated(_) | Error::Corruption(_) | Error::Compatibility(_));
        assert!(clear, "bit {bit}: {error}");
        assert!(error.to_string().contains("damaged.lbk"), "bit {bit}: {error}");
    }
    assert_eq!(read_all(&path).unwrap(), d.contents);
}

#[test]
fn a_damaged_payload_leaves_the_others_readable() {
    let d = Damaged::new();
    let mut bytes = d.whole.clone();
    // The first frame is the distilled segment: header of 28 bytes behind the file header of 16.
    bytes[16 + 28 + 5] ^= 4;
    let path = d.directory.path().join("damaged.lbk");
    std::fs::write(&path, bytes).unwrap();
    let archive = Archive::open(&path).unwrap();
    assert!(matches!(archive.read_segment(&archive.segments()[0]), Err(Error::Corruption(_))));
    assert_eq!(archive.read_segment(&archive.segments()[1]).unwrap(), fixture::payload(1, 0, 0, 8));
    assert_eq!(archive.metrics().unwrap(), fixture::metrics());
}

#[test]
fn bytes_behind_the_end_are_noticed() {
    let d = Damaged::new();
    for extra in [1, 16, 5000] {
        let error = d.read(&[d.whole.as_slice(), &vec![0; extra]].concat()).unwrap_err();
        assert!(matches!(error, Error::Truncated(_) | Error::Corruption(_)), "{error}");
    }
}

#[test]
fn foreign_files() {
    let d = Damaged::new();
    assert!(matches!(d.read(b""), Err(Error::Truncated(_))));
    for foreign in [&b"\x93NUMPY\x01\x00 and so on"[..], b"x", &[0; 4096], b"# vtk DataFile Version 3.0\n"] {
        let error = d.read(foreign).unwrap_err();
        assert!(
            matches!(error, Error::Compatibility(_)) && error.to_string().contains("not a limbeck file"),
            "{error}"
        );
    }
    let journal = fixture::write_journal(&d.directory.path().join("run.lbk"));
    let error = Archive::open(&journal).unwrap_err();
    assert!(matches!(error, Error::Compatibility(_)) && error.to_string().contains("a limbeck journal"), "{error}");
    assert!(matches!(Archive::open(&d.directory.path().join("none.lbk")), Err(Error::Io { .. })));
    assert!(matches!(Archive::open(d.directory.path()), Err(Error::InvalidArgument(_))));
}

/// Rewrites the checksum of the file header.
fn reseal(bytes: &mut [u8]) {
    let crc = crc32c::crc32c(&bytes[..12]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn newer_versions_are_refused_with_a_sentence() {
    let d = Damaged::new();
    let mut newer = d.whole.clone();
    newer[8] = 2;
    reseal(&mut newer);
    let error = d.read(&newer).unwrap_err();
    assert!(matches!(error, Error::Compatibility(_)), "{error}");
    assert!(error.to_string().contains("version 2") && error.to_string().contains("newer limbeck"), "{error}");
    let mut feature = d.whole.clone();
    feature[11] = 1;
    reseal(&mut feature);
    assert!(matches!(d.read(&feature), Err(Error::Compatibility(_))));
}

/// Gives the frame at `at` another kind and flags, and seals it again.
fn relabel(bytes: &mut [u8], at: usize, kind: u8, required: bool) {
    bytes[at + 4] = kind;
    bytes[at + 5] = u8::from(required);
    let crc = crc32c::crc32c(&bytes[at..at + 24]);
    bytes[at + 24..at + 28].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn unknown_frames_are_skipped_or_refused() {
    let d = Damaged::new();
    let options = d.whole.windows(12).position(|w| w == b"target.ratio").unwrap() - 28;
    let path = d.directory.path().join("damaged.lbk");
    let open = |required: bool| {
        let mut bytes = d.whole.clone();
        relabel(&mut bytes, options, 200, required);
        std::fs::write(&path, bytes).unwrap();
        let archive = Archive::open(&path).unwrap();
        (archive.verify(), archive.read_segment(&archive.segments()[0]))
    };
    let (verified, segment) = open(false);
    verified.unwrap();
    assert_eq!(segment.unwrap(), fixture::payload(0, 0, 77, 90));
    let error = open(true).0.unwrap_err();
    assert!(matches!(error, Error::Compatibility(_)) && error.to_string().contains("newer limbeck"), "{error}");
}

#[test]
fn huge_claims_allocate_nothing() {
    let d = Damaged::new();
    // A payload, metadata and an index offset of almost 2^64 bytes, each under a checksum that fits.
    for (field, value) in [(8, u64::from(u32::MAX)), (12, u64::MAX), (12, u64::MAX - 28), (12, 1 << 40)] {
        let mut bytes = d.whole.clone();
        let width = if field == 8 { 4 } else { 8 };
        bytes[16 + field..16 + field + width].copy_from_slice(&value.to_le_bytes()[..width]);
        let crc = crc32c::crc32c(&bytes[16..40]);
        bytes[40..44].copy_from_slice(&crc.to_le_bytes());
        assert!(matches!(d.read(&bytes), Err(Error::Truncated(_) | Error::Corruption(_))));
    }
    let end = d.whole.len();
    for offset in [u64::MAX, 1 << 50, end as u64, 0] {
        let mut bytes = d.whole.clone();
        bytes[end - 16..end - 8].copy_from_slice(&offset.to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[end - 16..end - 8]), &bytes[end - 4..]);
        bytes[end - 8..end - 4].copy_from_slice(&crc.to_le_bytes());
        assert!(matches!(d.read(&bytes), Err(Error::Truncated(_) | Error::Corruption(_))));
    }
}
