use limbeck_archive::{JournalWriter, RunLock, StepStamp};
use limbeck_codec::Quality;

use super::*;

#[test]
fn steps_become_durable_while_others_keep_coming() {
    let directory = tempfile::tempdir().unwrap();
    let writer = JournalWriter::create(RunLock::acquire(directory.path(), 0).unwrap()).unwrap();
    let durability = Arc::new(Durability::new(None));
    let (sender, thread) = start(writer, vec!["v".into()], true, 64 << 10, durability.clone()).unwrap();
    let mut cycle = 0;
    // As fast as the journal takes them, and without a pause.
    while durability.newest().is_none() {
        assert!(cycle < 50_000, "nothing is durable as long as steps come");
        let stamp = StepStamp { step: cycle, cycle: cycle as i64, time: 0.0 };
        durability.accept(stamp.cycle);
        sender.accepted(Accepted { stamp, blocks: 1, host_seconds: 0.0, queue_bytes: 0, queue_depth: 1 });
        sender.encoded(Encoded {
            step: cycle,
            variable: 0,
            frame: vec![0; 64],
            bytes: 64,
            quality: Quality::EMPTY,
            samples: 0,
            seconds: 0.0,
            plain: false,
        });
        cycle += 1;
    }
    drop(sender);
    thread.join().unwrap();
    assert_eq!(durability.newest(), Some(cycle as i64 - 1));
    assert_eq!(durability.reports().0, cycle);
}
