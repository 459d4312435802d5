//! The example in `examples/cpp`: it conserves, it does not depend on the number of ranks, and limbeck gets what it
//! computes. Needs an MPI: mpicxx and mpirun.

mod support;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{compile, compiler, link_library, linked};

// The library is found beside the test; this makes cargo build it.
use limbeck as _;

const SOURCE: &str = "examples/cpp/euler.cpp";

/// The example for one process.
fn serial(directory: &Path) -> PathBuf {
    let program = directory.join("euler");
    link_library(directory);
    compile(compiler(), SOURCE, &program, &["-std=c++17", "-O2"], &linked(directory));
    program
}

fn run(command: &mut Command, directory: &Path, mode: &str, arguments: &[&str]) -> String {
    String::from_utf8(support::run(command.args(arguments), directory, mode).stdout).unwrap()
}

/// The number behind a word of what was printed.
fn number(printed: &str, word: &str) -> f64 {
    let (_, behind) = printed.split_once(word).unwrap_or_else(|| panic!("no {word:?} in {printed}"));
    let end = behind.trim_start().find([' ', ',', '\n']).unwrap_or(behind.len());
    behind.trim_start()[..end].parse().unwrap_or_else(|e| panic!("{word:?}: {e} in {printed}"))
}

fn conserves(printed: &str) {
    assert!(number(printed, "drift of mass").abs() < 1e-12, "{printed}");
    assert!(number(printed, "of energy").abs() < 1e-12, "{printed}");
}

#[test]
fn ranks_agree_and_limbeck_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let arguments = ["--size", "21", "--steps", "30", "--every", "15", "--raw"];
    let alone = run(&mut Command::new(serial(directory)), directory, "off", &[&arguments[..], &["one"]].concat());
    conserves(&alone);

    let program = directory.join("euler_stub");
    compile(compiler(), SOURCE, &program, &["-std=c++17", "-O2", "-DLIMBECK_STUB"], &[]);
    let left_out = run(&mut Command::new(program), directory, "on", &arguments[..6]);
    assert!(
        number(&left_out, "to time") == number(&alone, "to time") && left_out.contains("without limbeck"),
        "{left_out}"
    );

    let program = directory.join("euler_mpi");
    let mpi = std::env::var_os("MPICXX").unwrap_or_else(|| OsString::from("mpicxx"));
    compile(mpi, SOURCE, &program, &["-std=c++17", "-O2", "-DEULER_MPI"], &linked(directory));
    let mut ranks = Command::new(std::env::var_os("MPIRUN").unwrap_or_else(|| "mpirun".into()));
    ranks.args(["-n", "4"]).arg(&program);
    for (name, value) in [("ALLOW_RUN_AS_ROOT", "1"), ("ALLOW_RUN_AS_ROOT_CONFIRM", "1")] {
        ranks.env(format!("OMPI_{name}"), value);
    }
    ranks.env("OMPI_MCA_rmaps_base_oversubscribe", "1");
    let together = run(&mut ranks, directory, "off", &[&arguments[..], &["four"]].concat());
    conserves(&together);
    assert!(together.contains("on 4 ranks (2 x 2 x 1)"), "{together}");
    assert!((number(&alone, "to time") - number(&together, "to time")).abs() < 1e-12);
    for name in ["density", "velocity_z", "velocity_y", "velocity_x", "pressure"] {
        let read = |run: &str| std::fs::read(directory.join(run).join(name).with_extension("npy")).unwrap();
        let (one, four) = (read("one"), read("four"));
        assert_eq!(one.len(), 128 + 3 * 21 * 21 * 21 * 4);
        assert!(one == four, "{name} differs");
        let values = one[128..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        assert!(low < high && low.is_finite() && high.is_finite(), "{name}: {low} to {high}");
        assert!(!["density", "pressure"].contains(&name) || low > 0.0, "{name}: {low}");
    }
}

#[test]
fn limbeck_keeps_what_it_computes() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--size", "16", "--steps", "20", "--every", "10", "--ratio", "20", "--threads", "1"];
    let printed = run(&mut Command::new(serial(directory.path())), directory.path(), "on", &arguments);
    conserves(&printed);
    for name in ["density", "velocity_z", "velocity_y", "velocity_x", "pressure"] {
        let (_, line) = printed.split_once(&format!("\n{name} ")).unwrap_or_else(|| panic!("{printed}"));
        assert!(number(line, "PSNR") > 30.0, "{printed}");
    }
    assert!(directory.path().join("blast.lbk").metadata().unwrap().len() <= 5 * 3 * 16 * 16 * 16 * 4 / 20);
}
