//! Values of a recording to bytes and back: fast rather than small, for the simulation waits meanwhile.

use crate::{Error, Result};

/// As they are.
pub(super) const STORED: u8 = 0;
/// Byte planes (byte 0 of all values, then byte 1, ...) in one zstd frame.
pub(super) const PLANES: u8 = 1;

const LEVEL: i32 = 1;

/// The coding, and the bytes if they are not the values' own. What cannot be made smaller is stored.
pub(super) fn pack(values: &[u8], size: u8) -> (u8, Option<Vec<u8>>) {
    let size = usize::from(size);
    let n = values.len() / size;
    let mut planes = vec![0; values.len()];
    for (k, plane) in planes.chunks_exact_mut(n.max(1)).enumerate() {
        plane.iter_mut().zip(values[k..].iter().step_by(size)).for_each(|(p, v)| *p = *v);
    }
    match zstd::bulk::compress(&planes, LEVEL) {
        Ok(packed) if packed.len() < values.len() => (PLANES, Some(packed)),
        _ => (STORED, None),
    }
}

/// `length`: bytes of the values, which the definitions of the recording vouch for.
pub(super) fn unpack(coding: u8, size: u8, stored: Vec<u8>, length: usize) -> Result<Vec<u8>> {
    let damaged = |why: &str| Error::Corruption(format!("the values of a block in a recording are damaged: {why}"));
    match coding {
        STORED if stored.len() == length => Ok(stored),
        STORED => Err(damaged("there are more or fewer than the block has")),
        PLANES => {
            let planes = zstd::bulk::decompress(&stored, length).map_err(|e| damaged(&e.to_string()))?;
            if planes.len() != length {
                return Err(damaged("there are fewer than the block has"));
            }
            let size = usize::from(size);
            let mut values = vec![0; length];
            for (k, plane) in planes.chunks_exact((length / size).max(1)).enumerate() {
                values[k..].iter_mut().step_by(size).zip(plane).for_each(|(v, p)| *v = *p);
            }
            Ok(values)
        }
        _ => {
            Err(Error::Compatibility(format!("coding {coding} of recorded values is unknown to this build of limbeck")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_come_back(words in prop::collection::vec(any::<u64>(), 0..200), size in prop::sample::select(vec![4u8, 8])) {
            let values: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
            let (coding, packed) = pack(&values, size);
            let back = unpack(coding, size, packed.unwrap_or_else(|| values.clone()), values.len()).unwrap();
            prop_assert_eq!(back, values);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100), coding in 0u8..3) {
            if let Ok(values) = unpack(coding, 8, bytes, 64) {
                prop_assert_eq!(values.len(), 64);
            }
        }
    }

    #[test]
    fn smooth_values_become_smaller() {
        let values: Vec<u8> = (0..4000).flat_map(|i| (1.0 + f64::from(i) * 1e-6).to_le_bytes()).collect();
        assert!(pack(&values, 8).1.unwrap().len() < values.len() / 2);
    }
}
