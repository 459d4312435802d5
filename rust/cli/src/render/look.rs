//! How a picture is to look, from the command line.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use limbeck_picture::{Camera, ColourMap, Mode as Cast, Opacity, Rgb};
use limbeck_reader::Step;

use super::drawing::{Drawing, Kind};
use crate::console::Console;
use crate::failure::{Failure, Result};
use crate::source::{Source, Variable};
use crate::view;

/// Pixels of a picture, and of each of an animation, unless the user says otherwise.
const STILL: [usize; 2] = [960, 720];
const MOVING: [usize; 2] = [640, 480];

/// Options about how values are drawn.
#[derive(Args)]
pub struct Look {
    /// What to draw of a 3D variable; by default what the other options belong to, or else its volume. 2D variables are slices,
    /// 1D variables curves
    #[arg(long)]
    mode: Option<Mode>,
    /// Values of isosurfaces: the last one is opaque, those before it are veils. By default the one value that splits the data
    /// into two classes best
    #[arg(long, value_name = "X,Y,...", value_delimiter = ',', allow_hyphen_values = true)]
    isovalue: Vec<f64>,
    /// Axis that a slice is cut across: z, y or x, or the name that the run gave it
    #[arg(long, value_name = "NAME")]
    axis: Option<String>,
    /// Where along this axis; negative ones count from the end. By default in the middle
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    index: Option<i64>,
    /// Where volumes are seen from: degrees around the z axis, degrees above the x-y plane, and how near (2 is twice as large)
    #[arg(long, value_name = "AZIMUTH,ELEVATION,ZOOM", allow_hyphen_values = true, default_value = "30,22,1")]
    camera: Angles,
    /// Parallel rays instead of perspective
    #[arg(long)]
    orthographic: bool,
    /// Colours of values
    #[arg(long, alias = "colors", value_name = "NAME", default_value = "lagoon", hide_possible_values = true,
        value_parser = names(&ColourMap::NAMES, ColourMap::named),
        long_help = long_help("Colours of values:", &ColourMap::NAMES))]
    colours: ColourMap,
    /// Which values of a volume are dense
    #[arg(long, value_name = "NAME", hide_possible_values = true,
        value_parser = names(&Opacity::NAMES, Opacity::named),
        long_help = long_help("Which values of a volume are dense:", &Opacity::NAMES))]
    opacity: Option<Opacity>,
    /// Values of the first and the last colour; by default the smallest and the largest of all steps drawn
    #[arg(long, value_name = "LOW,HIGH", allow_hyphen_values = true)]
    range: Option<Range>,
    /// Pixels across and down; 960x720 by default, 640x480 in animations
    #[arg(long, value_name = "WxH")]
    size: Option<Size>,
    /// What lies behind
    #[arg(long, value_name = "COLOUR", default_value = "white")]
    background: Background,
    /// Draw every n-th grid point along each axis of a volume
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    /// MiB that the decoded values of a volume may take; of larger ones only every n-th point is decoded
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    memory: u32,
}

/// Kinds of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Mist, denser where --opacity says so
    Volume,
    /// Surfaces through all points with the values of --isovalue
    Isosurface,
    /// The values on a plane across --axis
    Slice,
    /// The largest value along each line of sight
    Mip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Background {
    White,
    Black,
}

impl Background {
    fn colour(self) -> Rgb {
        match self {
            Background::White => [255; 3],
            Background::Black => [10, 10, 14],
        }
    }
}

/// `30,22` or `30,22,1.5`
#[derive(Clone, Copy, Debug)]
struct Angles([f64; 3]);

impl FromStr for Angles {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Angles, String> {
        match numbers(text)[..] {
            [Some(azimuth), Some(elevation)] => Ok(Angles([azimuth, elevation, 1.0])),
            [Some(azimuth), Some(elevation), Some(zoom)] => Ok(Angles([azimuth, elevation, zoom])),
            _ => Err("must be AZIMUTH,ELEVATION or AZIMUTH,ELEVATION,ZOOM, as in 30,22,1".into()),
        }
    }
}

/// `0,1.5`
#[derive(Clone, Copy, Debug)]
struct Range(f64, f64);

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Range, String> {
        match numbers(text)[..] {
            [Some(low), Some(high)] if low < high => Ok(Range(low, high)),
            _ => Err("must be LOW,HIGH, two numbers of which the first is smaller".into()),
        }
    }
}

/// `960x720`
#[derive(Clone, Copy, Debug)]
struct Size([usize; 2]);

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Size, String> {
        let side = |t: &str| t.parse::<usize>().ok().filter(|n| (64..=4096).contains(n));
        match text.split(['x', 'X']).map(side).collect::<Vec<_>>()[..] {
            [Some(width), Some(height)] => Ok(Size([width, height])),
            _ => Err("must be WIDTHxHEIGHT, each 64 to 4096 pixels, as in 960x720".into()),
        }
    }
}

fn numbers(text: &str) -> Vec<Option<f64>> {
    text.split(',').map(|t| t.trim().parse::<f64>().ok().filter(|v| v.is_finite())).collect()
}

/// Takes one of these names.
fn names<T: Clone + Send + Sync + 'static>(
    all: &'static [(&'static str, &'static str)],
    named: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(all.iter().map(|(name, about)| PossibleValue::new(*name).help(*about)))
        .try_map(move |name: String| named(&name).ok_or("is not known"))
}

fn long_help(heading: &str, all: &[(&str, &str)]) -> String {
    all.iter().fold(heading.to_string(), |text, (name, about)| format!("{text}\n  {name:<10} {about}"))
}

impl Look {
    /// What is drawn of these steps, checked against what the archive holds.
    pub fn drawing<'a>(
        &self,
        source: &'a Source,
        variable: &'a Variable,
        steps: &[Step],
        console: &Console,
    ) -> Result<Drawing<'a>> {
        let mode = self.mode(variable)?;
        let size = self.size.map_or(if steps.len() > 1 { MOVING } else { STILL }, |s| s.0);
        let mut drawing = Drawing {
            source,
            variable,
            kind: Kind::Curve,
            size,
            colours: self.colours.clone(),
            range: (0.0, 0.0),
            background: self.background.colour(),
        };
        match (variable.shape.len(), mode) {
            (1, _) => {}
            (_, Mode::Slice) => {
                let axis = self.axis.as_ref().map_or(Ok(0), |name| view::axis_named(variable, name))?;
                let cut = view::cut(variable, axis, self.index)?;
                if let Some(thinned) = cut.thinned(variable) {
                    console.remark(&format!("the plane is larger than any picture: drawing {thinned}"));
                }
                drawing.kind = Kind::Slice(cut);
            }
            (_, mode) => self.volume(&mut drawing, mode, console)?,
        }
        let data = drawing.data_range(steps)?;
        drawing.range = self.range.map_or(data, |Range(low, high)| (low, high));
        if mode == Mode::Isosurface {
            self.check_isovalues(variable, steps, data)?;
            if let Some(empty) = drawing.split(steps)? {
                console.warn(&empty);
            }
        }
        Ok(drawing)
    }

    fn volume(&self, drawing: &mut Drawing<'_>, mode: Mode, console: &Console) -> Result<()> {
        let variable = drawing.variable;
        let [azimuth, elevation, zoom] = self.camera.0;
        let camera = Camera { azimuth, elevation, zoom, orthographic: self.orthographic };
        camera.check()?;
        let region = view::whole(variable, self.every as usize, (self.memory as usize) << 20);
        if region.every[0] > self.every as usize {
            let thinned = view::thinned(variable, &region).unwrap_or_default();
            console.remark(&format!("the volume is larger than --memory {} MiB: drawing {thinned}", self.memory));
        }
        let box3 = view::box_of(variable, &region);
        box3.remarks.iter().for_each(|r| console.warn(r));
        let mode = match mode {
            Mode::Isosurface => Cast::Isosurface(self.isovalue.clone()),
            Mode::Mip => Cast::Maximum,
            _ => Cast::Volume(self.opacity.unwrap_or(Opacity::Ramp)),
        };
        drawing.kind = Kind::Volume { mode, camera, region, box3 };
        Ok(())
    }

    /// The mode, which options of other modes contradict.
    fn mode(&self, variable: &Variable) -> Result<Mode> {
        let surfaces = !self.isovalue.is_empty();
        let sliced = self.axis.is_some() || self.index.is_some();
        let rank = variable.shape.len();
        let mode = self.mode.unwrap_or(match () {
            () if rank < 3 || sliced => Mode::Slice,
            () if surfaces => Mode::Isosurface,
            () => Mode::Volume,
        });
        let name = |m: Mode| m.to_possible_value().map_or(String::new(), |v| v.get_name().to_string());
        if rank < 3 && mode != Mode::Slice {
            let what = if rank == 2 { "a plane" } else { "a line" };
            let (variable, mode) = (&variable.name, name(mode));
            return Err(Failure::Usage(format!(
                "--mode {mode}: {variable:?} is {what}; leave the mode out to draw it"
            )));
        }
        let belongs = [
            ("--isovalue", surfaces, Mode::Isosurface),
            ("--axis and --index", sliced, Mode::Slice),
            ("--opacity", self.opacity.is_some(), Mode::Volume),
        ];
        if let Some((option, _, other)) = belongs.into_iter().find(|(_, given, other)| *given && *other != mode) {
            let (other, mode) = (name(other), name(mode));
            return Err(Failure::Usage(format!("{option} belongs to --mode {other}, and this is --mode {mode}")));
        }
        if rank < 3 && sliced {
            return Err(Failure::Usage(format!("--axis and --index: {:?} has no third axis to cut", variable.name)));
        }
        Ok(mode)
    }

    fn check_isovalues(&self, variable: &Variable, steps: &[Step], (low, high): (f64, f64)) -> Result<()> {
        match self.isovalue.iter().find(|v| !(low..=high).contains(*v)) {
            None => Ok(()),
            Some(value) => {
                let which = match steps {
                    [one] => format!("step {}", one.index),
                    _ => "these steps".into(),
                };
                Err(Failure::Usage(format!(
                    "--isovalue {value}: the values of {:?} in {which} are {} to {}",
                    variable.name,
                    limbeck_picture::short(low),
                    limbeck_picture::short(high)
                )))
            }
        }
    }
}
