//! Replacing and appending: an archive under its name is always whole.

use std::path::Path;

use limbeck_archive::{Archive, ArchiveWriter, Error, Segment, StepTable, TimeCoding};

use crate::fixture;

fn longer() -> StepTable {
    let mut steps = fixture::steps();
    steps.cycles.extend([90, 100]);
    steps.times.extend([2.125, 2.625]);
    steps
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_second_session_adds_segments() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    fixture::write_archive(&path);
    let before = Archive::open(&path).unwrap();

    let mut writer = ArchiveWriter::append_to(&path).unwrap();
    assert_eq!(writer.steps().len(), 4);
    writer.add_segment(Segment::distilled(0, 1, 4, 2), b"the next two steps").unwrap();
    writer.add_options("target.ratio = 500\n").unwrap();
    // Until it is finished the old archive stands, for those who open it and those who have it open.
    assert_eq!(Archive::open(&path).unwrap().steps().len(), 4);
    writer.finish(&longer(), TimeCoding::Compact).unwrap();

    let after = Archive::open(&path).unwrap();
    after.verify().unwrap();
    assert_eq!(after.steps(), &longer());
    assert_eq!(after.segments()[..4], before.segments()[..]);
    assert_eq!(after.read_segment(&after.segments()[4]).unwrap(), b"the next two steps");
    assert_eq!(after.read_segment(&after.segments()[0]).unwrap(), fixture::payload(0, 0, 77, 90));
    assert_eq!(after.read_mask(&after.masks()[0]).unwrap(), fixture::payload(9, 9, 9, 11));
    assert_eq!(after.options().unwrap().as_deref(), Some("target.ratio = 500\n"));
    assert_eq!(after.metrics().unwrap(), fixture::metrics());
    // A file that was open when it was replaced is still the old one.
    assert_eq!(before.read_segment(&before.segments()[0]).unwrap(), fixture::payload(0, 0, 77, 90));
    assert_eq!(files(directory.path()), ["run.lbk"]);
}

#[test]
fn giving_up_leaves_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    fixture::write_archive(&path);
    let bytes = std::fs::read(&path).unwrap();
    let mut writer = ArchiveWriter::append_to(&path).unwrap();
    writer.add_segment(Segment::distilled(0, 1, 4, 2), b"never seen").unwrap();
    drop(writer);
    let writer = ArchiveWriter::create(&path, &fixture::description()).unwrap();
    drop(writer);
    let refused = ArchiveWriter::append_to(&path).unwrap().finish(&StepTable::default(), TimeCoding::Compact);
    assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(files(directory.path()), ["run.lbk"]);
}

#[test]
fn damaged_archives_are_not_appended_to() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    fixture::write_archive(&path);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[16 + 28 + 5] ^= 4;
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(ArchiveWriter::append_to(&path), Err(Error::Corruption(_))));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn bad_segments_and_masks_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    let mut writer = ArchiveWriter::create(&path, &fixture::description()).unwrap();
    let mut boxed = Segment::distilled(0, 1, 0, 4);
    boxed.extent = Some((vec![0, 0, 3], vec![4, 4, 3]));
    for bad in [
        Segment::distilled(2, 1, 0, 4),
        Segment::distilled(0, 1, 0, 0),
        Segment::distilled(0, 1, u64::MAX, 2),
        Segment::step(0, 1, 0, 2, 0, None),
        Segment::step(0, 1, 1, 0, 0, Some(1)),
        boxed,
    ] {
        let refused = writer.add_segment(bad.clone(), b"");
        assert!(matches!(refused, Err(Error::InvalidArgument(_))), "{bad:?}");
    }
    assert!(matches!(writer.add_mask(0, 2, 0, b""), Err(Error::InvalidArgument(_))));
    writer.add_segment(Segment::distilled(0, 1, 0, 5), b"").unwrap();
    let refused = writer.finish(&fixture::steps(), TimeCoding::Compact);
    assert!(matches!(refused, Err(Error::InvalidArgument(_))), "a segment of five steps in a run of four");
    assert!(files(directory.path()).is_empty());
}

#[test]
fn unwritable_places() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("none").join("run.lbk");
    assert!(matches!(ArchiveWriter::create(&nowhere, &fixture::description()), Err(Error::Io { .. })));
    assert!(matches!(ArchiveWriter::create(directory.path(), &fixture::description()), Err(Error::InvalidArgument(_))));
    let unsound = limbeck_archive::RunDescription {
        attributes: vec![(String::new(), limbeck_archive::Attribute::Integer(1))],
        ..Default::default()
    };
    let refused = ArchiveWriter::create(&directory.path().join("run.lbk"), &unsound);
    assert!(matches!(refused, Err(Error::InvalidArgument(_))));
    assert!(files(directory.path()).is_empty());
}
