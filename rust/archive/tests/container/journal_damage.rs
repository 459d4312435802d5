//! Journals cut at every byte and with every bit flipped: what is left is true, and what is missing is said.

use crate::fixture;
use limbeck_archive::{
    Error, Journal, JournalWriter, RunLock, StepState, UnfinishedRun, journal_directory, journal_path,
};

struct Run {
    _keep: tempfile::TempDir,
    directory: std::path::PathBuf,
    whole: Vec<u8>,
}

fn run() -> Run {
    let keep = tempfile::tempdir().unwrap();
    let archive = keep.path().join("run.lbk");
    let path = fixture::write_journal(&archive);
    Run { whole: std::fs::read(path).unwrap(), directory: journal_directory(&archive), _keep: keep }
}

impl Run {
    fn with(&self, bytes: &[u8]) -> Result<UnfinishedRun, Error> {
        std::fs::write(journal_path(&self.directory, 0), bytes).unwrap();
        UnfinishedRun::open(&self.directory)
    }
}

#[test]
fn cut_at_every_byte_keeps_every_whole_step() {
    let run = run();
    let all = fixture::durable_steps_of(&run.with(&run.whole).unwrap());
    assert_eq!(all.len(), 3);
    let mut ends = Vec::new();
    let mut at = 16;
    for record in fixture::records() {
        at += record.encode_frame().unwrap().len();
        ends.push((at, matches!(record, limbeck_archive::Record::StepComplete(_))));
    }
    assert_eq!(at, run.whole.len());
    let file = fixture::writable(&journal_path(&run.directory, 0), &run.whole);
    for n in (0..run.whole.len()).rev() {
        file.set_len(n as u64).unwrap();
        let opened = UnfinishedRun::open(&run.directory);
        if n < ends[0].0 {
            assert!(matches!(opened, Err(Error::Truncated(_))), "{n} bytes: {opened:?}");
            continue;
        }
        let opened = opened.unwrap();
        let durable = ends.iter().filter(|(end, complete)| *complete && *end <= n).count();
        assert_eq!(fixture::durable_steps_of(&opened), all[..durable], "{n} bytes");
        let whole = ends.iter().rev().find(|(end, _)| *end <= n).unwrap().0;
        let torn: Vec<_> = opened.torn_tails().map(|(_, t)| (t.offset as usize, t.bytes as usize)).collect();
        assert_eq!(torn, if whole < n { vec![(whole, n - whole)] } else { vec![] });
        assert_eq!(opened.lost().count(), 0);
    }
}

#[test]
fn every_bit_flipped_loses_one_frame_at_most_and_says_so() {
    let run = run();
    let all = fixture::durable_steps_of(&run.with(&run.whole).unwrap());
    let mut file = fixture::writable(&journal_path(&run.directory, 0), &run.whole);
    for bit in 0..run.whole.len() as u64 * 8 {
        fixture::flip(&mut file, bit);
        let outcome = UnfinishedRun::open(&run.directory);
        let durable = outcome.as_ref().map(fixture::durable_steps_of).unwrap_or_default();
        fixture::flip(&mut file, bit);
        let opened = match outcome {
            Ok(opened) => opened,
            // Without the file header or the description nothing can be read.
            Err(Error::Corruption(_) | Error::Compatibility(_)) => continue,
            Err(e) => panic!("bit {bit}: {e}"),
        };
        let told = opened.lost().count() + opened.torn_tails().count();
        assert_eq!(told, 1, "bit {bit}");
        let mut missing = all.len() - durable.len();
        for (stamp, blocks) in &durable {
            let (_, written) = all.iter().find(|(s, _)| s == stamp).expect("only steps that were written");
            for (block, original) in blocks.iter().zip(written) {
                assert!(block.is_none() || block == original, "bit {bit}: other bytes than were written");
                missing += usize::from(block.is_none());
            }
        }
        assert!(missing <= 1, "bit {bit}: {missing} frames are missing");
    }
}

#[test]
fn an_appending_writer_cuts_the_torn_tail_and_nobody_else() {
    let run = run();
    let cut = run.whole.len() - 3;
    let journal = journal_path(&run.directory, 0);
    let before = run.with(&run.whole[..cut]).unwrap();
    assert_eq!(std::fs::metadata(&journal).unwrap().len(), cut as u64);
    let valid = before.journals()[0].valid_length();

    let (mut writer, found) = JournalWriter::append_to(RunLock::acquire(&run.directory, 0).unwrap()).unwrap();
    assert_eq!(found.valid_length(), valid);
    assert_eq!(std::fs::metadata(&journal).unwrap().len(), valid);
    assert!(matches!(RunLock::acquire(&run.directory, 0), Err(Error::InvalidArgument(_))), "the lock is held");
    let last = fixture::records().pop().unwrap();
    writer.append(&last).unwrap();
    writer.append(&limbeck_archive::Record::StepComplete(fixture::stamp(4))).unwrap();
    drop(writer);
    assert_eq!(&std::fs::read(&journal).unwrap()[..run.whole.len()], &run.whole[..]);
    let after = UnfinishedRun::open(&run.directory).unwrap();
    assert_eq!(after.steps()[4].state, StepState::Complete);
    assert!(RunLock::acquire(&run.directory, 0).is_ok(), "the lock was given back");
}

#[test]
fn a_journal_that_ends_in_its_header_is_begun_anew() {
    let run = run();
    for n in 0..16 {
        std::fs::write(journal_path(&run.directory, 0), &run.whole[..n]).unwrap();
        let (mut writer, found) = JournalWriter::append_to(RunLock::acquire(&run.directory, 0).unwrap()).unwrap();
        assert!(found.run().is_none());
        for record in fixture::records() {
            writer.append(&record).unwrap();
        }
        drop(writer);
        assert_eq!(std::fs::read(journal_path(&run.directory, 0)).unwrap(), run.whole);
    }
}

#[test]
fn states_of_steps() {
    let run = run();
    let opened = run.with(&run.whole).unwrap();
    let states: Vec<_> = opened.steps().iter().map(|s| (s.stamp, s.state.clone())).collect();
    let expected = [
        StepState::Complete,
        StepState::Complete,
        StepState::Dropped("the queue was full".into()),
        StepState::Complete,
        StepState::Incomplete,
    ];
    assert_eq!(states, (0..5).map(fixture::stamp).zip(expected).collect::<Vec<_>>());
    assert_eq!(opened.options(), Some("target.ratio = 1000\n"));
    assert_eq!(opened.metrics().copied().collect::<Vec<_>>(), fixture::metrics());
    assert_eq!(opened.run(), &fixture::description());
    let base = opened.base(opened.block(0, 1, 3).unwrap()).unwrap().unwrap();
    assert_eq!((base.step, base.block), (1, 1));
}

#[test]
fn a_reader_is_never_confused_by_a_writer_at_work() {
    let keep = tempfile::tempdir().unwrap();
    let archive = keep.path().join("run.lbk");
    let directory = journal_directory(&archive);
    let mut writer = JournalWriter::create(RunLock::acquire(&directory, 0).unwrap()).unwrap();
    writer.append(&fixture::records()[0]).unwrap();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let mut seen = 0;
            while seen < 200 {
                let run = UnfinishedRun::open(&directory).unwrap();
                let durable = fixture::durable_steps_of(&run);
                assert!(durable.len() >= seen, "durable steps stay");
                assert!(durable.iter().all(|(_, blocks)| blocks[2].is_some()), "a durable step has its block");
                assert_eq!(run.lost().count(), 0);
                seen = durable.len();
            }
        });
        for i in 0..200 {
            let block = limbeck_archive::BlockRecord {
                step: i,
                variable: 1,
                block: 0,
                method: 1,
                step_kind: 0,
                base_step: None,
                payload: fixture::payload(1, 0, i, 3000),
                mask: None,
                quality: limbeck_archive::QualitySums::default(),
                seconds: 0.0,
                samples: 0,
                queue_depth: 0,
            };
            writer.append(&limbeck_archive::Record::Block(block)).unwrap();
            writer.append(&limbeck_archive::Record::StepComplete(fixture::stamp(i))).unwrap();
        }
        reading.join().unwrap();
    });
}

#[test]
fn foreign_journals() {
    let run = run();
    assert!(matches!(run.with(b"some text that is no journal"), Err(Error::Compatibility(_))));
    assert!(matches!(UnfinishedRun::open(run.directory.parent().unwrap()), Err(Error::InvalidArgument(_))));
    assert!(matches!(UnfinishedRun::open(&run.directory.join("none")), Err(Error::Io { .. })));
    let error = JournalWriter::create(RunLock::acquire(&run.directory, 0).unwrap()).unwrap_err();
    assert!(error.to_string().contains("append"), "{error}");
    let archive = run.directory.join("run.lbk");
    fixture::write_archive(&archive);
    let error = Journal::open(&archive).unwrap_err();
    assert!(matches!(error, Error::Compatibility(_)) && error.to_string().contains("archive"), "{error}");
}

#[test]
fn a_journal_that_grows_is_read_on_as_it_would_be_read_anew() {
    let run = run();
    let path = journal_path(&run.directory, 0);
    let first = 16 + fixture::records()[0].encode_frame().unwrap().len();
    let mut followed = run.with(&run.whole[..first]).unwrap();
    let growing = fixture::writable(&path, &run.whole[..first]);
    for n in first + 1..=run.whole.len() {
        std::os::unix::fs::FileExt::write_all_at(&growing, &run.whole[n - 1..n], n as u64 - 1).unwrap();
        let news = followed.read_on().unwrap();
        let anew = UnfinishedRun::open(&run.directory).unwrap();
        assert_eq!(followed.steps(), anew.steps(), "{n} bytes");
        assert_eq!(news, anew.file_bytes() == n as u64, "{n} bytes");
        assert!(followed.newest_blocks().eq(anew.newest_blocks()) && followed.metrics().eq(anew.metrics()));
        assert!(followed.torn_tails().eq(anew.torn_tails()) && followed.lost().eq(anew.lost()));
        assert_eq!((followed.options(), followed.run()), (anew.options(), anew.run()));
    }
    assert!(!followed.read_on().unwrap());

    // Another file of that name, shorter or not, is another run; one more journal belongs to it.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, &run.whole[..first]).unwrap();
    assert!(followed.read_on().unwrap() && followed.steps().is_empty());
    std::fs::write(journal_path(&run.directory, 1), &run.whole).unwrap();
    assert!(followed.read_on().unwrap());
    assert_eq!(followed.journals().len(), 2);
    std::fs::remove_file(&path).unwrap();
    std::fs::remove_file(journal_path(&run.directory, 1)).unwrap();
    assert!(followed.read_on().is_err());
}
