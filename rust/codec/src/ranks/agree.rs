//! One outcome for all ranks: where one fails, all fail with its error.

use super::Ranks;
use crate::{Error, Result};

/// What went wrong on a rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The rank; the lowest of those that failed.
    pub rank: usize,
    /// Kind of the error, as whoever made it numbers its kinds.
    pub kind: u8,
    /// What it says.
    pub text: String,
}

/// The failure of the lowest rank that has one, known to all ranks; None if none failed. Collective.
pub fn first_failure(ranks: &dyn Ranks, mine: Option<(u8, String)>) -> Result<Option<Failed>> {
    let size = ranks.size();
    let mut vote = [mine.as_ref().map_or(0.0, |_| (size - ranks.rank()) as f64)];
    ranks.max_f64(&mut vote)?;
    if vote[0] == 0.0 {
        return Ok(None);
    }
    let rank = size - vote[0] as usize;
    let mut told = mine.map_or(Vec::new(), |(kind, text)| [&[kind], text.as_bytes()].concat());
    ranks.broadcast(rank, &mut told)?;
    let (kind, text) = told.split_first().map_or((0, &[][..]), |(kind, text)| (*kind, text));
    Ok(Some(Failed { rank, kind, text: String::from_utf8_lossy(text).into_owned() }))
}

/// Ok on all ranks, or the same error on all of them. Collective.
pub fn agree<T>(ranks: &dyn Ranks, mine: Result<T>) -> Result<T> {
    let failure = mine.as_ref().err().map(|e| (e.number(), e.to_string()));
    match first_failure(ranks, failure)? {
        None => mine,
        Some(f) if ranks.size() == 1 => Err(Error::from_number(f.kind, f.text)),
        Some(f) => Err(Error::from_number(f.kind, format!("rank {}: {}", f.rank, f.text))),
    }
}
