//! `limbeck plot`: what was measured of the steps, as curves.

use std::path::{Path, PathBuf};

use clap::Args;
use limbeck_picture::{Chart, Curve, Ink};
use limbeck_reader::StepMetrics;
use serde_json::json;

use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::input::refuse_same;
use crate::output::{Pending, publish};
use crate::source::{Source, Variable, psnr};

/// Pixels across and down of each of the charts.
const SIZE: [usize; 2] = [960, 320];

/// What `plot` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// Variables to plot; all if not given
    #[arg(long, short, value_name = "NAME")]
    variable: Vec<String>,
    /// File to write: .svg or .png; by default the archive's name with .svg
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// Kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Svg,
    Png,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let output = arguments.output.clone().unwrap_or_else(|| beside(&arguments.path, "svg"));
    let format = format_of(&output)?;
    let source = Source::open(&arguments.path)?;
    refuse_same(&arguments.path, &output)?;
    let variables = source.select(&arguments.variable)?;
    let charts = charts(&source, &variables);
    if charts.is_empty() {
        let path = source.path().display();
        return Err(Failure::Archive(format!(
            "{path} holds no measurements of its steps, which small archives leave out: plot the journal directory of the run"
        )));
    }
    let mut file = Pending::create(&output)?;
    match format {
        Format::Svg => file.write(Chart::svg(&charts, SIZE, Ink::OnWhite)?.as_bytes())?,
        Format::Png => Chart::canvas(&charts, SIZE)?.write_png(&mut file)?,
    }
    publish(vec![file.seal()?])?;
    let path = output.display().to_string();
    let names: Vec<&str> = variables.iter().map(|v| v.name.as_str()).collect();
    let titles: Vec<&str> = charts.iter().map(|c| c.up.as_str()).collect();
    let document = json!({"files": [path], "variables": names, "charts": titles});
    console.result(&format!("{}: {}\n{path}\n", names.join(", "), titles.join("; ")), &document)
}

/// `dir/run.lbk` and `dir/run.lbk.d` -> `dir/run.EXTENSION`
pub fn beside(path: &Path, extension: &str) -> PathBuf {
    let path = if path.extension().is_some_and(|e| e == "d") { path.with_extension("") } else { path.to_path_buf() };
    path.with_extension(extension)
}

fn format_of(path: &Path) -> Result<Format> {
    match path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase().as_str() {
        "svg" => Ok(Format::Svg),
        "png" => Ok(Format::Png),
        _ => Err(Failure::Usage(format!("{} does not end with .svg or .png", path.display()))),
    }
}

/// Quality, bytes and seconds over the steps, as far as they were measured.
pub fn charts(source: &Source, variables: &[Variable]) -> Vec<Chart> {
    let chart = |up: &str, from_zero: bool, value: fn(&StepMetrics) -> f64| Chart {
        title: String::new(),
        across: "step".into(),
        up: up.into(),
        curves: variables
            .iter()
            .map(|v| Curve {
                name: v.name.clone(),
                points: source.measured(v).map(|m| (m.step as f64, value(m))).collect(),
            })
            .collect(),
        from_zero,
        whole: true,
        range: None,
    };
    let all = [
        chart("PSNR when handed in, dB", false, psnr),
        chart("bytes in the journal", true, |m| m.bytes as f64),
        chart("seconds of training", true, |m| f64::from(m.train_seconds)),
    ];
    all.into_iter().filter(Chart::has_points).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plots_lie_beside_their_runs() {
        assert_eq!(beside(Path::new("a/run.lbk"), "svg"), Path::new("a/run.svg"));
        assert_eq!(beside(Path::new("a/run.lbk.d"), "svg"), Path::new("a/run.svg"));
    }
}
