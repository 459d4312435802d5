//! How the values of a block lie in somebody else's memory.

use crate::{ElementType, Error, Result};

/// Shape and byte strides of a block in memory, checked once so that copying needs no checks of its own.
///
/// Entries are given slowest axis first. Byte strides may be negative (a flipped axis), zero (one value
/// repeated) and need not be multiples of the element size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    element_type: ElementType,
    count: Vec<usize>,
    strides: Vec<isize>,
    /// Lowest and one past the highest byte touched, relative to the first value.
    span: (isize, isize),
}

impl Layout {
    /// Values one after another in C order (last axis fastest).
    ///
    /// # Errors
    /// `InvalidArgument` if there are no or more than three axes, an axis is empty, or the block's bytes do not
    /// fit an `isize`.
    pub fn contiguous(element_type: ElementType, count: &[usize]) -> Result<Layout> {
        let mut strides = vec![0isize; count.len()];
        let mut stride = element_type.size();
        for (s, &c) in strides.iter_mut().zip(count).rev() {
            *s = isize::try_from(stride).map_err(|_| too_large(count))?;
            stride = stride.checked_mul(c).ok_or_else(|| too_large(count))?;
        }
        Layout::strided(element_type, count, &strides)
    }

    /// Any strides, in bytes, one per axis: `strides[a]` is the distance from one value to its neighbour along `a`.
    ///
    /// A ghosted array is described by the count of its interior, the strides of the whole array, and a pointer to
    /// the first interior value.
    ///
    /// # Errors
    /// As [`Layout::contiguous`]; also if counts and strides differ in number or the distance between the outermost
    /// values does not fit an `isize`.
    pub fn strided(element_type: ElementType, count: &[usize], strides: &[isize]) -> Result<Layout> {
        if count.is_empty() || count.len() > 3 {
            return Err(Error::InvalidArgument(format!("a block has 1 to 3 axes, not {}", count.len())));
        }
        if strides.len() != count.len() {
            return Err(Error::InvalidArgument(format!(
                "{} strides were given for a block of {} axes",
                strides.len(),
                count.len()
            )));
        }
        if let Some(axis) = count.iter().position(|&c| c == 0) {
            return Err(Error::InvalidArgument(format!("axis {axis} of block {count:?} has no values")));
        }
        let bytes = count.iter().try_fold(element_type.size(), |n, &c| n.checked_mul(c));
        if bytes.is_none_or(|n| isize::try_from(n).is_err()) {
            return Err(too_large(count));
        }
        let (mut low, mut high) = (0isize, element_type.size() as isize);
        for (&c, &s) in count.iter().zip(strides) {
            let reach = isize::try_from(c - 1).ok().and_then(|n| n.checked_mul(s));
            let end = if s < 0 { &mut low } else { &mut high };
            *end = reach.and_then(|r| end.checked_add(r)).ok_or_else(|| too_far(count, strides))?;
        }
        // An object is never larger than isize::MAX, so neither may the distance between its ends be.
        high.checked_sub(low).ok_or_else(|| too_far(count, strides))?;
        Ok(Layout { element_type, count: count.to_vec(), strides: strides.to_vec(), span: (low, high) })
    }

    /// Type of the values.
    pub fn element_type(&self) -> ElementType {
        self.element_type
    }

    /// Number of values along each axis, slowest first.
    pub fn count(&self) -> &[usize] {
        &self.count
    }

    /// Bytes from one value to the next along each axis, slowest first.
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// Number of axes, 1 to 3.
    pub fn rank(&self) -> usize {
        self.count.len()
    }

    /// Number of values, at least one.
    #[expect(clippy::len_without_is_empty, reason = "a layout is never empty")]
    pub fn len(&self) -> usize {
        self.count.iter().product()
    }

    /// Bytes of the values without the gaps between them.
    pub fn bytes(&self) -> usize {
        self.len() * self.element_type.size()
    }

    /// Lowest byte and one past the highest byte that belongs to the block, relative to the address of its first
    /// value. The lowest is negative where strides are.
    pub fn span(&self) -> (isize, isize) {
        self.span
    }

    /// The same walk with three axes and neighbouring axes merged where they form one run: `(count, strides)`.
    /// The order of values does not change.
    pub(crate) fn merged(&self) -> ([usize; 3], [isize; 3]) {
        // Filled from the back; axes of one value never matter.
        let (mut count, mut strides) = ([1usize; 3], [0isize; 3]);
        strides[2] = self.element_type.size() as isize;
        let mut free = 3;
        for (&c, &s) in self.count.iter().zip(&self.strides).rev() {
            if c == 1 {
                continue;
            }
            // A product that overflows cannot equal a stride whose reach was checked.
            let continues = free < 3 && (count[free] as isize).checked_mul(strides[free]) == Some(s);
            if continues {
                count[free] *= c;
            } else {
                free -= 1;
                (count[free], strides[free]) = (c, s);
            }
        }
        (count, strides)
    }
}

fn too_large(count: &[usize]) -> Error {
    Error::InvalidArgument(format!("a block of {count:?} values is larger than the address space"))
}

fn too_far(count: &[usize], strides: &[isize]) -> Error {
    Error::InvalidArgument(format!("strides {strides:?} of block {count:?} reach beyond the address space"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const F64: ElementType = ElementType::Float64;

    #[test]
    fn contiguous_strides_are_in_bytes_with_the_last_axis_fastest() {
        let l = Layout::contiguous(ElementType::Float32, &[2, 3, 4]).unwrap();
        assert_eq!(l.strides(), [48, 16, 4]);
        assert_eq!(l.span(), (0, 96));
        assert_eq!((l.len(), l.bytes(), l.rank()), (24, 96, 3));
        assert_eq!(l.merged(), ([1, 1, 24], [0, 0, 4]));
    }

    #[test]
    fn ghosted_interior_keeps_the_rows_apart() {
        let l = Layout::strided(F64, &[4, 3, 2], &[240, 48, 8]).unwrap();
        assert_eq!(l.merged(), ([4, 3, 2], [240, 48, 8]));
        let planes = Layout::strided(F64, &[4, 3, 2], &[240, 16, 8]).unwrap();
        assert_eq!(planes.merged(), ([1, 4, 6], [0, 240, 8]));
        let thin = Layout::strided(F64, &[4, 1, 2], &[16, -999, 8]).unwrap();
        assert_eq!(thin.merged(), ([1, 1, 8], [0, 0, 8]));
    }

    #[test]
    fn negative_strides_reach_below_the_first_value() {
        let l = Layout::strided(F64, &[3, 5], &[-40, 8]).unwrap();
        assert_eq!(l.span(), (-80, 40));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let huge = isize::MAX as usize;
        for (count, strides) in [
            (vec![], vec![]),
            (vec![2, 2, 2, 2], vec![64, 32, 16, 8]),
            (vec![2, 0], vec![16, 8]),
            (vec![2, 2], vec![8]),
            (vec![huge, 2], vec![8, 8]),
            (vec![huge], vec![0]),
            (vec![3, 3], vec![isize::MAX, 8]),
            (vec![3], vec![isize::MIN]),
            (vec![2, 2], vec![isize::MAX - 100, 200]),
            (vec![2, 2], vec![isize::MAX - 100, -200]),
        ] {
            let made = Layout::strided(F64, &count, &strides);
            assert!(matches!(made, Err(Error::InvalidArgument(_))), "{count:?} {strides:?} {made:?}");
        }
        assert!(Layout::contiguous(F64, &[huge, huge, huge]).is_err());
        assert!(Layout::contiguous(F64, &[usize::MAX / 8]).is_err());
    }
}
