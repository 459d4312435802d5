//! `limbeck replay`: a recorded session once more, to reproduce what a user saw or to try other options on it.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::{Args, ValueEnum};
use limbeck_session::{Config, Origin, Replay, ReplayReport, Speed, Watch};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::console::Console;
use crate::crew::Crew;
use crate::document::{extend, number};
use crate::failure::{Failure, Result};
use crate::settings::SettingArgs;
use crate::{distil, interrupt, report};

/// What `replay` takes.
#[derive(Args)]
pub struct Arguments {
    /// Directory that LIMBECK_RECORD named, or one recording in it
    recording: PathBuf,
    /// Archive to write; by default one that is removed at the end, so that only the report remains
    #[arg(long, short, value_name = "RUN.lbk")]
    output: Option<PathBuf>,
    /// Which session, where the directory holds several, say run.lbk-001
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// real: with the pauses that the simulation made; max: one call after the other, waiting where the queue is full
    #[arg(long, value_enum, default_value = "max")]
    speed: Pace,
    /// Work for itself even if a launcher of MPI started this process together with others
    #[arg(long)]
    alone: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pace {
    Real,
    Max,
}

/// What is replayed, and where to.
struct Prepared {
    replay: Replay,
    config: Config,
    output: PathBuf,
    /// Holds the archive that nobody asked for, until the end.
    scratch: Option<TempDir>,
}

/// Runs the command. Under a launcher of MPI, each process takes its share of the recorded ranks, and the first one speaks.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let crew = if arguments.alone { Crew::alone() } else { Crew::assemble()? };
    let console = match crew.is_first() {
        true => *console,
        false => Console { json: false, quiet: true, ..*console },
    };
    let prepared = crew.agree(prepare(arguments, &crew, &console))?;
    crew.agree(interrupt::listen())?;
    let replayed = hand_in(&prepared, &crew, arguments.speed, &console);
    let replayed = crew.agree(replayed)?;
    crew.agree(match crew.is_first() {
        true => tell(&prepared, replayed, &console),
        false => Ok(()),
    })
}

fn prepare(arguments: &Arguments, crew: &Crew, console: &Console) -> Result<Prepared> {
    let config = arguments.settings.config()?;
    let replay = Replay::open(&arguments.recording, arguments.session.as_deref())?;
    replay.faults().iter().for_each(|f| console.warn(f));
    let config = options(&replay, config, arguments.speed, console)?;
    let (output, scratch) = match &arguments.output {
        Some(path) => (path.clone(), None),
        None if crew.ranks().size() > 1 => {
            return Err(Failure::Usage("name the archive to write with -o: all processes write it together".into()));
        }
        None => {
            let directory = tempfile::Builder::new().prefix("limbeck-replay-").tempdir();
            let directory = directory.map_err(|e| Failure::Io(format!("cannot make a temporary directory: {e}")))?;
            (directory.path().join("replayed.lbk"), Some(directory))
        }
    };
    Ok(Prepared { replay, config, output, scratch })
}

/// Says what came of it.
fn tell(prepared: &Prepared, mut replayed: ReplayReport, console: &Console) -> Result<()> {
    if prepared.scratch.is_some() {
        // It goes with its directory.
        replayed.close.journal = None;
    }
    let replay = &prepared.replay;
    replayed.close.warnings.iter().for_each(|w| console.warn(w));
    let text = summary(replay, &replayed) + &report::text(&replayed.close, None);
    let mut document = report::document(&replayed.close, None);
    extend(&mut document, json!({"replay": details(replay, &replayed)}));
    console.result(&text, &document)?;
    if replayed.stopped {
        return Err(Failure::Interrupted(format!(
            "interrupted after {} of {} steps; what was handed in was finished",
            replayed.taken,
            replay.steps()
        )));
    }
    distil::verdict(&replayed.close)
}

/// At full speed the queue is always full: steps that the simulation had no trouble with are not to be given up for that.
fn options(replay: &Replay, mut config: Config, speed: Pace, console: &Console) -> Result<Config> {
    let options = replay.config(&config).resolve()?;
    let policy = options.get("queue.policy");
    let asked_for = !matches!(options.origin("queue.policy"), Origin::Default | Origin::Run);
    if matches!(speed, Pace::Max) && ["drop", "error"].contains(&policy) && !asked_for {
        console.remark(&format!(
            "queue.policy = {policy} was recorded; at full speed a full queue blocks instead (--speed real, or -s \
             queue.policy={policy}, replays it as it was)"
        ));
        config.set("queue.policy", "block")?;
    }
    Ok(config)
}

fn hand_in(prepared: &Prepared, crew: &Crew, speed: Pace, console: &Console) -> Result<ReplayReport> {
    let Prepared { replay, config, output, .. } = prepared;
    let speed = match speed {
        Pace::Real => Speed::Real,
        Pace::Max => Speed::Max,
    };
    let steps = console.progress("replaying", replay.steps(), "steps");
    let distilling = Mutex::new(console.progress("distilling", 100, "%"));
    let watch = Watch {
        step: &|done, _| {
            steps.at(done, "");
            !interrupt::requested()
        },
        distil: &|p| {
            distil::show(p, &distilling.lock().unwrap_or_else(|e| e.into_inner()));
        },
    };
    let replayed = replay.run(output, config, crew.communicator(), speed, &watch);
    steps.finish();
    distilling.into_inner().unwrap_or_else(|e| e.into_inner()).finish();
    Ok(replayed?)
}

fn summary(replay: &Replay, r: &ReplayReport) -> String {
    let mut parts = vec![format!("{} of {} steps handed in", r.taken, replay.steps())];
    for (n, what) in [(r.dropped, "dropped"), (r.given_up, "cancelled"), (r.refused, "calls refused")] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    let mut text = format!("{}\n", parts.join(", "));
    for difference in &r.differences {
        text.push_str(&format!("otherwise than recorded: {difference}\n"));
    }
    let more = r.different - r.differences.len() as u64;
    if more > 0 {
        text.push_str(&format!("and {more} more differences\n"));
    }
    text
}

fn details(replay: &Replay, r: &ReplayReport) -> Value {
    let files = replay.recordings().iter().map(|f| f.path().display().to_string());
    let opening = replay.recordings().first().map(|f| f.opening().clone());
    json!({
        "recordings": files.collect::<Vec<_>>(),
        "bytes": replay.recordings().iter().map(|f| f.file_bytes()).sum::<u64>(),
        "ranks": replay.recordings().len(),
        "limbeck_version": opening.as_ref().map(|o| o.limbeck_version.clone()),
        "began": opening.as_ref().map(|o| o.began.as_secs_f64()),
        "path": opening.map(|o| o.path),
        "simulation_seconds": number(replay.away().as_secs_f64()),
        "steps": replay.steps(), "taken": r.taken, "dropped": r.dropped, "given_up": r.given_up, "refused": r.refused,
        "differences": r.differences, "different": r.different,
        "faults": replay.faults(),
        "stopped": r.stopped,
    })
}
