//! Ctrl-C and kill in the middle of a run.

mod program;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use program::Bench;

/// Starts a compression of many steps and waits until some of them are in the journal.
fn begin(bench: &Bench) -> Child {
    let slow = ["compress", "u.npy", "-o", "run.lbk", "--set", "teacher.samples=400000"];
    let mut child = bench.command(&slow).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen: Vec<String> = lines
        .by_ref()
        .map_while(Result::ok)
        .take_while(|line| !line.contains("training: 2/") && !line.contains("training: 3/"))
        .collect();
    assert!(!seen.iter().any(|l| l.contains("distilling")), "too fast to be interrupted: {seen:?}");
    // Whoever writes progress must find a reader.
    std::thread::spawn(move || lines.map_while(Result::ok).count());
    child
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn steps_of(bench: &Bench, run: &str) -> usize {
    bench.limbeck(&["info", run, "--json"]).ends_with(0).json()["steps"].as_array().unwrap().len()
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
        bench.limbeck(&["distill", "run.lbk.d", "--set", "student.samples=50000"]).ends_with(0);
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
    bench.wave("u.npy", &[30, 16, 16, 16]);
    let mut child = begin(&bench);
    signal(&child, "-KILL");
    child.wait().unwrap();
    let before = steps_of(&bench, "run.lbk.d");
    assert!((2..30).contains(&before), "{before} steps");
    bench.compress(&["u.npy", "-o", "run.lbk"]).ends_with(2).says(&["run.lbk"]);
    let again = bench.compress(&["u.npy", "-o", "run.lbk", "--append", "--ratio", "50", "--json"]).ends_with(0).json();
    assert_eq!(again["session"]["skipped"].as_u64().unwrap() as usize, before);
    assert_eq!(steps_of(&bench, "run.lbk"), 30);
    assert!(again["variables"][0]["psnr"].as_f64().unwrap() > 15.0, "{again}");
}
