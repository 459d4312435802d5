//! A small run of real teachers and a real student, through journal and archive and back: what the reader gives is
//! what the codec measured, bit for bit, however it is asked for.

use std::path::Path;
use std::sync::Arc;

use limbeck_archive::{
    ArchiveWriter, BlockDescription, BlockRecord, JournalWriter, QualitySums, Record, RunDescription, RunLock, Segment,
    StepStamp, StepTable, TimeCoding, VariableDescription, journal_directory,
};
use limbeck_codec::ranks::Alone;
use limbeck_codec::{
    BlockDecoder, BlockGeometry, ChainKey, DistilTask, EncodedStep, KdInr, KdInrOptions, Mask, Method, Quality,
    TeacherSource, method_by_number,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};
use limbeck_reader::{Dataset, Space, State};

const SHAPE: [usize; 3] = [16, 12, 10];
const STEPS: usize = 4;

fn original(step: usize, place: [usize; 3]) -> f32 {
    let [z, y, x] = place.map(|i| i as f32);
    let t = 0.15 * step as f32;
    2.0 + (0.3 * x + t).sin() * (0.25 * y).cos() + 0.02 * (z - 8.0) * (z - 8.0 - t)
}

fn blocks() -> Vec<Extent> {
    vec![
        Extent { offset: vec![0, 0, 0], count: vec![8, 12, 10] },
        Extent { offset: vec![8, 0, 0], count: vec![8, 12, 10] },
    ]
}

fn volume(step: usize, extent: &Extent) -> Volume {
    let mut values = Vec::new();
    for z in 0..extent.count[0] {
        for y in 0..extent.count[1] {
            for x in 0..extent.count[2] {
                values.push(original(step, [extent.offset[0] + z, extent.offset[1] + y, extent.offset[2] + x]));
            }
        }
    }
    Volume { count: extent.count.clone(), values: Values::Float32(values) }
}

fn geometry(extent: &Extent) -> BlockGeometry {
    BlockGeometry {
        shape: SHAPE.to_vec(),
        extent: extent.clone(),
        element_type: ElementType::Float32,
        shared: Vec::new(),
    }
}

fn method() -> KdInr {
    let mut options = KdInrOptions::default();
    options.teacher.width = 12;
    options.teacher.depth = 2;
    options.teacher.samples = 400_000;
    options.student.samples = 600_000;
    options.key_interval = 3;
    KdInr::new(options)
}

fn pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap()
}

fn run() -> RunDescription {
    let sizes = |list: &[usize]| list.iter().map(|&n| n as u64).collect::<Vec<_>>();
    let block = |b: &Extent| BlockDescription { offset: sizes(&b.offset), count: sizes(&b.count), rank: 0 };
    RunDescription {
        limbeck_version: env!("CARGO_PKG_VERSION").into(),
        attributes: vec![],
        variables: vec![VariableDescription {
            name: "rho".into(),
            element_type: 4,
            shape: sizes(&SHAPE),
            attributes: vec![],
            axes: vec![],
            blocks: blocks().iter().map(block).collect(),
        }],
    }
}

/// The steps of every block, encoded: `[block][step]`. Block 1 is masked at one place of step 2.
fn encoded(method: &KdInr, threads: &rayon::ThreadPool) -> Vec<Vec<EncodedStep>> {
    let chain = |(b, extent): (usize, &Extent)| {
        let mut chain = method.chain(geometry(extent), ChainKey { seed: 5, variable: 0, block: b as u32 });
        let step = |s| {
            let mut volume = volume(s, extent);
            if let (1, 2, Values::Float32(v)) = (b, s, &mut volume.values) {
                v[37] = f32::NEG_INFINITY;
            }
            let mask = Mask::scan(&volume);
            chain.encode(s as u64, &volume, mask.as_ref(), threads).unwrap()
        };
        (0..STEPS).map(step).collect()
    };
    blocks().iter().enumerate().map(chain).collect()
}

fn write_journal(archive: &Path, steps: &[Vec<EncodedStep>], number: u16) {
    let lock = RunLock::acquire(&journal_directory(archive), 0).unwrap();
    let mut journal = JournalWriter::create(lock).unwrap();
    journal.append(&Record::Run(run())).unwrap();
    for s in 0..STEPS {
        let stamp = StepStamp { step: s as u64, cycle: s as i64, time: s as f64 };
        for (b, chain) in steps.iter().enumerate() {
            let e = &chain[s];
            let q = &e.quality;
            let record = BlockRecord {
                step: s as u64,
                variable: 0,
                block: b as u32,
                method: number,
                step_kind: e.kind as u8,
                base_step: e.base_step,
                payload: e.payload.clone(),
                mask: e.mask.clone(),
                quality: QualitySums {
                    count: q.count,
                    squared_error: q.squared_error,
                    max_error: q.max_error,
                    min: q.min,
                    max: q.max,
                },
                seconds: 0.0,
                samples: e.samples,
                queue_depth: 0,
            };
            journal.append(&Record::Block(record)).unwrap();
        }
        journal.append(&Record::StepComplete(stamp)).unwrap();
    }
}

struct Teachers(Vec<Vec<Arc<dyn BlockDecoder>>>);

impl TeacherSource for Teachers {
    fn teacher(&self, step: usize, block: usize) -> limbeck_codec::Result<Option<Arc<dyn BlockDecoder>>> {
        Ok(Some(self.0[block][step].clone()))
    }
}

fn open_all(steps: &[Vec<EncodedStep>], number: u16) -> Teachers {
    let method = method_by_number(number).unwrap();
    let open = |(b, chain): (usize, &Vec<EncodedStep>)| {
        let mut opened: Vec<Arc<dyn BlockDecoder>> = Vec::new();
        for e in chain {
            let base = e.base_step.map(|s| opened[s as usize].clone());
            let geometry = geometry(&blocks()[b]);
            let mask = e.mask.as_deref();
            opened.push(method.open_step(&geometry, e.kind, &e.payload, mask, base.as_deref()).unwrap());
        }
        opened
    };
    Teachers(steps.iter().enumerate().map(open).collect())
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Reads the whole variable, and again in odd parts, which must agree bit for bit.
fn read_in_parts(data: &Dataset, step: u64) -> Vec<f64> {
    let all = data.read_all::<f64>("rho", step).unwrap();
    let part = Region { start: vec![3, 1, 2], count: vec![5, 4, 3], every: vec![2, 3, 2] };
    let got = data.read::<f64>("rho", step, &part).unwrap();
    let mut expected = Vec::new();
    for z in 0..5 {
        for y in 0..4 {
            for x in 0..3 {
                expected.push(all[((3 + 2 * z) * SHAPE[1] + 1 + 3 * y) * SHAPE[2] + 2 + 2 * x]);
            }
        }
    }
    assert_eq!(bits(&got), bits(&expected));
    all
}

fn quality_of(step: usize, decoded: &[f64]) -> Quality {
    let mut q = Quality::EMPTY;
    for (i, &v) in decoded.iter().enumerate() {
        let place = [i / (SHAPE[1] * SHAPE[2]), i / SHAPE[2] % SHAPE[1], i % SHAPE[2]];
        if v.is_finite() {
            q.add(f64::from(original(step, place)), v);
        }
    }
    q
}

/// Exact derivatives at points of this step index against differences of values, which are in single precision.
fn check_gradient(data: &Dataset, t: f64) {
    let places: Vec<[f64; 3]> = (0..40).map(|i| [3.37 + 0.2 * f64::from(i), 5.1, 8.4 - 0.17 * f64::from(i)]).collect();
    let points: Vec<f64> = places.iter().flat_map(|p| [t, p[0], p[1], p[2]]).collect();
    let found = data.gradient("rho", &points, Space::Index).unwrap();
    for axis in 0..4 {
        let shifted = |by: f64| {
            let mut points = points.clone();
            points.iter_mut().skip(axis).step_by(4).for_each(|p| *p += by);
            data.sample("rho", &points, Space::Index).unwrap()
        };
        let (low, high) = (shifted(-0.02), shifted(0.02));
        for (i, g) in found.iter().skip(axis).step_by(4).enumerate() {
            let difference = (high[i] - low[i]) / 0.04;
            assert!((g - difference).abs() < 2e-3, "t {t} axis {axis} point {i}: {g} against {difference}");
        }
    }
    assert!(found.iter().any(|g| g.abs() > 0.05), "the field is not flat");
}

#[test]
fn through_journal_and_archive() {
    let (method, threads) = (method(), pool());
    let steps = encoded(&method, &threads);
    assert!(steps.iter().flatten().any(|e| e.base_step.is_some()), "some steps are differences");
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("run.lbk");
    write_journal(&path, &steps, method.number());
    let teachers = open_all(&steps, method.number());

    let data = Dataset::open(&path).unwrap();
    assert!(!data.is_finished() && data.steps().iter().all(|s| s.state == State::Present));
    for s in (0..STEPS).rev() {
        let all = read_in_parts(&data, s as u64);
        let mut expected = Vec::new();
        for (b, extent) in blocks().iter().enumerate() {
            let mut values = vec![0.0; extent.len()];
            teachers.0[b][s].decode(&Region::of(extent), &mut values).unwrap();
            expected.extend(values);
        }
        assert_eq!(bits(&all), bits(&expected));
        assert_eq!(all.iter().filter(|v| **v == f64::NEG_INFINITY).count(), usize::from(s == 2));
        // The quality that was written is the one that reading in the type handed in shows.
        let single: Vec<f64> = data.read_all::<f32>("rho", s as u64).unwrap().into_iter().map(f64::from).collect();
        let (told, seen) = (&data.info().unwrap().quality[s].quality, quality_of(s, &single));
        assert_eq!((told.count, told.max_error), (seen.count, seen.max_error));
        assert!((told.squared_error / seen.squared_error - 1.0).abs() < 1e-9);
        assert!(seen.psnr() > 25.0, "step {s}: {} dB", seen.psnr());
    }

    // Places next to a block's face belong to one block or the other; these do not cross it by much.
    check_gradient(&data, 0.5);
    let mark = data.gradient("rho", &[2.0, 8.2, 3.2, 7.1], Space::Index).unwrap();
    assert!(mark.iter().all(|g| g.is_nan()), "no derivative where there is no number: {mark:?}");

    let times: Vec<f64> = (0..STEPS).map(|s| s as f64).collect();
    let total = steps.iter().flatten().fold(Quality::EMPTY, |sum, e| sum.merge(&e.quality));
    let task = DistilTask {
        extent: &Extent::whole(&SHAPE),
        element_type: ElementType::Float32,
        blocks: &blocks(),
        times: &times,
        present: &(0..times.len()).collect::<Vec<_>>(),
        range: (total.min, total.max),
        teachers: &teachers,
        ranks: &Alone,
        here: &|_, _| true,
        key: ChainKey { seed: 5, variable: 0, block: 0 },
        budget_bytes: 1500,
        time_limit: None,
        progress: &|_, _| {},
    };
    let segment = method.distil(&task, &threads).unwrap();
    assert!(segment.payload.len() <= 1500);
    let mut writer = ArchiveWriter::create(&path, &run()).unwrap();
    writer.add_segment(Segment::distilled(0, method.number(), 0, STEPS as u64), &segment.payload).unwrap();
    let table = StepTable { cycles: (0..STEPS as i64).collect(), times: times.clone(), ..StepTable::default() };
    let size = writer.finish(&table, TimeCoding::Compact).unwrap();

    // The archive is there now, so it is what is opened, though the journal is kept.
    let data = Dataset::open(&path).unwrap();
    assert!(data.is_finished());
    let direct = method_by_number(method.number())
        .unwrap()
        .open_segment(&Extent::whole(&SHAPE), &times, &segment.payload)
        .unwrap();
    for s in 0..STEPS {
        let all = read_in_parts(&data, s as u64);
        let mut expected = vec![0.0; all.len()];
        direct.decode(s as f64, &Region::of(&Extent::whole(&SHAPE)), &mut expected).unwrap();
        assert_eq!(bits(&all), bits(&expected));
        let psnr = quality_of(s, &all).psnr();
        assert!(psnr > 20.0, "step {s}: {psnr} dB");
        // A point on the grid is the grid point.
        let at = data.sample("rho", &[s as f64, 5.0, 6.0, 7.0], Space::Index).unwrap()[0];
        let there = all[(5 * SHAPE[1] + 6) * SHAPE[2] + 7];
        assert!((at - there).abs() < 1e-4 * there.abs(), "{at} {there}");
    }
    check_gradient(&data, 1.4);
    let info = data.info().unwrap();
    assert_eq!((info.file_bytes, info.float32_bytes), (size, (4 * 16 * 12 * 10 * STEPS) as u64));
    assert_eq!(info.segments[0].method, method.name());
    assert_eq!(info.segments[0].description, direct.description());
}
