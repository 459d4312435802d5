//! Runs the real program on files that the tests make.

// Each test binary uses its own part of this.
#![allow(dead_code)]

pub mod rich;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Little training: enough for a good fit of the small, smooth fields of these tests.
pub const QUICK: [&str; 8] = [
    "--set",
    "teacher.samples=300000",
    "--set",
    "teacher.batch=256",
    "--set",
    "student.samples=600000",
    "--set",
    "student.batch=256",
];

/// A directory to work in, gone at the end.
pub struct Bench {
    dir: TempDir,
}

/// How the program ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// Checks the exit code.
    #[track_caller]
    pub fn ends_with(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that stderr has all these words.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Ran {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in\n{}", self.stderr);
        }
        self
    }

    /// The document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

impl Bench {
    pub fn new() -> Bench {
        Bench { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program in this directory, without options from the environment of the tests.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_limbeck"));
        command.args(arguments).current_dir(self.dir.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LIMBECK_") {
                command.env_remove(name);
            }
        }
        command
    }

    pub fn limbeck(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `compress` with little training.
    pub fn compress(&self, arguments: &[&str]) -> Ran {
        self.limbeck(&[&["compress"], arguments, &QUICK[..]].concat())
    }

    /// Names of the files in the directory, sorted, hidden ones included.
    pub fn files(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Writes a `.npy` file of float32.
    pub fn npy(&self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(self.path(name), [npy_header("<f4", shape), bytes].concat()).unwrap();
    }

    /// Writes a smooth moving wave of this shape (time first) and returns its values.
    pub fn wave(&self, name: &str, shape: &[usize]) -> Vec<f32> {
        let values = wave(shape);
        self.npy(name, shape, &values);
        values
    }
}

/// A smooth moving wave: time first, last axis fastest.
pub fn wave(shape: &[usize]) -> Vec<f32> {
    let total: usize = shape.iter().product();
    let value = |mut i: usize| {
        let mut phase = 0.0;
        for (axis, &n) in shape.iter().enumerate().rev() {
            let at = (i % n) as f64 / n as f64;
            i /= n;
            phase += if axis == 0 { 0.8 * at } else { 2.0 * at * (1.0 + axis as f64 / 4.0) };
        }
        (10.0 + 3.0 * phase.sin()) as f32
    };
    (0..total).map(value).collect()
}

pub fn npy_header(kind: &str, shape: &[usize]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n},")).collect();
    let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape})}}\n");
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Shape as written in the header, and the values, of a `.npy` file of float32 that the program wrote.
pub fn read_npy(path: &Path) -> (String, Vec<f32>) {
    let bytes = std::fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    assert!(header.contains("'<f4'") && header.contains("False"), "{header}");
    let begin = header.find("'shape': ").unwrap() + 9;
    let shape = header[begin..].split(')').next().unwrap().to_string() + ")";
    let values = bytes[10 + length..].chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    (shape, values.collect())
}

/// PSNR with the range of the original as its peak.
pub fn psnr(original: &[f32], decoded: &[f32]) -> f64 {
    assert_eq!(original.len(), decoded.len());
    let (low, high) = original.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let squares: f64 = original.iter().zip(decoded).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    20.0 * f64::from(high - low).log10() - 10.0 * (squares / original.len() as f64).log10()
}
