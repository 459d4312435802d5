//! Where words go: results to stdout, progress and remarks to stderr.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::table::short;

/// How the user wants to be spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    /// The result as one JSON document on stdout instead of text.
    pub json: bool,
    /// No progress, no remarks; results and errors only.
    pub quiet: bool,
    /// How progress is told.
    pub manner: ProgressManner,
}

/// How progress is told on stderr.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressManner {
    /// A bar if stderr is a terminal, nothing if it is not
    #[default]
    Auto,
    /// A line now and then, for the logs of batch jobs
    Lines,
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
        written.and_then(|()| out.flush()).map_err(|e| Failure::of_stdout(&e))
    }

    /// Prints one line of a result that goes on and on, a document of its own with `--json`.
    pub fn line(&self, text: &str, document: &Value) -> Result<()> {
        let mut out = io::stdout().lock();
        let written = if self.json { writeln!(out, "{document}") } else { writeln!(out, "{text}") };
        written.and_then(|()| out.flush()).map_err(|e| Failure::of_stdout(&e))
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

    /// Begins to tell how far a long piece of work is. `total` is in `unit`s, 0 if it is not known.
    pub fn progress(&self, label: &str, total: u64, unit: &'static str) -> Progress {
        let began = Instant::now();
        let shown = match self.manner {
            _ if self.quiet => Shown::Nothing,
            ProgressManner::Lines => Shown::Lines(Cell::new(None)),
            ProgressManner::Auto if io::stderr().is_terminal() => Shown::Bar(bar(label, total, unit)),
            ProgressManner::Auto => Shown::Nothing,
        };
        Progress { label: label.to_string(), total, unit, began, shown }
    }
}

fn bar(label: &str, total: u64, unit: &'static str) -> ProgressBar {
    let length = (total > 0).then_some(total);
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let amount = match (unit, length) {
        ("%", _) => "{pos} %".to_string(),
        ("bytes", Some(_)) => "{binary_bytes}/{binary_total_bytes}, {binary_bytes_per_sec}".to_string(),
        (unit, Some(_)) => format!("{{pos}}/{{len}} {unit}, {{rate}} {unit}/s"),
        (unit, None) => format!("{{human_pos}} {unit}, {{rate}} {unit}/s"),
    };
    let template = match length {
        Some(_) => format!("{{prefix}} {{wide_bar}} {amount}, {{elapsed}}, {{left}} left {{msg}}"),
        None => format!("{{prefix}} {{spinner}} {amount}, {{elapsed}} {{msg}}"),
    };
    // The template is a constant of ours: if it were wrong, the default would do.
    let style = ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let rate = |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = text.write_str(&short(state.per_sec()));
    };
    // Nobody knows before the first piece is done.
    let left = |state: &ProgressState, text: &mut dyn fmt::Write| {
        let _ = match state.pos() {
            0 => text.write_str("?"),
            _ => write!(text, "{:#}", HumanDuration(state.eta())),
        };
    };
    bar.set_style(style.with_key("rate", rate).with_key("left", left));
    bar.set_prefix(label.to_string());
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// A bar, or plain lines (at most one per second, but for the last).
pub struct Progress {
    label: String,
    total: u64,
    unit: &'static str,
    began: Instant,
    shown: Shown,
}

enum Shown {
    Nothing,
    Bar(ProgressBar),
    /// When the last line was written, and what it said was done.
    Lines(Cell<Option<(Instant, u64)>>),
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
            Shown::Lines(last) => {
                // A line where something happened, and now and then a sign of life.
                let due = last.get().is_none_or(|(at, before)| {
                    let pause = if before == done { 15 } else { 1 };
                    (self.total == 0 || before != self.total)
                        && (done == self.total || at.elapsed() >= Duration::from_secs(pause))
                });
                if due {
                    last.set(Some((Instant::now(), done)));
                    let _ = writeln!(io::stderr(), "{}", self.line(done, self.began.elapsed(), message));
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

    /// What is done, how fast it goes, and how long the rest will take if it goes on like this.
    fn line(&self, done: u64, elapsed: Duration, message: &str) -> String {
        let seconds = elapsed.as_secs_f64();
        let amount = match (self.unit, self.total) {
            ("%", _) => format!("{done} %"),
            (unit, 0) => format!("{done} {unit}"),
            (unit, total) => format!("{done}/{total} {unit}"),
        };
        let mut line = format!("{}: {amount}, {seconds:.1} s", self.label);
        let rate = done as f64 / seconds;
        if self.unit != "%" && rate.is_finite() {
            line += &format!(", {} {}/s", short(rate), self.unit);
        }
        if (1..self.total).contains(&done) {
            line += &format!(", {:.0} s left", (self.total - done) as f64 / rate);
        }
        if !message.is_empty() {
            line += &format!(", {message}");
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_rate_and_time_left() {
        let line = |total, unit, done, message| {
            let shown = Shown::Nothing;
            let progress = Progress { label: "training".into(), total, unit, began: Instant::now(), shown };
            progress.line(done, Duration::from_secs(4), message)
        };
        assert_eq!(line(20, "steps", 8, "u 40 dB"), "training: 8/20 steps, 4.0 s, 2 steps/s, 6 s left, u 40 dB");
        assert_eq!(line(20, "steps", 20, ""), "training: 20/20 steps, 4.0 s, 5 steps/s");
        assert_eq!(line(100, "%", 80, ""), "training: 80 %, 4.0 s, 1 s left");
        assert_eq!(line(0, "points", 1000, ""), "training: 1000 points, 4.0 s, 250 points/s");
    }
}
