//! The tables of the page.

use limbeck_reader::{AxisCoordinates, State};
use maud::{Markup, html};

use crate::info::type_name;
use crate::originals::Comparison;
use crate::source::{Source, Variable, attribute_text, psnr};
use crate::table::{self, decibels, grouped, short, ssim_text};
use crate::view;

/// Rows of the table of steps; of more steps only every n-th is listed.
const MOST_ROWS: usize = 400;

/// How the quality is called that an archive has of itself.
pub const WHEN_MADE: &str = "when it was made";

/// A cell with a number.
fn number(text: impl AsRef<str>) -> Markup {
    html! { td.n { (text.as_ref()) } }
}

/// PSNR of a variable in the archive, and against what it was measured: the originals if they are there, else what the archive says of
/// itself.
pub fn quality(
    source: &Source,
    compared: &[(String, Comparison)],
    index: usize,
    variable: &Variable,
) -> Option<(f64, &'static str)> {
    if let Some((_, result)) = compared.iter().find(|(name, _)| *name == variable.name) {
        return Some((result.summary.total.psnr(), "against the originals"));
    }
    let name = &source.info().variables.get(index)?.name;
    let of_segments = source.info().segments.iter().filter(|s| s.variable == *name).filter_map(|s| s.psnr);
    if let Some(least) = of_segments.reduce(f32::min) {
        return Some((f64::from(least), WHEN_MADE));
    }
    let of_steps = source.measured(variable).map(psnr).filter(|db| db.is_finite());
    of_steps.reduce(f64::min).map(|least| (least, "of the worst step when handed in"))
}

/// All variables with their axes.
pub fn variables(source: &Source, variables: &[Variable]) -> Markup {
    let axis = |v: &Variable, i: usize| {
        let label = view::axis_label(v, &view::whole(v, 1, usize::MAX), i);
        let place = match v.axes.get(i).map(|a| &a.coordinates) {
            None | Some(AxisCoordinates::Index) => "index".to_string(),
            Some(_) => format!("{} to {}", short(label.ends.0), short(label.ends.1)),
        };
        format!("{}: {place}", label.name)
    };
    html! {
        div.wide { table.variables {
            thead { tr { th { "name" } th { "units" } th { "type" } th { "shape" } th { "axes" } th.n { "blocks" } th.n { "bytes" } } }
            tbody {
                @for (v, info) in variables.iter().zip(&source.info().variables) {
                    tr {
                        td.t { (v.name) }
                        td { (source.units(v).unwrap_or("-")) }
                        td { (type_name(v)) }
                        td { (table::shape(&v.shape)) }
                        td.t { (view_axes(v, axis)) }
                        (number(info.blocks.to_string())) (number(grouped(info.payload_bytes)))
                    }
                }
            }
        } }
    }
}

fn view_axes(variable: &Variable, axis: impl Fn(&Variable, usize) -> String) -> String {
    (0..variable.shape.len()).map(|i| axis(variable, i)).collect::<Vec<_>>().join("; ")
}

/// What the comparison with originals gave.
pub fn compared(compared: &[(String, Comparison)]) -> Markup {
    html! {
        div.wide { table.compared {
            thead { tr {
                th { "variable" } th.n { "steps" } th.n { "PSNR dB" } th.n { "of the worst step" }
                th.n { "largest error" } th.n { "SSIM, mean" }
            } }
            tbody {
                @for (name, Comparison { steps, summary, .. }) in compared {
                    tr {
                        td.t { (name) }
                        (number(steps.len().to_string())) (number(decibels(summary.total.psnr())))
                        (number(decibels(summary.psnr_min))) (number(short(summary.total.max_error)))
                        (number(ssim_text(summary.ssim_mean)))
                    }
                }
            }
        } }
    }
}

/// The networks of an archive.
pub fn networks(source: &Source) -> Markup {
    let segments = &source.info().segments;
    html! {
        @if !segments.is_empty() {
            section {
                h2 { "Networks" }
                div.wide { table.networks {
                    thead { tr { th { "variable" } th { "steps" } th { "method" } th { "network" } th.n { "bytes" } th.n { "PSNR dB when made" } } }
                    tbody {
                        @for s in segments.iter().take(MOST_ROWS) {
                            tr {
                                td.t { (s.variable) }
                                td { (s.first_step) " to " ((s.first_step + s.step_count).saturating_sub(1)) }
                                td { (s.method) }
                                td.t { (s.description) }
                                (number(grouped(s.bytes))) (number(s.psnr.map_or("-".into(), |p| decibels(f64::from(p)))))
                            }
                        }
                    }
                } }
                @if segments.len() > MOST_ROWS { p.note { "and " (segments.len() - MOST_ROWS) " more" } }
            }
        }
    }
}

/// All steps: when they were, how they can be read, and what was measured.
pub fn steps(source: &Source, compared: &[(String, Comparison)]) -> Markup {
    let steps = source.dataset().steps();
    let quality = &source.info().quality;
    let mut rows: Vec<[String; 9]> = Vec::new();
    let names = source.dataset().variables();
    let every = (steps.len() * names.len().max(1)).div_ceil(MOST_ROWS).max(1);
    for step in steps.iter().step_by(every) {
        let state = match &step.state {
            State::Present => "whole",
            State::Interpolated => "interpolated",
            State::Missing(_) => "cannot be read",
        };
        let stamp = [step.index.to_string(), step.cycle.to_string(), short(step.time)];
        for (i, variable) in names.iter().enumerate() {
            let measured = quality.iter().find(|m| m.step == step.index && m.variable as usize == i);
            let against = compared.iter().find(|(name, _)| *name == variable.name);
            let decoded = against.and_then(|(_, c)| c.steps.iter().find(|m| m.step.index == step.index));
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
            let [index, cycle, time] = stamp.clone();
            rows.push([
                index,
                cycle,
                time,
                state.into(),
                variable.name.clone(),
                or_dash(decoded.map(|m| decibels(m.distortion.psnr()))),
                or_dash(measured.map(|m| decibels(psnr(m)))),
                or_dash(measured.map(|m| grouped(m.bytes))),
                or_dash(measured.map(|m| format!("{:.2}", m.train_seconds))),
            ]);
        }
    }
    // A column that nothing is known for only takes room.
    let shown = |column: usize| column < 5 || rows.iter().any(|r| r[column] != "-");
    let heads =
        ["step", "cycle", "time", "state", "variable", "PSNR dB", "PSNR when handed in", "journal bytes", "seconds"];
    let columns: Vec<usize> = (0..9).filter(|&c| shown(c)).collect();
    let is_number = |column: usize| !(3..=4).contains(&column);
    html! {
        section {
            h2 { "Steps" }
            @if steps.is_empty() { p { "No steps yet." } } @else {
                @if every > 1 { p.note { "Every " (every) "th of " (steps.len()) " steps; " code { "limbeck info --all" } " lists them all." } }
                div.wide.long tabindex="0" { table.steps {
                    thead { tr { @for &c in &columns { th.n[is_number(c)] { (heads[c]) } } } }
                    tbody {
                        @for row in &rows { tr { @for &c in &columns { td.n[is_number(c)] { (row[c]) } } } }
                    }
                } }
            }
        }
    }
}

/// What the user said about run and variables.
pub fn attributes(source: &Source, variables: &[Variable]) -> Markup {
    let of_run = source.dataset().attributes().iter().map(|(name, value)| ("run".to_string(), name, value));
    let of_variables = variables.iter().zip(source.dataset().variables());
    let of_variables = of_variables.flat_map(|(v, d)| d.attributes.iter().map(|(n, a)| (v.name.clone(), n, a)));
    let all: Vec<_> = of_run.chain(of_variables).collect();
    html! {
        @if !all.is_empty() {
            section {
                h2 { "Attributes" }
                div.wide { table.attributes {
                    thead { tr { th { "of" } th { "name" } th { "value" } } }
                    tbody {
                        @for (of, name, value) in all { tr { td.t { (of) } td.t { (name) } td.t { (attribute_text(value)) } } }
                    }
                } }
            }
        }
    }
}

/// What is damaged or left out.
pub fn faults(source: &Source, remarks: &[String]) -> Markup {
    let missing = source.dataset().steps().iter().filter_map(|s| match &s.state {
        State::Missing(why) => Some(format!("step {} cannot be read: {why}", s.index)),
        _ => None,
    });
    let mut all: Vec<String> = missing.chain(source.info().faults.iter().cloned()).collect();
    if source.info().times_rounded {
        all.push("times were rounded when the archive was written".into());
    }
    all.extend(remarks.iter().cloned());
    html! {
        @if !all.is_empty() {
            section {
                h2 { "Remarks" }
                ul { @for text in all.iter().take(MOST_ROWS) { li { (text) } } }
                @if all.len() > MOST_ROWS { p.note { "and " (all.len() - MOST_ROWS) " more" } }
            }
        }
    }
}

/// The options that the run was made with.
pub fn options(source: &Source) -> Markup {
    html! {
        section {
            h2 { "Options" }
            @match &source.info().options {
                Some(text) if !text.trim().is_empty() => pre { (text.trim()) },
                Some(_) => p { "All at their defaults." },
                None => p { "Not kept." },
            }
        }
    }
}
