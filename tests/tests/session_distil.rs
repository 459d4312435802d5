//! From steps to the archive: sizes, qualities, times and values of all kinds.

mod session_support;

use std::path::Path;
use std::sync::{Arc, Mutex};

use limbeck_archive::{Archive, UnfinishedRun, journal_directory, journal_path};
use limbeck_codec::Mask;
use limbeck_session::ranks::Alone;
use limbeck_session::{CloseReport, Communicator, ElementType, Error, Session, ValuesRef, distil_run_with_method};
use session_support::{Rounding, config, feed, session, wave};

const SHAPE: [usize; 3] = [8, 16, 16];

fn run(path: &Path, set: &[(&str, &str)], steps: &[(i64, f64)], value: impl Fn(i64) -> Vec<f64>) -> CloseReport {
    let (mut s, _, b, _) = session(path, set, &SHAPE);
    for &(cycle, time) in steps {
        s.step_begin(cycle, time).unwrap();
        s.put_slice(b, ValuesRef::Float64(&value(cycle))).unwrap();
        s.step_end().unwrap();
    }
    s.close().unwrap()
}

#[test]
fn the_archive_is_as_small_as_asked() {
    let dir = tempfile::tempdir().unwrap();
    let steps: Vec<(i64, f64)> = (0..20).map(|c| (c, 0.1 * c as f64)).collect();
    for ratio in [10.0, 100.0, 300.0] {
        let path = dir.path().join(format!("{ratio}.lbk"));
        let report = run(&path, &[("target.ratio", &ratio.to_string())], &steps, |c| wave(&SHAPE, c));
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert_eq!((report.archive_bytes, report.raw_bytes), (bytes, 20 * 4 * 2048));
        assert!(report.ratio() >= ratio, "{} at {ratio}", report.ratio());
        assert!(report.warnings.iter().all(|w| !w.contains("times smaller")));
    }
    let path = dir.path().join("impossible.lbk");
    let report = run(&path, &[("target.ratio", "100000")], &steps, |c| wave(&SHAPE, c));
    assert!(report.warnings.iter().any(|w| w.contains("times smaller")), "{:?}", report.warnings);
}

#[test]
fn times_of_all_kinds() {
    let dir = tempfile::tempdir().unwrap();
    type Time = fn(i64) -> f64;
    let kinds: [(&str, Time); 5] = [
        ("even", |c| c as f64),
        ("equal", |_| 3.0),
        ("falling", |c| -(c as f64).powi(3)),
        ("odd", |c| [0.0, 1e-300, 5.0, 5.0, 1e300, -2.0][c as usize]),
        ("uneven", |c| (c as f64).sqrt()),
    ];
    for (name, time) in kinds {
        let path = dir.path().join(name);
        let steps: Vec<(i64, f64)> = (0..6).map(|c| (c, time(c))).collect();
        run(&path, &[("target.ratio", "2")], &steps, |c| wave(&SHAPE, c));
        assert_eq!(Archive::open(&path).unwrap().steps().len(), 6, "{name}");
    }
    let single = run(&dir.path().join("single"), &[("target.ratio", "10")], &[(7, 1.0)], |c| wave(&SHAPE, c));
    assert_eq!(single.variables[0].steps, 1);
}

#[test]
fn constant_data_take_almost_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let steps: Vec<(i64, f64)> = (0..4).map(|c| (c, c as f64)).collect();
    let report = run(&path, &[], &steps, |c| vec![c as f64; SHAPE.iter().product()]);
    assert!(report.steps.iter().all(|r| r.bytes <= 16 && r.quality.max_error == 0.0));
    assert!(report.archive_bytes < 500, "{}", report.archive_bytes);
}

#[test]
fn masked_positions_are_carried_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let hole = |c: i64| {
        let mut data = wave(&SHAPE, c);
        if c > 0 {
            (data[5], data[700], data[2047]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
        }
        data
    };
    let steps: Vec<(i64, f64)> = (0..5).map(|c| (c, c as f64)).collect();
    let report = run(&path, &[("nonfinite", "mask"), ("target.ratio", "2")], &steps, hole);
    assert_eq!(report.steps.iter().map(|r| r.quality.count).collect::<Vec<_>>(), [2048, 2045, 2045, 2045, 2045]);
    let archive = Archive::open(&path).unwrap();
    assert_eq!(
        archive.masks().iter().map(|m| (m.variable, m.block, m.step)).collect::<Vec<_>>(),
        [(0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 0, 4)]
    );
    let mask = Mask::decode(&archive.read_mask(&archive.masks()[3]).unwrap(), 2048).unwrap();
    assert_eq!((mask.codes[5], mask.codes[700], mask.codes[2047], mask.masked()), (1, 2, 3, 3));
    // Everything masked, and nothing else, is possible too.
    let path = dir.path().join("void.lbk");
    let report = run(&path, &[("nonfinite", "mask")], &[(0, 0.0)], |_| vec![f64::NAN; 2048]);
    assert_eq!(report.steps[0].quality.count, 0);
}

#[test]
fn a_quality_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let steps: Vec<(i64, f64)> = (0..4).map(|c| (c, c as f64)).collect();
    // Measured on the data: a coarse grid has the least of these, and only the steps themselves the others.
    for (psnr, coarse) in [("15", true), ("40", false), ("90", false)] {
        let path = dir.path().join(format!("run-{psnr}.lbk"));
        let report = run(&path, &[("target.psnr", psnr)], &steps, |c| wave(&SHAPE, c));
        let variable = &report.variables[0];
        assert!(variable.student.psnr() >= psnr.parse().unwrap() && report.warnings.is_empty(), "{report:?}");
        assert_eq!(variable.description.starts_with("every"), coarse, "{}", variable.description);
        assert!(!coarse || report.archive_bytes < report.raw_bytes / 4, "a larger student than was needed: {report:?}");
    }
    // More than the steps themselves have.
    let report = run(&dir.path().join("run.lbk"), &[("target.psnr", "120")], &steps, |c| wave(&SHAPE, c));
    assert!(report.warnings.iter().any(|w| w.contains("120 dB")), "{:?}", report.warnings);
}

#[test]
fn variables_and_blocks_share_one_archive() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (method, _) = Rounding::controlled();
    let c = config(&[("target.ratio", "8"), ("workers.threads", "2")]);
    let mut s = Session::open_with_method(&path, &c, Communicator::None, method.clone()).unwrap();
    let a = s.define_variable("a", ElementType::Float64, &[16, 32]).unwrap();
    let b = s.define_variable("b", ElementType::Float32, &[64]).unwrap();
    let halves = [[0, 0], [8, 0]].map(|offset| s.add_block(a, &offset, &[8, 32], None).unwrap());
    let line = s.add_block(b, &[0], &[64], None).unwrap();
    s.commit().unwrap();
    for cycle in 0..6 {
        s.step_begin(cycle, cycle as f64).unwrap();
        let data = wave(&[16, 32], cycle);
        let single: Vec<f32> = wave(&[64], cycle).iter().map(|&v| v as f32).collect();
        s.put_slice(line, ValuesRef::Float32(&single)).unwrap();
        s.put_slice(halves[1], ValuesRef::Float64(&data[256..])).unwrap();
        s.put_slice(halves[0], ValuesRef::Float64(&data[..256])).unwrap();
        s.step_end().unwrap();
    }
    let seen = Mutex::new(Vec::new());
    let report = s.close_with(&|p| seen.lock().unwrap().push((p.variable.clone(), p.done))).unwrap();
    assert_eq!(report.variables.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(report.steps.len(), 12);
    assert_eq!(report.raw_bytes, 6 * 4 * (512 + 64));
    let seen = seen.into_inner().unwrap();
    assert_eq!((seen.first().unwrap().0.as_str(), seen.last().unwrap()), ("a", &("b".to_owned(), 1.0)));
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.segments().iter().map(|s| s.variable).collect::<Vec<_>>(), [0, 1]);
    // A journal that is kept gives the same archive once more.
    let again = dir.path().join("again.lbk");
    distil_run_with_method(
        &journal_directory(&path),
        &again,
        &config(&[("target.ratio", "8")]),
        &Alone,
        method,
        &|_| (),
    )
    .unwrap();
    let payloads = |p: &Path| {
        let a = Archive::open(p).unwrap();
        a.segments().iter().map(|s| a.read_segment(s).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(payloads(&path), payloads(&again));
}

#[test]
fn a_batch_job_finishes_what_close_left() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let directory = journal_directory(&path);
    let (method, _) = Rounding::controlled();
    let distil =
        |set: &[(&str, &str)]| distil_run_with_method(&directory, &path, &config(set), &Alone, method.clone(), &|_| ());
    assert!(matches!(distil(&[]), Err(Error::InvalidArgument(_))), "no run");
    let steps: Vec<(i64, f64)> = (0..6).map(|c| (c, c as f64)).collect();
    let report = run(&path, &[("distil.when", "never"), ("target.ratio", "7")], &steps, |c| wave(&SHAPE, c));
    assert!(report.archive.is_none() && report.journal.as_deref() == Some(&*directory) && report.steps.len() == 6);
    let report = distil(&[]).unwrap();
    assert!(report.ratio() >= 7.0 && report.ratio() < 60.0, "the run's own target holds: {}", report.ratio());
    assert!(distil(&[]).unwrap_err().to_string().contains("replace"));
    let report = distil(&[("open.mode", "replace"), ("target.ratio", "100"), ("journal.keep", "false")]).unwrap();
    assert!(report.ratio() >= 100.0 && report.journal.is_none());
    assert!(!directory.exists() && path.exists());
}

#[test]
fn a_flipped_bit_costs_the_steps_that_depend_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let steps: Vec<(i64, f64)> = (0..12).map(|c| (c, c as f64)).collect();
    run(&path, &[("distil.when", "never")], &steps, |c| wave(&SHAPE, c));
    let directory = journal_directory(&path);
    let journal = journal_path(&directory, 0);
    let sound = std::fs::read(&journal).unwrap();
    let at = UnfinishedRun::open(&directory).unwrap().block(0, 0, 5).unwrap().frame_offset as usize + 2000;
    let mut bytes = sound.clone();
    bytes[at] ^= 16;
    std::fs::write(&journal, &bytes).unwrap();
    let set = config(&[("open.mode", "replace"), ("target.ratio", "2")]);
    let report = distil_run_with_method(&directory, &path, &set, &Alone, Rounding::controlled().0, &|_| ()).unwrap();
    assert_eq!(report.missing.iter().map(|m| m.0).collect::<Vec<_>>(), [5, 6, 7], "6 and 7 are differences");
    assert!(report.warnings.iter().any(|w| w.contains("damaged")), "{:?}", report.warnings);
    let archive = Archive::open(&path).unwrap();
    assert_eq!((archive.steps().len(), archive.steps().missing.clone()), (12, vec![5, 6, 7]));
    // The description of the run lost: an error, no panic.
    let mut bytes = sound;
    bytes[30] ^= 1;
    std::fs::write(&journal, &bytes).unwrap();
    let e = distil_run_with_method(&directory, &path, &set, &Alone, Rounding::controlled().0, &|_| ()).unwrap_err();
    assert!(matches!(e, Error::Corruption(_)), "{e}");
}

#[test]
fn steps_survive_without_distillation_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (mut s, _, b, _) = session(&path, &[("distil.time_limit", "0"), ("target.ratio", "4")], &SHAPE);
    (0..3).for_each(|c| drop(feed(&mut s, b, &SHAPE, c)));
    assert!(s.close().unwrap().archive.is_some());
}

#[test]
fn sharing_the_only_core_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path: Arc<Path> = dir.path().join("run.lbk").into();
    let allowed = std::thread::available_parallelism().unwrap().get();
    let (mut s, _, b, _) = session(&path, &[("target.ratio", "4")], &SHAPE);
    let outcome = feed(&mut s, b, &SHAPE, 0);
    assert_eq!(matches!(outcome, limbeck_session::Outcome::Degraded(_)), allowed == 1);
    s.close().unwrap();
}
