//! Files: raw values, and the streams of all parts in one, each behind its length in 4 bytes. A single part has no length.

use std::path::Path;

use crate::error::{Error, Result};

/// Reads float32 values, as many as the shape has.
pub fn read_values(path: &Path, shape: &[usize]) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
    let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_ne_bytes([b[0], b[1], b[2], b[3]])).collect();
    let wanted = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    if values.is_empty() || wanted != Some(values.len()) || bytes.len() != 4 * values.len() {
        return Err(Error::file(path, format!("{} bytes are no float32 of shape {shape:?}", bytes.len())));
    }
    Ok(values)
}

/// Writes float32 values.
pub fn write_values(path: &Path, values: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    std::fs::write(path, bytes).map_err(|e| Error::file(path, e))
}

/// Writes the streams of all parts into one file.
pub fn write(path: &Path, parts: &[Vec<u8>]) -> Result<()> {
    let mut bytes = Vec::new();
    for part in parts {
        if parts.len() > 1 {
            let length = u32::try_from(part.len()).map_err(|_| Error::file(path, "a stream of 4 GiB or more"))?;
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(part);
    }
    std::fs::write(path, bytes).map_err(|e| Error::file(path, e))
}

/// Reads the streams of so many parts back.
pub fn read(path: &Path, count: usize) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(path).map_err(|e| Error::file(path, e))?;
    if count == 1 {
        return Ok(vec![bytes]);
    }
    let mut rest = bytes.as_slice();
    let mut next = || {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let (part, behind) = behind.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        rest = behind;
        Some(part.to_vec())
    };
    (0..count).map(|_| next().ok_or_else(|| Error::file(path, "is cut off"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_come_back_and_cost_four_bytes_each() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stream");
        for parts in [vec![vec![1, 2, 3]], vec![vec![1, 2, 3], vec![], vec![4]]] {
            write(&path, &parts).unwrap();
            let lengths = if parts.len() > 1 { 4 * parts.len() } else { 0 };
            assert_eq!(std::fs::metadata(&path).unwrap().len() as usize, lengths + parts.concat().len());
            assert_eq!(read(&path, parts.len()).unwrap(), parts);
        }
        assert!(read(&path, 4).is_err());
    }

    #[test]
    fn values_must_fit_the_shape() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values");
        write_values(&path, &[1.0, -2.5]).unwrap();
        assert_eq!(read_values(&path, &[1, 2]).unwrap(), [1.0, -2.5]);
        assert!(read_values(&path, &[3]).is_err());
        assert!(read_values(&path, &[usize::MAX, 2]).is_err());
    }
}
