//! The process dies at a random moment: every step it reported as durable is there afterwards, and the run can be
//! finished and continued.

mod session_support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use limbeck_archive::{Archive, StepState, UnfinishedRun, journal_directory};
use limbeck_codec::{BlockDecoder, BlockGeometry, StepKind};
use limbeck_field::{ElementType, Extent, Region};
use limbeck_session::ranks::Alone;
use limbeck_session::{Error, ValuesRef, distil_run_with_method};
use session_support::{Rounding, config, feed, session, wave};

const SHAPE: [usize; 2] = [24, 32];
const PATH: &str = "SESSION_KILL_PATH";
const SYNC: &str = "SESSION_KILL_SYNC";

/// The simulation that is killed. Does nothing unless [`killed_at_a_random_moment`] starts it with a path.
#[test]
#[ignore = "the child process of another test"]
fn simulation() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let sync = std::env::var(SYNC).unwrap();
    let set = [("journal.sync", &sync[..]), ("open.mode", "append"), ("queue.policy", "block")];
    let (mut s, _, b, _) = session(Path::new(&path), &set, &SHAPE);
    let first = s.durable().unwrap().map_or(0, |c| c + 1);
    for cycle in first..first + 40 {
        feed(&mut s, b, &SHAPE, cycle);
        if cycle % 3 == 0 {
            assert!(s.wait(cycle - 1, Duration::from_secs(60)).unwrap_or(true));
        }
        // Begins a line of its own whatever the test harness prints.
        println!("\ndurable {}", s.durable().unwrap().unwrap_or(-1));
    }
    s.close().unwrap();
    println!("\nclosed");
}

/// Runs the simulation for `delay` after its first sign of life, kills it, and answers what it said last.
fn run_and_kill(path: &Path, sync: &str, delay: Duration) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "simulation", "--ignored", "--nocapture"])
        .env(PATH, path)
        .env(SYNC, sync)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut durable = -1;
    let mut note = |line: String| {
        if let Some(cycle) = line.strip_prefix("durable ").and_then(|n| n.parse::<i64>().ok()) {
            durable = durable.max(cycle);
        }
    };
    note(lines.find(|l| l.starts_with("durable ")).expect("a first step"));
    std::thread::sleep(delay);
    // SIGKILL, on Unix.
    child.kill().unwrap();
    child.wait().unwrap();
    lines.for_each(&mut note);
    durable
}

fn decoded(run: &UnfinishedRun, step: u64) -> Vec<f64> {
    let geometry = BlockGeometry {
        shape: SHAPE.to_vec(),
        extent: Extent::whole(&SHAPE),
        element_type: ElementType::Float64,
        shared: Vec::new(),
    };
    let (method, _) = Rounding::controlled();
    let entry = run.block(0, 0, step).expect("a durable step has its block");
    let mut chain = vec![entry];
    while let Some(base) = run.base(chain.last().unwrap()).unwrap() {
        chain.push(base);
    }
    let mut decoder: Option<std::sync::Arc<dyn BlockDecoder>> = None;
    for entry in chain.into_iter().rev() {
        let kind = StepKind::from_number(entry.step_kind).unwrap();
        let payload = run.read_block(entry).unwrap().payload;
        decoder = Some(method.open_step(&geometry, kind, &payload, None, decoder.as_deref()).unwrap());
    }
    let mut values = vec![0.0; SHAPE.iter().product()];
    decoder.unwrap().decode(&Region::of(&geometry.extent), &mut values).unwrap();
    values
}

#[test]
fn killed_at_a_random_moment() {
    let mut finished = 0;
    for (round, sync) in ["process", "node", "process", "node", "process", "process"].into_iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbk");
        let mut told = -1;
        // Killed, continued, killed again.
        for life in 0..3u64 {
            let delay = Duration::from_micros((round as u64 * 7919 + life * 104_729) * 37 % 25_000);
            told = run_and_kill(&path, sync, delay).max(told);
            println!("round {round} life {life}: {told}, finished: {}", path.exists());
            if path.exists() {
                // Killed after it was closed.
                let archive = Archive::open(&path).unwrap();
                assert!(archive.steps().cycles.last().is_some_and(|&c| c >= told) || journal_directory(&path).exists());
            }
            let run = UnfinishedRun::open(&journal_directory(&path)).unwrap();
            assert_eq!(run.lost().count(), 0);
            for cycle in 0..=told {
                let step = run.steps().iter().find(|s| s.stamp.cycle == cycle).expect("a durable step is known");
                assert_eq!(step.state, StepState::Complete, "cycle {cycle} of {told} in life {life}");
                let data = wave(&SHAPE, cycle);
                let back = decoded(&run, step.stamp.step);
                assert!(data.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-4), "cycle {cycle}");
            }
        }
        let set = config(&[("open.mode", "append")]);
        let distilled =
            distil_run_with_method(&journal_directory(&path), &path, &set, &Alone, Rounding::controlled().0, &|_| ());
        let report = match distilled {
            // Killed three times before its first step was durable.
            Err(Error::InvalidArgument(_)) if told < 0 => continue,
            other => other.unwrap(),
        };
        finished += 1;
        let archive = Archive::open(&report.archive.unwrap()).unwrap();
        archive.verify().unwrap();
        assert!(archive.steps().cycles.iter().copied().eq(0..archive.steps().len() as i64));
        assert!(archive.steps().cycles.last().is_some_and(|&c| c >= told));
        // And it can be continued by a session.
        let (mut s, _, b, _) = session(&path, &[("open.mode", "append")], &SHAPE);
        let next = s.durable().unwrap().unwrap() + 1;
        s.step_begin(next, 0.0).unwrap();
        s.put_slice(b, ValuesRef::Float64(&wave(&SHAPE, next))).unwrap();
        s.step_end().unwrap();
        s.close().unwrap();
        assert_eq!(Archive::open(&path).unwrap().steps().cycles.last(), Some(&next));
    }
    assert!(finished > 0, "no run lived long enough");
}
