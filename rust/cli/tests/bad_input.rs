//! What the program says, and how it ends, when it is given something it cannot use.

mod program;

use program::{Bench, npy_header};

#[test]
fn inputs_that_are_no_series() {
    let bench = Bench::new();
    let out = ["-o", "run.lbk"];
    let compress = |arguments: &[&str]| bench.compress(&[arguments, &out[..]].concat());
    compress(&["none.npy"]).ends_with(5).says(&["none.npy", "no such file"]);
    std::fs::write(bench.path("foreign.npy"), "these are words, not numbers").unwrap();
    compress(&["foreign.npy"]).ends_with(3).says(&["foreign.npy", "no .npy file"]);
    let whole = [npy_header("<f4", &[2, 4, 4]), vec![0; 128]].concat();
    std::fs::write(bench.path("cut.npy"), &whole[..whole.len() - 1]).unwrap();
    compress(&["cut.npy"]).ends_with(3).says(&["cut.npy", "cut short"]);
    std::fs::write(bench.path("ints.npy"), [npy_header("<i4", &[2, 4, 4]), vec![0; 128]].concat()).unwrap();
    compress(&["ints.npy"]).ends_with(3).says(&["<i4", "float32"]);
    std::fs::write(bench.path("five.npy"), [npy_header("<f4", &[2, 2, 2, 2, 2]), vec![0; 128]].concat()).unwrap();
    compress(&["five.npy"]).ends_with(3).says(&["5 axes"]);
    std::fs::create_dir(bench.path("folder.npy")).unwrap();
    compress(&["folder.npy"]).ends_with(3).says(&["directory"]);
    std::fs::write(bench.path("a.bin"), [0; 100]).unwrap();
    compress(&["a.bin", "--raw", "--shape", "4,4", "--type", "f32"]).ends_with(3).says(&["100 bytes", "64 bytes"]);
    bench.wave("u.npy", &[3, 4, 4]);
    compress(&["u.npy", "--axes", "tzyx"]).ends_with(3).says(&["3 axes", "--axes"]);
    std::fs::write(bench.path("t.txt"), "0 1").unwrap();
    compress(&["u.npy", "--times", "t.txt"]).ends_with(3).says(&["2 times", "3 steps"]);
    compress(&["u.npy", "--times", "0:inf"]).ends_with(2).says(&["finite"]);
    bench.wave("v.npy", &[2, 4, 4]);
    compress(&["--variable", "u=u.npy", "--variable", "v=v.npy"]).ends_with(3).says(&["2 steps", "3"]);
    let left: Vec<String> = bench.files().into_iter().filter(|f| f.contains("run")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn command_lines_that_make_no_sense() {
    let bench = Bench::new();
    bench.wave("u.npy", &[2, 4, 4, 4]);
    bench.limbeck(&[]).ends_with(2);
    bench.limbeck(&["compres"]).ends_with(2).says(&["compress"]);
    bench.limbeck(&["compress", "u.npy"]).ends_with(2).says(&["--output"]);
    bench.limbeck(&["compress", "u.npy", "-o", "r.lbk", "--raw"]).ends_with(2).says(&["--shape"]);
    let set = |text: &str| bench.limbeck(&["compress", "u.npy", "-o", "r.lbk", "--set", text]);
    set("target.rato=10").ends_with(2).says(&["target.rato", "target.ratio"]);
    set("target.ratio=none").ends_with(2).says(&["target.ratio", "none"]);
    set("target.ratio").ends_with(2).says(&["NAME=VALUE"]);
    bench.limbeck(&["compress", "u.npy", "-o", "r.lbk", "--config", "no.toml"]).ends_with(5).says(&["no.toml"]);
    bench.limbeck(&["compress", "u.npy", "-o", "r.lbk", "--spacing", "1,2"]).ends_with(2).says(&["--spacing", "3"]);
    bench.limbeck(&["compress", "u.npy", "-o", "u.npy"]).ends_with(2).says(&["input and output"]);
    set("device=no such device").ends_with(8).says(&["no such device"]);
    let devices = bench.limbeck(&["devices", "--json"]).ends_with(0).stdout;
    assert!(devices.contains("built_in"), "{devices}");
    bench.limbeck(&["options", "queue.polcy"]).ends_with(2).says(&["queue.policy"]);
    let mut command = bench.command(&["compress", "u.npy", "-o", "r.lbk"]);
    let output = command.env("LIMBECK_TARGET_RATO", "3").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("LIMBECK_TARGET_RATIO"));
    assert_eq!(bench.files(), ["u.npy"]);
}

#[test]
fn machines_are_told_about_errors_too() {
    let bench = Bench::new();
    let error = bench.limbeck(&["info", "no.lbk", "--json"]).ends_with(5).json();
    assert_eq!((&error["error"]["code"], &error["error"]["kind"]), (&5.into(), &"io".into()));
    assert!(error["error"]["message"].as_str().unwrap().contains("no.lbk"));
}

#[test]
fn files_that_are_no_archive() {
    let bench = Bench::new();
    bench.limbeck(&["info", "none.lbk"]).ends_with(5).says(&["none.lbk"]);
    for (name, bytes) in
        [("empty.lbk", vec![]), ("words.lbk", b"words, words, words".repeat(20)), ("nul.lbk", vec![0; 500])]
    {
        std::fs::write(bench.path(name), bytes).unwrap();
        for arguments in
            [&["info", name][..], &["decode", name, "-o", "a.npy"], &["compare", name, "--original", "u.npy"]]
        {
            bench.limbeck(arguments).ends_with(4);
        }
    }
    bench.limbeck(&["distill", "words.lbk", "-o", "x.lbk"]).ends_with(2).says(&["directory"]);
    bench.limbeck(&["distill", "none.lbk.d", "-o", "x.lbk"]).ends_with(5);
    assert_eq!(bench.files(), ["empty.lbk", "nul.lbk", "words.lbk"]);
}

/// One archive, and everything that can be asked of it wrongly.
#[test]
fn questions_that_an_archive_cannot_answer() {
    let bench = Bench::new();
    bench.wave("density.npy", &[2, 6, 6, 6]);
    bench.compress(&["density.npy", "-o", "run.lbk", "--ratio", "2"]).ends_with(0);
    let before = bench.files();
    let decode = |arguments: &[&str]| bench.limbeck(&[&["decode", "run.lbk"], arguments].concat());
    decode(&["-o", "a.npy", "--variable", "densty"]).ends_with(2).says(&["densty", "density"]);
    decode(&["-o", "a.npy", "--steps", "2"]).ends_with(2).says(&["--steps", "0:2"]);
    decode(&["-o", "a.npy", "--region", ":,:"]).ends_with(2).says(&["2 axes", "6 x 6 x 6"]);
    decode(&["-o", "a.npy", "--region", ":,:,7:9"]).ends_with(2).says(&["axis 2"]);
    decode(&["-o", "a.npy", "--every", "0"]).ends_with(2);
    decode(&["-o", "a.what"]).ends_with(2).says(&["--format"]);
    decode(&["-o", "no/such/folder/a.npy"]).ends_with(5).says(&["no/such/folder/a.npy"]);
    decode(&["-o", "density.npy/a.npy"]).ends_with(5);
    decode(&["-o", "run.lbk", "--format", "raw"]).ends_with(2).says(&["input and output"]);
    let compare = |file: &str| bench.limbeck(&["compare", "run.lbk", "--original", file]);
    bench.wave("small.npy", &[2, 6, 6, 5]);
    compare("small.npy").ends_with(3).says(&["6 x 6 x 5", "6 x 6 x 6"]);
    bench.wave("short.npy", &[1, 6, 6, 6]);
    compare("short.npy").ends_with(3).says(&["1 steps"]);
    compare("none.npy").ends_with(5).says(&["none.npy"]);
    let png =
        |rest: &[&str]| bench.limbeck(&[&["compare", "run.lbk", "--original", "density.npy", "--png"], rest].concat());
    png(&["a.png", "--png-step", "9"]).ends_with(2).says(&["--png-step 9"]);
    png(&["a.png", "--png-slice", "6"]).ends_with(2).says(&["--png-slice 6"]);
    png(&["no/a.png"]).ends_with(5);
    png(&["run.lbk"]).ends_with(2).says(&["input and output"]);
    bench.compress(&["density.npy", "-o", "run.lbk"]).ends_with(2).says(&["run.lbk"]);
    bench.compress(&["density.npy", "-o", "no/such/run.lbk"]).ends_with(5);
    std::fs::remove_file(bench.path("small.npy")).unwrap();
    std::fs::remove_file(bench.path("short.npy")).unwrap();
    assert_eq!(bench.files(), before, "nothing is left behind");

    let archive = std::fs::read(bench.path("run.lbk")).unwrap();
    for length in [1, 20, archive.len() / 2, archive.len() - 1] {
        std::fs::write(bench.path("cut.lbk"), &archive[..length]).unwrap();
        bench.limbeck(&["decode", "cut.lbk", "-o", "a.npy"]).ends_with(4);
    }
    for at in (0..archive.len()).step_by(archive.len() / 23 + 1) {
        let mut flipped = archive.clone();
        flipped[at] ^= 0x10;
        std::fs::write(bench.path("flipped.lbk"), &flipped).unwrap();
        let ran = bench.limbeck(&["decode", "flipped.lbk", "-o", "a.npy"]);
        assert!(ran.code == 4, "byte {at}: {ran:?}");
    }
    assert!(!bench.path("a.npy").exists());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let bench = Bench::new();
    let mut child = bench.command(&["options", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
