//! The end of a session: drain, distil, write.

use std::path::Path;

use limbeck_archive::UnfinishedRun;

use crate::distil::{Crew, Journals, distil, finish};
use crate::error::panic_proof;
use crate::{CloseReport, Error, Progress, Result, Session, agree};

impl Session {
    /// Waits for the workers, distils if `distil.when = close`, writes the archive. A step that is open is forgotten.
    /// Collective: an error of one rank is returned by all. The report of rank 0 speaks for all of them.
    ///
    /// # Errors
    /// Mpi if the ranks cannot be reached (any more); Io if the journal could not be written, although that was told before:
    /// the steps up to [`Session::durable`] are safe and nothing is distilled; any error of the distillation. Whatever fails,
    /// the journal stays, and [`distil_run`](crate::distil_run) can finish the run.
    pub fn close(self) -> Result<CloseReport> {
        self.close_with(&|_| ())
    }

    /// [`Session::close`] that tells how far the distillation is.
    ///
    /// # Errors
    /// As [`Session::close`].
    pub fn close_with(mut self, progress: &(dyn Fn(&Progress) + Sync)) -> Result<CloseReport> {
        self.same_process()?;
        let ranks = self.ranks.clone();
        panic_proof(ranks.as_ref(), "close", || self.end(progress))
    }

    fn end(&mut self, progress: &(dyn Fn(&Progress) + Sync)) -> Result<CloseReport> {
        self.record(|| limbeck_archive::Call::Close);
        let Some(mut running) = self.running.take() else {
            // Never committed: nothing was taken, and Drop leaves things as they were.
            return Ok(CloseReport::default());
        };
        running.cancel();
        let monitor = self.monitor.take();
        if let Some(monitor) = &monitor {
            monitor.draining();
        }
        running.shop.queue.close();
        let (durability, notices) = (running.durability.clone(), running.shop.notices.clone());
        running.wait_for_workers();
        let mut metrics = running.meter.metrics();
        let lock = running.join();
        (metrics.durable, metrics.steps) = durability.reports();
        let ranks = self.ranks.as_ref();
        let directory = self.settings.journal_directory(&self.path);
        // Where nothing can be agreed on any more, what was accepted is in the journals all the same.
        let unreachable = |e: Error| match e {
            Error::Mpi(_) => tell_how_to_finish(e, &directory, &self.path),
            other => other,
        };
        ranks.ready().map_err(|e| unreachable(e.into()))?;
        let failure = durability.failure().map(|f| f.during(&format!("{} is not finished", self.path.display())));
        let lock = agree(ranks, failure.map_or(lock, Err)).map_err(unreachable)?;
        let journal = limbeck_archive::journal_path(lock.directory(), lock.process());
        let run = match ranks.size() {
            1 => UnfinishedRun::open(lock.directory()),
            _ => UnfinishedRun::open_journal(&journal),
        };
        let run = agree(ranks, run.map_err(Error::from))?;
        let crew = Crew { ranks, journals: Journals::Own };
        let mut report = if self.settings.distil_at_close {
            let progress = |p: &Progress| {
                if let Some(monitor) = &monitor {
                    monitor.distilling(p);
                }
                progress(p);
            };
            let report = distil(&crew, &run, &self.path, &self.settings, self.method.as_ref(), &progress)
                .map_err(|e| tell_how_to_finish(e, lock.directory(), &self.path))?;
            // Its file stands in the directory that may be removed now.
            drop(monitor);
            agree(ranks, finish(report, run, vec![lock], &self.settings))?
        } else {
            CloseReport {
                journal: Some(lock.directory().to_owned()),
                steps: crate::distil::reports(&crew, &run)?,
                ..CloseReport::default()
            }
        };
        report.warnings.splice(0..0, notices.all());
        report.metrics = metrics;
        Ok(report)
    }
}

fn tell_how_to_finish(error: Error, directory: &Path, path: &Path) -> Error {
    error.during(&format!(
        "the steps are safe, but {} could not be made of them (limbeck distill {} would try again)",
        path.display(),
        directory.display()
    ))
}
