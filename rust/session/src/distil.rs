//! From journals to an archive: at close, or later as a batch job.

mod archive;
mod plan;
mod student;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use limbeck_archive::{RunLock, UnfinishedRun};
use limbeck_codec::{Method, Quality};

use crate::encode::keep_panics_quiet;
use crate::journal::quality;
use crate::settings::{self, OpenMode, Settings, Target};
use crate::{CloseReport, Config, Error, Progress, Result, StepReport, VariableReport, cores, restart, workers};
use archive::Parts;
use plan::Plan;

/// Distils the run in `run_dir` (a journal directory such as `run.lbk.d`) into the archive `output`, as close does.
///
/// What the run's own options say about target, method and seed holds unless `config` says otherwise. With
/// `open.mode = append`, the steps that the archive has not are added to it as new segments; with `replace` it is written
/// anew. `progress` is called from any thread.
///
/// # Errors
/// InvalidArgument if there is no run, it is being written by a session, no step of it is whole, or `output` exists and
/// `open.mode` is `create`; Corruption or Compatibility if it cannot be read; Io. The journal is left as it was.
pub fn distil_run(
    run_dir: &Path,
    output: &Path,
    config: &Config,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    let run = open_run(run_dir)?;
    let config = with_options_of(&run, config);
    let method = settings::method(&config.resolve()?)?;
    distil_run_with_method(run_dir, output, &config, method, progress)
}

/// [`distil_run`] with a method that the options do not know: for methods under development and for tests.
///
/// # Errors
/// As [`distil_run`].
pub fn distil_run_with_method(
    run_dir: &Path,
    output: &Path,
    config: &Config,
    method: Arc<dyn Method>,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    let run = open_run(run_dir)?;
    let settings = Settings::new(&with_options_of(&run, config).resolve()?);
    drop(run);
    // Nobody may write while its steps are counted; a directory that cannot be written to has no writer.
    let lock = match RunLock::acquire(run_dir, 0) {
        Ok(lock) => Some(lock),
        Err(limbeck_archive::Error::Io { .. }) if settings.keep_journal => None,
        Err(e) => return Err(e.into()),
    };
    if output.exists() && settings.open_mode == OpenMode::Create {
        return Err(Error::InvalidArgument(format!(
            "{} exists already: set open.mode to append to add the steps it has not, or to replace",
            output.display()
        )));
    }
    let run = open_run(run_dir)?;
    let report = distil(&run, output, &settings, method.as_ref(), progress)?;
    if report.archive.is_none() {
        return Err(Error::InvalidArgument(format!(
            "no step in {} is whole: there is nothing to distil",
            run_dir.display()
        )));
    }
    finish(report, run, lock, &settings)
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

/// Removes the journal if it is not to be kept, now that the archive stands for it.
pub(crate) fn finish(
    mut report: CloseReport,
    run: UnfinishedRun,
    lock: Option<RunLock>,
    settings: &Settings,
) -> Result<CloseReport> {
    let directory = run.directory().to_owned();
    drop(run);
    if settings.keep_journal || report.archive.is_none() {
        report.journal = Some(directory);
        return Ok(report);
    }
    restart::remove_journals(&directory)?;
    // What is left is a lock and an empty directory; should they not go, they do no harm.
    let _ = std::fs::remove_file(directory.join("lock"));
    drop(lock);
    let _ = std::fs::remove_dir(&directory);
    Ok(report)
}

/// Distils what the archive at `output` (if there is one) has not. No archive in the report: there was nothing to do.
pub(crate) fn distil(
    run: &UnfinishedRun,
    output: &Path,
    settings: &Settings,
    method: &dyn Method,
    progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    keep_panics_quiet();
    let begin = Instant::now();
    let before = match settings.open_mode == OpenMode::Append && output.exists() {
        true => Some(limbeck_archive::Archive::open(output)?),
        false => None,
    };
    let plan = Plan::new(run, before.as_ref().map(|a| a.steps().clone()))?;
    let mut report = CloseReport { steps: reports(run), missing: plan.gaps.clone(), ..CloseReport::default() };
    report.warnings.extend(damage(run));
    if plan.stamps.is_empty() {
        if let Some(before) = before {
            report.archive = Some(output.to_owned());
            report.archive_bytes = before.file_bytes();
            report.raw_bytes = plan.raw_bytes_before(run);
        }
        return Ok(report);
    }
    drop(before);
    let threads = settings.distil_threads.unwrap_or_else(cores::available);
    let pool = workers::pool(threads, "limbeck-distil", None)
        .map_err(|e| Error::Io(format!("cannot start the threads of the distillation: {e}")))?;
    let mut parts = Parts::new(run, &plan, method.number())?;
    let room = match settings.target {
        Target::Ratio(ratio) => Some((plan.raw_bytes(run) as f64 / ratio) as u64),
        Target::Psnr(_) => None,
    };
    let scratch = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Some(room) = room {
        parts.leave_out_what_is_too_large(room);
    }
    let overhead = parts.measure(scratch)?;
    let students = student::all(&student::Job {
        run,
        plan: &plan,
        method,
        settings,
        pool: &pool,
        payload_bytes: room.map(|r| r.saturating_sub(overhead)),
        progress,
    })?;
    report.warnings.extend(students.iter().flat_map(|s| s.warnings.iter().cloned()));
    report.variables = students.iter().map(|s| variable_report(run, &plan, &report.steps, s)).collect();
    if room.is_none() {
        parts.leave_out_what_is_too_large(students.iter().map(|s| s.segment.payload.len() as u64).sum());
    }
    parts.students = students;
    if room.is_some_and(|room| parts.measure(scratch).is_ok_and(|bytes| bytes > room)) {
        parts.leave_out_all();
    }
    let bytes = parts.write(output, &plan)?;
    report.archive = Some(output.to_owned());
    report.archive_bytes = bytes;
    report.raw_bytes = plan.raw_bytes_before(run) + plan.raw_bytes(run);
    if let Target::Ratio(ratio) = settings.target
        && report.ratio() < ratio * 0.999
    {
        let worst = report.variables.iter().min_by(|a, b| a.student.psnr().total_cmp(&b.student.psnr()));
        let worst = worst.map_or(String::new(), |v| {
            format!(" ({:?} came out with {:.1} dB; a smaller target.ratio helps)", v.name, v.student.psnr())
        });
        report.warnings.push(format!(
            "the archive is {:.0} times smaller than the data, not {ratio}: so little data does not leave room for more\
             {worst}",
            report.ratio()
        ));
    }
    report.distil_time = begin.elapsed();
    report.warnings.iter().for_each(|w| tracing::warn!("{w}"));
    tracing::info!("wrote {}: {bytes} bytes, ratio {:.1}", output.display(), report.ratio());
    Ok(report)
}

fn variable_report(run: &UnfinishedRun, plan: &Plan, steps: &[StepReport], s: &student::Made) -> VariableReport {
    let name = run.run().variables[s.variable as usize].name.clone();
    let of_it = steps.iter().filter(|r| r.variable == name && r.step >= plan.first_step);
    VariableReport {
        teachers: of_it.fold(Quality::EMPTY, |sum, r| sum.merge(&r.quality)),
        steps: plan.stamps.len(),
        description: s.segment.description.clone(),
        student: s.segment.quality,
        bytes: s.segment.payload.len() as u64,
        samples: s.segment.samples,
        seconds: s.seconds,
        name,
    }
}

/// What was measured while the run was alive.
pub(crate) fn reports(run: &UnfinishedRun) -> Vec<StepReport> {
    let variables = &run.run().variables;
    let mut rows: Vec<StepReport> = Vec::new();
    let newest: std::collections::BTreeMap<_, _> = run.metrics().map(|m| ((m.step, m.variable), m)).collect();
    for ((step, v), m) in newest {
        let Some(variable) = variables.get(v as usize) else { continue };
        let Ok(at) = run.steps().binary_search_by_key(&step, |s| s.stamp.step) else { continue };
        let blocks = 0..variable.blocks.len() as u32;
        let plain = limbeck_codec::StepKind::Plain as u8;
        let plain_blocks = blocks.filter(|&b| run.block(v, b, step).is_some_and(|e| e.step_kind == plain)).count();
        rows.push(StepReport {
            step,
            cycle: run.steps()[at].stamp.cycle,
            time: run.steps()[at].stamp.time,
            variable: variable.name.clone(),
            quality: quality(&m.quality),
            bytes: m.bytes,
            samples: m.samples,
            train_seconds: m.train_seconds.into(),
            host_seconds: m.host_seconds.into(),
            queue_bytes: m.queue_bytes,
            queue_depth: m.queue_depth,
            plain_blocks: plain_blocks as u32,
        });
    }
    rows
}

/// What is damaged in the journals, for people.
fn damage(run: &UnfinishedRun) -> Vec<String> {
    let torn = run.torn_tails().map(|(process, t)| {
        format!("the journal of process {process} ends in {} bytes of a frame that was never finished", t.bytes)
    });
    let lost = run.lost().map(|(process, l)| {
        format!("the journal of process {process} is damaged at byte {} ({} bytes): {}", l.offset, l.bytes, l.reason)
    });
    torn.chain(lost).collect()
}
