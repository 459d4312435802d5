//! Launching programs under the MPI that the tests are built with.
//!
//! `MPICC` names the compiler wrapper (default `mpicc`) and so the family, `MPIRUN` the launcher (default: the one that
//! is called like the wrapper, `mpirun` for `mpicc`, `mpirun.mpich` for `mpicc.mpich`).

mod place;

pub use place::Place;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// No test waits longer than this for a program, in seconds: one that hangs has failed.
const TIMEOUT: &str = "240";

/// The top of the sources.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The shared library that belongs to this build; for tests that `use limbeck_mpi`, which makes cargo build it.
pub fn library() -> PathBuf {
    let path = std::env::current_exe().unwrap().with_file_name("liblimbeck_mpi.so");
    assert!(path.exists(), "{} was not built", path.display());
    path
}

/// The compiler wrapper for C.
pub fn compiler() -> OsString {
    std::env::var_os("MPICC").unwrap_or_else(|| "mpicc".into())
}

/// The launcher that belongs to the compiler wrapper.
pub fn launcher() -> OsString {
    std::env::var_os("MPIRUN").unwrap_or_else(|| {
        let wrapper = compiler();
        let wrapper = Path::new(&wrapper);
        let name = wrapper.file_name().unwrap_or_default().to_string_lossy().replace("mpicc", "mpirun");
        wrapper.with_file_name(name).into()
    })
}

/// What runs a program on so many ranks, none bound to a core, any number of them on this machine, and ends them all if
/// they do not come to an end. Program and arguments are to be added.
pub fn mpirun(ranks: usize) -> Command {
    launch(ranks, "none")
}

/// As [`mpirun`], with each rank bound to one core.
pub fn mpirun_bound(ranks: usize) -> Command {
    launch(ranks, "core")
}

fn launch(ranks: usize, bind_to: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", TIMEOUT]).arg(launcher()).args(["-n", &ranks.to_string(), "--bind-to", bind_to]);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("LIMBECK_") {
            command.env_remove(variable);
        }
    }
    // For Open MPI, which refuses root and more ranks than cores unless it is told to, and warns where a container
    // forbids to read a neighbour's memory. Others do not look at these.
    let binding = if bind_to == "none" { "none" } else { "core:overload-allowed" };
    command
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("OMPI_MCA_rmaps_base_oversubscribe", "1")
        .env("OMPI_MCA_hwloc_base_binding_policy", binding)
        .env("OMPI_MCA_btl_vader_single_copy_mechanism", "none")
        .env("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe");
    command
}

/// Runs a command; both its outputs, as text.
pub fn run(command: &mut Command) -> (Output, String) {
    let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output, text)
}

/// Runs a command that has to succeed; what it printed.
pub fn succeed(command: &mut Command) -> String {
    let (output, text) = run(command);
    assert!(output.status.success(), "{}\n{:?}: {}", text, command, output.status);
    text
}

/// Compiles a C program with the wrapper; warnings are errors.
pub fn compile(source: &Path, program: &Path, arguments: &[&OsStr]) {
    let mut command = Command::new(compiler());
    command
        .args(["-std=c99", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg(source)
        .arg("-o")
        .arg(program)
        .args(arguments);
    succeed(&mut command);
}
