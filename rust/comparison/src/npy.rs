//! NumPy's .npy files, as far as benchmark data needs them: little-endian float32 or float64 in C order.

use std::path::Path;

use crate::{Error, Result};

/// A series of volumes in single precision (as wide as it was on disk, if it was that).
pub struct Series {
    /// Length of each axis, time first, then the slowest axis of the volumes.
    pub shape: Vec<usize>,
    /// `shape.iter().product()` values, last axis fastest.
    pub values: Vec<f32>,
}

impl Series {
    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.shape[0]
    }

    /// Values per step.
    pub fn step_len(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// The values of one step.
    pub fn step(&self, index: usize) -> &[f32] {
        let len = self.step_len();
        &self.values[index * len..][..len]
    }

    /// These steps as a series of their own.
    pub fn part(&self, steps: std::ops::Range<usize>) -> Result<Series> {
        if steps.is_empty() || steps.end > self.steps() {
            return Err(Error::Input(format!("steps {steps:?} of a series of {}", self.steps())));
        }
        let mut shape = self.shape.clone();
        shape[0] = steps.len();
        let len = self.step_len();
        Ok(Series { shape, values: self.values[steps.start * len..steps.end * len].to_vec() })
    }

    /// Reads a file of 2 to 4 axes, time first; float64 is rounded to float32.
    pub fn read(path: &Path) -> Result<Series> {
        let bytes = std::fs::read(path).map_err(|e| Error::Input(format!("{}: {e}", path.display())))?;
        parse(&bytes).map_err(|what| Error::Input(format!("{}: {what}", path.display())))
    }
}

fn parse(bytes: &[u8]) -> std::result::Result<Series, String> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or("not an .npy file")?;
    // Version 1 has a 2-byte length of the header, later ones have 4.
    let (length, at) = match rest {
        [1, _, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 4),
        [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 6),
        _ => return Err("a version of .npy that is unknown here".into()),
    };
    let header = rest.get(at..at + length).and_then(|h| std::str::from_utf8(h).ok()).ok_or("the header is cut off")?;
    let data = &rest[at + length..];
    if !entry(header, "fortran_order")?.starts_with("False") {
        return Err("in Fortran order; store it in C order".into());
    }
    let shape = entry(header, "shape")?;
    let inside = shape.strip_prefix('(').and_then(|s| s.split_once(')')).ok_or("the shape is no tuple")?.0;
    let shape: Vec<usize> = inside
        .split(',')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .map(|s| s.parse().map_err(|_| format!("the shape holds {s}")))
        .collect::<std::result::Result<_, String>>()?;
    if !(2..=4).contains(&shape.len()) || shape.contains(&0) {
        return Err(format!("shape {shape:?}: time and one to three axes are wanted, none of them empty"));
    }
    let count = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s)).ok_or("the shape is too large")?;
    let kind = entry(header, "descr")?;
    let values: Vec<f32> = if kind.starts_with("'<f4'") {
        data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    } else if kind.starts_with("'<f8'") {
        data.chunks_exact(8)
            .map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]) as f32)
            .collect()
    } else {
        return Err(format!("type {kind}: float32 or float64 is wanted"));
    };
    if values.len() != count {
        return Err(format!("{} values for the shape {shape:?}", values.len()));
    }
    Ok(Series { shape, values })
}

/// What follows a key of the header's dictionary.
fn entry<'a>(header: &'a str, key: &str) -> std::result::Result<&'a str, String> {
    let missing = || format!("the header has no {key}");
    let (_, rest) = header.split_once(&format!("'{key}'")).ok_or_else(missing)?;
    Ok(rest.trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn both_types_are_read() {
        let data: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let s = parse(&file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }\n", &data)).unwrap();
        assert_eq!((s.shape.as_slice(), s.step(1)), ([2, 2].as_slice(), [3.0, 4.0].as_slice()));
        let data: Vec<u8> = [1.5f64, 2.5].iter().flat_map(|v| v.to_le_bytes()).collect();
        let s = parse(&file("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}", &data)).unwrap();
        assert_eq!(s.values, [1.5, 2.5]);
    }

    #[test]
    fn some_steps_are_a_series() {
        let series = Series { shape: vec![3, 2], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        let part = series.part(1..3).unwrap();
        assert_eq!(
            (part.shape.as_slice(), part.values.as_slice()),
            ([2, 2].as_slice(), [3.0, 4.0, 5.0, 6.0].as_slice())
        );
        assert!(series.part(2..4).is_err() && series.part(1..1).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let data = [0u8; 16];
        for header in [
            "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }",
            "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 2), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551615, 2), }",
            "{'descr': '<f4', 'fortran_order': False}",
        ] {
            assert!(parse(&file(header, &data)).is_err(), "{header}");
        }
        assert!(parse(b"\x93NUMPY\x01\x00\xff\xff").is_err() && parse(b"x").is_err());
    }
}
