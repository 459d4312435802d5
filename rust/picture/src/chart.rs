//! Curves over an axis, as SVG or as pixels.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::backend::Surface;
use crate::canvas::Canvas;
use crate::number::short;
use crate::{Error, Result};

/// One line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What it is.
    pub name: String,
    /// Points by rising x; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// Curves over one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Stands above it; nothing if it is empty.
    pub title: String,
    /// Name of the horizontal axis, with its unit.
    pub across: String,
    /// Name of the vertical axis, with its unit.
    pub up: String,
    /// The curves; their colours follow their order, so that charts of the same things agree.
    pub curves: Vec<Curve>,
    /// The vertical axis begins at 0.
    pub from_zero: bool,
    /// The horizontal axis counts: its numbers are whole.
    pub whole: bool,
    /// Ends of the vertical axis, where they are not those of the values.
    pub range: Option<(f64, f64)>,
}

/// Colours of what is not a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Dark on white.
    OnWhite,
    /// SVG only: the colour of the text around it, on nothing, so that a page can be light or dark.
    OfPage,
}

/// Colours that most colour-blind readers can tell apart (Okabe and Ito) and that show on white and on black.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(130, 130, 130),
    RGBColor(150, 80, 170),
];
/// What `currentColor` is put in for.
const INK: RGBColor = RGBColor(38, 39, 44);
const GRID: f64 = 0.14;
/// More names than this would not fit.
const NAMED: usize = 12;

impl Chart {
    /// Charts below each other in an SVG document, each of `size` units (across, down).
    ///
    /// # Errors
    /// InvalidArgument if there are none, or no point in one; Internal.
    pub fn svg(charts: &[Chart], size: [usize; 2], ink: Ink) -> Result<String> {
        let mut text = String::new();
        {
            let height = size[1] * charts.len().max(1);
            let root = SVGBackend::with_string(&mut text, (size[0] as u32, height as u32)).into_drawing_area();
            draw_all(&root, charts, ink == Ink::OnWhite)?;
        }
        Ok(match ink {
            Ink::OnWhite => text,
            Ink::OfPage => text.replace("#26272C", "currentColor"),
        })
    }

    /// The same as pixels.
    pub fn canvas(charts: &[Chart], size: [usize; 2]) -> Result<Canvas> {
        let mut canvas = Canvas::new(size[0], size[1] * charts.len().max(1));
        draw_all(&Surface(&mut canvas).into_drawing_area(), charts, true)?;
        Ok(canvas)
    }

    /// True if there is anything to draw.
    pub fn has_points(&self) -> bool {
        self.finite().next().is_some()
    }

    fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        self.curves.iter().flat_map(|c| &c.points).copied().filter(|(x, y)| x.is_finite() && y.is_finite())
    }
}

fn failed<E: std::error::Error + Send + Sync>(error: DrawingAreaErrorKind<E>) -> Error {
    Error::Internal(error.to_string())
}

fn draw_all<B: DrawingBackend>(root: &DrawingArea<B, Shift>, charts: &[Chart], filled: bool) -> Result<()> {
    if charts.is_empty() {
        return Err(Error::InvalidArgument("there is nothing to plot".into()));
    }
    if filled {
        root.fill(&WHITE).map_err(failed)?;
    }
    for (area, chart) in root.split_evenly((charts.len(), 1)).iter().zip(charts) {
        draw(area, chart)?;
    }
    root.present().map_err(failed)
}

/// Ends of an axis around values, a little wider than they are.
fn ends(values: impl Iterator<Item = f64>, from_zero: bool) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let low = if from_zero { low.min(0.0) } else { low };
    let room = match (high - low) * 0.06 {
        // A line with room above and below, where all values are the same.
        0.0 => low.abs().max(1e-300) * 0.05,
        room => room,
    };
    (if from_zero && low == 0.0 { 0.0 } else { low - room }, high + room)
}

fn draw<B: DrawingBackend>(area: &DrawingArea<B, Shift>, chart: &Chart) -> Result<()> {
    if !chart.has_points() {
        return Err(Error::InvalidArgument(format!("there is no number to plot: {}", chart.up)));
    }
    let (width, height) = area.dim_in_pixel();
    let named = chart.curves.len() > 1;
    let longest = chart.curves.iter().map(|c| c.name.chars().count()).max().unwrap_or_default();
    let legend = if named { (54 + 8 * longest.min(24) as u32).min(width / 3) } else { 0 };
    let (plane, beside) = area.split_horizontally(width - legend);
    let left = match chart.whole {
        true => (chart.finite().map(|p| p.0).fold(f64::INFINITY, f64::min)) - 0.5,
        false => chart.finite().map(|p| p.0).fold(f64::INFINITY, f64::min),
    };
    let right = chart.finite().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max) + if chart.whole { 0.5 } else { 0.0 };
    let right = if right > left { right } else { left + 1.0 };
    let (low, high) = chart.range.map_or_else(
        || ends(chart.finite().map(|p| p.1), chart.from_zero),
        |(low, high)| ends([low, high].into_iter(), false),
    );
    let label = ("sans-serif", 14).into_font().color(&INK);
    let mut builder = ChartBuilder::on(&plane);
    builder.margin(12).x_label_area_size(46).y_label_area_size(72);
    if !chart.title.is_empty() {
        builder.caption(&chart.title, ("sans-serif", 18).into_font().color(&INK));
    }
    let mut frame = builder.build_cartesian_2d(left..right, low..high).map_err(failed)?;
    let whole = chart.whole;
    frame
        .configure_mesh()
        .bold_line_style(INK.mix(GRID))
        .light_line_style(TRANSPARENT)
        .axis_style(INK.mix(0.6))
        .x_labels((width as usize / 90).clamp(2, 12))
        .y_labels((height as usize / 48).clamp(2, 10))
        .x_label_formatter(&|x| match whole && x.fract() != 0.0 {
            true => String::new(),
            false => short(*x),
        })
        .y_label_formatter(&|y| short(*y))
        .x_desc(&chart.across)
        .y_desc(&chart.up)
        .label_style(label.clone())
        .draw()
        .map_err(failed)?;
    for (i, curve) in chart.curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let points: Vec<_> = curve.points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
        // Dots where they can be told apart, and where a line would have no length.
        let dots = points.len() <= 60;
        frame.draw_series(LineSeries::new(points.clone(), colour.stroke_width(2))).map_err(failed)?;
        if dots {
            let dot = |p: &(f64, f64)| Circle::new(*p, 3, colour.filled());
            frame.draw_series(points.iter().map(dot)).map_err(failed)?;
        }
        if named && i < NAMED {
            let y = 36 + 24 * i as i32;
            let line = PathElement::new(vec![(0, y), (24, y)], colour.stroke_width(3));
            beside.draw(&line).map_err(failed)?;
            let text = match (i + 1 == NAMED, chart.curves.len() - i) {
                (true, left) if left > 1 => format!("and {left} more"),
                _ => curve.name.chars().take(24).collect(),
            };
            let style = label.clone().pos(Pos::new(HPos::Left, VPos::Center));
            beside.draw(&Text::new(text, (32, y), style)).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[f64]) -> Chart {
        let points = values.iter().enumerate().map(|(i, v)| (i as f64, *v)).collect();
        Chart {
            title: "quality".into(),
            across: "step".into(),
            up: "PSNR, dB".into(),
            curves: vec![Curve { name: "u".into(), points }],
            from_zero: false,
            whole: true,
            range: None,
        }
    }

    #[test]
    fn charts_have_their_words_and_points() {
        let mut two = chart(&[40.0, f64::INFINITY, 44.0]);
        two.curves.push(Curve { name: "v < w".into(), points: vec![(0.0, 41.0)] });
        let svg = Chart::svg(&[two, chart(&[1.0, 2.0])], [600, 300], Ink::OfPage).unwrap();
        assert_eq!(svg.matches("<circle").count(), 5);
        for word in ["quality", "PSNR, dB", "currentColor", "v &lt; w"] {
            assert!(svg.contains(word), "{word} is not in {svg}");
        }
        assert!(!svg.contains("#26272C") && !svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn pixels_show_the_curve() {
        let canvas = Chart::canvas(&[chart(&[1.0, 1.0])], [400, 300]).unwrap();
        let blue = canvas.bytes().as_chunks::<3>().0.iter().filter(|p| **p == [0, 114, 178]).count();
        assert!(blue > 120, "a line of half the width: {blue}");
    }

    #[test]
    fn nothing_to_plot_is_an_error() {
        assert!(Chart::canvas(&[], [400, 300]).is_err());
        let empty = Chart::svg(&[chart(&[f64::NAN])], [400, 300], Ink::OnWhite);
        assert!(empty.unwrap_err().to_string().contains("PSNR"));
    }
}
