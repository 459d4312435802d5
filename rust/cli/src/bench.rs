//! `limbeck bench`: what limbeck makes of the user's own data, and what other compressors make of them.

use clap::{Args, Subcommand};
use limbeck_comparison::rate_distortion::{self, error_bound};
use limbeck_comparison::report::Report;
use limbeck_comparison::{Error, machine};

use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::settings::pair;

/// What `bench` takes.
#[derive(Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// PSNR at given ratios
    RateDistortion(RateDistortion),
    /// Ratio at given bounds on the error of every value
    ErrorBound(ErrorBound),
}

#[derive(Args)]
struct RateDistortion {
    #[command(flatten)]
    options: rate_distortion::Options,
    #[command(flatten)]
    set: Set,
}

#[derive(Args)]
struct ErrorBound {
    #[command(flatten)]
    options: error_bound::Options,
    #[command(flatten)]
    set: Set,
}

#[derive(Args)]
struct Set {
    /// Set any option of `limbeck options`; may be repeated
    #[arg(long = "set", short = 's', value_name = "NAME=VALUE")]
    sets: Vec<String>,
}

impl Set {
    fn pairs(&self) -> Result<Vec<(&str, &str)>> {
        self.sets.iter().map(|text| pair(text)).collect()
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let mut report = if console.quiet { Report::quiet() } else { Report::default() };
    let made = match &arguments.what {
        What::RateDistortion(r) => rate_distortion::run(&r.options, &r.set.pairs()?, &mut report),
        What::ErrorBound(b) => error_bound::run(&b.options, &b.set.pairs()?, &mut report),
    };
    let table = made.map_err(|e| match e {
        Error::Input(_) => Failure::Data(e.to_string()),
        Error::Output(_) => Failure::Io(e.to_string()),
        Error::Setup(_) | Error::Missing(_) => Failure::Usage(e.to_string()),
    })?;
    console.result(&format!("{}\n\n{table}", machine::describe()), &report.document())
}
