//! `limbeck distill`: from the journal of a run to its archive.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use limbeck_reader::journal_directory;
use limbeck_session::ranks::Ranks;
use limbeck_session::{CloseReport, Config, distil_run};

use crate::console::{Console, Progress};
use crate::crew::Crew;
use crate::failure::{Failure, Result};
use crate::settings::SettingArgs;
use crate::table::decibels;
use crate::{interrupt, report};

/// What `distill` takes.
#[derive(Args)]
pub struct Arguments {
    /// The unfinished run: a directory run.lbk.d
    run: PathBuf,
    /// Archive to write; by default the name of the run without its .d
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Work for itself even if a launcher of MPI started this process together with others
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Runs the command. Under a launcher of MPI, all processes share the work, the first one speaks, and all end alike.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let crew = if arguments.alone { Crew::alone() } else { Crew::assemble()? };
    let (run, output, config) = crew.agree(prepare(arguments))?;
    let silent = Console { json: false, quiet: true, ..*console };
    let last_words = "interrupted; the run is as it was, `limbeck distill` begins anew";
    crew.agree(interrupt::listen())?;
    interrupt::end_at_once(if crew.is_first() { last_words } else { "" });
    crew.agree(match crew.is_first() {
        true => distil(&run, &output, &config, crew.ranks(), console).and_then(|report| {
            console.result(&report::text(&report, None), &report::document(&report, None))?;
            verdict(&report)
        }),
        false => distil(&run, &output, &config, crew.ranks(), &silent).map(|_| ()),
    })
}

/// The run, the archive that it becomes, and the options.
fn prepare(arguments: &Arguments) -> Result<(PathBuf, PathBuf, Config)> {
    let config = arguments.settings.config()?;
    let run = journal_of(&arguments.run)?;
    let output = match &arguments.output {
        Some(path) => path.clone(),
        None if run.extension().is_some_and(|e| e == "d") => run.with_extension(""),
        None => return Err(Failure::Usage("name the archive to write with -o".into())),
    };
    Ok((run, output, config))
}

/// The directory, also where the name of its archive-to-be is given.
fn journal_of(path: &Path) -> Result<PathBuf> {
    if path.is_dir() {
        return Ok(path.to_path_buf());
    }
    let beside = journal_directory(path);
    match (beside.is_dir(), path.exists()) {
        (true, _) => Ok(beside),
        (false, true) => Err(Failure::Usage(format!(
            "{} is a file; distill takes the directory of a run (run.lbk.d)",
            path.display()
        ))),
        (false, false) => Err(Failure::Io(format!("cannot open {}: no such directory", path.display()))),
    }
}

/// Distils with progress, and passes on what did not go as asked. Collective.
pub fn distil(run: &Path, output: &Path, config: &Config, ranks: &dyn Ranks, console: &Console) -> Result<CloseReport> {
    let progress = console.progress("distilling", 100, "%");
    // Progress is told from any thread.
    let shown = Mutex::new(progress);
    let result = distil_run(run, output, config, ranks, &|p| {
        show(p, &shown.lock().unwrap_or_else(|e| e.into_inner()));
    });
    shown.into_inner().unwrap_or_else(|e| e.into_inner()).finish();
    let report = result?;
    report.warnings.iter().for_each(|w| console.warn(w));
    Ok(report)
}

/// Shows how far a distillation is, in percent.
pub fn show(p: &limbeck_session::Progress, shown: &Progress) {
    let message = format!("{} {} dB against the teachers", p.variable, decibels(p.psnr));
    shown.at((p.share() * 100.0) as u64, &message);
}

/// Says by the exit code that something is missing in what was written.
pub fn verdict(report: &CloseReport) -> Result<()> {
    match &report.missing[..] {
        [] => Ok(()),
        [(cycle, why), rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Err(Failure::Degraded(format!("cycle {cycle}{more} is missing in the archive: {why}")))
        }
    }
}
