//! Options of the session, as keyword arguments.

use limbeck_session::{Config, find_option, options};

use crate::error::of_session;

/// A configuration of these names and values: `target.ratio`, or `target_ratio`, which can be a keyword.
pub(crate) fn config(given: &[(String, String)]) -> pyo3::PyResult<Config> {
    let mut config = Config::new();
    for (key, value) in given {
        config.set(name(key).map_err(of_session)?, value).map_err(of_session)?;
    }
    config.for_series().map_err(of_session)?;
    Ok(config)
}

fn name(key: &str) -> limbeck_session::Result<&'static str> {
    let known = options().iter().find(|o| o.name == key || o.name.replace('.', "_") == key);
    // Where there is none, the error names the nearest.
    known.map_or_else(|| find_option(&key.replacen('_', ".", 1)), Ok).map(|o| o.name)
}
