//! Any records survive a journal, and journals of several processes make one run.

use std::path::Path;

use limbeck_archive::{
    BlockDescription, BlockRecord, Error, Journal, JournalWriter, QualitySums, Record, RunDescription, RunLock,
    StepState, UnfinishedRun, VariableDescription, journal_directory,
};
use proptest::prelude::*;

use crate::fixture;

fn block() -> impl Strategy<Value = BlockRecord> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..300);
    let number = || prop_oneof![-1e30..1e30, Just(0.0), Just(f64::INFINITY), Just(f64::MIN_POSITIVE)];
    let quality = (any::<u64>(), number(), number(), number(), number())
        .prop_map(|(count, s, e, min, max)| QualitySums { count, squared_error: s, max_error: e, min, max });
    let names = (any::<u64>(), 0..2u32, 0..2u32, any::<u16>(), any::<u8>(), any::<Option<u64>>());
    (names, bytes(), prop::option::of(bytes()), quality, (0.0..1e9, any::<u64>(), any::<u32>())).prop_map(
        |(
            (step, variable, block, method, step_kind, base_step),
            payload,
            mask,
            quality,
            (seconds, samples, queue_depth),
        )| {
            let block = if variable == 1 { 0 } else { block };
            BlockRecord {
                step,
                variable,
                block,
                method,
                step_kind,
                base_step,
                payload,
                mask,
                quality,
                seconds,
                samples,
                queue_depth,
            }
        },
    )
}

proptest! {
    #[test]
    fn blocks_and_options_survive(blocks in prop::collection::vec(block(), 0..12), options in ".{0,200}") {
        let directory = tempfile::tempdir().unwrap();
        let run = directory.path().join("run.lbk.d");
        let mut writer = JournalWriter::create(RunLock::acquire(&run, 3).unwrap()).unwrap();
        writer.append(&Record::Run(fixture::description())).unwrap();
        let mut places = Vec::new();
        for b in &blocks {
            places.push(writer.append(&Record::Block(b.clone())).unwrap());
        }
        writer.append(&Record::Options(options.clone())).unwrap();
        let journal = Journal::open(writer.path()).unwrap();
        prop_assert_eq!(journal.process(), 3);
        prop_assert_eq!(journal.valid_length(), writer.offset());
        prop_assert_eq!(journal.options(), Some(options.as_str()));
        prop_assert_eq!(journal.blocks().len(), blocks.len());
        for ((entry, b), place) in journal.blocks().iter().zip(&blocks).zip(places) {
            let bytes = journal.read_block(entry).unwrap();
            let back = BlockRecord {
                step: entry.step,
                variable: entry.variable,
                block: entry.block,
                method: entry.method,
                step_kind: entry.step_kind,
                base_step: entry.base_step,
                payload: bytes.payload,
                mask: bytes.mask,
                quality: entry.quality,
                seconds: entry.seconds,
                samples: entry.samples,
                queue_depth: entry.queue_depth,
            };
            prop_assert_eq!(&back, b);
            prop_assert_eq!(entry.frame_offset, place);
        }
    }
}

/// One variable in two blocks, of ranks 0 and 1.
fn shared() -> RunDescription {
    let half = |rank: u32| BlockDescription { offset: vec![5 * u64::from(rank)], count: vec![5], rank };
    RunDescription {
        variables: vec![VariableDescription {
            name: "flux".into(),
            element_type: 4,
            shape: vec![10],
            attributes: vec![],
            axes: vec![],
            blocks: vec![half(0), half(1)],
        }],
        ..RunDescription::default()
    }
}

fn begin(run: &Path, process: u32, description: RunDescription) -> JournalWriter {
    let mut writer = JournalWriter::create(RunLock::acquire(run, process).unwrap()).unwrap();
    writer.append(&Record::Run(description)).unwrap();
    writer
}

fn put(writer: &mut JournalWriter, process: u32, step: u64) {
    writer.append(&Record::StepAccepted(fixture::stamp(step))).unwrap();
    let block = BlockRecord {
        step,
        variable: 0,
        block: process,
        method: 1,
        step_kind: 0,
        base_step: None,
        payload: fixture::payload(0, process, step, 8),
        mask: None,
        quality: QualitySums::default(),
        seconds: 0.0,
        samples: 0,
        queue_depth: 0,
    };
    writer.append(&Record::Block(block)).unwrap();
    writer.append(&Record::StepComplete(fixture::stamp(step))).unwrap();
}

#[test]
fn a_step_is_complete_when_every_process_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let run = journal_directory(&directory.path().join("run.lbk"));
    let mut first = begin(&run, 0, shared());
    let mut second = begin(&run, 1, shared());
    (0..3).for_each(|step| put(&mut first, 0, step));
    (0..2).for_each(|step| put(&mut second, 1, step));
    let dropped = Record::StepDropped { stamp: fixture::stamp(3), reason: "no room".into() };
    first.append(&dropped).unwrap();
    put(&mut second, 1, 3);

    let opened = UnfinishedRun::open(&run).unwrap();
    let states: Vec<_> = opened.steps().iter().map(|s| s.state.clone()).collect();
    let expected =
        [StepState::Complete, StepState::Complete, StepState::Incomplete, StepState::Dropped("no room".into())];
    assert_eq!(states, expected);
    for (block, step) in [(0, 1), (1, 1), (0, 2)] {
        let bytes = opened.read_block(opened.block(0, block, step).unwrap()).unwrap();
        assert_eq!(bytes.payload, fixture::payload(0, block, step, 8));
    }
    assert!(opened.block(0, 1, 2).is_none());
}

#[test]
fn a_frame_written_again_counts() {
    let directory = tempfile::tempdir().unwrap();
    let run = journal_directory(&directory.path().join("run.lbk"));
    let mut writer = begin(&run, 0, shared());
    put(&mut writer, 0, 0);
    let again = BlockRecord {
        step: 0,
        variable: 0,
        block: 0,
        method: 2,
        step_kind: 2,
        base_step: None,
        payload: b"better".to_vec(),
        mask: None,
        quality: QualitySums::default(),
        seconds: 0.0,
        samples: 0,
        queue_depth: 0,
    };
    writer.append(&Record::Block(again)).unwrap();
    let opened = UnfinishedRun::open(&run).unwrap();
    let entry = opened.block(0, 0, 0).unwrap();
    assert_eq!((entry.method, opened.read_block(entry).unwrap().payload.as_slice()), (2, &b"better"[..]));
}

#[test]
fn journals_of_different_runs_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let run = journal_directory(&directory.path().join("run.lbk"));
    begin(&run, 0, shared());
    begin(&run, 1, fixture::description());
    let error = UnfinishedRun::open(&run).unwrap_err();
    assert!(matches!(error, Error::Corruption(_)) && error.to_string().contains("different runs"), "{error}");
}

#[test]
fn records_that_do_not_fit_the_format_are_refused() {
    let stamp = limbeck_archive::StepStamp { time: f64::NAN, ..fixture::stamp(0) };
    assert!(matches!(Record::StepComplete(stamp).encode_frame(), Err(Error::InvalidArgument(_))));
    let mut unsound = shared();
    unsound.variables[0].shape = vec![4];
    assert!(matches!(Record::Run(unsound).encode_frame(), Err(Error::InvalidArgument(_))));
}
