//! Values that a host hands in from safe code.

use limbeck_field::ElementType;

/// Contiguous values of one block in C order (last axis fastest).
#[derive(Clone, Copy, Debug)]
pub enum ValuesRef<'a> {
    /// Single precision.
    Float32(&'a [f32]),
    /// Double precision.
    Float64(&'a [f64]),
}

impl ValuesRef<'_> {
    /// Their type.
    pub fn element_type(&self) -> ElementType {
        match self {
            ValuesRef::Float32(_) => ElementType::Float32,
            ValuesRef::Float64(_) => ElementType::Float64,
        }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            ValuesRef::Float32(v) => v.len(),
            ValuesRef::Float64(v) => v.len(),
        }
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            ValuesRef::Float32(v) => bytemuck::cast_slice(v),
            ValuesRef::Float64(v) => bytemuck::cast_slice(v),
        }
    }
}

/// How a call of a step went; errors are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Ok,
    /// The step was given up, by policy or because the journal cannot be written.
    Dropped,
    /// Done, but not as well as asked; the text says what and why. Told once.
    Degraded(String),
}
