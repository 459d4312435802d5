//! Several ranks as threads of one process: what they do together is what one does alone, and no failure leaves another
//! one waiting.

mod session_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbeck_archive::{Archive, UnfinishedRun, journal_directory, journal_path};
use limbeck_codec::Method;
use limbeck_field::Region;
use limbeck_reader::Dataset;
use limbeck_session::ranks::{Alone, RankThread, Ranks};
use limbeck_session::{
    CloseReport, Communicator, Config, ElementType, Error, Outcome, Result, Session, ValuesRef, distil_run_with_method,
};
use session_support::{Rounding, config};

const SHAPE: [usize; 2] = [12, 16];
const STEPS: i64 = 5;

/// Offset and count of a block.
type Place = ([usize; 2], [usize; 2]);

/// Four quarters.
const QUARTERS: [Place; 4] = [([0, 0], [6, 8]), ([0, 8], [6, 8]), ([6, 0], [6, 8]), ([6, 8], [6, 8])];

fn on_ranks<T: Send>(n: usize, work: impl Fn(Arc<dyn Ranks>) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let spawn = |r: RankThread| scope.spawn(|| work(Arc::new(r)));
        let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

fn value(y: usize, x: usize, step: i64) -> f64 {
    let (y, x, t) = (y as f64, x as f64, step as f64);
    (0.4 * y + 0.1 * t).sin() * (0.3 * x).cos() + 0.01 * t
}

fn values(place: &Place, step: i64) -> Vec<f64> {
    let (o, n) = place;
    (0..n[0] * n[1]).map(|i| value(o[0] + i / n[1], o[1] + i % n[1], step)).collect()
}

fn method() -> Arc<dyn Method> {
    Rounding::controlled().0
}

fn open(path: &Path, set: &[(&str, &str)], ranks: &Arc<dyn Ranks>) -> Result<Session> {
    let c = config(&[&[("target.ratio", "2")], set].concat());
    Session::open_with_method(path, &c, Communicator::Ranks(ranks.clone()), method())
}

/// A whole run of one rank; `cycles` are those it hands in.
fn run(
    path: &Path,
    set: &[(&str, &str)],
    ranks: &Arc<dyn Ranks>,
    own: &[Place],
    cycles: std::ops::Range<i64>,
) -> Result<CloseReport> {
    let mut s = open(path, set, ranks)?;
    let v = s.define_variable("v", ElementType::Float64, &SHAPE)?;
    let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None)).collect::<Result<_>>()?;
    s.commit()?;
    for cycle in cycles {
        s.step_begin(cycle, cycle as f64 * 0.5)?;
        for (place, b) in own.iter().zip(&blocks) {
            s.put_slice(*b, ValuesRef::Float64(&values(place, cycle)))?;
        }
        s.step_end()?;
    }
    s.close()
}

/// The blocks of a rank if they are dealt in turn.
fn dealt(blocks: &[Place], rank: usize, size: usize) -> Vec<Place> {
    // In the order of the ranks, as their global index is.
    let share = blocks.len().div_ceil(size);
    blocks.iter().skip(rank * share).take(share).copied().collect()
}

fn whole(path: &Path, step: i64) -> Vec<f64> {
    let region = Region { start: vec![0, 0], count: SHAPE.to_vec(), every: vec![1, 1] };
    Dataset::open_with_methods(path, methods).unwrap().read::<f64>("v", step as u64, &region).unwrap()
}

fn methods(number: u16) -> limbeck_codec::Result<&'static dyn Method> {
    static METHOD: std::sync::OnceLock<Arc<dyn Method>> = std::sync::OnceLock::new();
    match number {
        Rounding::NUMBER => Ok(METHOD.get_or_init(method).as_ref()),
        other => limbeck_codec::method_by_number(other),
    }
}

/// Temporary directory and the path of an archive in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    (dir, path)
}

#[test]
fn any_number_of_ranks_makes_the_same_archive() {
    let mut seen: Vec<Vec<Vec<f64>>> = Vec::new();
    let mut sizes = Vec::new();
    for n in 1..=5 {
        let (_dir, path) = place();
        // Of five ranks one has no data, and of three the last has no more than the others' rest.
        let reports = on_ranks(n, |r| run(&path, &[], &r, &dealt(&QUARTERS, r.rank(), n.min(4)), 0..STEPS).unwrap());
        assert!(reports.iter().all(|r| r.archive_bytes == reports[0].archive_bytes && r.ratio() >= 2.0));
        assert_eq!(reports[0].steps.len(), STEPS as usize);
        let count = (SHAPE[0] * SHAPE[1]) as u64;
        assert!(reports.iter().all(|r| r.steps.iter().all(|s| s.quality.count == count)), "{:?}", reports[0].steps);
        assert_eq!(reports[0].steps, reports[n - 1].steps);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.run().variables[0].blocks.len(), 1, "an archive knows no blocks");
        assert!((0..n as u32).all(|r| journal_path(&journal_directory(&path), r).exists()));
        seen.push((0..STEPS).map(|s| whole(&path, s)).collect());
        sizes.push(reports[0].archive_bytes);
    }
    assert!(seen.iter().all(|s| *s == seen[0]));
    assert!(seen[0][0].iter().zip(values(&([0, 0], SHAPE), 0)).any(|(a, b)| (a - b).abs() < 1e-3));
}

#[test]
fn shared_nodes_belong_to_the_lowest_rank_and_count_once() {
    let (_dir, path) = place();
    // Node-centred: the blocks share the row 6 and the column 8.
    let overlapping = [([0, 0], [7, 9]), ([0, 8], [7, 8]), ([6, 0], [6, 9]), ([6, 8], [6, 8])];
    let reports = on_ranks(2, |r| run(&path, &[], &r, &dealt(&overlapping, r.rank(), 2), 0..STEPS).unwrap());
    assert!(reports[1].steps.iter().all(|s| s.quality.count == (SHAPE[0] * SHAPE[1]) as u64), "{:?}", reports[1].steps);
    assert_eq!(reports[0].raw_bytes, 4 * (SHAPE[0] * SHAPE[1]) as u64 * STEPS as u64);
}

#[test]
fn shards_have_students_of_their_own() {
    let (_dir, path) = place();
    let set = [("student.scope", "shard"), ("target.ratio", "1.2")];
    on_ranks(2, |r| run(&path, &set, &r, &dealt(&QUARTERS, r.rank(), 2), 0..STEPS).unwrap());
    let archive = Archive::open(&path).unwrap();
    let boxes: Vec<_> = archive.segments().iter().map(|s| s.extent.clone()).collect();
    // Each rank's two blocks fill a box.
    assert_eq!(boxes, [Some((vec![0, 0], vec![6, 16])), Some((vec![6, 0], vec![6, 16]))]);
    let read = whole(&path, 3);
    let worst = read.iter().zip(values(&([0, 0], SHAPE), 3)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 0.6, "{worst}");
    // The same from the journals, by another number of ranks.
    let again = path.with_file_name("again.lbk");
    on_ranks(3, |r| {
        let run = journal_directory(&path);
        distil_run_with_method(&run, &again, &config(&set), r.as_ref(), method(), &|_| ()).unwrap();
    });
    assert_eq!(whole(&again, 3), read);
}

#[test]
fn masks_of_blocks_become_masks_of_variables() {
    let (_dir, path) = place();
    on_ranks(3, |r| {
        let mut s = open(&path, &[("nonfinite", "mask"), ("target.ratio", "1.2")], &r).unwrap();
        let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
        let own = dealt(&QUARTERS, r.rank(), 2);
        let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
        s.commit().unwrap();
        for cycle in 0..2 {
            s.step_begin(cycle, cycle as f64).unwrap();
            for (place, b) in own.iter().zip(&blocks) {
                let mut f = values(place, cycle);
                if r.rank() == 1 && cycle == 1 {
                    (f[3], f[9]) = (f64::NAN, f64::NEG_INFINITY);
                }
                s.put_slice(*b, ValuesRef::Float64(&f)).unwrap();
            }
            s.step_end().unwrap();
        }
        s.close().unwrap();
    });
    let bad = |step| -> Vec<usize> {
        whole(&path, step).iter().enumerate().filter(|(_, v)| !v.is_finite()).map(|(i, _)| i).collect()
    };
    assert!(bad(0).is_empty());
    // Rows 6 and 7 of the whole: columns 3 and 11, then 1 and 9.
    assert_eq!(bad(1), [6 * 16 + 3, 6 * 16 + 11, 7 * 16 + 1, 7 * 16 + 9]);
}

/// The error that all ranks got, without the rank's number.
fn common(errors: Vec<Error>) -> String {
    let texts: Vec<String> = errors.iter().map(Error::to_string).collect();
    assert!(texts.iter().all(|t| *t == texts[0]), "{texts:?}");
    texts.into_iter().next().unwrap_or_default()
}

#[test]
fn what_fails_on_one_rank_fails_on_all() {
    let (dir, path) = place();
    let e = common(on_ranks(3, |r| {
        let mut c = Config::new();
        c.set("target.ratio", if r.rank() == 2 { "7" } else { "9" }).unwrap();
        Session::open_with_method(&path, &c, Communicator::Ranks(r), method()).err().unwrap()
    }));
    assert!(e.contains("target.ratio") && e.contains("rank 2") && e.contains('7') && e.contains('9'), "{e}");

    // What concerns the node may differ.
    on_ranks(2, |r| {
        let threads = if r.rank() == 0 { "1" } else { "2" };
        drop(open(&dir.path().join("threads.lbk"), &[("workers.threads", threads)], &r).unwrap());
    });

    let file = dir.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let e = common(on_ranks(3, |r| {
        let journal = if r.rank() == 1 { file.to_str().unwrap() } else { "" };
        open(&path, &[("journal.dir", journal)], &r).err().unwrap()
    }));
    assert!(e.contains("rank 1"), "{e}");
    assert!(!journal_directory(&path).exists(), "rank 0 leaves nothing behind");

    let define = |shape: fn(usize) -> [usize; 2], t: fn(usize) -> ElementType, name: fn(usize) -> &'static str| {
        common(on_ranks(3, |r| {
            let mut s = open(&path, &[], &r).unwrap();
            let v = s.define_variable(name(r.rank()), t(r.rank()), &shape(r.rank())).unwrap();
            let [y, x] = shape(r.rank());
            s.add_block(v, &[0, 0], &[y, x], None).unwrap();
            s.commit().unwrap_err()
        }))
    };
    let (shape, double, name) = (|_| SHAPE, |_| ElementType::Float64, |_| "v");
    let e = define(|r| if r == 1 { [12, 15] } else { SHAPE }, double, name);
    assert!(e.contains("rank 1 defines \"v\" with the shape [12, 15]"), "{e}");
    let e = define(shape, |r| if r == 2 { ElementType::Float32 } else { ElementType::Float64 }, name);
    assert!(e.contains("rank 2 defines \"v\" with 32 bits"), "{e}");
    let e = define(shape, double, |r| if r == 2 { "w" } else { "v" });
    assert!(e.contains("rank 2 defines the variables [\"w\"]"), "{e}");

    // A hole, and no block anywhere.
    for (n, text) in [(3, "do not cover"), (0, "no block")] {
        let e = common(on_ranks(3, |r| {
            run(&path, &[], &r, &QUARTERS[..n * usize::from(r.rank() == 0)], 0..1).unwrap_err()
        }));
        assert!(e.contains(text), "{e}");
    }
}

/// A defect, here of what watches the progress, is an error on all ranks while the others wait for a gradient; the journals
/// are whole.
#[test]
fn a_panic_of_one_rank_leaves_nobody_waiting() {
    let (_dir, path) = place();
    let errors = on_ranks(3, |r| {
        let c = config(&[("target.ratio", "2"), ("effort", "0.01")]);
        let mut s = Session::open(&path, &c, Communicator::Ranks(r.clone())).unwrap();
        let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
        let own = dealt(&QUARTERS, r.rank(), r.size());
        let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
        s.commit().unwrap();
        for cycle in 0..STEPS {
            s.step_begin(cycle, cycle as f64).unwrap();
            for (place, b) in own.iter().zip(&blocks) {
                s.put_slice(*b, ValuesRef::Float64(&values(place, cycle))).unwrap();
            }
            s.step_end().unwrap();
        }
        let watch = |_: &limbeck_session::Progress| assert!(r.rank() != 1, "a defect");
        s.close_with(&watch).unwrap_err()
    });
    assert!(matches!(&errors[1], Error::Internal(t) if t.contains("distilling \"v\" panicked")), "{errors:?}");
    assert!(errors.iter().enumerate().all(|(r, e)| r == 1 || matches!(e, Error::Mpi(_))), "{errors:?}");
    assert!(!path.exists());
    let c = config(&[("effort", "0.01")]);
    let report = limbeck_session::distil_run(&journal_directory(&path), &path, &c, &Alone, &|_| ()).unwrap();
    assert_eq!((report.steps.len(), path.exists()), (STEPS as usize, true));
}

#[test]
fn a_step_that_one_rank_cannot_take_keeps_its_index() {
    let (_dir, path) = place();
    let reports = on_ranks(2, |r| {
        let mut s = open(&path, &[], &r).unwrap();
        let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
        let own = dealt(&QUARTERS, r.rank(), 2);
        let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
        s.commit().unwrap();
        for cycle in 0..STEPS {
            s.step_begin(cycle, cycle as f64).unwrap();
            for (place, b) in own.iter().zip(&blocks) {
                let mut f = values(place, cycle);
                if r.rank() == 1 && cycle == 2 {
                    f[0] = f64::NAN;
                }
                // The simulation looks at no status.
                let _ = s.put_slice(*b, ValuesRef::Float64(&f));
            }
            let cancelled = r.rank() == 0 && cycle == 3;
            let _ = if cancelled { s.step_cancel().map(|()| Outcome::Ok) } else { s.step_end() };
        }
        s.close().unwrap()
    });
    let missing = &reports[0].missing;
    assert_eq!(missing.iter().map(|(cycle, _)| *cycle).collect::<Vec<_>>(), [2, 3], "{missing:?}");
    assert!(missing[0].1.contains("rank 1") && missing[0].1.contains("NaN"), "{missing:?}");
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.steps().cycles, [0, 1, 2, 3, 4]);
    assert_eq!(whole(&path, 4).len(), 192);
}

#[test]
fn a_rank_that_dies_leaves_whole_journals_behind() {
    let (_dir, path) = place();
    let errors = on_ranks(2, |r| {
        let mut s = open(&path, &[], &r).unwrap();
        let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
        let own = dealt(&QUARTERS, r.rank(), 2);
        let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
        s.commit().unwrap();
        for cycle in 0..STEPS {
            if r.rank() == 1 && cycle == 3 {
                return None;
            }
            s.step_begin(cycle, cycle as f64).unwrap();
            for (place, b) in own.iter().zip(&blocks) {
                s.put_slice(*b, ValuesRef::Float64(&values(place, cycle))).unwrap();
            }
            s.step_end().unwrap();
            s.wait(cycle, std::time::Duration::from_secs(60)).unwrap();
        }
        Some(s.close().unwrap_err())
    });
    let e = errors[0].as_ref().unwrap();
    assert!(matches!(e, Error::Mpi(_)) && e.to_string().contains("limbeck distill"), "{e}");

    let directory = journal_directory(&path);
    let distil = |to: &str, set: &[(&str, &str)], n: usize| -> Vec<Result<CloseReport>> {
        let to = path.with_file_name(to);
        on_ranks(n, |r| {
            let c = config(&[&[("target.ratio", "1.2")], set].concat());
            distil_run_with_method(&directory, &to, &c, r.as_ref(), method(), &|_| ())
        })
    };
    let whole_steps = distil("whole.lbk", &[], 3).swap_remove(0).unwrap();
    assert_eq!(whole_steps.missing.iter().map(|m| m.0).collect::<Vec<_>>(), [3, 4]);
    assert!(whole_steps.missing[0].1.contains("2 of its 4 blocks"), "{:?}", whole_steps.missing);
    assert_eq!(Archive::open(&path.with_file_name("whole.lbk")).unwrap().steps().len(), 3);
    let all = distil("all.lbk", &[("distil.incomplete", "true")], 2).swap_remove(0).unwrap();
    assert_eq!(all.missing.len(), 2);
    assert_eq!(Archive::open(&path.with_file_name("all.lbk")).unwrap().steps().len(), 5);

    // Without its journal, a process is missed at every step.
    std::fs::remove_file(journal_path(&directory, 1)).unwrap();
    let e = common(distil("none.lbk", &[], 2).into_iter().map(|r| r.unwrap_err()).collect());
    assert!(e.contains("no step") && e.contains("2 of its 4 blocks") && e.contains("distil.incomplete"), "{e}");
    let half = distil("half.lbk", &[("distil.incomplete", "true")], 1).swap_remove(0).unwrap();
    assert!(half.warnings.iter().any(|w| w.contains("journal of process 1 is not there")), "{:?}", half.warnings);
    assert_eq!(UnfinishedRun::open(&directory).unwrap().absent(), [1]);
}

#[test]
fn a_run_is_continued_by_as_many_ranks_and_an_archive_by_any() {
    let (_dir, path) = place();
    let never = [("distil.when", "never")];
    let append = [("open.mode", "append")];
    on_ranks(2, |r| run(&path, &never, &r, &dealt(&QUARTERS, r.rank(), 2), 0..3).unwrap());
    // Refused without harm: other ranks, other blocks.
    let e = common(on_ranks(3, |r| run(&path, &append, &r, &dealt(&QUARTERS, r.rank(), 3), 2..4).unwrap_err()));
    assert!(e.contains("no journal of process 2") && e.contains("limbeck distill"), "{e}");
    let e = run(&path, &append, &(Arc::new(Alone) as Arc<dyn Ranks>), &QUARTERS, 2..4).unwrap_err().to_string();
    assert!(e.contains("2 processes") && e.contains("limbeck distill"), "{e}");
    let halves = [([0, 0], [12, 8]), ([0, 8], [12, 8])];
    let e = common(on_ranks(2, |r| run(&path, &append, &r, &dealt(&halves, r.rank(), 2), 2..4).unwrap_err()));
    assert!(e.contains("other blocks"), "{e}");
    // The same ranks go on where they stopped; the step that is durable is skipped.
    let reports = on_ranks(2, |r| run(&path, &append, &r, &dealt(&QUARTERS, r.rank(), 2), 2..5).unwrap());
    assert!(reports.iter().all(|r| r.metrics.skipped == 1 && r.metrics.accepted == 2), "{:?}", reports[0].metrics);
    assert_eq!(Archive::open(&path).unwrap().steps().cycles, [0, 1, 2, 3, 4]);
    // An archive whose journals are gone is continued by any ranks and blocks.
    std::fs::remove_dir_all(journal_directory(&path)).unwrap();
    on_ranks(3, |r| run(&path, &append, &r, &dealt(&halves, r.rank(), 2), 4..7).unwrap());
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.steps().cycles, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(archive.segments().len(), 2);
    let worst = |s: i64| {
        whole(&path, s).iter().zip(values(&([0, 0], SHAPE), s)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(worst(1) < 1.2 && worst(6) < 1.2, "{} {}", worst(1), worst(6));
}

#[test]
fn journals_that_differ_in_length_go_on_from_the_step_that_all_have() {
    let (_dir, path) = place();
    let never = [("distil.when", "never")];
    on_ranks(2, |r| {
        let mut s = open(&path, &never, &r).unwrap();
        let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
        let own = dealt(&QUARTERS, r.rank(), 2);
        let blocks: Vec<_> = own.iter().map(|(o, n)| s.add_block(v, o, n, None).unwrap()).collect();
        s.commit().unwrap();
        // Rank 1 was ahead when the job ended.
        for cycle in 0..2 + r.rank() as i64 {
            s.step_begin(cycle, cycle as f64).unwrap();
            for (place, b) in own.iter().zip(&blocks) {
                s.put_slice(*b, ValuesRef::Float64(&values(place, cycle))).unwrap();
            }
            s.step_end().unwrap();
            s.wait(cycle, std::time::Duration::from_secs(60)).unwrap();
        }
    });
    let reports =
        on_ranks(2, |r| run(&path, &[("open.mode", "append")], &r, &dealt(&QUARTERS, r.rank(), 2), 0..4).unwrap());
    assert!(reports.iter().all(|r| r.metrics.skipped == 2 && r.metrics.accepted == 2), "{:?}", reports[1].metrics);
    assert!(reports[0].missing.is_empty(), "{:?}", reports[0].missing);
    assert_eq!(Archive::open(&path).unwrap().steps().cycles, [0, 1, 2, 3]);
}
