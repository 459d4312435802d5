//! Runs that are opened again: appended to, replaced, refused.

mod session_support;

use std::path::Path;
use std::time::Duration;

use limbeck_archive::{Archive, UnfinishedRun, journal_directory, journal_path};
use limbeck_session::ranks::Alone;
use limbeck_session::{Communicator, ElementType, Error, Outcome, Session, distil_run_with_method};
use session_support::{Rounding, config, feed, session};

const SHAPE: [usize; 3] = [4, 8, 8];
const NEVER: (&str, &str) = ("distil.when", "never");
const APPEND: (&str, &str) = ("open.mode", "append");

fn fed(path: &Path, set: &[(&str, &str)], cycles: std::ops::Range<i64>) -> limbeck_session::CloseReport {
    let (mut s, _, b, _) = session(path, set, &SHAPE);
    cycles.for_each(|c| assert_ne!(feed(&mut s, b, &SHAPE, c), Outcome::Dropped));
    s.close().unwrap()
}

fn refusal(path: &Path, set: &[(&str, &str)]) -> Error {
    Session::open_with_method(path, &config(set), Communicator::None, Rounding::controlled().0).err().unwrap()
}

#[test]
fn a_run_that_exists_is_refused_and_the_message_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    fed(&path, &[NEVER], 0..2);
    for _ in 0..2 {
        let e = refusal(&path, &[]);
        let text = e.to_string();
        assert!(
            matches!(e, Error::InvalidArgument(_)) && text.contains("append") && text.contains("replace"),
            "{text}"
        );
        fed(&path, &[APPEND], 2..3);
    }
}

#[test]
fn a_run_being_written_is_locked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, _) = session(&path, &[NEVER], &SHAPE);
    feed(&mut s, b, &SHAPE, 0);
    let e = refusal(&path, &[APPEND]);
    assert!(matches!(e, Error::InvalidArgument(_)) && e.to_string().contains("another session"), "{e}");
    assert!(s.wait(0, Duration::from_secs(60)).unwrap());
    let e = distil_run_with_method(
        &journal_directory(&path),
        &path,
        &config(&[]),
        &Alone,
        Rounding::controlled().0,
        &|_| (),
    );
    assert!(e.unwrap_err().to_string().contains("another session"));
    s.close().unwrap();
}

#[test]
fn appending_skips_what_is_durable_and_continues_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    fed(&path, &[NEVER], 0..6);
    let (mut s, _, b, control) = session(&path, &[NEVER, APPEND], &SHAPE);
    assert_eq!(*control.resumed.lock().unwrap(), [5]);
    assert_eq!(s.durable().unwrap(), Some(5));
    for cycle in 3..9 {
        assert_ne!(feed(&mut s, b, &SHAPE, cycle), Outcome::Dropped);
    }
    assert_eq!(s.metrics().skipped, 3);
    s.close().unwrap();
    let run = UnfinishedRun::open(&journal_directory(&path)).unwrap();
    assert_eq!(run.steps().iter().map(|s| s.stamp.cycle).collect::<Vec<_>>(), (0..9).collect::<Vec<_>>());
    assert_eq!(run.block(0, 0, 6).unwrap().base_step, Some(5), "a difference to the step before the restart");

    // The same bytes as without a break.
    let whole = dir.path().join("whole.lbk");
    fed(&whole, &[NEVER], 0..9);
    let unbroken = UnfinishedRun::open(&journal_directory(&whole)).unwrap();
    for step in 0..9 {
        let payload = |r: &UnfinishedRun| r.read_block(r.block(0, 0, step).unwrap()).unwrap();
        assert_eq!(payload(&run), payload(&unbroken), "step {step}");
    }
}

#[test]
fn a_torn_tail_at_any_byte_loses_only_the_last_step() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    fed(&path, &[NEVER], 0..2);
    let journal = journal_path(&journal_directory(&path), 0);
    let two = std::fs::read(&journal).unwrap();
    fed(&path, &[NEVER, APPEND], 2..3);
    let three = std::fs::read(&journal).unwrap();
    for end in (two.len()..three.len()).step_by(37) {
        std::fs::write(&journal, &three[..end]).unwrap();
        let (mut s, _, b, _) = session(&path, &[NEVER, APPEND], &SHAPE);
        let durable = s.durable().unwrap();
        assert!(durable == Some(1) || (durable == Some(2) && end + 1000 > three.len()), "{end}: {durable:?}");
        feed(&mut s, b, &SHAPE, 2);
        feed(&mut s, b, &SHAPE, 3);
        s.close().unwrap();
        let run = UnfinishedRun::open(&journal_directory(&path)).unwrap();
        assert_eq!(run.lost().count(), 0);
        assert_eq!(run.steps().iter().map(|s| s.stamp.cycle).collect::<Vec<_>>(), [0, 1, 2, 3], "cut at {end}");
        assert!((0..4).all(|step| run.block(0, 0, step).is_some()));
    }
}

#[test]
fn a_finished_archive_gets_a_new_segment() {
    let dir = tempfile::tempdir().unwrap();
    for keep in ["true", "false"] {
        let path = dir.path().join(format!("{keep}.lbk"));
        let set = [("journal.keep", keep), ("target.ratio", "4")];
        let report = fed(&path, &set, 0..5);
        assert_eq!(report.journal.is_some(), keep == "true");
        assert_eq!(journal_directory(&path).exists(), keep == "true");
        let report = fed(&path, &[set[0], set[1], APPEND], 3..9);
        assert_eq!((report.metrics.skipped, report.metrics.accepted), (2, 4));
        assert_eq!(report.variables[0].steps, 4);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.steps().cycles, (0..9).collect::<Vec<_>>());
        let segments: Vec<_> = archive.segments().iter().map(|s| (s.first_step, s.step_count)).collect();
        assert_eq!(segments, [(0, 5), (5, 4)]);
        assert_eq!(report.raw_bytes, 9 * 4 * 256);
        // Nothing new: the archive stays as it is.
        let before = std::fs::read(&path).unwrap();
        let report = fed(&path, &[set[0], set[1], APPEND], 0..9);
        assert_eq!((report.metrics.skipped, report.archive.as_deref()), (9, Some(path.as_path())));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[test]
fn other_variables_cannot_be_appended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    fed(&path, &[NEVER], 0..2);
    let (method, _) = Rounding::controlled();
    for (name, t, shape) in [
        ("w", ElementType::Float64, &SHAPE[..]),
        ("v", ElementType::Float32, &SHAPE),
        ("v", ElementType::Float64, &[4, 8, 9]),
    ] {
        let c = config(&[APPEND]);
        let mut s = Session::open_with_method(&path, &c, Communicator::None, method.clone()).unwrap();
        let v = s.define_variable(name, t, shape).unwrap();
        s.add_block(v, &[0, 0, 0], shape, None).unwrap();
        let e = s.commit().unwrap_err();
        assert!(matches!(e, Error::InvalidArgument(_)) && e.to_string().contains(name), "{e}");
    }
    assert_eq!(UnfinishedRun::open(&journal_directory(&path)).unwrap().steps().len(), 2);
}

#[test]
fn replace_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    fed(&path, &[], 0..3);
    let report = fed(&path, &[("open.mode", "replace")], 1..3);
    assert_eq!(report.steps.iter().map(|r| r.cycle).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(Archive::open(&path).unwrap().steps().cycles, [1, 2]);
}

#[test]
fn a_dropped_session_leaves_what_is_durable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, control) = session(&path, &[], &SHAPE);
    feed(&mut s, b, &SHAPE, 0);
    assert!(s.wait(0, Duration::from_secs(60)).unwrap());
    control.close();
    feed(&mut s, b, &SHAPE, 1);
    feed(&mut s, b, &SHAPE, 2);
    control.open();
    drop(s);
    let report = distil_run_with_method(
        &journal_directory(&path),
        &path,
        &config(&[]),
        &Alone,
        Rounding::controlled().0,
        &|_| (),
    )
    .unwrap();
    let cycles = Archive::open(&report.archive.unwrap()).unwrap().steps().cycles.clone();
    assert!(cycles.starts_with(&[0]));
}

#[test]
fn a_run_that_never_took_a_step_does_not_block_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    for _ in 0..2 {
        fed(&path, &[], 0..0);
        assert!(!path.exists());
    }
    fed(&path, &[], 0..2);
    assert!(path.exists());
    refusal(&path, &[]);
}

#[test]
fn blocks_that_leave_a_hole_are_refused_at_commit() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = Session::open(&dir.path().join("run.lbk"), &config(&[]), Communicator::None).unwrap();
    let v = s.define_variable("rho", ElementType::Float32, &SHAPE).unwrap();
    s.add_block(v, &[0, 0, 0], &[2, 8, 8], None).unwrap();
    let e = s.commit().unwrap_err().to_string();
    assert!(e.contains("\"rho\"") && e.contains("[2, 0, 0]"), "{e}");
    s.add_block(v, &[1, 0, 0], &[3, 8, 8], None).unwrap();
    s.commit().unwrap();
}

#[test]
fn a_run_in_use_is_told_apart_from_one_that_exists() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let open = || Session::open_with_method(&path, &config(&[]), Communicator::None, Rounding::controlled().0);
    let (mut s, _, b, _) = session(&path, &[("target.ratio", "4")], &[8, 8]);
    feed(&mut s, b, &[8, 8], 0);
    let e = open().err().unwrap();
    assert!(matches!(&e, Error::InvalidArgument(t) if t.contains("written by another session")), "{e}");
    s.close().unwrap();
    let e = open().err().unwrap();
    assert!(matches!(&e, Error::InvalidArgument(t) if t.contains("exists already")), "{e}");
}
