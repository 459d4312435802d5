use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use limbeck_field::Values;
use proptest::prelude::*;

use super::*;

const F32: ElementType = ElementType::Float32;

fn put(q: &Queue, step: u64, sizes: &[usize], wait: bool) -> bool {
    let bytes = sizes.iter().map(|n| 4 * *n as u64).sum();
    if !q.grant(bytes, wait, &Notices::default()) {
        return false;
    }
    let blocks = sizes.iter().enumerate().map(|(lane, &n)| {
        let mut volume = q.buffer(F32, &[n]);
        volume.values = match volume.values {
            Values::Float32(mut v) => {
                v.fill(step as f32 * 100.0 + lane as f32);
                Values::Float32(v)
            }
            other => other,
        };
        Copied { lane, volume, flagged: false }
    });
    let blocks = blocks.collect();
    q.push(step, blocks);
    true
}

fn check(work: &Work) {
    assert!(work.lost.is_none());
    let expected = f64::from(work.step as f32 * 100.0 + work.lane as f32);
    assert!((0..work.volume.values.len()).all(|i| work.volume.values.get(i) == expected));
}

fn spilling(lanes: usize, budget: u64, aside: u64, disk: u64) -> Queue {
    Queue::new(lanes, budget, aside, Some(Spill::new(std::env::temp_dir(), disk)))
}

#[test]
fn without_spill_a_full_queue_has_no_room_until_work_is_done() {
    let q = Queue::new(1, 100, 0, None);
    assert!(put(&q, 0, &[10], false) && put(&q, 1, &[10], false));
    assert!(!put(&q, 2, &[10], false));
    let work = q.take().unwrap();
    assert!(!put(&q, 2, &[10], false), "what is worked on counts too");
    q.done(work);
    assert!(put(&q, 2, &[10], false));
    assert_eq!(q.fill(), Fill { bytes: 80, waiting: 2, spilled: 0, held: 80, peak: 80, busy: 0 });
}

#[test]
fn more_than_the_budget_never_fits() {
    let q = Queue::new(1, 100, 0, None);
    assert!(!q.grant(101, true, &Notices::default()));
    q.release(0);
    assert!(q.grant(100, true, &Notices::default()));
}

#[test]
fn a_waiting_host_goes_on_when_work_is_done() {
    let q = Arc::new(Queue::new(1, 40, 0, None));
    assert!(put(&q, 0, &[10], true));
    let entered = Arc::new(AtomicBool::new(false));
    let host = std::thread::spawn({
        let (q, entered) = (q.clone(), entered.clone());
        move || {
            let ok = put(&q, 1, &[10], true);
            entered.store(true, Ordering::SeqCst);
            ok
        }
    });
    std::thread::sleep(Duration::from_millis(20));
    assert!(!entered.load(Ordering::SeqCst));
    let work = q.take().unwrap();
    q.done(work);
    assert!(host.join().unwrap());
    assert_eq!(q.take().unwrap().step, 1);
}

#[test]
fn the_newest_blocks_are_spilled_and_come_back_in_order() {
    let q = spilling(2, 160, 40, 10_000);
    for step in 0..10 {
        assert!(put(&q, step, &[10, 5], false), "step {step}");
    }
    assert_eq!(q.fill().waiting, 20);
    assert!(q.fill().spilled > 0 && q.fill().bytes <= 120);
    q.close();
    let mut seen = Vec::new();
    while let Some(work) = q.take() {
        check(&work);
        seen.push((work.step, work.lane));
        q.done(work);
    }
    assert_eq!(seen, (0..10).flat_map(|s| [(s, 0), (s, 1)]).collect::<Vec<_>>());
    assert_eq!((q.fill().spilled, q.fill().bytes, q.fill().waiting), (0, 0, 0));
    assert!(q.fill().peak <= 160);
}

#[test]
fn a_full_disk_is_no_room() {
    let q = spilling(1, 120, 40, 80);
    assert!((0..4).all(|step| put(&q, step, &[10], false)));
    assert!(!put(&q, 4, &[10], false));
    assert_eq!(q.fill().spilled, 80);
}

#[test]
fn a_disk_that_refuses_is_told_and_the_block_stays() {
    let q = Queue::new(1, 80, 40, Some(Spill::new("/nowhere/at/all".into(), 1000)));
    let notices = Notices::default();
    assert!(put(&q, 0, &[10], false));
    assert!(!q.grant(40, false, &notices));
    assert!(notices.news().unwrap().contains("/nowhere/at/all"));
    check(&q.take().unwrap());
}

#[test]
fn stopping_gives_up_what_waits() {
    let q = Queue::new(1, 100, 0, None);
    assert!(put(&q, 0, &[10], false));
    q.stop();
    assert!(q.take().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A simulation that puts steps, and workers that take and finish blocks, in any order of events: each lane in
    /// order and one at a time, nothing lost or changed, memory and disk within their limits.
    #[test]
    fn lanes_keep_their_order_and_the_budget(
        sizes in prop::collection::vec(1usize..30, 1..5),
        slack in 0u64..400,
        disk in prop_oneof![Just(0u64), 0u64..2000],
        events in prop::collection::vec(0u8..6, 1..120),
    ) {
        let step_bytes: u64 = sizes.iter().map(|n| 4 * *n as u64).sum();
        let aside = 2 * 4 * *sizes.iter().max().unwrap() as u64;
        let budget = step_bytes + aside + slack;
        let q = if disk > 0 { spilling(sizes.len(), budget, aside, disk) } else { Queue::new(sizes.len(), budget, 0, None) };
        let mut next = vec![0u64; sizes.len()];
        let mut inside: Vec<Work> = Vec::new();
        let (mut step, mut done) = (0, 0);
        for event in events {
            match event {
                0..=2 => step += u64::from(put(&q, step, &sizes, false)),
                3..=4 if inside.len() < 2 && q.fill().waiting as usize > 0 => {
                    let busy: Vec<usize> = inside.iter().map(|w| w.lane).collect();
                    // A lane that is busy has nothing to give, so taking might wait for ever.
                    if (0..sizes.len()).any(|lane| !busy.contains(&lane) && next[lane] < step) {
                        let work = q.take().unwrap();
                        check(&work);
                        prop_assert_eq!(work.step, next[work.lane]);
                        prop_assert!(!busy.contains(&work.lane));
                        next[work.lane] += 1;
                        inside.push(work);
                    }
                }
                _ if !inside.is_empty() => {
                    q.done(inside.remove(0));
                    done += 1;
                }
                _ => {}
            }
            let fill = q.fill();
            prop_assert!(fill.peak <= budget && fill.spilled <= disk);
            prop_assert_eq!(u64::from(fill.waiting) + inside.len() as u64 + done, step * sizes.len() as u64);
        }
        inside.into_iter().for_each(|w| q.done(w));
        q.close();
        while let Some(work) = q.take() {
            check(&work);
            prop_assert_eq!(work.step, next[work.lane]);
            next[work.lane] += 1;
            q.done(work);
        }
        prop_assert!(next.iter().all(|&n| n == step));
        prop_assert_eq!((q.fill().bytes, q.fill().spilled), (0, 0));
    }
}
