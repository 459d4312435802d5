//! Files that the program writes. Each is written under a temporary name beside its place and renamed when it is
//! complete, so that what is found under its own name is whole.

mod array;
mod names;
mod netcdf;
mod pending;
mod vti;
mod vtkhdf;

pub use array::ArrayFile;
pub use names::{Names, without_slashes};
pub use netcdf::{NetcdfFile, NetcdfLayout};
pub use pending::{Pending, Reserved, Sealed, publish, remove_temporary};
pub use vti::{Grid, VtiFile, write_collection};
pub use vtkhdf::{VtkHdfFile, VtkHdfVariable};

use limbeck_field::ElementType;

/// Calls `take` with the values as little-endian bytes of `element_type`, a piece at a time.
fn bytes_of<E>(
    values: &[f64],
    element_type: ElementType,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut bytes = Vec::with_capacity(values.len().min(PIECE) * element_type.size());
    for piece in values.chunks(PIECE) {
        bytes.clear();
        match element_type {
            ElementType::Float32 => piece.iter().for_each(|&v| bytes.extend((v as f32).to_le_bytes())),
            ElementType::Float64 => piece.iter().for_each(|&v| bytes.extend(v.to_le_bytes())),
        }
        take(&bytes)?;
    }
    Ok(())
}

/// Values converted at once.
const PIECE: usize = 1 << 16;

#[cfg(test)]
mod tests;
