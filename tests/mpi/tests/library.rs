//! What liblimbeck_mpi exports and is linked to.

use std::path::Path;
use std::process::Command;

use limbeck_mpi_tests::{compile, library, repository, succeed};

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

/// What the library calls of MPI is counted by the shim: nothing could go past it.
#[test]
fn all_calls_of_the_library_can_be_counted() {
    let directory = tempfile::tempdir().unwrap();
    let shim = directory.path().join("libcount.so");
    compile(&repository().join("tests/mpi/count.c"), &shim, &["-shared".as_ref(), "-fPIC".as_ref()]);
    let names = |path: &Path, which: &str| -> Vec<String> {
        let symbols = succeed(Command::new("nm").args(["-D", which]).arg(path));
        let names = symbols.lines().filter_map(|line| line.split_whitespace().last());
        names.filter(|name| name.starts_with("MPI_")).map(str::to_owned).collect()
    };
    let (called, counted) = (names(&library(), "--undefined-only"), names(&shim, "--defined-only"));
    assert!(called.iter().any(|name| name == "MPI_Iallreduce"), "{called:?}");
    // What says whether MPI can be called, and what only programs with an MPI of their own have to do with.
    let apart = ["MPI_Comm_f2c", "MPI_Comm_c2f", "MPI_Abort"];
    let missed: Vec<_> = called.iter().filter(|n| !counted.contains(n) && !apart.contains(&n.as_str())).collect();
    assert!(missed.is_empty(), "{missed:?}");
}
