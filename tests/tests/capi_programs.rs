//! The C tests in `tests/c`: compiled with the system's C compiler against the header and the shared library, and run,
//! each in a directory of its own. Nothing may appear on stderr.

use std::path::{Path, PathBuf};
use std::process::Command;

// The library is found beside the test; this makes cargo build it.
use limbeck as _;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The shared library that belongs to this build.
fn library() -> PathBuf {
    let deps = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let path = deps.join("liblimbeck.so");
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// Links to the library under the names that linker and loader look for.
fn link_library(directory: &Path) {
    for name in ["liblimbeck.so", "liblimbeck.so.0"] {
        std::os::unix::fs::symlink(library(), directory.join(name)).unwrap();
    }
}

fn build(source: &Path, program: &Path, arguments: &[&str]) {
    let library = program.parent().unwrap();
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(arguments)
        .arg("-I")
        .arg(repository().join("include"))
        .arg(source)
        .arg("-o")
        .arg(program)
        .arg("-L")
        .arg(library)
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .args(["-llimbeck", "-lpthread", "-lm"])
        .output()
        .expect("a C compiler named cc, or as CC says");
    assert!(output.status.success(), "{}: {}", source.display(), String::from_utf8_lossy(&output.stderr));
}

fn run(name: &str, mode: &str) {
    let directory = tempfile::tempdir().unwrap();
    link_library(directory.path());
    let program = directory.path().join(name);
    build(&repository().join("tests/c").join(name).with_extension("c"), &program, &[]);
    let mut command = Command::new(&program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("LIMBECK_") {
            command.env_remove(variable);
        }
    }
    let output = command.current_dir(directory.path()).env("LIMBECK_MODE", mode).output().unwrap();
    let (printed, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{printed}{complaints}", output.status);
    assert_eq!(complaints, "", "{name} wrote to stderr");
    println!("{printed}");
}

#[test]
fn arguments() {
    run("arguments", "on");
}

#[test]
fn definitions() {
    run("definitions", "on");
}

#[test]
fn steps() {
    run("steps", "on");
}

#[test]
fn strided() {
    run("strided", "on");
}

#[test]
fn messages() {
    run("messages", "on");
}

#[test]
fn off() {
    run("off", "off");
}

#[test]
fn mode() {
    run("mode", "of");
}

#[test]
fn traps() {
    run("traps", "on");
}

#[test]
fn off_makes_every_call() {
    let program = std::fs::read_to_string(repository().join("tests/c/off.c")).unwrap()
        + &std::fs::read_to_string(repository().join("tests/c/check.h")).unwrap();
    let symbols = std::fs::read_to_string(repository().join("rust/capi/symbols.txt")).unwrap();
    let missing: Vec<&str> = symbols.lines().filter(|name| !program.contains(&format!("{name}("))).collect();
    assert!(missing.is_empty(), "tests/c/off.c does not call {missing:?}");
}

/// A program with the stub in place of the library: nothing to link, no warning, and the calls answer as they do when
/// limbeck is switched off.
#[test]
fn the_stub_stands_for_the_library() {
    let directory = tempfile::tempdir().unwrap();
    let compilers = [("cc", "c", "c99"), ("cc", "c", "c11"), ("c++", "c++", "c++17"), ("c++", "c++", "c++20")];
    for (compiler, language, standard) in compilers {
        let program = directory.path().join(format!("stub-{standard}"));
        // As if the program had included the stub; what it includes of limbeck.h comes to nothing.
        let output = Command::new(compiler)
            .args(["-x", language, &format!("-std={standard}"), "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-include", "limbeck/limbeck_stub.h", "-I"])
            .arg(repository().join("include"))
            .arg(repository().join("tests/c/off.c"))
            .arg("-o")
            .arg(&program)
            .arg("-lm")
            .output()
            .unwrap();
        assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
        let output = Command::new(&program).current_dir(directory.path()).output().unwrap();
        assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn the_example_runs_with_the_stub() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("gray_scott");
    let output = Command::new("cc")
        .args([
            "-std=c99",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-include",
            "limbeck/limbeck_stub.h",
            "-I",
        ])
        .arg(repository().join("include"))
        // Before the first header, as the example itself says it.
        .arg("-D_POSIX_C_SOURCE=200112L")
        .arg(repository().join("examples/c/gray_scott.c"))
        .arg("-o")
        .arg(&program)
        .arg("-lm")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let status = Command::new(&program)
        .args(["--size", "16", "--steps", "20", "--every", "10"])
        .current_dir(directory.path())
        // The example would read its archive back.
        .env("LIMBECK_MODE", "off")
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "only the program itself");
}

#[test]
fn round_trip() {
    run("round_trip", "on");
}

#[test]
fn the_header_is_c99_and_cpp() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("header.c");
    std::fs::write(&source, "#include <limbeck/limbeck.h>\nint main(void) { return lbk_abi_version() < 0; }\n")
        .unwrap();
    let languages = [
        ("cc", "c", "c99"),
        ("cc", "c", "c11"),
        ("c++", "c++", "c++11"),
        ("c++", "c++", "c++17"),
        ("c++", "c++", "c++20"),
    ];
    for (compiler, language, standard) in languages {
        let output = Command::new(compiler)
            .args(["-x", language, &format!("-std={standard}"), "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-fsyntax-only", "-I"])
            .arg(repository().join("include"))
            .arg(&source)
            .output()
            .unwrap();
        assert!(output.status.success(), "{standard}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn only_the_listed_symbols_are_exported() {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library()).output().unwrap();
    let mut exported: Vec<String> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned))
        .collect();
    exported.sort();
    let listed = std::fs::read_to_string(repository().join("rust/capi/symbols.txt")).unwrap();
    assert_eq!(exported, listed.lines().collect::<Vec<_>>());
    let dynamic = Command::new("readelf").args(["-d", "-W"]).arg(library()).output().unwrap();
    let dynamic = String::from_utf8(dynamic.stdout).unwrap();
    assert!(dynamic.contains("liblimbeck.so.0") && dynamic.contains("NODELETE"), "{dynamic}");
    assert!(!dynamic.contains("[libmp"), "the serial library is linked to MPI: {dynamic}");
}

/// The example is a program that users start from: it compiles without a warning, and with limbeck switched off it runs.
#[test]
fn the_example_runs_without_limbeck() {
    let directory = tempfile::tempdir().unwrap();
    link_library(directory.path());
    let program = directory.path().join("gray_scott");
    build(&repository().join("examples/c/gray_scott.c"), &program, &[]);
    let output = Command::new(&program)
        .args(["--size", "16", "--steps", "20", "--every", "10", "--raw", "raw"])
        .current_dir(directory.path())
        .env("LIMBECK_MODE", "off")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let raw = std::fs::read(directory.path().join("raw/u.npy")).unwrap();
    assert_eq!(raw.len(), 128 + 3 * 16 * 16 * 16 * 4);
    assert!(raw.starts_with(b"\x93NUMPY\x01\x00") && raw[127] == b'\n');
}
