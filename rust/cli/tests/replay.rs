//! A recorded session handed in again from the command line.

mod program;

use program::{Bench, QUICK, read_npy};

/// A run of the program itself, recorded.
fn recorded() -> Bench {
    let bench = Bench::new();
    bench.wave("u.npy", &[4, 8, 10]);
    let arguments = [&["compress", "u.npy", "-o", "run.lbk"], &QUICK[..]].concat();
    let status = bench.command(&arguments).env("LIMBECK_RECORD", "recorded").output().unwrap().status;
    assert!(status.success());
    bench
}

fn decoded(bench: &Bench, archive: &str) -> (String, Vec<f32>) {
    bench.limbeck(&["decode", archive, "-o", "decoded.npy"]).ends_with(0);
    let read = read_npy(&bench.path("decoded.npy"));
    std::fs::remove_file(bench.path("decoded.npy")).unwrap();
    read
}

#[test]
fn a_replay_makes_the_same_archive() {
    let bench = recorded();
    // What the program did differently from a host: it distilled in a call of its own.
    let arguments = ["replay", "recorded", "-o", "again.lbk", "-s", "distil.when=close", "--json"];
    let told = bench.limbeck(&arguments).ends_with(0).json();
    assert_eq!((&told["replay"]["taken"], &told["replay"]["different"]), (&4.into(), &0.into()), "{told:#}");
    assert_eq!(told["replay"]["path"], "run.lbk");
    assert_eq!(decoded(&bench, "again.lbk"), decoded(&bench, "run.lbk"));
    let one = "recorded/run.lbk-000-00000.lbr";
    let before = bench.files();
    let text = bench.limbeck(&["replay", one, "-s", "distil.when=close", "-s", "effort=0.1"]).ends_with(0).stdout;
    assert!(text.contains("4 of 4 steps handed in"), "{text}");
    assert_eq!(bench.files(), before, "without -o nothing is left");
}

#[test]
fn what_cannot_be_replayed_is_told() {
    let bench = recorded();
    bench.limbeck(&["replay", "nowhere"]).ends_with(5);
    bench.limbeck(&["replay", "."]).ends_with(2).says(&["no recording"]);
    bench.limbeck(&["replay", "run.lbk"]).ends_with(4).says(&["is a limbeck archive, not a limbeck recording"]);
    bench.limbeck(&["replay", "recorded", "--session", "run.lbk-007"]).ends_with(2).says(&["run.lbk-000"]);
    let file = bench.path("recorded/run.lbk-000-00000.lbr");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 60]).unwrap();
    let ran = bench.limbeck(&["replay", "recorded", "-o", "cut.lbk", "-s", "distil.when=never"]).ends_with(0);
    assert!(ran.stdout.contains("steps handed in"));
    ran.says(&["warning", "before the session was closed"]);
}
