//! The tests of `include/limbeck/limbeck.hpp`: programs in `tests/programs`, each compiled with AddressSanitizer and
//! UndefinedBehaviorSanitizer, linked to the shared library and run in a directory of its own. Nothing may appear on
//! stderr.

mod support;

use std::process::Command;

use support::{SANITISERS, WARNINGS, compile, compiler, link_library, linked, repository};

// The library is found beside the test; this makes cargo build it.
use limbeck as _;

fn run(name: &str, mode: &str, arguments: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let (directory, program) = (directory.path(), directory.path().join(name));
    link_library(directory);
    let source = format!("cpp-bindings/tests/programs/{name}.cpp");
    compile(compiler(), &source, &program, &[&SANITISERS, arguments].concat(), &linked(directory));
    let output = support::run(&mut Command::new(program), directory, mode);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name} wrote to stderr");
    println!("{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn layouts() {
    run("layouts", "on", &["-std=c++17"]);
}

#[test]
fn errors() {
    run("errors", "on", &["-std=c++17"]);
}

#[test]
fn steps() {
    run("steps", "on", &["-std=c++17"]);
}

#[test]
fn round_trip() {
    run("round_trip", "on", &["-std=c++17"]);
}

#[test]
fn spans() {
    run("spans", "on", &["-std=c++20"]);
}

#[test]
fn communicators() {
    run("communicators", "on", &["-std=c++17"]);
}

#[test]
fn without_exceptions() {
    run("no_exceptions", "on", &["-std=c++17", "-fno-exceptions"]);
}

#[test]
fn switched_off() {
    run("off", "off", &["-std=c++17"]);
}

/// The same program, with nothing to link to.
#[test]
fn left_out() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("off");
    let stub = ["-std=c++17", "-DLIMBECK_STUB"];
    compile(compiler(), "cpp-bindings/tests/programs/off.cpp", &program, &[&SANITISERS[..], &stub].concat(), &[]);
    support::run(&mut Command::new(program), directory.path(), "on");
}

/// What README.md shows compiles as it stands there.
#[test]
fn the_guide_compiles() {
    let guide = std::fs::read_to_string(repository().join("cpp-bindings/README.md")).unwrap();
    let code: Vec<&str> = guide.split("```cpp\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert_eq!(code.len(), 3);
    let program = format!(
        "#include <limbeck/limbeck.hpp>\n#include <cstdio>\n\
         void guide(int comm, int nz, int ny, int nx, int z0, int y0, int x0, int mz, int my, int mx, int steps, double dt,\n\
                    std::vector<double>& rho) {{\n{}}}\n",
        code.concat()
    );
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("guide.cpp");
    std::fs::write(&source, program).unwrap();
    let output = Command::new(compiler())
        .args(["-std=c++17", "-Wall", "-Wextra", "-Wno-unused-variable", "-Werror", "-fsyntax-only", "-I"])
        .arg(repository().join("include"))
        .arg(&source)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every compiler that is there takes the header and what the tests do with it, in both standards.
#[test]
fn the_header_is_clean_in_every_standard() {
    let programs = repository().join("cpp-bindings/tests/programs");
    for compiler in ["g++", "clang++"] {
        if Command::new(compiler).arg("--version").output().is_err() {
            continue;
        }
        for (standard, sources) in [
            ("c++17", ["layouts", "errors", "steps", "round_trip"]),
            ("c++20", ["spans", "errors", "steps", "round_trip"]),
        ] {
            let output = Command::new(compiler)
                .args(WARNINGS)
                .arg(format!("-std={standard}"))
                .args(["-fsyntax-only", "-I"])
                .arg(repository().join("include"))
                .args(sources.map(|name| programs.join(name).with_extension("cpp")))
                .output()
                .unwrap();
            assert!(output.status.success(), "{compiler} {standard}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

/// The enumerations name every status, level and type of the C header.
#[test]
fn every_constant_of_the_c_header_has_a_name() {
    let include = repository().join("include/limbeck");
    let header = std::fs::read_to_string(include.join("limbeck.h")).unwrap();
    let named: String = std::fs::read_dir(include.join("cpp"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let constants: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define LBK_"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(constants.len() > 25, "{constants:?}");
    for constant in constants {
        let used = named
            .match_indices(&format!("LBK_{constant}"))
            .any(|(at, found)| !named[at + found.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        assert!(used, "LBK_{constant} is not in limbeck.hpp");
    }
}

/// Every function of the C interface is within reach.
#[test]
fn every_call_of_the_c_interface_is_used() {
    let symbols = std::fs::read_to_string(repository().join("rust/capi/symbols.txt")).unwrap();
    let header: String = std::fs::read_dir(repository().join("include/limbeck/cpp"))
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for symbol in symbols.lines() {
        assert!(header.contains(&format!("{symbol}(")) || header.contains(&format!("{symbol})")), "{symbol}");
    }
}
