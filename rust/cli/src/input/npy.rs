//! The header of NumPy's `.npy` files, versions 1 to 3 (NEP 1). The values behind it are read by [`super::series`].

use std::io::Read;

use limbeck_field::ElementType;

use super::layout::{Endian, Order};

/// Longer headers than this belong to structured types that are refused anyway.
const HEADER_LIMIT: usize = 1 << 20;

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// Type of the values.
    pub element_type: ElementType,
    /// Their byte order.
    pub endian: Endian,
    /// Which axis is fastest.
    pub order: Order,
    /// Values along each axis.
    pub shape: Vec<usize>,
    /// Bytes before the first value.
    pub length: u64,
}

impl NpyHeader {
    /// Reads the header from the beginning of a file. The error is a reason in words, without the file's name.
    pub fn read(mut file: impl Read) -> Result<NpyHeader, String> {
        let mut fixed = [0; 8];
        read_all(&mut file, &mut fixed, "is no .npy file (it is shorter than a header)")?;
        if &fixed[..6] != b"\x93NUMPY" {
            return Err("is no .npy file (it does not begin with \\x93NUMPY); for plain values use --raw".into());
        }
        let cut = "is cut short within its header";
        let (text_length, before) = match fixed[6] {
            1 => {
                let mut n = [0; 2];
                read_all(&mut file, &mut n, cut)?;
                (usize::from(u16::from_le_bytes(n)), 10)
            }
            2 | 3 => {
                let mut n = [0; 4];
                read_all(&mut file, &mut n, cut)?;
                (u32::from_le_bytes(n) as usize, 12)
            }
            v => return Err(format!("is a .npy file of version {v}, which limbeck does not know")),
        };
        if text_length > HEADER_LIMIT {
            return Err(format!("claims a header of {text_length} bytes: damaged, or no array of plain numbers"));
        }
        let mut text = vec![0; text_length];
        read_all(&mut file, &mut text, cut)?;
        let text = String::from_utf8(text).map_err(|_| "has a header that is no text".to_string())?;
        let mut header = Parser { rest: &text }.header()?;
        header.length = (before + text_length) as u64;
        Ok(header)
    }

    /// The bytes of a version 1 header for values in C order, little-endian; padded so that values begin at a
    /// multiple of 64 bytes.
    pub fn bytes_for(element_type: ElementType, shape: &[usize]) -> Vec<u8> {
        let lengths: String = shape.iter().map(|n| format!("{n}, ")).collect();
        let tuple = if shape.len() == 1 { lengths.trim_end() } else { lengths.trim_end_matches(", ") };
        let mut text =
            format!("{{'descr': '<f{}', 'fortran_order': False, 'shape': ({tuple}), }}", element_type.size());
        let padded = (10 + text.len() + 1).next_multiple_of(64) - 11;
        text.extend(std::iter::repeat_n(' ', padded - text.len()));
        text.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }
}

fn read_all(file: &mut impl Read, into: &mut [u8], when_short: &str) -> Result<(), String> {
    file.read_exact(into).map_err(|e| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => when_short.to_string(),
        _ => format!("cannot be read: {e}"),
    })
}

/// Reads the one Python dictionary that a header is. No recursion: hostile nesting ends in an error.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn header(&mut self) -> Result<NpyHeader, String> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.take('}') {
            let key = self.string()?;
            self.expect(':')?;
            match key {
                "descr" if self.peek() == Some('[') => {
                    return Err("holds records of several fields; limbeck takes arrays of float32 or float64".into());
                }
                "descr" => descr = Some(element(self.string()?)?),
                "fortran_order" => fortran = Some(self.boolean()?),
                "shape" => shape = Some(self.tuple()?),
                other => return Err(format!("has an unknown entry {other:?} in its header")),
            }
            if !self.take(',') {
                self.expect('}')?;
                break;
            }
        }
        match (descr, fortran, shape) {
            (Some((element_type, endian)), Some(fortran), Some(shape)) => {
                let order = if fortran { Order::Fortran } else { Order::C };
                Ok(NpyHeader { element_type, endian, order, shape, length: 0 })
            }
            _ => Err("has a header without descr, fortran_order or shape".into()),
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest = &self.rest[wanted.len_utf8()..];
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(format!("has a damaged header ({wanted:?} missing)")),
        }
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = self.peek().filter(|c| "'\"".contains(*c)).ok_or("has a damaged header (a name is missing)")?;
        let body = &self.rest[1..];
        let end = body.find(quote).ok_or("has a damaged header (a quote is not closed)")?;
        self.rest = &body[end + 1..];
        Ok(&body[..end])
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("has a damaged header (True or False missing)".into())
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut numbers = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            self.peek();
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let number = self.rest[..digits].parse().map_err(|_| "has a damaged header (shape)".to_string())?;
            numbers.push(number);
            // Python 2 wrote long integers with an L.
            self.rest = self.rest[digits..].strip_prefix('L').unwrap_or(&self.rest[digits..]);
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(numbers)
    }
}

fn element(descr: &str) -> Result<(ElementType, Endian), String> {
    let (endian, kind) = match descr.split_at_checked(1) {
        Some(("<", kind)) => (Endian::Little, kind),
        Some((">", kind)) => (Endian::Big, kind),
        Some(("=" | "|", kind)) => (Endian::NATIVE, kind),
        _ => (Endian::NATIVE, descr),
    };
    match kind {
        "f4" => Ok((ElementType::Float32, endian)),
        "f8" => Ok((ElementType::Float64, endian)),
        _ => Err(format!("holds values of type {descr:?}; limbeck takes float32 and float64 (numpy: a.astype('f4'))")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NpyHeader, String> {
        Parser { rest: text }.header()
    }

    #[test]
    fn own_headers_are_read_back() {
        for shape in [vec![], vec![7], vec![2, 3], vec![8, 128, 128, 128]] {
            let bytes = NpyHeader::bytes_for(ElementType::Float64, &shape);
            assert_eq!(bytes.len() % 64, 0);
            let header = NpyHeader::read(&bytes[..]).unwrap();
            assert_eq!(header.shape, shape);
            assert_eq!(header.element_type, ElementType::Float64);
            assert_eq!(header.length, bytes.len() as u64);
        }
    }

    #[test]
    fn variants_of_the_header() {
        let h = parse("{\"shape\":(3L,),\"fortran_order\": True,'descr':'>f4'}").unwrap();
        assert_eq!((h.shape, h.order, h.endian), (vec![3], Order::Fortran, Endian::Big));
        assert_eq!(parse("{'descr': '=f8', 'fortran_order': False, 'shape': (), }").unwrap().shape, [0usize; 0]);
    }

    #[test]
    fn headers_of_other_things() {
        let of = |descr: &str| parse(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,)}}"));
        assert!(of("'<i4'").unwrap_err().contains("float32"));
        assert!(of("[('a', '<f4')]").unwrap_err().contains("records"));
        for text in ["", "{", "{'descr'", "{'shape': (1", "{'shape': (-1,)}", "{'x': 1}", "{'fortran_order': 1}", "{}"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}").is_err());
    }

    #[test]
    fn cut_anywhere_is_an_error() {
        let bytes = NpyHeader::bytes_for(ElementType::Float32, &[4, 4]);
        for n in 0..bytes.len() {
            assert!(NpyHeader::read(&bytes[..n]).is_err(), "{n}");
        }
    }

    #[test]
    fn huge_claims_allocate_nothing() {
        let mut bytes = b"\x93NUMPY\x02\x00".to_vec();
        bytes.extend(u32::MAX.to_le_bytes());
        assert!(NpyHeader::read(&bytes[..]).unwrap_err().contains("header of"));
    }
}
