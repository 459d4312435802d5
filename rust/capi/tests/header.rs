//! The checked-in headers are those that the sources generate.

use std::path::Path;

#[path = "../examples/header/generate.rs"]
mod generate;

#[test]
fn headers_are_up_to_date() {
    for (name, text) in generate::headers() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/limbeck").join(name);
        let present = std::fs::read_to_string(&path).unwrap();
        assert!(present == text, "{name} is out of date: run `cargo run -p limbeck --example header`");
    }
}
