//! Positions of NaN and infinities, kept losslessly (policy `nonfinite = mask`).

/// What stands at each position of a block: 0 a number, 1 NaN, 2 +infinity, 3 -infinity. C order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// One entry per value of the block, last axis fastest.
    pub codes: Vec<u8>,
}
