//! `limbeck completions`: what a shell needs to complete command lines.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use serde_json::json;

use crate::console::Console;
use crate::failure::Result;
use crate::output::{publish, text_file};

/// What `completions` takes.
#[derive(Args)]
pub struct Arguments {
    /// Shell whose script is printed
    #[arg(required_unless_present = "out", conflicts_with = "out")]
    shell: Option<Shell>,
    /// Write the scripts for bash, zsh and fish below this directory, where these look for them if it is a prefix's share
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Where shells look, below share.
const PLACES: [(Shell, &str); 3] = [
    (Shell::Bash, "bash-completion/completions/limbeck"),
    (Shell::Zsh, "zsh/site-functions/_limbeck"),
    (Shell::Fish, "fish/vendor_completions.d/limbeck.fish"),
];

/// Runs the command; `program` is the whole command line.
pub fn run(arguments: &Arguments, mut program: clap::Command, console: &Console) -> Result<()> {
    let mut script = |shell: Shell| {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut program, "limbeck", &mut script);
        String::from_utf8_lossy(&script).into_owned()
    };
    if let Some(shell) = arguments.shell {
        let script = script(shell);
        return console.result(&script, &json!({"shell": shell.to_string(), "script": script}));
    }
    let directory = arguments.out.clone().unwrap_or_default();
    let written = PLACES.map(|(shell, place)| text_file(&directory.join(place), &script(shell)));
    let files = publish(written.into_iter().collect::<Result<Vec<_>>>()?)?;
    let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    console.result(&(files.join("\n") + "\n"), &json!({"files": files}))
}
