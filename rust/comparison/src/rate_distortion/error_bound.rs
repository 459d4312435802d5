//! limbeck and SZ3 on the same series with the same bound on the error of every value.

use std::path::{Path, PathBuf};

use super::contender::{Layout, Process, through_session};
use super::curve::Run;
use super::measure::Original;
use super::{rivals_are_there, stem};
use crate::npy::Series;
use crate::report::{Report, number};
use crate::{Error, Result};

/// What a comparison with equal bounds was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// .npy series, float32 or float64, C order, time first, then one to three axes, slowest first.
    #[arg(required = true, value_name = "DATA.npy")]
    data: Vec<PathBuf>,
    /// Largest errors, as shares of the range of the series.
    #[arg(long, value_delimiter = ',', default_values_t = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0001])]
    bounds: Vec<f64>,
    /// The program that runs the other compressors (benches/rivals; without it limbeck is measured alone).
    #[arg(long, env = "LIMBECK_RIVALS", default_value = "limbeck-rivals")]
    rivals: PathBuf,
}

/// Runs the comparison; returns the tables.
pub fn run(o: &Options, options: &[(&str, &str)], report: &mut Report) -> Result<String> {
    let mut text = String::new();
    let rivals = rivals_are_there(&o.rivals, report);
    for path in &o.data {
        let original = Original::new(Series::read(path)?, None)?;
        let name = stem(path);
        text += &format!(
            "{name}, shape {:?}, values {} to {}\n\n| bound | limbeck: bytes | ratio | PSNR | largest error / bound | seconds | \
             SZ3 per step: bytes | SZ3 4D: bytes | limbeck / smaller SZ3 |\n|---|---|---|---|---|---|---|---|---|\n",
            original.series.shape, original.min, original.max
        );
        let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
        for &share in &o.bounds {
            let bound = share * (original.max - original.min);
            let own = within_bound(&original, &folder.path().join("series.lbk"), bound, options, report)?;
            let sz3 = |layout| Process::new(&o.rivals, "sz3", layout, folder.path(), &original)?.run(bound, &original);
            let others = if rivals { Some([sz3(Layout::Steps)?, sz3(Layout::Series)?]) } else { None };
            let bytes = |run: &Run| original.bytes as f64 / run.ratio;
            let f = &own.figures;
            text += &format!(
                "| {share} | {} | {} | {:.2} | {:.4} | {:.1} |",
                bytes(&own).round(),
                number(own.ratio),
                f.psnr,
                f.max_error / bound,
                f.encode_seconds
            );
            let figure = |what: &str| format!("bound.{name}.{share}.{what}");
            report.add(figure("limbeck.ratio"), own.ratio, "");
            report.add(figure("limbeck.psnr"), f.psnr, "dB");
            report.add(figure("limbeck.max_error"), f.max_error / bound, "bounds");
            report.add(figure("limbeck.seconds"), f.encode_seconds, "s");
            match &others {
                Some(others) => {
                    let best = others.iter().map(bytes).fold(f64::INFINITY, f64::min);
                    let [steps, series] = others.each_ref().map(|run| bytes(run).round());
                    text += &format!(" {steps} | {series} | {:.3} |\n", bytes(&own) / best);
                    report.add(figure("sz3.ratio"), others[0].ratio, "");
                    report.add(figure("sz3_4d.ratio"), others[1].ratio, "");
                    report.add(figure("bytes_by_sz3"), bytes(&own) / best, "");
                }
                None => text += " - | - | - |\n",
            }
        }
        text.push('\n');
    }
    Ok(text)
}

fn within_bound(
    original: &Original,
    archive: &Path,
    bound: f64,
    options: &[(&str, &str)],
    report: &Report,
) -> Result<Run> {
    let run = through_session(original, archive, ("target.max_error", &bound.to_string()), options)?;
    let f = &run.figures;
    if f.max_error > bound {
        return Err(Error::Setup(format!("a value is off by {}, and the bound is {bound}", f.max_error)));
    }
    report.say(&format!(
        "limbeck bound {bound:.4e}  ratio {:9.1}  {:6.2} dB  {:7.2} s",
        run.ratio, f.psnr, f.encode_seconds
    ));
    Ok(run)
}
