//! The curves at the asked ratios: as a Markdown table and as figures.

use super::contender::{Contender, Kind};
use super::curve::{Curve, FIGURES};
use crate::report::{Report, number};

/// A contender's curve.
pub struct Entry {
    /// Whose.
    pub contender: Contender,
    /// What was measured.
    pub curve: Curve,
}

/// The best PSNR of the classical codecs at a ratio; NaN where none reaches it.
pub fn best_classical(entries: &[Entry], ratio: f64) -> f64 {
    let classical = entries.iter().filter(|e| e.contender.kind == Kind::Classical);
    classical.filter_map(|e| e.curve.at(ratio)).map(|r| r.figures.psnr).fold(f64::NAN, f64::max)
}

/// `rd.NAME.RATIO.FIGURE` of all, null (NaN) where a contender does not reach the ratio. `prefix` is `rd` or `rd.SERIES`.
pub fn report(prefix: &str, entries: &[Entry], ratios: &[f64], report: &mut Report) {
    for Entry { curve, .. } in entries {
        for &ratio in ratios {
            let name = format!("{prefix}.{}.{ratio}", curve.name);
            let run = curve.at(ratio);
            report.add(format!("{name}.ratio"), run.map_or(f64::NAN, |r| r.ratio), "");
            let values = run.map_or([f64::NAN; FIGURES.len()], |r| r.figures.list());
            for ((figure, unit), value) in FIGURES.iter().zip(values) {
                report.add(format!("{name}.{figure}"), value, unit);
            }
        }
    }
    for &ratio in ratios {
        report.add(format!("{prefix}.best_classical.{ratio}.psnr"), best_classical(entries, ratio), "dB");
    }
}

/// One row for each ratio and contender.
pub fn markdown(entries: &[Entry], ratios: &[f64]) -> String {
    let mut rows = vec![
        ["asked", "contender", "ratio", "PSNR dB", "min dB", "max error", "SSIM", "Chamfer", "encode s", "decode s"]
            .map(String::from),
    ];
    for &ratio in ratios {
        for Entry { curve, .. } in entries {
            let mut row: [String; 10] = std::array::from_fn(|_| "-".to_owned());
            row[0] = ratio.to_string();
            row[1].clone_from(&curve.name);
            if let Some(run) = curve.at(ratio) {
                row[2] = format!("{:.1}", run.ratio);
                let shown = row[3..].iter_mut().zip(run.figures.list().into_iter().zip(FIGURES));
                for (cell, (value, (name, _))) in shown.filter(|(_, (value, _))| !value.is_nan()) {
                    *cell = match name {
                        "max_error" => number(value),
                        "ssim" => format!("{value:.4}"),
                        "chamfer" => format!("{value:.3}"),
                        _ => format!("{value:.2}"),
                    };
                }
            }
            rows.push(row);
        }
    }
    let widths: Vec<usize> = (0..10).map(|i| rows.iter().map(|r| r[i].len()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (i, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
            1 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        text += &format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        if i == 0 {
            let rules = widths.iter().enumerate().map(|(column, &width)| match column {
                1 => "-".repeat(width + 2),
                _ => format!("{}:", "-".repeat(width + 1)),
            });
            text += &format!("|{}|\n", rules.collect::<Vec<_>>().join("|"));
        }
    }
    text
}
