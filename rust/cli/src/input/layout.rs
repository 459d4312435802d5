//! How values lie in a file.

use limbeck_field::{ElementType, Values};

/// Which axis is fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last one.
    C,
    /// The first one.
    Fortran,
}

/// Byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Endian {
    /// Least significant byte first (x86, ARM).
    Little,
    /// Most significant byte first.
    Big,
}

impl Endian {
    /// That of this machine.
    pub const NATIVE: Endian = if cfg!(target_endian = "big") { Endian::Big } else { Endian::Little };
}

/// Type of values on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TypeName {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
}

impl From<TypeName> for ElementType {
    fn from(name: TypeName) -> ElementType {
        match name {
            TypeName::F32 => ElementType::Float32,
            TypeName::F64 => ElementType::Float64,
        }
    }
}

/// An empty buffer for values of this type.
pub fn buffer(element_type: ElementType) -> Values {
    match element_type {
        ElementType::Float32 => Values::Float32(Vec::new()),
        ElementType::Float64 => Values::Float64(Vec::new()),
    }
}

/// Sets `values` to `n` zeros, keeping its type and memory.
pub fn resize(values: &mut Values, n: usize) {
    match values {
        Values::Float32(v) => v.resize(n, 0.0),
        Values::Float64(v) => v.resize(n, 0.0),
    }
}

/// Stores the values in `bytes` at the indices of `values` beginning with `first`.
pub fn store(values: &mut Values, first: usize, bytes: &[u8], endian: Endian) {
    macro_rules! convert {
        ($v:expr, $t:ty, $size:expr) => {
            for (to, from) in $v[first..].iter_mut().zip(bytes.chunks_exact($size)) {
                let mut raw = [0; $size];
                raw.copy_from_slice(from);
                *to = match endian {
                    Endian::Little => <$t>::from_le_bytes(raw),
                    Endian::Big => <$t>::from_be_bytes(raw),
                };
            }
        };
    }
    match values {
        Values::Float32(v) => convert!(v, f32, 4),
        Values::Float64(v) => convert!(v, f64, 8),
    }
}

/// All values in double precision.
pub fn widen(values: &Values, into: &mut Vec<f64>) {
    into.clear();
    match values {
        Values::Float32(v) => into.extend(v.iter().map(|&v| f64::from(v))),
        Values::Float64(v) => into.extend_from_slice(v),
    }
}
