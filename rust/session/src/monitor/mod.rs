//! What is seen of a session while it runs: an HTTP endpoint with numbers, a page and pictures.
//!
//! It must never harm the simulation. One thread serves all connections, few at a time, each for a short time and for one
//! request; answers are made of what is known anyway, and nothing is done unless somebody asks. Slices are decoded one at a
//! time by a thread that gives way to everything else. Nothing but a `GET` does anything, and no request changes anything.

mod answer;
mod numbers;
mod page;
mod plane;
mod prometheus;
mod server;
mod slice;
mod status;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use limbeck_archive::monitor_path;
use serde_json::json;
use tokio::sync::oneshot;

use crate::Progress;
use crate::watched::Watched;
use numbers::Numbers;
use slice::Slices;

/// What the session is doing.
#[derive(Clone, Debug)]
enum Phase {
    /// Steps may come.
    Running,
    /// None will come; the workers finish those that wait.
    Draining,
    Distilling(Progress),
}

impl Phase {
    const NAMES: [&'static str; 3] = ["running", "draining", "distilling"];

    fn name(&self) -> &'static str {
        match self {
            Phase::Running => Phase::NAMES[0],
            Phase::Draining => Phase::NAMES[1],
            Phase::Distilling(_) => Phase::NAMES[2],
        }
    }
}

/// What answers are made of.
struct View {
    watched: Watched,
    began: Instant,
    phase: Mutex<Phase>,
    numbers: Mutex<Numbers>,
    slices: Slices,
}

impl View {
    fn phase(&self) -> Phase {
        self.phase_lock().clone()
    }

    fn phase_lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers, up to now.
    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.catch_up(&self.watched.meter.durability);
        numbers
    }
}

/// The endpoint; ends with this value, whoever is connected.
pub(crate) struct Monitor {
    view: Arc<View>,
    /// Says where it is.
    file: PathBuf,
    /// Dropped, it ends the server.
    end: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Listens at `address`, on rank r at the port r further on.
    ///
    /// # Errors
    /// What keeps it from being watched, as the beginning of a sentence.
    pub(crate) fn start(address: SocketAddr, watched: Watched) -> Result<Monitor, String> {
        let address = of_rank(address, watched.rank)?;
        let refused = |e: &dyn std::fmt::Display| format!("cannot listen at monitor.address = {address}: {e}");
        let listener = TcpListener::bind(address).map_err(|e| refused(&e))?;
        listener.set_nonblocking(true).map_err(|e| refused(&e))?;
        let taken = listener.local_addr().map_err(|e| refused(&e))?;
        let file = monitor_path(&watched.directory, watched.rank);
        let told = tell(&file, taken, &watched);
        let names = watched.description.variables.iter().map(|v| v.name.clone()).collect();
        let view = Arc::new(View {
            slices: Slices::new(&watched),
            watched,
            began: Instant::now(),
            phase: Mutex::new(Phase::Running),
            numbers: Mutex::new(Numbers::new(names)),
        });
        let (end, ended) = oneshot::channel();
        let server = server::start(listener, view.clone(), ended).map_err(|e| refused(&e))?;
        tracing::info!("the run can be watched at {}", url(taken));
        if let Err(e) = told {
            view.watched.notices.add(format!("the run can be watched at {}, but {e}", url(taken)));
        }
        Ok(Monitor { view, file, end: Some(end), server: Some(server) })
    }

    /// No step will come any more.
    pub(crate) fn draining(&self) {
        *self.view.phase_lock() = Phase::Draining;
    }

    /// The distillation is so far.
    pub(crate) fn distilling(&self, progress: &Progress) {
        *self.view.phase_lock() = Phase::Distilling(progress.clone());
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        // Nobody is to be led to a port that may be another program's next.
        let _ = std::fs::remove_file(&self.file);
        self.view.slices.end();
        drop(self.end.take());
        if let Some(server) = self.server.take()
            && server.join().is_err()
        {
            tracing::error!("the thread of the monitor panicked");
        }
    }
}

/// The address of a rank. Any free port is that for all of them.
fn of_rank(address: SocketAddr, rank: u32) -> Result<SocketAddr, String> {
    if address.port() == 0 {
        return Ok(address);
    }
    let port = u16::try_from(u32::from(address.port()) + rank).map_err(|_| {
        format!(
            "monitor.address = {address} leaves no port for rank {rank}: ports end at 65535; choose a lower one, or 0"
        )
    })?;
    Ok(SocketAddr::new(address.ip(), port))
}

/// Writes down where the run can be watched: whole or not at all, since programs wait for the file.
fn tell(file: &Path, taken: SocketAddr, watched: &Watched) -> Result<(), String> {
    let document = json!({
        "url": url(taken),
        "address": taken.to_string(),
        "host": host(),
        "process_id": std::process::id(),
        "rank": watched.rank,
        "archive": watched.path.display().to_string(),
    });
    let written = || -> std::io::Result<()> {
        let beside = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
        std::fs::write(beside.path(), format!("{document:#}\n"))?;
        beside.persist(file)?;
        Ok(())
    };
    written().map_err(|e| format!("{} that says so cannot be written: {e}", file.display()))
}

/// What leads there from this machine.
fn url(taken: SocketAddr) -> String {
    let ip = match taken.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}/", SocketAddr::new(ip, taken.port()))
}

/// The node's own name.
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_stand_in_a_row_of_ports() {
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(of_rank(at("127.0.0.1:9464"), 3), Ok(at("127.0.0.1:9467")));
        assert_eq!(of_rank(at("[::1]:0"), 3), Ok(at("[::1]:0")));
        assert!(of_rank(at("0.0.0.0:65534"), 2).unwrap_err().contains("65535"));
    }

    #[test]
    fn addresses_that_stand_for_all_are_reached_by_one() {
        let url = |text: &str| url(text.parse().unwrap());
        assert_eq!(url("0.0.0.0:80"), "http://127.0.0.1:80/");
        assert_eq!(url("[::]:80"), "http://[::1]:80/");
        assert_eq!(url("10.0.0.7:80"), "http://10.0.0.7:80/");
    }
}
