//! What a program is compiled to depend on, its calls with the types they take, sizes of types and values of constants,
//! is that of `tests/c/abi.txt`. The C compiler says what it is; a change of the header that would break programs that
//! were built with an earlier one fails here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The header without comments, directives and line ends, and the names of its constants.
fn header() -> (String, Vec<String>) {
    let text = std::fs::read_to_string(repository().join("include/limbeck/limbeck.h")).unwrap();
    let without_blocks: String = text
        .split("/*")
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once("*/").expect("a comment ends").1 })
        .collect();
    let mut code = String::new();
    let mut constants = Vec::new();
    for line in without_blocks.lines() {
        let line = line.split("//").next().unwrap().trim();
        if let Some(constant) = line.strip_prefix("#define LBK_") {
            constants.push(format!("LBK_{}", constant.split_whitespace().next().unwrap()));
        } else if !line.starts_with('#') {
            write!(code, "{line} ").unwrap();
        }
    }
    (code.replace("extern \"C\" {", ""), constants)
}

/// A parameter without its name: `const char *name` is `const char *`.
fn unnamed(parameter: &str) -> String {
    let parameter = parameter.trim();
    match parameter.rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        Some(end) => parameter[..=end].trim().to_owned(),
        None => parameter.to_owned(), // void
    }
}

/// A declaration `result name(parameters)` without names and spaces that mean nothing.
fn signature(declaration: &str) -> String {
    let (head, parameters) = declaration.split_once('(').expect("a function");
    let parameters = parameters.strip_suffix(')').expect("a function ends with a parenthesis");
    let parameters: Vec<_> = parameters.split(',').map(unnamed).collect();
    let head: Vec<_> = head.split_whitespace().collect();
    format!("{}({})", head.join(" "), parameters.join(", "))
}

/// Everything that the header promises, one line each.
fn abi() -> BTreeSet<String> {
    let (code, constants) = header();
    let mut lines = BTreeSet::new();
    let mut questions = String::new();
    for name in constants {
        writeln!(questions, "printf(\"constant {name} %lld\\n\", (long long)({name}));").unwrap();
    }
    for statement in code.split(';').map(str::trim).filter(|s| !s.is_empty() && *s != "}") {
        let Some(definition) = statement.strip_prefix("typedef ") else {
            lines.insert(format!("function {}", signature(statement)));
            continue;
        };
        if let Some(handle) = definition.strip_prefix("struct ") {
            lines.insert(format!("handle {}", handle.split_whitespace().next().unwrap()));
        } else if let Some((result, rest)) = definition.split_once("(*") {
            let (name, parameters) = rest.split_once(')').unwrap();
            let parameters = parameters.strip_prefix('(').unwrap();
            lines.insert(format!("callback {}", signature(&format!("{result}{name}({parameters}"))));
        } else {
            let name = definition.split_whitespace().last().unwrap();
            let what = "%zu bytes, %s";
            writeln!(
                questions,
                "printf(\"type {name} {what}\\n\", sizeof({name}), ({name})-1 < 0 ? \"signed\" : \"unsigned\");"
            )
            .unwrap();
        }
    }
    let answers = ask_compiler(&questions);
    lines.extend(answers.lines().map(str::to_owned));
    lines
}

/// What a C program of these statements prints.
fn ask_compiler(statements: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let (source, program) = (directory.path().join("abi.c"), directory.path().join("abi"));
    let text =
        format!("#include <limbeck/limbeck.h>\n#include <stdio.h>\nint main(void) {{\n{statements}return 0;\n}}\n");
    std::fs::write(&source, text).unwrap();
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-I"])
        .arg(repository().join("include"))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .output()
        .expect("a C compiler named cc, or as CC says");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(Command::new(&program).output().unwrap().stdout).unwrap()
}

#[test]
fn what_programs_were_compiled_against_stays() {
    let present = abi();
    let recorded = std::fs::read_to_string(repository().join("tests/c/abi.txt")).unwrap();
    let recorded: BTreeSet<String> = recorded.lines().filter(|l| !l.starts_with('#')).map(str::to_owned).collect();
    let gone: Vec<_> = recorded.difference(&present).map(String::as_str).collect();
    assert!(
        gone.is_empty(),
        "programs that are built already rely on this, which is no longer so:\n{}\nnow it is:\n{}\n\
         If that must be, it takes a new number of the soname (rust/capi/build.rs).",
        gone.join("\n"),
        present.difference(&recorded).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
    let added: Vec<_> = present.difference(&recorded).map(String::as_str).collect();
    assert!(added.is_empty(), "new in the header; add to tests/c/abi.txt:\n{}", added.join("\n"));
}

#[test]
fn the_header_is_read_to_its_end() {
    let (_, constants) = header();
    let text = std::fs::read_to_string(repository().join("include/limbeck/limbeck.h")).unwrap();
    assert_eq!(constants.len(), text.lines().filter(|l| l.starts_with("#define LBK_")).count());
    let symbols = std::fs::read_to_string(repository().join("rust/capi/symbols.txt")).unwrap();
    let functions: BTreeSet<String> = abi()
        .iter()
        .filter_map(|line| line.strip_prefix("function "))
        .map(|f| f.split('(').next().unwrap().rsplit([' ', '*']).next().unwrap().to_owned())
        .collect();
    assert_eq!(functions, symbols.lines().map(str::to_owned).collect());
}
