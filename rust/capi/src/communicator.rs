//! The processes that a host names by a communicator: with MPI in liblimbeck_mpi; liblimbeck knows of none.

use limbeck_session::Communicator;
use limbeck_session::ranks::first_failure;

use crate::error::Failure;
use crate::session::LBK_NO_COMM;

/// What a host hands over as its communicator. Collective, unless it is LBK_NO_COMM.
pub fn of_host(communicator: i32) -> Result<Communicator, Failure> {
    match communicator {
        LBK_NO_COMM => Ok(Communicator::None),
        handle => duplicate(handle),
    }
}

#[cfg(mpi)]
fn duplicate(communicator: i32) -> Result<Communicator, Failure> {
    let ranks = limbeck_mpi_ranks::Mpi::duplicate(communicator).map_err(limbeck_session::Error::from)?;
    Ok(Communicator::Ranks(std::sync::Arc::new(ranks)))
}

#[cfg(not(mpi))]
fn duplicate(_: i32) -> Result<Communicator, Failure> {
    Err(Failure::new(
        crate::status::LBK_COMPATIBILITY,
        "a communicator was given, but this library is the serial one: link liblimbeck_mpi, or pass LBK_NO_COMM",
    ))
}

/// What was found before a collective call on this rank: fine on all ranks, or the same failure on all. Collective.
pub fn agree<T>(communicator: &Communicator, mine: Result<T, Failure>) -> Result<T, Failure> {
    let ranks = match communicator {
        Communicator::Ranks(ranks) if ranks.size() > 1 => ranks,
        _ => return mine,
    };
    // Errors are small positive numbers; what is none cannot be a failure.
    let told = mine.as_ref().err().map(|f| (u8::try_from(f.status).unwrap_or(0), f.message.clone()));
    match first_failure(&**ranks, told).map_err(limbeck_session::Error::from)? {
        None => mine,
        Some(failed) => Err(Failure::new(failed.kind.into(), format!("rank {}: {}", failed.rank, failed.text))),
    }
}
