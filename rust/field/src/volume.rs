//! The types that name a piece of a simulation's data.

/// Type of the values that a simulation hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
}

impl ElementType {
    /// Bytes of one value.
    pub const fn size(self) -> usize {
        match self {
            ElementType::Float32 => 4,
            ElementType::Float64 => 8,
        }
    }
}

/// Product of the counts. Shapes come from callers and files, which may claim anything: it saturates, so that no
/// claim passes for a small one.
pub(crate) fn number_of(count: &[usize]) -> usize {
    count.iter().fold(1, |n: usize, &c| n.saturating_mul(c))
}

/// A box in the index space of a variable: where a block lies in the global shape.
///
/// `offset` and `count` have one entry per axis, slowest axis first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Global index of the first value along each axis.
    pub offset: Vec<usize>,
    /// Number of values along each axis.
    pub count: Vec<usize>,
}

impl Extent {
    /// The box that covers a whole variable of this shape.
    pub fn whole(shape: &[usize]) -> Extent {
        Extent { offset: vec![0; shape.len()], count: shape.to_vec() }
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.count.len()
    }

    /// Number of values in the box; `usize::MAX` for a box that claims more than that.
    pub fn len(&self) -> usize {
        number_of(&self.count)
    }

    /// True if the box holds no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// True if the global index lies in the box.
    pub fn contains(&self, index: &[usize]) -> bool {
        index.len() == self.rank()
            && (0..self.rank()).all(|a| index[a] >= self.offset[a] && index[a] - self.offset[a] < self.count[a])
    }
}

/// A regular set of grid points of a variable, in global index space: along axis `a` the indices
/// `start[a] + i * every[a]` for `i` in `0..count[a]`. Slowest axis first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// First index along each axis.
    pub start: Vec<usize>,
    /// Number of points along each axis.
    pub count: Vec<usize>,
    /// Distance between points along each axis, at least 1.
    pub every: Vec<usize>,
}

impl Region {
    /// Every grid point of a box.
    pub fn of(extent: &Extent) -> Region {
        Region { start: extent.offset.clone(), count: extent.count.clone(), every: vec![1; extent.rank()] }
    }

    /// Number of points; `usize::MAX` for a region that claims more than that.
    pub fn len(&self) -> usize {
        number_of(&self.count)
    }

    /// True if the region holds no point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Values of one block, contiguous, in C order (last axis fastest).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Single precision.
    Float32(Vec<f32>),
    /// Double precision.
    Float64(Vec<f64>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::Float32(v) => v.len(),
            Values::Float64(v) => v.len(),
        }
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Their type.
    pub fn element_type(&self) -> ElementType {
        match self {
            Values::Float32(_) => ElementType::Float32,
            Values::Float64(_) => ElementType::Float64,
        }
    }

    /// Bytes they take in memory.
    pub fn bytes(&self) -> usize {
        self.len() * self.element_type().size()
    }

    /// The value at a linear index, widened to double precision (exact).
    pub fn get(&self, i: usize) -> f64 {
        match self {
            Values::Float32(v) => f64::from(v[i]),
            Values::Float64(v) => v[i],
        }
    }
}

/// One block of one variable at one step: values in C order with the shape of the block, ghosts removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// Number of values along each axis, slowest first.
    pub count: Vec<usize>,
    /// `count.iter().product()` values, last axis fastest.
    pub values: Values,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_any_size_are_counted() {
        let n = usize::MAX;
        for (count, expected) in [(vec![], 1), (vec![2, 3], 6), (vec![n, 2], n), (vec![n, 2, 0], 0), (vec![0, n, n], 0)]
        {
            let rank = count.len();
            let region = Region { start: vec![0; rank], count: count.clone(), every: vec![1; rank] };
            let extent = Extent::whole(&count);
            assert_eq!((extent.len(), region.len()), (expected, expected), "{count:?}");
            assert_eq!((extent.is_empty(), region.is_empty()), (expected == 0, expected == 0));
        }
    }

    #[test]
    fn a_box_contains_what_lies_between_its_ends() {
        let extent = Extent { offset: vec![2, 5], count: vec![3, 1] };
        assert!(extent.contains(&[2, 5]) && extent.contains(&[4, 5]));
        assert!(!extent.contains(&[5, 5]) && !extent.contains(&[1, 5]) && !extent.contains(&[2, 4]));
        assert!(!extent.contains(&[2]));
    }
}
