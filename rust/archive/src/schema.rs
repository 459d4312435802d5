//! The metadata tables of `schema/limbeck.fbs` as Rust, and the one way from and to bytes.
//!
//! `schema/limbeck_generated.rs` was made by flatc 25.12.19 (the release of the `flatbuffers` crate in use), called
//! in this crate's folder as `flatc --rust --gen-object-api -o src/schema schema/limbeck.fbs`, and is not edited.
//! A flatc of another release makes code that does not fit the runtime crate.

#[allow(clippy::all, clippy::pedantic, clippy::undocumented_unsafe_blocks)]
#[allow(missing_docs, unsafe_op_in_unsafe_fn, unused, deprecated, mismatched_lifetime_syntaxes)]
#[rustfmt::skip]
mod limbeck_generated;

pub(crate) use limbeck_generated::limbeck::*;

use flatbuffers::{FlatBufferBuilder, Follow, Verifiable, VerifierOptions, WIPOffset};

use crate::{Error, Result};

/// Largest metadata of one frame, as a flatbuffer. The format stops far below the 2 GiB of flatbuffers.
pub(crate) const MAX_META: usize = 256 << 20;

/// Builds the flatbuffer of one table.
pub(crate) fn to_bytes<T>(pack: impl FnOnce(&mut FlatBufferBuilder<'static>) -> WIPOffset<T>) -> Result<Vec<u8>> {
    let mut builder = FlatBufferBuilder::new();
    let root = pack(&mut builder);
    builder.finish_minimal(root);
    let bytes = builder.finished_data();
    if bytes.len() > MAX_META {
        return Err(Error::InvalidArgument(format!(
            "metadata of {} bytes is more than the {MAX_META} that a frame may carry: use fewer blocks, shorter axes \
             or shorter attributes",
            bytes.len()
        )));
    }
    Ok(bytes.to_vec())
}

/// Verifies and opens the flatbuffer of one table. The checksum was verified by the caller.
pub(crate) fn from_bytes<'a, T>(bytes: &'a [u8], what: &str) -> Result<T::Inner>
where
    T: Follow<'a> + Verifiable + 'a,
{
    // Offsets may share a target, so a small buffer can describe a huge tree: the apparent size is bounded too.
    let options = VerifierOptions {
        max_tables: bytes.len() / 4 + 1,
        max_apparent_size: 16 * bytes.len() + 4096,
        ..VerifierOptions::default()
    };
    flatbuffers::root_with_opts::<T>(&options, bytes)
        .map_err(|e| Error::Corruption(format!("metadata of {what} is not a valid flatbuffer: {e}")))
}
