//! A simulation that is faster than its workers: what each policy does, and that memory stays within its budget.

mod session_support;

use std::time::Duration;

use limbeck_session::{Error, Outcome, ValuesRef};
use session_support::{feed, session, wave};

const SHAPE: [usize; 2] = [16, 64];
const STEP: u64 = 16 * 64 * 8;

/// A budget for so many copies of a step and one frame.
fn bytes(steps: u64) -> String {
    ((steps + 1) * STEP + 1024).to_string()
}

#[test]
fn drop_gives_steps_up_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let (mut s, _, b, control) =
        session(&dir.path().join("run.lbk"), &[("queue.policy", "drop"), ("queue.bytes", &bytes(2))], &SHAPE);
    control.close();
    let outcomes: Vec<bool> = (0..5).map(|c| feed(&mut s, b, &SHAPE, c) == Outcome::Dropped).collect();
    assert_eq!(outcomes, [false, false, true, true, true]);
    assert!(s.wait(3, Duration::ZERO).unwrap_err().to_string().contains("dropped"));
    control.open();
    assert!(s.wait(1, Duration::from_secs(60)).unwrap());
    assert_ne!(feed(&mut s, b, &SHAPE, 5), Outcome::Dropped);
    let report = s.close().unwrap();
    assert_eq!(report.metrics.dropped, 3);
    assert_eq!(report.missing.iter().map(|m| m.0).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(report.steps.iter().map(|r| (r.step, r.cycle)).collect::<Vec<_>>(), [(0, 0), (1, 1), (5, 5)]);
    let archive = limbeck_archive::Archive::open(&report.archive.unwrap()).unwrap();
    assert_eq!((archive.steps().cycles.clone(), archive.steps().missing.clone()), ((0..6).collect(), vec![2, 3, 4]));
}

#[test]
fn error_refuses_the_step_which_can_be_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut s, _, b, control) =
        session(&dir.path().join("run.lbk"), &[("queue.policy", "error"), ("queue.bytes", &bytes(1))], &SHAPE);
    control.close();
    feed(&mut s, b, &SHAPE, 0);
    s.step_begin(1, 0.0).unwrap();
    let data = wave(&SHAPE, 1);
    let e = s.put_slice(b, ValuesRef::Float64(&data)).unwrap_err();
    assert!(matches!(e, Error::Full(_)) && e.to_string().contains("cycle 1"), "{e}");
    control.open();
    assert!(s.wait(0, Duration::from_secs(60)).unwrap());
    // Durable is a moment before the worker gives the memory back.
    while s.metrics().queue_bytes > 0 {
        std::thread::yield_now();
    }
    assert_eq!(s.put_slice(b, ValuesRef::Float64(&data)).unwrap(), Outcome::Ok);
    s.step_end().unwrap();
    assert_eq!(s.close().unwrap().metrics.accepted, 2);
}

#[test]
fn block_waits_for_the_workers() {
    let dir = tempfile::tempdir().unwrap();
    let (mut s, _, b, control) =
        session(&dir.path().join("run.lbk"), &[("queue.policy", "block"), ("queue.bytes", &bytes(2))], &SHAPE);
    control.close();
    let helper = std::thread::spawn({
        let control = control.clone();
        move || {
            std::thread::sleep(Duration::from_millis(50));
            control.open();
        }
    });
    for cycle in 0..8 {
        assert_ne!(feed(&mut s, b, &SHAPE, cycle), Outcome::Dropped);
    }
    helper.join().unwrap();
    let report = s.close().unwrap();
    assert_eq!((report.metrics.accepted, report.metrics.durable, report.metrics.dropped), (8, 8, 0));
    assert!(report.metrics.blocked_seconds > 0.0);
    assert!(report.metrics.peak_bytes <= report.metrics.budget_bytes);
}

#[test]
fn spill_goes_to_the_disk_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let set =
        [("queue.bytes", &bytes(3)[..]), ("queue.spill_dir", dir.path().to_str().unwrap()), ("workers.threads", "1")];
    let (mut s, _, b, control) = session(&dir.path().join("run.lbk"), &set, &SHAPE);
    control.close();
    for cycle in 0..20 {
        assert_ne!(feed(&mut s, b, &SHAPE, cycle), Outcome::Dropped);
    }
    let m = s.metrics();
    assert!(m.spilled_bytes >= 15 * STEP, "{} bytes", m.spilled_bytes);
    control.open();
    let report = s.close().unwrap();
    assert_eq!(report.metrics.durable, 20);
    assert!(report.metrics.peak_bytes <= report.metrics.budget_bytes, "{:?}", report.metrics.peak_bytes);
    // The values came back from the disk unharmed: rounding to 16 bits is all that was lost.
    for r in &report.steps {
        let data = wave(&SHAPE, r.cycle);
        let (min, max) = (data.iter().copied().fold(f64::MAX, f64::min), data.iter().copied().fold(f64::MIN, f64::max));
        assert_eq!((r.quality.count, r.quality.min, r.quality.max), (1024, min, max));
        assert!(r.quality.max_error <= (max - min) / 65_535.0);
    }
}

#[test]
fn a_full_spill_disk_makes_the_simulation_wait_and_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let set = [("queue.bytes", &bytes(2)[..]), ("queue.spill_dir", "/nowhere/at/all"), ("workers.threads", "1")];
    let (mut s, _, b, control) = session(&dir.path().join("run.lbk"), &set, &SHAPE);
    control.close();
    feed(&mut s, b, &SHAPE, 0);
    let helper = std::thread::spawn({
        let control = control.clone();
        move || {
            std::thread::sleep(Duration::from_millis(50));
            control.open();
        }
    });
    let outcomes: Vec<Outcome> = (1..6).map(|c| feed(&mut s, b, &SHAPE, c)).collect();
    helper.join().unwrap();
    let degraded = |o: &Outcome| matches!(o, Outcome::Degraded(text) if text.contains("/nowhere/at/all"));
    assert!(outcomes.iter().any(degraded), "{outcomes:?}");
    let report = s.close().unwrap();
    assert_eq!(report.metrics.durable, 6);
    assert!(report.warnings.iter().any(|w| w.contains("/nowhere/at/all")));
}

#[test]
fn a_budget_below_one_step_is_refused_with_the_least() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let c = session_support::config(&[("queue.bytes", "1000"), ("queue.policy", "block")]);
    let method = session_support::Rounding::controlled().0;
    let mut s =
        limbeck_session::Session::open_with_method(&path, &c, limbeck_session::Communicator::None, method).unwrap();
    let v = s.define_variable("v", limbeck_session::ElementType::Float64, &SHAPE).unwrap();
    s.add_block(v, &[0, 0], &SHAPE, None).unwrap();
    let e = s.commit().unwrap_err().to_string();
    let least = bytes(1);
    assert!(e.contains("queue.bytes") && e.contains(&least), "{e}");
}
