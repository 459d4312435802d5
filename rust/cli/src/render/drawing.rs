//! What is drawn, step by step.

use limbeck_field::Region;
use limbeck_picture::{Camera, Canvas, Chart, ColourMap, Curve, Mode, Plate, Rgb, Scene, range_of};
use limbeck_reader::Step;

use crate::failure::{Failure, Result};
use crate::source::{Source, Variable};
use crate::view::{self, Box3, Cut, Decoded};

/// A kind of picture of a variable, ready to be made of any step.
pub struct Drawing<'a> {
    /// Where values come from.
    pub source: &'a Source,
    /// What was decoded last.
    pub decoded: &'a Decoded,
    /// Which of them.
    pub variable: &'a Variable,
    /// What is drawn.
    pub kind: Kind,
    /// Pixels across and down.
    pub size: [usize; 2],
    /// Colours of values.
    pub colours: ColourMap,
    /// Values of the first and the last colour.
    pub range: (f64, f64),
    /// What lies behind.
    pub background: Rgb,
}

/// What is drawn.
pub enum Kind {
    /// A 1D variable.
    Curve,
    /// A plane.
    Slice(Cut),
    /// A 3D variable in its box.
    Volume {
        /// What of it.
        mode: Mode,
        /// From where.
        camera: Camera,
        /// Which points.
        region: Region,
        /// Where they lie.
        box3: Box3,
    },
}

impl Drawing<'_> {
    /// The picture of a step, with a title.
    pub fn picture(&self, step: &Step) -> Result<Canvas> {
        let place = match &self.kind {
            Kind::Slice(cut) if !cut.place.is_empty() => format!(", {}", cut.place),
            _ => String::new(),
        };
        self.titled(step, &self.variable.name, &format!("{}{place}", view::stamp(step)))
    }

    /// The picture of a step without a title.
    pub fn bare(&self, step: &Step) -> Result<Canvas> {
        self.titled(step, "", "")
    }

    fn titled(&self, step: &Step, title: &str, subtitle: &str) -> Result<Canvas> {
        let (variable, source) = (self.variable, self.source);
        let plate = Plate {
            title: title.into(),
            subtitle: subtitle.into(),
            size: self.size,
            background: self.background,
            quantity: source.units(variable).unwrap_or_default().to_string(),
            marks: self.isovalues().to_vec(),
        };
        match &self.kind {
            Kind::Curve => {
                let chart = Chart {
                    title: if title.is_empty() { String::new() } else { format!("{title}, {subtitle}") },
                    across: view::axis_label(variable, &view::whole(variable, 1, usize::MAX), 0).name,
                    up: view::quantity(source, variable),
                    curves: vec![Curve { name: variable.name.clone(), points: view::curve(source, variable, step)? }],
                    from_zero: false,
                    whole: false,
                    range: Some(self.range),
                };
                Ok(Chart::canvas(&[chart], self.size)?)
            }
            Kind::Slice(cut) => {
                let [across, up] = cut.labels();
                let slice = view::slice(source, variable, step, cut)?;
                Ok(plate.slice(&slice, &across, &up, &self.colours, self.range))
            }
            Kind::Volume { mode, camera, region, box3 } => {
                let volume = view::volume(source, variable, step, region, box3, self.decoded)?;
                let scene = Scene {
                    mode: mode.clone(),
                    camera: *camera,
                    colours: self.colours.clone(),
                    range: self.range,
                    background: self.background,
                    axes: [2, 1, 0].map(|a| view::axis_name(variable, a)),
                };
                Ok(plate.volume(&scene, &volume)?)
            }
        }
    }

    /// Smallest and largest value of what is drawn of these steps: of a single step its own, of several what was measured when they
    /// were handed in, where it was.
    pub fn data_range(&self, steps: &[Step]) -> Result<(f64, f64)> {
        if steps.len() > 1
            && let Some(range) = view::measured_range(self.source, self.variable, steps)
        {
            return Ok(range);
        }
        let mut ranges = Vec::new();
        for step in steps {
            crate::interrupt::check()?;
            ranges.extend(match &self.kind {
                Kind::Curve => range_of(view::curve(self.source, self.variable, step)?.into_iter().map(|p| p.1)),
                Kind::Slice(cut) => view::slice(self.source, self.variable, step, cut)?.range(),
                Kind::Volume { region, box3, .. } => {
                    view::volume(self.source, self.variable, step, region, box3, self.decoded)?.range()
                }
            });
        }
        let range = ranges.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        range.ok_or_else(|| {
            Failure::Archive(format!("variable {:?} has no finite value in this step", self.variable.name))
        })
    }

    /// Chooses a value for an isosurface that has none: what splits the values of the middle one of these steps best. The remark says
    /// that there is nothing to split.
    pub fn split(&mut self, steps: &[Step]) -> Result<Option<String>> {
        let Kind::Volume { mode: Mode::Isosurface(values), region, box3, .. } = &mut self.kind else { return Ok(None) };
        if !values.is_empty() {
            return Ok(None);
        }
        let Some(step) = steps.get(steps.len() / 2) else { return Ok(None) };
        let volume = view::volume(self.source, self.variable, step, region, box3, self.decoded)?;
        let split = volume.split();
        values.extend(split);
        Ok(split.is_none().then(|| format!("all values of {:?} are the same: there is no surface", self.variable.name)))
    }

    /// Values of the isosurfaces.
    pub fn isovalues(&self) -> &[f64] {
        match &self.kind {
            Kind::Volume { mode: Mode::Isosurface(values), .. } => values,
            _ => &[],
        }
    }

    /// Distance of the grid points that are drawn.
    pub fn every(&self) -> usize {
        match &self.kind {
            Kind::Volume { region, .. } => region.every[0],
            _ => 1,
        }
    }

    /// What is drawn, in a word.
    pub fn mode(&self) -> &'static str {
        match &self.kind {
            Kind::Curve => "curve",
            Kind::Slice(_) => "slice",
            Kind::Volume { mode: Mode::Volume(_), .. } => "volume",
            Kind::Volume { mode: Mode::Isosurface(_), .. } => "isosurface",
            Kind::Volume { mode: Mode::Maximum, .. } => "mip",
        }
    }
}
