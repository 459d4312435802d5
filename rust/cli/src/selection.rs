//! Parts of steps and of the grid, written as in NumPy: `begin:end:every`, ends excluded, negative numbers counted
//! from the end.

use std::str::FromStr;

use limbeck_field::Region;

use crate::failure::{Failure, Result};
use crate::table;

/// One axis: `7`, `2:5`, `:`, `::4`, `-1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    begin: Option<i64>,
    end: Option<i64>,
    every: usize,
}

impl Slice {
    /// All of an axis.
    pub const ALL: Slice = Slice { begin: None, end: None, every: 1 };

    /// First index, number of indices and their distance on an axis of `n` values. `what` names the axis in errors.
    pub fn on(self, n: usize, what: &str) -> Result<(usize, usize, usize)> {
        let length = i64::try_from(n).unwrap_or(i64::MAX);
        let from_end = |i: i64| if i < 0 { i.saturating_add(length) } else { i };
        let begin = from_end(self.begin.unwrap_or(0));
        let end = self.end.map_or(length, from_end);
        if begin < 0 || end > length || begin >= end {
            return Err(Failure::Usage(format!("{what}: {self} selects nothing, or lies outside of 0:{n}")));
        }
        let span = (end - begin) as usize;
        Ok((begin as usize, span.div_ceil(self.every), self.every))
    }
}

impl std::fmt::Display for Slice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |i: Option<i64>| i.map(|i| i.to_string()).unwrap_or_default();
        write!(f, "{}:{}", text(self.begin), text(self.end))?;
        match self.every {
            1 => Ok(()),
            every => write!(f, ":{every}"),
        }
    }
}

impl FromStr for Slice {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Slice, String> {
        let wrong = || format!("{text:?} must be an index or begin:end or begin:end:every");
        let number = |part: &str| match part.trim() {
            "" => Ok(None),
            digits => digits.parse::<i64>().map(Some).map_err(|_| wrong()),
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            [one] => {
                let index = number(one)?.ok_or_else(wrong)?;
                // -1 alone is the last index, and its end is the end of the axis.
                Ok(Slice { begin: Some(index), end: (index != -1).then_some(index.saturating_add(1)), every: 1 })
            }
            [begin, end] => Ok(Slice { begin: number(begin)?, end: number(end)?, every: 1 }),
            [begin, end, every] => {
                let every = match number(every)? {
                    None => 1,
                    Some(n) => usize::try_from(n).ok().filter(|n| *n > 0).ok_or("the distance must be at least 1")?,
                };
                Ok(Slice { begin: number(begin)?, end: number(end)?, every })
            }
            _ => Err(wrong()),
        }
    }
}

/// One slice per axis, slowest axis first: `0:64,:,10:20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slices(Vec<Slice>);

impl FromStr for Slices {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Slices, String> {
        text.split(',').map(str::parse).collect::<std::result::Result<_, _>>().map(Slices)
    }
}

/// Distance between grid points: one number for all axes, or one per axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Every(Vec<usize>);

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Every, String> {
        let every: Vec<usize> = parse_shape(text)?.0;
        Ok(Every(every))
    }
}

/// A shape on the command line: `64,128,128`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(pub Vec<usize>);

/// Parses one to three positive numbers.
pub fn parse_shape(text: &str) -> std::result::Result<Shape, String> {
    let numbers = text.split(',').map(|n| n.trim().parse().ok().filter(|n| *n > 0)).collect::<Option<Vec<usize>>>();
    match numbers {
        Some(shape) if shape.len() <= 3 => Ok(Shape(shape)),
        _ => Err("must be one to three positive numbers, slowest axis first".into()),
    }
}

/// The grid points of a variable of this shape that `--region` and `--every` ask for.
pub fn region(shape: &[usize], slices: Option<&Slices>, every: Option<&Every>) -> Result<Region> {
    let rank = shape.len();
    let fits = |n: usize, option: &str| match n == rank {
        true => Ok(()),
        false => Err(Failure::Usage(format!(
            "{option} names {n} axes, but the variable has {rank} ({})",
            table::shape(shape)
        ))),
    };
    let slices = match slices {
        Some(Slices(slices)) => slices.clone(),
        None => vec![Slice::ALL; rank],
    };
    fits(slices.len(), "--region")?;
    let every = match every {
        Some(Every(every)) if every.len() == 1 => vec![every[0]; rank],
        Some(Every(every)) => every.clone(),
        None => vec![1; rank],
    };
    fits(every.len(), "--every")?;
    let mut region = Region { start: Vec::new(), count: Vec::new(), every: Vec::new() };
    for axis in 0..rank {
        let mut slice = slices[axis];
        slice.every = slice.every.saturating_mul(every[axis]);
        let (start, count, every) = slice.on(shape[axis], &format!("--region, axis {axis}"))?;
        region.start.push(start);
        region.count.push(count);
        region.every.push(every);
    }
    Ok(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str, n: usize) -> Option<(usize, usize, usize)> {
        text.parse::<Slice>().unwrap().on(n, "axis").ok()
    }

    #[test]
    fn slices_are_numpys() {
        assert_eq!(on("3", 10), Some((3, 1, 1)));
        assert_eq!(on("-1", 10), Some((9, 1, 1)));
        assert_eq!(on("-2", 10), Some((8, 1, 1)));
        assert_eq!(on(":", 10), Some((0, 10, 1)));
        assert_eq!(on("1:8:3", 10), Some((1, 3, 3)));
        assert_eq!(on("-3:", 10), Some((7, 3, 1)));
        assert_eq!(on(":-8", 10), Some((0, 2, 1)));
        assert_eq!(on("::4", 10), Some((0, 3, 4)));
        for outside in ["10", "5:5", "3:2", "0:11", "-11"] {
            assert_eq!(on(outside, 10), None, "{outside}");
        }
        for wrong in ["", "a", "1:2:0", "1:2:-1", "1:2:3:4"] {
            assert!(wrong.parse::<Slice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn regions() {
        let slices: Slices = "2:8,:,-1".parse().unwrap();
        let every: Every = "2".parse().unwrap();
        let r = region(&[10, 5, 7], Some(&slices), Some(&every)).unwrap();
        assert_eq!(r, Region { start: vec![2, 0, 6], count: vec![3, 3, 1], every: vec![2, 2, 2] });
        assert!(region(&[10, 5], Some(&slices), None).unwrap_err().to_string().contains("3 axes"));
        assert!(region(&[10, 5, 7], None, Some(&"2,2".parse().unwrap())).is_err());
        assert!("0".parse::<Every>().is_err());
    }
}
