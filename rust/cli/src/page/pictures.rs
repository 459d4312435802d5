//! The pictures of the page, as they stand in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use limbeck_picture::{Camera, Canvas, ColourMap, Mode, Opacity};
use limbeck_reader::Step;
use maud::{Markup, html};

use crate::compare_picture::{self, Shown};
use crate::console::Console;
use crate::failure::Result;
use crate::interrupt;
use crate::originals::{Comparison, Pair};
use crate::render::{Drawing, Kind};
use crate::source::{Source, Variable, is_missing};
use crate::table::short;
use crate::view::{self, Decoded};

/// Variables that have pictures.
const MOST_VARIABLES: usize = 12;
/// Variables whose originals are shown beside what was decoded.
const MOST_COMPARED: usize = 4;
/// Pixels of all pictures together: what keeps the page below two megabytes.
const PIXELS: usize = 1_500_000;
/// Bytes of a decoded volume.
const MEMORY: usize = 256 << 20;

/// A picture within the page.
pub struct Figure {
    /// Variable that it shows.
    pub variable: String,
    /// The picture as an address: `data:image/png;base64,...`.
    pub address: String,
    /// Pixels across and down.
    pub size: [usize; 2],
    /// What stands below it.
    pub caption: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
}

impl Figure {
    /// The picture with what stands below it.
    pub fn html(&self) -> Markup {
        html! {
            figure {
                img src=(self.address) width=(self.size[0]) height=(self.size[1]) alt=(self.alt);
                figcaption { (self.caption) }
            }
        }
    }
}

/// Slices through the first, the middle and the last step of each variable, and an isosurface and a volume of the last one.
pub fn draw(
    source: &Source,
    variables: &[Variable],
    console: &Console,
    remarks: &mut Vec<String>,
) -> Result<Vec<Figure>> {
    let readable: Vec<Step> = source.dataset().steps().iter().filter(|s| !is_missing(s)).cloned().collect();
    let Some(last) = readable.last() else { return Ok(Vec::new()) };
    let mut places = vec![0, readable.len() / 2, readable.len() - 1];
    places.dedup();
    let steps: Vec<Step> = places.into_iter().map(|i| readable[i].clone()).collect();
    if variables.len() > MOST_VARIABLES {
        remarks.push(format!("pictures of the first {MOST_VARIABLES} of {} variables", variables.len()));
    }
    let shown = &variables[..variables.len().min(MOST_VARIABLES)];
    let mut planned = Vec::new();
    for variable in shown {
        planned
            .extend(kinds(variable, &steps, last, remarks)?.into_iter().map(|(kind, steps)| (variable, kind, steps)));
    }
    let total: usize = planned.iter().map(|(_, _, steps)| steps.len()).sum();
    let height = ((PIXELS as f64 / total.max(1) as f64 * 3.0 / 4.0).sqrt() as usize).clamp(180, 384);
    let size = [height * 4 / 3, height];

    let progress = console.progress("drawing", total as u64, "pictures");
    let (mut figures, decoded) = (Vec::new(), Decoded::default());
    for (variable, kind, steps) in planned {
        let mut drawing = Drawing {
            source,
            decoded: &decoded,
            variable,
            kind,
            size,
            colours: ColourMap::sequential(),
            range: (0.0, 0.0),
            background: [255; 3],
        };
        match drawing.data_range(steps) {
            Ok(range) => drawing.range = range,
            Err(e) => {
                remarks.push(e.to_string());
                continue;
            }
        }
        if let Some(nothing) = drawing.split(steps)? {
            remarks.push(nothing);
            continue;
        }
        for step in steps {
            interrupt::check()?;
            figures.push(figure(&drawing, step)?);
            progress.at(figures.len() as u64, &variable.name);
        }
    }
    progress.finish();
    remarks.dedup();
    Ok(figures)
}

/// Originals, decoded values and differences of the worst step of each variable.
pub fn compare(source: &Source, pairs: &mut [Pair], compared: &[(String, Comparison)]) -> Result<Vec<Figure>> {
    let pairs = pairs.iter_mut().zip(compared).take(MOST_COMPARED);
    pairs
        .map(|(pair, (name, result))| {
            let worst = &result.steps[result.summary.worst].step;
            let shown = Shown {
                variable: &pair.variable,
                series: &mut pair.series,
                measured: &result.steps,
                step: worst.index,
                slice: None,
            };
            let canvas = compare_picture::draw("", source, vec![shown])?;
            let caption = format!("{}, the step with the smallest PSNR", view::stamp(worst));
            Ok(Figure {
                variable: name.clone(),
                address: address(&canvas)?,
                size: [canvas.width, canvas.height],
                alt: format!("{name} as handed in, as decoded, and the difference: {caption}"),
                caption,
            })
        })
        .collect()
}

/// What is drawn of a variable at which steps.
fn kinds<'a>(
    variable: &Variable,
    steps: &'a [Step],
    last: &'a Step,
    remarks: &mut Vec<String>,
) -> Result<Vec<(Kind, &'a [Step])>> {
    let last = std::slice::from_ref(last);
    if variable.shape.len() == 1 {
        return Ok(vec![(Kind::Curve, steps)]);
    }
    let mut kinds = vec![(Kind::Slice(view::cut(variable, 0, None)?), steps)];
    let region = view::whole(variable, 1, MEMORY);
    if variable.shape.len() == 3 && region.count.iter().all(|n| *n > 1) {
        let camera = Camera::default();
        let box3 = view::box_of(variable, &region);
        remarks.extend(box3.remarks.iter().map(|r| format!("{}: {r}", variable.name)));
        for mode in [Mode::Isosurface(Vec::new()), Mode::Volume(Opacity::Ramp)] {
            kinds.push((Kind::Volume { mode, camera, region: region.clone(), box3: box3.clone() }, last));
        }
    }
    Ok(kinds)
}

fn figure(drawing: &Drawing<'_>, step: &Step) -> Result<Figure> {
    let canvas = drawing.bare(step)?;
    let name = &drawing.variable.name;
    let stamp = view::stamp(step);
    let range = format!("{} to {}", short(drawing.range.0), short(drawing.range.1));
    let (caption, what) = match &drawing.kind {
        Kind::Curve => (stamp.clone(), "curve".to_string()),
        Kind::Slice(cut) if cut.place.is_empty() => (stamp.clone(), "plane".into()),
        Kind::Slice(cut) => (format!("{stamp}, {}", cut.place), "slice".into()),
        Kind::Volume { mode: Mode::Isosurface(values), .. } => {
            let values: Vec<String> = values.iter().map(|v| short(*v)).collect();
            (format!("{stamp}, isosurface at {}", values.join(", ")), "isosurface".into())
        }
        Kind::Volume { .. } => (format!("{stamp}, volume"), "volume".into()),
    };
    Ok(Figure {
        variable: name.clone(),
        address: address(&canvas)?,
        size: [canvas.width, canvas.height],
        alt: format!("{what} of {name}: {caption}; values {range}"),
        caption,
    })
}

/// A picture as an address that holds all of it.
fn address(canvas: &Canvas) -> Result<String> {
    let mut bytes = Vec::new();
    canvas.write_png(&mut bytes)?;
    Ok(format!("data:image/png;base64,{}", STANDARD.encode(bytes)))
}
