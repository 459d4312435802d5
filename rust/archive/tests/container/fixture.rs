//! A small run with everything that a journal and an archive can hold; the golden files are made of it.

use std::path::{Path, PathBuf};

use limbeck_archive::{
    Archive, ArchiveWriter, Attribute, Axis, BlockDescription, BlockRecord, Coordinates, JournalWriter, QualitySums,
    Record, RunDescription, RunLock, Segment, StepMetrics, StepStamp, StepTable, TimeCoding, UnfinishedRun,
    VariableDescription, journal_directory,
};

/// What the run is about.
pub fn description() -> RunDescription {
    let blocks = vec![
        BlockDescription { offset: vec![0, 0, 0], count: vec![2, 4, 5], rank: 0 },
        BlockDescription { offset: vec![2, 0, 0], count: vec![2, 4, 5], rank: 0 },
    ];
    let axes = vec![
        Axis { name: "z".into(), ..Axis::default() },
        Axis { coordinates: Coordinates::Uniform { origin: -1.5, spacing: 0.25 }, name: "y".into(), units: "m".into() },
        Axis { coordinates: Coordinates::Explicit(vec![0.0, 0.1, 0.3, 0.7, 1.5]), ..Axis::default() },
    ];
    RunDescription {
        limbeck_version: "0.1.0".into(),
        attributes: vec![
            ("title".into(), Attribute::Text("a blast wave – golden".into())),
            ("seed".into(), Attribute::Integer(-7)),
        ],
        variables: vec![
            VariableDescription {
                name: "density".into(),
                element_type: 8,
                shape: vec![4, 4, 5],
                attributes: vec![
                    ("units".into(), Attribute::Text("kg m-3".into())),
                    ("gamma".into(), Attribute::Float(1.4)),
                    ("limits".into(), Attribute::FloatArray(vec![0.5, 1e300])),
                ],
                axes,
                blocks,
            },
            VariableDescription {
                name: "flux".into(),
                element_type: 4,
                shape: vec![9],
                attributes: vec![],
                axes: vec![],
                blocks: vec![VariableDescription::whole_block(&[9])],
            },
        ],
    }
}

/// Bytes that look like nothing in particular, the same for the same numbers.
pub fn payload(variable: u32, block: u32, step: u64, length: usize) -> Vec<u8> {
    let mut state = 1 + u64::from(variable) + 10 * u64::from(block) + 100 * step;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// Step `i` of the run.
pub fn stamp(i: u64) -> StepStamp {
    StepStamp { step: i, cycle: 50 + 10 * i as i64, time: 0.125 + 0.5 * i as f64 }
}

fn block(variable: u32, block: u32, step: u64) -> BlockRecord {
    BlockRecord {
        step,
        variable,
        block,
        method: 1,
        step_kind: if variable == 1 { 0 } else { 1 },
        base_step: (variable == 0 && step > 0).then(|| step - 1),
        payload: payload(variable, block, step, if variable == 1 { 8 } else { 40 }),
        mask: (variable == 0 && block == 1 && step == 1).then(|| payload(9, 9, 9, 11)),
        quality: QualitySums { count: 40, squared_error: 0.25, max_error: 0.125, min: -1.0, max: 3.0 },
        seconds: 0.5,
        samples: 4096,
        queue_depth: 2,
    }
}

/// What was noted about each step and variable.
pub fn metrics() -> Vec<StepMetrics> {
    let row = |i: u64| StepMetrics {
        step: i / 2,
        variable: (i % 2) as u32,
        quality: QualitySums { count: 80, squared_error: 0.5, max_error: 0.125, min: -1.0, max: 3.0 },
        bytes: 80,
        samples: 8192,
        train_seconds: 1.0,
        host_seconds: 0.0625,
        queue_bytes: 640,
        queue_depth: 2,
    };
    (0..6).map(row).collect()
}

/// The frames of its journal: steps 0, 1 and 3 whole, 2 dropped, 4 accepted.
pub fn records() -> Vec<Record> {
    let mut records = vec![Record::Run(description()), Record::Options("target.ratio = 1000\n".into())];
    for i in [0, 1, 3] {
        records.push(Record::StepAccepted(stamp(i)));
        for (variable, b) in [(0, 0), (0, 1), (1, 0)] {
            let mut record = block(variable, b, i);
            // Step 2 was dropped: step 3 stands on step 1.
            record.base_step = record.base_step.map(|base| if base == 2 { 1 } else { base });
            records.push(Record::Block(record));
        }
        records.push(Record::StepComplete(stamp(i)));
        if i == 1 {
            records.push(Record::StepDropped { stamp: stamp(2), reason: "the queue was full".into() });
        }
    }
    records.push(Record::Metrics(metrics()));
    records.push(Record::StepAccepted(stamp(4)));
    records.push(Record::Block(block(1, 0, 4)));
    records
}

/// The run's journal in the directory of `archive`; returns the journal's path.
pub fn write_journal(archive: &Path) -> PathBuf {
    let lock = RunLock::acquire(&journal_directory(archive), 0).unwrap();
    let mut writer = JournalWriter::create(lock).unwrap();
    for record in records() {
        writer.append(&record).unwrap();
    }
    writer.sync().unwrap();
    writer.path().to_owned()
}

/// The steps of the archive.
pub fn steps() -> StepTable {
    let stamps: Vec<StepStamp> = (0..4).map(stamp).collect();
    StepTable {
        cycles: stamps.iter().map(|s| s.cycle).collect(),
        times: stamps.iter().map(|s| s.time).collect(),
        missing: vec![2],
        ..StepTable::default()
    }
}

/// The finished archive: density distilled, flux carried over step by step.
pub fn write_archive(path: &Path) {
    let mut writer = ArchiveWriter::create(path, &description()).unwrap();
    let mut distilled = Segment::distilled(0, 1, 0, 4);
    distilled.psnr = Some(47.5);
    distilled.max_error = Some(0.125);
    distilled.description = "SIREN 16x2".into();
    writer.add_segment(distilled, &payload(0, 0, 77, 90)).unwrap();
    for i in [0, 1, 3] {
        let base = (i == 1).then_some(0);
        writer.add_segment(Segment::step(1, 1, i, 0, 0, base), &payload(1, 0, i, 8)).unwrap();
    }
    writer.add_mask(0, 1, 1, &payload(9, 9, 9, 11)).unwrap();
    writer.add_metrics(&metrics()).unwrap();
    writer.add_options("target.ratio = 1000\n").unwrap();
    writer.finish(&steps(), TimeCoding::Compact).unwrap();
}

/// Everything that can be read out of an archive, as one text: equal texts, equal contents.
pub fn everything_in(archive: &Archive) -> Result<String, limbeck_archive::Error> {
    use std::fmt::Write;
    let mut text = format!("{:?}\n{:?}\n", archive.run(), archive.steps());
    for s in archive.segments() {
        let _ = writeln!(text, "{s:?} {:?}", archive.read_segment(s)?);
    }
    for m in archive.masks() {
        let _ = writeln!(text, "{m:?} {:?}", archive.read_mask(m)?);
    }
    let _ = writeln!(text, "{:?}\n{:?}", archive.metrics()?, archive.options()?);
    Ok(text)
}

/// Payload and mask of a block, if it is there.
type BlockBytes = Option<(Vec<u8>, Option<Vec<u8>>)>;

/// Everything about the steps of an unfinished run that are durable: density's two blocks and flux's one.
pub fn durable_steps_of(run: &UnfinishedRun) -> Vec<(StepStamp, Vec<BlockBytes>)> {
    use limbeck_archive::StepState;
    let complete = run.steps().iter().filter(|s| s.state == StepState::Complete);
    let block = |v: u32, b: u32, step: u64| {
        let entry = run.block(v, b, step)?;
        let bytes = run.read_block(entry).ok()?;
        Some((bytes.payload, bytes.mask))
    };
    complete.map(|s| (s.stamp, [(0, 0), (0, 1), (1, 0)].map(|(v, b)| block(v, b, s.stamp.step)).to_vec())).collect()
}

/// Flips one bit of a file in place.
pub fn flip(file: &mut std::fs::File, bit: u64) {
    use std::io::{Read, Seek, SeekFrom, Write};
    let mut byte = [0];
    file.seek(SeekFrom::Start(bit / 8)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(bit / 8)).unwrap();
    file.write_all(&[byte[0] ^ 1 << (bit % 8)]).unwrap();
}

/// A file with these bytes, to be changed in place.
pub fn writable(path: &Path, bytes: &[u8]) -> std::fs::File {
    std::fs::write(path, bytes).unwrap();
    std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap()
}
