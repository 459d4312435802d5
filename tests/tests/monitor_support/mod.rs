//! A run that can be watched, and a client that does nothing but what it is told.
#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use limbeck_archive::journal_directory;
use limbeck_session::{BlockId, Outcome, Session};
use serde_json::Value;

use crate::session_support::{Control, feed, session};

pub const SHAPE: [usize; 3] = [4, 5, 6];

/// Any free port of the loopback.
pub const ANY: (&str, &str) = ("monitor.address", ":0");

/// A run, where it can be watched, and its only block.
pub struct Run {
    _keep: tempfile::TempDir,
    pub path: PathBuf,
    pub session: Session,
    pub block: BlockId,
    pub control: Arc<Control>,
    pub at: SocketAddr,
}

impl Run {
    pub fn new(set: &[(&str, &str)]) -> Run {
        let keep = tempfile::tempdir().unwrap();
        let path = keep.path().join("run.lbk");
        let (session, _, block, control) = session(&path, &[&[ANY], set].concat(), &SHAPE);
        let at = address(&journal_directory(&path), 0);
        Run { _keep: keep, path, session, block, control, at }
    }

    pub fn feed(&mut self, cycle: i64) {
        assert_eq!(feed(&mut self.session, self.block, &SHAPE, cycle), Outcome::Ok);
    }

    pub fn wait(&self) {
        assert!(self.session.wait(i64::MAX, Duration::from_secs(60)).unwrap());
    }
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v)
    }
}

/// Where a session says that it can be watched.
pub fn address(directory: &Path, rank: u32) -> SocketAddr {
    let file = directory.join(format!("monitor-{rank:05}.json"));
    let told: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(told["url"], format!("http://{}/", told["address"].as_str().unwrap()));
    assert_eq!((&told["rank"], &told["process_id"]), (&rank.into(), &std::process::id().into()));
    told["address"].as_str().unwrap().parse().unwrap()
}

/// Sends these bytes and reads until the server has said all.
pub fn exchange(to: SocketAddr, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    // A server that has heard enough may have closed already.
    let _ = stream.write_all(bytes);
    let mut said = Vec::new();
    stream.read_to_end(&mut said).map(|_| said)
}

pub fn request(to: SocketAddr, head: &str) -> Answer {
    let said = exchange(to, head.as_bytes()).unwrap();
    let end = said.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or_else(|| panic!("{head:?}: {said:?}"));
    let head = std::str::from_utf8(&said[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> =
        lines.map(|l| l.split_once(": ").unwrap()).map(|(k, v)| (k.to_lowercase(), v.to_owned())).collect();
    Answer { status, headers, body: said[end + 4..].to_vec() }
}

/// Asks as a browser would.
pub fn get(to: SocketAddr, path: &str) -> Answer {
    let answer = request(to, &format!("GET {path} HTTP/1.1\r\nHost: {to}\r\n\r\n"));
    assert_eq!(answer.header("content-length"), answer.body.len().to_string());
    answer
}

/// Samples by name and labels, as Prometheus reads them: strictly.
pub fn metrics(text: &str) -> BTreeMap<String, f64> {
    let name_is_sound = |n: &str| {
        n.starts_with(|c: char| c.is_ascii_alphabetic()) && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let (mut helped, mut samples) = (Vec::new(), BTreeMap::new());
    assert!(text.ends_with('\n'));
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !helped.contains(&name), "{line}");
            helped.push(name);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind) && name_is_sound(name), "{line}");
            assert_eq!(helped.last(), Some(&name), "what it is stands before its type: {line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(kinds.insert(name, kind).is_none(), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| name.strip_suffix(end).filter(|family| kinds.get(family) == Some(&"histogram")));
            let family = family.unwrap_or(name);
            assert!(kinds.contains_key(family), "{line} has no type");
            assert_eq!(helped.last(), Some(&family), "the samples of a metric stand together: {line}");
            if let Some(labels) = series.strip_prefix(name).and_then(|l| l.strip_prefix('{')) {
                let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
                // The names of these tests hold neither commas nor escaped quotes.
                for label in labels.split(',') {
                    let (label, text) = label.split_once('=').unwrap_or_else(|| panic!("{line}"));
                    assert!(name_is_sound(label) && text.starts_with('"') && text.ends_with('"'), "{line}");
                }
            }
            let value = match value {
                "+Inf" => f64::INFINITY,
                "-Inf" => f64::NEG_INFINITY,
                number => number.parse().unwrap_or_else(|_| panic!("{line}")),
            };
            assert!(samples.insert(series.to_owned(), value).is_none(), "{line} stands twice");
        }
    }
    samples
}
