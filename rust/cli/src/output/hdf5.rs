//! HDF5 files that hold steps of variables: what NetCDF and VTKHDF have in common.

use std::io;
use std::path::Path;

use limbeck_field::ElementType;
use limbeck_reader::Attribute;
use rust_hdf5::{H5Dataset, H5File, H5Group, Hdf5Error, VarLenUnicode};

use super::{Reserved, Sealed};
use crate::failure::{Failure, Result};

/// Result of the library.
pub(super) type Hdf5<T> = std::result::Result<T, Hdf5Error>;

/// A variable as the file is to have it.
pub struct Hdf5Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Type of its values.
    pub element_type: ElementType,
    /// What is known of it.
    pub attributes: &'a [(String, Attribute)],
}

/// A file being written: a fixed list of variables at a fixed number of steps, for all of which there is room.
pub struct StepsFile {
    arrays: Vec<StepsArray>,
    file: OpenFile,
    steps: usize,
    /// Variables at steps that are written.
    written: usize,
    // Last, so that it outlives the file.
    reserved: Reserved,
}

/// One variable at all steps: the first axis counts these.
pub(super) struct StepsArray {
    set: H5Dataset,
    element_type: ElementType,
    /// Values along each axis at one step, slowest first.
    count: Vec<usize>,
}

impl StepsFile {
    /// Creates a file; `lay_out` writes everything but the arrays' values.
    pub(super) fn create(
        path: &Path,
        steps: usize,
        lay_out: impl FnOnce(&H5File) -> Hdf5<Vec<StepsArray>>,
    ) -> Result<StepsFile> {
        let reserved = Reserved::beside(path)?;
        // A lock is of no use for a file that nobody knows, and some network file systems have none.
        let file = H5File::options().no_locking().track_order(true).create(reserved.temporary());
        let file = OpenFile(Some(file.map_err(|e| failure(&reserved, &e))?));
        let arrays = file.0.as_ref().map_or(Ok(Vec::new()), lay_out).map_err(|e| failure(&reserved, &e))?;
        Ok(StepsFile { arrays, file, steps, written: 0, reserved })
    }

    /// Writes the values of the next variable, or of the first one at the next step: C order, last axis fastest.
    pub fn append(&mut self, values: &[f64]) -> Result<()> {
        let step = self.written / self.arrays.len();
        let array = &self.arrays[self.written % self.arrays.len()];
        array.write(step, values).map_err(|e| failure(&self.reserved, &e))?;
        self.written += 1;
        Ok(())
    }

    /// Says that all values are there.
    pub fn seal(self) -> Result<Sealed> {
        let StepsFile { arrays, file, steps, written, reserved } = self;
        if written != arrays.len() * steps {
            return Err(Failure::Internal(format!("{written} of {} arrays are written", arrays.len() * steps)));
        }
        drop(arrays);
        file.close().map_err(|e| failure(&reserved, &e))?;
        Ok(reserved.seal())
    }
}

/// A file that the library may not close by itself: it would say on stderr what went wrong.
struct OpenFile(Option<H5File>);

impl OpenFile {
    fn close(mut self) -> Hdf5<()> {
        self.0.take().map_or(Ok(()), H5File::close_no_sync)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        // Only where the file is given up.
        let _ = self.0.take().map(H5File::close_no_sync);
    }
}

impl StepsArray {
    /// Room for a variable at all steps.
    pub(super) fn create(
        group: &H5Group,
        name: &str,
        element_type: ElementType,
        steps: usize,
        count: &[usize],
    ) -> Hdf5<StepsArray> {
        let shape: Vec<usize> = std::iter::once(steps).chain(count.iter().copied()).collect();
        let set = match element_type {
            ElementType::Float32 => group.new_dataset::<f32>().shape(shape).create(name)?,
            ElementType::Float64 => group.new_dataset::<f64>().shape(shape).create(name)?,
        };
        Ok(StepsArray { set, element_type, count: count.to_vec() })
    }

    /// The array in the file.
    pub(super) fn set(&self) -> &H5Dataset {
        &self.set
    }

    fn write(&self, step: usize, values: &[f64]) -> Hdf5<()> {
        let start: Vec<usize> = std::iter::once(step).chain(self.count.iter().map(|_| 0)).collect();
        let count: Vec<usize> = std::iter::once(1).chain(self.count.iter().copied()).collect();
        match self.element_type {
            ElementType::Float64 => self.set.write_slice(&start, &count, values),
            ElementType::Float32 => {
                let narrow: Vec<f32> = values.iter().map(|&v| v as f32).collect();
                self.set.write_slice(&start, &count, &narrow)
            }
        }
    }
}

/// Gives an array an attribute.
pub(super) fn describe(set: &H5Dataset, name: &str, value: &Attribute) -> Hdf5<()> {
    match value {
        Attribute::Text(text) => say(set, name, text),
        Attribute::Integer(i) => set.new_attr::<i64>().shape(()).create(name)?.write_numeric(i),
        Attribute::Float(v) => set.new_attr::<f64>().shape(()).create(name)?.write_numeric(v),
        Attribute::FloatArray(all) => set.new_attr::<f64>().shape([all.len()]).create(name)?.write_array(all),
    }
}

/// Gives an array a text as attribute.
pub(super) fn say(set: &H5Dataset, name: &str, text: &str) -> Hdf5<()> {
    set.new_attr::<VarLenUnicode>().shape(()).create(name)?.write_string(text)
}

/// Gives the file an attribute.
pub(super) fn describe_file(file: &H5File, name: &str, value: &Attribute) -> Hdf5<()> {
    match value {
        Attribute::Text(text) => file.set_attr_string(name, text),
        Attribute::Integer(i) => file.set_attr_numeric(name, i),
        Attribute::Float(v) => file.set_attr_numeric(name, v),
        Attribute::FloatArray(all) => file.set_attr_array_numeric(name, all),
    }
}

fn failure(reserved: &Reserved, error: &Hdf5Error) -> Failure {
    let text = error.to_string();
    reserved.failure(&system_error(&text).unwrap_or_else(|| io::Error::other(text)))
}

/// The library has what the operating system said in its texts only: "(os error 28)".
fn system_error(text: &str) -> Option<io::Error> {
    let number = text.split_once("(os error ")?.1.split(')').next()?;
    number.parse().ok().map(io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_system_are_known_again() {
        let error = Hdf5Error::Io(io::Error::from_raw_os_error(28));
        assert_eq!(system_error(&error.to_string()).unwrap().kind(), io::ErrorKind::StorageFull);
        assert!(system_error("a dataset with this name").is_none());
    }
}
