//! Original, decoded and difference side by side, one row per variable.

use crate::canvas::Canvas;
use crate::colour::{ColourMap, Rgb, position};
use crate::font::{Align, Font};
use crate::number::short;
use crate::slice::Slice;

const INK: Rgb = [25, 25, 30];
const FAINT: Rgb = [95, 95, 105];
const LINE: Rgb = [120, 120, 130];

const MARGIN: usize = 28;
/// Room for the numbers of the vertical axis.
const LEFT: usize = 72;
const GAP: usize = 32;
/// Narrower panels than this would not hold their captions.
const PANEL: usize = 290;
const BAR: usize = 14;

const HEADING: Font = Font::of(19.0);
const TITLE: Font = Font::bold(16.0);
const SMALL: Font = Font::of(15.0);

/// One variable in the picture.
pub struct Row {
    /// What is shown: variable, step, time, where the slice lies.
    pub title: String,
    /// What was measured at this step.
    pub numbers: String,
    /// Name of the vertical axis and of its last index.
    pub vertical: (String, usize),
    /// The same of the horizontal axis.
    pub horizontal: (String, usize),
    /// Values handed in.
    pub original: Slice,
    /// Values decoded, at the same points.
    pub decoded: Slice,
}

/// Where the parts of a row are, from its top.
struct Placing {
    panel: usize,
    image: (usize, usize),
    image_top: usize,
    bar_top: usize,
    height: usize,
}

impl Placing {
    fn of(row: &Slice) -> Placing {
        let image = row.magnified();
        let image_top = 30 + 26 + 26;
        let bar_top = image_top + image.rows + 44;
        Placing {
            panel: image.columns.max(PANEL),
            image: (image.columns, image.rows),
            image_top,
            bar_top,
            height: bar_top + BAR + 44,
        }
    }
}

/// Draws all rows under a heading, if there is one.
pub fn draw(heading: &str, rows: &[Row]) -> Canvas {
    let placings: Vec<Placing> = rows.iter().map(|row| Placing::of(&row.original)).collect();
    let across = placings.iter().map(|p| 3 * p.panel).max().unwrap_or_default() + LEFT + 2 * GAP + MARGIN;
    let lines = rows.iter().flat_map(|r| [TITLE.width(&r.title), SMALL.width(&r.numbers)]);
    let longest = lines.fold(HEADING.width(heading), f32::max).ceil() as usize;
    let width = across.max(LEFT + MARGIN + longest);
    let mut top = if heading.is_empty() { MARGIN / 2 } else { MARGIN + 44 };
    let height = top + placings.iter().map(|p| p.height).sum::<usize>();

    let mut canvas = Canvas::new(width, height);
    canvas.text(heading, LEFT, MARGIN, HEADING, INK, Align::Left);
    for (row, placing) in rows.iter().zip(&placings) {
        draw_row(&mut canvas, row, placing, top);
        top += placing.height;
    }
    canvas
}

fn draw_row(canvas: &mut Canvas, row: &Row, placing: &Placing, top: usize) {
    let (sequential, diverging) = (ColourMap::sequential(), ColourMap::diverging());
    canvas.text(&row.title, LEFT, top, TITLE, INK, Align::Left);
    canvas.text(&row.numbers, LEFT, top + 24, SMALL, FAINT, Align::Left);

    let left = |panel: usize| LEFT + panel * (placing.panel + GAP);
    let difference = row.original.difference(&row.decoded);
    let (low, high) = row.original.range().unwrap_or((0.0, 0.0));
    let reach = difference.range().map_or(0.0, |(a, b)| a.abs().max(b.abs()));
    // In the middle where there is no range.
    let place = |v: f64, low: f64, high: f64| match v.is_finite() && low == high {
        true => 0.5,
        false => position(v, low, high),
    };

    let captions = ["original", "decoded", "difference (decoded - original)"];
    for (panel, slice) in [&row.original, &row.decoded, &difference].into_iter().enumerate() {
        let x = left(panel) + (placing.panel - placing.image.0) / 2;
        let middle = left(panel) + placing.panel / 2;
        canvas.text(captions[panel], middle, top + 56, TITLE, INK, Align::Centre);
        let at = (x, top + placing.image_top);
        let image = slice.magnified();
        for (i, &v) in image.values.iter().enumerate() {
            let colour = match panel {
                2 => diverging.at(place(v, -reach, reach)),
                _ => sequential.at(place(v, low, high)),
            };
            // The first row of the slice lies at the bottom.
            let (column, from_bottom) = (i % image.columns, i / image.columns);
            canvas.set(at.0 + column, at.1 + image.rows - 1 - from_bottom, colour);
        }
        canvas.frame(at, placing.image, LINE);
        label_axes(canvas, row, placing, at, panel == 0);
    }

    // Original and decoded share their colours, so they share one bar.
    let bar_top = top + placing.bar_top;
    let shared = 2 * placing.panel + GAP;
    draw_bar(canvas, &sequential, (left(0), bar_top), shared, [low, low / 2.0 + high / 2.0, high]);
    draw_bar(canvas, &diverging, (left(2), bar_top), placing.panel, [-reach, 0.0, reach]);
}

fn label_axes(canvas: &mut Canvas, row: &Row, placing: &Placing, at: (usize, usize), with_vertical: bool) {
    let (width, height) = placing.image;
    let mut tick = |text: &str, x: usize, y: usize, alignment| {
        canvas.text(text, x, y, SMALL, FAINT, alignment);
    };
    let below = at.1 + height + 6;
    tick("0", at.0, below, Align::Left);
    tick(&row.horizontal.0, at.0 + width / 2, below, Align::Centre);
    tick(&row.horizontal.1.to_string(), at.0 + width, below, Align::Right);
    if with_vertical {
        let x = at.0 - 8;
        tick("0", x, at.1 + height - 14, Align::Right);
        tick(&row.vertical.0, x, at.1 + height / 2 - 8, Align::Right);
        tick(&row.vertical.1.to_string(), x, at.1, Align::Right);
    }
}

fn draw_bar(canvas: &mut Canvas, map: &ColourMap, at: (usize, usize), width: usize, values: [f64; 3]) {
    for i in 0..width {
        canvas.fill((at.0 + i, at.1), (1, BAR), map.at(i as f64 / (width - 1) as f64));
    }
    canvas.frame(at, (width, BAR), LINE);
    let places = [(0, Align::Left), (width / 2, Align::Centre), (width, Align::Right)];
    for (value, (x, alignment)) in values.into_iter().zip(places) {
        canvas.text(&short(value), at.0 + x, at.1 + BAR + 5, SMALL, INK, alignment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(rows: usize, columns: usize, error: f64) -> Row {
        let values: Vec<f64> = (0..rows * columns).map(|i| (i % columns) as f64).collect();
        let original = Slice { rows, columns, values };
        let decoded = Slice { values: original.values.iter().map(|v| v + error).collect(), ..original.clone() };
        let axis = |name: &str, n: usize| (name.to_string(), n - 1);
        let (vertical, horizontal) = (axis("y", rows), axis("x", columns));
        Row { title: "u".into(), numbers: String::new(), vertical, horizontal, original, decoded }
    }

    #[test]
    fn panels_show_their_values() {
        let canvas = draw("run.lbk", &[row(46, 46, 0.5)]);
        let placing = Placing::of(&row(46, 46, 0.5).original);
        let y = MARGIN + 44 + placing.image_top + 200;
        let (sequential, diverging) = (ColourMap::sequential(), ColourMap::diverging());
        assert_eq!(canvas.pixel(LEFT + 5, y), sequential.at(0.0));
        assert_eq!(canvas.pixel(LEFT + placing.panel - 5, y), sequential.at(1.0));
        assert_eq!(canvas.pixel(LEFT + placing.panel + GAP + 5, y), sequential.at(0.5 / 45.0));
        assert_eq!(canvas.pixel(LEFT + 2 * (placing.panel + GAP) + 5, y), diverging.at(1.0));
    }

    #[test]
    fn odd_shapes_and_values_have_a_picture() {
        for mut row in [row(1, 1, 0.0), row(1, 3000, 1.0), row(700, 2, -1.0)] {
            row.original.values[0] = f64::NAN;
            row.decoded.values[0] = f64::INFINITY;
            let canvas = draw("NaN", &[row]);
            assert!(canvas.width < 2500 && canvas.height < 1200, "{} x {}", canvas.width, canvas.height);
        }
    }
}
