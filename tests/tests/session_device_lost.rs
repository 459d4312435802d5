//! A run whose device goes. A test program of its own, since nothing in the process has the device any more.
#![cfg(feature = "gpu")]

mod session_support;

use std::sync::Arc;
use std::time::Duration;

use limbeck_codec::device::{Adapter, Worker};
use limbeck_codec::{KdInr, KdInrOptions};
use limbeck_field::Region;
use limbeck_network::device::{Drawn, Fit, Source, State};
use limbeck_network::{Architecture, Network, Optimiser, Random, Schedule};
use limbeck_reader::Dataset;
use limbeck_session::{Communicator, ElementType, Session, ValuesRef};
use session_support::{bump, config};

fn options(set: &[(&str, &str)]) -> KdInrOptions {
    let mut options = KdInrOptions::default();
    set.iter().for_each(|(key, value)| options.set(key, value).unwrap());
    options
}

/// Everybody who waits hears of a device that is lost, and a run goes on without it.
#[test]
fn a_device_that_is_lost_loses_no_step() {
    let adapter = Adapter::all().into_iter().next().expect("an adapter (install mesa-vulkan-drivers)");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let worker = Arc::new(Worker::start(&adapter, 256 << 20, || ()).unwrap());
    let small = [("teacher.width", "16"), ("teacher.depth", "2"), ("teacher.samples", "20000")];
    let method = Arc::new(KdInr::new(options(&small)).on(vec![worker.clone()]));
    let c = config(&[("target.ratio", "20"), ("distil.when", "never")]);
    let mut s = Session::open_with_method(&path, &c, Communicator::None, method).unwrap();
    let v = s.define_variable("bump", ElementType::Float64, &[32, 24]).unwrap();
    let b = s.add_block(v, &[0, 0], &[32, 24], None).unwrap();
    s.commit().unwrap();
    for cycle in 0..4 {
        s.step_begin(cycle, cycle as f64).unwrap();
        s.put_slice(b, ValuesRef::Float64(&bump(0, [32, 24], cycle))).unwrap();
        s.step_end().unwrap();
        s.wait(cycle, Duration::from_secs(60)).unwrap();
        if cycle == 1 {
            worker.device().lose();
        }
    }
    let report = s.close().unwrap();
    let told = format!("{:?}", report.warnings);
    assert!(told.contains("step 2") && told.contains("plain codec"), "{told}");
    let data = Dataset::open(dir.path().join("run.lbk.d")).unwrap();
    let region = Region { start: vec![0, 0], count: vec![32, 24], every: vec![1, 1] };
    for step in 2..4 {
        assert_eq!(data.read::<f64>("bump", step, &region).unwrap(), bump(0, [32, 24], step as i64));
    }
    let error = worker.fit(fit()).expect_err("an error").to_string();
    assert!(error.contains(&adapter.name), "{error}");
}

fn fit() -> Fit {
    let architecture = Architecture::Siren { inputs: 1, width: 8, depth: 1, omega: 3.0 };
    let rate = Schedule::Cosine { rate: 1e-3, warm_up: 0.0 };
    Fit {
        state: State::new(Network::random(architecture, &Random::new(&[1])).unwrap()),
        optimiser: Optimiser::Adam,
        batch: 8,
        steps: 1,
        part: (0, 1),
        rates: (rate, rate),
        rounding: None,
        source: Source::Drawn(Drawn { coordinates: vec![0.5; 8], targets: vec![0.25; 8], weights: vec![1.0; 8] }),
    }
}
