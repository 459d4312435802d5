//! An archive or an unfinished run, as `info`, `decode` and `compare` look at it.

use std::path::Path;

use limbeck_field::{ElementType, Region};
use limbeck_reader::{
    Attribute, Axis, AxisCoordinates, Dataset, Element, Info, State, Step, StepMetrics, VariableDescription,
};
use limbeck_session::Quality;
use serde_json::{Value, json};

use crate::document::number;
use crate::failure::{Failure, Result};
use crate::output::Grid;
use crate::selection::Slice;
use crate::table::grouped;

/// An open dataset.
pub struct Source {
    dataset: Dataset,
    info: Info,
}

/// One variable of it.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Values along each axis, slowest first.
    pub shape: Vec<usize>,
    /// Type of the values handed in.
    pub element_type: ElementType,
    /// One per axis, slowest first, or none.
    pub axes: Vec<Axis>,
}

/// How much smaller the file is than the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Bytes on the disk, everything included.
    pub file_bytes: u64,
    /// Bytes of all values of all steps as float32.
    pub float32_bytes: u64,
}

impl Size {
    /// Bytes of the data as float32 over bytes on the disk.
    pub fn ratio(&self) -> f64 {
        self.float32_bytes as f64 / self.file_bytes as f64
    }

    /// Both sizes and the ratio.
    pub fn sentence(&self, path: &Path) -> String {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let (before, after) = (grouped(self.float32_bytes), grouped(self.file_bytes));
        format!("{name}: {before} bytes as float32 in {after} bytes, ratio {}", ratio(self.ratio()))
    }

    /// As JSON.
    pub fn document(&self) -> Value {
        json!({
            "file_bytes": self.file_bytes, "float32_bytes": self.float32_bytes, "ratio": number(self.ratio()),
        })
    }
}

/// A ratio for people: whole above one hundred.
pub fn ratio(r: f64) -> String {
    if r >= 100.0 { grouped(r.round() as u64) } else { format!("{r:.2}") }
}

impl Source {
    /// Opens an archive, the directory of an unfinished run, or what will become an archive.
    pub fn open(path: &Path) -> Result<Source> {
        let dataset = Dataset::open(path).map_err(|e| match e {
            // A path that leads nowhere is no mistake in the command line's grammar.
            limbeck_reader::Error::InvalidArgument(text) if !path.exists() => Failure::Io(text),
            e => Failure::from(e),
        })?;
        let info = dataset.info()?;
        Ok(Source { dataset, info })
    }

    /// What the reader knows.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Sizes, pieces and quality.
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// What was opened.
    pub fn path(&self) -> &Path {
        self.dataset.path()
    }

    /// Sizes of file and data.
    pub fn size(&self) -> Size {
        Size { file_bytes: self.info.file_bytes, float32_bytes: self.info.float32_bytes }
    }

    /// All variables.
    pub fn variables(&self) -> Result<Vec<Variable>> {
        self.dataset.variables().iter().map(Variable::new).collect()
    }

    /// The variables of these names, or all if there are none.
    pub fn select(&self, names: &[String]) -> Result<Vec<Variable>> {
        match names {
            [] => self.variables(),
            names => names.iter().map(|name| Variable::new(self.dataset.variable(name)?)).collect(),
        }
    }

    /// The variable of this name, or the only one if there is no name.
    pub fn one(&self, name: Option<&str>) -> Result<Variable> {
        match (name, &self.variables()?[..]) {
            (Some(name), _) => Variable::new(self.dataset.variable(name)?),
            (None, [only]) => Ok(only.clone()),
            (None, []) => Err(Failure::Archive(format!("{} holds no variables", self.path().display()))),
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|v| v.name.as_str()).collect();
                Err(Failure::Usage(format!("variables are {}; say which with --variable", names.join(", "))))
            }
        }
    }

    /// What was measured of a variable when its steps were handed in, by rising step.
    pub fn measured(&self, variable: &Variable) -> impl Iterator<Item = &StepMetrics> {
        let place = self.dataset.variables().iter().position(|v| v.name == variable.name);
        self.info.quality.iter().filter(move |m| Some(m.variable as usize) == place)
    }

    /// The units of a variable's values, where its attributes tell them.
    pub fn units(&self, variable: &Variable) -> Option<&str> {
        let described = self.dataset.variable(&variable.name).ok()?;
        described.attributes.iter().find_map(|(name, value)| match value {
            Attribute::Text(text) if name == "units" && !text.is_empty() => Some(text.as_str()),
            _ => None,
        })
    }

    /// True if there is a variable of this name.
    pub fn has(&self, name: &str) -> bool {
        self.dataset.variable(name).is_ok()
    }

    /// The steps that `--steps` asks for.
    pub fn select_steps(&self, slice: Option<Slice>) -> Result<Vec<Step>> {
        let steps = self.dataset.steps();
        if steps.is_empty() {
            return Err(Failure::Archive(format!("{} holds no steps", self.path().display())));
        }
        let (first, count, every) = slice.unwrap_or(Slice::ALL).on(steps.len(), "--steps")?;
        Ok(steps.iter().skip(first).step_by(every).take(count).cloned().collect())
    }

    /// Values of a variable at the points of a region: C order, last axis fastest.
    pub fn read<T: Element>(&self, variable: &Variable, step: &Step, region: &Region) -> Result<Vec<T>> {
        if let State::Missing(why) = &step.state {
            let step = step.index;
            return Err(Failure::Archive(format!("step {step} cannot be read: {why}; choose others with --steps")));
        }
        Ok(self.dataset.read(&variable.name, step.index, region)?)
    }
}

/// True if no values of this step can be read.
pub fn is_missing(step: &Step) -> bool {
    matches!(step.state, State::Missing(_))
}

impl Variable {
    fn new(description: &VariableDescription) -> Result<Variable> {
        let too_large = |_| Failure::Archive(format!("variable {:?} is too large for this machine", description.name));
        let shape = description.shape.iter().map(|&n| usize::try_from(n)).collect::<std::result::Result<_, _>>();
        Ok(Variable {
            name: description.name.clone(),
            shape: shape.map_err(too_large)?,
            element_type: if description.element_type == 8 { ElementType::Float64 } else { ElementType::Float32 },
            axes: description.axes.clone(),
        })
    }

    /// What an axis may be called: the name it was given, and the letter of its place.
    pub fn axis_names(&self, axis: usize) -> Vec<&str> {
        let given = self.axes.get(axis).map(|a| a.name.as_str()).filter(|name| !name.is_empty());
        let letter = ["z", "y", "x"][3 - self.shape.len() + axis];
        given.into_iter().chain([letter]).collect()
    }

    /// Coordinate of a grid point along an axis; its index where the axis has none.
    pub fn coordinate(&self, axis: usize, index: usize) -> f64 {
        match self.axes.get(axis).map(|a| &a.coordinates) {
            Some(AxisCoordinates::Uniform { origin, spacing }) => origin + index as f64 * spacing,
            Some(AxisCoordinates::Explicit(points)) => points.get(index).copied().unwrap_or(index as f64),
            Some(AxisCoordinates::Index) | None => index as f64,
        }
    }

    /// Coordinates of the points of a region along an axis.
    pub fn coordinates(&self, region: &Region, axis: usize) -> Vec<f64> {
        let at = |i: usize| self.coordinate(axis, region.start[axis] + i * region.every[axis]);
        (0..region.count[axis]).map(at).collect()
    }

    /// The grid in space that the points of a region form. The remarks tell which axes are not evenly spaced and
    /// therefore keep their index as coordinate.
    pub fn grid(&self, region: &Region) -> (Grid, Vec<String>) {
        let mut grid = Grid { count: [1; 3], origin: [0.0; 3], spacing: [1.0; 3] };
        let mut remarks = Vec::new();
        let rank = self.shape.len();
        for axis in 0..rank {
            let (start, every) = (region.start[axis] as f64, region.every[axis] as f64);
            let (origin, spacing) = match self.axes.get(axis).map(|a| &a.coordinates) {
                Some(AxisCoordinates::Uniform { origin, spacing }) => (*origin, *spacing),
                Some(AxisCoordinates::Explicit(points)) => even(points).unwrap_or_else(|| {
                    remarks.push(format!("axis {axis} of {:?} is not evenly spaced", self.name));
                    (0.0, 1.0)
                }),
                Some(AxisCoordinates::Index) | None => (0.0, 1.0),
            };
            let place = 3 - rank + axis;
            grid.count[place] = region.count[axis];
            grid.origin[place] = origin + start * spacing;
            grid.spacing[place] = every * spacing;
        }
        (grid, remarks)
    }
}

/// Peak signal-to-noise ratio of a step as it was measured when it was encoded.
pub fn psnr(m: &StepMetrics) -> f64 {
    let q = &m.quality;
    let sums =
        Quality { count: q.count, squared_error: q.squared_error, max_error: q.max_error, min: q.min, max: q.max };
    sums.psnr()
}

/// Origin and spacing of coordinates that are even but for rounding.
fn even(points: &[f64]) -> Option<(f64, f64)> {
    let (first, last) = (*points.first()?, *points.last()?);
    let spacing = if points.len() > 1 { (last - first) / (points.len() - 1) as f64 } else { 1.0 };
    let close = |(i, p): (usize, &f64)| (p - (first + i as f64 * spacing)).abs() <= 1e-6 * spacing.abs();
    points.iter().enumerate().all(close).then_some((first, spacing))
}

/// An attribute for people.
pub fn attribute_text(attribute: &Attribute) -> String {
    match attribute {
        Attribute::Text(text) => text.clone(),
        Attribute::Integer(i) => i.to_string(),
        Attribute::Float(v) => format!("{v:?}"),
        Attribute::FloatArray(all) if all.len() > 8 => format!("{} numbers", all.len()),
        Attribute::FloatArray(all) => all.iter().map(|v| format!("{v:?}")).collect::<Vec<_>>().join(", "),
    }
}

/// An attribute for machines.
pub fn attribute_document(attribute: &Attribute) -> Value {
    match attribute {
        Attribute::Text(text) => json!(text),
        Attribute::Integer(i) => json!(i),
        Attribute::Float(v) => number(*v),
        Attribute::FloatArray(all) => all.iter().map(|v| number(*v)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_follow_axes_and_regions() {
        let axis = |coordinates| Axis { coordinates, ..Axis::default() };
        let variable = Variable {
            name: "u".into(),
            shape: vec![10, 5],
            element_type: ElementType::Float32,
            axes: vec![
                axis(AxisCoordinates::Uniform { origin: -1.0, spacing: 0.25 }),
                axis(AxisCoordinates::Explicit(vec![0.0, 0.1, 0.2, 0.3, 0.4])),
            ],
        };
        let region = Region { start: vec![2, 1], count: vec![4, 2], every: vec![2, 3] };
        let (grid, remarks) = variable.grid(&region);
        assert_eq!(grid.count, [1, 4, 2]);
        assert_eq!(variable.coordinates(&region, 0), [-0.5, 0.0, 0.5, 1.0]);
        assert_eq!(variable.coordinates(&region, 1), [0.1, 0.4]);
        assert_eq!((grid.origin[1], grid.spacing[1]), (-0.5, 0.5));
        assert!((grid.origin[2] - 0.1).abs() < 1e-12 && (grid.spacing[2] - 0.3).abs() < 1e-12);
        assert_eq!((grid.origin[0], grid.spacing[0]), (0.0, 1.0));
        assert!(remarks.is_empty());
        let uneven = Variable { axes: vec![axis(AxisCoordinates::Explicit(vec![0.0, 1.0, 3.0]))], ..variable };
        let (_, remarks) =
            Variable { shape: vec![3], ..uneven }.grid(&Region { start: vec![0], count: vec![3], every: vec![1] });
        assert_eq!(remarks.len(), 1);
    }

    #[test]
    fn ratios_in_words() {
        assert_eq!(ratio(1520.6), "1,521");
        assert_eq!(ratio(2.71328), "2.71");
        let size = Size { file_bytes: 1000, float32_bytes: 1_000_000 };
        assert_eq!(
            size.sentence(Path::new("a/run.lbk")),
            "run.lbk: 1,000,000 bytes as float32 in 1,000 bytes, ratio 1,000"
        );
    }
}
