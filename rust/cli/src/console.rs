//! Where words go: results to stdout, progress and remarks to stderr.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::failure::{Failure, Result};

/// How the user wants to be spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// The result as one JSON document on stdout instead of text.
    pub json: bool,
    /// No progress, no remarks; results and errors only.
    pub quiet: bool,
}

impl Console {
    /// Prints the result of a command: the text, or the document if `--json` was given.
    pub fn result(&self, text: &str, document: &Value) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = match self.json {
            true => writeln!(out, "{document:#}"),
            false if text.is_empty() => Ok(()),
            false => writeln!(out, "{}", text.trim_end_matches('\n')),
        };
        said(written.and_then(|()| out.flush()))
    }

    /// Prints one line of a result that goes on and on, a document of its own with `--json`.
    pub fn line(&self, text: &str, document: &Value) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { writeln!(out, "{document}") } else { writeln!(out, "{text}") };
        said(written.and_then(|()| out.flush()))
    }

    /// Says on stderr why the command ends early. With `--json`, stdout gets `{"error": {kind, code, message}}`, unless
    /// the result is there already.
    pub fn failure(&self, failure: &Failure) {
        let message = failure.to_string();
        if message.is_empty() {
            return;
        }
        let _ = writeln!(io::stderr(), "limbeck: {message}");
        if self.json && !failure.comes_after_result() {
            let error = serde_json::json!({"kind": failure.kind(), "code": failure.code(), "message": message});
            let _ = self.result("", &serde_json::json!({"error": error}));
        }
    }

    /// A remark for people, on stderr.
    pub fn remark(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Something the user should know although the command goes on.
    pub fn warn(&self, text: &str) {
        self.remark(&format!("warning: {text}"));
    }

    /// Begins to tell how far a long piece of work is. `total` is in `unit`s.
    pub fn progress(&self, label: &str, total: u64, unit: &'static str) -> Progress {
        let shown = match (self.quiet, io::stderr().is_terminal()) {
            (true, _) => Shown::Nothing,
            (false, true) => {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
                let amount = if unit == "%" { "{pos} %".to_string() } else { format!("{{pos}}/{{len}} {unit}") };
                let template = format!("{{prefix}} {{wide_bar}} {amount}, {{elapsed}} + {{eta}} {{msg}}");
                // The template is a constant of ours: if it were wrong, the default would do.
                bar.set_style(ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_prefix(label.to_string());
                bar.enable_steady_tick(Duration::from_millis(250));
                Shown::Bar(bar)
            }
            (false, false) => Shown::Lines(Lines { began: Instant::now(), last: Cell::new(None) }),
        };
        Progress { label: label.to_string(), total, unit, shown }
    }
}

/// What became of a result that was printed.
pub fn said(outcome: io::Result<()>) -> Result<()> {
    outcome.map_err(|e| match e.kind() {
        io::ErrorKind::BrokenPipe => Failure::NobodyListens,
        _ => Failure::Io(format!("cannot write the result: {e}")),
    })
}

/// A bar on a terminal, plain lines (at most one per second, but for the last) elsewhere.
pub struct Progress {
    label: String,
    total: u64,
    unit: &'static str,
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines(Lines),
}

struct Lines {
    began: Instant,
    /// When the last line was written, and what it said was done.
    last: Cell<Option<(Instant, u64)>>,
}

impl Progress {
    /// `done` of the units are finished; `message` says how well it goes ("47.1 dB").
    pub fn at(&self, done: u64, message: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_position(done);
                bar.set_message(message.to_string());
            }
            Shown::Lines(lines) => {
                // A line where something happened, and now and then a sign of life.
                let due = lines.last.get().is_none_or(|(at, before)| {
                    let pause = if before == done { 15 } else { 1 };
                    before != self.total && (done == self.total || at.elapsed() >= Duration::from_secs(pause))
                });
                if due {
                    lines.last.set(Some((Instant::now(), done)));
                    self.line(lines, done, message);
                }
            }
        }
    }

    /// A line beside the bar that stays.
    pub fn remark(&self, text: &str) {
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.println(text),
            Shown::Lines(_) => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    fn line(&self, lines: &Lines, done: u64, message: &str) {
        let seconds = lines.began.elapsed().as_secs_f64();
        let gap = if message.is_empty() { "" } else { ", " };
        let amount = match self.unit {
            "%" => format!("{done} %"),
            unit => format!("{done}/{} {unit}", self.total),
        };
        let _ = writeln!(io::stderr(), "{}: {amount}, {seconds:.1} s{gap}{message}", self.label);
    }
}
