//! `limbeck report`: an archive or an unfinished run on one HTML page that needs nothing beside it.

mod pictures;
mod style;
mod tables;

use std::path::PathBuf;

use clap::Args;
use limbeck_picture::{Chart, Curve, Ink};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::json;

use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::info::about_steps;
use crate::input::{FormatArgs, refuse_same};
use crate::interrupt;
use crate::originals::{self, Comparison};
use crate::output::{Pending, publish};
use crate::plot;
use crate::source::{Source, Variable, ratio};
use crate::table::{decibels, grouped};
use pictures::Figure;

/// Units across and down of a chart.
const CHART: [usize; 2] = [860, 230];

/// What `report` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// HTML page to write; by default the archive's name with .html
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// The values handed in, for what only they can tell: FILE... for an archive with one variable, or NAME=FILE...
    #[arg(long, num_args = 1.., value_name = "FILE")]
    original: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
    /// No pictures: nothing is decoded
    #[arg(long)]
    no_pictures: bool,
}

/// Everything that stands on the page.
struct Page<'a> {
    source: &'a Source,
    variables: &'a [Variable],
    compared: &'a [(String, Comparison)],
    figures: &'a [Figure],
    comparisons: &'a [Figure],
    remarks: &'a [String],
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let output = arguments.output.clone().unwrap_or_else(|| plot::beside(&arguments.path, "html"));
    if !output.extension().is_some_and(|e| e.eq_ignore_ascii_case("html") || e.eq_ignore_ascii_case("htm")) {
        return Err(Failure::Usage(format!("{} does not end with .html", output.display())));
    }
    let source = Source::open(&arguments.path)?;
    refuse_same(&arguments.path, &output)?;
    let variables = source.variables()?;
    let mut pairs = match arguments.original.is_empty() {
        true => Vec::new(),
        false => originals::pairs(&arguments.original, &arguments.format, &source)?,
    };
    let mut file = Pending::create(&output)?;
    interrupt::listen()?;

    let mut compared = Vec::new();
    if !pairs.is_empty() {
        let steps = source.select_steps(None)?;
        originals::check_steps(&pairs, &steps, steps.len(), console)?;
        let progress = console.progress("comparing", (pairs.len() * steps.len()) as u64, "steps");
        for (i, pair) in pairs.iter_mut().enumerate() {
            let result = pair.measure(&source, &steps, &progress, (i * steps.len()) as u64)?;
            compared.push((pair.variable.name.clone(), result));
        }
        progress.finish();
    }
    let mut remarks = Vec::new();
    let (figures, comparisons) = match arguments.no_pictures {
        true => Default::default(),
        false => (
            pictures::draw(&source, &variables, console, &mut remarks)?,
            pictures::compare(&source, &mut pairs, &compared)?,
        ),
    };
    let page = Page {
        source: &source,
        variables: &variables,
        compared: &compared,
        figures: &figures,
        comparisons: &comparisons,
        remarks: &remarks,
    };
    let text = page.html()?.into_string();
    file.write(text.as_bytes())?;
    publish(vec![file.seal()?])?;

    let path = output.display().to_string();
    let names: Vec<&str> = variables.iter().map(|v| v.name.as_str()).collect();
    let drawn = figures.len() + comparisons.len();
    let document = json!({
        "files": [path], "bytes": text.len(), "variables": names, "pictures": drawn,
        "compared": compared.iter().map(|(name, _)| name).collect::<Vec<_>>(),
    });
    console.result(&format!("{path}: {drawn} pictures, {} bytes\n", grouped(text.len() as u64)), &document)
}

impl Page<'_> {
    fn html(&self) -> Result<Markup> {
        let source = self.source;
        let name = source.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let charts = self.charts()?;
        Ok(html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (name) " - limbeck" }
                    style { (PreEscaped(style::SHEET)) }
                }
                body {
                    header {
                        h1 { (name) }
                        (self.summary())
                        (self.tiles())
                    }
                    main {
                        section {
                            h2 { "Variables" }
                            (tables::variables(source, self.variables))
                        }
                        @if !self.figures.is_empty() { (self.pictures()) }
                        @if !charts.is_empty() {
                            section {
                                h2 { "Over the steps" }
                                @for (title, svg) in &charts {
                                    figure.chart {
                                        figcaption { (title) }
                                        div role="img" aria-label={ "curves over the steps: " (title) } { (PreEscaped(svg)) }
                                    }
                                }
                            }
                        }
                        (self.against_originals())
                        (tables::networks(source))
                        (tables::steps(source, self.compared))
                        (tables::attributes(source, self.variables))
                        (tables::faults(source, self.remarks))
                        (tables::options(source))
                    }
                    footer { "Made by limbeck " (env!("CARGO_PKG_VERSION")) ". This page needs no other file and no network." }
                }
            }
        })
    }

    fn summary(&self) -> Markup {
        let info = self.source.info();
        let kind = if info.finished { "An archive" } else { "An unfinished run" };
        let steps = about_steps(self.source.dataset().steps(), info.finished);
        html! {
            p.lead { (kind) ", written by limbeck " (info.limbeck_version) ": " (steps.trim_end()) "." }
            @if !info.finished {
                p { "Make an archive of it with " code { "limbeck distill" } "." }
            }
        }
    }

    /// The numbers that matter most.
    fn tiles(&self) -> Markup {
        let size = self.source.size();
        let mut tiles = vec![
            ("ratio".to_string(), ratio(size.ratio())),
            ("bytes on disk".into(), grouped(size.file_bytes)),
            ("bytes as float32".into(), grouped(size.float32_bytes)),
        ];
        for (i, variable) in self.variables.iter().enumerate().take(6) {
            let of = if self.variables.len() > 1 { format!(" of {}", variable.name) } else { String::new() };
            if let Some((db, how)) = tables::quality(self.source, self.compared, i, variable) {
                tiles.push((format!("dB PSNR{of}, {how}"), decibels(db)));
            }
        }
        let of_itself = tiles.iter().any(|(name, _)| name.ends_with(tables::WHEN_MADE));
        html! {
            dl.tiles {
                @for (name, value) in tiles { div { dt { (name) } dd { (value) } } }
            }
            @if of_itself {
                p.note {
                    "The quality was measured when the archive was made, against what had been kept of the steps; "
                    code { "limbeck report --original" } " measures it against the data."
                }
            }
        }
    }

    fn pictures(&self) -> Markup {
        html! {
            section {
                h2 { "Pictures" }
                @for variable in self.variables {
                    @let figures: Vec<_> = self.figures.iter().filter(|f| f.variable == variable.name).collect();
                    @if !figures.is_empty() {
                        h3 { (variable.name) }
                        div.figures {
                            @for figure in figures {
                                (figure.html())
                            }
                        }
                    }
                }
            }
        }
    }

    /// What only the originals tell; nothing where there are none.
    fn against_originals(&self) -> Markup {
        html! {
            @if !self.compared.is_empty() {
                section {
                    h2 { "Against the originals" }
                    (tables::compared(self.compared))
                    @for figure in self.comparisons { div.figures.whole { (figure.html()) } }
                }
            }
        }
    }

    /// Titles and SVG documents.
    fn charts(&self) -> Result<Vec<(String, String)>> {
        let mut charts = Vec::new();
        let curves = self.compared.iter().map(|(name, result)| Curve {
            name: name.clone(),
            points: result.steps.iter().map(|m| (m.step.index as f64, m.distortion.psnr())).collect(),
        });
        let compared = Chart {
            title: String::new(),
            across: "step".into(),
            up: "PSNR, dB".into(),
            curves: curves.collect(),
            from_zero: false,
            whole: true,
            range: None,
        };
        if compared.has_points() {
            charts.push(("PSNR of the decoded steps against the originals".to_string(), compared));
        }
        charts.extend(plot::charts(self.source, self.variables).into_iter().map(|c| (c.up.clone(), c)));
        charts
            .into_iter()
            // The caption says what the axis shows.
            .map(|(title, chart)| (title, Chart { up: String::new(), ..chart }))
            .map(|(title, chart)| Ok((title, Chart::svg(&[chart], CHART, Ink::OfPage)?)))
            .collect()
    }
}
