//! Workers that panic, disks that are full, processes that fork: the host lives on, and nothing durable is lost.

mod session_support;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use limbeck_archive::{StepState, UnfinishedRun, journal_directory};
use limbeck_codec::StepKind;
use limbeck_session::ranks::Alone;
use limbeck_session::{Communicator, Error, Outcome, Session, distil_run_with_method};
use session_support::{Rounding, config, feed, session};

const SHAPE: [usize; 2] = [32, 32];
const PATH: &str = "SESSION_FAULTS_PATH";

fn kinds(path: &Path) -> Vec<u8> {
    let run = UnfinishedRun::open(&journal_directory(path)).unwrap();
    (0..run.steps().len() as u64).map(|s| run.block(0, 0, s).unwrap().step_kind).collect()
}

#[test]
fn a_panicking_worker_tries_again_and_then_keeps_the_step_plainly() {
    let (network, plain) = (StepKind::Network as u8, StepKind::Plain as u8);
    for panics in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbk");
        let (mut s, _, b, control) = session(&path, &[("target.ratio", "4")], &SHAPE);
        let map = if panics { &control.panics } else { &control.failures };
        map.lock().unwrap().extend([(1, 1), (3, 2), (4, 5)]);
        let outcomes: Vec<Outcome> = (0..6)
            .map(|cycle| {
                let outcome = feed(&mut s, b, &SHAPE, cycle);
                assert!(s.wait(cycle, Duration::from_secs(60)).unwrap());
                outcome
            })
            .collect();
        // Each is told once, by the end of its own step or of the next.
        let told: String = outcomes.iter().map(|o| format!("{o:?}")).collect();
        let times = |part: &str| told.matches(part).count();
        assert_eq!((times("kept losslessly by the plain codec"), times("asked to")), (2, 2), "{told}");
        let report = s.close().unwrap();
        assert_eq!(kinds(&path), [network, network, network, plain, plain, network]);
        assert_eq!(report.steps.iter().map(|r| r.plain_blocks).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 0]);
        assert_eq!(report.steps[3].quality.max_error, 0.0);
        assert_eq!(report.warnings.iter().filter(|w| w.contains("plain codec")).count(), 2);
        let archive = limbeck_archive::Archive::open(&report.archive.unwrap()).unwrap();
        assert_eq!(archive.steps().len(), 6);
    }
}

#[test]
fn a_panic_while_distilling_leaves_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, control) = session(&path, &[("journal.keep", "false")], &SHAPE);
    *control.distil_panics.lock().unwrap() = true;
    feed(&mut s, b, &SHAPE, 0);
    let e = s.close().unwrap_err();
    assert!(matches!(e, Error::Internal(_)) && e.to_string().contains("limbeck distill"), "{e}");
    assert!(!path.exists());
    let directory = journal_directory(&path);
    let report =
        distil_run_with_method(&directory, &path, &config(&[]), &Alone, Rounding::controlled().0, &|_| ()).unwrap();
    assert!(report.archive.is_some() && report.journal.is_some() && directory.exists());
}

/// Does nothing unless another test starts it with a path.
#[test]
#[ignore = "the child process of another test"]
fn on_a_full_disk() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let (mut s, _, b, _) = session(Path::new(&path), &[("queue.policy", "block"), ("target.ratio", "4")], &SHAPE);
    let mut refused = Vec::new();
    let mut dropped = 0;
    for cycle in 0..60 {
        let data = session_support::wave(&SHAPE, cycle);
        let step = s.step_begin(cycle, cycle as f64).and_then(|()| {
            s.put_slice(b, limbeck_session::ValuesRef::Float64(&data))?;
            s.step_end()
        });
        match step {
            Ok(outcome) => dropped += u32::from(outcome == Outcome::Dropped),
            Err(e) => refused.push(e),
        }
        // Lets the journal catch up; on the full disk it never does.
        for _ in 0..300 {
            if s.durable().unwrap() >= Some(cycle) || !refused.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(refused.len(), 1, "told once: {refused:?}");
    assert!(matches!(&refused[0], Error::Io(t) if t.contains("journal-00000.lbj")), "{refused:?}");
    assert!(dropped > 0);
    let durable = s.durable().unwrap().unwrap();
    assert!(matches!(s.wait(60, Duration::ZERO), Err(Error::InvalidArgument(_))));
    assert!(matches!(s.close(), Err(Error::Io(t)) if t.contains("journal-00000.lbj")));
    println!("\ndurable {durable}");
}

#[test]
fn a_full_disk_is_told_and_loses_nothing_that_was_durable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    // Files may grow to 40 kB; the signal for that is ignored, so that writing fails as on a full disk.
    let command = format!(
        "trap '' XFSZ; ulimit -f 80; exec '{}' --exact on_a_full_disk --ignored --nocapture",
        std::env::current_exe().unwrap().display()
    );
    let output = Command::new("sh").args(["-c", &command]).env(PATH, &path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let durable: i64 = text.lines().find_map(|l| l.strip_prefix("durable ")).unwrap().parse().unwrap();
    assert!((5..40).contains(&durable), "{durable}");
    let directory = journal_directory(&path);
    let run = UnfinishedRun::open(&directory).unwrap();
    assert_eq!(run.torn_tails().count(), 0, "what was written of the last frame was cut");
    let complete = run.steps().iter().filter(|s| s.state == StepState::Complete).map(|s| s.stamp.cycle);
    assert!(complete.eq(0..=durable));
    drop(run);
    let report =
        distil_run_with_method(&directory, &path, &config(&[]), &Alone, Rounding::controlled().0, &|_| ()).unwrap();
    assert!(report.archive_bytes > 0);
    // With room on the disk again, the run goes on.
    let (mut s, _, b, _) = session(&path, &[("open.mode", "append")], &SHAPE);
    feed(&mut s, b, &SHAPE, durable + 1);
    assert!(s.close().unwrap().archive.is_some());
}

#[test]
fn places_that_cannot_be_written_are_told_at_open() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for path in [file.join("run.lbk"), "/proc/run.lbk".into(), dir.path().join("no/such/dir/run.lbk")] {
        let e =
            Session::open_with_method(&path, &config(&[]), Communicator::None, Rounding::controlled().0).err().unwrap();
        assert!(matches!(e, Error::Io(_)), "{}: {e}", path.display());
    }
    let e = Session::open_with_method(dir.path(), &config(&[]), Communicator::None, Rounding::controlled().0)
        .err()
        .unwrap();
    assert!(matches!(e, Error::InvalidArgument(_)), "{e}");
}

/// Does nothing unless another test starts it with a path.
#[test]
#[ignore = "the child process of another test"]
fn with_panics() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let (mut s, _, b, control) = session(Path::new(&path), &[], &SHAPE);
    control.panics.lock().unwrap().extend([(0, 2), (1, 1)]);
    (0..3).for_each(|cycle| drop(feed(&mut s, b, &SHAPE, cycle)));
    *control.distil_panics.lock().unwrap() = true;
    assert!(s.close().is_err());
}

#[test]
fn nothing_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "with_panics", "--ignored", "--nocapture"])
        .env(PATH, dir.path().join("run.lbk"))
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_forked_child_is_refused_and_its_parent_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, _) = session(&path, &[("target.ratio", "4")], &SHAPE);
    feed(&mut s, b, &SHAPE, 0);
    // SAFETY: the child touches nothing but this session and ends without returning to the test harness.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let refused = matches!(s.durable(), Err(Error::State(_)))
            && matches!(s.step_begin(1, 0.0), Err(Error::State(_)))
            && matches!(s.step_cancel(), Err(Error::State(_)))
            && matches!(s.close(), Err(Error::State(_)));
        // SAFETY: ends the child at once.
        unsafe { libc::_exit(if refused { 0 } else { 1 }) };
    }
    let mut status = -1;
    // SAFETY: waits for the child that was just started, into a local.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "the child's calls were refused and none of them waited");
    feed(&mut s, b, &SHAPE, 1);
    assert_eq!(s.close().unwrap().metrics.durable, 2);
}
