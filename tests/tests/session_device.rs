//! Runs that train on a device: one in software, which Debian's mesa-vulkan-drivers has.
#![cfg(feature = "gpu")]

mod session_support;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limbeck_codec::device::{Adapter, Worker};
use limbeck_codec::{BlockGeometry, ChainKey, KdInr, KdInrOptions, Method, StepKind};
use limbeck_field::{ElementType as Elements, Extent, Region, Values, Volume};
use limbeck_reader::Dataset;
use limbeck_session::ranks::Alone;
use limbeck_session::{CloseReport, Communicator, ElementType, Session, ValuesRef, distil_run};
use session_support::{bump, config};

const SMALL: [(&str, &str); 6] = [
    ("teacher.width", "16"),
    ("teacher.depth", "2"),
    ("teacher.samples", "60000"),
    ("teacher.batch", "256"),
    ("student.samples", "60000"),
    ("student.batch", "256"),
];

/// A device by its name; one test at a time.
fn device() -> (Adapter, MutexGuard<'static, ()>) {
    static ONE: Mutex<()> = Mutex::new(());
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (Adapter::all().into_iter().next().expect("an adapter (install mesa-vulkan-drivers)"), guard)
}

fn run(path: &Path, set: &[(&str, &str)]) -> CloseReport {
    let mut c = config(&SMALL);
    set.iter().for_each(|(k, v)| c.set(k, v).unwrap());
    let mut s = Session::open(path, &c, Communicator::None).unwrap();
    let v = s.define_variable("bump", ElementType::Float64, &[32, 24]).unwrap();
    let blocks = [(0, 20), (20, 12)].map(|(o, n)| (o, n, s.add_block(v, &[o, 0], &[n, 24], None).unwrap()));
    s.commit().unwrap();
    for cycle in 0..4 {
        s.step_begin(cycle, cycle as f64 * 0.25).unwrap();
        for (offset, n, b) in blocks {
            s.put_slice(b, ValuesRef::Float64(&bump(offset, [n, 24], cycle))).unwrap();
        }
        s.step_end().unwrap();
    }
    s.close().unwrap()
}

fn worst(path: &Path) -> f64 {
    let data = Dataset::open(path).unwrap();
    let region = Region { start: vec![0, 0], count: vec![32, 24], every: vec![1, 1] };
    let mut worst = 0.0f64;
    for step in 0..4 {
        let back = data.read::<f64>("bump", step, &region).unwrap();
        let original = bump(0, [32, 24], step as i64);
        worst = back.iter().zip(&original).fold(worst, |w, (a, b)| w.max((a - b).abs()));
    }
    worst
}

#[test]
fn a_run_on_a_device_is_as_good_as_on_the_cpu_and_always_the_same() {
    let (adapter, _one) = device();
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let name = adapter.name.as_str();
    let on_device = run(&at("device.lbk"), &[("device", name), ("target.ratio", "20")]);
    let on_cpu = run(&at("cpu.lbk"), &[("device", "cpu"), ("target.ratio", "20")]);
    for (a, b) in on_device.steps.iter().zip(&on_cpu.steps) {
        assert_eq!(a.quality.count, 768);
        assert!((a.quality.psnr() - b.quality.psnr()).abs() < 3.0, "{} {}", a.quality.psnr(), b.quality.psnr());
    }
    assert!(on_device.ratio() >= 20.0 && on_device.warnings.is_empty(), "{:?}", on_device.warnings);
    run(&at("again.lbk"), &[("device", name), ("target.ratio", "20"), ("workers.threads", "3")]);
    assert_eq!(std::fs::read(at("device.lbk")).unwrap(), std::fs::read(at("again.lbk")).unwrap());
    // Whoever has no device can distil what was trained on one.
    let config = config(&[("device", "cpu")]);
    let report = distil_run(&at("device.lbk.d"), &at("later.lbk"), &config, &Alone, &|_| {}).unwrap();
    let (a, b) = (on_device.steps[3].quality.psnr(), report.steps[3].quality.psnr());
    assert!((a - b).abs() < 3.0, "{a} {b}");
}

#[test]
fn a_bound_on_the_error_is_kept() {
    let (adapter, _one) = device();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    run(&path, &[("device", &adapter.name), ("target.max_error", "0.01")]);
    assert!(worst(&path) <= 0.01, "{}", worst(&path));
}

fn volume(n: usize) -> Volume {
    let at = |i: usize| i as f32 / n as f32;
    let value = |i: usize| (4.0 * at(i / (n * n))).sin() + (3.0 * at(i / n % n)).cos() * at(i % n);
    Volume { count: vec![n; 3], values: Values::Float32((0..n * n * n).map(value).collect()) }
}

fn geometry(n: usize) -> BlockGeometry {
    BlockGeometry {
        shape: vec![n; 3],
        extent: Extent { offset: vec![0; 3], count: vec![n; 3] },
        element_type: Elements::Float32,
        shared: Vec::new(),
    }
}

fn options(set: &[(&str, &str)]) -> KdInrOptions {
    let mut options = KdInrOptions::default();
    set.iter().for_each(|(key, value)| options.set(key, value).unwrap());
    options
}

/// Blocks that ask at the same time are trained together, with the result that each has alone.
#[test]
fn blocks_are_trained_together() {
    let (adapter, _one) = device();
    let worker = Arc::new(Worker::start(&adapter, 256 << 20, || ()).unwrap());
    let small = [("teacher.width", "16"), ("teacher.depth", "2"), ("teacher.samples", "40000"), ("symmetry", "false")];
    let method = KdInr::new(options(&small)).on(vec![worker.clone()]);
    let encode = |block: u32| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let mut chain = method.chain(geometry(12), ChainKey { seed: 1, variable: 0, block });
        (0..2).map(|step| chain.encode(step, &volume(12), None, &pool).unwrap().payload).collect::<Vec<_>>()
    };
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|b| scope.spawn(move || encode(b))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(worker.together() > 1, "{}", worker.together());
    for (block, payloads) in (0..).zip(together) {
        assert_eq!(payloads, encode(block), "block {block}");
    }
}

/// A block that is larger than the memory of the device is trained in pieces.
#[test]
fn what_does_not_fit_is_trained_in_pieces() {
    let (adapter, _one) = device();
    let n = 160;
    let small = [("teacher.width", "8"), ("teacher.depth", "1"), ("teacher.samples", "4000000"), ("symmetry", "false")];
    let small: Vec<_> = small.into_iter().chain([("teacher.batch", "16384")]).collect();
    let encode = |memory: u64| {
        let worker = Arc::new(Worker::start(&adapter, memory, || ()).unwrap());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let method = KdInr::new(options(&small)).on(vec![worker]);
        let mut chain = method.chain(geometry(n), ChainKey { seed: 1, variable: 0, block: 0 });
        let step = chain.encode(0, &volume(n), None, &pool).unwrap();
        assert_eq!(step.kind, StepKind::Network);
        step.quality.psnr()
    };
    let (whole, pieces) = (encode(1 << 30), encode(15 << 20));
    assert!(whole > 18.0 && (whole - pieces).abs() < 2.0, "{whole} {pieces}");
}
