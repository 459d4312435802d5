//! What an archive takes beside its payloads.

use limbeck_archive::{Archive, ArchiveWriter, RunDescription, Segment, StepTable, TimeCoding, VariableDescription};

fn run() -> RunDescription {
    let shape = vec![128, 128, 128];
    RunDescription {
        limbeck_version: "0.1.0".into(),
        attributes: vec![],
        variables: vec![VariableDescription {
            name: "velocity_magnitude".into(),
            element_type: 8,
            blocks: vec![VariableDescription::whole_block(&shape)],
            shape,
            attributes: vec![],
            axes: vec![],
        }],
    }
}

/// Bytes of an archive of one distilled segment less those of the payload.
fn overhead(steps: &StepTable, coding: TimeCoding) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.lbk");
    let payload = vec![0x5a; 2000];
    let mut writer = ArchiveWriter::create(&path, &run()).unwrap();
    let mut segment = Segment::distilled(0, 1, 0, steps.len() as u64);
    (segment.psnr, segment.max_error) = (Some(47.31), Some(0.0123));
    writer.add_segment(segment, &payload).unwrap();
    let bytes = writer.finish(steps, coding).unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.read_segment(&archive.segments()[0]).unwrap(), payload);
    assert_eq!(archive.steps().len(), steps.len());
    bytes - payload.len() as u64
}

#[test]
fn one_variable_takes_at_most_256_bytes_and_4_a_step() {
    for n in [1u64, 2, 3, 5, 8, 20, 100, 1000, 100_000] {
        let regular = StepTable {
            cycles: (0..n as i64).map(|i| 100 + 10 * i).collect(),
            times: (0..n).map(|i| 0.5 + 1e-3 * i as f64).collect(),
            ..StepTable::default()
        };
        // Adaptive time steps, uneven output intervals: nothing to predict.
        let mut state = 1u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1u64 << 24) as f64
        };
        let (mut cycle, mut time) = (0, 0.0);
        let mut irregular = StepTable::default();
        for _ in 0..n {
            irregular.cycles.push(cycle);
            irregular.times.push(time);
            cycle += 10 + (random() * 7.0) as i64;
            time += 1e-3 * (0.5 + random());
        }
        for table in [regular, irregular] {
            let bytes = overhead(&table, TimeCoding::Compact);
            assert!(bytes <= 256 + 4 * n, "{bytes} bytes for {n} steps");
        }
    }
}
