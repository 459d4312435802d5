//! The one matrix product that training and decoding are made of.
//!
//! `out[r][c] = init[r][c] + sum_i left(r, i) * right[i][c]`, i ascending, one fused multiply-add per term, so
//! each result is a fixed chain of roundings whatever the register width. Columns are contiguous and padded to
//! a multiple of [`super::vector::PAD`]; a block of rows x columns stays in registers while i runs.

use super::vector::Vector;

/// What is done to finished sums once they are stored, block by block while they are in the nearest cache.
///
/// # Safety
/// Implementations touch only matrices that hold the rows and columns of the product.
pub unsafe trait Epilogue: Copy {
    /// Whether there is anything to do.
    const WORK: bool = true;

    /// Stores finished sums.
    ///
    /// # Safety
    /// As for [`Vector`]; `at` is the place of the sums in the result.
    #[inline(always)]
    unsafe fn put<V: Vector>(self, sums: V, at: *mut f32) {
        // SAFETY: passed on from the caller.
        unsafe { sums.store(at) }
    }

    /// Works on the register that `sums` points at: row `row`, columns from `column` of the result.
    ///
    /// # Safety
    /// As for [`Vector`].
    unsafe fn finish<V: Vector>(self, sums: *mut f32, row: usize, column: usize);
}

/// Leaves the sums as they are.
#[derive(Clone, Copy)]
pub struct Keep;

// SAFETY: touches nothing.
unsafe impl Epilogue for Keep {
    const WORK: bool = false;

    #[inline(always)]
    unsafe fn finish<V: Vector>(self, _sums: *mut f32, _row: usize, _column: usize) {}
}

/// Adds the sums, rounded by [`rounded`], to what stands in the result; `init` is then zero.
#[derive(Clone, Copy)]
pub struct AddRounded(pub f32);

// SAFETY: touches the result only.
unsafe impl Epilogue for AddRounded {
    const WORK: bool = false;

    #[inline(always)]
    unsafe fn put<V: Vector>(self, sums: V, at: *mut f32) {
        // SAFETY: see the trait.
        unsafe { V::load(at).add(rounded(sums, self.0)).store(at) }
    }

    #[inline(always)]
    unsafe fn finish<V: Vector>(self, _sums: *mut f32, _row: usize, _column: usize) {}
}

/// x as a multiple of 2^-23 times the power of two below `magic`, which is 1.5 times that power; x itself where `magic` is 0.
/// Sums of such multiples are exact, and thus the same in any order, while they are less than that power of two (Demmel and
/// Nguyen, Fast reproducible floating-point summation, 2013).
///
/// # Safety
/// As for [`Vector`].
#[inline(always)]
pub unsafe fn rounded<V: Vector>(x: V, magic: f32) -> V {
    // SAFETY: passed on from the caller.
    unsafe { x.add(V::splat(magic)).sub(V::splat(magic)) }
}

/// Multiplies the sums with the elements of another matrix.
#[derive(Clone, Copy)]
pub struct Times(pub Rows);

// SAFETY: the maker of the value vouches for the matrix.
unsafe impl Epilogue for Times {
    #[inline(always)]
    unsafe fn finish<V: Vector>(self, sums: *mut f32, row: usize, column: usize) {
        // SAFETY: see the trait.
        unsafe { V::load(sums).mul(V::load(self.0.at(row, column))).store(sums) }
    }
}

/// A matrix to write to.
#[derive(Clone, Copy)]
pub struct RowsMut {
    /// First element.
    pub data: *mut f32,
    /// Floats from one row to the next.
    pub pitch: usize,
}

impl RowsMut {
    /// Address of an element.
    #[inline(always)]
    pub fn at(self, row: usize, column: usize) -> *mut f32 {
        self.data.wrapping_add(row * self.pitch + column)
    }
}

/// A matrix operand: pointer to its first element and the distance between rows, in floats.
#[derive(Clone, Copy)]
pub struct Rows {
    /// First element.
    pub data: *const f32,
    /// Floats from one row to the next; 0 repeats one row.
    pub pitch: usize,
}

impl Rows {
    /// Address of an element.
    #[inline(always)]
    pub fn at(self, row: usize, column: usize) -> *const f32 {
        self.data.wrapping_add(row * self.pitch + column)
    }
}

/// The left operand: element (r, i) stands at `data + r * row + i * step`.
#[derive(Clone, Copy)]
pub struct Left {
    /// First element.
    pub data: *const f32,
    /// Floats between rows.
    pub row: usize,
    /// Floats between terms.
    pub step: usize,
}

/// Sizes of a product.
#[derive(Clone, Copy)]
pub struct Size {
    /// Rows of the result, any number.
    pub rows: usize,
    /// Columns of the result, a multiple of PAD.
    pub columns: usize,
    /// Terms of each sum.
    pub terms: usize,
}

/// Computes the product into `out` and applies the epilogue to it.
///
/// # Safety
/// As for [`Vector`]; all operands valid for the sizes given; `out` overlaps no operand but `init` (the same matrix
/// in place).
#[inline(always)]
pub unsafe fn product<V: Vector, E: Epilogue>(
    size: Size,
    left: Left,
    right: Rows,
    init: Rows,
    out: RowsMut,
    epilogue: E,
) {
    let total = size.columns / V::LANES;
    let mut done = 0;
    while done < total {
        // As few column strips as fit the registers, of nearly equal width.
        let remaining = total - done;
        let widest = if V::REGISTERS >= 32 { 4 } else { 2 };
        let take = remaining.div_ceil(remaining.div_ceil(widest));
        let strip = Strip { terms: size.terms, left, right, init, out, column: done * V::LANES, epilogue };
        // SAFETY: the strip lies inside the operands.
        unsafe {
            // Rows x columns of the register block leave room for one row of `right` and a broadcast.
            match (V::REGISTERS >= 32, take) {
                (true, 4) => strip.rows::<V, 6, 4>(size.rows),
                (true, 3) => strip.rows::<V, 8, 3>(size.rows),
                (true, 2) => strip.rows::<V, 12, 2>(size.rows),
                (true, _) => strip.rows::<V, 12, 1>(size.rows),
                (false, 2) => strip.rows::<V, 6, 2>(size.rows),
                (false, _) => strip.rows::<V, 8, 1>(size.rows),
            }
        }
        done += take;
    }
}

#[derive(Clone, Copy)]
struct Strip<E> {
    terms: usize,
    left: Left,
    right: Rows,
    init: Rows,
    out: RowsMut,
    /// First column.
    column: usize,
    epilogue: E,
}

impl<E: Epilogue> Strip<E> {
    #[inline(always)]
    unsafe fn rows<V: Vector, const R: usize, const C: usize>(&self, rows: usize) {
        let mut r = 0;
        // SAFETY: every block lies inside the operands.
        unsafe {
            while r + R <= rows {
                self.block::<V, R, C>(r);
                r += R;
            }
            if R > 8 && r + 8 <= rows {
                self.block::<V, 8, C>(r);
                r += 8;
            }
            if R > 4 && r + 4 <= rows {
                self.block::<V, 4, C>(r);
                r += 4;
            }
            while r + 2 <= rows {
                self.block::<V, 2, C>(r);
                r += 2;
            }
            if r < rows {
                self.block::<V, 1, C>(r);
            }
        }
    }

    #[inline(always)]
    unsafe fn block<V: Vector, const R: usize, const C: usize>(&self, first: usize) {
        // SAFETY: rows first..first + R and C registers of columns lie inside the operands.
        unsafe {
            let mut sum = [[V::splat(0.0); C]; R];
            for r in 0..R {
                for c in 0..C {
                    sum[r][c] = V::load(self.init.at(first + r, self.column + c * V::LANES));
                }
            }
            let mut left = self.left.data.add(first * self.left.row);
            let mut right = self.right.data.add(self.column);
            for _ in 0..self.terms {
                let mut row = [V::splat(0.0); C];
                for c in 0..C {
                    row[c] = V::load(right.add(c * V::LANES));
                }
                for r in 0..R {
                    let x = V::splat(*left.add(r * self.left.row));
                    for c in 0..C {
                        sum[r][c] = x.mul_add(row[c], sum[r][c]);
                    }
                }
                left = left.wrapping_add(self.left.step);
                right = right.wrapping_add(self.right.pitch);
            }
            for r in 0..R {
                for c in 0..C {
                    self.epilogue.put(sum[r][c], self.out.at(first + r, self.column + c * V::LANES));
                }
            }
            // A loop of its own, over memory: in the one above it would keep the sums from staying in registers.
            if E::WORK {
                for r in first..first + R {
                    for c in 0..C {
                        let column = self.column + c * V::LANES;
                        self.epilogue.finish::<V>(self.out.at(r, column), r, column);
                    }
                }
            }
        }
    }
}
