//! `limbeck info`: what an archive or an unfinished run holds.

use std::path::PathBuf;

use clap::Args;
use limbeck_field::ElementType;
use limbeck_reader::{AxisCoordinates, State, Step};
use serde_json::{Value, json};

use crate::console::Console;
use crate::document::number;
use crate::failure::Result;
use crate::source::{Source, Variable, attribute_document, attribute_text, psnr};
use crate::table::{self, Table, decibels, grouped, short};

/// Rows of the table of steps that are shown without `--all`.
const SHOWN: usize = 32;

/// What `info` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// List every step, however many there are
    #[arg(long, short)]
    all: bool,
    /// Show the options that the run was made with
    #[arg(long)]
    options: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let source = Source::open(&arguments.path)?;
    let variables = source.variables()?;
    let sections = [
        heading(&source),
        about_variables(&source, &variables),
        segments(&source),
        steps(&source, arguments.all),
        lost(&source),
        if arguments.options { options(&source) } else { String::new() },
    ];
    let text = sections.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join("\n");
    console.result(&text, &document(&source, &variables))
}

fn heading(source: &Source) -> String {
    let (info, dataset) = (source.info(), source.dataset());
    let state = if info.finished { "archive" } else { "unfinished run, make an archive of it with `limbeck distill`" };
    let mut text = format!("{}\n{state}, format {}", source.size().sentence(source.path()), info.format_version);
    text.push_str(&format!(", written by limbeck {}\n", info.limbeck_version));
    let steps = dataset.steps();
    text.push_str(&about_steps(steps, info.finished));
    for (name, value) in dataset.attributes() {
        text.push_str(&format!("{name}: {}\n", attribute_text(value)));
    }
    text
}

/// How many there are, how many of them are whole, and what they cover.
pub fn about_steps(steps: &[Step], finished: bool) -> String {
    let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return "no steps yet\n".into() };
    let n = steps.len();
    let whole = steps.iter().filter(|s| matches!(s.state, State::Present)).count();
    let number = match (whole == n, finished) {
        (true, _) if n == 1 => "1 step".to_string(),
        (true, _) => format!("{n} steps"),
        (false, true) => format!("{n} steps, {} of them interpolated", n - whole),
        (false, false) => format!("{whole} whole of {n} begun steps"),
    };
    let (t0, t1) = (short(first.time), short(last.time));
    match n {
        1 => format!("{number}: cycle {}, t = {t0}\n", first.cycle),
        _ => format!("{number}: cycles {} to {}, t = {t0} to {t1}\n", first.cycle, last.cycle),
    }
}

/// Type of a variable's values.
pub fn type_name(variable: &Variable) -> &'static str {
    match variable.element_type {
        ElementType::Float32 => "float32",
        ElementType::Float64 => "float64",
    }
}

fn about_variables(source: &Source, variables: &[Variable]) -> String {
    let mut list = Table::new(&["variable", "type", "shape", "blocks", "payload bytes"]);
    for (variable, info) in variables.iter().zip(&source.info().variables) {
        list.row(vec![
            variable.name.clone(),
            type_name(variable).into(),
            table::shape(&variable.shape),
            info.blocks.to_string(),
            grouped(info.payload_bytes),
        ]);
    }
    let mut text = list.text(0);
    for (variable, description) in variables.iter().zip(source.dataset().variables()) {
        for (i, axis) in variable.axes.iter().enumerate() {
            let place = match &axis.coordinates {
                AxisCoordinates::Index => "index".to_string(),
                AxisCoordinates::Uniform { origin, spacing } => {
                    format!("from {} by {}", short(*origin), short(*spacing))
                }
                AxisCoordinates::Explicit(points) => {
                    let ends = [points.first(), points.last()].map(|p| short(p.copied().unwrap_or_default()));
                    format!("{} to {}, {} points", ends[0], ends[1], points.len())
                }
            };
            let unit = if axis.units.is_empty() { String::new() } else { format!(" {}", axis.units) };
            let name = if axis.name.is_empty() { i.to_string() } else { axis.name.clone() };
            text.push_str(&format!("  {}, axis {name}: {place}{unit}\n", variable.name));
        }
        for (name, value) in &description.attributes {
            text.push_str(&format!("  {}, {name}: {}\n", variable.name, attribute_text(value)));
        }
    }
    text
}

fn segments(source: &Source) -> String {
    let mut list = Table::new(&["segment", "steps", "method", "bytes", "PSNR dB", "max error", "network"]);
    for s in &source.info().segments {
        list.row(vec![
            s.variable.clone(),
            format!("{} to {}", s.first_step, (s.first_step + s.step_count).saturating_sub(1)),
            s.method.clone(),
            grouped(s.bytes),
            s.psnr.map_or("-".into(), |p| decibels(f64::from(p))),
            s.max_error.map_or("-".into(), |e| short(f64::from(e))),
            s.description.clone(),
        ]);
    }
    if list.is_empty() { String::new() } else { list.text(0) }
}

fn steps(source: &Source, all: bool) -> String {
    let rows = &source.info().quality;
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["step", "cycle", "time", "variable", "PSNR dB", "max error", "bytes", "seconds", "queued"];
    let mut list = Table::new(&heads);
    let hidden = if all || rows.len() <= SHOWN { 0..0 } else { SHOWN / 2..rows.len() - SHOWN / 2 };
    for (i, m) in rows.iter().enumerate() {
        if hidden.contains(&i) {
            if i == hidden.start {
                list.row(vec!["...".into()]);
            }
            continue;
        }
        let stamp = source.dataset().step(m.step).ok();
        list.row(vec![
            m.step.to_string(),
            stamp.map_or("-".into(), |s| s.cycle.to_string()),
            stamp.map_or("-".into(), |s| short(s.time)),
            source.dataset().variables().get(m.variable as usize).map_or("?".into(), |v| v.name.clone()),
            decibels(psnr(m)),
            short(m.quality.max_error),
            grouped(m.bytes),
            format!("{:.2}", m.train_seconds),
            m.queue_depth.to_string(),
        ]);
    }
    let more = match hidden.len() {
        0 => String::new(),
        n => format!("{n} more rows with --all\n"),
    };
    format!("when the steps were handed in (teachers):\n{}{more}", list.text(0))
}

fn lost(source: &Source) -> String {
    let mut text = String::new();
    for step in source.dataset().steps() {
        match &step.state {
            State::Present => {}
            State::Interpolated => text.push_str(&format!(
                "step {} (cycle {}) was dropped or lost; reading it interpolates its neighbours\n",
                step.index, step.cycle
            )),
            State::Missing(why) => {
                text.push_str(&format!("step {} (cycle {}) cannot be read: {why}\n", step.index, step.cycle));
            }
        }
    }
    for fault in &source.info().faults {
        text.push_str(&format!("{fault}\n"));
    }
    if source.info().times_rounded {
        text.push_str("times were rounded when the archive was written\n");
    }
    text
}

fn options(source: &Source) -> String {
    match &source.info().options {
        Some(text) if !text.trim().is_empty() => format!("options:\n{text}"),
        Some(_) => "options: all at their defaults\n".into(),
        None => "options: not kept\n".into(),
    }
}

fn document(source: &Source, variables: &[Variable]) -> Value {
    let (info, dataset) = (source.info(), source.dataset());
    let described = variables.iter().zip(dataset.variables()).zip(&info.variables);
    let variables = described.map(|((v, description), info)| {
        let attributes = description.attributes.iter().map(|(n, a)| (n.clone(), attribute_document(a)));
        json!({
            "name": v.name, "type": type_name(v), "shape": v.shape, "blocks": info.blocks,
            "payload_bytes": info.payload_bytes,
            "attributes": attributes.collect::<serde_json::Map<_, _>>(),
            "axes": v.axes.iter().map(axis_document).collect::<Vec<_>>(),
        })
    });
    let variables: Value = variables.collect();
    let segments = info.segments.iter().map(|s| {
        json!({
            "variable": s.variable, "first_step": s.first_step, "step_count": s.step_count, "method": s.method,
            "bytes": s.bytes, "psnr": s.psnr.map(f64::from).map(number),
            "max_error": s.max_error.map(f64::from).map(number), "description": s.description,
        })
    });
    let segments: Value = segments.collect();
    let attributes = dataset.attributes().iter().map(|(n, a)| (n.clone(), attribute_document(a)));
    let mut document = source.size().document();
    let more = json!({
        "path": source.path().display().to_string(),
        "finished": info.finished,
        "format_version": info.format_version,
        "limbeck_version": info.limbeck_version,
        "attributes": attributes.collect::<serde_json::Map<_, _>>(),
        "variables": variables,
        "segments": segments,
        "whole_steps": dataset.steps().iter().filter(|s| matches!(s.state, State::Present)).count(),
        "steps": dataset.steps().iter().map(|s| step_document(s, source)).collect::<Vec<_>>(),
        "faults": info.faults,
        "times_rounded": info.times_rounded,
        "options": info.options,
    });
    crate::document::extend(&mut document, more);
    document
}

fn axis_document(axis: &limbeck_reader::Axis) -> Value {
    let coordinates = match &axis.coordinates {
        AxisCoordinates::Index => Value::Null,
        AxisCoordinates::Uniform { origin, spacing } => json!({"origin": origin, "spacing": spacing}),
        AxisCoordinates::Explicit(points) => json!(points),
    };
    json!({"name": axis.name, "units": axis.units, "coordinates": coordinates})
}

fn step_document(step: &Step, source: &Source) -> Value {
    let measured = source.info().quality.iter().filter(|m| m.step == step.index).map(|m| {
        json!({
            "variable": source.dataset().variables().get(m.variable as usize).map(|v| &v.name),
            "psnr": number(psnr(m)), "max_error": number(m.quality.max_error), "bytes": m.bytes,
            "samples": m.samples, "train_seconds": m.train_seconds, "host_seconds": m.host_seconds,
            "queue_bytes": m.queue_bytes, "queue_depth": m.queue_depth,
        })
    });
    let (state, why) = match &step.state {
        State::Present => ("present", None),
        State::Interpolated => ("interpolated", None),
        State::Missing(why) => ("missing", Some(why)),
    };
    json!({
        "step": step.index, "cycle": step.cycle, "time": number(step.time), "state": state, "why": why,
        "teachers": measured.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_steps_are_told_apart_from_whole_ones() {
        let step = |index: u64, state: State| Step { index, cycle: 10 * index as i64, time: 0.5, state };
        let torn = || State::Missing("torn".into());
        let text = |steps: &[Step], finished| about_steps(steps, finished).trim_end().to_string();
        assert_eq!(text(&[], false), "no steps yet");
        assert_eq!(text(&[step(0, State::Present)], true), "1 step: cycle 0, t = 0.5");
        let run = [step(0, State::Present), step(1, State::Present), step(2, torn())];
        assert_eq!(text(&run, false), "2 whole of 3 begun steps: cycles 0 to 20, t = 0.5 to 0.5");
        assert_eq!(text(&[step(0, torn())], false), "0 whole of 1 begun steps: cycle 0, t = 0.5");
        let archive = [step(0, State::Present), step(1, State::Interpolated)];
        assert_eq!(text(&archive, true), "2 steps, 1 of them interpolated: cycles 0 to 10, t = 0.5 to 0.5");
    }
}
