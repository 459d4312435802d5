//! A distillation that Python can watch and interrupt.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use limbeck_session::ranks::Alone;
use limbeck_session::{CloseReport, Config, Progress, Result, distil_run};
use pyo3::prelude::*;

use crate::error::{Error, of_session};

/// Who wants to know how far things are: a callable that takes a stage and a number, or nobody.
pub(crate) struct Watch<'a, 'py> {
    pub(crate) call: Option<&'a Bound<'py, PyAny>>,
}

impl Watch<'_, '_> {
    fn tell(&self, stage: &str, done: f64) -> PyResult<()> {
        self.call.map_or(Ok(()), |call| call.call1((stage, done)).map(|_| ()))
    }
}

/// How often Python gets to handle signals.
const LOOK: Duration = Duration::from_millis(100);
/// How long an interrupted distillation is waited for. It ends by itself when it next tells how far it is.
const PATIENCE: Duration = Duration::from_secs(5);

enum Told {
    Share(f64),
    Done(Box<Result<CloseReport>>),
}

/// Makes the archive of a run on a thread of its own, since only Python's main thread hears of Ctrl-C.
pub(crate) fn distil(
    py: Python<'_>,
    watch: &Watch<'_, '_>,
    journal: PathBuf,
    output: PathBuf,
    config: Config,
) -> PyResult<CloseReport> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let (tell, told) = crossbeam_channel::unbounded();
    let work = move || {
        let progress = |p: &Progress| {
            if stopped.load(Ordering::Relaxed) {
                // Nobody waits for the result: the way out of the training, which is caught at its end and printed nowhere.
                std::panic::resume_unwind(Box::new("interrupted"));
            }
            let _ = tell.send(Told::Share(p.share()));
        };
        let result = distil_run(&journal, &output, &config, &Alone, &progress);
        let _ = tell.send(Told::Done(Box::new(result)));
    };
    let started = std::thread::Builder::new().name("limbeck-distilling".into()).spawn(work);
    started.map_err(|e| Error::new_err(format!("cannot start a thread for the distillation: {e}")))?;
    loop {
        let news = py.detach(|| told.recv_timeout(LOOK));
        let handled = match news {
            Ok(Told::Done(result)) => return (*result).map_err(of_session),
            Ok(Told::Share(share)) => watch.tell("distilling", share),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new_err("the distillation ended without a result"));
            }
        };
        if let Err(raised) = handled.and_then(|()| py.check_signals()) {
            stop.store(true, Ordering::Relaxed);
            py.detach(|| wait_for_end(&told));
            return Err(raised);
        }
    }
}

fn wait_for_end(told: &Receiver<Told>) {
    let deadline = Instant::now() + PATIENCE;
    while let Ok(Told::Share(_)) = told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {}
}
