//! zstd frames of a size that is known beforehand: nothing is decompressed that does not have it.

use crate::{Error, Result};

/// A zstd block is at most 128 KiB long and takes at least 4 bytes, so no frame unpacks to more than this many times
/// its own size.
const MOST_PER_BYTE: usize = 128 * 1024 / 4;

/// One zstd frame with the size of its content in the header; None if zstd fails (it then lacked memory).
pub(crate) fn pack(bytes: &[u8], level: i32) -> Option<Vec<u8>> {
    zstd::bulk::compress(bytes, level).ok()
}

/// Unpacks a frame whose content must have exactly `expected` bytes.
///
/// # Errors
/// `Corruption` if it has not, is damaged, or is followed by anything. What is allocated is bounded by the
/// size of `packed` as well as by `expected`.
pub(crate) fn unpack(packed: &[u8], expected: usize) -> Result<Vec<u8>> {
    let damaged = |why: &str| Error::Corruption(format!("packed data is damaged: {why}"));
    let declared = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    if declared != u64::try_from(expected).ok() {
        return Err(damaged("its size is not that of the block"));
    }
    if zstd::zstd_safe::find_frame_compressed_size(packed) != Ok(packed.len()) {
        return Err(damaged("it does not end where it should"));
    }
    if expected / MOST_PER_BYTE > packed.len() {
        return Err(damaged("it is too short for its block"));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(expected).map_err(|_| damaged("it claims more bytes than there is memory"))?;
    // A vector is filled up to its capacity; the free function of this name would take it as an empty slice.
    let unpacked = zstd::bulk::Decompressor::new().and_then(|mut d| d.decompress_to_buffer(packed, &mut bytes));
    let n = unpacked.map_err(|e| damaged(&e.to_string()))?;
    if n != expected || bytes.len() != expected {
        return Err(damaged("it holds another number of bytes than it says"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for n in [0, 1, 1000, 300_000, 40_000_000] {
            let bytes = vec![7u8; n];
            let packed = pack(&bytes, 3).unwrap();
            assert_eq!(unpack(&packed, n).unwrap(), bytes, "{n}");
            assert!(unpack(&packed, n + 1).is_err() && unpack(&packed, usize::MAX).is_err());
            assert!(unpack(&[packed.as_slice(), &[0]].concat(), n).is_err());
            // zstd itself would take a further frame without complaint, here one to be skipped.
            let skippable = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9];
            assert!(unpack(&[packed.as_slice(), &skippable].concat(), n).is_err());
        }
    }

    #[test]
    fn a_frame_that_claims_a_huge_size_is_refused_before_anything_is_allocated() {
        // Magic, descriptor "single segment, 8-byte content size", the size, one empty last block.
        for claimed in [1u64 << 40, u64::MAX >> 1, u64::MAX - 2] {
            let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1110_0000];
            frame.extend(claimed.to_le_bytes());
            frame.extend([1, 0, 0]);
            // The reason tells that it was the size: systems that overcommit would hand the memory out.
            let refused = unpack(&frame, claimed as usize).unwrap_err();
            assert!(matches!(&refused, Error::Corruption(why) if why.contains("too short")), "{refused}");
        }
    }
}
