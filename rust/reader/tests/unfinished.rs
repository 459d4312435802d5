//! Runs that go on or were interrupted, read from their journals.

mod ramp;

use limbeck_archive::{Record, journal_directory, journal_path};
use limbeck_field::Region;
use limbeck_reader::{Error, Space, State, StepMetrics};
use ramp::{Running, block, frame, nan_at, open, plain_payload, ramp as value, run_of, stamp, variable, whole};

fn values(level: f64, region: &Region) -> Vec<f64> {
    let mut out = vec![0.0; region.len()];
    ramp::each_point(region, |i, place| out[i] = value(level, place));
    out
}

#[test]
fn differences_are_followed_to_their_key() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[3, 4])]));
    run.step(0, [frame(0, 0, None, 1000.0)]);
    for step in 1..40 {
        run.step(step, [frame(step, 0, Some(step - 1), 1.0)]);
    }
    let data = open(&run.archive()).unwrap();
    assert!(!data.is_finished());
    // The last one first: the whole chain is opened for it.
    for step in [39, 0, 20] {
        let region = whole(&[3, 4]);
        assert_eq!(data.read::<f64>("rho", step, &region).unwrap(), values(1000.0 + step as f64, &region));
    }
    assert_eq!(data.steps().len(), 40);
    assert_eq!((data.steps()[7].cycle, data.steps()[7].time), (70, 3.5));
    assert_eq!(open(&journal_directory(&run.archive())).unwrap().steps(), data.steps());
}

#[test]
fn a_replaced_step_counts_and_what_was_built_on_the_old_one_keeps_it() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[2])]));
    run.step(0, [frame(0, 0, None, 1.0)]);
    run.step(1, [frame(1, 0, Some(0), 1.0)]);
    run.step(0, [frame(0, 0, None, 50.0)]);
    run.step(2, [frame(2, 0, Some(0), 1.0)]);
    let data = open(&run.archive()).unwrap();
    let first = |step| data.read_all::<f64>("rho", step).unwrap()[0];
    assert_eq!([first(0), first(1), first(2)], [50.0, 2.0, 51.0]);
}

#[test]
fn blocks_are_put_together_and_the_first_owns_what_is_shared() {
    let mut v = variable("rho", &[4, 6]);
    // Columns 2 and 3 are in both blocks; nobody has columns 5 and beyond.
    v.blocks = vec![block(&[0, 0], &[4, 4]), block(&[0, 2], &[4, 3])];
    let mut run = Running::new(&run_of(vec![v]));
    let (mut a, mut b) = (frame(0, 0, None, 1e6), frame(0, 1, None, 2e6));
    a.mask = Some(nan_at(16, &[4 + 1]));
    // Of the masked places of the second block, row 2 column 2 belongs to the first block, row 0 column 4 to itself.
    b.mask = Some(nan_at(12, &[2 * 3, 2]));
    run.step(0, [a, b]);
    let data = open(&run.archive()).unwrap();
    let all = data.read_all::<f64>("rho", 0).unwrap();
    for (i, v) in all.iter().enumerate() {
        let (z, y) = (i / 6, i % 6);
        let expected = match (z, y) {
            (1, 1) | (0, 4) | (_, 5) => f64::NAN,
            (_, 0..=3) => value(1e6, &[z as f64, y as f64]),
            _ => value(2e6, &[z as f64, y as f64]),
        };
        assert!(*v == expected || v.is_nan() && expected.is_nan(), "{z} {y}: {v} {expected}");
    }
    let every = Region { start: vec![1, 1], count: vec![2, 3], every: vec![2, 2] };
    let coarse = data.read::<f64>("rho", 0, &every).unwrap();
    assert!(coarse[0].is_nan() && coarse[2].is_nan());
    assert_eq!(coarse[1], value(1e6, &[1.0, 3.0]));
    assert_eq!(coarse[4], value(1e6, &[3.0, 3.0]));
    assert_eq!(data.read_block::<f32>("rho", 0, 0).unwrap().len(), 16);
    assert!(matches!(data.read_block::<f64>("rho", 2, 0), Err(Error::InvalidArgument(_))));
    // A point takes the mask of the grid point nearest to it.
    let near = data.sample("rho", &[0.0, 1.4, 1.4, 0.0, 1.4, 1.6, 0.0, 0.0, 3.4], Space::Index).unwrap();
    assert!(near[0].is_nan());
    assert_eq!(near[1..], [value(1e6, &[1.4, 1.6]), value(1e6, &[0.0, 3.4])]);
}

#[test]
fn steps_that_are_not_there_say_why() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[2])]));
    run.step(0, [frame(0, 0, None, 1.0)]);
    run.journal.append(&Record::StepAccepted(stamp(1))).unwrap();
    run.journal.append(&Record::StepDropped { stamp: stamp(1), reason: "the queue was full".into() }).unwrap();
    run.step(2, [frame(2, 0, None, 5.0)]);
    run.journal.append(&Record::StepAccepted(stamp(3))).unwrap();
    run.journal.append(&Record::Block(frame(3, 0, None, 1.0))).unwrap();
    let data = open(&run.archive()).unwrap();
    let states: Vec<_> = data.steps().iter().map(|s| s.state == State::Present).collect();
    assert_eq!(states, [true, false, true, false]);
    let why = |step| match data.read_all::<f64>("rho", step).unwrap_err() {
        Error::InvalidArgument(text) => text,
        e => panic!("{e:?}"),
    };
    assert!(why(1).contains("the queue was full"), "{}", why(1));
    assert!(why(3).contains("not complete"), "{}", why(3));
    assert!(why(4).contains("steps are 0 to 3"), "{}", why(4));
    // In between, time goes on from step 0 to step 2.
    assert_eq!(data.sample("rho", &[1.0, 0.0, 0.5, 0.0], Space::Index).unwrap(), [3.0, 2.0]);
    assert!(data.sample("rho", &[2.5, 0.0], Space::Index).is_err());
    let info = data.info().unwrap();
    assert_eq!((info.readable_steps, info.float32_bytes), (2, 16));
}

#[test]
fn every_prefix_of_a_journal_reads_as_far_as_it_goes() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[5])]));
    for step in 0..3 {
        run.step(step, [frame(step, 0, step.checked_sub(1), 7.0)]);
    }
    let whole = std::fs::read(run.journal.path()).unwrap();
    let other = tempfile::tempdir().unwrap();
    let directory = other.path().join("run.lbk.d");
    std::fs::create_dir(&directory).unwrap();
    let mut most = 0;
    for n in 0..=whole.len() {
        std::fs::write(journal_path(&directory, 0), &whole[..n]).unwrap();
        let Ok(data) = open(&directory) else {
            assert_eq!(most, 0, "a run that could be read cannot any more after {n} bytes");
            continue;
        };
        let present = data.steps().iter().filter(|s| s.state == State::Present).count();
        assert!(present >= most);
        most = present;
        for step in 0..present {
            let all = data.read_all::<f64>("rho", step as u64).unwrap();
            assert_eq!(all, (0..5).map(|x| 7.0 * (step + 1) as f64 + f64::from(x)).collect::<Vec<_>>());
        }
    }
    assert_eq!(most, 3);
}

#[test]
fn a_damaged_frame_costs_what_is_built_on_it_until_the_next_key() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[2])]));
    let mut begins = Vec::new();
    for step in 0..6 {
        begins.push(run.journal.offset());
        run.step(step, [frame(step, 0, (step % 3 > 0).then(|| step - 1), 1.0)]);
    }
    let accepted = Record::StepAccepted(stamp(1)).encode_frame().unwrap().len() as u64;
    let frame_length = Record::Block(frame(1, 0, Some(0), 1.0)).encode_frame().unwrap().len() as u64;
    let mut bytes = std::fs::read(run.journal.path()).unwrap();
    bytes[(begins[1] + accepted + frame_length - 1) as usize] ^= 1;
    std::fs::write(run.journal.path(), bytes).unwrap();
    let data = open(&run.archive()).unwrap();
    for step in 0..6 {
        match (step, data.read_all::<f64>("rho", step)) {
            (1 | 2, Err(Error::Corruption(text))) => assert!(text.contains("lost"), "{text}"),
            (0 | 3 | 4 | 5, Ok(values)) => assert_eq!(values[0], (step % 3 + 1) as f64),
            (_, other) => panic!("step {step}: {other:?}"),
        }
    }
    let info = data.info().unwrap();
    assert_eq!(info.faults.len(), 1);
    assert!(info.faults[0].contains("is lost"), "{}", info.faults[0]);
}

#[test]
fn plain_steps_are_exact_and_qualities_add_up() {
    let mut v = variable("rho", &[4]);
    v.blocks = vec![block(&[0], &[2]), block(&[2], &[2])];
    let mut run = Running::new(&run_of(vec![v]));
    let mut second = frame(0, 1, None, 0.0);
    second.step_kind = 2;
    second.payload = plain_payload(&[2], |i| [0.1, 1e-300][i]);
    run.step(0, [frame(0, 0, None, 9.0), second]);
    let data = open(&run.archive()).unwrap();
    assert_eq!(data.read_all::<f64>("rho", 0).unwrap(), [9.0, 10.0, 0.1, 1e-300]);
    assert_eq!(data.read_all::<f32>("rho", 0).unwrap(), [9.0, 10.0, 0.1, 0.0]);
    let info = data.info().unwrap();
    assert_eq!(info.quality.len(), 1);
    let q = &info.quality[0];
    assert_eq!((q.quality.count, q.quality.squared_error, q.samples, q.train_seconds), (8, 2.0, 200, 0.5));
    assert_eq!(info.file_bytes, run.journal.offset());
    assert_eq!(info.ratio, 16.0 / info.file_bytes as f64);
}

#[test]
fn a_writer_at_work_never_harms_a_reader() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[64])]));
    let archive = run.archive();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for step in 0..300 {
                run.step(step, [frame(step, 0, step.checked_sub(1), 1.0)]);
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        let mut seen = 0;
        loop {
            let last_look = done.load(std::sync::atomic::Ordering::Acquire);
            let data = open(&archive).unwrap();
            let present = data.steps().iter().filter(|s| s.state == State::Present).count();
            assert!(present >= seen);
            seen = present;
            if let Some(last) = present.checked_sub(1) {
                assert_eq!(data.read_all::<f64>("rho", last as u64).unwrap()[63], present as f64 + 63.0);
            }
            if last_look {
                break;
            }
        }
        assert_eq!(seen, 300);
    });
}

#[test]
fn a_run_is_read_on_while_it_is_written() {
    let mut run = Running::new(&run_of(vec![variable("rho", &[2])]));
    let mut data = open(&run.archive()).unwrap();
    assert!(!data.read_on().unwrap());
    let mut whole = Vec::new();
    for step in 0..5 {
        run.step(step, [frame(step, 0, None, 1.0 + step as f64)]);
        let rows = |step: u64| StepMetrics { step, variable: 0, bytes: 10 * step, ..StepMetrics::default() };
        run.journal.append(&Record::Metrics(vec![rows(step), rows(step + 100)])).unwrap();
        assert!(data.read_on().unwrap() && !data.read_on().unwrap());
        whole.push(step);
        assert_eq!(data.steps().iter().map(|s| s.index).collect::<Vec<_>>(), whole);
        assert_eq!(data.read_all::<f64>("rho", step).unwrap()[0], 1.0 + step as f64);
        let progress = data.progress(3).unwrap();
        assert_eq!((progress.whole as u64, progress.begun, progress.newest.unwrap().index), (step + 1, 0, step));
        let recent: Vec<_> = progress.recent.iter().map(|m| (m.step, m.bytes)).collect();
        // Rows of steps that are not whole say nothing yet.
        assert_eq!(recent, (step.saturating_sub(2)..=step).map(|s| (s, 10 * s)).collect::<Vec<_>>());
    }
    run.journal.append(&Record::StepDropped { stamp: stamp(5), reason: "full".into() }).unwrap();
    run.journal.append(&Record::StepAccepted(stamp(6))).unwrap();
    assert!(data.read_on().unwrap());
    let progress = data.progress(1).unwrap();
    assert_eq!((progress.whole, progress.begun, progress.dropped, progress.recent.len()), (5, 1, 1, 1));
    assert_eq!(progress.file_bytes, std::fs::metadata(run.journal.path()).unwrap().len());
}
