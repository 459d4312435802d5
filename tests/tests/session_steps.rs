//! What a host may do wrong with definitions and steps, and how the session takes it.

mod session_support;

use limbeck_session::{
    Attribute, AxisCoordinates, Communicator, Config, ElementType, Error, Outcome, Session, ValuesRef,
};
use session_support::{Rounding, config, feed, session, wave};

const F64: ElementType = ElementType::Float64;

fn opened(dir: &tempfile::TempDir) -> Session {
    let path = dir.path().join("run.lbk");
    Session::open_with_method(&path, &config(&[]), Communicator::None, Rounding::controlled().0).unwrap()
}

#[test]
fn bad_definitions_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut s = opened(&dir);
    for name in ["", "a\nb", "nul\0", &"x".repeat(256), &"y".repeat(10_000)] {
        let e = s.define_variable(name, F64, &[4]).unwrap_err();
        assert!(matches!(e, Error::InvalidArgument(_)) && e.to_string().len() < 300, "{e}");
        assert!(matches!(s.set_attribute(None, name, Attribute::Integer(1)), Err(Error::InvalidArgument(_))));
    }
    for shape in [&[][..], &[0], &[3, 0], &[2, 2, 2, 2], &[usize::MAX, 2], &[1 << 40, 1 << 40]] {
        assert!(matches!(s.define_variable("v", F64, shape), Err(Error::InvalidArgument(_))), "{shape:?}");
    }
    assert!(matches!(s.commit(), Err(Error::InvalidArgument(_))), "no variable");
    let v = s.define_variable(&"x".repeat(255), F64, &[4, 6]).unwrap();
    assert!(matches!(s.define_variable(&"x".repeat(255), F64, &[4]), Err(Error::InvalidArgument(_))));
    assert!(matches!(s.commit(), Err(Error::InvalidArgument(_))), "no block");
    for (offset, count, strides) in [
        (&[0, 0][..], &[4, 7][..], None),
        (&[1, 0], &[4, 6], None),
        (&[0, usize::MAX], &[1, 2], None),
        (&[0, 0], &[0, 6], None),
        (&[0], &[4, 6], None),
        (&[0, 0, 0], &[1, 2, 3], None),
        (&[0, 0], &[4, 6], Some(&[48][..])),
        (&[0, 0], &[4, 6], Some(&[isize::MAX, 8])),
    ] {
        let e = s.add_block(v, offset, count, strides).unwrap_err();
        assert!(matches!(e, Error::InvalidArgument(_)), "{offset:?} {count:?} {strides:?} {e}");
    }
    assert!(s.set_axis(v, 2, AxisCoordinates::Index).is_err());
    assert!(s.set_axis(v, 0, AxisCoordinates::Explicit(vec![0.0, 1.0, 1.0, 2.0])).is_err());
    assert!(s.set_axis(v, 0, AxisCoordinates::Explicit(vec![0.0])).is_err());
    assert!(s.set_axis(v, 1, AxisCoordinates::Uniform { origin: 0.0, spacing: 0.0 }).is_err());
    s.set_axis(v, 0, AxisCoordinates::Explicit(vec![0.0, 1.0, 1.5, 2.0])).unwrap();
    s.name_axis(v, 0, "depth", "m").unwrap();
    s.set_attribute(Some(v), "units", Attribute::Text("kg".into())).unwrap();
    s.set_attribute(Some(v), "units", Attribute::Text("g".into())).unwrap();
    s.add_block(v, &[0, 0], &[4, 6], None).unwrap();
    assert!(matches!(s.step_begin(0, 0.0), Err(Error::State(_))), "not committed");
    assert!(matches!(s.durable(), Err(Error::State(_))));
    s.commit().unwrap();
    assert!(matches!(s.commit(), Err(Error::State(_))));
    assert!(matches!(s.define_variable("w", F64, &[4]), Err(Error::State(_))));
    assert!(matches!(s.add_block(v, &[0, 0], &[1, 1], None), Err(Error::State(_))));
    s.close().unwrap();
}

#[test]
fn calls_out_of_order_leave_the_session_usable() {
    let dir = tempfile::tempdir().unwrap();
    let shape = [8, 8];
    let (mut s, _, b, _) = session(&dir.path().join("run.lbk"), &[], &shape);
    let data = wave(&shape, 0);
    let values = ValuesRef::Float64(&data);
    assert!(matches!(s.put_slice(b, values), Err(Error::State(_))), "no step");
    assert!(matches!(s.step_end(), Err(Error::State(_))), "no step");
    s.step_cancel().unwrap();
    assert!(matches!(s.step_begin(0, f64::NAN), Err(Error::InvalidArgument(_))));
    s.step_begin(0, 0.0).unwrap();
    assert!(matches!(s.step_begin(1, 0.0), Err(Error::State(_))), "a step is open");
    assert!(matches!(s.put_slice(b, ValuesRef::Float64(&data[1..])), Err(Error::InvalidArgument(_))));
    assert!(matches!(s.put_slice(b, ValuesRef::Float32(&[0.0; 64])), Err(Error::InvalidArgument(_))));
    // SAFETY: null is refused before it is looked at.
    assert!(matches!(unsafe { s.put(b, std::ptr::null()) }, Err(Error::InvalidArgument(_))));
    let e = s.step_end().unwrap_err();
    assert!(matches!(e, Error::State(_)) && e.to_string().contains("\"v\""), "{e}");
    assert_eq!(s.put_slice(b, values).unwrap(), Outcome::Ok);
    assert!(matches!(s.put_slice(b, values), Err(Error::State(_))), "put twice");
    assert_ne!(s.step_end().unwrap(), Outcome::Dropped);
    for cycle in [0, -5] {
        let e = s.step_begin(cycle, 1.0).unwrap_err();
        assert!(matches!(e, Error::InvalidArgument(_)) && e.to_string().contains("rise"), "{e}");
    }
    // A step that was not ended properly does not stand in the way of the next one.
    s.step_begin(1, 1.0).unwrap();
    assert!(s.step_end().is_err());
    feed(&mut s, b, &shape, 2);
    s.step_begin(3, 1.0).unwrap();
    s.put_slice(b, values).unwrap();
    s.step_cancel().unwrap();
    feed(&mut s, b, &shape, 3);
    assert!(s.wait(3, std::time::Duration::from_secs(60)).unwrap());
    assert_eq!(s.durable().unwrap(), Some(3));
    assert!(matches!(s.wait(9, std::time::Duration::ZERO), Err(Error::InvalidArgument(_))));
    // Cancelled steps give their memory back; the last block's comes back a moment after it is durable.
    let begin = std::time::Instant::now();
    while s.metrics().queue_bytes > 0 {
        assert!(begin.elapsed().as_secs() < 60, "{} bytes are still held", s.metrics().queue_bytes);
        std::thread::yield_now();
    }
    let report = s.close().unwrap();
    assert_eq!(report.steps.iter().map(|r| r.cycle).collect::<Vec<_>>(), [0, 2, 3]);
}

#[test]
fn what_is_not_finite_is_refused_by_default() {
    let dir = tempfile::tempdir().unwrap();
    let shape = [3, 4, 5];
    let (mut s, _, b, _) = session(&dir.path().join("run.lbk"), &[], &shape);
    let mut data = wave(&shape, 0);
    (data[27], data[59]) = (f64::NAN, f64::INFINITY);
    s.step_begin(7, 0.0).unwrap();
    let e = s.put_slice(b, ValuesRef::Float64(&data)).unwrap_err();
    assert!(matches!(e, Error::NonFinite(_)));
    let text = e.to_string();
    for part in ["\"v\"", "cycle 7", "holds 2 ", "[1, 1, 2]"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(s.step_end().unwrap_err().to_string().contains("NaN"));
    feed(&mut s, b, &shape, 8);
    let report = s.close().unwrap();
    assert_eq!(report.steps.iter().map(|r| r.cycle).collect::<Vec<_>>(), [8]);
}

#[test]
fn a_strided_ghosted_block_is_taken_from_its_address() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let (method, _) = Rounding::controlled();
    let c = config(&[("distil.when", "never")]);
    let mut s = Session::open_with_method(&path, &c, Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float32, &[2, 3]).unwrap();
    let b = s.add_block(v, &[0, 0], &[2, 3], Some(&[20, 4])).unwrap();
    s.commit().unwrap();
    let array: Vec<f32> = (0..20).map(|i| i as f32).collect();
    s.step_begin(0, 0.0).unwrap();
    // SAFETY: the block's values are array[6..9] and array[11..14].
    unsafe { s.put(b, array[6..].as_ptr().cast()) }.unwrap();
    s.step_end().unwrap();
    let report = s.close().unwrap();
    let q = report.steps[0].quality;
    assert_eq!((q.count, q.min, q.max), (6, 6.0, 13.0));
    assert!(report.archive.is_none() && report.journal.is_some());
}

#[test]
fn strides_in_values_instead_of_bytes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk");
    let mut s = Session::open(&path, &Config::new(), Communicator::None).unwrap();
    let v = s.define_variable("v", ElementType::Float32, &[2, 3]).unwrap();
    for strides in [[5, 1], [20, -3], [3, 4]] {
        let e = s.add_block(v, &[0, 0], &[2, 3], Some(&strides)).unwrap_err().to_string();
        assert!(e.contains("bytes"), "{e}");
    }
    // One value along an axis has no neighbour, and one repeated along it has distance 0.
    s.add_block(v, &[0, 0], &[1, 3], Some(&[1, 4])).unwrap();
    s.add_block(v, &[1, 0], &[1, 3], Some(&[12, 0])).unwrap();
}

#[test]
fn a_session_that_was_not_committed_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    drop(opened(&dir));
    assert!(opened(&dir).close().unwrap().archive.is_none());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_session_may_be_shared_and_moved_between_threads() {
    fn assert_send_and_sync<T: Send + Sync>() {}
    assert_send_and_sync::<Session>();
    let dir = tempfile::tempdir().unwrap();
    let (mut s, _, b, control) = session(&dir.path().join("run.lbk"), &[("target.ratio", "2")], &[8, 8]);
    control.close();
    feed(&mut s, b, &[8, 8], 0);
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| s.wait(0, std::time::Duration::from_secs(60)));
        assert_eq!(s.durable().unwrap(), None);
        control.open();
        assert!(waiting.join().unwrap().unwrap());
    });
    let closed = std::thread::spawn(move || s.close()).join().unwrap().unwrap();
    assert_eq!(closed.metrics.durable, 1);
}
