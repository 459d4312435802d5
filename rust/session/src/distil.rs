//! From journals to an archive: at close, or later as a batch job.

mod archive;
mod crew;
mod kept;
mod masks;
mod measured;
mod plan;
mod shards;
mod sizes;
mod steps;
mod student;
mod telling;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use limbeck_archive::{RunLock, UnfinishedRun};
use limbeck_codec::device::Worker;
use limbeck_codec::ranks::Ranks;
use limbeck_codec::{Method, Quality};

use crate::cores::Share;
use crate::devices;
use crate::encode::keep_panics_quiet;
use crate::error::panic_proof;
use crate::settings::{self, OpenMode, Settings, Target};
use crate::{CloseReport, Config, Error, Progress, Result, StepReport, VariableReport, agree, restart, workers};
use archive::Parts;
pub(crate) use crew::{Crew, Journals};
use kept::{Carried, Kept};
use plan::Plan;
use student::Made;

/// Distils the run in `run_dir` (a journal directory such as `run.lbk.d`) into the archive `output`, as close does.
///
/// What the run's own options say about target, method and seed holds unless `config` says otherwise. With
/// `open.mode = append`, the steps that the archive has not are added to it as new segments; with `replace` it is written
/// anew. `progress` is called from any thread. `ranks` share the work ([`ranks::Alone`](crate::ranks::Alone): no others);
/// their number need not be that of the run, and all must see the directory. Collective; the report is that of rank 0, the
/// others know less of it.
///
/// # Errors
/// InvalidArgument if there is no run, it is being written by a session, no step of it is whole, or `output` exists and
/// `open.mode` is `create`; Corruption or Compatibility if it cannot be read; Io; Mpi. The journal is left as it was.
pub fn distil_run(
    run_dir: &Path,
    output: &Path,
    config: &Config,
    ranks: &dyn Ranks,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    panic_proof(ranks, "the distillation", || distil_run_on(run_dir, output, config, ranks, settings::method, progress))
}

/// [`distil_run`] with a method that the options do not know: for methods under development and for tests.
///
/// # Errors
/// As [`distil_run`].
pub fn distil_run_with_method(
    run_dir: &Path,
    output: &Path,
    config: &Config,
    ranks: &dyn Ranks,
    method: Arc<dyn Method>,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    panic_proof(ranks, "the distillation", || {
        distil_run_on(run_dir, output, config, ranks, |_, _| Ok(method), progress)
    })
}

fn distil_run_on(
    run_dir: &Path,
    output: &Path,
    config: &Config,
    ranks: &dyn Ranks,
    method: impl FnOnce(&crate::Options, Vec<Arc<Worker>>) -> Result<Arc<dyn Method>>,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    ranks.ready()?;
    let crew = Crew { ranks, journals: Journals::All };
    let options = agree(ranks, open_run(run_dir).and_then(|run| with_options_of(&run, config).resolve()))?;
    crate::describe::same_options(ranks, output, &options)?;
    let settings = Settings::new(&options);
    let share = Share::of(ranks)?;
    let chosen = agree(ranks, devices::choose(&settings, share))?;
    let method = agree(ranks, method(&options, chosen.workers))?;
    let mut locks = Vec::new();
    crew.on_first(|| {
        locks = lock_all(run_dir, settings.keep_journal)?;
        if output.exists() && settings.open_mode == OpenMode::Create {
            return Err(Error::InvalidArgument(format!(
                "{} exists already: set open.mode to append to add the steps it has not, or to replace",
                output.display()
            )));
        }
        Ok(0)
    })?;
    let run = agree(ranks, open_run(run_dir))?;
    let mut report = distil(&crew, &run, output, &settings, method.as_ref(), progress)?;
    report.warnings.extend(chosen.notice);
    if report.archive.is_none() {
        let lost = report.missing.first().map_or(String::new(), |(cycle, why)| format!(" (cycle {cycle}: {why})"));
        return Err(Error::InvalidArgument(format!(
            "no step in {} is whole: there is nothing to distil{lost}; distil.incomplete = true takes what there is",
            run_dir.display()
        )));
    }
    match crew.first() {
        true => finish(report, run, locks, &settings),
        false => Ok(report),
    }
}

/// Nobody may write while steps are counted: locks of all the run's processes. A directory that cannot be written to has
/// no writer.
fn lock_all(run_dir: &Path, read_only: bool) -> Result<Vec<RunLock>> {
    let mut locks = Vec::new();
    for journal in restart::journals(run_dir)? {
        match RunLock::acquire(run_dir, restart::process_of(&journal)) {
            Ok(lock) => locks.push(lock),
            Err(limbeck_archive::Error::Io { .. }) if read_only => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(locks)
}

fn open_run(run_dir: &Path) -> Result<UnfinishedRun> {
    if !run_dir.is_dir() {
        return Err(Error::InvalidArgument(format!(
            "there is no directory {} with the journal of a run",
            run_dir.display()
        )));
    }
    Ok(UnfinishedRun::open(run_dir)?)
}

/// The run's own options below those given now.
fn with_options_of(run: &UnfinishedRun, config: &Config) -> Config {
    run.options().map_or_else(|| config.clone(), |text| config.above(text))
}

/// Removes the journals that are locked if they are not to be kept, now that the archive stands for them.
pub(crate) fn finish(
    mut report: CloseReport,
    run: UnfinishedRun,
    locks: Vec<RunLock>,
    settings: &Settings,
) -> Result<CloseReport> {
    let directory = run.directory().to_owned();
    drop(run);
    if settings.keep_journal || report.archive.is_none() {
        report.journal = Some(directory);
        return Ok(report);
    }
    for lock in locks {
        restart::remove_journal(lock)?;
    }
    // What is left is an empty directory, or other processes are not done with it.
    let _ = std::fs::remove_dir(&directory);
    Ok(report)
}

/// Distils what the archive at `output` (if there is one) has not. No archive in the report: there was nothing to do.
/// Collective.
pub(crate) fn distil(
    crew: &Crew<'_>,
    run: &UnfinishedRun,
    output: &Path,
    settings: &Settings,
    method: &dyn Method,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    keep_panics_quiet();
    let begin = Instant::now();
    let mut before = None;
    let bytes_before = crew.on_first(|| {
        if settings.open_mode == OpenMode::Append && output.exists() {
            before = Some(limbeck_archive::Archive::open(output)?);
        }
        Ok(before.as_ref().map_or(0, limbeck_archive::Archive::file_bytes))
    })?;
    let plan = Plan::new(crew, run, before.map(|a| a.steps().clone()), settings.incomplete)?;
    let measured = measured::steps(crew, run)?;
    let mut report = CloseReport { steps: measured.reports(run), missing: plan.gaps.clone(), ..CloseReport::default() };
    report.warnings = crew.texts(damage(run))?;
    let raw_before = crew.on_first(|| Ok(plan.raw_bytes_before(run)))?;
    if plan.stamps.is_empty() {
        if bytes_before > 0 {
            report.archive = Some(output.to_owned());
            (report.archive_bytes, report.raw_bytes) = (bytes_before, raw_before);
        }
        return Ok(report);
    }
    let share = Share::of(crew.ranks)?;
    let threads = settings.distil_threads.unwrap_or(share.whole());
    let pool = workers::pool(threads, "limbeck-distil", None)
        .map_err(|e| Error::Io(format!("cannot start the threads of the distillation: {e}")));
    let pool = agree(crew.ranks, pool)?;
    let room = match settings.target {
        Target::Ratio(ratio) => Some((plan.raw_bytes(run) as f64 / ratio) as u64),
        Target::Psnr(_) | Target::MaxError(_) => None,
    };
    let scratch = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let masks = masks::of_variables(crew, run, &plan)?;
    let mut parts = None;
    let overhead = crew.on_first(|| {
        let parts = parts.insert(Parts::new(run, &plan, method.number(), masks, measured.rows()));
        let Some(room) = room else { return Ok(0) };
        parts.leave_out_what_is_too_large(room);
        parts.overhead(scratch, room)
    })?;
    let job = student::Job {
        crew,
        run,
        plan: &plan,
        method,
        settings,
        pool: &pool,
        payload_bytes: room.map_or(0, |r| r.saturating_sub(overhead)),
        progress,
    };
    let products = match settings.target {
        Target::Ratio(_) => student::all(&job)?.into_iter().map(Product::from).collect::<Vec<_>>(),
        _ => kept::all(&job)?.into_iter().map(Product::from).collect(),
    };
    report.warnings.extend(products.iter().flat_map(|p| p.warnings.iter().cloned()));
    report.variables = variable_reports(run, &plan, &report.steps, &products);
    let bytes = crew.on_first(|| {
        let Some(parts) = &mut parts else { return Err(Error::Internal("an archive has no parts".into())) };
        if room.is_none() {
            parts.leave_out_what_is_too_large(products.iter().map(|p| p.bytes).sum());
        }
        for product in products {
            parts.students.extend(product.student);
            parts.steps.extend(product.steps);
        }
        if room.is_some_and(|room| parts.measure(scratch).is_ok_and(|bytes| bytes > room)) {
            parts.leave_out_all();
        }
        parts.write(output, &plan)
    })?;
    report.archive = Some(output.to_owned());
    report.archive_bytes = bytes;
    report.raw_bytes = raw_before + plan.raw_bytes(run);
    if let Target::Ratio(ratio) = settings.target
        && report.ratio() < ratio * 0.999
    {
        let worst = report.variables.iter().min_by(|a, b| a.student.psnr().total_cmp(&b.student.psnr()));
        let worst = worst.map_or(String::new(), |v| {
            format!(" ({:?} came out with {:.1} dB; a smaller target.ratio helps)", v.name, v.student.psnr())
        });
        report.warnings.push(format!(
            "the archive is {:.2} times smaller than the data, not {ratio}: so little data does not leave room for more\
             {worst}",
            report.ratio()
        ));
    }
    report.distil_time = begin.elapsed();
    if crew.first() {
        report.warnings.iter().for_each(|w| tracing::warn!("{w}"));
        tracing::info!("wrote {}: {bytes} bytes, ratio {:.1}", output.display(), report.ratio());
    }
    Ok(report)
}

/// What the archive gets of a variable, or of a shard of it.
struct Product {
    variable: u32,
    student: Option<Made>,
    steps: Vec<Carried>,
    quality: Quality,
    bytes: u64,
    samples: u64,
    seconds: f64,
    description: String,
    warnings: Vec<String>,
}

impl From<Made> for Product {
    fn from(made: Made) -> Product {
        let s = &made.segment;
        Product {
            variable: made.variable,
            steps: Vec::new(),
            quality: s.quality,
            bytes: s.payload.len() as u64,
            samples: s.samples,
            seconds: made.seconds,
            description: s.description.clone(),
            warnings: Vec::new(),
            student: Some(made),
        }
    }
}

impl From<Kept> for Product {
    fn from(kept: Kept) -> Product {
        let n = kept.steps.len();
        let description = match &kept.student {
            Some(student) if n > 0 => format!("{}, {n} corrections", student.segment.description),
            Some(student) => student.segment.description.clone(),
            None => format!("{n} steps of blocks as they were in the journal"),
        };
        Product {
            variable: kept.variable,
            quality: kept.quality,
            bytes: kept.bytes,
            samples: kept.samples,
            seconds: kept.seconds,
            description,
            warnings: kept.warnings,
            student: kept.student,
            steps: kept.steps,
        }
    }
}

/// One line per variable; its shards together.
fn variable_reports(
    run: &UnfinishedRun,
    plan: &Plan,
    steps: &[StepReport],
    products: &[Product],
) -> Vec<VariableReport> {
    let mut reports = Vec::new();
    for (v, variable) in run.run().variables.iter().enumerate() {
        let own: Vec<&Product> = products.iter().filter(|p| p.variable == v as u32).collect();
        let Some(first) = own.first() else { continue };
        let of_it = steps.iter().filter(|r| r.variable == variable.name && r.step >= plan.first_step);
        let description = match own.len() {
            1 => first.description.clone(),
            n => format!("{n} shards, the first {}", first.description),
        };
        reports.push(VariableReport {
            teachers: of_it.fold(Quality::EMPTY, |sum, r| sum.merge(&r.quality)),
            steps: plan.stamps.len(),
            description,
            student: own.iter().fold(Quality::EMPTY, |sum, p| sum.merge(&p.quality)),
            bytes: own.iter().map(|p| p.bytes).sum(),
            samples: own.iter().map(|p| p.samples).sum(),
            seconds: own.iter().map(|p| p.seconds).sum(),
            name: variable.name.clone(),
        });
    }
    reports
}

/// What was measured while the run was alive, on all ranks together. Collective.
pub(crate) fn reports(crew: &Crew<'_>, run: &UnfinishedRun) -> Result<Vec<StepReport>> {
    Ok(measured::steps(crew, run)?.reports(run))
}

/// What is damaged in the journals, for people.
fn damage(run: &UnfinishedRun) -> Vec<String> {
    let torn = run.torn_tails().map(|(process, t)| {
        format!("the journal of process {process} ends in {} bytes of a frame that was never finished", t.bytes)
    });
    let lost = run.lost().map(|(process, l)| {
        format!("the journal of process {process} is damaged at byte {} ({} bytes): {}", l.offset, l.bytes, l.reason)
    });
    let absent = run
        .absent()
        .into_iter()
        .map(|process| format!("the journal of process {process} is not there: its blocks are missing"));
    torn.chain(lost).chain(absent).collect()
}
