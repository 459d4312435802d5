//! Who is compared. A contender is added here: another codec of `limbeck-rivals`, or limbeck with other options.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::curve::Run;
use super::measure::Original;
use super::neurcomp;
use super::search::{Outcome, search};
use crate::report::Report;
use crate::roundtrip::{Archive, bytes_on_disk, compress};
use crate::{Error, Result};

/// A contender.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    /// Its name in figures, table and plot.
    pub name: &'static str,
    /// Who it is to be told apart from.
    pub kind: Kind,
    way: Way,
}

/// The sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// What this project is about.
    Limbeck,
    /// Codecs that fit nothing to the data: `best_classical` is the best of these.
    Classical,
    /// Other networks, in limbeck's code. They are slow and run only if asked for.
    Learned,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    /// Through a session into an archive, with these options over the caller's own.
    Session(&'static [(&'static str, &'static str)]),
    /// See `neurcomp`.
    NeurComp,
    /// Through `limbeck-rivals`.
    Rival {
        codec: &'static str,
        layout: Layout,
        /// Bounds are tried as powers of this: see `search`.
        base: f64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    /// Each step on its own.
    Steps,
    /// The series as one array.
    Series,
}

const fn rival(name: &'static str, codec: &'static str, layout: Layout, base: f64) -> Contender {
    Contender { name, kind: Kind::Classical, way: Way::Rival { codec, layout, base } }
}

const fn learned(name: &'static str, options: &'static [(&'static str, &'static str)]) -> Contender {
    Contender { name, kind: Kind::Learned, way: Way::Session(options) }
}

/// All of them.
pub const CONTENDERS: [Contender; 12] = [
    Contender { name: "limbeck", kind: Kind::Limbeck, way: Way::Session(&[]) },
    rival("sz3", "sz3", Layout::Steps, 1.05),
    rival("sz3_4d", "sz3", Layout::Series, 1.05),
    // Its tolerance is rounded to a power of two.
    rival("zfp", "zfp", Layout::Steps, 2.0),
    rival("sperr", "sperr", Layout::Steps, 1.05),
    rival("tthresh", "tthresh", Layout::Steps, 1.05),
    rival("tthresh_4d", "tthresh", Layout::Series, 1.05),
    // The paper's networks trained as the paper trains them, and sine networks of constant width in their place.
    learned("paper", &[("preset", "paper")]),
    // What a student could be if its teachers were perfect.
    learned("direct", &[("journal.steps", "streams"), ("distil.bytes", "8GiB")]),
    // Residual networks in limbeck's training: with 32-bit parameters, and clustered.
    learned("coordnet", &[("teacher.network", "residual"), ("student.network", "residual"), ("student.bits", "0")]),
    Contender { name: "neurcomp", kind: Kind::Learned, way: Way::NeurComp },
    learned("siren", &[("preset", "paper"), ("teacher.network", "siren"), ("student.network", "siren")]),
];

/// What a comparison runs with.
pub struct Setting<'a> {
    /// Ascending.
    pub ratios: &'a [f64],
    /// Options of sessions.
    pub options: &'a [(&'a str, &'a str)],
    /// The program `limbeck-rivals`.
    pub rivals: &'a Path,
    /// Most runs of a codec that can only be asked for an error.
    pub runs: usize,
}

impl Contender {
    /// Whether it differs from the others on a series of so many steps.
    pub fn applies(&self, steps: usize) -> bool {
        steps > 1 || !matches!(self.way, Way::Rival { layout: Layout::Series, .. })
    }

    /// Runs it as often as the ratios need. A run that fails is said and left out.
    pub fn run(&self, original: &Original, setting: &Setting<'_>, report: &Report) -> Result<Vec<Run>> {
        let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
        match self.way {
            Way::Session(preset) => {
                let options: Vec<(&str, &str)> = setting.options.iter().chain(preset).copied().collect();
                self.at_each_ratio(setting, report, |ratio| {
                    let archive = folder.path().join("series.lbk");
                    through_session(original, &archive, ("target.ratio", &ratio.to_string()), &options)
                })
            }
            Way::NeurComp => {
                let effort = setting.options.iter().rfind(|(key, _)| *key == "effort").map_or("1", |o| o.1);
                let effort: f64 = effort.parse().map_err(|_| Error::Setup(format!("effort {effort}: no number")))?;
                let file = folder.path().join("series");
                self.at_each_ratio(setting, report, |ratio| neurcomp::run(original, ratio, effort, &file))
            }
            Way::Rival { codec, layout, base } => {
                let process = Process::new(setting.rivals, codec, layout, folder.path(), original)?;
                search(setting.ratios, original.max - original.min, base, setting.runs, |bound| {
                    let run = process.run(bound, original);
                    report.say(&self.line(&format!("bound {bound:.4e}"), &run));
                    Ok(match run {
                        Ok(run) if run.figures.psnr > original.psnr_of_mean => Outcome::Run(run),
                        Err(Error::Missing(what)) => return Err(Error::Missing(what)),
                        // What is worse than the mean of the data, or cannot be coded at all, is no result.
                        _ => Outcome::Useless,
                    })
                })
            }
        }
    }

    /// One run for each ratio: it can be asked for.
    fn at_each_ratio(
        &self,
        setting: &Setting<'_>,
        report: &Report,
        run: impl Fn(f64) -> Result<Run>,
    ) -> Result<Vec<Run>> {
        let asked = setting.ratios.iter().map(|&ratio| {
            let run = run(ratio).map(|run| Run { asked: Some(ratio), ..run });
            report.say(&self.line(&format!("asked for {ratio}"), &run));
            run
        });
        let results: Vec<Result<Run>> = asked.collect();
        // What does not fit fails every time.
        if results.iter().all(Result::is_err) {
            results.into_iter().take(1).collect()
        } else {
            Ok(results.into_iter().flatten().collect())
        }
    }

    fn line(&self, asked: &str, run: &Result<Run>) -> String {
        match run {
            Ok(r) => {
                let f = &r.figures;
                format!(
                    "{:10} {asked:18} ratio {:9.1}  {:6.2} dB  {:7.2} s, back {:6.2} s",
                    self.name, r.ratio, f.psnr, f.encode_seconds, f.decode_seconds
                )
            }
            Err(e) => format!("{:10} {asked:18} {e}", self.name),
        }
    }
}

/// Through a session into an archive at this path, and back from it.
pub(super) fn through_session(
    original: &Original,
    archive: &Path,
    target: (&str, &str),
    options: &[(&str, &str)],
) -> Result<Run> {
    let replace: Vec<(&str, &str)> = [("open.mode", "replace")].iter().chain(options).copied().collect();
    let start = Instant::now();
    compress(&original.series, archive, target, &replace)?;
    let seconds = start.elapsed().as_secs_f64();
    let opened = Archive::open(archive, &original.series)?;
    original.measure(bytes_on_disk(archive)?, seconds, None, |step| opened.step(step))
}

/// `limbeck-rivals` with one codec on one series, whose values lie in a file.
pub(super) struct Process {
    command: PathBuf,
    arguments: Vec<String>,
    stream: PathBuf,
    decoded: PathBuf,
}

impl Process {
    pub(super) fn new(
        command: &Path,
        codec: &str,
        layout: Layout,
        folder: &Path,
        original: &Original,
    ) -> Result<Process> {
        let [input, stream, decoded] = ["input", "stream", "decoded"].map(|name| folder.join(name));
        let bytes: Vec<u8> = original.series.values.iter().flat_map(|v| v.to_ne_bytes()).collect();
        std::fs::write(&input, bytes).map_err(|e| Error::Setup(format!("{}: {e}", input.display())))?;
        let layout = match layout {
            Layout::Steps => "steps",
            Layout::Series => "series",
        };
        let shape: Vec<String> = original.volumes().iter().map(usize::to_string).collect();
        let mut arguments = vec![codec.to_owned()];
        for (name, value) in [("layout", layout), ("shape", &shape.join(","))] {
            arguments.extend([format!("--{name}"), value.to_owned()]);
        }
        for (name, path) in [("input", &input), ("stream", &stream), ("decoded", &decoded)] {
            arguments.extend([format!("--{name}"), path.to_string_lossy().into_owned()]);
        }
        Ok(Process { command: command.to_owned(), arguments, stream, decoded })
    }

    pub(super) fn run(&self, bound: f64, original: &Original) -> Result<Run> {
        let output = Command::new(&self.command)
            .args(&self.arguments)
            .args(["--bound", &bound.to_string()])
            .output()
            .map_err(|e| Error::Missing(format!("{}: {e}; build it with ci/bench", self.command.display())))?;
        // Some compressors talk on stdout; the last line is the program's own.
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().last().filter(|_| output.status.success());
        let said: Option<Value> = line.and_then(|l| serde_json::from_str(l).ok());
        let said = said.ok_or_else(|| {
            let text = String::from_utf8_lossy(&output.stderr);
            Error::Setup(format!("failed ({}): {}", output.status, text.trim()))
        })?;
        let seconds = |key: &str| said[key].as_f64().unwrap_or(f64::NAN);
        let bytes =
            std::fs::read(&self.decoded).map_err(|e| Error::Setup(format!("{}: {e}", self.decoded.display())))?;
        let length = size_of::<f32>() * original.series.step_len();
        let step = |i: usize| -> Result<Vec<f64>> {
            let values = bytes.get(i * length..(i + 1) * length).unwrap_or_default();
            Ok(values.chunks_exact(4).map(|b| f64::from(f32::from_ne_bytes([b[0], b[1], b[2], b[3]]))).collect())
        };
        original.measure(bytes_on_disk(&self.stream)?, seconds("encode_seconds"), Some(seconds("decode_seconds")), step)
    }
}
