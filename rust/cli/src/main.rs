//! The program `limbeck`: compresses series of steps on disk through the same session that simulations use, and
//! reads, measures and describes what came out.

mod answers;
mod bench;
mod compare;
mod compare_picture;
mod completions;
mod compress;
mod console;
mod crew;
mod decode;
mod devices;
mod distil;
mod document;
mod failure;
mod info;
mod input;
mod interrupt;
mod man;
mod measure;
mod options;
mod originals;
mod output;
mod page;
mod plot;
mod points;
mod query;
mod render;
mod replay;
mod report;
mod selection;
mod settings;
mod source;
mod table;
mod view;
mod watch;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use console::{Console, ProgressManner};
use failure::EXIT_CODES;

/// In-situ neural compressor: a small network instead of the steps of a simulation
#[derive(Parser)]
#[command(name = "limbeck", version, after_help = EXIT_CODES, subcommand_required = true, arg_required_else_help = true)]
struct Program {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    manner: Manner,
}

#[derive(Args)]
struct Manner {
    /// Print the result as one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// Print results and errors only: no progress, no remarks
    #[arg(long, short, global = true)]
    quiet: bool,
    /// How progress is told on stderr
    #[arg(long, global = true, value_name = "HOW", default_value = "auto")]
    progress: ProgressManner,
}

#[derive(Subcommand)]
enum Command {
    /// Compress a series of steps from .npy or raw files, as a running simulation would
    #[command(after_help = EXIT_CODES)]
    Compress(compress::Arguments),
    /// Say what an archive or an unfinished run holds
    #[command(after_help = EXIT_CODES)]
    Info(info::Arguments),
    /// Make an archive of an unfinished run
    #[command(visible_alias = "distil", after_help = EXIT_CODES)]
    Distill(distil::Arguments),
    /// Write decoded values as .npy, raw, .vti, .vtkhdf or NetCDF
    #[command(after_help = EXIT_CODES)]
    Decode(decode::Arguments),
    /// Evaluate points in space and time: a CSV table in, one with values out
    #[command(after_help = EXIT_CODES)]
    Query(query::Arguments),
    /// Measure decoded values against the original ones
    #[command(after_help = EXIT_CODES)]
    Compare(compare::Arguments),
    /// Draw decoded steps: volumes, isosurfaces, slices and curves, as PNG or as an animation
    #[command(after_help = EXIT_CODES)]
    Render(render::Arguments),
    /// Plot quality, bytes and seconds of the steps
    #[command(after_help = EXIT_CODES)]
    Plot(plot::Arguments),
    /// Describe an archive or an unfinished run on one HTML page, with pictures
    #[command(after_help = EXIT_CODES)]
    Report(page::Arguments),
    /// Measure limbeck on your own data, and other compressors if limbeck-rivals is there
    #[command(after_help = EXIT_CODES)]
    Bench(bench::Arguments),
    /// Hand a recorded session (LIMBECK_RECORD) in again, without the simulation
    #[command(after_help = EXIT_CODES)]
    Replay(replay::Arguments),
    /// Print what completes limbeck's command lines in a shell
    #[command(after_help = EXIT_CODES)]
    Completions(completions::Arguments),
    /// Print the manual page, or write those of all commands
    #[command(after_help = EXIT_CODES)]
    Man(man::Arguments),
    /// Show how far a run is, while it goes on
    #[command(after_help = EXIT_CODES)]
    Watch(watch::Arguments),
    /// List the devices that networks can be trained on here
    #[command(after_help = EXIT_CODES)]
    Devices(devices::Arguments),
    /// List the options of a session, for --set, limbeck.toml and the environment
    #[command(after_help = EXIT_CODES)]
    Options(options::Arguments),
}

fn main() -> ExitCode {
    let program = Program::try_parse().unwrap_or_else(|told| match crew::launch() {
        // Of many processes, the first one says what is wrong with the command line that all have.
        Some(launch) if launch.size > 1 => {
            let assembled = crew::Crew::assemble();
            if launch.rank == 0 {
                let _ = told.print();
            }
            drop(assembled);
            crew::dismiss();
            std::process::exit(told.exit_code())
        }
        _ => told.exit(),
    });
    let console = Console { json: program.manner.json, quiet: program.manner.quiet, manner: program.manner.progress };
    let outcome = match &program.command {
        Command::Compress(arguments) => compress::run(arguments, &console),
        Command::Info(arguments) => info::run(arguments, &console),
        Command::Distill(arguments) => distil::run(arguments, &console),
        Command::Decode(arguments) => decode::run(arguments, &console),
        Command::Query(arguments) => query::run(arguments, &console),
        Command::Compare(arguments) => compare::run(arguments, &console),
        Command::Render(arguments) => render::run(arguments, &console),
        Command::Plot(arguments) => plot::run(arguments, &console),
        Command::Report(arguments) => page::run(arguments, &console),
        Command::Replay(arguments) => replay::run(arguments, &console),
        Command::Bench(arguments) => bench::run(arguments, &console),
        Command::Completions(arguments) => completions::run(arguments, Program::command(), &console),
        Command::Man(arguments) => man::run(arguments, Program::command(), &console),
        Command::Watch(arguments) => watch::run(arguments, &console),
        Command::Devices(arguments) => devices::run(arguments, &console),
        Command::Options(arguments) => options::run(arguments, &console),
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            console.failure(&failure);
            ExitCode::from(failure.code())
        }
    };
    crew::dismiss();
    code
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Program::command().debug_assert();
    }
}
