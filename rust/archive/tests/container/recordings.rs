//! Recordings come back as they were written; damage is told and never believed.

use std::path::Path;
use std::time::Duration;

use limbeck_archive::{Answer, Call, Error, Opening, Recording, RecordingWriter};
use proptest::prelude::*;

use crate::fixture::description;

fn calls() -> Vec<(Call, Vec<u8>, Option<Answer>)> {
    let strides = vec![vec![160, 40, 8], vec![-160, 40, 8], vec![4]];
    let values = |n: u8| (0..40u8).flat_map(|i| f64::from(i * n).to_le_bytes()).collect::<Vec<u8>>();
    let nan = [f32::NAN; 9].iter().flat_map(|v| v.to_le_bytes()).collect();
    vec![
        (Call::Commit { run: description(), strides }, vec![], None),
        (Call::StepBegin { cycle: -5, time: 0.25 }, vec![], None),
        (Call::Put { variable: 0, block: 1 }, values(3), Some(Answer::Refused("NaN – no".into()))),
        (Call::Put { variable: 1, block: 0 }, nan, None),
        (Call::StepEnd, vec![], Some(Answer::Degraded("slow".into()))),
        (Call::StepBegin { cycle: 7, time: f64::NAN }, vec![], Some(Answer::Refused("time".into()))),
        (Call::StepCancel, vec![], None),
        (Call::Put { variable: 0, block: 0 }, values(1), Some(Answer::Dropped)),
        (Call::Close, vec![], None),
    ]
}

fn opening() -> Opening {
    Opening {
        limbeck_version: "0.1.0".into(),
        rank: 2,
        ranks: 3,
        began: Duration::from_nanos(1_700_000_000_123_456_789),
        path: "somewhere/run – 1.lbk".into(),
        options: "seed = \"3\"\n".into(),
    }
}

fn write(path: &Path) {
    let mut writer = RecordingWriter::create(path, &opening()).unwrap();
    for (i, (call, values, answer)) in calls().iter().enumerate() {
        let size = if *call == (Call::Put { variable: 1, block: 0 }) { 4 } else { 8 };
        writer.call(Duration::from_micros(i as u64), call, values, size).unwrap();
        if let Some(answer) = answer {
            writer.answer(answer).unwrap();
        }
    }
    assert!(matches!(RecordingWriter::create(path, &opening()), Err(Error::InvalidArgument(_))));
}

#[test]
fn calls_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.lbk-000-00002.lbr");
    write(&path);
    let r = Recording::open(&path).unwrap();
    assert_eq!((r.opening(), r.torn_tail(), r.run()), (&opening(), None, Some(&description())));
    assert_eq!(r.calls().len(), calls().len());
    for (i, (recorded, (call, values, answer))) in r.calls().iter().zip(calls()).enumerate() {
        assert_eq!((&recorded.answer, recorded.gap), (&answer, Duration::from_micros(i as u64)));
        match (&recorded.call, &call) {
            // NaN is not equal to itself.
            (Call::StepBegin { cycle: 7, time }, _) => assert!(time.is_nan()),
            (a, b) => assert_eq!(a, b),
        }
        match call {
            Call::Put { .. } => assert_eq!(r.values(recorded).unwrap(), values),
            _ => assert!(matches!(r.values(recorded), Err(Error::InvalidArgument(_)))),
        }
    }
}

#[test]
fn it_is_neither_journal_nor_archive() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal-00000.lbj");
    write(&path);
    assert!(matches!(limbeck_archive::Journal::open(&path), Err(Error::Compatibility(_))));
    assert!(matches!(limbeck_archive::Archive::open(&path), Err(Error::Compatibility(_))));
}

proptest! {
    /// A damaged byte is noticed: every call that is still there says what was written, and its values are right or
    /// refused.
    #[test]
    fn a_damaged_byte_is_never_believed(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbr");
        write(&path);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        std::fs::write(&path, &bytes).unwrap();
        let Ok(r) = Recording::open(&path) else { return Ok(()) };
        let mut lost = usize::from(r.torn_tail().is_some());
        for (recorded, (call, values, _)) in r.calls().iter().zip(calls()) {
            if let Call::Put { .. } = call {
                match r.values(recorded) {
                    Ok(back) => prop_assert_eq!(back, values),
                    Err(_) => lost += 1,
                }
            } else if !matches!(call, Call::StepBegin { .. }) {
                prop_assert_eq!(&recorded.call, &call);
            }
        }
        prop_assert_eq!(lost, 1);
    }
}
