//! `limbeck devices`: what networks can be trained on here.

use clap::Args;
use limbeck_session::{Adapter, AdapterKind};
use serde_json::{Value, json};

use crate::console::Console;
use crate::failure::Result;
use crate::table::Table;

/// What `devices` takes.
#[derive(Args)]
pub struct Arguments {}

/// Runs the command.
pub fn run(_: &Arguments, console: &Console) -> Result<()> {
    let there = Adapter::all();
    let document = |a: &Adapter| json!({"name": a.name, "kind": kind(a.kind), "interface": a.interface});
    let devices: Vec<Value> = there.iter().map(document).collect();
    console.result(&text(&there), &json!({"built_in": Adapter::BUILT_IN, "devices": devices}))
}

fn text(there: &[Adapter]) -> String {
    if !Adapter::BUILT_IN {
        return "This build trains on the CPU only; docs/gpu.md says how one for GPUs is made.\n".into();
    }
    if there.is_empty() {
        return "No driver offers a device: limbeck trains on the CPU.\n".into();
    }
    let mut table = Table::new(&["device", "kind", "through"]);
    for a in there {
        table.row(vec![a.name.clone(), kind(a.kind).into(), a.interface.clone()]);
    }
    let chosen = match there.iter().any(Adapter::is_hardware) {
        true => "Option device = auto takes the GPUs; a part of a name takes others.",
        false => "Option device = auto takes none of them; a part of a name does.",
    };
    format!("{}\n{chosen}\n", table.left().text(0))
}

fn kind(kind: AdapterKind) -> &'static str {
    match kind {
        AdapterKind::Discrete => "GPU",
        AdapterKind::Integrated => "integrated GPU",
        AdapterKind::Virtual => "virtual GPU",
        AdapterKind::Software => "in software",
        AdapterKind::Other => "other",
    }
}
