//! `limbeck-bench`: speed, decoding, overhead, quality, scaling and a comparison with others, each with one command. See the README beside it.

mod abi;
mod decode;
mod overhead;
mod quality;
mod scaling;
mod speed;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use limbeck_comparison::{Error, Result, machine, npy, rate_distortion, report, roundtrip};
use report::Report;

#[derive(Parser)]
#[command(
    name = "limbeck-bench",
    about = "Measures limbeck: speed, decoding, overhead, quality, scaling, and against other compressors.",
    version
)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Fused kernels against burn's CPU backend: training, share of the multiply-add peak, decoding.
    Speed(Speed),
    /// Reading: a step, points, a part, opening; against burn's CPU backend.
    Decode(Decode),
    /// What a simulation loses: the copy of its array against memcpy, and its steps while a worker trains.
    Overhead(Overhead),
    /// Runs over several MPI ranks: bytes between them, share of the time, quality however the domain is dealt out.
    Scaling(Scaling),
    /// A series from disk through session, distillation and archive, read back and compared on every value.
    Quality(Quality),
    /// limbeck against SZ3, ZFP, SPERR and TTHRESH on the same series at the same ratios.
    RateDistortion(RateDistortion),
    /// limbeck against SZ3 with the same bound on the error of every value.
    ErrorBound(ErrorBound),
}

#[derive(Args)]
struct Output {
    /// Write the figures to this file as a list of {"name", "value", "unit"}.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Args)]
struct Speed {
    #[command(flatten)]
    output: Output,
    /// Threads; all cores that the process may use by default.
    #[arg(long)]
    threads: Option<usize>,
    /// Measured rounds per shape, contenders in turn.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
}

#[derive(Args)]
struct Decode {
    #[command(flatten)]
    output: Output,
    /// Measured rounds, limbeck and burn in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Args)]
struct Overhead {
    #[command(flatten)]
    output: Output,
    /// Measured stretches of the simulation, with limbeck and without in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// An option of the run, as in its configuration; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    options: Vec<(String, String)>,
}

#[derive(Args)]
struct Scaling {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    options: scaling::Options,
}

#[derive(Args)]
struct Quality {
    #[command(flatten)]
    output: Output,
    /// An .npy series, float32 or float64, C order, time first.
    #[arg(long, value_name = "FILE.npy")]
    data: PathBuf,
    /// Bytes of the data as float32 over bytes of the archive; 1500 for series from 32 MiB on, else 800.
    #[arg(long)]
    ratio: Option<f64>,
    /// An option of the run, as in its configuration; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    options: Vec<(String, String)>,
}

#[derive(Args)]
struct RateDistortion {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    options: rate_distortion::Options,
    /// An option of limbeck's runs, as in their configuration; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

#[derive(Args)]
struct ErrorBound {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    options: rate_distortion::error_bound::Options,
    /// An option of limbeck's runs, as in their configuration; may be given again.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

fn key_value(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("KEY=VALUE is wanted")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn borrowed(options: &[(String, String)]) -> Vec<(&str, &str)> {
    options.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
}

fn run(arguments: Arguments) -> Result<()> {
    println!("{}\n", machine::describe());
    let mut report = Report::default();
    // Where the figures are too many to be read one below the other.
    let mut table = None;
    let output = match arguments.bench {
        Bench::Speed(speed) => {
            speed::run(speed.threads.unwrap_or_else(machine::cores), speed.rounds.max(1), &mut report)?;
            speed.output
        }
        Bench::Decode(d) => {
            decode::run(d.rounds.max(1), &mut report)?;
            d.output
        }
        Bench::Overhead(o) => {
            overhead::run(o.rounds.max(1), &borrowed(&o.options), &mut report)?;
            o.output
        }
        Bench::Scaling(s) => {
            scaling::run(&s.options, &mut report)?;
            s.output
        }
        Bench::Quality(q) => {
            quality::run(&q.data, q.ratio, &borrowed(&q.options), &mut report)?;
            q.output
        }
        Bench::RateDistortion(r) => {
            table = Some(rate_distortion::run(&r.options, &borrowed(&r.set), &mut report)?);
            r.output
        }
        Bench::ErrorBound(b) => {
            table = Some(rate_distortion::error_bound::run(&b.options, &borrowed(&b.set), &mut report)?);
            b.output
        }
    };
    println!("\n{}", table.unwrap_or_else(|| report.table()));
    output.json.map_or(Ok(()), |path| report.write(&path))
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("limbeck-bench: {e}");
            ExitCode::FAILURE
        }
    }
}
