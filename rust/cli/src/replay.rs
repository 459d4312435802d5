//! `limbeck replay`: a recorded session once more, to reproduce what a user saw or to try other options on it.

use std::path::PathBuf;
use std::sync::Mutex;

use clap::{Args, ValueEnum};
use limbeck_session::{Communicator, Config, Origin, Replay, ReplayReport, Speed, Watch};
use serde_json::{Value, json};

use crate::console::Console;
use crate::document::{extend, number};
use crate::failure::{Failure, Result};
use crate::settings::SettingArgs;
use crate::table::decibels;
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
    #[command(flatten)]
    settings: SettingArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Pace {
    Real,
    Max,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let config = arguments.settings.config()?;
    let replay = Replay::open(&arguments.recording, arguments.session.as_deref())?;
    replay.faults().iter().for_each(|f| console.warn(f));
    let config = prepare(&replay, config, arguments.speed, console)?;
    let scratch = match &arguments.output {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("limbeck-replay-")
                .tempdir()
                .map_err(|e| Failure::Io(format!("cannot make a temporary directory: {e}")))?,
        ),
    };
    let output = match (&arguments.output, &scratch) {
        (Some(path), _) => path.clone(),
        (None, Some(directory)) => directory.path().join("replayed.lbk"),
        (None, None) => return Err(Failure::Internal("there is no place for the archive".into())),
    };

    interrupt::listen()?;
    let speed = match arguments.speed {
        Pace::Real => Speed::Real,
        Pace::Max => Speed::Max,
    };
    let mut replayed = hand_in(&replay, &output, &config, speed, console)?;
    if scratch.is_some() {
        // It goes with its directory.
        replayed.close.journal = None;
    }
    replayed.close.warnings.iter().for_each(|w| console.warn(w));
    let mut text = summary(&replay, &replayed);
    text.push_str(&report::text(&replayed.close, None));
    let mut document = report::document(&replayed.close, None);
    extend(&mut document, json!({"replay": details(&replay, &replayed)}));
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
fn prepare(replay: &Replay, mut config: Config, speed: Pace, console: &Console) -> Result<Config> {
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

fn hand_in(
    replay: &Replay,
    output: &std::path::Path,
    config: &Config,
    speed: Speed,
    console: &Console,
) -> Result<ReplayReport> {
    let steps = console.progress("replaying", replay.steps(), "steps");
    let distilling = Mutex::new(console.progress("distilling", 100, "%"));
    let watch = Watch {
        step: &|done, _| {
            steps.at(done, "");
            !interrupt::requested()
        },
        distil: &|p| {
            let share = (p.index as f64 + p.done.clamp(0.0, 1.0)) / p.variables.max(1) as f64;
            let message = format!("{} {} dB against the teachers", p.variable, decibels(p.psnr));
            distilling.lock().unwrap_or_else(|e| e.into_inner()).at((share * 100.0) as u64, &message);
        },
    };
    let replayed = replay.run(output, config, Communicator::None, speed, &watch);
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
