//! What the axes of an input file mean.

use std::str::FromStr;

/// Number of space axes, and whether time comes before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axes {
    time: bool,
    space: usize,
}

impl Axes {
    /// Where the user does not say: one file begins with time; of several files each is one step, unless it has four
    /// axes.
    pub fn guess(rank: usize, files: usize) -> Result<Axes, String> {
        match (rank, files) {
            (2..=4, 1) | (4, _) => Ok(Axes { time: true, space: rank - 1 }),
            (1..=3, 2..) => Ok(Axes { time: false, space: rank }),
            (1, 1) => Err("has one axis, and a series needs time and at least one of space; for a single step of one \
                           dimension say --axes x"
                .into()),
            (0, _) => Err("holds a single number; a series needs axes".into()),
            _ => Err(format!("has {rank} axes; limbeck takes up to three and time before them")),
        }
    }

    /// Steps in a file of this shape, and the shape of one.
    pub fn split(self, shape: &[usize]) -> Result<(usize, Vec<usize>), String> {
        let rank = self.space + usize::from(self.time);
        if shape.len() != rank {
            return Err(format!("has {} axes, but --axes names {rank}", shape.len()));
        }
        let shape = shape.to_vec();
        Ok(match self.time {
            true => (shape[0], shape[1..].to_vec()),
            false => (1, shape),
        })
    }
}

impl FromStr for Axes {
    type Err = String;

    fn from_str(text: &str) -> Result<Axes, String> {
        let (time, space) = match text.strip_prefix('t') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        match space {
            "x" | "yx" | "zyx" => Ok(Axes { time, space: space.len() }),
            _ => Err("must be one of tzyx, tyx, tx, zyx, yx, x (the order in the file, last axis fastest)".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_of_axes() {
        assert_eq!(Axes::guess(4, 1).unwrap().split(&[5, 2, 3, 4]).unwrap(), (5, vec![2, 3, 4]));
        assert_eq!(Axes::guess(3, 2).unwrap().split(&[2, 3, 4]).unwrap(), (1, vec![2, 3, 4]));
        assert_eq!("zyx".parse::<Axes>().unwrap().split(&[2, 3, 4]).unwrap(), (1, vec![2, 3, 4]));
        assert!("zyx".parse::<Axes>().unwrap().split(&[2, 3]).is_err());
        assert!("xyz".parse::<Axes>().is_err());
        assert!(Axes::guess(5, 1).is_err());
        assert!(Axes::guess(0, 1).is_err());
    }
}
