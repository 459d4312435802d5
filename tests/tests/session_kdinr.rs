//! The session with the real method and the real reader: what goes in comes out, and does not depend on threads.

mod session_support;

use std::path::Path;

use limbeck_archive::{Archive, UnfinishedRun, journal_directory};
use limbeck_field::Region;
use limbeck_reader::Dataset;
use limbeck_session::{CloseReport, Communicator, ElementType, Session, ValuesRef};
use session_support::{bump, config};

const SMALL: [(&str, &str); 7] = [
    ("teacher.width", "16"),
    ("teacher.depth", "2"),
    ("teacher.samples", "60000"),
    ("teacher.batch", "512"),
    ("student.samples", "120000"),
    ("student.batch", "512"),
    ("target.ratio", "20"),
];

fn run(path: &Path, set: &[(&str, &str)]) -> CloseReport {
    let mut c = config(&SMALL);
    set.iter().for_each(|(k, v)| c.set(k, v).unwrap());
    let mut s = Session::open(path, &c, Communicator::None).unwrap();
    let v = s.define_variable("bump", ElementType::Float64, &[32, 24]).unwrap();
    let blocks = [(0, 20), (20, 12)].map(|(o, n)| (o, n, s.add_block(v, &[o, 0], &[n, 24], None).unwrap()));
    s.commit().unwrap();
    for cycle in 0..6 {
        s.step_begin(cycle, cycle as f64 * 0.25).unwrap();
        for (offset, n, b) in blocks {
            s.put_slice(b, ValuesRef::Float64(&bump(offset, [n, 24], cycle))).unwrap();
        }
        s.step_end().unwrap();
    }
    s.close().unwrap()
}

#[test]
fn what_goes_in_comes_out() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let report = run(&path, &[]);
    assert!(report.ratio() >= 20.0, "{}", report.ratio());
    assert!(report.steps.iter().all(|r| r.quality.count == 768 && r.quality.psnr() > 25.0), "{:?}", report.steps);
    let data = Dataset::open(&path).unwrap();
    let region = Region { start: vec![0, 0], count: vec![32, 24], every: vec![1, 1] };
    let mut squared = 0.0;
    for step in 0..6 {
        let back = data.read::<f64>("bump", step, &region).unwrap();
        let original = bump(0, [32, 24], step as i64);
        squared += back.iter().zip(&original).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    }
    let psnr = 20.0 * 3.0f64.log10() - 10.0 * (squared / (6.0 * 768.0)).log10();
    assert!(psnr > 22.0, "{psnr}");
}

/// An ocean beside land, land alone, and water at rest, which is zeros of both signs.
#[test]
fn what_is_masked_has_no_part_in_what_is_learned() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let mut c = config(&SMALL);
    [("nonfinite", "mask"), ("target.ratio", "10")].iter().for_each(|(k, v)| c.set(k, v).unwrap());
    let mut s = Session::open(&path, &c, Communicator::None).unwrap();
    let shape = [32, 24];
    let mut define = |name: &str| s.define_variable(name, ElementType::Float64, &shape).unwrap();
    let (ocean, land, rest) = (define("ocean"), define("land"), define("rest"));
    let halves = |v, s: &mut Session| [0, 16].map(|o| s.add_block(v, &[o, 0], &[16, 24], None).unwrap());
    let (oceans, lands, rests) = (halves(ocean, &mut s), halves(land, &mut s), halves(rest, &mut s));
    s.commit().unwrap();
    let nothing = vec![f64::NAN; 16 * 24];
    let zeros: Vec<f64> = (0..16 * 24).map(|i| if i % 3 == 0 { -0.0 } else { 0.0 }).collect();
    let water = |cycle| bump(0, [16, 24], cycle).iter().map(|v| 265.0 + 5.0 * v).collect::<Vec<f64>>();
    for cycle in 0..4 {
        s.step_begin(cycle, cycle as f64 * 0.25).unwrap();
        for (blocks, data) in
            [(oceans, [&water(cycle), &nothing]), (lands, [&nothing, &nothing]), (rests, [&zeros, &zeros])]
        {
            for (block, data) in blocks.iter().zip(data) {
                s.put_slice(*block, ValuesRef::Float64(data)).unwrap();
            }
        }
        s.step_end().unwrap();
    }
    let report = s.close().unwrap();
    let variable = |name: &str| report.variables.iter().find(|v| v.name == name).unwrap();
    let (lowest, highest) = (variable("ocean").student.min, variable("ocean").student.max);
    assert!(lowest > 250.0 && highest < 310.0, "{lowest} to {highest}");
    assert!(variable("ocean").student.psnr() > 20.0, "{:?}", variable("ocean").student);
    assert_eq!(variable("land").student.count, 0);
    let steps = |name: &'static str| report.steps.iter().filter(move |s| s.variable == name);
    assert!(steps("ocean").all(|s| s.quality.count == 384 && s.quality.min > 250.0), "{:?}", report.steps);
    assert!(steps("land").all(|s| s.quality.count == 0), "{:?}", report.steps);
    assert!(steps("rest").all(|s| s.quality.count == 768 && s.bytes < 64), "a network for zeros: {:?}", report.steps);
    let data = Dataset::open(&path).unwrap();
    let region = Region { start: vec![0, 0], count: vec![32, 24], every: vec![1, 1] };
    let read = |name: &str| data.read::<f64>(name, 3, &region).unwrap();
    assert!(read("ocean").iter().enumerate().all(|(i, v)| if i < 384 {
        (250.0..310.0).contains(v)
    } else {
        v.is_nan()
    }));
    assert!(read("land").iter().all(|v| v.is_nan()) && read("rest").iter().all(|v| *v == 0.0));
}

#[test]
fn what_is_the_same_everywhere_but_changes_in_time_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let mut s = Session::open(&path, &config(&SMALL), Communicator::None).unwrap();
    let v = s.define_variable("pressure", ElementType::Float64, &[20, 25]).unwrap();
    let b = s.add_block(v, &[0, 0], &[20, 25], None).unwrap();
    s.commit().unwrap();
    let pressure = |cycle: i64| 100.0 + (cycle as f64 * 0.3).sin();
    for cycle in 0..30 {
        s.step_begin(cycle, cycle as f64).unwrap();
        s.put_slice(b, ValuesRef::Float64(&[pressure(cycle); 500])).unwrap();
        s.step_end().unwrap();
    }
    let report = s.close().unwrap();
    assert!(report.ratio() < 30.0, "the bytes that the target leaves are not used: {}", report.ratio());
    let data = Dataset::open(&path).unwrap();
    for step in 0..30 {
        let back: Vec<f64> = data.read_all("pressure", step).unwrap();
        assert!(back.iter().all(|p| (p - pressure(step as i64)).abs() < 0.2), "step {step}: {} {}", back[0], back[499]);
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = |name: &str, threads: &str| {
        let path = dir.path().join(name);
        run(&path, &[("workers.threads", threads), ("distil.threads", threads), ("seed", "7")]);
        let unfinished = UnfinishedRun::open(&journal_directory(&path)).unwrap();
        let mut all = Vec::new();
        for step in 0..6 {
            for block in 0..2 {
                all.push(unfinished.read_block(unfinished.block(0, block, step).unwrap()).unwrap().payload);
            }
        }
        let archive = Archive::open(&path).unwrap();
        all.extend(archive.segments().iter().map(|s| archive.read_segment(s).unwrap()));
        all
    };
    let one = bytes("one.lbk", "1");
    assert!(one == bytes("two.lbk", "2"), "two workers");
    assert!(one == bytes("five.lbk", "5"), "two workers with pools of several threads");
}
