//! The recordings of several ranks, handed in again by one process and by others than there were.

mod session_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbeck_archive::{UnfinishedRun, journal_directory};
use limbeck_codec::StepKind;
use limbeck_session::ranks::{RankThread, Ranks};
use limbeck_session::{
    Attribute, Communicator, ElementType, Error, Replay, ReplayReport, Result, Session, Speed, ValuesRef, Watch,
};
use session_support::{Rounding, config, wave};

const SHAPE: [usize; 2] = [12, 16];
const OPTIONS: [(&str, &str); 3] = [("target.ratio", "4"), ("queue.policy", "block"), ("distil.when", "never")];

/// Offset and count of the blocks of each rank; the last one has none.
const BLOCKS: [&[([usize; 2], [usize; 2])]; 3] = [&[([0, 0], [6, 8]), ([0, 8], [6, 8])], &[([6, 0], [6, 16])], &[]];

fn on_ranks<T: Send>(n: usize, work: impl Fn(Arc<dyn Ranks>) -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let spawn = |r: RankThread| scope.spawn(|| work(Arc::new(r)));
        let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    })
}

/// Six steps: rank 1 does not end the third one, and cancels the fifth.
fn host(directory: &Path, ranks: &Arc<dyn Ranks>) {
    let mut c = config(&OPTIONS);
    // The place that rank 0 names counts.
    c.record_to(&directory.join(if ranks.rank() == 0 { "recorded" } else { "elsewhere" }));
    let path = directory.join("run.lbk");
    let all = Communicator::Ranks(ranks.clone());
    let mut s = Session::open_with_method(&path, &c, all, Rounding::controlled().0).unwrap();
    s.set_attribute(None, "rank", Attribute::Integer(ranks.rank() as i64)).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &SHAPE).unwrap();
    let own = BLOCKS[ranks.rank()];
    let blocks: Vec<_> = own.iter().map(|(offset, count)| s.add_block(v, offset, count, None).unwrap()).collect();
    s.commit().unwrap();
    for cycle in 0..6 {
        s.step_begin(cycle, cycle as f64).unwrap();
        let fails = cycle == 2 && ranks.rank() == 1;
        for (block, (offset, count)) in blocks.iter().zip(own).filter(|_| !fails) {
            s.put_slice(*block, ValuesRef::Float64(&wave(count, cycle + offset[1] as i64))).unwrap();
        }
        if cycle == 4 && ranks.rank() == 1 {
            s.step_cancel().unwrap();
        } else {
            assert_eq!(s.step_end().is_ok(), !fails);
        }
    }
    s.close().unwrap();
}

fn replay(recorded: &Replay, output: &Path, ranks: Option<Arc<dyn Ranks>>) -> Result<ReplayReport> {
    let watch = Watch { step: &|_, _| true, distil: &|_| () };
    let communicator = ranks.map_or(Communicator::None, Communicator::Ranks);
    recorded.run_with_method(output, &config(&[]), communicator, Speed::Max, &watch, Rounding::controlled().0)
}

/// Cycle, block, kind and payload of what is in all journals of a run, by cycle.
fn journalled(path: &Path) -> Vec<(i64, u32, u8, Vec<u8>)> {
    let run = UnfinishedRun::open(&journal_directory(path)).unwrap();
    let cycle = |step| run.steps().iter().find(|s| s.stamp.step == step).unwrap().stamp.cycle;
    let block =
        |b: &limbeck_archive::BlockEntry| (cycle(b.step), b.block, b.step_kind, run.read_block(b).unwrap().payload);
    let mut all: Vec<_> = run.newest_blocks().map(block).collect();
    all.sort();
    all
}

fn recorded(directory: &Path) -> PathBuf {
    on_ranks(3, |ranks| host(directory, &ranks));
    let mut names: Vec<_> =
        std::fs::read_dir(directory.join("recorded")).unwrap().map(|f| f.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["run.lbk-000-00000.lbr", "run.lbk-000-00001.lbr", "run.lbk-000-00002.lbr"]);
    assert!(!directory.join("elsewhere").exists());
    directory.join("recorded")
}

#[test]
fn as_many_ranks_hand_in_what_was_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let replayed = Replay::open(&recorded(dir.path()), None).unwrap();
    let again = dir.path().join("again.lbk");
    let reports = on_ranks(3, |ranks| replay(&replayed, &again, Some(ranks)).unwrap());
    assert_eq!(
        reports.iter().map(|r| (r.taken, r.given_up, r.different)).collect::<Vec<_>>(),
        [(6, 0, 0), (4, 1, 0), (6, 0, 0)]
    );
    assert_eq!(journalled(&dir.path().join("run.lbk")), journalled(&again));
    let run = UnfinishedRun::open(&journal_directory(&again)).unwrap();
    assert_eq!(run.run().attributes, [("rank".to_owned(), Attribute::Integer(0))]);
}

#[test]
fn fewer_ranks_hand_in_the_steps_that_all_of_theirs_ended() {
    let dir = tempfile::tempdir().unwrap();
    let replayed = Replay::open(&recorded(dir.path()), None).unwrap();
    // Blocks of ranks that gave a step up are not there in the original, those of the others are.
    let whole = |blocks: Vec<(i64, u32, u8, Vec<u8>)>| -> Vec<_> {
        blocks.into_iter().filter(|b| ![2, 4].contains(&b.0)).map(|b| (b.0, b.1, b.2)).collect()
    };
    let original = whole(journalled(&dir.path().join("run.lbk")));
    assert_eq!(original.len(), 4 * 3);
    assert!(original.iter().all(|b| b.2 == StepKind::Network as u8));
    let alone = dir.path().join("alone.lbk");
    let report = replay(&replayed, &alone, None).unwrap();
    assert_eq!((report.taken, report.refused, report.different), (4, 2, 0), "{report:?}");
    assert_eq!(whole(journalled(&alone)), original);
    let two = dir.path().join("two.lbk");
    let reports = on_ranks(2, |ranks| replay(&replayed, &two, Some(ranks)).unwrap());
    assert_eq!(reports.iter().map(|r| r.different).sum::<u64>(), 0, "{reports:?}");
    assert_eq!(whole(journalled(&two)), original);
}

#[test]
fn more_ranks_and_missing_recordings_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let place = recorded(dir.path());
    let replayed = Replay::open(&place, None).unwrap();
    let again = dir.path().join("again.lbk");
    for refused in on_ranks(4, |ranks| replay(&replayed, &again, Some(ranks))) {
        assert!(matches!(&refused, Err(Error::InvalidArgument(t)) if t.contains("3 ranks")), "{refused:?}");
    }
    std::fs::remove_file(place.join("run.lbk-000-00001.lbr")).unwrap();
    let e = Replay::open(&place, None).unwrap_err();
    assert!(matches!(&e, Error::InvalidArgument(t) if t.contains("rank 1")), "{e}");
}

#[test]
fn a_rank_whose_recording_ends_early_ends_the_replay_there() {
    let dir = tempfile::tempdir().unwrap();
    let place = recorded(dir.path());
    let torn = place.join("run.lbk-000-00001.lbr");
    let bytes = std::fs::read(&torn).unwrap();
    // Its last step has the last of the four blocks that it put.
    std::fs::write(&torn, &bytes[..bytes.len() - 300]).unwrap();
    let replayed = Replay::open(&place, None).unwrap();
    let faults = replayed.faults().join("; ");
    assert!(faults.contains("torn") && faults.contains("before the session was closed"), "{faults}");
    let report = replay(&replayed, &dir.path().join("again.lbk"), None).unwrap();
    assert_eq!((report.taken, report.different), (3, 0), "{report:?}");
}
