//! Values as `.npy` or bare, C order, little-endian; written step by step.

use std::path::Path;

use limbeck_field::ElementType;

use super::{Pending, Sealed, bytes_of};
use crate::failure::Result;
use crate::input::NpyHeader;

/// An array being written.
pub struct ArrayFile {
    file: Pending,
    element_type: ElementType,
}

impl ArrayFile {
    /// A `.npy` file of this shape, slowest axis (time) first.
    pub fn npy(path: &Path, element_type: ElementType, shape: &[usize]) -> Result<ArrayFile> {
        let mut file = Pending::create(path)?;
        file.write(&NpyHeader::bytes_for(element_type, shape))?;
        Ok(ArrayFile { file, element_type })
    }

    /// Bare values.
    pub fn raw(path: &Path, element_type: ElementType) -> Result<ArrayFile> {
        Ok(ArrayFile { file: Pending::create(path)?, element_type })
    }

    /// Appends values; the caller appends as many as the shape says.
    pub fn append(&mut self, values: &[f64]) -> Result<()> {
        bytes_of(values, self.element_type, |bytes| self.file.write(bytes))
    }

    /// Says that all values are there.
    pub fn seal(self) -> Result<Sealed> {
        self.file.seal()
    }
}
