//! MPI counts with an `int`: what is longer goes in pieces.

use std::ops::Range;

/// How long a piece may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces {
    /// Bytes of a piece; at most what an `int` counts.
    bytes: usize,
}

impl Default for Pieces {
    /// 1 GiB, well below 2 GiB, where libraries have had faults of their own.
    fn default() -> Pieces {
        Pieces { bytes: 1 << 30 }
    }
}

impl Pieces {
    /// Pieces of so many bytes, at least 8.
    pub fn of(bytes: usize) -> Pieces {
        Pieces { bytes: bytes.clamp(8, Pieces::default().bytes) }
    }

    /// Where the pieces of `length` values of `size` bytes are.
    pub fn of_values(self, length: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
        let most = (self.bytes / size).max(1);
        (0..length).step_by(most).map(move |begin| begin..length.min(begin + most))
    }

    /// Bytes that each of so many ranks may contribute to one gathering, whose sum an `int` has to count, too.
    pub fn of_gathering(self, ranks: usize) -> usize {
        (self.bytes / ranks).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_everything_once() {
        let cases: [(usize, usize, usize, &[usize]); 5] = [
            (8, 0, 8, &[]),
            (8, 3, 8, &[1, 2, 3]),
            (24, 7, 8, &[3, 6, 7]),
            (usize::MAX, 7, 4, &[7]),
            (0, 2, 8, &[1, 2]),
        ];
        for (bytes, length, size, ends) in cases {
            let pieces: Vec<_> = Pieces::of(bytes).of_values(length, size).collect();
            assert!(pieces.iter().map(|r| r.end).eq(ends.iter().copied()));
            assert!(
                pieces.iter().scan(0, |end, r| Some(r.start == std::mem::replace(end, r.end))).all(|joined| joined)
            );
        }
        let long = (1usize << 32) + 5;
        let pieces: Vec<_> = Pieces::default().of_values(long, 4).collect();
        assert_eq!(pieces.iter().map(|r| r.len()).sum::<usize>(), long);
        assert_eq!(pieces.len(), 17);
    }

    #[test]
    fn what_is_gathered_at_once_can_be_counted() {
        for ranks in [1, 3, 1000, 1 << 20] {
            assert!(Pieces::default().of_gathering(ranks) * ranks <= i32::MAX as usize);
        }
        assert_eq!(Pieces::of(8).of_gathering(100), 1);
    }
}
