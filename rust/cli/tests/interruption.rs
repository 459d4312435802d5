//! Ctrl-C and kill in the middle of a run.

mod program;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use program::Bench;

/// Starts a compression of many steps and waits until some of them are in the journal.
fn begin(bench: &Bench) -> Child {
    let slow = ["compress", "u.npy", "-o", "run.lbk", "--progress", "lines", "--set", "teacher.samples=3000000"];
    let mut child = bench.command(&slow).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen: Vec<String> =
        lines.by_ref().map_while(Result::ok).take_while(|line| steps_in(line).is_none_or(|n| n < 2)).collect();
    assert!(!seen.iter().any(|l| l.contains("distilling")), "too fast to be interrupted: {seen:?}");
    // Whoever writes progress must find a reader.
    std::thread::spawn(move || lines.map_while(Result::ok).count());
    child
}

/// Steps in the journal, from a line such as "training: 3/200 steps, 1.0 s".
fn steps_in(line: &str) -> Option<usize> {
    line.strip_prefix("training: ")?.split('/').next()?.parse().ok()
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// Steps that can be read.
fn steps_of(bench: &Bench, run: &str) -> usize {
    let info = bench.limbeck(&["info", run, "--json"]).ends_with(0).json();
    info["steps"].as_array().unwrap().iter().filter(|s| s["state"] == "present").count()
}

#[test]
fn an_interrupted_run_is_finished_by_distill() {
    for name in ["-INT", "-TERM"] {
        let bench = Bench::new();
        bench.wave("u.npy", &[200, 16, 16, 16]);
        let mut child = begin(&bench);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(bench.files(), ["run.lbk.d", "u.npy"]);
        let steps = steps_of(&bench, "run.lbk.d");
        assert!((2..200).contains(&steps), "{steps} steps");
        let settings = ["--ratio", "50", "--set", "student.samples=600000", "--set", "student.batch=256"];
        bench.limbeck(&[&["distill", "run.lbk.d"], &settings[..]].concat()).ends_with(0);
        assert_eq!(steps_of(&bench, "run.lbk"), steps);
        bench
            .limbeck(&["compare", "run.lbk", "--original", "u.npy", "--require-psnr", "15"])
            .ends_with(0)
            .says(&["200 original steps"]);
    }
}

#[test]
fn a_killed_run_goes_on_where_it_was() {
    let bench = Bench::new();
    bench.wave("u.npy", &[60, 16, 16, 16]);
    let mut child = begin(&bench);
    signal(&child, "-KILL");
    child.wait().unwrap();
    let before = steps_of(&bench, "run.lbk.d");
    assert!((2..60).contains(&before), "{before} steps");
    bench.compress(&["u.npy", "-o", "run.lbk"]).ends_with(2).says(&["run.lbk"]);
    let again = bench.compress(&["u.npy", "-o", "run.lbk", "--append", "--ratio", "50", "--json"]).ends_with(0).json();
    assert_eq!(again["session"]["skipped"].as_u64().unwrap() as usize, before);
    assert_eq!(steps_of(&bench, "run.lbk"), 60);
    assert!(again["variables"][0]["psnr"].as_f64().unwrap() > 15.0, "{again}");
}

#[test]
fn a_decoding_that_is_interrupted_leaves_nothing() {
    let bench = Bench::new();
    // A network at half a million points takes its time for each step.
    bench.wave("u.npy", &[4, 80, 80, 80]);
    let quick = ["u.npy", "-o", "run.lbk", "--ratio", "1000", "--no-measure", "--set", "journal.keep=false"];
    bench.compress(&quick).ends_with(0);
    for format in ["npy", "vti", "vtkhdf", "nc"] {
        let output = format!("out.{format}");
        let arguments = ["decode", "run.lbk", "-o", &output, "--progress", "lines"];
        let mut child = bench.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.by_ref().map_while(Result::ok).next().unwrap();
        assert!(first.starts_with("decoding: 1/4"), "{first}");
        signal(&child, "-INT");
        let words: Vec<String> = lines.map_while(Result::ok).collect();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{words:?}");
        assert!(words.iter().any(|l| l.contains("nothing was written")), "{words:?}");
        assert_eq!(bench.files(), ["run.lbk", "u.npy"], "{format}");
    }
}

#[test]
fn a_distillation_that_is_interrupted_can_begin_again() {
    let bench = Bench::new();
    bench.wave("u.npy", &[4, 12, 12, 12]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--no-distil"]).ends_with(0);
    let long = ["distill", "run.lbk.d", "--ratio", "10", "--progress", "lines", "--set", "student.samples=2000000000"];
    let mut child = bench.command(&long).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.by_ref().map_while(Result::ok).find(|line| line.contains("distilling"));
    assert!(first.is_some());
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let words: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(words.iter().any(|l| l.contains("begins anew")), "{words:?}");
    assert_eq!(bench.files(), ["run.lbk.d", "u.npy"]);
    let short = ["--ratio", "10", "--set", "student.samples=300000", "--set", "student.batch=256"];
    bench.limbeck(&[&["distill", "run.lbk.d"], &short[..]].concat()).ends_with(0);
    assert_eq!(steps_of(&bench, "run.lbk"), 4);
}
