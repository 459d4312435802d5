//! What a session that can be watched says of itself.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::Agent;

/// Time for an answer: a session that is slower is shown by its journal alone.
const PATIENCE: Duration = Duration::from_secs(1);

/// Most bytes of an answer.
const MOST: u64 = 16 << 20;

/// Asks the sessions that `directory` tells of, the first rank first, until one answers.
pub fn status(directory: &Path) -> Option<Value> {
    let entries = std::fs::read_dir(directory).ok()?.flatten();
    let named = |name: &str| name.starts_with("monitor-") && name.ends_with(".json");
    let mut files: Vec<_> = entries.filter(|e| e.file_name().to_str().is_some_and(named)).map(|e| e.path()).collect();
    files.sort();
    files.iter().find_map(|file| ask(&serde_json::from_slice(&std::fs::read(file).ok()?).ok()?))
}

/// The status of the session that wrote `place`.
fn ask(place: &Value) -> Option<Value> {
    let elsewhere = || {
        // A session that listens at all addresses is reached from another node by its own name.
        let address = place["address"].as_str()?.parse::<SocketAddr>().ok().filter(|a| a.ip().is_unspecified())?;
        answer(&format!("http://{}:{}/", place["host"].as_str()?, address.port()), place)
    };
    answer(place["url"].as_str()?, place).or_else(elsewhere)
}

/// What is answered at an address. Should the session be gone, that may be another program.
fn answer(url: &str, place: &Value) -> Option<Value> {
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).proxy(None).build();
    let mut answer = Agent::new_with_config(config).get(format!("{url}status.json")).call().ok()?;
    let status: Value = serde_json::from_reader(answer.body_mut().with_config().limit(MOST).reader()).ok()?;
    let same = ["process_id", "host", "rank"].iter().all(|key| place[key] == status[key] && !status[key].is_null());
    same.then_some(status)
}
