//! Decoded values as pictures take them: volumes, slices and curves with the coordinates of their axes.

use std::cell::RefCell;
use std::rc::Rc;

use limbeck_field::{Extent, Region};
use limbeck_picture::{AxisLabel, Slice, Volume, short};
use limbeck_reader::{AxisCoordinates, Step};

use crate::failure::{Failure, Result};
use crate::source::{Source, Variable};
use crate::table;

/// Values of a plane; of a larger one only every n-th row and column is decoded.
const PLANE: usize = 1 << 24;
/// Bytes of a decoded value.
const VALUE: usize = 4;
/// Sides of a box that differ by more than this are no shape that could be seen.
const LONGEST: f64 = 40.0;

/// The whole grid of a variable, or every n-th point along each axis so that its values take no more than `memory` bytes.
/// `every` is what the user wants at least.
pub fn whole(variable: &Variable, every: usize, memory: usize) -> Region {
    let region = |every: usize| {
        let count = variable.shape.iter().map(|n| n.div_ceil(every)).collect();
        let rank = variable.shape.len();
        Region { start: vec![0; rank], count, every: vec![every; rank] }
    };
    let bytes = |r: &Region| r.count.iter().fold(VALUE, |b, n| b.saturating_mul(*n));
    let fits = |every: &usize| bytes(&region(*every)) <= memory;
    let longest = variable.shape.iter().copied().max().unwrap_or(1);
    region((every.max(1)..=longest).find(fits).unwrap_or(longest.max(every)))
}

/// Place in a variable's axes of the one with this name: its own, or z, y, x, or its number.
pub fn axis_named(variable: &Variable, name: &str) -> Result<usize> {
    let rank = variable.shape.len();
    let found = (0..rank).find(|&a| variable.axis_names(a).contains(&name) || a.to_string() == name);
    found.ok_or_else(|| {
        let names: Vec<String> = (0..rank).map(|a| axis_name(variable, a)).collect();
        Failure::Usage(format!("--axis {name}: the axes of {:?} are {}", variable.name, names.join(", ")))
    })
}

/// Name of an axis: what the run calls it, or a letter.
pub fn axis_name(variable: &Variable, axis: usize) -> String {
    variable.axis_names(axis)[0].to_string()
}

/// Name and units of an axis, and the coordinates of the first and the last point of a region.
pub fn axis_label(variable: &Variable, region: &Region, axis: usize) -> AxisLabel {
    let last = region.start[axis] + (region.count[axis].max(1) - 1) * region.every[axis];
    let ends = (variable.coordinate(axis, region.start[axis]), variable.coordinate(axis, last));
    let name = axis_name(variable, axis);
    let units = variable.axes.get(axis).map_or("", |a| a.units.as_str());
    AxisLabel { name: if units.is_empty() { name } else { format!("{name} [{units}]") }, ends }
}

/// The variable with its units, as it is written beside numbers.
pub fn quantity(source: &Source, variable: &Variable) -> String {
    match source.units(variable) {
        Some(units) => format!("{} [{units}]", variable.name),
        None => variable.name.clone(),
    }
}

/// "step 12, t = 0.3"
pub fn stamp(step: &Step) -> String {
    format!("step {}, t = {}", step.index, short(step.time))
}

/// How a volume's grid lies in space.
#[derive(Clone, Debug)]
pub struct Box3 {
    /// Mean distance of points along z, y and x.
    pub spacing: [f64; 3],
    /// What the user should know about it.
    pub remarks: Vec<String>,
}

/// The box of a region of a 3D variable.
pub fn box_of(variable: &Variable, region: &Region) -> Box3 {
    let mut remarks = Vec::new();
    let steps = |axis: usize| (region.count[axis].max(2) - 1) as f64;
    let mut spacing = [0, 1, 2].map(|axis| {
        let (first, last) = axis_label(variable, region, axis).ends;
        let span = if region.count[axis] > 1 { (last - first) / steps(axis) } else { 1.0 };
        if span.is_finite() && span != 0.0 { span } else { 1.0 }
    });
    for axis in 0..3 {
        if let Some(AxisCoordinates::Explicit(points)) = variable.axes.get(axis).map(|a| &a.coordinates)
            && let (Some(first), Some(last)) = (points.first(), points.last())
        {
            let even = |i: usize| first + (last - first) * i as f64 / (points.len().max(2) - 1) as f64;
            let off = points.iter().enumerate().any(|(i, p)| (p - even(i)).abs() > 1e-3 * (last - first).abs());
            if off {
                let name = axis_name(variable, axis);
                remarks.push(format!("axis {name} is not evenly spaced; the picture has it at its mean spacing"));
            }
        }
    }
    let lengths = [0, 1, 2].map(|a| spacing[a].abs() * steps(a));
    let (short, long) = lengths.iter().fold((f64::INFINITY, 0f64), |(s, l), v| (s.min(*v), l.max(*v)));
    if long / short > LONGEST {
        remarks.push(format!(
            "the sides of the box differ by a factor of {:.0}; they are drawn equally long",
            long / short
        ));
        spacing = [0, 1, 2].map(|a| spacing[a].signum() / steps(a));
    }
    Box3 { spacing, remarks }
}

/// The volume that was decoded last, which the next question is often about.
#[derive(Default)]
pub struct Decoded(RefCell<Option<Last>>);

struct Last {
    variable: String,
    step: u64,
    region: Region,
    volume: Rc<Volume>,
}

/// A step of a 3D variable.
pub fn volume(
    source: &Source,
    variable: &Variable,
    step: &Step,
    region: &Region,
    box3: &Box3,
    decoded: &Decoded,
) -> Result<Rc<Volume>> {
    if let Some(last) = &*decoded.0.borrow()
        && (&last.variable, last.step, &last.region) == (&variable.name, step.index, region)
    {
        return Ok(last.volume.clone());
    }
    // There is never room needed for two.
    drop(decoded.0.take());
    let values = source.read(variable, step, region)?;
    let [z, y, x] = region.count[..] else { return Err(Failure::Internal("a volume has three axes".into())) };
    let volume = Rc::new(Volume::new(values, [z, y, x], box3.spacing)?);
    let last =
        Last { variable: variable.name.clone(), step: step.index, region: region.clone(), volume: volume.clone() };
    decoded.0.replace(Some(last));
    Ok(volume)
}

/// Where a slice is cut.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The points.
    region: Region,
    /// Its axes that have a length: up, across.
    axes: [usize; 2],
    /// What lies along the rows, and along the columns.
    pub across: AxisLabel,
    /// The same along the columns.
    pub up: AxisLabel,
    /// "z = 12 of 0..63", empty for a variable that is a plane.
    pub place: String,
}

/// The cut through a variable: at `index` of `axis` for a 3D variable, all of it for a 2D one.
pub fn cut(variable: &Variable, axis: usize, index: Option<i64>) -> Result<Cut> {
    let mut region = Region::of(&Extent::whole(&variable.shape));
    let mut place = String::new();
    let axes = match variable.shape.len() {
        2 => [0, 1],
        3 => {
            let n = variable.shape[axis];
            let at = match index {
                None => Some(n / 2),
                Some(i) if i < 0 => usize::try_from(i + n as i64).ok(),
                Some(i) => usize::try_from(i).ok().filter(|i| *i < n),
            };
            let name = axis_name(variable, axis);
            let at = at.ok_or_else(|| {
                let index = index.unwrap_or_default();
                Failure::Usage(format!(
                    "--index {index}: axis {name} of {:?} has indices 0 to {}",
                    variable.name,
                    n - 1
                ))
            })?;
            (region.start[axis], region.count[axis]) = (at, 1);
            place = format!("{name} = {at} of 0..{}", n - 1);
            [[1, 2], [0, 2], [0, 1]][axis]
        }
        _ => return Err(Failure::Usage(format!("{:?} has one axis, and is drawn as a curve", variable.name))),
    };
    let [rows, columns] = axes.map(|a| variable.shape[a]);
    let every = (1..).find(|e| rows.div_ceil(*e) * columns.div_ceil(*e) <= PLANE).unwrap_or(1);
    for axis in axes {
        (region.every[axis], region.count[axis]) = (every, variable.shape[axis].div_ceil(every));
    }
    let [up, across] = axes.map(|a| axis_label(variable, &region, a));
    Ok(Cut { region, axes, across, up, place })
}

/// The values of a cut; coordinates of both axes rise.
pub fn slice(source: &Source, variable: &Variable, step: &Step, cut: &Cut) -> Result<Slice> {
    let mut values: Vec<f64> = source.read(variable, step, &cut.region)?;
    let [rows, columns] = cut.axes.map(|a| cut.region.count[a]);
    if cut.across.ends.0 > cut.across.ends.1 {
        values.chunks_mut(columns).for_each(<[f64]>::reverse);
    }
    if cut.up.ends.0 > cut.up.ends.1 {
        values = values.chunks(columns).rev().flatten().copied().collect();
    }
    Ok(Slice { rows, columns, values })
}

impl Cut {
    /// Says that not all points of the plane are drawn.
    pub fn thinned(&self, variable: &Variable) -> Option<String> {
        thinned(variable, &self.region)
    }

    /// What lies along rows and columns, from the smaller coordinate to the larger.
    pub fn labels(&self) -> [AxisLabel; 2] {
        [&self.across, &self.up].map(|label| {
            let (a, b) = label.ends;
            AxisLabel { name: label.name.clone(), ends: (a.min(b), a.max(b)) }
        })
    }
}

/// A step of a 1D variable, as points (coordinate, value).
pub fn curve(source: &Source, variable: &Variable, step: &Step) -> Result<Vec<(f64, f64)>> {
    let values: Vec<f64> = source.read(variable, step, &Region::of(&Extent::whole(&variable.shape)))?;
    let mut points: Vec<_> = values.iter().enumerate().map(|(i, v)| (variable.coordinate(0, i), *v)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(points)
}

/// Smallest and largest value handed in over these steps, where it was measured for all of them.
pub fn measured_range(source: &Source, variable: &Variable, steps: &[Step]) -> Option<(f64, f64)> {
    let measured: Vec<_> = source.measured(variable).collect();
    let of = |step: &Step| {
        let q = &measured[measured.binary_search_by_key(&step.index, |m| m.step).ok()?].quality;
        (q.min <= q.max && q.min.is_finite() && q.max.is_finite()).then_some((q.min, q.max))
    };
    let ranges = steps.iter().map(of).collect::<Option<Vec<_>>>()?;
    ranges.into_iter().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// "one of 2 points along each axis: 128 x 128 x 128 of 256 x 256 x 256"; None where all points are taken.
pub fn thinned(variable: &Variable, region: &Region) -> Option<String> {
    let every = region.every.iter().copied().max().filter(|e| *e > 1)?;
    let (drawn, of) = (table::shape(&region.count), table::shape(&variable.shape));
    Some(format!("one of {every} points along each axis: {drawn} of {of}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbeck_field::ElementType;
    use limbeck_reader::Axis;

    fn variable(shape: &[usize], axes: Vec<AxisCoordinates>) -> Variable {
        let axes = axes.into_iter().map(|coordinates| Axis { coordinates, ..Axis::default() }).collect();
        Variable { name: "u".into(), shape: shape.to_vec(), element_type: ElementType::Float32, axes }
    }

    #[test]
    fn volumes_are_thinned_until_they_fit() {
        let v = variable(&[100, 50, 20], Vec::new());
        assert_eq!(whole(&v, 1, 400_000).every, [1, 1, 1]);
        let half = whole(&v, 1, 399_999);
        assert_eq!((half.every, half.count), (vec![2, 2, 2], vec![50, 25, 10]));
        assert_eq!(whole(&v, 3, 400_000).count, [34, 17, 7]);
        assert_eq!(whole(&v, 1, 0).count, [1, 1, 1]);
    }

    #[test]
    fn boxes_follow_the_axes() {
        let uniform = |spacing| AxisCoordinates::Uniform { origin: 5.0, spacing };
        let uneven = AxisCoordinates::Explicit(vec![0.0, 1.0, 4.0]);
        let v = variable(&[3, 4, 5], vec![uneven, uniform(-0.5), AxisCoordinates::Index]);
        let b = box_of(&v, &whole(&v, 1, usize::MAX));
        assert_eq!(b.spacing, [2.0, -0.5, 1.0]);
        assert_eq!(b.remarks.len(), 1);
        let thin = variable(&[3, 4, 5], vec![uniform(1.0), uniform(1.0), uniform(1e6)]);
        let b = box_of(&thin, &whole(&thin, 1, usize::MAX));
        assert_eq!((b.spacing, b.remarks.len()), ([0.5, 1.0 / 3.0, 0.25], 1));
    }

    #[test]
    fn cuts_have_their_place_and_axes() {
        let v = variable(&[3, 4, 5], Vec::new());
        let c = cut(&v, 1, Some(-1)).unwrap();
        assert_eq!((c.region.start.clone(), c.region.count.clone()), (vec![0, 3, 0], vec![3, 1, 5]));
        assert_eq!((c.up.name.as_str(), c.across.name.as_str(), c.across.ends), ("z", "x", (0.0, 4.0)));
        assert_eq!(c.place, "y = 3 of 0..3");
        for wrong in [4, -5] {
            assert!(cut(&v, 1, Some(wrong)).unwrap_err().to_string().contains("0 to 3"));
        }
        assert_eq!(axis_named(&v, "x").unwrap(), 2);
        assert!(axis_named(&v, "w").unwrap_err().to_string().contains("z, y, x"));
        let wide = variable(&[8000, 3, 8000], Vec::new());
        let c = cut(&wide, 1, None).unwrap();
        assert_eq!((c.region.every.clone(), c.region.count.clone()), (vec![2, 1, 2], vec![4000, 1, 4000]));
        assert_eq!(c.across.ends, (0.0, 7998.0));
        assert!(c.thinned(&wide).unwrap().contains("4000 x 1 x 4000"));
        let plane = variable(&[3, 4], Vec::new());
        assert_eq!(cut(&plane, 0, None).unwrap().across.name, "x");
    }
}
