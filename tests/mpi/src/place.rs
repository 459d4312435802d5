//! A directory for one test, with its programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{compile, library, mpirun, repository, run, succeed};

/// An empty directory in which the C programs of `tests/mpi/c` run; gone at the end.
pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    /// Compiles these programs against the library of this build.
    pub fn with(programs: &[&str]) -> Place {
        let place = Place { directory: tempfile::tempdir().expect("a temporary directory") };
        for name in ["liblimbeck_mpi.so", "liblimbeck_mpi.so.0"] {
            std::os::unix::fs::symlink(library(), place.path(name)).expect("a link");
        }
        let directory = place.directory.path().as_os_str();
        let include = [OsStr::new("-I"), repository().join("include").as_os_str()].join(OsStr::new(""));
        let search = [OsStr::new("-L"), directory].join(OsStr::new(""));
        let rpath = [OsStr::new("-Wl,-rpath,"), directory].join(OsStr::new(""));
        for name in programs {
            let source = repository().join("tests/mpi/c").join(name).with_extension("c");
            let libraries = [&*include, &*search, &*rpath, OsStr::new("-llimbeck_mpi"), OsStr::new("-lm")];
            compile(&source, &place.path(name), &libraries);
        }
        place
    }

    /// Of a file in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A command of mpirun, in the directory, with a program of it and arguments.
    pub fn on_ranks(&self, mut mpirun: Command, program: &str, arguments: &str) -> Command {
        mpirun.current_dir(self.directory.path()).arg(self.path(program)).args(arguments.split_whitespace());
        mpirun
    }

    /// Runs a program of the directory on so many ranks; it has to succeed. What it printed.
    pub fn succeed(&self, ranks: usize, program: &str, arguments: &str) -> String {
        succeed(&mut self.on_ranks(mpirun(ranks), program, arguments))
    }

    /// Looks at an archive that has these cycles, each of so many dB or more; the mean PSNR of "density".
    pub fn look(&self, archive: &str, first: usize, steps: usize, least: f64) -> f64 {
        let mut look = Command::new(self.path("look"));
        look.current_dir(self.directory.path()).arg(archive);
        let text = succeed(look.args([first.to_string(), steps.to_string(), least.to_string()]));
        let number = text.lines().find_map(|l| l.strip_prefix("density ")?.strip_suffix(" dB")?.parse().ok());
        number.unwrap_or_else(|| panic!("no PSNR in {text}"))
    }

    /// Runs `limbeck` on so many ranks: exit code, and what it printed.
    pub fn limbeck(&self, ranks: usize, arguments: &str) -> (Option<i32>, String) {
        let mut command = mpirun(ranks);
        command.current_dir(self.directory.path()).arg(program()).args(arguments.split_whitespace());
        let (output, text) = run(&mut command);
        (output.status.code(), text)
    }
}

/// The program `limbeck`, built with this MPI.
fn program() -> PathBuf {
    let deps = library();
    let path = deps.parent().and_then(Path::parent).expect("a directory of cargo").join("limbeck");
    assert!(path.exists(), "{} is missing: cargo build --release -p limbeck-cli --features mpi", path.display());
    path
}
