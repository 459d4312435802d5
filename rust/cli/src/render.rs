//! `limbeck render`: pictures and animations of decoded steps.

mod drawing;
mod look;

use std::path::PathBuf;

use clap::Args;
use limbeck_picture::{Animation, Format};
use limbeck_reader::Step;
use serde_json::json;

use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::input::refuse_same;
use crate::interrupt;
use crate::output::{Pending, publish};
use crate::selection::Slice;
use crate::source::{Source, Variable};
use crate::table::{self, grouped, short};
use crate::view::Decoded;
use look::Look;

pub use drawing::{Drawing, Kind};

/// What `render` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// Variable to draw; may be left out where there is but one
    #[arg(long, short, value_name = "NAME")]
    variable: Option<String>,
    /// Step to draw; negative ones count from the end. The last one if neither this nor --steps is given
    #[arg(long, value_name = "K", allow_hyphen_values = true, conflicts_with = "steps")]
    step: Option<i64>,
    /// Steps of an animation, as begin:end:every; negative ones count from the end
    #[arg(long, value_name = "A:B:E", allow_hyphen_values = true)]
    steps: Option<Slice>,
    /// Pictures per second of an animation
    #[arg(long, value_name = "N", default_value_t = 8.0)]
    fps: f64,
    #[command(flatten)]
    look: Look,
    /// File to write: .png (of several steps an animated PNG) or .gif
    #[arg(long, short)]
    output: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let format = format_of(&arguments.output)?;
    if !(0.1..=100.0).contains(&arguments.fps) {
        return Err(Failure::Usage(format!("--fps {}: choose 0.1 to 100 pictures per second", arguments.fps)));
    }
    let source = Source::open(&arguments.path)?;
    refuse_same(&arguments.path, &arguments.output)?;
    let variable = source.one(arguments.variable.as_deref())?;
    let steps = steps(arguments, &source)?;
    let mut file = Pending::create(&arguments.output)?;

    interrupt::listen()?;
    let decoded = Decoded::default();
    let drawing = arguments.look.drawing(&source, &decoded, &variable, &steps, console)?;
    let progress = console.progress("drawing", steps.len() as u64, "pictures");
    let mut animation = Animation::new(&mut file, format, drawing.size, steps.len(), arguments.fps)?;
    for (i, step) in steps.iter().enumerate() {
        interrupt::check()?;
        animation.append(&drawing.picture(step)?)?;
        progress.at(i as u64 + 1, &variable.name);
    }
    animation.finish()?;
    progress.finish();
    publish(vec![file.seal()?])?;
    report(arguments, &variable, &drawing, &steps, console)
}

fn format_of(path: &std::path::Path) -> Result<Format> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "png" | "apng" => Ok(Format::Png),
        "gif" => Ok(Format::Gif),
        _ => Err(Failure::Usage(format!("{} does not end with .png or .gif", path.display()))),
    }
}

/// The steps to draw, none of them one that cannot be read.
fn steps(arguments: &Arguments, source: &Source) -> Result<Vec<Step>> {
    if arguments.steps.is_some() {
        return source.select_steps(arguments.steps);
    }
    let all = source.select_steps(None)?;
    let wanted = arguments.step.unwrap_or(-1);
    let place = if wanted < 0 { wanted + all.len() as i64 } else { wanted };
    match usize::try_from(place).ok().and_then(|i| all.get(i)) {
        Some(step) => Ok(vec![step.clone()]),
        None => Err(Failure::Usage(format!("--step {wanted}: there is no such step; they are 0 to {}", all.len() - 1))),
    }
}

fn report(
    arguments: &Arguments,
    variable: &Variable,
    drawing: &Drawing<'_>,
    steps: &[Step],
    console: &Console,
) -> Result<()> {
    let path = arguments.output.display().to_string();
    let bytes =
        std::fs::metadata(&arguments.output).map_err(|e| Failure::io("cannot read", &arguments.output, &e))?.len();
    let ([width, height], (low, high)) = (drawing.size, drawing.range);
    let which = match steps {
        [one] => format!("step {}", one.index),
        [first, .., last] => format!("{} steps, {} to {}", steps.len(), first.index, last.index),
        [] => String::new(),
    };
    let isovalues: Vec<String> = drawing.isovalues().iter().map(|v| short(*v)).collect();
    let surfaces = if isovalues.is_empty() { String::new() } else { format!(" at {}", isovalues.join(", ")) };
    let text = format!(
        "{}, {}, {which}: {}{surfaces}, range {} to {}\n{path}: {width} x {height} pixels, {} bytes\n",
        variable.name,
        table::shape(&variable.shape),
        drawing.mode(),
        short(low),
        short(high),
        grouped(bytes),
    );
    let document = json!({
        "files": [path], "bytes": bytes, "variable": variable.name, "mode": drawing.mode(),
        "steps": steps.iter().map(|s| s.index).collect::<Vec<_>>(), "frames": steps.len(),
        "size": [width, height], "range": [low, high], "isovalues": drawing.isovalues(), "every": drawing.every(),
    });
    console.result(&text, &document)
}
