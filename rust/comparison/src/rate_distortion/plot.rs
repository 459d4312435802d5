//! PSNR over the ratio, one picture per series.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::contender::{CONTENDERS, Kind};
use super::curve::Run;
use super::table::Entry;
use crate::{Error, Result};

const SIZE: (u32, u32) = (960, 560);
/// Width of the names beside the plane.
const LEGEND: u32 = 130;
/// Black for limbeck, and colours that most colour-blind readers can tell apart too (Okabe and Ito).
const COLOURS: [RGBColor; 9] = [
    BLACK,
    RGBColor(86, 180, 233),
    RGBColor(0, 114, 178),
    RGBColor(120, 120, 120),
    RGBColor(0, 158, 115),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(150, 80, 150),
];

/// A series by its name, and its curves.
pub struct Picture<'a> {
    /// Stands above it.
    pub title: &'a str,
    /// The curves.
    pub entries: &'a [Entry],
}

/// Draws all pictures below each other into an SVG file.
pub fn write(path: &Path, pictures: &[Picture<'_>], ratios: &[f64]) -> Result<()> {
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, (SIZE.0, SIZE.1 * pictures.len() as u32)).into_drawing_area();
    let drawn = root.fill(&WHITE).map_err(|e| Error::Output(e.to_string())).and_then(|()| {
        root.split_evenly((pictures.len(), 1)).iter().zip(pictures).try_for_each(|(area, p)| {
            draw(area, p, ratios).map_err(|e| Error::Output(format!("the plot of {}: {e}", p.title)))
        })
    });
    drop(root);
    drawn?;
    std::fs::write(path, text).map_err(|e| Error::Output(format!("{}: {e}", path.display())))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw(area: &Area<'_>, picture: &Picture<'_>, ratios: &[f64]) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let (Some(first), Some(last)) = (ratios.first(), ratios.last()) else { return Ok(()) };
    let (left, right) = (first / 1.1, last * 1.1);
    let lines: Vec<Line> = picture.entries.iter().map(|e| Line::of(e, left, right)).collect();
    let heights = || lines.iter().flat_map(|l| &l.points).map(|&(_, psnr)| psnr);
    let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return Ok(());
    }
    let (plane, legend) = area.split_horizontally(SIZE.0 - LEGEND);
    let mut chart = ChartBuilder::on(&plane)
        .caption(picture.title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(
            (left..right).log_scale().with_key_points(ratios.to_vec()),
            (5.0 * (low / 5.0).floor())..(5.0 * (high / 5.0).ceil()),
        )?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("ratio: bytes as float32 over bytes on disk")
        .y_desc("PSNR over all steps, dB")
        .x_label_formatter(&|ratio| format!("{ratio:.0}"))
        .y_label_formatter(&|psnr| format!("{psnr:.0}"))
        .label_style(("sans-serif", 14))
        .draw()?;
    for (row, line) in lines.iter().enumerate() {
        let i = line.contender;
        let colour = COLOURS[i % COLOURS.len()];
        let stroke = colour.stroke_width(if line.kind == Kind::Limbeck { 3 } else { 1 });
        match line.kind {
            Kind::Limbeck | Kind::Classical => chart.draw_series(LineSeries::new(line.points.clone(), stroke))?,
            Kind::Learned => chart.draw_series(DashedLineSeries::new(line.points.clone(), 6, 4, stroke))?,
        };
        let marked = |at: &(f64, f64)| EmptyElement::at(*at) + Polygon::new(marker(i, (0, 0)), colour.filled());
        chart.draw_series(line.runs.iter().map(marked))?;

        let y = 60 + 24 * row as i32;
        legend.draw(&PathElement::new(vec![(0, y), (28, y)], stroke))?;
        legend.draw(&Polygon::new(marker(i, (14, y)), colour.filled()))?;
        legend.draw(&Text::new(line.name.clone(), (36, y - 7), ("sans-serif", 14)))?;
    }
    Ok(())
}

/// What is drawn of a contender.
struct Line {
    name: String,
    /// Place among all contenders, so that it looks the same whoever else is in the picture.
    contender: usize,
    kind: Kind,
    /// Ratio and PSNR of its runs.
    runs: Vec<(f64, f64)>,
    /// The same, and where its line enters and leaves the picture.
    points: Vec<(f64, f64)>,
}

impl Line {
    fn of(entry: &Entry, left: f64, right: f64) -> Line {
        let point = |r: &Run| Some((r.ratio, r.figures.psnr)).filter(|p| p.1.is_finite());
        let inside = entry.curve.runs().iter().filter(|r| (left..=right).contains(&r.ratio));
        let runs: Vec<_> = inside.filter_map(point).collect();
        let [enters, leaves] = [left, right].map(|border| entry.curve.at(border).as_ref().and_then(point));
        Line {
            name: entry.curve.name.clone(),
            contender: CONTENDERS.iter().position(|c| c.name == entry.contender.name).unwrap_or(0),
            kind: entry.contender.kind,
            points: enters.into_iter().chain(runs.iter().copied()).chain(leaves).collect(),
            runs,
        }
    }
}

/// The outline of the marker of the i-th contender: a regular star or polygon, another one each.
fn marker(i: usize, (x, y): (i32, i32)) -> Vec<(i32, i32)> {
    // Corners, inner radius over outer radius, and how far it is turned.
    const SHAPES: [(usize, f64, f64); 9] = [
        (12, 1.0, 0.0),
        (4, 1.0, 0.125),
        (4, 1.0, 0.0),
        (3, 1.0, 0.0),
        (3, 1.0, 0.5),
        (5, 0.4, 0.0),
        (4, 0.3, 0.0),
        (4, 0.3, 0.125),
        (6, 0.5, 0.0),
    ];
    let (corners, inner, turn) = SHAPES[i % SHAPES.len()];
    let radius = if i == 0 { 6.0 } else { 5.5 };
    (0..2 * corners)
        .filter(|k| inner < 1.0 || k % 2 == 0)
        .map(|k| {
            let angle = std::f64::consts::TAU * (k as f64 / (2 * corners) as f64 + turn);
            let r = if k % 2 == 0 { radius } else { inner * radius };
            (x + (r * angle.sin()).round() as i32, y - (r * angle.cos()).round() as i32)
        })
        .collect()
}
