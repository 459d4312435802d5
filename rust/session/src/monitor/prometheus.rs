//! `/metrics`: the numbers in the text format of Prometheus, version 0.0.4.

use std::fmt::Write;

use super::numbers::{SECONDS, Variable};
use super::{Phase, View};

/// What a client is told the text is.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A text that grows by one metric after the other.
struct Text(String);

impl Text {
    /// Begins a metric: what it is, and its type.
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{text}\"", if i == 0 { '{' } else { ',' });
        }
        let _ = match value {
            f64::INFINITY => writeln!(self.0, "{} +Inf", end(labels)),
            f64::NEG_INFINITY => writeln!(self.0, "{} -Inf", end(labels)),
            _ => writeln!(self.0, "{} {value}", end(labels)),
        };
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: f64) {
        self.metric(name, kind, help);
        self.sample(name, &[], value);
    }
}

fn end(labels: &[(&str, &str)]) -> &'static str {
    if labels.is_empty() { "" } else { "}" }
}

/// All metrics of this rank.
pub(super) fn text(view: &View) -> String {
    let (watched, phase) = (&view.watched, view.phase());
    // The steps first, so that none is durable that is not accepted.
    let (variables, newest) = {
        let numbers = view.numbers();
        (numbers.variables.clone(), numbers.newest.clone())
    };
    let m = watched.meter.totals();
    let mut t = Text(String::new());
    t.metric("limbeck_run_info", "gauge", "What is watched; always 1.");
    let (rank, ranks) = (watched.rank.to_string(), watched.ranks.to_string());
    let archive = watched.path.display().to_string();
    let labels =
        [("archive", &archive[..]), ("rank", &rank), ("ranks", &ranks), ("version", env!("CARGO_PKG_VERSION"))];
    t.sample("limbeck_run_info", &labels, 1.0);
    t.metric("limbeck_phase", "gauge", "1 for what the session is doing, 0 for the rest.");
    for name in Phase::NAMES {
        t.sample("limbeck_phase", &[("phase", name)], f64::from(u8::from(name == phase.name())));
    }
    t.single("limbeck_uptime_seconds", "gauge", "Time since the run began.", view.began.elapsed().as_secs_f64());

    let steps = [
        ("limbeck_steps_accepted_total", "Steps that are in memory, spilled or in the journal.", m.accepted),
        ("limbeck_steps_durable_total", "Steps that are in the journal.", m.durable),
        ("limbeck_steps_dropped_total", "Steps given up.", m.dropped),
        ("limbeck_steps_skipped_total", "Steps that were durable before a restart.", m.skipped),
    ];
    for (name, help, value) in steps {
        t.single(name, "counter", help, value as f64);
    }
    if let Some(newest) = newest {
        let durable = "of the newest durable step.";
        t.single("limbeck_newest_step", "gauge", &format!("Index {durable}"), newest.step as f64);
        t.single("limbeck_newest_cycle", "gauge", &format!("Cycle {durable}"), newest.cycle as f64);
        t.single("limbeck_newest_time", "gauge", &format!("Physical time {durable}"), newest.time);
    }

    let waiting = m.accepted.saturating_sub(m.durable);
    let input = m.accepted.saturating_mul(watched.step_bytes);
    let gauges = [
        ("limbeck_queue_steps", "Steps accepted and not durable yet.", waiting),
        ("limbeck_queue_blocks", "Blocks that wait for a worker, in memory or spilled.", m.queue_depth.into()),
        ("limbeck_queue_bytes", "Copies in memory: waiting and worked on.", m.queue_bytes),
        ("limbeck_spilled_bytes", "Copies on the disk.", m.spilled_bytes),
        (
            "limbeck_memory_held_bytes",
            "Memory of copies, buffers and frames on their way to the journal.",
            m.held_bytes,
        ),
        ("limbeck_memory_peak_bytes", "Most of that memory so far.", m.peak_bytes),
        ("limbeck_memory_budget_bytes", "Most of that memory that is allowed (queue.bytes).", m.budget_bytes),
        ("limbeck_workers", "Workers, each of which fits one block at a time.", m.workers.into()),
        ("limbeck_workers_busy", "Workers that fit a block now.", m.busy_workers.into()),
        ("limbeck_journal_bytes", "Length of this process's journal.", m.journal_bytes),
    ];
    for (name, help, value) in gauges {
        t.single(name, "gauge", help, value as f64);
    }
    t.single("limbeck_input_bytes_total", "counter", "Values of all accepted steps.", input as f64);
    t.single("limbeck_host_seconds_total", "counter", "Time of the simulation's thread in limbeck.", m.host_seconds);
    let blocked = "Of it, time that it waited for room.";
    t.single("limbeck_blocked_seconds_total", "counter", blocked, m.blocked_seconds);
    let failed = watched.meter.durability.failure().is_some();
    let help = "1 if the journal cannot be written, so that nothing becomes durable.";
    t.single("limbeck_journal_failed", "gauge", help, f64::from(u8::from(failed)));
    let notices = watched.notices.all().len() as f64;
    t.single("limbeck_notices_total", "counter", "What did not go as asked.", notices);

    by_variable(&mut t, &variables);
    if let Phase::Distilling(p) = &phase {
        let of = [("variable", &p.variable[..])];
        t.metric("limbeck_distillation_ratio", "gauge", "Share of the variable's distillation that is done, 0 to 1.");
        t.sample("limbeck_distillation_ratio", &of, p.done);
        t.metric("limbeck_distillation_psnr_decibels", "gauge", "Quality of the student against its teachers so far.");
        t.sample("limbeck_distillation_psnr_decibels", &of, p.psnr);
        let done = "Variables that are distilled.";
        t.single("limbeck_distillation_variables_done", "gauge", done, p.index as f64);
    }
    t.0
}

fn by_variable(t: &mut Text, variables: &[Variable]) {
    type Value = fn(&Variable) -> Option<f64>;
    let metrics: [(&str, &str, &str, Value); 6] = [
        ("limbeck_step_psnr_decibels", "gauge", "Quality of the newest durable step's teachers.", |v| {
            v.newest.as_ref().map(|r| r.quality.psnr())
        }),
        ("limbeck_step_max_error", "gauge", "Largest error of the newest durable step's teachers.", |v| {
            v.newest.as_ref().map(|r| r.quality.max_error)
        }),
        ("limbeck_step_bytes", "gauge", "Teachers of the newest durable step.", |v| {
            v.newest.as_ref().map(|r| r.bytes as f64)
        }),
        ("limbeck_teacher_bytes_total", "counter", "Teachers of all durable steps.", |v| Some(v.bytes as f64)),
        ("limbeck_teacher_samples_total", "counter", "Training samples spent.", |v| Some(v.samples as f64)),
        ("limbeck_plain_blocks_total", "counter", "Blocks that no network was fitted to.", |v| {
            Some(v.plain_blocks as f64)
        }),
    ];
    for (name, kind, help, value) in metrics {
        t.metric(name, kind, help);
        for v in variables {
            if let Some(value) = value(v) {
                t.sample(name, &[("variable", &v.name)], value);
            }
        }
    }
    let name = "limbeck_teacher_seconds";
    t.metric(name, "histogram", "Time that workers spent on a step, all blocks together.");
    for v in variables {
        let mut steps = 0;
        let ends = SECONDS.iter().map(ToString::to_string).chain(["+Inf".into()]);
        for (end, n) in ends.zip(v.classes) {
            steps += n;
            t.sample(&format!("{name}_bucket"), &[("variable", &v.name), ("le", &end)], steps as f64);
        }
        t.sample(&format!("{name}_sum"), &[("variable", &v.name)], v.seconds);
        t.sample(&format!("{name}_count"), &[("variable", &v.name)], steps as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_numbers_spelt_as_prometheus_wants() {
        let mut t = Text(String::new());
        t.sample("a", &[("x", "\"q\" \\ \n"), ("y", "ü")], f64::INFINITY);
        t.sample("b", &[], f64::NAN);
        t.sample("c", &[], 12345678901234.5);
        assert_eq!(t.0, "a{x=\"\\\"q\\\" \\\\ \\n\",y=\"ü\"} +Inf\nb NaN\nc 12345678901234.5\n");
    }
}
