//! What a host handed in is recorded and handed in again: the archive is the same, whatever happened to the recording.

mod session_support;

use std::path::{Path, PathBuf};
use std::process::Command;

use limbeck_archive::{Archive, Call, Recording, UnfinishedRun, journal_directory};
use limbeck_codec::StepKind;
use limbeck_session::{
    Attribute, AxisCoordinates, BlockId, Communicator, Config, ElementType, Error, Outcome, Replay, ReplayReport,
    Session, Speed, ValuesRef, Watch,
};
use session_support::{Control, Rounding, config, wave};

const DIRECTORY: &str = "SESSION_RECORD_DIRECTORY";

/// Options under which steps are kept plainly enough to be compared, and the archive is small.
const OPTIONS: [(&str, &str); 4] =
    [("target.ratio", "4"), ("nonfinite", "mask"), ("queue.policy", "block"), ("seed", "7")];

fn recording(directory: &Path, set: &[(&str, &str)]) -> Config {
    let mut c = config(set);
    c.record_to(&directory.join("recorded"));
    c
}

struct Host {
    session: Session,
    plane: [BlockId; 2],
    line: BlockId,
    cube: BlockId,
}

const PLANE: [usize; 2] = [6, 10];
const CUBE: [usize; 3] = [4, 5, 6];

/// Three variables of one to three axes and both types; the plane comes in two blocks.
fn host(directory: &Path) -> Host {
    let method = Rounding::controlled().0;
    let path = directory.join("run.lbk");
    let mut s = Session::open_with_method(&path, &recording(directory, &OPTIONS), Communicator::None, method).unwrap();
    s.set_attribute(None, "title", Attribute::Text("a wave".into())).unwrap();
    let line = s.define_variable("line", ElementType::Float64, &[40]).unwrap();
    let plane = s.define_variable("plane", ElementType::Float32, &PLANE).unwrap();
    let cube = s.define_variable("cube", ElementType::Float64, &CUBE).unwrap();
    s.set_attribute(Some(plane), "units", Attribute::Text("K".into())).unwrap();
    s.set_axis(line, 0, AxisCoordinates::Uniform { origin: -1.0, spacing: 0.5 }).unwrap();
    s.name_axis(line, 0, "x", "m").unwrap();
    s.set_axis(plane, 1, AxisCoordinates::Explicit((0..10).map(|i| f64::from(i * i)).collect())).unwrap();
    let upper = s.add_block(plane, &[0, 0], &[2, 10], None).unwrap();
    let lower = s.add_block(plane, &[2, 0], &[4, 10], Some(&[40, 4])).unwrap();
    let line = s.add_block(line, &[0], &[40], None).unwrap();
    let cube = s.add_block(cube, &[0, 0, 0], &CUBE, None).unwrap();
    s.commit().unwrap();
    Host { session: s, plane: [upper, lower], line, cube }
}

impl Host {
    fn put(&mut self, cycle: i64) {
        let s = &mut self.session;
        s.step_begin(cycle, cycle as f64 * 0.25).unwrap();
        let single = |n: usize| wave(&[n], cycle).iter().map(|&v| v as f32).collect::<Vec<_>>();
        let mut masked = single(40);
        (masked[3], masked[7], masked[8]) = (f32::NAN, f32::INFINITY, f32::NEG_INFINITY);
        s.put_slice(self.plane[1], ValuesRef::Float32(&masked)).unwrap();
        s.put_slice(self.plane[0], ValuesRef::Float32(&single(20))).unwrap();
        s.put_slice(self.cube, ValuesRef::Float64(&wave(&CUBE, cycle))).unwrap();
        s.put_slice(self.line, ValuesRef::Float64(&wave(&[40], 3 * cycle))).unwrap();
    }

    fn step(&mut self, cycle: i64) {
        self.put(cycle);
        assert!(matches!(self.session.step_end().unwrap(), Outcome::Ok | Outcome::Degraded(_)));
    }
}

fn replay(replay: &Replay, output: &Path, set: &[(&str, &str)], speed: Speed) -> Result<ReplayReport, Error> {
    let watch = Watch { step: &|_, _| true, distil: &|_| () };
    let method = Rounding::controlled().0;
    replay.run_with_method(output, &config(set), Communicator::None, speed, &watch, method)
}

/// All that an archive says of the data: what it cost to make them is another time each time.
fn contents(path: &Path) -> (Vec<u8>, Archive) {
    let archive = Archive::open(path).unwrap();
    let mut bytes = Vec::new();
    for segment in archive.segments() {
        bytes.extend(format!("{} {} {}", segment.variable, segment.first_step, segment.step_count).into_bytes());
        bytes.extend(archive.read_segment(segment).unwrap());
    }
    for mask in archive.masks() {
        bytes.extend(archive.read_mask(mask).unwrap());
    }
    (bytes, archive)
}

fn assert_same_archives(a: &Path, b: &Path) {
    let ((a_bytes, a), (b_bytes, b)) = (contents(a), contents(b));
    assert!(!a_bytes.is_empty() && a_bytes == b_bytes);
    assert_eq!(a.run(), b.run());
    assert_eq!((&a.steps().cycles, &a.steps().times), (&b.steps().cycles, &b.steps().times));
    assert_eq!(a.options().unwrap(), b.options().unwrap());
}

/// Cycle, variable, block, kind, payload and mask.
type Journalled = (i64, u32, u32, u8, Vec<u8>, Option<Vec<u8>>);

/// The blocks of all steps as they stand in the journals.
fn journalled(path: &Path) -> Vec<Journalled> {
    let run = UnfinishedRun::open(&journal_directory(path)).unwrap();
    let cycle = |step| run.steps().iter().find(|s| s.stamp.step == step).unwrap().stamp.cycle;
    let block = |b: &limbeck_archive::BlockEntry| {
        let bytes = run.read_block(b).unwrap();
        (cycle(b.step), b.variable, b.block, b.step_kind, bytes.payload, bytes.mask)
    };
    run.newest_blocks().map(block).collect()
}

fn only_file(directory: &Path) -> PathBuf {
    let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

/// Ten steps, one of them cancelled, and calls that are refused.
fn eventful(directory: &Path) -> PathBuf {
    let mut h = host(directory);
    (0..4).for_each(|cycle| h.step(cycle));
    h.put(4);
    h.session.step_cancel().unwrap();
    // Not ended, since a block is missing; the next step replaces it.
    h.session.step_begin(5, 0.0).unwrap();
    h.session.put_slice(h.line, ValuesRef::Float64(&wave(&[40], 9))).unwrap();
    assert!(h.session.put_slice(h.line, ValuesRef::Float64(&wave(&[40], 9))).is_err());
    assert!(h.session.step_end().is_err());
    (6..12).for_each(|cycle| h.step(cycle));
    h.session.close().unwrap();
    directory.join("run.lbk")
}

#[test]
fn a_replay_writes_the_same_archive() {
    let dir = tempfile::tempdir().unwrap();
    let original = eventful(dir.path());
    let recorded = Replay::open(&dir.path().join("recorded"), None).unwrap();
    assert!(recorded.faults().is_empty(), "{:?}", recorded.faults());
    assert_eq!((recorded.steps(), recorded.recordings().len()), (10, 1));
    for speed in [Speed::Max, Speed::Real] {
        let again = dir.path().join(format!("again-{speed:?}.lbk"));
        let report = replay(&recorded, &again, &[], speed).unwrap();
        assert_eq!((report.taken, report.given_up, report.refused, report.different), (10, 1, 2, 0), "{report:?}");
        assert_same_archives(&original, &again);
        assert_eq!(journalled(&original), journalled(&again));
    }
    // The values of the plane that are not finite, among others.
    assert!(journalled(&original).iter().any(|b| b.5.is_some()) && contents(&original).1.masks().len() == 10);
}

#[test]
fn values_are_recorded_bit_by_bit() {
    let dir = tempfile::tempdir().unwrap();
    let set = [("nonfinite", "mask"), ("distil.when", "never"), ("queue.policy", "block")];
    let method = Rounding::controlled().0;
    let path = dir.path().join("run.lbk");
    let mut s = Session::open_with_method(&path, &recording(dir.path(), &set), Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[2, 3]).unwrap();
    // Every other value of rows that are turned upside down.
    let b = s.add_block(v, &[0, 0], &[2, 3], Some(&[-48, 16])).unwrap();
    s.commit().unwrap();
    let nan = f64::from_bits(0x7ff4_0000_dead_beef);
    let array = [[1.0, 9.0, nan, 9.0, -0.0, 9.0], [f64::MIN_POSITIVE / 8.0, 9.0, 2.5, 9.0, f64::INFINITY, 9.0]];
    s.step_begin(0, 0.0).unwrap();
    // SAFETY: from its last row on, the strides stay within the array.
    unsafe { s.put(b, array[1].as_ptr().cast()) }.unwrap();
    s.step_end().unwrap();
    s.close().unwrap();
    let recorded = Recording::open(&only_file(&dir.path().join("recorded"))).unwrap();
    let put = recorded.calls().iter().find(|c| matches!(c.call, Call::Put { .. })).unwrap();
    let values = recorded.values(put).unwrap();
    let bits: Vec<u64> = values.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
    let expected = [array[1][0], array[1][2], array[1][4], array[0][0], array[0][2], array[0][4]];
    assert_eq!(bits, expected.map(f64::to_bits));
    assert!(
        recorded.calls().iter().any(|c| matches!(&c.call, Call::Commit { strides, .. } if strides == &[[-48, 16]]))
    );
}

#[test]
fn a_recording_cut_anywhere_replays_its_whole_steps() {
    let dir = tempfile::tempdir().unwrap();
    let method = Rounding::controlled().0;
    let path = dir.path().join("run.lbk");
    let set = [("target.ratio", "4"), ("queue.policy", "block")];
    let mut s = Session::open_with_method(&path, &recording(dir.path(), &set), Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[3, 4]).unwrap();
    let b = s.add_block(v, &[0, 0], &[3, 4], None).unwrap();
    s.commit().unwrap();
    let file = only_file(&dir.path().join("recorded"));
    let mut ends = Vec::new();
    for cycle in 0..3 {
        session_support::feed(&mut s, b, &[3, 4], cycle);
        ends.push(std::fs::metadata(&file).unwrap().len());
    }
    s.close().unwrap();
    let whole = std::fs::read(&file).unwrap();
    let cut = dir.path().join("cut.lbr");
    let mut replayed = 0;
    for length in 0..=whole.len() {
        std::fs::write(&cut, &whole[..length]).unwrap();
        let steps = ends.iter().filter(|&&end| length as u64 >= end).count() as u64;
        match Replay::open(&cut, None) {
            Ok(recorded) => {
                assert_eq!(
                    (recorded.steps(), recorded.faults().is_empty()),
                    (steps, length == whole.len()),
                    "{length}"
                );
                // A session of its own for each byte would take minutes; around the ends of steps something can change.
                if length % 97 == 0 || ends.iter().any(|&end| end.abs_diff(length as u64) < 2) {
                    let again = dir.path().join(format!("again-{length}.lbk"));
                    let report = replay(&recorded, &again, &[], Speed::Max).unwrap();
                    assert_eq!((report.taken, report.different), (steps, 0), "{length}: {report:?}");
                    let same = journalled(&path).into_iter().filter(|b| b.0 < steps as i64);
                    assert_eq!(journalled(&again), same.collect::<Vec<_>>());
                    replayed += 1;
                }
            }
            Err(e) => {
                assert!(matches!(e, Error::Truncated(_)) && steps == 0, "{length}: {e}");
            }
        }
    }
    assert!(replayed > 10);
}

#[test]
fn damaged_values_cost_their_step_only() {
    let dir = tempfile::tempdir().unwrap();
    eventful(dir.path());
    let file = only_file(&dir.path().join("recorded"));
    let mut bytes = std::fs::read(&file).unwrap();
    // The middle of the file is within the values of some block, as values are most of it.
    let at = bytes.len() / 2;
    bytes[at] ^= 0x10;
    std::fs::write(&file, &bytes).unwrap();
    let replayed = Replay::open(&file, None).unwrap();
    let report = replay(&replayed, &dir.path().join("again.lbk"), &[], Speed::Max).unwrap();
    assert_eq!(report.taken, 9, "{report:?}");
    assert!(report.differences.iter().any(|d| d.contains("damaged")), "{:?}", report.differences);
}

#[test]
fn options_of_the_replay_win_and_sessions_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    eventful(dir.path());
    std::fs::remove_file(dir.path().join("run.lbk")).unwrap();
    std::fs::remove_dir_all(journal_directory(&dir.path().join("run.lbk"))).unwrap();
    eventful(dir.path());
    let recorded = dir.path().join("recorded");
    let e = Replay::open(&recorded, None).unwrap_err().to_string();
    assert!(e.contains("run.lbk-000, run.lbk-001"), "{e}");
    assert!(Replay::open(&recorded, Some("run.lbk-002")).is_err());
    let second = Replay::open(&recorded, Some("run.lbk-001")).unwrap();
    assert!(matches!(Replay::open(dir.path(), None), Err(Error::InvalidArgument(_))));
    assert_eq!(second.config(&config(&[])).get("seed").unwrap(), "7");
    let again = dir.path().join("again.lbk");
    let report = replay(&second, &again, &[("distil.when", "never"), ("nonfinite", "error")], Speed::Max).unwrap();
    // Steps with NaN are refused now, and the report says so.
    assert!(report.taken == 0 && report.different >= 20 && report.differences.len() == 20, "{report:?}");
    assert!(report.differences[0].contains("put of cycle 0 was done"), "{:?}", report.differences);
    assert!(!again.exists());
}

#[test]
fn steps_that_were_dropped_are_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let (method, control): (_, std::sync::Arc<Control>) = Rounding::controlled();
    let path = dir.path().join("run.lbk");
    let set = [("queue.policy", "drop"), ("queue.bytes", "20000"), ("target.ratio", "4"), ("workers.threads", "1")];
    let mut s = Session::open_with_method(&path, &recording(dir.path(), &set), Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[32, 32]).unwrap();
    let b = s.add_block(v, &[0, 0], &[32, 32], None).unwrap();
    s.commit().unwrap();
    control.close();
    let outcomes: Vec<Outcome> = (0..6)
        .map(|cycle| {
            s.step_begin(cycle, 0.0).unwrap();
            let put = s.put_slice(b, ValuesRef::Float64(&wave(&[32, 32], cycle))).unwrap();
            let ended = s.step_end().unwrap();
            if put == Outcome::Dropped { put } else { ended }
        })
        .collect();
    control.open();
    let dropped = outcomes.iter().filter(|o| **o == Outcome::Dropped).count() as u64;
    s.close().unwrap();
    assert!(dropped > 0, "{outcomes:?}");
    let recorded = Replay::open(&dir.path().join("recorded"), None).unwrap();
    // With room for them they are taken; each was dropped at its put and at its end.
    let again = dir.path().join("again.lbk");
    let report = replay(&recorded, &again, &[("queue.policy", "block")], Speed::Max).unwrap();
    assert_eq!((report.taken, report.dropped, report.different), (6, 0, 2 * dropped), "{report:?}");
    let kinds: Vec<u8> = journalled(&again).iter().map(|b| b.3).collect();
    assert_eq!(kinds, [StepKind::Network as u8; 6]);
}

/// Does nothing unless another test starts it with a directory.
#[test]
#[ignore = "the child process of another test"]
fn on_a_full_disk() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let method = Rounding::controlled().0;
    let path = directory.join("run.lbk");
    let set = [("target.ratio", "4"), ("queue.policy", "block")];
    let mut s = Session::open_with_method(&path, &recording(directory, &set), Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[32, 32]).unwrap();
    let b = s.add_block(v, &[0, 0], &[32, 32], None).unwrap();
    s.commit().unwrap();
    let told: Vec<Outcome> =
        (0..8).map(|cycle| session_support::feed(&mut s, b, &[32, 32], cycle)).filter(|o| *o != Outcome::Ok).collect();
    assert!(matches!(&told[..], [Outcome::Degraded(t)] if t.contains("recorded") && t.contains(".lbr")), "{told:?}");
    let report = s.close().unwrap();
    assert_eq!((report.steps.len(), report.warnings.len()), (8, 1), "{:?}", report.warnings);
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    // Files may grow to 30 kB, which the journal of 8 steps of 2 kB keeps below and the recording of 8 kB a step does not;
    // the signal for that is ignored, so that writing fails as on a full disk.
    let command = format!(
        "trap '' XFSZ; ulimit -f 60; exec '{}' --exact on_a_full_disk --ignored --nocapture",
        std::env::current_exe().unwrap().display()
    );
    let output = Command::new("sh").args(["-c", &command]).env(DIRECTORY, dir.path()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
    let recorded = Replay::open(&dir.path().join("recorded"), None).unwrap();
    assert!((2..8).contains(&recorded.steps()), "{}", recorded.steps());
    assert_eq!(recorded.recordings()[0].torn_tail(), None, "what was written of the last frame was cut");
    let report = replay(&recorded, &dir.path().join("again.lbk"), &[], Speed::Max).unwrap();
    assert_eq!((report.taken, report.different), (recorded.steps(), 0));
}

#[test]
fn a_place_that_cannot_be_written_is_told_once_and_the_run_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let mut c = config(&[("target.ratio", "4"), ("queue.policy", "block")]);
    c.record_to(&file.join("recorded"));
    let method = Rounding::controlled().0;
    let mut s = Session::open_with_method(&dir.path().join("run.lbk"), &c, Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, &[8]).unwrap();
    let b = s.add_block(v, &[0], &[8], None).unwrap();
    s.commit().unwrap();
    let told: Vec<Outcome> = (0..3).map(|cycle| session_support::feed(&mut s, b, &[8], cycle)).collect();
    assert!(
        matches!(&told[..], [Outcome::Degraded(t), Outcome::Ok, Outcome::Ok] if t.contains("recorded")),
        "{told:?}"
    );
    assert!(s.close().unwrap().archive.is_some());
}
