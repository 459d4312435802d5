//! Options of the session from the command line.

use std::path::PathBuf;

use clap::Args;
use limbeck_session::{Config, Origin};

use crate::failure::{Failure, Result};

/// Options that `compress`, `distill` and `replay` hand to the session.
#[derive(Args, Debug)]
pub struct SettingArgs {
    /// Bytes of the data as float32 over bytes of the archive that are to be reached (target.ratio)
    #[arg(long, value_name = "N")]
    ratio: Option<String>,
    /// Largest absolute error that any value may have (target.max_error); the archive is as large as that takes
    #[arg(long, value_name = "E", conflicts_with = "ratio")]
    max_error: Option<String>,
    /// Set any option of `limbeck options`; may be repeated. Wins over --config
    #[arg(long = "set", short = 's', value_name = "NAME=VALUE")]
    sets: Vec<String>,
    /// Read options from a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// An argument of `--set`.
pub fn pair(text: &str) -> Result<(&str, &str)> {
    let bad = || Failure::Usage(format!("--set {text}: must be NAME=VALUE (see `limbeck options`)"));
    text.split_once('=').map(|(name, value)| (name.trim(), value.trim())).ok_or_else(bad)
}

/// What only one of can be aimed at.
fn is_target(name: &str) -> bool {
    name.starts_with("target.")
}

impl SettingArgs {
    /// The options as a configuration: file < command line < environment.
    pub fn config(&self) -> Result<Config> {
        let given = self.given()?;
        let mut config = Config::new();
        if let Some(path) = &self.config {
            let mut file = Config::new();
            file.load(path)?;
            let options = file.resolve()?;
            let aims = given.iter().any(|(name, _)| is_target(name));
            for (name, value) in options.iter() {
                // A target on the command line stands instead of the file's, also where that is another one.
                let replaced = aims && is_target(name);
                if options.origin(name) == Origin::File && !replaced && !value.is_empty() {
                    config.set(name, value)?;
                }
            }
        }
        for (name, value) in &given {
            config.set(name, value)?;
        }
        // Whatever is wrong with the environment is told before any work is done.
        config.resolve()?;
        Ok(config)
    }

    fn given(&self) -> Result<Vec<(String, String)>> {
        let mut given: Vec<(String, String)> = Vec::new();
        given.extend(self.ratio.iter().map(|r| ("target.ratio".to_string(), r.clone())));
        given.extend(self.max_error.iter().map(|e| ("target.max_error".to_string(), e.clone())));
        for text in &self.sets {
            let (name, value) = pair(text)?;
            given.push((name.to_string(), value.to_string()));
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_over_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("limbeck.toml");
        std::fs::write(&path, "seed = 5\n[target]\npsnr = 40\n[queue]\npolicy = \"drop\"\n").unwrap();
        let config = |ratio: Option<&str>, sets: &[&str]| {
            let sets = sets.iter().map(ToString::to_string).collect();
            SettingArgs { ratio: ratio.map(String::from), max_error: None, sets, config: Some(path.clone()) }.config()
        };
        let c = config(None, &["queue.policy=block"]).unwrap();
        assert_eq!((c.get("queue.policy").unwrap(), c.get("seed").unwrap()), ("block".into(), "5".into()));
        assert_eq!(c.get("target.psnr").unwrap(), "40");
        let c = config(Some("200"), &[]).unwrap();
        assert_eq!((c.get("target.ratio").unwrap(), c.get("target.psnr").unwrap()), ("200".into(), String::new()));
        assert_eq!(config(None, &["queue.policy"]).unwrap_err().code(), 2);
        let unknown = config(None, &["queue.polcy=drop"]).unwrap_err();
        assert!(unknown.to_string().contains("queue.policy"), "{unknown}");
    }
}
