//! Compiles C++ programs and runs them.
#![allow(dead_code, reason = "each test uses its part")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// All that the project's C++ is clean of.
pub const WARNINGS: [&str; 7] =
    ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"];

/// Faults that a test would not notice otherwise.
pub const SANITISERS: [&str; 4] = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The C++ compiler that the machine has, or the one that CXX names.
pub fn compiler() -> OsString {
    std::env::var_os("CXX").unwrap_or_else(|| "c++".into())
}

/// Where cargo put the libraries of this build.
pub fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// Links to the shared library under the names that linker and loader look for.
pub fn link_library(directory: &Path) {
    let library = libraries().join("liblimbeck.so");
    assert!(library.exists(), "{} was not built", library.display());
    for name in ["liblimbeck.so", "liblimbeck.so.0"] {
        std::os::unix::fs::symlink(&library, directory.join(name)).unwrap();
    }
}

/// Options that link a program to the library beside it.
pub fn linked(directory: &Path) -> Vec<String> {
    let directory = directory.display();
    vec![format!("-L{directory}"), format!("-Wl,-rpath,{directory}"), "-llimbeck".into()]
}

/// Compiles a source of the repository against its headers; `last` comes behind the source.
pub fn compile(compiler: OsString, source: &str, program: &Path, first: &[&str], last: &[String]) {
    let output = Command::new(&compiler)
        .args(WARNINGS)
        .args(first)
        .arg("-I")
        .arg(repository().join("include"))
        .arg(repository().join(source))
        .arg("-o")
        .arg(program)
        .args(last)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", compiler.display()));
    assert!(output.status.success(), "{source}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs a command in a directory, with limbeck's mode and no other option of limbeck in the environment.
pub fn run(command: &mut Command, directory: &Path, mode: &str) -> Output {
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("LIMBECK_") {
            command.env_remove(variable);
        }
    }
    let output = command.current_dir(directory).env("LIMBECK_MODE", mode).output().unwrap();
    let (printed, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{printed}{complaints}", output.status);
    output
}
