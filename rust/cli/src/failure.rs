//! What can end a command early, and the exit code that says so to the shell.

use std::io;
use std::path::Path;

/// Shown by `--help`; the numbers are part of the program's interface and never reused.
pub const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  `compare --require-psnr`: the quality asked for was not reached
    2  usage: unknown command, option, variable or value out of range
    3  the input data cannot be used (foreign or truncated file, wrong shape or type, NaN)
    4  the archive or run cannot be read (foreign, corrupt, truncated, of a newer version)
    5  input/output: file not found, no permission, disk full
    6  internal error; please report it
    7  finished, but with less than what was asked for (steps dropped or lost, stopped by a limit)
    8  a device that was asked for is not there, or failed
  130  interrupted; after `compress` the run can be finished with `limbeck distill`";

/// Why a command did not do what was asked. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A limit given by the user was not met.
    #[error("{0}")]
    NotReached(String),
    /// The command line contradicts itself or what the archive holds.
    #[error("{0}")]
    Usage(String),
    /// A file of values is not what it should be.
    #[error("{0}")]
    Data(String),
    /// An archive or run cannot be read.
    #[error("{0}")]
    Archive(String),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// A device is not there, or failed.
    #[error("{0}")]
    Device(String),
    /// A bug.
    #[error("{0}")]
    Internal(String),
    /// Everything was written, but something is missing in it.
    #[error("{0}")]
    Degraded(String),
    /// SIGINT or SIGTERM.
    #[error("{0}")]
    Interrupted(String),
    /// Another process that works on the same command says what happened; only its exit code is ours, too.
    #[error("")]
    Elsewhere(u8),
    /// Whoever read our output went away (`limbeck info | head`): not a failure.
    #[error("")]
    NobodyListens,
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// An operation on a file failed: `doing` is a verb phrase, "cannot open".
    pub fn io(doing: &str, path: &Path, error: &io::Error) -> Failure {
        let reason = match error.kind() {
            io::ErrorKind::NotFound => "no such file or directory".to_string(),
            io::ErrorKind::PermissionDenied => "permission denied".to_string(),
            io::ErrorKind::StorageFull => "no space left on the device".to_string(),
            _ => error.to_string(),
        };
        Failure::Io(format!("{doing} {}: {reason}", path.display()))
    }

    /// The result could not be written to stdout; that nobody reads it is no failure.
    pub fn of_stdout(error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::NobodyListens,
            io::ErrorKind::StorageFull => Failure::Io("cannot write the result: no space left on the device".into()),
            _ => Failure::Io(format!("cannot write the result: {error}")),
        }
    }

    /// Exit code of the process.
    pub fn code(&self) -> u8 {
        match self {
            Failure::NobodyListens => 0,
            Failure::NotReached(_) => 1,
            Failure::Usage(_) => 2,
            Failure::Data(_) => 3,
            Failure::Archive(_) => 4,
            Failure::Io(_) => 5,
            Failure::Internal(_) => 6,
            Failure::Degraded(_) => 7,
            Failure::Device(_) => 8,
            Failure::Interrupted(_) => 130,
            Failure::Elsewhere(code) => *code,
        }
    }

    /// The failure with this exit code, which another process had.
    pub fn of_code(code: u8, text: String) -> Failure {
        match code {
            0 => Failure::NobodyListens,
            1 => Failure::NotReached(text),
            2 => Failure::Usage(text),
            3 => Failure::Data(text),
            4 => Failure::Archive(text),
            5 => Failure::Io(text),
            7 => Failure::Degraded(text),
            8 => Failure::Device(text),
            130 => Failure::Interrupted(text),
            _ => Failure::Internal(text),
        }
    }

    /// True for failures that are known only when the result was printed.
    pub fn comes_after_result(&self) -> bool {
        matches!(self, Failure::NobodyListens | Failure::NotReached(_) | Failure::Degraded(_))
    }

    /// One word for machines.
    pub fn kind(&self) -> &'static str {
        match self {
            Failure::NobodyListens => "none",
            Failure::NotReached(_) => "not-reached",
            Failure::Usage(_) => "usage",
            Failure::Data(_) => "data",
            Failure::Archive(_) => "archive",
            Failure::Io(_) => "io",
            Failure::Internal(_) => "internal",
            Failure::Device(_) => "device",
            Failure::Degraded(_) => "degraded",
            Failure::Interrupted(_) => "interrupted",
            Failure::Elsewhere(_) => "elsewhere",
        }
    }
}

impl From<limbeck_field::Error> for Failure {
    fn from(error: limbeck_field::Error) -> Failure {
        match error {
            limbeck_field::Error::InvalidArgument(text) => Failure::Data(text),
            limbeck_field::Error::OutOfMemory(_) => Failure::Io(error.to_string()),
        }
    }
}

impl From<limbeck_picture::Error> for Failure {
    fn from(error: limbeck_picture::Error) -> Failure {
        use limbeck_picture::Error as E;
        match error {
            E::InvalidArgument(text) => Failure::Usage(text),
            E::Io(_) => Failure::Io(error.to_string()),
            E::Internal(_) => Failure::Internal(error.to_string()),
        }
    }
}

impl From<limbeck_reader::Error> for Failure {
    fn from(error: limbeck_reader::Error) -> Failure {
        use limbeck_reader::Error as E;
        match error {
            E::InvalidArgument(text) => Failure::Usage(text),
            E::Compatibility(text) | E::Corruption(text) | E::Truncated(text) => Failure::Archive(text),
            e @ E::Io { .. } => Failure::Io(e.to_string()),
            E::Internal(text) => Failure::Internal(text),
        }
    }
}

impl From<limbeck_session::Error> for Failure {
    fn from(error: limbeck_session::Error) -> Failure {
        use limbeck_session::Error as E;
        match error {
            E::InvalidArgument(text) => Failure::Usage(text),
            E::NonFinite(text) => Failure::Data(text),
            E::Compatibility(text) | E::Corruption(text) | E::Truncated(text) => Failure::Archive(text),
            E::Io(text) | E::Full(text) => Failure::Io(text),
            E::Device(text) => Failure::Device(text),
            E::State(text) | E::Mpi(text) | E::Internal(text) => Failure::Internal(text),
        }
    }
}
