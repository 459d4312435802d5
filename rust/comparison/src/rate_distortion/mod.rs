//! limbeck and other compressors on the same series at the same ratios, or with the same bound on the error.

mod contender;
mod curve;
pub mod error_bound;
mod isosurface;
mod kmeans;
mod measure;
mod neurcomp;
mod plot;
mod search;
mod table;

use std::ops::Range;
use std::path::{Path, PathBuf};

use contender::{CONTENDERS, Contender, Kind, Setting};
use curve::Curve;
use measure::Original;
use table::Entry;

use crate::npy::Series;
use crate::report::Report;
use crate::{Error, Result};

/// What a comparison at equal ratios was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// .npy series, float32 or float64, C order, time first, then one to three axes, slowest first.
    #[arg(required = true, value_name = "DATA.npy")]
    data: Vec<PathBuf>,
    /// Ratios to compare at: bytes as float32 over bytes on the disk.
    #[arg(long, value_delimiter = ',', default_values_t = [100.0, 300.0, 500.0, 1000.0, 2000.0, 4000.0, 10000.0])]
    ratios: Vec<f64>,
    /// Steps A to B (without B) or one step.
    #[arg(long, value_name = "A:B", value_parser = steps)]
    steps: Option<Range<usize>>,
    /// Value of the isosurface on the middle step; the middle of its range by default.
    #[arg(long)]
    isovalue: Option<f64>,
    /// Contenders by name; all by default.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    only: Vec<String>,
    /// Other networks too: the paper's own preset, plain SIREN trained like it, residual networks, and a student of the data. Slow.
    #[arg(long)]
    learned: bool,
    /// Most runs of each of the other compressors, which find the ratios by their error bounds.
    #[arg(long, default_value_t = 20)]
    runs: usize,
    /// The program that runs the other compressors (benches/rivals; without it limbeck is measured alone).
    #[arg(long, env = "LIMBECK_RIVALS", default_value = "limbeck-rivals")]
    rivals: PathBuf,
    /// Draw PSNR over ratio into this SVG file.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
}

/// Runs the comparison; returns the tables.
pub fn run(o: &Options, options: &[(&str, &str)], report: &mut Report) -> Result<String> {
    let mut ratios = o.ratios.clone();
    ratios.sort_by(f64::total_cmp);
    if ratios.iter().any(|r| !(r.is_finite() && *r > 1.0)) {
        return Err(Error::Setup(format!("--ratios {ratios:?}: numbers above 1 are wanted")));
    }
    let setting = Setting { ratios: &ratios, options, rivals: &o.rivals, runs: o.runs };
    let mut contenders = chosen(&o.only, o.learned)?;
    if o.only.is_empty() && !rivals_are_there(&o.rivals, report) {
        contenders.retain(|c| c.kind != Kind::Classical);
    }
    let mut compared = Vec::new();
    let mut text = String::new();
    for path in &o.data {
        let series = Series::read(path)?;
        let steps = o.steps.clone().unwrap_or(0..series.steps());
        let original = Original::new(series.part(steps)?, o.isovalue)?;
        let name = stem(path);
        let title = format!("{name}, shape {:?}", original.series.shape);
        let line = format!(
            "{title}, values {} to {}, isosurface {} on step {}",
            original.min, original.max, original.isovalue, original.surface_step
        );
        report.say(&line);
        let mut entries = Vec::new();
        for contender in contenders.iter().filter(|c| c.applies(original.series.steps())) {
            let curve = Curve::new(contender.name, contender.run(&original, &setting, report)?);
            entries.push(Entry { contender: *contender, curve });
        }
        let prefix = if o.data.len() > 1 { format!("rd.{name}") } else { "rd".to_owned() };
        table::report(&prefix, &entries, &ratios, report);
        text += &format!("{line}\n\n{}\n", table::markdown(&entries, &ratios));
        compared.push((title, entries));
    }
    if let Some(path) = &o.plot {
        let pictures: Vec<_> = compared.iter().map(|(title, entries)| plot::Picture { title, entries }).collect();
        plot::write(path, &pictures, &ratios)?;
    }
    Ok(text)
}

/// Whether the program with the other compressors can be started.
fn rivals_are_there(program: &Path, report: &Report) -> bool {
    let mut command = std::process::Command::new(program);
    let there = command.arg("--version").output().is_ok_and(|output| output.status.success());
    if !there {
        report.say(&format!("{} is not there (it is in benches/rivals): limbeck is measured alone", program.display()));
    }
    there
}

fn chosen(only: &[String], learned: bool) -> Result<Vec<Contender>> {
    let names = || CONTENDERS.iter().map(|c| c.name);
    if let Some(unknown) = only.iter().find(|wanted| !names().any(|name| name == wanted.as_str())) {
        let known = names().collect::<Vec<_>>().join(", ");
        return Err(Error::Setup(format!("--only {unknown}: must be some of {known}")));
    }
    let usual = |c: &&Contender| only.is_empty() && (learned || c.kind != Kind::Learned);
    Ok(CONTENDERS.iter().filter(|c| usual(c) || only.iter().any(|name| name == c.name)).copied().collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}

/// `A:B` or a single step.
fn steps(text: &str) -> std::result::Result<Range<usize>, String> {
    let number = |text: &str| text.trim().parse::<usize>().map_err(|_| "A:B or a step is wanted".to_owned());
    match text.split_once(':') {
        Some((a, b)) => Ok(number(a)?..number(b)?),
        None => number(text).map(|step| step..step + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_a_range_or_one() {
        assert_eq!((steps("2:5"), steps("3")), (Ok(2..5), Ok(3..4)));
        assert!(steps("x").is_err() && steps("1:").is_err());
    }

    #[test]
    fn contenders_are_chosen_by_name() {
        let names = |only: &[&str], learned| {
            let only: Vec<String> = only.iter().map(|s| (*s).to_owned()).collect();
            chosen(&only, learned).map(|c| c.iter().map(|c| c.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["sperr", "limbeck", "siren"], false).unwrap(), ["limbeck", "sperr", "siren"]);
        assert_eq!((names(&[], false).unwrap().len(), names(&[], true).unwrap().len()), (7, 12));
        assert!(names(&["zstd"], false).is_err());
    }
}
