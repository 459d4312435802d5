//! What a benchmark hands back: named figures, as a table for people and as JSON for checks.

use std::path::Path;

use serde::Serialize;

use crate::{Error, Result};

/// One figure. Names are fixed once published, so that checks can rely on them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Dotted name, general to special: `speed.train.samples.m16_d6`.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Unit of the value; empty for ratios.
    pub unit: String,
}

/// Figures in the order in which they were found.
#[derive(Debug, Default)]
pub struct Report {
    figures: Vec<Figure>,
    quiet: bool,
}

impl Report {
    /// A report that says nothing while it is made.
    pub fn quiet() -> Report {
        Report { quiet: true, ..Report::default() }
    }

    /// Tells people on stderr how far it is.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Adds a figure.
    pub fn add(&mut self, name: impl Into<String>, value: f64, unit: &str) {
        self.figures.push(Figure { name: name.into(), value, unit: unit.to_owned() });
    }

    /// The table: name, value, unit.
    pub fn table(&self) -> String {
        let name = self.figures.iter().map(|f| f.name.len()).max().unwrap_or(0);
        let values: Vec<String> = self.figures.iter().map(|f| number(f.value)).collect();
        let width = values.iter().map(String::len).max().unwrap_or(0);
        let mut lines = String::new();
        for (f, value) in self.figures.iter().zip(&values) {
            let line = format!("{:name$}  {value:>width$} {}", f.name, f.unit);
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
    }

    /// The figures as a JSON list of {"name", "value", "unit"}. A value that is not finite becomes null.
    pub fn document(&self) -> serde_json::Value {
        serde_json::to_value(&self.figures).unwrap_or_default()
    }

    /// Writes the figures as a JSON list of {"name", "value", "unit"}. A value that is not finite becomes null.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(&self.figures).map_err(|e| Error::Output(e.to_string()))?;
        text.push('\n');
        std::fs::write(path, text).map_err(|e| Error::Output(format!("{}: {e}", path.display())))
    }
}

/// At least four significant digits, in groups of three from 1000 on.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || (size > 0.0 && size < 1e-3) {
        return format!("{value:.3e}");
    }
    if size < 1000.0 {
        let decimals = if size > 0.0 && size < 0.1 { 6 } else { 3 };
        return format!("{value:.decimals$}");
    }
    let fraction = if size < 1e5 && size.fract() != 0.0 { 1 } else { 0 };
    let text = format!("{size:.fraction$}");
    let (digits, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(c);
    }
    grouped.push_str(rest);
    if value < 0.0 { format!("-{grouped}") } else { grouped }
}

/// The middle value; the mean of the two middle ones of an even number. NaN of none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(1234567.4), "1,234,567");
        assert_eq!(number(-1000.0), "-1,000");
        assert_eq!(number(1500.377), "1,500.4");
        assert_eq!(number(9.8765), "9.877");
        assert_eq!(number(0.0), "0.000");
        assert_eq!(number(0.001784), "0.001784");
        assert_eq!(number(2.5e-6), "2.500e-6");
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn tables_align_and_json_has_the_three_keys() {
        let mut report = Report::default();
        report.add("a", 1.0, "");
        report.add("long.name", 12345.0, "samples/s");
        assert_eq!(report.table(), "a           1.000\nlong.name  12,345 samples/s\n");
        let json = serde_json::to_value(&report.figures).unwrap();
        assert_eq!(json[1], serde_json::json!({"name": "long.name", "value": 12345.0, "unit": "samples/s"}));
    }
}
