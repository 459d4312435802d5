//! VTKHDF image data with steps (version 2.0 of the format), as ParaView from 5.12 on, VTK and h5py read them.

use std::path::Path;

use limbeck_reader::Attribute;
use rust_hdf5::{DatatypeMessage, H5File};

use super::hdf5::{Hdf5, Hdf5Variable, StepsArray, StepsFile, describe, describe_file, say};
use super::{Grid, Names, without_slashes};
use crate::failure::Result;

/// Begins a file with everything but the values of the variables. Slashes in names become underscores. `attributes` are
/// those of the run, `times` those of the steps. VTK does not look at attributes; h5py shows them.
pub fn vtkhdf_file(
    path: &Path,
    grid: &Grid,
    variables: &[Hdf5Variable<'_>],
    attributes: &[(String, Attribute)],
    times: &[f64],
) -> Result<StepsFile> {
    StepsFile::create(path, times.len(), |file| lay_out(file, grid, variables, attributes, times))
}

fn lay_out(
    file: &H5File,
    grid: &Grid,
    variables: &[Hdf5Variable<'_>],
    attributes: &[(String, Attribute)],
    times: &[f64],
) -> Hdf5<Vec<StepsArray>> {
    attributes.iter().try_for_each(|(name, value)| describe_file(file, name, value))?;
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
    let count = counted_axes(grid.count);
    let mut names = Names::default();
    let mut arrays = Vec::new();
    for variable in variables {
        let name = names.take(&without_slashes(variable.name));
        offsets.new_dataset::<i64>().shape([times.len()]).create(&name)?.write_raw(&indices)?;
        let array = StepsArray::create(&data, &name, variable.element_type, times.len(), &count)?;
        for (attribute, value) in variable.attributes {
            describe(array.set(), attribute, value)?;
        }
        if name != variable.name && !variable.attributes.iter().any(|(a, _)| a == "long_name") {
            say(array.set(), "long_name", variable.name)?;
        }
        arrays.push(array);
    }
    Ok(arrays)
}

/// The axes that an array has for VTK, which leaves out those along which the image has one point: if they are the slowest,
/// and where y is one and z is not. (VTK 9.3 reads no image of that last kind; 9.7 does.)
fn counted_axes(count: [usize; 3]) -> Vec<usize> {
    match count {
        [1, 1, x] => vec![x],
        [1, y, x] => vec![y, x],
        [z, 1, 1] => vec![z],
        [z, 1, x] => vec![z, x],
        all => all.to_vec(),
    }
}
