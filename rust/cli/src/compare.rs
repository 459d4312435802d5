//! `limbeck compare`: decoded steps measured against the original ones, and a picture of them.

use std::path::PathBuf;

use clap::Args;
use limbeck_reader::State;
use serde_json::{Value, json};

use crate::compare_picture::{self, Shown};
use crate::console::Console;
use crate::document::extend;
use crate::failure::{Failure, Result};
use crate::input::{self, FormatArgs};
use crate::interrupt;
use crate::measure::Measured;
use crate::originals::{self, Comparison, Pair};
use crate::selection::Slice;
use crate::source::Source;
use crate::table::{self, Table, decibels, short, ssim_text};

/// What `compare` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// The values handed in: FILE... for an archive with one variable, or NAME=FILE... (several files of a variable
    /// follow each other in time)
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    original: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
    /// Steps to compare, as begin:end:every or one index; step i of the archive belongs to step i of the files
    #[arg(long, value_name = "A:B:C", allow_hyphen_values = true)]
    steps: Option<Slice>,
    /// Draw original, decoded and difference as a PNG file
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Step in the picture; by default the one with the smallest PSNR
    #[arg(long, value_name = "STEP", requires = "png")]
    png_step: Option<u64>,
    /// Where along the slowest axis of a 3D variable the picture is cut; by default in the middle
    #[arg(long, value_name = "INDEX", requires = "png")]
    png_slice: Option<usize>,
    /// End with exit code 1 if the PSNR over all steps of any variable is smaller
    #[arg(long, value_name = "DB")]
    require_psnr: Option<f64>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let source = Source::open(&arguments.path)?;
    let mut pairs = originals::pairs(&arguments.original, &arguments.format, &source)?;
    if let Some(png) = &arguments.png {
        input::refuse_same(&arguments.path, png)?;
    }
    let steps = source.select_steps(arguments.steps)?;
    originals::check_steps(&pairs, &steps, source.dataset().steps().len(), console)?;

    interrupt::listen()?;
    let progress = console.progress("comparing", (pairs.len() * steps.len()) as u64, "steps");
    let mut results = Vec::new();
    for (i, pair) in pairs.iter_mut().enumerate() {
        results.push(pair.measure(&source, &steps, &progress, (i * steps.len()) as u64)?);
    }
    progress.finish();

    if let Some(path) = &arguments.png {
        let shown = pairs.iter_mut().zip(&results).map(|(pair, result)| Shown {
            variable: &pair.variable,
            series: &mut pair.series,
            measured: &result.steps,
            step: arguments.png_step.unwrap_or(result.steps[result.summary.worst].step.index),
            slice: arguments.png_slice,
        });
        compare_picture::write(path, &source, shown.collect())?;
    }
    report(&source, &pairs, &results, arguments, console)?;
    let missing: usize = results.iter().map(|r| r.missing).sum();
    if missing > 0 {
        return Err(Failure::Degraded(format!("{missing} steps are missing in the archive and were not compared")));
    }
    verdict(arguments.require_psnr, &pairs, &results)
}

fn report(
    source: &Source,
    pairs: &[Pair],
    results: &[Comparison],
    arguments: &Arguments,
    console: &Console,
) -> Result<()> {
    let size = source.size();
    let mut text = String::new();
    let mut variables: Vec<Value> = Vec::new();
    for (pair, Comparison { steps: measured, summary, .. }) in pairs.iter().zip(results) {
        let name = &pair.variable.name;
        let mut steps = Table::new(&["step", "cycle", "time", "PSNR dB", "max error", "SSIM"]);
        for m in measured {
            steps.row(vec![
                m.step.index.to_string(),
                m.step.cycle.to_string(),
                short(m.step.time),
                decibels(m.distortion.psnr()),
                short(m.distortion.max_error),
                ssim_text(m.ssim),
            ]);
        }
        text.push_str(&format!("{name}, {}\n{}\n", table::shape(&pair.variable.shape), steps.text(2)));
        let interpolated = measured.iter().filter(|m| m.step.state == State::Interpolated);
        for m in interpolated {
            let step = m.step.index;
            text.push_str(&format!("  step {step} was dropped or lost in the run; its neighbours are interpolated\n"));
        }
        let mut document = summary.document();
        document["name"] = json!(name);
        document["steps"] = measured.iter().map(Measured::document).collect();
        variables.push(document);
    }
    let mut totals = Table::new(&["variable", "steps", "PSNR dB", "PSNR min dB", "max error", "SSIM mean"]);
    for (pair, Comparison { steps: measured, summary, .. }) in pairs.iter().zip(results) {
        totals.row(vec![
            pair.variable.name.clone(),
            measured.len().to_string(),
            decibels(summary.total.psnr()),
            decibels(summary.psnr_min),
            short(summary.total.max_error),
            ssim_text(summary.ssim_mean),
        ]);
    }
    text.push_str(&totals.text(0));
    text.push_str(&format!("\n{}\n", size.sentence(source.path())));
    if let Some(png) = &arguments.png {
        text.push_str(&format!("picture: {}\n", png.display()));
    }
    let mut document = size.document();
    let more = json!({
        "path": source.path().display().to_string(),
        "variables": variables,
        "png": arguments.png.as_ref().map(|p| p.display().to_string()),
    });
    extend(&mut document, more);
    console.result(&text, &document)
}

fn verdict(wanted: Option<f64>, pairs: &[Pair], results: &[Comparison]) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    for (pair, Comparison { summary, .. }) in pairs.iter().zip(results) {
        let psnr = summary.total.psnr();
        if psnr < wanted || psnr.is_nan() {
            let name = &pair.variable.name;
            return Err(Failure::NotReached(format!("variable {name:?}: {psnr:.2} dB, less than {wanted} dB")));
        }
    }
    Ok(())
}
