//! An archive of version 1 with every kind of payload, checked in with the values that it decodes to: every later
//! version, on every CPU, gives the same bits.

use std::path::PathBuf;

use limbeck_archive::{
    ArchiveWriter, BlockDescription, RunDescription, Segment, SegmentContent, StepTable, TimeCoding,
    VariableDescription,
};
use limbeck_codec::ranks::Alone;
use limbeck_codec::{
    BlockDecoder, BlockGeometry, ChainKey, DistilTask, EncodedStep, Family, KdInr, KdInrOptions, Mask, Method,
    TeacherSource, plain,
};
use limbeck_field::{ElementType, Extent, Values, Volume};
use limbeck_reader::{Dataset, Space};

const SHAPE: [usize; 3] = [4, 5, 6];
const STEPS: usize = 4;
/// Points between the grid points and between the steps: t, z, y, x.
const POINTS: [f64; 12] = [0.5, 1.25, 3.5, 0.75, 2.0, 0.0, 4.25, 5.0, 1.75, 2.5, 2.5, 2.5];

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1").join(name)
}

/// Every value that the archive holds, and the values at the points, for each variable.
fn values(data: &Dataset) -> Vec<f64> {
    let mut all = Vec::new();
    for v in data.variables() {
        for step in data.steps() {
            all.extend(data.read_all::<f64>(&v.name, step.index).unwrap());
        }
        all.extend(data.sample(&v.name, &POINTS, Space::Index).unwrap());
    }
    all
}

#[test]
fn an_archive_of_version_1_reads_as_it_always_did() {
    let got = values(&Dataset::open(golden("kdinr.bin")).unwrap());
    let stored = std::fs::read(golden("kdinr.f64")).unwrap();
    let expected: Vec<u64> = stored.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().unwrap())).collect();
    assert_eq!(got.len(), 2 * (STEPS * 120 + 3));
    assert_eq!(got.len(), expected.len());
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!(g.to_bits() == e || g.is_nan() && f64::from_bits(e).is_nan(), "value {i}: {g} {}", f64::from_bits(e));
    }
}

fn volume(step: usize) -> Volume {
    let value = |i: usize| {
        let (z, y, x) = ((i / 30) as f32, (i / 6 % 5) as f32, (i % 6) as f32);
        (0.9 * x + 0.2 * step as f32).sin() + 0.3 * y - 0.1 * z * z
    };
    Volume { count: SHAPE.to_vec(), values: Values::Float32((0..120).map(value).collect()) }
}

struct Teachers(Vec<std::sync::Arc<dyn BlockDecoder>>);

impl TeacherSource for Teachers {
    fn teacher(&self, step: usize, _: usize) -> limbeck_codec::Result<Option<std::sync::Arc<dyn BlockDecoder>>> {
        Ok(Some(self.0[step].clone()))
    }
}

/// A key teacher, a difference, a constant block and a masked teacher.
fn teachers(method: &KdInr, geometry: &BlockGeometry, threads: &rayon::ThreadPool) -> Vec<EncodedStep> {
    let mut chain = method.chain(geometry.clone(), ChainKey { seed: 1, variable: 0, block: 0 });
    let mut encode = |step: usize| {
        let mut volume = volume(step);
        if let Values::Float32(v) = &mut volume.values {
            match step {
                2 => v.fill(1.5),
                3 => (v[7], v[119]) = (f32::NAN, f32::INFINITY),
                _ => {}
            }
        }
        chain.encode(step as u64, &volume, Mask::scan(&volume).as_ref(), threads).unwrap()
    };
    (0..STEPS).map(&mut encode).collect()
}

fn variable(name: &str) -> VariableDescription {
    let shape: Vec<u64> = SHAPE.iter().map(|&n| n as u64).collect();
    let blocks = vec![BlockDescription { offset: vec![0; 3], count: shape.clone(), rank: 0 }];
    VariableDescription { name: name.into(), element_type: 4, shape, attributes: vec![], axes: vec![], blocks }
}

fn method(family: Family) -> KdInr {
    let mut options = KdInrOptions::default();
    for fit in [&mut options.teacher, &mut options.student] {
        (fit.family, fit.width, fit.depth, fit.samples) = (family, 6, 2, 100_000);
    }
    KdInr::new(options)
}

/// Writes the files anew, for a new version of the format: `cargo test -p limbeck-tests --test reader_golden -- --ignored`.
#[test]
#[ignore = "overwrites the golden files"]
fn write_golden_files() {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let extent = Extent::whole(&SHAPE);
    let geometry = BlockGeometry {
        shape: SHAPE.to_vec(),
        extent: extent.clone(),
        element_type: ElementType::Float32,
        shared: Vec::new(),
    };
    let run = RunDescription {
        limbeck_version: "0.1.0".into(),
        attributes: vec![],
        variables: vec![variable("steps"), variable("student")],
    };
    let times = [0.0, 0.5, 1.5, 2.0];
    let mut writer = ArchiveWriter::create(&golden("kdinr.bin"), &run).unwrap();
    let siren = method(Family::Siren);
    let steps = teachers(&siren, &geometry, &threads);
    let mut opened: Vec<std::sync::Arc<dyn BlockDecoder>> = Vec::new();
    for (s, e) in steps.iter().enumerate() {
        let base = e.base_step.map(|b| opened[b as usize].clone());
        opened.push(siren.open_step(&geometry, e.kind, &e.payload, e.mask.as_deref(), base.as_deref()).unwrap());
        let segment = Segment::step(0, siren.number(), s as u64, 0, e.kind as u8, e.base_step);
        writer.add_segment(segment, &e.payload).unwrap();
        if let Some(mask) = &e.mask {
            writer.add_mask(0, 0, s as u64, mask).unwrap();
        }
    }
    let task = DistilTask {
        extent: &Extent::whole(&SHAPE),
        element_type: ElementType::Float32,
        blocks: &[extent],
        times: &times,
        present: &(0..times.len()).collect::<Vec<_>>(),
        range: (-2.0, 3.0),
        teachers: &Teachers(opened),
        ranks: &Alone,
        here: &|_, _| true,
        key: ChainKey { seed: 1, variable: 1, block: 0 },
        budget_bytes: 700,
        time_limit: None,
        progress: &|_, _| {},
    };
    let student = method(Family::KdInr).distil(&task, &threads).unwrap();
    writer.add_segment(Segment::distilled(1, siren.number(), 0, STEPS as u64), &student.payload).unwrap();
    // The last step of the student's variable was kept as it was.
    let plain = Segment {
        content: SegmentContent::Step { block: 0, step_kind: 2, base_step: None },
        ..Segment::distilled(1, siren.number(), 3, 1)
    };
    writer.add_segment(plain, &plain::encode(&volume(3))).unwrap();
    let table = StepTable { cycles: vec![0, 10, 20, 30], times: times.to_vec(), ..StepTable::default() };
    writer.finish(&table, TimeCoding::Exact).unwrap();
    let all = values(&Dataset::open(golden("kdinr.bin")).unwrap());
    std::fs::write(golden("kdinr.f64"), all.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
}
