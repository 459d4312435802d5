//! Integers as few bytes: variable-length numbers and columns of bit-packed differences (docs/format.md).

use crate::{Error, Result};

pub(crate) fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

pub(crate) fn put_zigzag(out: &mut Vec<u8>, n: i64) {
    put_varint(out, (n << 1 ^ n >> 63) as u64);
}

/// Reads the bytes of a steps table from the front.
pub(crate) struct Cursor<'a> {
    pub(crate) bytes: &'a [u8],
}

fn short() -> Error {
    Error::Corruption("the steps table ends too early".into())
}

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(n).ok_or_else(short)?;
        self.bytes = tail;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn f64(&mut self) -> Result<f64> {
        let b = self.take(8)?;
        Ok(f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]))
    }

    pub(crate) fn varint(&mut self) -> Result<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let b = self.u8()?;
            if shift == 63 && b > 1 {
                break;
            }
            n |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err(Error::Corruption("a number in the steps table is longer than 64 bits".into()))
    }

    pub(crate) fn zigzag(&mut self) -> Result<i64> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// `count` integers; the caller bounds `count`.
    pub(crate) fn column(&mut self, count: usize) -> Result<Vec<i64>> {
        let mut values = Vec::with_capacity(count);
        if count == 0 {
            return Ok(values);
        }
        let mut value = self.zigzag()?;
        values.push(value);
        if count == 1 {
            return Ok(values);
        }
        let least = self.zigzag()?;
        let width = u32::from(self.u8()?);
        if width > 64 {
            return Err(Error::Corruption(format!("a column of the steps table is {width} bits wide")));
        }
        let packed = self.take(((count - 1) * width as usize).div_ceil(8))?;
        let mut bits = Bits { bytes: packed, buffer: 0, filled: 0 };
        for _ in 1..count {
            value = value.wrapping_add(least).wrapping_add(bits.take(width) as i64);
            values.push(value);
        }
        Ok(values)
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    buffer: u128,
    filled: u32,
}

impl Bits<'_> {
    fn take(&mut self, width: u32) -> u64 {
        while self.filled < width {
            let (&b, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
            self.bytes = rest;
            self.buffer |= u128::from(b) << self.filled;
            self.filled += 8;
        }
        let value = self.buffer & ((1u128 << width) - 1);
        self.buffer >>= width;
        self.filled -= width;
        value as u64
    }
}

/// Appends a column that [`Cursor::column`] reads: first value, least difference, width, then what each difference is
/// above the least, packed from the lowest bit up.
pub(crate) fn put_column(out: &mut Vec<u8>, values: &[i64]) {
    let Some(&first) = values.first() else { return };
    put_zigzag(out, first);
    if values.len() == 1 {
        return;
    }
    let difference = |w: &[i64]| w[1].wrapping_sub(w[0]);
    let least = values.windows(2).map(difference).min().unwrap_or(0);
    let above = |w: &[i64]| difference(w).wrapping_sub(least) as u64;
    let width = 64 - values.windows(2).map(above).max().unwrap_or(0).leading_zeros();
    put_zigzag(out, least);
    out.push(width as u8);
    let (mut buffer, mut filled) = (0u128, 0);
    for w in values.windows(2) {
        buffer |= u128::from(above(w)) << filled;
        filled += width;
        while filled >= 8 {
            out.push(buffer as u8);
            buffer >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(buffer as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_survive(values in prop::collection::vec(any::<i64>(), 0..40), narrow in 0u32..64) {
            let values: Vec<i64> = values.iter().map(|v| v >> narrow).collect();
            let mut bytes = Vec::new();
            put_column(&mut bytes, &values);
            let mut cursor = Cursor { bytes: &bytes };
            prop_assert_eq!(cursor.column(values.len()).unwrap(), values);
            prop_assert!(cursor.bytes.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60), count in 0usize..50) {
            let mut cursor = Cursor { bytes: &bytes };
            if let Ok(values) = cursor.column(count) {
                prop_assert_eq!(values.len(), count);
            }
        }
    }

    #[test]
    fn a_regular_column_takes_no_bits() {
        let mut bytes = Vec::new();
        put_column(&mut bytes, &(0..10_000).map(|i| 5 + 10 * i).collect::<Vec<_>>());
        assert_eq!(bytes, [10, 20, 0]);
    }
}
