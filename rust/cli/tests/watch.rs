//! `limbeck watch` on runs in every state of their life.

mod program;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use program::{Bench, QUICK};
use serde_json::Value;

/// Starts a compression that takes a while and can be watched.
fn begin(bench: &Bench, steps: usize, samples: &str) -> Child {
    bench.wave("u.npy", &[steps, 16, 16, 16]);
    let set = format!("teacher.samples={samples}");
    let slow = ["compress", "u.npy", "-o", "run.lbk", "--quiet", "-s", &set, "-s", "student.samples=600000"];
    let mut command = bench.command(&slow);
    command.env("LIMBECK_MONITOR_ADDRESS", ":0").stdout(Stdio::null()).spawn().unwrap()
}

fn once(bench: &Bench, run: &str) -> Value {
    bench.limbeck(&["watch", run, "--once", "--json"]).ends_with(0).json()
}

/// Looks until some steps are in the journal.
fn with_steps(bench: &Bench, least: u64) -> Value {
    loop {
        let ran = bench.limbeck(&["watch", "run.lbk", "--once", "--json"]);
        // Before the session has made its directory there is nothing.
        if ran.code == 0 && ran.json()["steps"]["durable"].as_u64().unwrap_or(0) >= least {
            return ran.json();
        }
        assert!(ran.code == 0 || ran.code == 5, "{ran:?}");
    }
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_run_that_goes_on_and_one_that_was_killed() {
    let bench = Bench::new();
    let mut child = begin(&bench, 200, "3000000");
    let seen = with_steps(&bench, 2);
    assert_eq!((&seen["state"], &seen["finished"]), (&"running".into(), &Value::Null));
    let (steps, session) = (&seen["steps"], &seen["session"]);
    assert_eq!(session["process_id"], child.id());
    assert!(steps["durable"].as_u64() >= Some(2) && session["steps"]["accepted"].as_u64() >= Some(1), "{seen:#}");
    assert!(seen["variables"][0]["psnr"].as_f64().unwrap() > 10.0 && seen["variables"][0]["name"] == "u");
    let text = bench.limbeck(&["watch", "run.lbk.d", "--once"]).ends_with(0).stdout;
    for word in ["run.lbk.d is being written", "steps durable", "workers busy", "PSNR dB", "journal"] {
        assert!(text.contains(word), "{text}");
    }
    signal(&child, "-KILL");
    child.wait().unwrap();
    let left = once(&bench, "run.lbk");
    assert_eq!((&left["state"], &left["session"]), (&"unfinished".into(), &Value::Null));
    assert!(bench.path("run.lbk.d/monitor-00000.json").exists(), "it was killed before it could remove it");
    let text = bench.limbeck(&["watch", "run.lbk", "--once"]).ends_with(0).stdout;
    assert!(text.contains("interrupted") && text.contains("limbeck distill run.lbk.d"), "{text}");
    let short = ["--ratio", "20", "--set", "student.samples=300000", "--set", "journal.keep=false"];
    let distilled = bench.limbeck(&[&["distill", "run.lbk.d"], &short[..]].concat());
    // Steps that it was at when it was killed are missing.
    assert!([0, 7].contains(&distilled.code), "{distilled:?}");
    assert_eq!(bench.files(), ["run.lbk", "u.npy"], "where it could be watched is gone with it");
}

#[test]
fn a_run_is_watched_from_before_its_beginning_to_its_end() {
    let bench = Bench::new();
    let mut watch = bench.command(&["watch", "run.lbk", "--wait"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("run.lbk.d has not begun"));
    let mut child = begin(&bench, 8, "1500000");
    let rest: Vec<String> = lines.collect();
    assert_eq!((watch.wait().unwrap().code(), child.wait().unwrap().code()), (Some(0), Some(0)));
    assert!(rest.iter().any(|l| l.starts_with("run.lbk.d is being written")), "{rest:#?}");
    let last = rest.last().unwrap();
    assert!(last.starts_with("run.lbk is finished, 8 steps; run.lbk: ") && last.contains("ratio"), "{last}");
}

#[test]
fn runs_that_are_over() {
    let bench = Bench::new();
    bench.wave("u.npy", &[3, 8, 8, 8]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--no-distil"]).ends_with(0);
    let seen = once(&bench, "run.lbk");
    assert_eq!((&seen["state"], &seen["steps"]["durable"]), (&"unfinished".into(), &3.into()));
    assert_eq!(seen["steps"]["newest"], serde_json::json!({"step": 2, "cycle": 2, "time": 2.0}));
    bench.limbeck(&[&["distill", "run.lbk.d", "--ratio", "4"], &QUICK[4..]].concat()).ends_with(0);
    for run in ["run.lbk", "run.lbk.d"] {
        let seen = once(&bench, run);
        assert_eq!((&seen["state"], &seen["finished"]["steps"]), (&"finished".into(), &3.into()));
    }
    // Not only with --once: a run that is over needs no watching.
    let text = bench.limbeck(&["watch", "run.lbk"]).ends_with(0).stdout;
    assert!(text.contains("run.lbk is finished, 3 steps"), "{text}");
    std::fs::remove_dir_all(bench.path("run.lbk.d")).unwrap();
    assert_eq!(once(&bench, "run.lbk")["state"], "finished");
    // Steps that the archive has not: the run went on and was interrupted.
    bench.wave("u.npy", &[5, 8, 8, 8]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--append", "--no-distil"]).ends_with(0);
    assert_eq!(once(&bench, "run.lbk")["state"], "unfinished");
}

#[test]
fn what_is_no_run() {
    let bench = Bench::new();
    bench.limbeck(&["watch", "none.lbk", "--once"]).ends_with(5).says(&["none.lbk.d", "--wait"]);
    bench.limbeck(&["watch", "none.lbk.d"]).ends_with(5).says(&["none.lbk"]);
    std::fs::write(bench.path("words.lbk"), "words, words, words".repeat(20)).unwrap();
    bench.limbeck(&["watch", "words.lbk", "--once"]).ends_with(4).says(&["words.lbk"]);
    std::fs::create_dir(bench.path("empty.lbk.d")).unwrap();
    bench.limbeck(&["watch", "empty.lbk.d", "--once"]).ends_with(2).says(&["no journal"]);
    std::fs::create_dir(bench.path("odd.lbk.d")).unwrap();
    std::fs::write(bench.path("odd.lbk.d/journal-00000.lbj"), "words, words, words".repeat(20)).unwrap();
    bench.limbeck(&["watch", "odd.lbk", "--once"]).ends_with(4).says(&["odd.lbk.d"]);
    bench.limbeck(&["watch"]).ends_with(2);
    bench.limbeck(&["watch", "a.lbk", "--wait", "--once"]).ends_with(2);
}

/// A file that leads to a program which is not the session, or to none.
#[test]
fn places_that_lead_elsewhere_are_ignored() {
    let bench = Bench::new();
    bench.wave("u.npy", &[2, 8, 8, 8]);
    bench.compress(&["u.npy", "-o", "run.lbk", "--no-distil"]).ends_with(0);
    // Somebody writes it, so its session is looked for.
    let lock = std::fs::File::open(bench.path("run.lbk.d/lock")).unwrap();
    lock.lock().unwrap();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", other.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for answer in ["{\"process_id\": 1, \"host\": \"h\", \"rank\": 1}", "no JSON"] {
            let mut stream = other.accept().unwrap().0;
            let _ = stream.read(&mut [0; 1000]);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", answer.len());
            let _ = std::io::Write::write_all(&mut stream, (head + answer).as_bytes());
        }
    });
    for told in [
        format!("{{\"url\": \"{url}\", \"process_id\": 1, \"host\": \"h\", \"rank\": 0}}"),
        format!("{{\"url\": \"{url}\"}}"),
    ] {
        std::fs::write(bench.path("run.lbk.d/monitor-00000.json"), told).unwrap();
        let seen = once(&bench, "run.lbk");
        assert_eq!((&seen["state"], &seen["session"]), (&"running".into(), &Value::Null));
    }
    server.join().unwrap();
    for told in ["nonsense", "{}", "{\"url\": \"ftp://x/\"}", "{\"url\": \"http://127.0.0.1:1/\"}"] {
        std::fs::write(bench.path("run.lbk.d/monitor-00000.json"), told).unwrap();
        assert_eq!(once(&bench, "run.lbk")["session"], Value::Null, "{told}");
    }
}

#[test]
fn watching_ends_with_an_interruption() {
    let bench = Bench::new();
    let mut watch = bench.command(&["watch", "run.lbk", "--wait", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first: Value = serde_json::from_str(&lines.next().unwrap()).unwrap();
    assert_eq!(first["state"], "absent");
    signal(&watch, "-INT");
    assert_eq!(watch.wait().unwrap().code(), Some(130));
}
