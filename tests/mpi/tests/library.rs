//! What liblimbeck_mpi exports and is linked to.

use std::process::Command;

use limbeck_mpi_tests::{library, repository, succeed};

// The library is found beside the test; this makes cargo build it.
use limbeck_mpi as _;

#[test]
fn only_the_listed_symbols_are_exported() {
    let names = succeed(Command::new("nm").args(["-D", "--defined-only"]).arg(library()));
    let mut exported: Vec<&str> = names.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    exported.sort();
    let listed = std::fs::read_to_string(repository().join("rust/capi/symbols.txt")).unwrap();
    assert_eq!(exported, listed.lines().collect::<Vec<_>>());
}

#[test]
fn it_has_a_name_of_its_own_and_stays_loaded() {
    let dynamic = succeed(Command::new("readelf").args(["-d", "-W"]).arg(library()));
    assert!(dynamic.contains("[liblimbeck_mpi.so.0]") && dynamic.contains("NODELETE"), "{dynamic}");
    assert!(dynamic.contains("[libmpi"), "it is linked to no MPI: {dynamic}");
}
