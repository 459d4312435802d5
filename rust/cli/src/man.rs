//! `limbeck man`: manual pages, made of what `--help` says.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::Man;
use serde_json::json;

use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::output::{publish, text_file};

/// What `man` takes.
#[derive(Args)]
pub struct Arguments {
    /// Command whose page is printed; that of the program if not given
    #[arg(conflicts_with = "out")]
    command: Option<String>,
    /// Write the pages of the program and all its commands into this directory (limbeck.1, limbeck-compress.1 ...)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs the command; `program` is the whole command line.
pub fn run(arguments: &Arguments, mut program: clap::Command, console: &Console) -> Result<()> {
    // Options that all commands take are known to them only then.
    program.build();
    if let Some(directory) = &arguments.out {
        let pages = pages(&program);
        let written = pages.iter().map(|(name, text)| text_file(&directory.join(format!("{name}.1")), text));
        let files = publish(written.collect::<Result<Vec<_>>>()?)?;
        let files: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
        let text = format!("{} manual pages in {}\n", files.len(), directory.display());
        return console.result(&text, &json!({"files": files}));
    }
    let wanted = arguments.command.as_ref().map_or("limbeck".into(), |name| match program.find_subcommand(name) {
        Some(command) => format!("limbeck-{}", command.get_name()),
        None => String::new(),
    });
    let Some((name, text)) = pages(&program).into_iter().find(|(name, _)| *name == wanted) else {
        let given = arguments.command.as_deref().unwrap_or_default();
        return Err(Failure::Usage(format!("there is no command {given:?}; `limbeck --help` lists them")));
    };
    console.result(&text, &json!({"name": name, "page": text}))
}

/// Name and text of the program's page and of those of its commands, and of theirs.
fn pages(program: &clap::Command) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut commands = vec![(program.get_name().to_string(), program)];
    while let Some((name, command)) = commands.pop() {
        let mut text = Vec::new();
        // Into memory, where nothing can fail.
        let _ = Man::new(command.clone()).render(&mut text);
        let below = command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set());
        commands.extend(below.map(|c| (format!("{name}-{}", c.get_name()), c)));
        pages.push((name, String::from_utf8_lossy(&text).into_owned()));
    }
    pages.sort();
    pages
}
