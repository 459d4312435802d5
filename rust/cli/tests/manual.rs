//! Completions, manual pages, and what the program says while it works.

mod program;

use program::Bench;

#[test]
fn every_shell_has_completions() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.limbeck(&["completions", shell]).ends_with(0).stdout;
        assert!(script.contains("query") && script.contains("outside"), "{shell}");
        let told = bench.limbeck(&["completions", shell, "--json"]).ends_with(0).json();
        assert_eq!(told["script"].as_str().unwrap().trim_end(), script.trim_end());
    }
    let files = bench.limbeck(&["completions", "--out", "share"]).ends_with(0).stdout;
    assert_eq!(files.lines().count(), 3);
    for (file, shell) in files.lines().zip(["bash", "zsh", "fish"]) {
        let script = bench.limbeck(&["completions", shell]).stdout;
        assert_eq!(std::fs::read_to_string(bench.path(file)).unwrap().trim_end(), script.trim_end(), "{file}");
    }
    bench.limbeck(&["completions"]).ends_with(2).says(&["SHELL"]);
    bench.limbeck(&["completions", "dos"]).ends_with(2).says(&["bash"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let bench = Bench::new();
    let files = bench.limbeck(&["man", "--out", "share/man1", "--json"]).ends_with(0).json();
    let files: Vec<&str> = files["files"].as_array().unwrap().iter().map(|f| f.as_str().unwrap()).collect();
    let help = bench.limbeck(&["--help"]).ends_with(0).stdout;
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let names: Vec<&str> = commands.filter_map(|l| l.split_whitespace().next()).filter(|n| *n != "help").collect();
    assert!(names.contains(&"compress") && names.len() >= 11, "{names:?}");
    for name in names {
        let file = format!("share/man1/limbeck-{name}.1");
        assert!(files.contains(&file.as_str()), "{file}");
        let page = std::fs::read_to_string(bench.path(&file)).unwrap();
        assert!(page.contains(&format!(".TH limbeck-{name} 1")) && page.contains("Exit codes"), "{page}");
    }
    let page = bench.limbeck(&["man", "distil"]).ends_with(0).stdout;
    assert!(page.contains(".TH limbeck-distill 1"), "{page}");
    assert!(bench.limbeck(&["man"]).ends_with(0).stdout.contains(".TH limbeck 1"));
    bench.limbeck(&["man", "no-such"]).ends_with(2).says(&["no-such", "--help"]);
    bench.limbeck(&["man", "--out", "/dev/null/man"]).ends_with(5).says(&["/dev/null/man"]);
}

#[test]
fn progress_is_told_only_to_who_looks() {
    let bench = Bench::new();
    bench.wave("u.npy", &[3, 6, 8]);
    let silent = bench.compress(&["u.npy", "-o", "run.lbk", "--max-error", "0.1"]).ends_with(0);
    assert_eq!(silent.stderr, "", "stderr is no terminal here");
    let told = bench.limbeck(&["decode", "run.lbk", "-o", "a.npy", "--progress", "lines"]).ends_with(0);
    told.says(&["decoding: 3/3 steps", "steps/s"]);
    let quiet = bench.limbeck(&["decode", "run.lbk", "-o", "a.npy", "--progress", "lines", "-q"]).ends_with(0);
    assert_eq!(quiet.stderr, "");
    let alone = ["bench", "error-bound", "u.npy", "--bounds", "0.1", "--rivals", "no-such-program"];
    bench.limbeck(&alone).ends_with(0).says(&["limbeck is measured alone"]);
    let quiet = bench.limbeck(&[&alone[..], &["--quiet"]].concat()).ends_with(0);
    assert_eq!(quiet.stderr, "");
}
