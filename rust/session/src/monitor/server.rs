//! The thread that talks to clients, whatever they do.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::View;
use super::answer::Desk;

/// Connections at once; more wait in the system's own queue.
const CONNECTIONS: usize = 32;

/// Time that a client has for its request.
const TO_ASK: Duration = Duration::from_secs(2);

/// Time that a connection has in all.
const IN_ALL: Duration = Duration::from_secs(15);

/// Between two connections: a flood of them takes a small part of one core.
const BREATH: Duration = Duration::from_millis(2);

/// Most bytes of a request's head.
const HEAD: usize = 16 << 10;

/// Starts the thread. It ends when the sender of `ended` is gone.
pub(super) fn start(
    listener: TcpListener,
    view: Arc<View>,
    ended: oneshot::Receiver<()>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let desk = Arc::new(Desk::new(view));
    std::thread::Builder::new().name("limbeck-monitor".into()).spawn(move || {
        // A process that was forked meanwhile has the socket too, and must not keep the port alive.
        let to_close = listener.try_clone();
        runtime.block_on(async {
            match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => drop(tokio::spawn(welcome(listener, desk))),
                Err(e) => return tracing::warn!("the run cannot be watched: {e}"),
            }
            // Whatever was sent: nothing is.
            let _ = ended.await;
        });
        if let Ok(socket) = to_close {
            let _ = rustix::net::shutdown(&socket, rustix::net::Shutdown::Both);
        }
        // Connections end with it, in whatever state they are.
        drop(runtime);
    })
}

async fn welcome(listener: tokio::net::TcpListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = desk.clone();
                drop(tokio::spawn(async move {
                    let _ = timeout(IN_ALL, talk(stream, desk)).await;
                    drop(place);
                }));
                sleep(BREATH).await;
            }
            // Out of file descriptors, or a client that went away at once.
            Err(_) => sleep(50 * BREATH).await,
        }
    }
}

/// One request, one answer.
async fn talk(stream: TcpStream, desk: Arc<Desk>) {
    let local = stream.local_addr().ok().map(|a| a.ip());
    let service = service_fn(|request| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(desk.answer(&request, local).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .header_read_timeout(TO_ASK)
        .max_buf_size(HEAD)
        // Writing several buffers at once to a client that went away would be a SIGPIPE, which ends most simulations.
        .writev(false)
        .serve_connection(TokioIo::new(stream), service);
    // What clients do wrong is theirs.
    if let Err(e) = connection.await {
        tracing::debug!("a client of the monitor: {e}");
    }
}
