//! Physical times of steps.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Axes, Series, layout};
use crate::failure::{Failure, Result};

/// Where the times of the steps come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// Begin, and distance between steps.
    Even(f64, f64),
    /// One number per step: text, or a one-dimensional `.npy`.
    File(PathBuf),
}

impl Times {
    /// The times of `steps` steps.
    pub fn of(&self, steps: usize) -> Result<Vec<f64>> {
        let path = match self {
            Times::Even(begin, distance) => return Ok((0..steps).map(|i| begin + i as f64 * distance).collect()),
            Times::File(path) => path,
        };
        let npy = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("npy"));
        let times = if npy { from_npy(path)? } else { from_text(path)? };
        let path = path.display();
        if times.len() != steps {
            return Err(Failure::Data(format!("{path} holds {} times, but there are {steps} steps", times.len())));
        }
        match times.iter().position(|t| !t.is_finite()) {
            Some(i) => Err(Failure::Data(format!("{path}: time {i} is {}", times[i]))),
            None => Ok(times),
        }
    }
}

impl FromStr for Times {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Times, String> {
        let numbers = text.split_once(':').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match numbers {
            Some((begin, distance)) if f64::is_finite(begin) && f64::is_finite(distance) => {
                Ok(Times::Even(begin, distance))
            }
            Some(_) => Err("begin and distance must be finite".into()),
            None => Ok(Times::File(text.into())),
        }
    }
}

fn from_text(path: &Path) -> Result<Vec<f64>> {
    let text = std::fs::read(path).map_err(|e| Failure::io("cannot open", path, &e))?;
    let text = String::from_utf8(text).map_err(|_| Failure::Data(format!("{} is no text file", path.display())))?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    let words = lines.flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ',')).filter(|w| !w.is_empty());
    words
        .map(|word| word.parse().map_err(|_| Failure::Data(format!("{}: {word:?} is no time", path.display()))))
        .collect()
}

fn from_npy(path: &Path) -> Result<Vec<f64>> {
    let one_axis: Axes = "x".parse().map_err(Failure::Internal)?;
    let mut series = Series::open_npy(&[path.to_path_buf()], Some(one_axis))
        .map_err(|e| Failure::Data(format!("times must be numbers along one axis: {e}")))?;
    let mut values = layout::buffer(series.element_type);
    series.read(0, &mut values)?;
    let mut times = Vec::new();
    layout::widen(&values, &mut times);
    Ok(times)
}
