//! `limbeck compress`: a series on disk through the session that simulations use, step by step.

use std::path::{Path, PathBuf};

use clap::Args;
use limbeck_field::Values;
use limbeck_session::ranks::Alone;
use limbeck_session::{
    AxisCoordinates, BlockId, CloseReport, Communicator, Config, Outcome, Session, ValuesRef, remove_empty_run,
};

use crate::console::{Console, Progress};
use crate::failure::{Failure, Result};
use crate::input::{self, FormatArgs, NamedFile, Series, Times};
use crate::measure::Summary;
use crate::originals::Pair;
use crate::settings::SettingArgs;
use crate::source::Source;
use crate::table::decibels;
use crate::{distil, interrupt, report};

/// What `compress` takes.
#[derive(Args)]
pub struct Arguments {
    /// Files of one variable, following each other in time
    #[arg(required_unless_present = "variable", conflicts_with = "variable")]
    inputs: Vec<PathBuf>,
    /// Name of the variable; by default what the names of the files have in common
    #[arg(long, requires = "inputs")]
    name: Option<String>,
    /// A file of one of several variables; may be repeated, files of a variable follow each other in time
    #[arg(long, value_name = "NAME=FILE", value_parser = input::parse_named)]
    variable: Vec<NamedFile>,
    /// Archive to write
    #[arg(long, short, value_name = "RUN.lbk")]
    output: PathBuf,
    #[command(flatten)]
    format: FormatArgs,
    /// Times of the steps: begin:distance, or a file with one number per step (text or .npy)
    #[arg(long, default_value = "0:1", value_name = "T0:DT|FILE", allow_hyphen_values = true)]
    times: Times,
    /// Coordinate of the first grid point along each axis, slowest first
    #[arg(long, value_delimiter = ',', value_name = "Z,Y,X", allow_hyphen_values = true)]
    origin: Vec<f64>,
    /// Distance of grid points along each axis, slowest first
    #[arg(long, value_delimiter = ',', value_name = "Z,Y,X", allow_hyphen_values = true)]
    spacing: Vec<f64>,
    /// Stop when all teachers are in the journal; `limbeck distill` makes an archive of it later
    #[arg(long)]
    no_distil: bool,
    /// Do not decode the archive again to measure it against the input
    #[arg(long)]
    no_measure: bool,
    /// Continue a run that was interrupted (open.mode=append)
    #[arg(long, conflicts_with = "replace")]
    append: bool,
    /// Remove a run of this name first (open.mode=replace)
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Variables with their files.
struct Inputs {
    variables: Vec<(String, Series)>,
    times: Vec<f64>,
}

/// How the session ended.
struct Ended {
    report: CloseReport,
    /// Steps that were handed in.
    taken: usize,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let mut config = arguments.settings.config()?;
    let distils = !arguments.no_distil && config.get("distil.when")? == "close";
    prepare(&mut config, arguments)?;
    let mut inputs = arguments.inputs()?;
    let steps = inputs.times.len();

    interrupt::listen()?;
    let Ended { report, taken } = feed(&mut inputs, arguments, &config, console)?;
    if interrupt::requested() && taken == 0 {
        return Err(Failure::Interrupted("interrupted before the first step; nothing was written".into()));
    }
    let journal = report.journal.clone().unwrap_or_else(|| arguments.output.clone());
    let how_to_finish = format!(
        "finish the run with `limbeck distill {} -o {}`, or go on with the same command and --append",
        journal.display(),
        arguments.output.display()
    );
    if interrupt::requested() {
        return Err(Failure::Interrupted(format!("interrupted after {taken} of {steps} steps; {how_to_finish}")));
    }
    if !distils {
        console.result(&report::text(&report, None), &report::document(&report, None))?;
        return distil::verdict(&report);
    }

    interrupt::end_at_once(&format!("interrupted; {how_to_finish}"));
    let distilled = distil::distil(&journal, &arguments.output, &config, &Alone, console)?;
    let report = CloseReport { metrics: report.metrics, ..distilled };
    let measured = match arguments.no_measure {
        true => None,
        false => Some(measure(inputs, &arguments.output, console)?),
    };
    console.result(&report::text(&report, measured.as_deref()), &report::document(&report, measured.as_deref()))?;
    distil::verdict(&report)
}

/// What is different where the steps come from files.
fn prepare(config: &mut Config, arguments: &Arguments) -> Result<()> {
    config.for_series()?;
    if arguments.append {
        config.set("open.mode", "append")?;
    }
    if arguments.replace {
        config.set("open.mode", "replace")?;
    }
    Ok(())
}

impl Arguments {
    fn inputs(&self) -> Result<Inputs> {
        let groups = match self.variable.is_empty() {
            false => input::group(&self.variable),
            true => {
                let name = self.name.clone().map_or_else(|| input::name_from(&self.inputs), Ok)?;
                vec![(name, self.inputs.clone())]
            }
        };
        let mut variables: Vec<(String, Series)> = Vec::new();
        for (name, paths) in groups {
            paths.iter().try_for_each(|path| input::refuse_same(path, &self.output))?;
            let series = self.format.open(&paths)?;
            if let Some((first, other)) = variables.first().filter(|(_, s)| s.steps() != series.steps()) {
                return Err(Failure::Data(format!(
                    "variable {name:?} has {} steps, but {first:?} has {}",
                    series.steps(),
                    other.steps()
                )));
            }
            for (option, numbers) in [("--origin", &self.origin), ("--spacing", &self.spacing)] {
                if !numbers.is_empty() && numbers.len() != series.shape.len() {
                    let (n, axes) = (numbers.len(), series.shape.len());
                    return Err(Failure::Usage(format!("{option} has {n} numbers, but {name:?} has {axes} axes")));
                }
            }
            variables.push((name, series));
        }
        let steps = variables.first().map_or(0, |(_, s)| s.steps());
        let times = self.times.of(steps)?;
        Ok(Inputs { variables, times })
    }

    /// Where the grid points of an axis lie, if the user said so.
    fn coordinates(&self, axis: usize) -> Option<AxisCoordinates> {
        match (self.origin.get(axis), self.spacing.get(axis)) {
            (None, None) => None,
            (origin, spacing) => Some(AxisCoordinates::Uniform {
                origin: origin.copied().unwrap_or(0.0),
                spacing: spacing.copied().unwrap_or(1.0),
            }),
        }
    }
}

/// Hands all steps to a session and waits until they are in the journal.
fn feed(inputs: &mut Inputs, arguments: &Arguments, config: &Config, console: &Console) -> Result<Ended> {
    let mut session = Session::open(&arguments.output, config, Communicator::None)?;
    let mut blocks = Vec::new();
    for (name, series) in &inputs.variables {
        let variable = session.define_variable(name, series.element_type, &series.shape)?;
        for axis in 0..series.shape.len() {
            if let Some(coordinates) = arguments.coordinates(axis) {
                session.set_axis(variable, axis, coordinates)?;
            }
        }
        let offset = vec![0; series.shape.len()];
        blocks.push(session.add_block(variable, &offset, &series.shape, None)?);
    }
    session.commit()?;

    let steps = inputs.times.len();
    let progress = console.progress("training", steps as u64, "steps");
    let mut taken = 0;
    let fed = feed_steps(&mut session, inputs, &blocks, &progress, &mut taken);
    // Also after a failure: what was taken is to be in the journal.
    let last = taken.checked_sub(1).map_or(Ok(()), |last| wait(&session, last as i64, &progress));
    let failed = match fed.and(last) {
        Ok(()) => None,
        Err(e) => {
            let _ = session.step_cancel();
            Some(e)
        }
    };
    if interrupt::requested() {
        progress.remark("stopping: the steps in the queue are finished first; interrupt again to end at once");
    }
    let closed = session.close();
    progress.finish();
    if let (0, Ok(Some(journal))) = (taken, closed.as_ref().map(|report| &report.journal)) {
        remove_empty_run(journal);
    }
    if let Some(e) = failed {
        return Err(with_hint(e, taken));
    }
    let report = closed?;
    report.warnings.iter().for_each(|w| console.warn(w));
    Ok(Ended { report, taken })
}

fn feed_steps(
    session: &mut Session,
    inputs: &mut Inputs,
    blocks: &[BlockId],
    progress: &Progress,
    taken: &mut usize,
) -> Result<()> {
    let types = inputs.variables.iter().map(|(_, s)| input::buffer(s.element_type));
    let mut buffers: Vec<Values> = types.collect();
    for (step, &time) in inputs.times.iter().enumerate() {
        if step >= Session::AHEAD {
            wait(session, (step - Session::AHEAD) as i64, progress)?;
        }
        if interrupt::requested() {
            return Ok(());
        }
        session.step_begin(step as i64, time)?;
        for (((_, series), block), values) in inputs.variables.iter_mut().zip(blocks).zip(&mut buffers) {
            series.read(step, values)?;
            let values = match values {
                Values::Float32(v) => ValuesRef::Float32(v),
                Values::Float64(v) => ValuesRef::Float64(v),
            };
            tell(session.put_slice(*block, values)?, step, progress);
        }
        tell(session.step_end()?, step, progress);
        *taken += 1;
        show(session, progress);
    }
    Ok(())
}

fn tell(outcome: Outcome, step: usize, progress: &Progress) {
    match outcome {
        Outcome::Ok => {}
        Outcome::Dropped => progress.remark(&format!("warning: step {step} was dropped")),
        Outcome::Degraded(text) => progress.remark(&format!("warning: {text}")),
    }
}

/// Waits until the step of this cycle and all before it are in the journal or dropped, showing how far the workers are.
/// An interruption ends the waiting.
fn wait(session: &Session, cycle: i64, progress: &Progress) -> Result<()> {
    session.wait_while(cycle, || {
        show(session, progress);
        !interrupt::requested()
    })?;
    show(session, progress);
    Ok(())
}

fn show(session: &Session, progress: &Progress) {
    let metrics = session.metrics();
    let last = metrics.steps.last().map(|s| format!("{} {} dB", s.variable, decibels(s.quality.psnr())));
    progress.at(metrics.durable + metrics.skipped, &last.unwrap_or_default());
}

/// A failure in the middle of a run, with what became of the steps before.
fn with_hint(failure: Failure, taken: usize) -> Failure {
    let kept = match taken {
        0 => String::new(),
        n => format!("; the {n} steps before are kept: go on with --append, or begin anew with --replace"),
    };
    match failure {
        Failure::Data(text) => Failure::Data(format!("{text}{kept}")),
        Failure::Io(text) => Failure::Io(format!("{text}{kept}")),
        other => other,
    }
}

/// Decodes the archive and measures it against the input.
fn measure(inputs: Inputs, archive: &Path, console: &Console) -> Result<Vec<Summary>> {
    let source = Source::open(archive)?;
    let steps = source.select_steps(None)?;
    let progress = console.progress("measuring", (inputs.variables.len() * steps.len()) as u64, "steps");
    let mut summaries = Vec::new();
    for (i, (name, series)) in inputs.variables.into_iter().enumerate() {
        let variable = source.select(&[name])?.remove(0);
        let mut pair = Pair::new(variable, series, "the input")?;
        summaries.push(pair.measure(&source, &steps, &progress, (i * steps.len()) as u64)?.summary);
    }
    progress.finish();
    Ok(summaries)
}
