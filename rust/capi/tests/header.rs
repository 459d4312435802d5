//! The checked-in headers are those that the sources generate.

use std::path::Path;

#[path = "../examples/header/generate.rs"]
mod generate;

#[test]
fn headers_are_up_to_date() {
    for (name, text) in generate::files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
        let present = std::fs::read_to_string(&path).unwrap();
        assert!(present == text, "{name} is out of date: run `cargo run -p limbeck --example header`");
    }
}

#[test]
fn the_table_has_every_call() {
    let file =
        |name: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)).unwrap();
    let (table, symbols) = (file("docs/abi.md"), file("rust/capi/symbols.txt"));
    let rows: Vec<&str> =
        table.lines().filter_map(|l| l.strip_prefix("| `")?.split_once('`')).map(|(n, _)| n).collect();
    let mut calls: Vec<&str> = rows.into_iter().filter(|name| name.starts_with("lbk_")).collect();
    calls.sort_unstable();
    assert_eq!(calls, symbols.lines().collect::<Vec<_>>());
}
