//! How far the journal is: which accepted steps are durable, and what went wrong with it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::{Error, Result, Session, StepReport};

#[derive(Debug, Default)]
pub(crate) struct Durability {
    state: Mutex<State>,
    changed: Condvar,
    /// Length of the journal.
    journal_bytes: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    newest: Option<i64>,
    /// Cycles accepted and not yet durable.
    pending: VecDeque<i64>,
    /// Cycles given up.
    dropped: Vec<i64>,
    last: Option<i64>,
    failure: Option<Error>,
    failure_told: bool,
    durable: u64,
    reports: Vec<StepReport>,
}

impl Durability {
    /// `newest`: cycle that was durable before, after a restart.
    pub(crate) fn new(newest: Option<i64>) -> Durability {
        let state = State { newest, last: newest, ..State::default() };
        Durability { state: Mutex::new(state), changed: Condvar::new(), journal_bytes: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn accept(&self, cycle: i64) {
        let mut state = self.lock();
        state.pending.push_back(cycle);
        state.last = Some(cycle);
    }

    pub(crate) fn give_up(&self, cycle: i64) {
        let mut state = self.lock();
        state.dropped.push(cycle);
        state.last = Some(cycle);
    }

    /// The oldest pending step is durable.
    pub(crate) fn complete(&self, cycle: i64, reports: Vec<StepReport>) {
        let mut state = self.lock();
        state.pending.pop_front();
        state.newest = Some(cycle);
        state.durable += 1;
        state.reports.extend(reports);
        self.changed.notify_all();
    }

    /// The journal cannot go on. The first reason stays.
    pub(crate) fn fail(&self, error: Error) {
        tracing::error!("{error}");
        self.lock().failure.get_or_insert(error);
        self.changed.notify_all();
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        self.lock().failure.clone()
    }

    /// The failure, if the host has not been told yet.
    pub(crate) fn untold_failure(&self) -> Option<Error> {
        let mut state = self.lock();
        let (told, failed) = (state.failure_told, state.failure.is_some());
        state.failure_told = failed;
        state.failure.clone().filter(|_| !told)
    }

    pub(crate) fn newest(&self) -> Option<i64> {
        self.lock().newest
    }

    /// Steps that became durable, and what was measured on them.
    pub(crate) fn reports(&self) -> (u64, Vec<StepReport>) {
        let state = self.lock();
        (state.durable, state.reports.clone())
    }

    /// Steps that became durable.
    pub(crate) fn durable_steps(&self) -> u64 {
        self.lock().durable
    }

    /// The journal is so long now.
    pub(crate) fn wrote(&self, length: u64) {
        self.journal_bytes.store(length, Ordering::Relaxed);
    }

    /// Bytes of the journal.
    pub(crate) fn journal_bytes(&self) -> u64 {
        self.journal_bytes.load(Ordering::Relaxed)
    }

    /// Reports behind the first `known`, `most` at once: whoever asks must not hold up a step for long.
    #[cfg(feature = "monitor")]
    pub(crate) fn reports_behind(&self, known: usize, most: usize) -> Vec<StepReport> {
        self.lock().reports.iter().skip(known).take(most).cloned().collect()
    }

    pub(crate) fn wait(&self, cycle: i64, timeout: Duration) -> Result<bool> {
        // A timeout beyond all times is no timeout.
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        if cycle != i64::MAX && state.last.is_none_or(|last| cycle > last) {
            return Err(Error::InvalidArgument(format!(
                "the step of cycle {cycle} was not accepted, so it cannot be awaited"
            )));
        }
        if state.dropped.contains(&cycle) {
            return Err(Error::InvalidArgument(format!(
                "the step of cycle {cycle} was dropped, so it will not be durable"
            )));
        }
        loop {
            if state.pending.front().is_none_or(|&first| first > cycle) {
                return Ok(true);
            }
            if let Some(failure) = &state.failure {
                let failure = failure.clone();
                state.failure_told = true;
                return Err(failure);
            }
            state = match deadline.map(|d| d.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => return Ok(false),
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Session {
    /// Cycle of the newest durable step: it and all accepted before it are in the journal. None: none yet.
    ///
    /// # Errors
    /// State before commit and in a forked child.
    pub fn durable(&self) -> Result<Option<i64>> {
        self.same_process()?;
        Ok(self.running()?.durability.newest())
    }

    /// Waits until the step of this cycle is durable, and with it all accepted before; false if that takes longer than
    /// `timeout`. `i64::MAX` stands for all that were accepted until now or are meanwhile.
    ///
    /// # Errors
    /// InvalidArgument if the cycle was not accepted or was dropped; Io if the journal cannot be written; State before
    /// commit and in a forked child.
    pub fn wait(&self, cycle: i64, timeout: Duration) -> Result<bool> {
        self.same_process()?;
        self.running()?.durability.wait(cycle, timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_step_or_the_time() {
        let d = Durability::new(Some(3));
        assert!(d.wait(3, Duration::ZERO).unwrap());
        assert!(matches!(d.wait(4, Duration::ZERO), Err(Error::InvalidArgument(_))));
        d.accept(5);
        d.accept(7);
        d.give_up(9);
        assert!(!d.wait(5, Duration::from_millis(5)).unwrap());
        d.complete(5, Vec::new());
        assert!(d.wait(5, Duration::MAX).unwrap() && d.wait(6, Duration::ZERO).unwrap());
        assert!(!d.wait(7, Duration::ZERO).unwrap());
        assert!(d.wait(9, Duration::ZERO).unwrap_err().to_string().contains("dropped"));
        assert_eq!(d.newest(), Some(5));
        assert!(!d.wait(i64::MAX, Duration::ZERO).unwrap());
        d.complete(7, Vec::new());
        assert!(d.wait(i64::MAX, Duration::ZERO).unwrap());
        assert!(Durability::new(None).wait(i64::MAX, Duration::ZERO).unwrap());
    }

    #[test]
    fn a_failure_is_told_once_and_ends_waiting() {
        let d = Durability::new(None);
        assert!(d.untold_failure().is_none());
        d.accept(1);
        d.fail(Error::Io("disk full".into()));
        d.fail(Error::Io("later".into()));
        assert_eq!(d.untold_failure().unwrap().to_string(), "disk full");
        assert!(d.untold_failure().is_none() && d.failure().is_some());
        assert!(d.wait(1, Duration::MAX).is_err());
    }
}
