//! Files of every format version, kept in `tests/golden/` of the repository: what was written once is read for ever.
//!
//! `cargo test -p limbeck-archive --test container golden -- --ignored` writes those of the present version; a
//! difference to those that are there is a change of the format.

use std::path::{Path, PathBuf};

use limbeck_archive::{Archive, UnfinishedRun};

use crate::fixture;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/v1")
}

fn written(directory: &Path) -> PathBuf {
    let path = directory.join("run.lbk");
    fixture::write_archive(&path);
    fixture::write_journal(&path);
    path
}

#[test]
fn the_archive_is_read() {
    let archive = Archive::open(&golden().join("archive.bin")).unwrap();
    archive.verify().unwrap();
    assert_eq!(archive.run(), &fixture::description());
    assert_eq!(archive.steps(), &fixture::steps());
    assert_eq!(archive.metrics().unwrap(), fixture::metrics());
    // Compared as text with one written now: places in the file and all payloads included.
    let directory = tempfile::tempdir().unwrap();
    let now = Archive::open(&written(directory.path())).unwrap();
    assert_eq!(fixture::everything_in(&archive).unwrap(), fixture::everything_in(&now).unwrap());
}

#[test]
fn the_journal_is_read() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::copy(golden().join("journal.bin"), directory.path().join("journal-00000.lbj")).unwrap();
    let run = UnfinishedRun::open(directory.path()).unwrap();
    assert_eq!(run.run(), &fixture::description());
    assert_eq!((run.lost().count(), run.torn_tails().count()), (0, 0));
    let durable = fixture::durable_steps_of(&run);
    assert_eq!(durable.iter().map(|d| d.0.step).collect::<Vec<_>>(), [0, 1, 3]);
    for (stamp, blocks) in &durable {
        let payload = |b: usize| &blocks[b].as_ref().unwrap().0;
        assert_eq!(payload(0), &fixture::payload(0, 0, stamp.step, 40));
        assert_eq!(payload(1), &fixture::payload(0, 1, stamp.step, 40));
        assert_eq!(payload(2), &fixture::payload(1, 0, stamp.step, 8));
    }
    assert_eq!(durable[1].1[1].as_ref().unwrap().1, Some(fixture::payload(9, 9, 9, 11)));
}

#[test]
fn the_journal_is_written_byte_for_byte_as_ever() {
    let directory = tempfile::tempdir().unwrap();
    let journal = fixture::write_journal(&directory.path().join("run.lbk"));
    assert_eq!(std::fs::read(journal).unwrap(), std::fs::read(golden().join("journal.bin")).unwrap());
}

#[test]
fn a_second_reader_agrees() {
    let script = golden().join("../../second_reader.py");
    let output = match std::process::Command::new("python3").arg(&script).arg("--check").output() {
        Ok(output) if output.status.code() == Some(77) => return eprintln!("not compared: Python has no zstd here"),
        Ok(output) => output,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return eprintln!("not compared: there is no python3 here");
        }
        Err(e) => panic!("{e}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
#[ignore = "writes the golden files of the present format version"]
fn write() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path());
    std::fs::create_dir_all(golden()).unwrap();
    std::fs::copy(&path, golden().join("archive.bin")).unwrap();
    let journal = limbeck_archive::journal_path(&limbeck_archive::journal_directory(&path), 0);
    std::fs::copy(journal, golden().join("journal.bin")).unwrap();
}
