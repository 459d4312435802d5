//! Finished archives: regions, points, segments over segments, masks, damage.

mod ramp;

use std::path::PathBuf;

use limbeck_archive::{ArchiveWriter, Axis, Coordinates, RunDescription, Segment, StepMetrics, StepTable, TimeCoding};
use limbeck_field::Region;
use limbeck_reader::{Dataset, Error, Outside, Space, State};
use ramp::{NUMBER, bytes, each_point, nan_at, open, plain_payload, ramp as value, run_of, variable, whole};

struct Archive {
    _root: tempfile::TempDir,
    path: PathBuf,
    writer: Option<ArchiveWriter>,
}

impl Archive {
    fn new(run: &RunDescription) -> Archive {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run.lbk");
        let writer = Some(ArchiveWriter::create(&path, run).unwrap());
        Archive { _root: root, path, writer }
    }

    fn writer(&mut self) -> &mut ArchiveWriter {
        self.writer.as_mut().unwrap()
    }

    fn finish(&mut self, steps: &StepTable) -> u64 {
        self.writer.take().unwrap().finish(steps, TimeCoding::Compact).unwrap()
    }
}

fn steps(n: usize) -> StepTable {
    let cycles = (0..n as i64).map(|i| 100 * i).collect();
    StepTable { cycles, times: (0..n).map(|i| 2.0 + 0.25 * i as f64).collect(), ..StepTable::default() }
}

fn one_segment(shape: &[u64], n: usize, level: f64, rise: f64) -> Archive {
    let mut archive = Archive::new(&run_of(vec![variable("rho", shape)]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, n as u64), &bytes(&[level, rise])).unwrap();
    archive.finish(&steps(n));
    archive
}

#[test]
fn regions_of_every_kind() {
    let archive = one_segment(&[40, 50, 60], 5, 1e6, 1e7);
    let data = open(&archive.path).unwrap();
    assert!(data.is_finished());
    let regions = [
        whole(&[40, 50, 60]),
        Region { start: vec![39, 49, 59], count: vec![1, 1, 1], every: vec![1, 1, 1] },
        Region { start: vec![1, 2, 3], count: vec![13, 16, 19], every: vec![3, 3, 3] },
        Region { start: vec![0, 0, 0], count: vec![1, 50, 1], every: vec![9, 1, 7] },
    ];
    for region in regions {
        let got = data.read::<f64>("rho", 3, &region).unwrap();
        each_point(&region, |i, place| assert_eq!(got[i], value(1e6 + 3e7, place)));
        let mut single = vec![0f32; region.len()];
        data.read_into("rho", 3, &region, &mut single).unwrap();
        assert!(single.iter().zip(&got).all(|(s, &d)| *s == d as f32));
    }
    let nothing = Region { start: vec![0, 0, 0], count: vec![0, 5, 5], every: vec![1, 1, 1] };
    assert!(data.read::<f64>("rho", 0, &nothing).unwrap().is_empty());
    let odd = Region { start: vec![usize::MAX; 3], count: vec![usize::MAX, usize::MAX, 0], every: vec![3; 3] };
    assert!(data.read::<f64>("rho", 0, &odd).unwrap().is_empty());
    assert!(data.read_into::<f64>("rho", 0, &odd, &mut []).is_ok());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[70, 60, 50])]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 2), &bytes(&[0.1, 0.7])).unwrap();
    let mut part = Segment::distilled(0, NUMBER, 0, 2);
    part.extent = Some((vec![10, 0, 5], vec![30, 60, 40]));
    archive.writer().add_segment(part, &bytes(&[0.3, 0.9])).unwrap();
    archive.finish(&steps(2));
    let points: Vec<f64> = (0..40_000)
        .flat_map(|i| [(i % 7) as f64 / 7.0, (i % 69) as f64 + 0.3, (i % 59) as f64 + 0.4, (i % 49) as f64])
        .collect();
    let read = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let data = open(&archive.path).unwrap();
            (data.read_all::<f64>("rho", 1).unwrap(), data.sample("rho", &points, Space::Index).unwrap())
        })
    };
    let (one, three) = (read(1), read(3));
    assert!(one == three);
    assert_eq!(one.0[0], value(0.1 + 0.7, &[0.0, 0.0, 0.0]));
    let inside = 10 * 60 * 50 + 5;
    assert_eq!(one.0[inside], value(0.3 + 0.9, &[10.0, 0.0, 5.0]));
}

fn slope_at(data: &Dataset, t: f64, x: f64) -> Vec<f64> {
    data.gradient("rho", &[t, x], Space::Index).unwrap()
}

#[test]
fn later_segments_count_and_time_goes_on_between_them() {
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[4])]));
    let w = archive.writer();
    w.add_segment(Segment::distilled(0, NUMBER, 0, 4), &bytes(&[0.0, 10.0])).unwrap();
    w.add_segment(Segment::distilled(0, NUMBER, 4, 3), &bytes(&[100.0, 10.0])).unwrap();
    // Step 2 was kept as it was, as a difference to a teacher that is kept too.
    w.add_segment(Segment::step(0, NUMBER, 1, 0, 1, None), &bytes(&[1000.0])).unwrap();
    w.add_segment(Segment::step(0, NUMBER, 2, 0, 1, Some(1)), &bytes(&[5.0])).unwrap();
    w.add_segment(Segment::step(0, NUMBER, 6, 0, 2, None), &plain_payload(&[4], |i| -(i as f64))).unwrap();
    let mut table = steps(8);
    table.missing = vec![3, 7];
    archive.finish(&table);
    let data = open(&archive.path).unwrap();
    let first = |step| data.read_all::<f64>("rho", step).unwrap()[0];
    assert_eq!([0, 1, 2, 3, 4, 5].map(first), [0.0, 1000.0, 1005.0, 30.0, 100.0, 110.0]);
    assert_eq!(data.read_all::<f64>("rho", 6).unwrap(), [0.0, -1.0, -2.0, -3.0]);
    let states: Vec<_> = data.steps().iter().map(|s| s.state.clone()).collect();
    assert_eq!(states[..3], [State::Present, State::Present, State::Present]);
    assert_eq!(states[3], State::Interpolated);
    assert!(matches!(states[7], State::Missing(_)));
    assert!(matches!(data.read_all::<f64>("rho", 7), Err(Error::InvalidArgument(_))));
    let at = |t: f64| data.sample("rho", &[t, 1.5], Space::Index).unwrap()[0];
    // Between two steps of one segment the network, between segments a straight line.
    assert_eq!(at(4.5), 100.0 + 5.0 + 1.5);
    assert_eq!(at(3.25), 0.75 * 31.5 + 0.25 * 101.5);
    assert_eq!(at(0.5), 0.5 * 1.5 + 0.5 * 1001.5);
    assert_eq!(at(6.0), -1.5);
    assert!(data.sample("rho", &[6.5, 0.0], Space::Index).is_err());
    // The network's own, or the difference of the steps around; at a step that to the next one, at the last to the one before.
    let slope = |t: f64| slope_at(&data, t, 1.5);
    assert_eq!(slope(4.5), [10.0, 1.0]);
    assert_eq!(slope(0.5), [1000.0, 1.0]);
    assert_eq!(slope(1.0), [5.0, 1.0]);
    assert_eq!(slope(5.0), [-1.5 - 111.5, 1.0]);
    assert_eq!(slope(6.0), [-1.5 - 111.5, -1.0]);
    assert_eq!(data.gradient("rho", &[6.0, 0.0], Space::Index).unwrap()[1], -1.0, "one-sided at the face");
    assert!(data.gradient("rho", &[6.5, 0.0], Space::Index).is_err());
    let clamped = data.gradient_with("rho", &[9.0, 7.0, 4.5, -3.0], Space::Index, Outside::Clamp).unwrap();
    assert_eq!(clamped[..2], slope_at(&data, 6.0, 3.5));
    assert_eq!(clamped[2..], [10.0, 1.0]);
    let nowhere = data.gradient_with("rho", &[4.5, 7.0], Space::Index, Outside::Nan).unwrap();
    assert!(nowhere.iter().all(|g| g.is_nan()));
    let info = data.info().unwrap();
    assert_eq!(info.segments.len(), 5);
    assert_eq!(info.segments[0].description, "a slope of 10");
    assert_eq!(info.segments[0].method, "ramp");
    assert_eq!(info.segments[4].description, "block 0, values themselves");
}

#[test]
fn points_in_physical_coordinates() {
    let mut v = variable("rho", &[3, 11]);
    v.axes = vec![
        Axis { coordinates: Coordinates::Explicit(vec![1.0, 2.0, 4.0]), ..Axis::default() },
        Axis { coordinates: Coordinates::Uniform { origin: -1.0, spacing: 0.2 }, ..Axis::default() },
    ];
    let mut archive = Archive::new(&run_of(vec![v]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 4), &bytes(&[0.0, 1e4])).unwrap();
    archive.finish(&steps(4));
    let data = open(&archive.path).unwrap();
    let got = data.sample("rho", &[2.375, 3.0, 0.0, 2.75, 1.0, -1.0], Space::Physical).unwrap();
    let expected = [value(1.5e4, &[1.5, 5.0]), value(3e4, &[0.0, 0.0])];
    assert!(got.iter().zip(expected).all(|(g, e)| (g - e).abs() < 1e-9), "{got:?} {expected:?}");
    let slopes = data.gradient("rho", &[2.375, 3.0, 0.0, 2.75, 1.0, -1.0], Space::Physical).unwrap();
    let expected = [4e4, 50.0, 5.0, 4e4, 100.0, 5.0];
    assert!(slopes.iter().zip(expected).all(|(g, e): (&f64, f64)| (g - e).abs() < 1e-6 * e), "{slopes:?}");
    for outside in [[1.9, 1.0, 0.0], [2.8, 1.0, 0.0], [2.0, 6.0, 0.0], [2.0, 1.0, f64::NAN], [f64::NAN, 1.0, 0.0]] {
        let error =
            data.sample("rho", &[2.0, 1.0, 0.0, outside[0], outside[1], outside[2]], Space::Physical).unwrap_err();
        assert!(matches!(&error, Error::InvalidArgument(text) if text.contains("point 1 ")), "{error}");
    }
}

#[test]
fn points_outside_are_as_the_caller_says() {
    let mut v = variable("rho", &[1, 11]);
    v.axes = vec![
        Axis { coordinates: Coordinates::Explicit(vec![7.0]), ..Axis::default() },
        Axis { coordinates: Coordinates::Uniform { origin: 1.0, spacing: -0.2 }, ..Axis::default() },
    ];
    let mut archive = Archive::new(&run_of(vec![v]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 4), &bytes(&[0.0, 1e4])).unwrap();
    archive.finish(&steps(4));
    let data = open(&archive.path).unwrap();
    let points = [2.25, 7.0, 0.0, 2.375, 7.0, 0.0, 9.0, 7.0, 1.4, 2.0, 6.0, -9.0];
    let sample = |outside| data.sample_with("rho", &points, Space::Physical, outside);
    let nan = sample(Outside::Nan).unwrap();
    let clamped = sample(Outside::Clamp).unwrap();
    let near = |a: f64, b: f64| (a - b).abs() < 1e-9;
    let place = |step: f64, x: f64| value(1e4 * step, &[0.0, x]);
    assert!(matches!(sample(Outside::Error), Err(Error::InvalidArgument(text)) if text.contains("point 2 ")));
    assert!(near(nan[0], place(1.0, 5.0)) && near(nan[1], place(1.5, 5.0)), "{nan:?}");
    assert!(nan[2].is_nan() && nan[3].is_nan(), "{nan:?}");
    assert_eq!(clamped[..2], nan[..2], "points inside are what they are");
    assert!(near(clamped[2], place(3.0, -0.5)) && near(clamped[3], place(0.0, 10.5)), "{clamped:?}");
    let stray = data.first_outside("rho", &points, Space::Physical).unwrap().unwrap();
    assert_eq!((stray.point, stray.coordinate, stray.value, stray.low, stray.high), (2, 0, 9.0, 2.0, 2.75));
    let stray = data.first_outside("rho", &points[9..], Space::Physical).unwrap().unwrap();
    assert_eq!((stray.point, stray.coordinate, stray.low, stray.high), (0, 1, 7.0, 7.0));
    assert_eq!(data.first_outside("rho", &points[..6], Space::Physical).unwrap(), None);
    assert_eq!(data.first_outside("rho", &[3.0, 0.0, 10.5], Space::Index).unwrap(), None);
    let no_number = [2.5, 7.0, f64::NAN];
    assert!(data.sample_with("rho", &no_number, Space::Physical, Outside::Clamp).is_err());
    assert!(data.sample_with("rho", &no_number, Space::Physical, Outside::Nan).unwrap()[0].is_nan());
}

#[test]
fn masks_lie_over_every_segment() {
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[3, 3])]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 3), &bytes(&[0.0, 1.0])).unwrap();
    archive.writer().add_mask(0, 0, 1, &nan_at(9, &[0])).unwrap();
    archive.writer().add_mask(0, 0, 1, &nan_at(9, &[4, 8])).unwrap();
    archive.finish(&steps(3));
    let data = open(&archive.path).unwrap();
    let nans = |step| {
        let all = data.read_all::<f64>("rho", step).unwrap();
        (0..9).filter(|&i| all[i].is_nan()).collect::<Vec<_>>()
    };
    assert_eq!([nans(0), nans(1), nans(2)], [vec![], vec![4, 8], vec![]]);
    let some = data.sample("rho", &[0.6, 1.0, 1.0, 0.4, 1.0, 1.0, 1.0, 0.0, 0.0], Space::Index).unwrap();
    assert!(some[0].is_nan());
    let slopes = data.gradient("rho", &[0.6, 1.0, 1.0, 1.0, 0.0, 0.0], Space::Index).unwrap();
    assert!(slopes[..3].iter().all(|g| g.is_nan()));
    assert!((slopes[3] - 1.0).abs() + (slopes[4] - 100.0).abs() + (slopes[5] - 1.0).abs() < 1e-9, "{slopes:?}");
    assert_eq!(some[1..], [value(0.4, &[1.0, 1.0]), value(1.0, &[0.0, 0.0])]);
}

#[test]
fn bad_arguments_are_told_clearly() {
    let archive = one_segment(&[4, 4], 3, 0.0, 1.0);
    let data = open(&archive.path).unwrap();
    let text = |e: Error| match e {
        Error::InvalidArgument(text) => text,
        e => panic!("{e:?}"),
    };
    let all = whole(&[4, 4]);
    assert!(text(data.read::<f64>("roh", 0, &all).unwrap_err()).contains("\"rho\""));
    assert!(text(data.read::<f64>(&"n".repeat(10_000), 0, &all).unwrap_err()).len() < 300);
    assert!(text(data.read::<f64>("rho", 3, &all).unwrap_err()).contains("0 to 2"));
    assert!(text(data.read::<f64>("rho", u64::MAX, &all).unwrap_err()).contains("0 to 2"));
    let region = |start: usize, count: usize, every: usize| Region {
        start: vec![start, 0],
        count: vec![count, 1],
        every: vec![every, 1],
    };
    for bad in [region(4, 1, 1), region(0, 5, 1), region(0, 3, 2), region(0, 1, 0), region(usize::MAX, 2, usize::MAX)] {
        assert!(text(data.read::<f64>("rho", 0, &bad).unwrap_err()).contains("rho"));
    }
    assert!(text(data.read::<f64>("rho", 0, &whole(&[4])).unwrap_err()).contains("axes"));
    assert!(text(data.read_into("rho", 0, &all, &mut [0.0; 15]).unwrap_err()).contains("15"));
    assert!(text(data.sample("rho", &[0.0; 4], Space::Index).unwrap_err()).contains("3 coordinates"));
    assert!(data.sample("rho", &[], Space::Index).unwrap().is_empty());
    assert!(data.sample("rho", &[0.0, -0.5, 3.5], Space::Index).is_ok());
    assert!(data.sample("rho", &[0.0, -0.6, 3.5], Space::Index).is_err());
}

#[test]
fn what_is_no_archive_is_told_clearly() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run.lbk");
    assert!(matches!(open(&path), Err(Error::InvalidArgument(text)) if text.contains("run.lbk.d")));
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(open(&path), Err(Error::Truncated(_))));
    std::fs::write(&path, b"\x93NUMPY\x01\x00 and so on").unwrap();
    assert!(matches!(open(&path), Err(Error::Compatibility(_))));
    std::fs::create_dir(root.path().join("empty")).unwrap();
    assert!(open(&root.path().join("empty")).is_err());
    // A method that this build does not have.
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[4])]));
    archive.writer().add_segment(Segment::distilled(0, 77, 0, 1), b"?").unwrap();
    archive.finish(&steps(1));
    let data = open(&archive.path).unwrap();
    assert!(matches!(data.read_all::<f64>("rho", 0), Err(Error::Compatibility(text)) if text.contains("77")));
    let info = data.info().unwrap();
    assert_eq!((info.segments[0].method.as_str(), info.faults.len()), ("method 77", 1));
}

#[test]
fn a_damaged_segment_spares_the_others() {
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[4]), variable("p", &[4])]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 2), &bytes(&[1.0, 1.0])).unwrap();
    archive.writer().add_segment(Segment::distilled(1, NUMBER, 0, 2), &bytes(&[2.0, 1.0])).unwrap();
    archive.writer().add_metrics(&[StepMetrics { step: 1, bytes: 16, ..StepMetrics::default() }]).unwrap();
    let size = archive.finish(&steps(2));
    let mut file = std::fs::read(&archive.path).unwrap();
    file[16 + 28 + 3] ^= 0x10;
    std::fs::write(&archive.path, file).unwrap();
    let data = open(&archive.path).unwrap();
    assert!(matches!(data.read_all::<f64>("rho", 0), Err(Error::Corruption(_))));
    assert_eq!(data.read_all::<f64>("p", 1).unwrap(), [3.0, 4.0, 5.0, 6.0]);
    let info = data.info().unwrap();
    assert_eq!((info.file_bytes, info.float32_bytes, info.quality.len(), info.faults.len()), (size, 64, 1, 1));
    assert_eq!(data.variables()[1].name, "p");
}

#[test]
fn cut_anywhere_or_with_any_bit_flipped_no_wrong_values_come_out() {
    let mut archive = Archive::new(&run_of(vec![variable("rho", &[4])]));
    archive.writer().add_segment(Segment::distilled(0, NUMBER, 0, 2), &bytes(&[1.0, 1.0])).unwrap();
    archive.writer().add_mask(0, 0, 1, &nan_at(4, &[2])).unwrap();
    archive.writer().add_metrics(&[StepMetrics { step: 1, bytes: 16, ..StepMetrics::default() }]).unwrap();
    archive.finish(&steps(2));
    let read = || -> limbeck_reader::Result<String> {
        let data = open(&archive.path)?;
        let all = [data.read_all::<f64>("rho", 0)?, data.read_all::<f64>("rho", 1)?];
        // Metrics are for people: their loss is told, and the values are read all the same.
        let info = data.info()?;
        let metrics = if info.faults.is_empty() { Some(info.quality) } else { None };
        assert!(metrics.is_none_or(|m| m == [StepMetrics { step: 1, bytes: 16, ..StepMetrics::default() }]));
        Ok(format!("{all:?} {:?} {:?}", data.variables(), data.steps()))
    };
    let right = read().unwrap();
    let whole = std::fs::read(&archive.path).unwrap();
    for n in 0..whole.len() {
        std::fs::write(&archive.path, &whole[..n]).unwrap();
        assert!(matches!(read(), Err(Error::Truncated(_))), "{n} bytes");
    }
    let mut spared = 0;
    for bit in 0..8 * whole.len() {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&archive.path, bytes).unwrap();
        if let Ok(got) = read() {
            assert_eq!(got, right, "bit {bit}");
            spared += 1;
        }
    }
    // Only the frame of metrics can be damaged without harm.
    assert!(spared > 0 && spared < 4 * whole.len(), "{spared}");
}
