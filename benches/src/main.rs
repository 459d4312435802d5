//! `limbeck-bench`: speed, overhead and quality, each with one command. See the README beside it.

mod machine;
mod report;
mod speed;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use report::Report;

/// What can keep a benchmark from its figures.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernels, the reference or a thread pool refused.
    #[error("{0}")]
    Setup(String),
    /// The result could not be written.
    #[error("cannot write the result: {0}")]
    Output(String),
}

impl From<limbeck_network::Error> for Error {
    fn from(e: limbeck_network::Error) -> Error {
        Error::Setup(e.to_string())
    }
}

/// Result of a benchmark.
pub type Result<T> = std::result::Result<T, Error>;

#[derive(Parser)]
#[command(name = "limbeck-bench", about = "Measures limbeck: speed, overhead and quality.", version)]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Fused kernels against burn's CPU backend: training, share of the multiply-add peak, decoding.
    Speed(Speed),
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

fn run(arguments: Arguments) -> Result<()> {
    println!("{}\n", machine::describe());
    let mut report = Report::default();
    let output = match arguments.bench {
        Bench::Speed(speed) => {
            speed::run(speed.threads.unwrap_or_else(machine::cores), speed.rounds.max(1), &mut report)?;
            speed.output
        }
    };
    println!("\n{}", report.table());
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
