//! Writes an archive with everything that a file format may have to carry: `rich_run RUN.lbk`. `ci/formats` reads what
//! `limbeck decode` makes of it with the programs that the formats are for.

#[path = "../tests/program/rich.rs"]
mod rich;

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: rich_run RUN.lbk");
        std::process::exit(2);
    };
    if let Err(e) = rich::write(path.as_ref()) {
        eprintln!("rich_run: {e}");
        std::process::exit(1);
    }
}
