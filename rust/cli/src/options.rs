//! `limbeck options`: the one table of options.

use clap::Args;
use limbeck_session::{OptionKind, OptionSpec, find_option, options};
use serde_json::{Value, json};

use crate::console::Console;
use crate::failure::Result;
use crate::table::Table;

/// What `options` takes.
#[derive(Args)]
pub struct Arguments {
    /// Describe this option only
    name: Option<String>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    match &arguments.name {
        Some(name) => {
            let option = find_option(name)?;
            console.result(&in_full(option), &document(option))
        }
        None => console.result(&all(), &options().iter().map(document).collect()),
    }
}

fn all() -> String {
    let mut table = Table::new(&["option", "default", "unit", "values", "meaning"]);
    for o in options() {
        let meaning = o.doc.split_once(". ").map_or(o.doc, |(first, _)| first).trim_end_matches('.');
        table.row(vec![
            o.name.into(),
            if o.default.is_empty() { "-".into() } else { o.default.into() },
            o.unit.into(),
            o.range(),
            meaning.into(),
        ]);
    }
    let places = "Set with --set NAME=VALUE, in a file given with --config, or in the environment \
                  (target.ratio: LIMBECK_TARGET_RATIO),\nwhich wins over both. `limbeck options NAME` says more.";
    format!("{}\n{places}\n", table.left().text(0))
}

fn in_full(o: &OptionSpec) -> String {
    let unit = if o.unit.is_empty() { String::new() } else { format!(" [{}]", o.unit) };
    format!(
        "{}{unit}\n  {}\n  values       {}\n  default      {}\n  environment  {}\n",
        o.name,
        o.doc,
        o.range(),
        if o.default.is_empty() { "none" } else { o.default },
        o.environment_variable()
    )
}

fn document(o: &OptionSpec) -> Value {
    let (kind, limits) = match o.kind {
        OptionKind::Flag => ("flag", Value::Null),
        OptionKind::Choice(words) => ("choice", json!(words)),
        OptionKind::Integer { min, max } => ("integer", json!({"min": min, "max": max})),
        OptionKind::Number { min, max } => ("number", json!({"min": min, "max": max})),
        OptionKind::Bytes { min } => ("bytes", json!({"min": min})),
        OptionKind::Path => ("path", Value::Null),
        OptionKind::Name => ("name", Value::Null),
        OptionKind::Cores => ("cores", Value::Null),
        OptionKind::Address => ("address", Value::Null),
    };
    json!({
        "name": o.name, "kind": kind, "limits": limits, "word": o.word, "unit": o.unit, "default": o.default,
        "doc": o.doc, "environment": o.environment_variable(),
    })
}
