//! Sessions for series that are there already, in files or arrays: nobody waits for them, so they may take their time.

use std::path::{Path, PathBuf};
use std::time::Duration;

use limbeck_archive::UnfinishedRun;

use crate::{Config, Metrics, Origin, Result, Session};

impl Config {
    /// For a series that is there already: unless the user chose otherwise, a full queue blocks and all cores train; and
    /// close leaves the distillation to [`distil_run`](crate::distil_run), which can be watched.
    ///
    /// # Errors
    /// As [`Config::resolve`].
    pub fn for_series(&mut self) -> Result<()> {
        let options = self.resolve()?;
        let untouched = |name: &str| options.origin(name) == Origin::Default;
        if untouched("queue.policy") {
            self.set("queue.policy", "block")?;
        }
        if untouched("workers.threads") {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            self.set("workers.threads", &cores.to_string())?;
        }
        self.set("distil.when", "never")
    }
}

impl Session {
    /// Steps of a series that are handed in before the oldest of them is in the journal: enough to keep the workers busy,
    /// few enough to stop soon when interrupted.
    pub const AHEAD: usize = 3;

    /// The directory of the run's journals, where [`distil_run`](crate::distil_run) finds what was handed in.
    pub fn journal(&self) -> PathBuf {
        self.settings.journal_directory(&self.path)
    }

    /// Waits until the step of this cycle and all before it are in the journal or dropped. `go_on` is asked four times a
    /// second, and ends the waiting where it says no.
    ///
    /// # Errors
    /// As [`Session::wait`].
    pub fn wait_while(&self, cycle: i64, mut go_on: impl FnMut() -> bool) -> Result<()> {
        while go_on() && !self.wait(cycle, Duration::from_millis(250))? {
            // Without the reports of all steps.
            let done = |m: Metrics| m.durable + m.dropped >= m.accepted;
            if self.running.as_ref().is_none_or(|running| done(running.meter.totals())) {
                break;
            }
        }
        Ok(())
    }
}

/// Takes away the journals of a run that has no steps: there is nothing to go on with. Anything else stays, damaged
/// journals too.
pub fn remove_empty_run(directory: &Path) {
    let empty = |run: UnfinishedRun| run.steps().is_empty() && run.lost().next().is_none();
    if !UnfinishedRun::open(directory).is_ok_and(empty) {
        return;
    }
    let names = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.file_name());
    for name in names.filter(|n| n == "lock" || n.to_string_lossy().starts_with("journal-")) {
        let _ = std::fs::remove_file(directory.join(name));
    }
    // Stays if it holds anything that is not ours.
    let _ = std::fs::remove_dir(directory);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Communicator, ElementType, ValuesRef};

    #[test]
    fn what_the_user_chose_stays() {
        let mut config = Config::new();
        config.set("queue.policy", "drop").unwrap();
        config.for_series().unwrap();
        let cores = std::thread::available_parallelism().unwrap().to_string();
        let get = |name| config.get(name).unwrap();
        assert_eq!(
            (get("queue.policy"), get("workers.threads"), get("distil.when")),
            ("drop".into(), cores, "never".into())
        );
        let mut plain = Config::new();
        plain.for_series().unwrap();
        assert_eq!(plain.get("queue.policy").unwrap(), "block");
    }

    #[test]
    fn journals_go_only_without_steps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.lbk");
        let mut config = Config::new();
        config.set("teacher.samples", "1000").unwrap();
        config.for_series().unwrap();
        for steps in [0, 1] {
            let mut session = Session::open(&path, &config, Communicator::None).unwrap();
            let variable = session.define_variable("u", ElementType::Float32, &[4]).unwrap();
            let block = session.add_block(variable, &[0], &[4], None).unwrap();
            session.commit().unwrap();
            for step in 0..steps {
                session.step_begin(step, 0.0).unwrap();
                session.put_slice(block, ValuesRef::Float32(&[1.0, 2.0, 4.0, 8.0])).unwrap();
                session.step_end().unwrap();
                session.wait_while(step, || true).unwrap();
                assert_eq!(session.durable().unwrap(), Some(step));
            }
            let journal = session.journal();
            drop(session);
            assert!(journal.is_dir());
            remove_empty_run(&journal);
            assert_eq!(journal.is_dir(), steps > 0);
        }
        std::fs::write(dir.path().join("mine"), "").unwrap();
        remove_empty_run(dir.path());
        assert!(dir.path().join("mine").is_file());
    }
}
