//! What goes wrong on several ranks: everybody is told the same, nobody hangs, and what was taken is not lost.

use limbeck_mpi_tests::{Place, mpirun, run};

// The library is found beside the test; this makes cargo build it.
use limbeck_mpi as _;

const LEAST: f64 = 25.0;

#[test]
fn communicators_that_are_none_are_refused() {
    for ranks in [1, 2] {
        Place::with(&["refusals"]).succeed(ranks, "refusals", "");
    }
}

#[test]
fn where_one_rank_fails_all_say_the_same() {
    for ranks in [2, 3] {
        Place::with(&["disagreements"]).succeed(ranks, "disagreements", "");
    }
}

#[test]
fn close_after_mpi_finalize_leaves_whole_journals() {
    let place = Place::with(&["finalised", "look"]);
    place.succeed(2, "finalised", "");
    let (code, text) = place.limbeck(3, "distill finalised.lbk.d");
    assert_eq!(code, Some(0), "{text}");
    place.look("finalised.lbk", 0, 3, LEAST);
}

#[test]
fn a_killed_rank_costs_the_steps_that_it_had_not() {
    let place = Place::with(&["killed", "look"]);
    let (output, text) = run(&mut place.on_ranks(mpirun(3), "killed", ""));
    assert!(!output.status.success() && text.contains("killed with 4 steps"), "{text}");
    let (code, text) = place.limbeck(2, "distill killed.lbk.d");
    assert_eq!(code, Some(7), "{text}");
    assert!(text.contains("cycle 4") && text.contains("2 of its 3 blocks"), "{text}");
    place.look("killed.lbk", 0, 4, LEAST);
}

#[test]
fn a_run_does_not_go_on_with_another_number_of_ranks() {
    let place = Place::with(&["run", "look"]);
    place.succeed(2, "run", "run.lbk 0 3 4 even distil.when=never");
    for ranks in [1, 3] {
        let (output, text) = run(&mut place.on_ranks(mpirun(ranks), "run", "run.lbk 0 5 4 even open.mode=append"));
        assert!(!output.status.success(), "{text}");
        let refused = text.lines().filter(|l| l.contains("lbk_session_open") && l.contains("limbeck distill")).count();
        assert_eq!(refused, ranks, "{text}");
    }
    let (code, text) = place.limbeck(3, "distill run.lbk.d");
    assert_eq!(code, Some(0), "{text}");
    place.look("run.lbk", 0, 3, LEAST);
}

#[test]
fn processes_end_alike_where_there_is_nothing_to_distil() {
    let place = Place::with(&[]);
    let (code, text) = place.limbeck(3, "distill nowhere.lbk.d");
    assert_eq!(code, Some(5), "{text}");
    assert_eq!(text.matches("no such directory").count(), 1, "{text}");
    let (code, text) = place.limbeck(2, "distill --nonsense");
    assert_eq!(code, Some(2), "{text}");
    assert_eq!(text.matches("unexpected argument").count(), 1, "{text}");
}
