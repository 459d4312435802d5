//! Writes `include/limbeck/limbeck.h`, `limbeck_stub.h`, `version.h` and the table in `docs/abi.md` from the sources of this
//! crate:
//!
//! ```text
//! cargo run -p limbeck --example header             write them
//! cargo run -p limbeck --example header -- --check  only compare; fails if the checked-in ones are out of date
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[path = "header/generate.rs"]
mod generate;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let mut stale = false;
    for (name, text) in generate::files() {
        let path = repository().join(name);
        if std::fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        stale = true;
        if check {
            eprintln!("{} is out of date: run `cargo run -p limbeck --example header`", path.display());
        } else if let Err(error) = std::fs::write(&path, text) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        } else {
            println!("wrote {}", path.display());
        }
    }
    if check && stale { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
