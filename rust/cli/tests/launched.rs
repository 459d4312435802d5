//! The serial program under a launcher of MPI: many processes would do the same work. (`tests/mpi` has the one with MPI.)
#![cfg(not(feature = "mpi"))]

mod program;

use program::Bench;

/// As rank `rank` of `size`, `limbeck distill` of a run that is not there: exit code and stderr.
fn distill(rank: usize, size: usize, more: &[&str]) -> (Option<i32>, String) {
    let bench = Bench::new();
    let mut command = bench.command(&[&["distill", "none.lbk.d"], more].concat());
    command.env("PMI_SIZE", size.to_string()).env("PMI_RANK", rank.to_string());
    let output = command.env_remove("OMPI_COMM_WORLD_SIZE").output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn many_processes_are_refused_and_one_of_them_says_so() {
    let (code, text) = distill(0, 3, &[]);
    assert!(code == Some(2) && text.contains("3 processes") && text.contains("built without MPI"), "{code:?} {text}");
    assert_eq!(distill(2, 3, &[]), (Some(2), String::new()));
    assert_eq!(distill(2, 3, &["--nonsense"]), (Some(2), String::new()));
}

#[test]
fn one_process_works_as_ever() {
    for (rank, size, more) in [(0, 1, &[][..]), (0, 3, &["--alone"]), (2, 3, &["--alone"])] {
        let (code, text) = distill(rank, size, more);
        assert!(code == Some(5) && text.contains("no such directory"), "{code:?} {text}");
    }
}
