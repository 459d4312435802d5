//! NetCDF-4 files that follow the CF conventions, as xarray, ncview or ParaView read them: every axis has a coordinate
//! variable, gaps are NaN. A NetCDF-4 file is an HDF5 file whose dimensions are dimension scales.

use std::path::Path;

use limbeck_field::{ElementType, Region};
use limbeck_reader::Step;
use rust_hdf5::{H5Dataset, H5File};

use super::Names;
use super::hdf5::{Hdf5, Hdf5Variable, StepsArray, StepsFile, describe, describe_file, say};
use crate::failure::Result;
use crate::source::{Source, Variable};

/// Longest name that NetCDF has room for, in bytes.
const LONGEST_NAME: usize = 256;
/// Attributes of arrays that have a meaning for NetCDF, so that others get another name.
const TAKEN: [&str; 10] = [
    "_FillValue",
    "missing_value",
    "scale_factor",
    "add_offset",
    "coordinates",
    "CLASS",
    "NAME",
    "DIMENSION_LIST",
    "REFERENCE_LIST",
    "_Netcdf4Dimid",
];

/// A dimension and its coordinate variable; variables on the same grid share it.
struct Dimension {
    set: H5Dataset,
    /// None for time.
    axis: Option<AxisOf>,
}

/// What makes an axis the same as another.
#[derive(PartialEq)]
struct AxisOf {
    name: String,
    units: String,
    coordinates: Vec<f64>,
}

/// Begins a file with these parts of variables at these steps: everything but the values of the variables.
/// `described` belongs to `variables`. Names are changed where NetCDF forbids them.
pub fn netcdf_file(
    path: &Path,
    source: &Source,
    variables: &[(Variable, Region)],
    described: &[Hdf5Variable<'_>],
    steps: &[Step],
) -> Result<StepsFile> {
    StepsFile::create(path, steps.len(), |file| {
        describe_run(file, source)?;
        let mut names = Names::default();
        let named: Vec<String> = variables.iter().map(|(v, _)| names.take(&allowed(&v.name))).collect();
        let mut layout = Layout { file, names, dimensions: Vec::new() };
        let auxiliary = layout.time(source, steps)?;
        let mut arrays = Vec::new();
        for (((variable, region), described), name) in variables.iter().zip(described).zip(named) {
            arrays.push(layout.variable(&name, variable, region, described, &auxiliary, steps.len())?);
        }
        Ok(arrays)
    })
}

fn describe_run(file: &H5File, source: &Source) -> Hdf5<()> {
    let attributes = source.dataset().attributes();
    let mut names = Names::default();
    for (name, value) in attributes {
        describe_file(file, &names.take(&allowed(name)), value)?;
    }
    let given = |name: &str| attributes.iter().any(|(n, _)| n == name);
    if !given("Conventions") {
        file.set_attr_string("Conventions", "CF-1.11")?;
    }
    if !given("source") {
        file.set_attr_string("source", &format!("limbeck {}", source.dataset().limbeck_version()))?;
    }
    Ok(())
}

struct Layout<'a> {
    file: &'a H5File,
    names: Names,
    /// Time is the first.
    dimensions: Vec<Dimension>,
}

impl Layout<'_> {
    /// The time axis, and along it what else is known of the steps; returns the names of that.
    fn time(&mut self, source: &Source, steps: &[Step]) -> Hdf5<String> {
        let name = self.names.take("time");
        let times: Vec<f64> = steps.iter().map(|s| s.time).collect();
        let time = self.scale(&name, &times)?;
        say(&time, "standard_name", "time")?;
        say(&time, "axis", "T")?;
        // The run may say what its times count ("seconds since 2000-01-01").
        let units = source.dataset().attributes().iter().find(|(name, _)| name == "time_units");
        units.map_or(Ok(()), |(_, units)| describe(&time, "units", units))?;
        let numbers: [(&str, &str, Vec<i64>); 2] = [
            ("step", "index of the step in the run", steps.iter().map(|s| s.index as i64).collect()),
            ("cycle", "cycle of the simulation", steps.iter().map(|s| s.cycle).collect()),
        ];
        let mut auxiliary = Vec::new();
        for (wanted, meaning, values) in numbers {
            let name = self.names.take(wanted);
            let set = self.file.new_dataset::<i64>().shape([values.len()]).create(&name)?;
            set.write_raw(&values)?;
            set.attach_scale(0, &time)?;
            say(&set, "long_name", meaning)?;
            auxiliary.push(name);
        }
        self.dimensions.push(Dimension { set: time, axis: None });
        Ok(auxiliary.join(" "))
    }

    /// A new coordinate variable.
    fn scale(&self, name: &str, coordinates: &[f64]) -> Hdf5<H5Dataset> {
        let set = self.file.new_dataset::<f64>().shape([coordinates.len()]).create(name)?;
        set.write_raw(coordinates)?;
        set.set_scale(Some(name))?;
        set.new_attr::<i32>().shape(()).create("_Netcdf4Dimid")?.write_numeric(&(self.dimensions.len() as i32))?;
        Ok(set)
    }

    /// The dimension of an axis, which is made if no variable before has the same axis.
    fn dimension(&mut self, variable: &Variable, region: &Region, axis: usize) -> Hdf5<usize> {
        let called = variable.axis_names(axis);
        let (wanted, letter) = (called[0], called[called.len() - 1]);
        let of = AxisOf {
            name: wanted.to_string(),
            units: variable.axes.get(axis).map(|a| a.units.clone()).unwrap_or_default(),
            coordinates: variable.coordinates(region, axis),
        };
        if let Some(same) = self.dimensions.iter().position(|d| d.axis.as_ref() == Some(&of)) {
            return Ok(same);
        }
        let name = self.names.take(&allowed(wanted));
        let set = self.scale(&name, &of.coordinates)?;
        if name != wanted {
            say(&set, "long_name", wanted)?;
        }
        if !of.units.is_empty() {
            say(&set, "units", &of.units)?;
        }
        if wanted == letter {
            say(&set, "axis", &letter.to_uppercase())?;
        }
        self.dimensions.push(Dimension { set, axis: Some(of) });
        Ok(self.dimensions.len() - 1)
    }

    /// A variable with its attributes.
    fn variable(
        &mut self,
        name: &str,
        variable: &Variable,
        region: &Region,
        described: &Hdf5Variable<'_>,
        auxiliary: &str,
        steps: usize,
    ) -> Hdf5<StepsArray> {
        let axes = (0..variable.shape.len()).map(|axis| self.dimension(variable, region, axis));
        let axes = axes.collect::<Hdf5<Vec<usize>>>()?;
        let root = self.file.root_group();
        let array = StepsArray::create(&root, name, described.element_type, steps, &region.count)?;
        let set = array.set();
        for (i, &dimension) in std::iter::once(&0).chain(&axes).enumerate() {
            set.attach_scale(i, &self.dimensions[dimension].set)?;
        }
        match described.element_type {
            ElementType::Float32 => set.new_attr::<f32>().shape([1]).create("_FillValue")?.write_array(&[f32::NAN])?,
            ElementType::Float64 => set.new_attr::<f64>().shape([1]).create("_FillValue")?.write_array(&[f64::NAN])?,
        }
        say(set, "coordinates", auxiliary)?;
        let mut names = Names::default();
        TAKEN.iter().for_each(|name| {
            names.take(name);
        });
        for (attribute, value) in described.attributes {
            describe(set, &names.take(&allowed(attribute)), value)?;
        }
        if name != variable.name && !described.attributes.iter().any(|(a, _)| a == "long_name") {
            say(set, &names.take("long_name"), &variable.name)?;
        }
        Ok(array)
    }
}

/// The name, or one that NetCDF allows and that is as near to it as possible.
fn allowed(name: &str) -> String {
    let clean = |c: char| if c == '/' || c.is_control() { '_' } else { c };
    let mut text: String = name.trim_end().chars().map(clean).collect();
    if !text.starts_with(|c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_') {
        text.insert(0, '_');
    }
    // Room for a number that tells it from others.
    while text.len() > LONGEST_NAME - 8 {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_fit_for_netcdf() {
        let cases = [("density", "density"), ("a/b", "a_b"), ("1 m", "1 m"), (" x ", "_ x"), ("", "_"), ("-", "_-")];
        for (name, fit) in cases {
            assert_eq!(allowed(name), fit);
        }
        assert!(allowed(&"é".repeat(300)).len() < LONGEST_NAME);
    }
}
