//! VTKHDF image data with steps (version 2.0 of the format), as ParaView from 5.12 on, VTK and h5py read them.

use std::io;
use std::path::Path;

use limbeck_field::ElementType;
use limbeck_reader::Attribute;
use rust_hdf5::{DatatypeMessage, H5Dataset, H5File, Hdf5Error, VarLenUnicode};

use super::{Grid, Names, Reserved, Sealed, without_slashes};
use crate::failure::{Failure, Result};

/// A scalar variable of the file.
pub struct VtkHdfVariable<'a> {
    /// Its name; slashes become underscores.
    pub name: &'a str,
    /// Type of its values.
    pub element_type: ElementType,
    /// What is known of it.
    pub attributes: &'a [(String, Attribute)],
}

/// A file being written: a fixed list of variables on one grid, at a fixed number of steps.
pub struct VtkHdfFile {
    sets: Vec<(H5Dataset, ElementType)>,
    file: H5File,
    grid: Grid,
    steps: usize,
    /// Variables at steps that are written.
    written: usize,
    // Last, so that it outlives the file.
    reserved: Reserved,
}

type Hdf5<T> = std::result::Result<T, Hdf5Error>;

impl VtkHdfFile {
    /// Begins the file with everything but the values of the variables. These come step by step, in each step in the
    /// order of `variables`. `attributes` are those of the run; VTK does not look at them, h5py shows them.
    pub fn create(
        path: &Path,
        grid: &Grid,
        variables: &[VtkHdfVariable<'_>],
        attributes: &[(String, Attribute)],
        times: &[f64],
    ) -> Result<VtkHdfFile> {
        let reserved = Reserved::beside(path)?;
        // A lock is of no use for a file that nobody knows, and some network file systems have none.
        let file = H5File::options().no_locking().create(reserved.temporary());
        let file = file.map_err(|e| failure(&reserved, e))?;
        let sets = head(&file, grid, variables, attributes, times).map_err(|e| failure(&reserved, e))?;
        Ok(VtkHdfFile { sets, file, grid: *grid, steps: times.len(), written: 0, reserved })
    }

    /// Writes the values of the next variable, or of the first one at the next step: C order, x fastest.
    pub fn append(&mut self, values: &[f64]) -> Result<()> {
        let step = self.written / self.sets.len();
        let (set, element_type) = &self.sets[self.written % self.sets.len()];
        let [nz, ny, nx] = self.grid.count;
        let (start, count) = ([step, 0, 0, 0], [1, nz, ny, nx]);
        let written = match element_type {
            ElementType::Float64 => set.write_slice(&start, &count, values),
            ElementType::Float32 => {
                let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                set.write_slice(&start, &count, &narrow)
            }
        };
        self.written += 1;
        written.map_err(|e| failure(&self.reserved, e))
    }

    /// Says that all values are there.
    pub fn seal(self) -> Result<Sealed> {
        let VtkHdfFile { sets, file, steps, written, reserved, .. } = self;
        if written != sets.len() * steps {
            return Err(Failure::Internal(format!("{written} parts of the .vtkhdf file are written, not all")));
        }
        drop(sets);
        file.close_no_sync().map_err(|e| failure(&reserved, e))?;
        Ok(reserved.seal())
    }
}

/// Groups, attributes and empty arrays.
fn head(
    file: &H5File,
    grid: &Grid,
    variables: &[VtkHdfVariable<'_>],
    attributes: &[(String, Attribute)],
    times: &[f64],
) -> Hdf5<Vec<(H5Dataset, ElementType)>> {
    let [nz, ny, nx] = grid.count;
    let xyz = |[z, y, x]: [f64; 3]| [x, y, z];
    let root = file.create_group("VTKHDF")?;
    root.set_attr_array_numeric("Version", &[2i64, 0])?;
    // VTK wants a text of fixed length here.
    let kind = b"ImageData";
    let text = DatatypeMessage::FixedString { size: kind.len() as u32, padding: 1, charset: 0 };
    root.set_attr_typed("Type", text, kind.to_vec())?;
    let last = |n: usize| n as i64 - 1;
    root.set_attr_array_numeric("WholeExtent", &[0, last(nx), 0, last(ny), 0, last(nz)])?;
    root.set_attr_array_numeric("Origin", &xyz(grid.origin))?;
    root.set_attr_array_numeric("Spacing", &xyz(grid.spacing))?;
    root.set_attr_array_numeric("Direction", &[1.0f64, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])?;

    let steps = root.create_group("Steps")?;
    steps.set_attr_numeric("NSteps", &(times.len() as i64))?;
    steps.new_dataset::<f64>().shape([times.len()]).create("Values")?.write_raw(times)?;
    let offsets = steps.create_group("PointDataOffsets")?;
    let indices: Vec<i64> = (0..times.len() as i64).collect();
    let data = root.create_group("PointData")?;
    let mut names = Names::default();
    let mut sets = Vec::new();
    for variable in variables {
        let name = names.take(&without_slashes(variable.name));
        offsets.new_dataset::<i64>().shape([times.len()]).create(&name)?.write_raw(&indices)?;
        let shape = [times.len(), nz, ny, nx];
        let set = match variable.element_type {
            ElementType::Float32 => data.new_dataset::<f32>().shape(shape).create(&name)?,
            ElementType::Float64 => data.new_dataset::<f64>().shape(shape).create(&name)?,
        };
        if name != variable.name {
            text_attribute(&set, "name", variable.name)?;
        }
        for (attribute, value) in variable.attributes {
            match value {
                Attribute::Text(text) => text_attribute(&set, attribute, text)?,
                Attribute::Integer(i) => set.new_attr::<i64>().shape(()).create(attribute)?.write_numeric(i)?,
                Attribute::Float(v) => set.new_attr::<f64>().shape(()).create(attribute)?.write_numeric(v)?,
                Attribute::FloatArray(all) => {
                    set.new_attr::<f64>().shape([all.len()]).create(attribute)?.write_array(all)?;
                }
            }
        }
        sets.push((set, variable.element_type));
    }
    for (name, value) in attributes {
        match value {
            Attribute::Text(text) => file.set_attr_string(name, text)?,
            Attribute::Integer(i) => file.set_attr_numeric(name, i)?,
            Attribute::Float(v) => file.set_attr_numeric(name, v)?,
            Attribute::FloatArray(all) => file.set_attr_array_numeric(name, all)?,
        }
    }
    Ok(sets)
}

fn text_attribute(set: &H5Dataset, name: &str, text: &str) -> Hdf5<()> {
    set.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(text)
}

/// What the operating system said is somewhere in the library's error.
fn failure(reserved: &Reserved, error: Hdf5Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<io::Error>() {
            return reserved.failure(io);
        }
        cause = e.source();
    }
    reserved.failure(&io::Error::other(error.to_string()))
}
