//! The processes that work on one command: those that a launcher of MPI started together.

#[cfg(feature = "mpi")]
use std::io::Write;
use std::sync::Arc;

use limbeck_session::Communicator;
use limbeck_session::ranks::{Alone, Ranks, first_failure};

use crate::failure::{Failure, Result};

/// Where launchers tell a process how many there are, and which of them it is: Open MPI; MPICH and what descends from it;
/// Slurm's own.
const LAUNCHERS: [(&str, &str); 4] = [
    ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"),
    ("PMI_SIZE", "PMI_RANK"),
    ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
    ("FLUX_JOB_SIZE", "FLUX_TASK_RANK"),
];

/// What the launcher says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// How many processes there are.
    pub size: usize,
    /// Which of them this is, from 0.
    pub rank: usize,
}

/// What a launcher says in the environment; None if this process was started by hand.
pub fn launch() -> Option<Launch> {
    launch_in(|name| std::env::var(name).ok())
}

fn launch_in(environment: impl Fn(&str) -> Option<String>) -> Option<Launch> {
    let number = |name: &str| environment(name)?.trim().parse::<usize>().ok();
    LAUNCHERS.iter().find_map(|(size, rank)| Some(Launch { size: number(size)?, rank: number(rank)? }))
}

/// The processes that share the work of a command.
pub struct Crew {
    ranks: Arc<dyn Ranks>,
}

#[cfg(feature = "mpi")]
thread_local! {
    /// MPI of this process, from [`Crew::assemble`] to [`dismiss`].
    static MPI: std::cell::RefCell<Option<limbeck_mpi_ranks::Launched>> = const { std::cell::RefCell::new(None) };
}

/// The last thing that a program does: no process ends before all have said what they have to say. A launcher ends all of
/// them as soon as one ends with an exit code other than 0. Collective.
pub fn dismiss() {
    #[cfg(feature = "mpi")]
    if let Some(mpi) = MPI.take() {
        // Who cannot be reached any more is not waited for.
        let _ = mpi.ranks().max_f64(&mut [0.0]);
    }
}

impl Crew {
    /// All that were launched together; if there is nobody else, this process without any MPI. Collective.
    pub fn assemble() -> Result<Crew> {
        match launch() {
            None | Some(Launch { size: 0 | 1, .. }) => Ok(Crew::alone()),
            Some(launch) => Crew::launched(launch),
        }
    }

    /// This process, whoever else was launched.
    pub fn alone() -> Crew {
        Crew { ranks: Arc::new(Alone) }
    }

    #[cfg(feature = "mpi")]
    fn launched(launch: Launch) -> Result<Crew> {
        let mpi = limbeck_mpi_ranks::Launched::initialise().map_err(limbeck_session::Error::from)?;
        let ranks = mpi.ranks();
        MPI.set(Some(mpi));
        if ranks.size() == launch.size {
            return Ok(Crew { ranks });
        }
        one_tells(
            launch,
            format!(
                "{} processes were launched, but MPI knows of {}: use the launcher of the MPI that this limbeck was built \
                 with, or --alone if each process is to work for itself",
                launch.size,
                ranks.size()
            ),
        )
    }

    #[cfg(not(feature = "mpi"))]
    fn launched(launch: Launch) -> Result<Crew> {
        one_tells(
            launch,
            format!(
                "{} processes were launched, but this limbeck was built without MPI, so all would do the same work: launch \
                 one, use a limbeck that was built with MPI, or --alone if each process is to work for itself",
                launch.size
            ),
        )
    }

    /// All of them.
    pub fn ranks(&self) -> &dyn Ranks {
        &*self.ranks
    }

    /// Who takes part in a session that all of them open.
    pub fn communicator(&self) -> Communicator {
        match self.ranks.size() {
            1 => Communicator::None,
            _ => Communicator::Ranks(self.ranks.clone()),
        }
    }

    /// Whether this is the process that speaks to the user.
    pub fn is_first(&self) -> bool {
        self.ranks.rank() == 0
    }

    /// Fine on all processes, or a failure on all, with the same exit code. Collective.
    pub fn agree<T>(&self, mine: Result<T>) -> Result<T> {
        if self.ranks.size() == 1 {
            return mine;
        }
        let told = mine.as_ref().err().map(|f| (f.code(), f.to_string()));
        let first = first_failure(self.ranks(), told).map_err(|e| {
            let failure = mine.as_ref().err().map_or_else(|| e.to_string(), Failure::to_string);
            self.give_up(Failure::Internal(failure))
        })?;
        match first {
            None => mine,
            Some(failed) if !self.is_first() => Err(Failure::Elsewhere(failed.kind)),
            Some(failed) if failed.rank == 0 => mine,
            Some(failed) => Err(Failure::of_code(failed.kind, format!("rank {}: {}", failed.rank, failed.text))),
        }
    }

    /// What cannot be told to the others any more: they would wait for this process, so they are ended with it.
    fn give_up(&self, failure: Failure) -> Failure {
        #[cfg(feature = "mpi")]
        MPI.with_borrow(|mpi| {
            if let Some(mpi) = mpi {
                let _ = writeln!(std::io::stderr(), "limbeck: rank {}: {failure}", self.ranks.rank());
                mpi.abort(failure.code());
            }
        });
        failure
    }
}

/// Without MPI nobody can be asked whether the first process has told what it has to tell, so it gets the time to.
#[cfg(not(feature = "mpi"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// A usage error that each process finds for itself, and the first one tells.
fn one_tells(launch: Launch, text: String) -> Result<Crew> {
    let failure = Failure::Usage(text);
    #[cfg(not(feature = "mpi"))]
    if launch.rank > 0 {
        std::thread::sleep(PATIENCE);
    }
    Err(if launch.rank == 0 { failure } else { Failure::Elsewhere(failure.code()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launchers_are_known_by_their_environment() {
        let in_environment = |list: &[(&str, &str)]| {
            launch_in(|name| list.iter().find(|(n, _)| *n == name).map(|(_, value)| value.to_string()))
        };
        assert_eq!(in_environment(&[]), None);
        let open_mpi = [("OMPI_COMM_WORLD_SIZE", "4"), ("OMPI_COMM_WORLD_RANK", "3")];
        assert_eq!(in_environment(&open_mpi), Some(Launch { size: 4, rank: 3 }));
        assert_eq!(in_environment(&[("PMI_RANK", "0"), ("PMI_SIZE", "2")]), Some(Launch { size: 2, rank: 0 }));
        let batch_script = [("SLURM_NTASKS", "64"), ("SLURM_PROCID", "0")];
        assert_eq!(in_environment(&batch_script), None);
        let step = [("SLURM_STEP_NUM_TASKS", "8"), ("SLURM_PROCID", "5")];
        assert_eq!(in_environment(&step), Some(Launch { size: 8, rank: 5 }));
        assert_eq!(in_environment(&[("PMI_RANK", "0"), ("PMI_SIZE", "many")]), None);
    }
}
