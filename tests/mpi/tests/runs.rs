//! Runs on several ranks that go well, and what they cost in messages.

use limbeck_mpi_tests::{Place, compile, mpirun, mpirun_bound, repository, succeed};

// The library is found beside the test; this makes cargo build it.
use limbeck_mpi as _;

/// What every deal of the blocks has to reach, in dB, with the few samples of these tests.
const LEAST: f64 = 25.0;

#[test]
fn any_deal_of_the_blocks_becomes_one_archive() {
    let place = Place::with(&["run", "look"]);
    let mut seen = Vec::new();
    let slabs = [(1, "4 even"), (2, "4 even"), (3, "4 even"), (4, "4 even"), (3, "4 last")];
    let boxes = [(1, "8 boxes"), (3, "8 backwards"), (4, "8 boxes")];
    for (ranks, deal) in slabs.into_iter().chain(boxes).chain([(2, "3 overlap"), (8, "32 even")]) {
        let name = format!("{ranks}-{}.lbk", deal.replace(' ', "-"));
        place.succeed(ranks, "run", &format!("{name} 0 4 {deal}"));
        seen.push((ranks, deal, place.look(&name, 0, 4, LEAST)));
    }
    println!("{seen:?}");
    // The same blocks, wherever they are, give the same network.
    for blocks in ["4 ", "8 "] {
        let same: Vec<f64> = seen.iter().filter(|s| s.1.starts_with(blocks)).map(|s| s.2).collect();
        let worst = same.iter().copied().fold(f64::INFINITY, f64::min);
        let best = same.iter().copied().fold(0.0, f64::max);
        assert_eq!(best, worst, "{seen:?}");
    }
}

#[test]
fn each_rank_may_have_a_student_of_its_own() {
    let place = Place::with(&["run", "look"]);
    for (ranks, deal) in [(2, "4 even"), (4, "8 boxes")] {
        place.succeed(ranks, "run", &format!("{ranks}.lbk 0 3 {deal} student.scope=shard target.ratio=2"));
        place.look(&format!("{ranks}.lbk"), 0, 3, LEAST);
    }
}

#[test]
fn a_recording_of_several_ranks_is_replayed_by_as_many_and_by_one() {
    let place = Place::with(&["run", "look"]);
    let mut run = place.on_ranks(mpirun(3), "run", "run.lbk 0 3 8 boxes");
    succeed(run.env("LIMBECK_RECORD", place.path("recorded")));
    let recorded = place.look("run.lbk", 0, 3, LEAST);
    for ranks in [1, 3] {
        let name = format!("{ranks}.lbk");
        let (code, text) = place.limbeck(ranks, &format!("replay recorded -o {name} --quiet"));
        assert_eq!(code, Some(0), "{text}");
        let replayed = place.look(&name, 0, 3, LEAST);
        assert!(
            (replayed - recorded).abs() < 0.1,
            "{replayed} dB on {ranks} ranks, {recorded} dB when it was recorded"
        );
    }
}

#[test]
fn the_same_run_on_the_same_ranks_gives_the_same_values() {
    let place = Place::with(&["run", "look"]);
    let quality = |name: &str| {
        place.succeed(2, "run", &format!("{name} 0 3 4 even"));
        place.look(name, 0, 3, LEAST)
    };
    assert_eq!(quality("first.lbk"), quality("second.lbk"));
}

#[test]
fn a_run_goes_on_with_as_many_ranks() {
    let place = Place::with(&["run", "look"]);
    place.succeed(2, "run", "run.lbk 0 3 4 even distil.when=never");
    place.succeed(2, "run", "run.lbk 0 5 4 even open.mode=append");
    place.look("run.lbk", 0, 5, LEAST);
}

#[test]
fn any_number_of_processes_distils_a_run() {
    let place = Place::with(&["run", "look"]);
    place.succeed(3, "run", "run.lbk 0 3 4 even distil.when=never");
    for ranks in 1..=4 {
        let name = format!("{ranks}.lbk");
        let (code, text) = place.limbeck(ranks, &format!("distill run.lbk.d -o {name} --quiet"));
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(text.matches("teachers dB").count(), 2, "one process prints the result: {text}");
        place.look(&name, 0, 3, LEAST);
    }
}

#[test]
fn several_sessions_at_once() {
    for ranks in [2, 3] {
        Place::with(&["sessions"]).succeed(ranks, "sessions", "");
    }
}

/// A rank that has one core only is told so: by the next call, and at the end.
#[test]
fn ranks_that_are_bound_to_one_core_are_warned() {
    let place = Place::with(&["run", "look"]);
    let mut run = place.on_ranks(mpirun_bound(2), "run", "run.lbk 0 3 4 even workers.cores=");
    let text = succeed(run.env("EXPECT", "LBK_DEGRADED"));
    let told = |call: &str| text.lines().filter(|l| l.contains(call) && l.contains("share the only core")).count();
    assert_eq!((told("lbk_step_end: "), told("lbk_session_close: ")), (2, 2), "{text}");
    place.look("run.lbk", 0, 3, LEAST);
}

/// Between commit and close, the library calls nothing of MPI; at the end, a student's gradient goes over all ranks.
#[test]
fn nothing_is_sent_while_the_simulation_runs() {
    let place = Place::with(&["run", "look"]);
    let shim = place.path("libcount.so");
    compile(&repository().join("tests/mpi/count.c"), &shim, &["-shared".as_ref(), "-fPIC".as_ref()]);
    let mut preloaded = mpirun(2);
    preloaded.arg("env").arg(format!("LD_PRELOAD={}", shim.display())).env("LBK_COUNT", place.path("counts"));
    succeed(&mut place.on_ranks(preloaded, "run", "run.lbk 0 4 4 even"));
    for rank in 0..2 {
        let counts = std::fs::read_to_string(place.path(&format!("counts.{rank}"))).unwrap();
        let calls = |phase: usize| -> Vec<&str> {
            let phase = format!("\"phase\": {phase},");
            counts.lines().filter(|line| line.contains(&phase)).collect()
        };
        assert!(calls(0).iter().any(|line| line.contains("MPI_Comm_dup")), "{counts}");
        assert_eq!(calls(2), Vec::<&str>::new(), "the run phase");
        let sums = calls(3).into_iter().find(|line| line.contains("MPI_Iallreduce")).expect("sums at close");
        let number = |name: &str| -> u64 {
            let rest = sums.split(&format!("\"{name}\": ")).nth(1).unwrap();
            rest.split([',', '}']).next().unwrap().parse().unwrap()
        };
        assert!(number("calls") > 100 && number("largest") > 1000, "no gradients in {sums}");
        assert!(calls(3).iter().any(|line| line.contains("MPI_Comm_free")), "{counts}");
    }
}
