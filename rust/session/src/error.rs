//! Errors of the service, and their agreement over ranks.

use std::panic::{AssertUnwindSafe, catch_unwind};

use limbeck_codec::ranks::{Ranks, first_failure};

/// What can go wrong in this crate; the text says what to do. Cloned where one fault is told twice (by the next call
/// and by close).
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// An argument or option is out of its range.
    #[error("{0}")]
    InvalidArgument(String),
    /// This build cannot do it, or the file is of a newer version.
    #[error("{0}")]
    Compatibility(String),
    /// Bytes on the disk contradict themselves.
    #[error("{0}")]
    Corruption(String),
    /// A file ends before it should.
    #[error("{0}")]
    Truncated(String),
    /// The operating system refused.
    #[error("{0}")]
    Io(String),
    /// MPI refused.
    #[error("{0}")]
    Mpi(String),
    /// The compute device refused.
    #[error("{0}")]
    Device(String),
    /// A call out of order; the session is as before.
    #[error("{0}")]
    State(String),
    /// No room for the step, and `queue.policy` is `error`; the call may be tried again.
    #[error("{0}")]
    Full(String),
    /// The block holds NaN or infinities, and `nonfinite` is `error`; the block was not taken.
    #[error("{0}")]
    NonFinite(String),
    /// A defect in limbeck.
    #[error("{0}")]
    Internal(String),
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The same error, told with what was being done.
    pub(crate) fn during(self, what: &str) -> Error {
        Error::KINDS[usize::from(self.number())](format!("{what}: {self}"))
    }

    const KINDS: [fn(String) -> Error; 11] = [
        Error::Internal,
        Error::InvalidArgument,
        Error::Compatibility,
        Error::Corruption,
        Error::Truncated,
        Error::Io,
        Error::Mpi,
        Error::Device,
        Error::State,
        Error::Full,
        Error::NonFinite,
    ];

    /// Place of the kind in `KINDS`, for telling it to other ranks.
    fn number(&self) -> u8 {
        match self {
            Error::Internal(_) => 0,
            Error::InvalidArgument(_) => 1,
            Error::Compatibility(_) => 2,
            Error::Corruption(_) => 3,
            Error::Truncated(_) => 4,
            Error::Io(_) => 5,
            Error::Mpi(_) => 6,
            Error::Device(_) => 7,
            Error::State(_) => 8,
            Error::Full(_) => 9,
            Error::NonFinite(_) => 10,
        }
    }
}

/// Ok on all ranks, or on all of them the error of the lowest rank that has one. Collective.
///
/// # Errors
/// That error; Mpi if the ranks cannot be reached.
pub fn agree<T>(ranks: &dyn Ranks, mine: Result<T>) -> Result<T> {
    agree_or_undo(ranks, mine, drop)
}

/// Collective work that may panic: the panic becomes an error here, and an error of the next collective call on all other
/// ranks.
pub(crate) fn panic_proof<T>(ranks: &dyn Ranks, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        ranks.abandon();
        Err(Error::Internal(format!("{what} panicked; what was durable in the journal still is")))
    })
}

/// [`agree`] that undoes here what failed elsewhere.
pub(crate) fn agree_or_undo<T>(ranks: &dyn Ranks, mine: Result<T>, undo: impl FnOnce(T)) -> Result<T> {
    if ranks.size() == 1 {
        return mine;
    }
    let failed = mine.as_ref().err().map(|e| (e.number(), e.to_string()));
    match first_failure(ranks, failed) {
        // Where nothing can be agreed on any more, this rank's own failure says most.
        Err(e) => match mine {
            Ok(made) => {
                undo(made);
                Err(e.into())
            }
            own => own,
        },
        Ok(None) => mine,
        Ok(Some(f)) => {
            if let Ok(made) = mine {
                undo(made);
            }
            let kind = Error::KINDS.get(usize::from(f.kind)).unwrap_or(&Error::KINDS[0]);
            Err(kind(format!("rank {}: {}", f.rank, f.text)))
        }
    }
}

impl From<limbeck_archive::Error> for Error {
    fn from(e: limbeck_archive::Error) -> Error {
        use limbeck_archive::Error as E;
        let text = e.to_string();
        match e {
            E::InvalidArgument(_) => Error::InvalidArgument(text),
            E::Compatibility(_) => Error::Compatibility(text),
            E::Corruption(_) => Error::Corruption(text),
            E::Truncated(_) => Error::Truncated(text),
            E::Io { .. } => Error::Io(text),
        }
    }
}

impl From<limbeck_codec::Error> for Error {
    fn from(e: limbeck_codec::Error) -> Error {
        use limbeck_codec::Error as E;
        match e {
            E::InvalidArgument(t) => Error::InvalidArgument(t),
            E::Compatibility(t) => Error::Compatibility(t),
            E::Corruption(t) => Error::Corruption(t),
            E::Communication(t) => Error::Mpi(t),
            E::Device(t) => Error::Device(t),
            E::Internal(t) => Error::Internal(t),
        }
    }
}

impl From<limbeck_field::Error> for Error {
    fn from(e: limbeck_field::Error) -> Error {
        Error::InvalidArgument(e.to_string())
    }
}
