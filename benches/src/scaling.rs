//! Runs over several ranks: what they exchange, what it costs, and what dealing the domain out does to the quality.
//!
//! Every case is a launch of `limbeck-scaling-case` under mpirun; ranks share the cores of this machine, so that shares and
//! bytes count here, and seconds do not.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::report::Report;
use crate::{Error, Result};

/// What `limbeck-bench scaling` was asked for.
#[derive(clap::Args)]
pub struct Options {
    /// The program that is launched (built by `ci/bench scaling`).
    #[arg(long, env = "LIMBECK_SCALING_CASE", default_value = "limbeck-scaling-case")]
    case: PathBuf,
    /// The launcher with its arguments, without the number of ranks.
    #[arg(long, env = "LIMBECK_SCALING_LAUNCHER", default_value = "mpirun --oversubscribe --bind-to none")]
    launcher: String,
    /// Multiplies the samples of all fits: 1 is what users get.
    #[arg(long, default_value_t = 0.3)]
    effort: f64,
    /// Grid points along each axis.
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Steps.
    #[arg(long, default_value_t = 8)]
    steps: usize,
}

struct Case<'a> {
    name: &'a str,
    ranks: usize,
    blocks: [usize; 3],
    size: usize,
    set: Vec<String>,
    /// Blocks whose faces are looked at apart.
    faces: [usize; 3],
}

/// Runs all cases.
pub fn run(o: &Options, report: &mut Report) -> Result<()> {
    let case = |name, ranks, blocks| Case { name, ranks, blocks, size: o.size, set: Vec::new(), faces: blocks };
    // Where the others have faces, whatever the field does there.
    let alone = launch(o, &Case { faces: [2, 2, 2], ..case("one block on 1 rank", 1, [1, 1, 1]) })?;
    let quarters = launch(o, &case("4 blocks on 4 ranks", 4, [2, 2, 1]))?;
    let dealt = (1..=4).map(|n| launch(o, &case("8 blocks dealt out", n, [2, 2, 2]))).collect::<Result<Vec<_>>>()?;
    let many = launch(o, &case("32 blocks on 8 ranks", 8, [4, 4, 2]))?;
    // The same student over a domain of an eighth of the size.
    let fixed = |size| Case { size, set: vec!["student.width=48".into()], ..case("a width of 48", 2, [2, 1, 1]) };
    let (small, large) = (launch(o, &fixed(o.size / 2))?, launch(o, &fixed(o.size))?);

    let of = |v: &Value, key: &str| v[key].as_f64().unwrap_or(f64::NAN);
    let all = [&alone, &quarters, &many, &small, &large];
    let exchanged = all.into_iter().chain(&dealt).map(|v| of(v, "run_bytes")).fold(0.0, f64::max);
    report.add("scaling.run.bytes_between_ranks", exchanged, "bytes");
    report.add("scaling.distil.transfer_share.2_ranks", of(&dealt[1], "transfer_share"), "");
    report.add("scaling.distil.waiting_share.2_ranks", of(&dealt[1], "waiting_share"), "");
    report.add("scaling.distil.bytes_per_step.small_volume", of(&small, "gradient_bytes"), "bytes");
    report.add("scaling.distil.bytes_per_step.large_volume", of(&large, "gradient_bytes"), "bytes");
    report.add("scaling.distil.bytes_per_step.2_ranks", of(&dealt[1], "gradient_bytes"), "bytes");
    report.add("scaling.distil.other_bytes.2_ranks", of(&dealt[1], "other_bytes"), "bytes");
    for (n, v) in dealt.iter().enumerate() {
        report.add(format!("scaling.run.cpu.{}_ranks.most", n + 1), of(v, "run_cpu_most"), "s");
        report.add(format!("scaling.run.cpu.{}_ranks.sum", n + 1), of(v, "run_cpu_sum"), "s");
    }
    for (n, v) in dealt.iter().enumerate() {
        report.add(format!("scaling.psnr.8_blocks.{}_ranks", n + 1), of(v, "psnr"), "dB");
    }
    let psnrs = || dealt.iter().map(|v| of(v, "psnr"));
    let spread = psnrs().fold(f64::NEG_INFINITY, f64::max) - psnrs().fold(f64::INFINITY, f64::min);
    report.add("scaling.psnr.8_blocks.spread", spread, "dB");
    report.add("scaling.psnr.1_block", of(&alone, "psnr"), "dB");
    report.add("scaling.psnr.4_blocks", of(&quarters, "psnr"), "dB");
    report.add("scaling.psnr.32_blocks_8_ranks", of(&many, "psnr"), "dB");
    report.add("scaling.psnr.1_block.where_8_have_seams", of(&alone, "psnr_seams"), "dB");
    report.add("scaling.psnr.1_block.where_8_have_interior", of(&alone, "psnr_interior"), "dB");
    for (name, v) in [("4_blocks", &quarters), ("8_blocks", &dealt[1]), ("32_blocks", &many)] {
        report.add(format!("scaling.psnr.{name}.seams"), of(v, "psnr_seams"), "dB");
        report.add(format!("scaling.psnr.{name}.interior"), of(v, "psnr_interior"), "dB");
    }
    report.add("scaling.ratio.32_blocks_8_ranks", of(&many, "ratio"), "");
    Ok(())
}

fn launch(o: &Options, case: &Case<'_>) -> Result<Value> {
    let directory = tempfile::tempdir().map_err(|e| Error::Setup(e.to_string()))?;
    let mut words = o.launcher.split_whitespace();
    let launcher = words.next().ok_or_else(|| Error::Setup("the launcher has no name".into()))?;
    let three = |list: [usize; 3]| list.map(|n| n.to_string()).join(",");
    let mut command = Command::new(launcher);
    command
        .args(words)
        .args(["-n", &case.ranks.to_string()])
        .arg(&o.case)
        .arg(directory.path().join("run.lbk"))
        .args(["--shape", &three([case.size; 3]), "--blocks", &three(case.blocks)])
        .args(["--faces", &three(case.faces), "--steps", &o.steps.to_string()])
        .args(["-s", "target.ratio=500", "-s", &format!("effort={}", o.effort)])
        .args(["-s", "distil.threads=1", "-s", "workers.threads=1"]);
    for pair in &case.set {
        command.args(["-s", pair]);
    }
    // Open MPI refuses root otherwise, and containers are root.
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    let output = command.output().map_err(|e| Error::Setup(format!("{launcher}: {e}")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rev().find(|l| l.starts_with('{')).filter(|_| output.status.success());
    let value: Option<Value> = line.and_then(|l| serde_json::from_str(l).ok());
    let value = value.ok_or_else(|| {
        Error::Setup(format!("{} failed: {}", shown(&o.case), String::from_utf8_lossy(&output.stderr)))
    })?;
    eprintln!(
        "{} ({} ranks, {}^3): {:.2} dB, {} in {:.0} s, transfer {:.1} %, waiting {:.1} %",
        case.name,
        case.ranks,
        case.size,
        value["psnr"].as_f64().unwrap_or(f64::NAN),
        value["student"].as_str().unwrap_or("?"),
        value["distil_seconds"].as_f64().unwrap_or(f64::NAN),
        100.0 * value["transfer_share"].as_f64().unwrap_or(f64::NAN),
        100.0 * value["waiting_share"].as_f64().unwrap_or(f64::NAN),
    );
    Ok(value)
}

fn shown(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}
