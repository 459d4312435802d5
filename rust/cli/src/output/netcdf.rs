//! NetCDF files (classic format with 64-bit offsets) that follow the CF conventions, as xarray, ncview or ParaView read
//! them: time is the record dimension, every axis has a coordinate variable, gaps are NaN.

use std::cell::RefCell;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::rc::Rc;

use limbeck_field::{ElementType, Region};
use limbeck_reader::{Attribute, Step};
use netcdf3::{DataSet, DataType, FileWriter, InvalidDataSet, NC_MAX_NAME_SIZE, Version, WriteError, is_valid_name};

use super::{Names, Pending, Sealed};
use crate::failure::{Failure, Result};
use crate::source::{Source, Variable};

/// Bytes that one variable may have at one step: offsets have 64 bits, sizes 32.
const MOST_BYTES: usize = u32::MAX as usize - 3;

/// Names and meaning of everything in a file; its values come later.
pub struct NetcdfLayout {
    definition: DataSet,
    /// Name in the file, type and length at one step, by variable.
    variables: Vec<(String, ElementType, usize)>,
    /// Coordinate variables that do not depend on time.
    axes: Vec<Dimension>,
    time: Times,
}

/// The dimension of an axis and its coordinates; variables on the same grid share it.
struct Dimension {
    wanted: String,
    name: String,
    units: String,
    coordinates: Vec<f64>,
}

/// What is known of the steps, and under which names.
struct Times {
    time: String,
    step: String,
    cycle: String,
    steps: Vec<Step>,
}

impl NetcdfLayout {
    /// Lays out a file with these parts of these variables at these steps.
    pub fn new(
        source: &Source,
        variables: &[(Variable, Region)],
        steps: &[Step],
        element_type: Option<ElementType>,
    ) -> Result<NetcdfLayout> {
        let mut names = Names::default();
        let named: Vec<String> = variables.iter().map(|(v, _)| names.take(&allowed(&v.name))).collect();
        let [time, step, cycle] = ["time", "step", "cycle"].map(|name| names.take(name));
        let time = Times { time, step, cycle, steps: steps.to_vec() };
        let mut layout = NetcdfLayout { definition: DataSet::new(), variables: Vec::new(), axes: Vec::new(), time };
        layout.describe_run(source).map_err(refused)?;
        for ((variable, region), name) in variables.iter().zip(named) {
            let element_type = element_type.unwrap_or(variable.element_type);
            let bytes = region.len().saturating_mul(element_type.size());
            if bytes > MOST_BYTES {
                return Err(Failure::Usage(format!(
                    "variable {:?} has {bytes} bytes at one step, and a .nc file has room for 4 GiB: take a part of it \
                     with --region or --every, or --format vtkhdf",
                    variable.name
                )));
            }
            let mut dimensions = vec![layout.time.time.clone()];
            for axis in 0..variable.shape.len() {
                dimensions.push(layout.dimension(variable, region, axis, &mut names).map_err(refused)?);
            }
            let attributes = &source.dataset().variable(&variable.name)?.attributes;
            layout.describe(&name, variable, element_type, &dimensions, attributes).map_err(refused)?;
            layout.variables.push((name, element_type, region.len()));
        }
        Ok(layout)
    }

    /// What the file says about the run, and its time axis.
    fn describe_run(&mut self, source: &Source) -> std::result::Result<(), InvalidDataSet> {
        let data = source.dataset();
        let d = &mut self.definition;
        let given = |name: &str| data.attributes().iter().any(|(n, _)| allowed(n) == name);
        if !given("Conventions") {
            d.add_global_attr_string("Conventions", "CF-1.11")?;
        }
        if !given("source") {
            d.add_global_attr_string("source", format!("limbeck {}", data.limbeck_version()))?;
        }
        let mut names = Names::default();
        for (name, value) in data.attributes() {
            let name = names.take(&allowed(name));
            match value {
                Attribute::Text(text) => d.add_global_attr_string(&name, text)?,
                Attribute::Integer(i) => match i32::try_from(*i) {
                    Ok(i) => d.add_global_attr_i32(&name, vec![i])?,
                    Err(_) => d.add_global_attr_f64(&name, vec![*i as f64])?,
                },
                Attribute::Float(v) => d.add_global_attr_f64(&name, vec![*v])?,
                Attribute::FloatArray(all) => d.add_global_attr_f64(&name, all.clone())?,
            }
        }
        let Times { time, step, cycle, steps } = &self.time;
        d.set_unlimited_dim(time, steps.len())?;
        d.add_var_f64(time, &[time])?;
        d.add_var_attr_string(time, "standard_name", "time")?;
        d.add_var_attr_string(time, "axis", "T")?;
        let units = data.attributes().iter().find(|(name, _)| name == "time_units");
        if let Some((_, Attribute::Text(units))) = units {
            d.add_var_attr_string(time, "units", units)?;
        }
        for (name, what) in [(step, "index of the step in the run"), (cycle, "cycle of the simulation")] {
            d.add_var_f64(name, &[time])?;
            d.add_var_attr_string(name, "long_name", what)?;
        }
        Ok(())
    }

    /// The name of the dimension for an axis of a variable, which is made if no variable before has the same axis.
    fn dimension(
        &mut self,
        variable: &Variable,
        region: &Region,
        axis: usize,
        names: &mut Names,
    ) -> std::result::Result<String, InvalidDataSet> {
        let called = variable.axis_names(axis);
        let (wanted, letter) = (called[0], called[called.len() - 1]);
        let units = variable.axes.get(axis).map_or("", |a| &a.units);
        let coordinates = variable.coordinates(region, axis);
        let same = |d: &&Dimension| d.wanted == wanted && d.units == units && d.coordinates == coordinates;
        if let Some(same) = self.axes.iter().find(same) {
            return Ok(same.name.clone());
        }
        let name = names.take(&allowed(wanted));
        let d = &mut self.definition;
        d.add_fixed_dim(&name, coordinates.len())?;
        d.add_var_f64(&name, &[&name])?;
        if name != wanted {
            d.add_var_attr_string(&name, "long_name", wanted)?;
        }
        if !units.is_empty() {
            d.add_var_attr_string(&name, "units", units)?;
        }
        if wanted == letter {
            d.add_var_attr_string(&name, "axis", letter.to_uppercase())?;
        }
        self.axes.push(Dimension { wanted: wanted.into(), name: name.clone(), units: units.into(), coordinates });
        Ok(name)
    }

    /// A variable with its attributes. Gaps are NaN, whatever the attributes say.
    fn describe(
        &mut self,
        name: &str,
        variable: &Variable,
        element_type: ElementType,
        dimensions: &[String],
        attributes: &[(String, Attribute)],
    ) -> std::result::Result<(), InvalidDataSet> {
        let auxiliary = format!("{} {}", self.time.step, self.time.cycle);
        let d = &mut self.definition;
        match element_type {
            ElementType::Float32 => {
                d.add_var(name, dimensions, DataType::F32)?;
                d.add_var_attr_f32(name, "_FillValue", vec![f32::NAN])?;
            }
            ElementType::Float64 => {
                d.add_var(name, dimensions, DataType::F64)?;
                d.add_var_attr_f64(name, "_FillValue", vec![f64::NAN])?;
            }
        }
        let mut names = Names::default();
        for reserved in ["_FillValue", "missing_value", "coordinates", "scale_factor", "add_offset"] {
            names.take(reserved);
        }
        d.add_var_attr_string(name, "coordinates", auxiliary)?;
        if name != variable.name && !attributes.iter().any(|(n, _)| n == "long_name") {
            d.add_var_attr_string(name, names.take("long_name").as_str(), &variable.name)?;
        }
        for (attribute, value) in attributes {
            let attribute = names.take(&allowed(attribute));
            match value {
                Attribute::Text(text) => d.add_var_attr_string(name, &attribute, text)?,
                Attribute::Integer(i) => match i32::try_from(*i) {
                    Ok(i) => d.add_var_attr_i32(name, &attribute, vec![i])?,
                    Err(_) => d.add_var_attr_f64(name, &attribute, vec![*i as f64])?,
                },
                Attribute::Float(v) => d.add_var_attr_f64(name, &attribute, vec![*v])?,
                Attribute::FloatArray(all) => d.add_var_attr_f64(name, &attribute, all.clone())?,
            }
        }
        Ok(())
    }
}

/// A file being written.
pub struct NetcdfFile<'a> {
    writer: FileWriter<'a>,
    file: Shared,
    layout: &'a NetcdfLayout,
    /// Variables at steps that are written.
    written: usize,
}

impl<'a> NetcdfFile<'a> {
    /// Begins the file with everything but the values of the variables. These come step by step, in each step in the
    /// order of the layout.
    pub fn create(path: &Path, layout: &'a NetcdfLayout) -> Result<NetcdfFile<'a>> {
        let file = Shared(Rc::new(RefCell::new(Pending::create(path)?)));
        let writer = FileWriter::open_seek_write(&path.to_string_lossy(), Box::new(Shared(Rc::clone(&file.0))));
        let mut new = NetcdfFile { writer: writer.map_err(|e| file.failure(e))?, file, layout, written: 0 };
        new.head().map_err(|e| new.file.failure(e))?;
        Ok(new)
    }

    fn head(&mut self) -> std::result::Result<(), WriteError> {
        self.writer.set_def(&self.layout.definition, Version::Offset64Bit, 0)?;
        for axis in &self.layout.axes {
            self.writer.write_var_f64(&axis.name, &axis.coordinates)?;
        }
        for (i, step) in self.layout.time.steps.iter().enumerate() {
            self.writer.write_record_f64(&self.layout.time.time, i, &[step.time])?;
            self.writer.write_record_f64(&self.layout.time.step, i, &[step.index as f64])?;
            self.writer.write_record_f64(&self.layout.time.cycle, i, &[step.cycle as f64])?;
        }
        Ok(())
    }

    /// Writes the values of the next variable, or of the first one at the next step: C order.
    pub fn append(&mut self, values: &[f64]) -> Result<()> {
        let variables = &self.layout.variables;
        let (record, which) = (self.written / variables.len(), self.written % variables.len());
        let (name, element_type, _) = &variables[which];
        let written = match element_type {
            ElementType::Float64 => self.writer.write_record_f64(name, record, values),
            ElementType::Float32 => {
                let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                self.writer.write_record_f32(name, record, &narrow)
            }
        };
        self.written += 1;
        written.map_err(|e| self.file.failure(e))
    }

    /// Says that all values are there.
    pub fn seal(self) -> Result<Sealed> {
        let expected = self.layout.variables.len() * self.layout.time.steps.len();
        if self.written != expected {
            return Err(Failure::Internal(format!("{} of {expected} parts of the .nc file are written", self.written)));
        }
        self.writer.close().map_err(|e| self.file.failure(e))?;
        match Rc::try_unwrap(self.file.0) {
            Ok(pending) => pending.into_inner().seal(),
            Err(_) => Err(Failure::Internal("the .nc file is still in use".into())),
        }
    }
}

/// The file in the hands of the library and in ours: it has to be there when the library has let go of it.
struct Shared(Rc<RefCell<Pending>>);

impl Shared {
    fn failure(&self, error: WriteError) -> Failure {
        match error {
            WriteError::IOErrorKind(kind) => self.0.borrow().failure(&io::Error::from(kind)),
            other => Failure::Internal(format!("the .nc file: {other:?}")),
        }
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.borrow_mut(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl Seek for Shared {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(position)
    }
}

fn refused(error: InvalidDataSet) -> Failure {
    Failure::Internal(format!("the .nc file: {error:?}"))
}

/// The name, or one that NetCDF allows and that is as near to it as possible.
fn allowed(name: &str) -> String {
    let clean = |c: char| if c == '/' || c.is_control() { '_' } else { c };
    let mut text: String = name.trim_end().chars().map(clean).collect();
    if !text.starts_with(|c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || c == '_') {
        text.insert(0, '_');
    }
    // Room for a number that tells it from others.
    while text.len() > NC_MAX_NAME_SIZE - 8 {
        text.pop();
    }
    if is_valid_name(&text) { text } else { "_".into() }
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn names_are_fit_for_netcdf() {
        let cases = [("density", "density"), ("a/b", "a_b"), ("1 m", "1 m"), (" x ", "_ x"), ("", "_"), ("-", "_-")];
        for (name, fit) in cases {
            assert_eq!(allowed(name), fit);
        }
        assert!(netcdf3::is_valid_name(&allowed(&"é".repeat(300))));
    }
}
