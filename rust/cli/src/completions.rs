//! `limbeck completions`: what a shell needs to complete command lines.

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::console::Console;
use crate::failure::Result;

/// What `completions` takes.
#[derive(Args)]
pub struct Arguments {
    /// Shell that the script is for
    shell: Shell,
}

/// Runs the command; `program` is the whole command line.
pub fn run(arguments: &Arguments, mut program: clap::Command, console: &Console) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "limbeck", &mut script);
    let script = String::from_utf8_lossy(&script);
    console.result(&script, &json!({"shell": arguments.shell.to_string(), "script": script}))
}
