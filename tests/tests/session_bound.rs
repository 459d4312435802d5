//! Runs with a bound on the error: whatever becomes of them (journal, archive, batch job, ranks, restart), no value is
//! farther from what was handed in.

mod session_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbeck_archive::{Archive, SegmentContent, journal_directory};
use limbeck_field::Region;
use limbeck_reader::Dataset;
use limbeck_session::ranks::{Alone, RankThread, Ranks};
use limbeck_session::{CloseReport, Communicator, ElementType, Session, ValuesRef, distil_run};
use session_support::config;

const SHAPE: [usize; 2] = [80, 72];
const STEPS: i64 = 6;

type Place = ([usize; 2], [usize; 2]);
/// The second and the first share a line of nodes, and so do others.
const BLOCKS: [Place; 3] = [([0, 0], [41, 72]), ([40, 0], [40, 40]), ([40, 39], [40, 33])];

const SMALL: [(&str, &str); 7] = [
    // First weights up to 30: the waves have 36 radians from -1 to 0, and half of that finds them by luck only.
    ("student.omega", "90"),
    ("teacher.width", "8"),
    ("teacher.depth", "2"),
    ("teacher.samples", "20000"),
    ("student.samples", "2000000"),
    ("student.depth", "3"),
    ("nonfinite", "mask"),
];

/// Waves that a small student can follow and a coarse lattice cannot; a hole where the domain ends.
fn value(y: usize, x: usize, step: i64) -> f64 {
    if y + x < 4 {
        return f64::NAN;
    }
    100.0 + 20.0 * (0.9 * y as f64 + 0.5 * step as f64).sin() * (0.8 * x as f64).cos()
}

fn values(place: &Place, step: i64) -> Vec<f64> {
    let (o, n) = place;
    (0..n[0] * n[1]).map(|i| value(o[0] + i / n[1], o[1] + i % n[1], step)).collect()
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    (dir, path)
}

fn on_ranks<T: Send>(n: usize, work: impl Fn(Arc<dyn Ranks>) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let spawn = |r: RankThread| scope.spawn(|| work(Arc::new(r)));
        let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

fn run(path: &Path, set: &[(&str, &str)], ranks: &Arc<dyn Ranks>, cycles: std::ops::Range<i64>) -> CloseReport {
    run_of(path, set, ranks, cycles, values)
}

fn run_of(
    path: &Path,
    set: &[(&str, &str)],
    ranks: &Arc<dyn Ranks>,
    cycles: std::ops::Range<i64>,
    values: impl Fn(&Place, i64) -> Vec<f64>,
) -> CloseReport {
    let c = config(&[&SMALL[..], set].concat());
    let mut s = Session::open(path, &c, Communicator::Ranks(ranks.clone())).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
    let share = BLOCKS.len().div_ceil(ranks.size());
    let own = || BLOCKS.iter().skip(ranks.rank() * share).take(share);
    let blocks: Vec<_> = own().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
    s.commit().unwrap();
    for cycle in cycles {
        s.step_begin(cycle, cycle as f64 * 0.5).unwrap();
        for (place, b) in own().zip(&blocks) {
            s.put_slice(*b, ValuesRef::Float64(&values(place, cycle))).unwrap();
        }
        s.step_end().unwrap();
    }
    s.close().unwrap()
}

fn alone() -> Arc<dyn Ranks> {
    Arc::new(Alone)
}

/// Largest error of all values of all steps; the holes are where they were.
fn farthest(path: &Path) -> f64 {
    let data = Dataset::open(path).unwrap();
    let region = Region { start: vec![0, 0], count: SHAPE.to_vec(), every: vec![1, 1] };
    let mut largest: f64 = 0.0;
    for step in 0..STEPS {
        let back = data.read::<f64>("v", step as u64, &region).unwrap();
        for (i, v) in back.iter().enumerate() {
            let truth = value(i / SHAPE[1], i % SHAPE[1], step);
            assert_eq!(truth.is_nan(), v.is_nan(), "step {step}, value {i}");
            largest = largest.max(if truth.is_nan() { 0.0 } else { (v - truth).abs() });
        }
    }
    largest
}

fn rows(path: &Path) -> (usize, usize) {
    let archive = Archive::open(path).unwrap();
    let distilled = archive.segments().iter().filter(|s| s.content == SegmentContent::Distilled).count();
    (distilled, archive.segments().len() - distilled)
}

#[test]
fn a_tight_bound_carries_the_steps_and_a_loose_one_a_corrected_student() {
    for (bound, students) in [("0.001", 0), ("3", 1)] {
        let limit: f64 = bound.parse().unwrap();
        let mut sizes = Vec::new();
        for n in [1, 2, 3] {
            let (_dir, path) = place();
            let reports = on_ranks(n, |r| run(&path, &[("target.max_error", bound)], &r, 0..STEPS));
            let error = farthest(&path);
            assert!(error <= limit && error > limit / 8.0, "{error} for {bound} on {n} ranks");
            assert!(farthest(&journal_directory(&path)) <= limit);
            let report = &reports[0].variables[0];
            assert!(report.student.max_error <= limit && report.student.max_error >= error, "{report:?}");
            assert_eq!(report.student.count, report.teachers.count);
            let (distilled, steps) = rows(&path);
            assert_eq!(distilled, students, "{bound}");
            assert!(students == 1 || steps == BLOCKS.len() * STEPS as usize);
            assert!(reports.iter().all(|r| r.archive_bytes == reports[0].archive_bytes), "{reports:?}");
            sizes.push(reports[0].archive_bytes);
        }
        // What is random counts blocks by place: the same on any number of ranks, but for what metrics take.
        assert!(sizes.iter().all(|s| s.abs_diff(sizes[0]) <= 64), "{sizes:?}");
    }
}

#[test]
fn a_rank_with_nothing_but_constants_keeps_nobody_from_a_student() {
    // The last block is all land.
    let values = |place: &Place, step: i64| match place == &BLOCKS[2] {
        true => vec![f64::NAN; place.1.iter().product()],
        false => values(place, step),
    };
    for n in [1, 2, 3] {
        let (_dir, path) = place();
        let set = [("target.max_error", "3"), ("distil.when", "never")];
        on_ranks(n, |r| run_of(&path, &set, &r, 0..STEPS, values));
        // In a batch job ranks have blocks in turn.
        let c = config(&SMALL);
        on_ranks(n, |r| distil_run(&journal_directory(&path), &path, &c, r.as_ref(), &|_| {}).unwrap());
        assert_eq!(rows(&path).0, 1, "{n} ranks");
    }
}

#[test]
fn a_batch_job_keeps_the_bound_whatever_its_ranks() {
    let (_dir, path) = place();
    let set = [("target.max_relative_error", "0.05"), ("distil.when", "never")];
    on_ranks(2, |r| run(&path, &set, &r, 0..STEPS));
    let journal = journal_directory(&path);
    for (n, scope) in [(1, "global"), (3, "global"), (2, "shard")] {
        let c = config(&[("open.mode", "replace"), ("student.samples", "200000"), ("student.scope", scope)]);
        let reports = on_ranks(n, |r| distil_run(&journal, &path, &c, r.as_ref(), &|_| {}).unwrap());
        assert!(reports[0].variables[0].student.max_error <= 2.0, "{:?}", reports[0].variables);
        // The range is 40, that of no block larger.
        assert!(farthest(&path) <= 2.0);
    }
}

#[test]
fn runs_go_on_within_their_bound() {
    for bound in ["0.01", "3"] {
        let (_dir, path) = place();
        let limit: f64 = bound.parse().unwrap();
        run(&path, &[("target.max_error", bound)], &alone(), 0..3);
        run(&path, &[("target.max_error", bound), ("open.mode", "append")], &alone(), 0..STEPS);
        assert!(farthest(&path) <= limit);
    }
}

#[test]
fn steps_whose_base_is_elsewhere_are_kept_all_the_same() {
    let (_dir, path) = place();
    let set = [("target.max_error", "0.01"), ("journal.keep", "false")];
    run(&path, &set, &alone(), 0..3);
    let (_other, long) = place();
    run(&long, &[("target.max_error", "0.01"), ("distil.when", "never")], &alone(), 0..STEPS);
    let c = config(&[("open.mode", "append")]);
    distil_run(&journal_directory(&long), &path, &c, &Alone, &|_| {}).unwrap();
    assert!(farthest(&path) <= 0.01);
}

/// The journal knows such steps more closely than what later ones are differences to; and no student is tried here.
#[test]
fn steps_whose_base_is_elsewhere_keep_a_loose_bound_too() {
    let (_dir, path) = place();
    let loose = ("target.max_relative_error", "0.003");
    run(&path, &[loose, ("distil.bytes", "1")], &alone(), 0..2);
    let (_other, long) = place();
    run(&long, &[loose, ("distil.when", "never")], &alone(), 0..STEPS);
    let c = config(&[("open.mode", "append"), ("distil.bytes", "1")]);
    distil_run(&journal_directory(&long), &path, &c, &Alone, &|_| {}).unwrap();
    assert_eq!(rows(&path).0, 0, "this test needs the steps themselves");
    let error = farthest(&path);
    assert!(error <= 0.003 * 40.0, "{error}");
}

/// PSNR of all values of all steps, by the range of all.
fn psnr(path: &Path) -> f64 {
    let data = Dataset::open(path).unwrap();
    let region = Region { start: vec![0, 0], count: SHAPE.to_vec(), every: vec![1, 1] };
    let (mut squares, mut n) = (0.0, 0.0);
    for step in 0..STEPS {
        for (i, v) in data.read::<f64>("v", step as u64, &region).unwrap().iter().enumerate() {
            let truth = value(i / SHAPE[1], i % SHAPE[1], step);
            if truth.is_finite() {
                squares += (v - truth).powi(2);
                n += 1.0;
            }
        }
    }
    // The waves' range is 40, a little less on the grid.
    20.0 * 39.9f64.log10() - 10.0 * (squares / n).log10()
}

#[test]
fn a_psnr_is_met_on_the_data_with_the_smallest_student_or_without_one() {
    for (target, students) in [("26", 1), ("75", 0)] {
        let limit: f64 = target.parse().unwrap();
        for n in [1, 2] {
            let (_dir, path) = place();
            let reports = on_ranks(n, |r| run(&path, &[("target.psnr", target)], &r, 0..STEPS));
            let reached = psnr(&path);
            // Where waves are followed at all, they are followed well.
            let much = if students == 0 { 5.0 } else { 12.0 };
            assert!(reached >= limit && reached < limit + much, "{reached} for {target} on {n} ranks");
            assert!((reports[0].variables[0].student.psnr() - reached).abs() < 0.3, "{reached} {reports:?}");
            assert_eq!(rows(&path).0, students, "{target}");
        }
    }
}

#[test]
fn a_student_learns_from_streams_if_they_fit_memory() {
    let (_dir, path) = place();
    let set = [("target.ratio", "40"), ("journal.steps", "streams"), ("distil.when", "never")];
    run(&path, &set, &alone(), 0..STEPS);
    let journal = journal_directory(&path);
    let distil = |set: &[(&str, &str)]| {
        distil_run(&journal, &path, &config(&[&SMALL[..], set].concat()), &Alone, &|_| {}).map(|report| report.ratio())
    };
    let refused = distil(&[("distil.bytes", "100000")]).unwrap_err().to_string();
    assert!(refused.contains("distil.bytes") && refused.contains("streams"), "{refused}");
    assert!(distil(&[]).unwrap() >= 40.0);
    assert_eq!(rows(&path), (1, 0));
    assert!(psnr(&path) > 20.0);
}

#[test]
fn a_bound_of_zero_keeps_every_bit() {
    let (_dir, path) = place();
    run(&path, &[("target.max_error", "0")], &alone(), 0..STEPS);
    assert_eq!(farthest(&path), 0.0);
}

#[test]
fn steps_recorded_without_a_bound_are_told() {
    let (_dir, path) = place();
    run(&path, &[("target.ratio", "20"), ("distil.when", "never")], &alone(), 0..STEPS);
    let c = config(&[("target.max_error", "0.01")]);
    let report = distil_run(&journal_directory(&path), &path, &c, &Alone, &|_| {}).unwrap();
    assert!(report.warnings.iter().any(|w| w.contains("without a bound")), "{:?}", report.warnings);
    assert!(farthest(&path) < 40.0);
}
