//! `limbeck watch`: how far a run is, while it goes on.

mod endpoint;
mod sight;
mod words;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use terminal::Term;

use crate::console::{Console, said};
use crate::failure::Result;
use crate::interrupt;
use sight::{Sight, State, Watched};

/// What `watch` takes.
#[derive(Args)]
pub struct Arguments {
    /// The run: its directory run.lbk.d, or the archive run.lbk that it becomes
    run: PathBuf,
    /// Print once how far it is, and end
    #[arg(long)]
    once: bool,
    /// Wait for a run that has not begun
    #[arg(long, conflicts_with = "once")]
    wait: bool,
}

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Looking takes at most this share of the time, however long it takes.
const SHARE: u32 = 5;

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    interrupt::listen()?;
    // Nothing is written, so nothing is left half done.
    interrupt::end_at_once("");
    let mut watched = Watched::new(&arguments.run);
    if arguments.once {
        let sight = watched.look(false)?;
        return console.result(&words::page(&sight, usize::MAX), &words::document(&sight));
    }
    let mut shown = Shown::new(console);
    loop {
        let began = Instant::now();
        let sight = watched.look(arguments.wait)?;
        shown.show(&sight)?;
        if sight.state == State::Finished {
            return Ok(());
        }
        std::thread::sleep(PAUSE.max(SHARE * began.elapsed()));
    }
}

/// What stands on the screen.
struct Shown<'a> {
    console: &'a Console,
    /// None where stdout is no terminal: then news are lines.
    terminal: Option<Term>,
    /// Lines on the terminal that the next look replaces.
    lines: usize,
    /// The last line elsewhere.
    last: String,
}

impl Shown<'_> {
    fn new(console: &Console) -> Shown<'_> {
        let terminal = Some(Term::buffered_stdout()).filter(|t| t.is_term() && !console.json);
        Shown { console, terminal, lines: 0, last: String::new() }
    }

    fn show(&mut self, sight: &Sight) -> Result<()> {
        let Some(terminal) = &self.terminal else {
            let line = words::line(sight);
            // With --json every look is told, since all its numbers may have changed.
            if line != self.last || self.console.json {
                self.console.line(&line, &words::document(sight))?;
                self.last = line;
            }
            return Ok(());
        };
        let (height, width) = terminal.size();
        let page = words::page(sight, usize::from(width).saturating_sub(1));
        // What is higher than the terminal could not be replaced.
        let lines: Vec<&str> = page.lines().take(usize::from(height).saturating_sub(1).max(1)).collect();
        let drawn = || -> std::io::Result<()> {
            terminal.move_cursor_up(self.lines)?;
            terminal.clear_to_end_of_screen()?;
            terminal.write_line(&lines.join("\n"))?;
            // All at once, so that nothing flickers.
            terminal.flush()
        };
        said(drawn())?;
        self.lines = lines.len();
        Ok(())
    }
}
