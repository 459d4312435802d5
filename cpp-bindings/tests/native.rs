//! The cxx bridge, from C++: compiled, linked to the static library of this crate, run.

mod support;

use std::process::Command;

use support::{SANITISERS, compile, compiler, libraries};

/// The static library that was built last: its name has a number in it that only cargo knows.
fn static_library() -> String {
    let found = std::fs::read_dir(libraries()).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name()?.to_str()?;
        let wanted = name.starts_with("liblimbeck_cpp-") && name.ends_with(".a");
        wanted.then(|| (path.metadata().unwrap().modified().unwrap(), path.display().to_string()))
    });
    found.max().expect("cargo has built liblimbeck_cpp").1
}

#[test]
fn a_run_is_written_and_read() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("native");
    let include = ["-std=c++17", "-isystem", env!("LIMBECK_BRIDGE_INCLUDE")];
    let libraries = [static_library(), "-lpthread".into(), "-ldl".into(), "-lm".into()];
    let source = "cpp-bindings/tests/programs/native.cpp";
    compile(compiler(), source, &program, &[&SANITISERS[..], &include].concat(), &libraries);
    let output = support::run(&mut Command::new(program), directory.path(), "on");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
