//! The copy out of a simulation's array: any byte strides, non-finite values found on the way.
//!
//! The only module of this crate that is `unsafe`: it reads (and, in `scatter`, writes) through raw pointers along a
//! [`Layout`]. The copy and
//! the check are one pass over memory: what was just copied is still in the first-level cache when it is checked.

mod scatter;

pub use scatter::scatter;

use crate::{ElementType, Error, Layout, Result, Values, Volume};

/// What a copy found among the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonFinite {
    /// Number of NaN and infinite values.
    pub count: usize,
    /// Linear index (C order within the block) of the first of them.
    pub first: Option<usize>,
}

impl NonFinite {
    /// True if every value was finite.
    pub fn is_clean(&self) -> bool {
        self.count == 0
    }

    /// Notes one value; values may come in any order.
    fn note(&mut self, index: usize) {
        self.count += 1;
        self.first = Some(self.first.map_or(index, |f| f.min(index)));
    }
}

/// Copies a block into `into` and counts what is not finite. `into` is overwritten altogether; its buffer is used
/// again if it is of the same element type and large enough, and is not cleared first.
///
/// # Errors
/// `InvalidArgument` if `first` is null, `OutOfMemory` if the buffer cannot grow; `into` is then unchanged.
///
/// # Safety
/// `first` is the address of the block's first value (index 0 on every axis). All bytes of
/// [`Layout::span`] that belong to values of the block must be readable and must not be written to while this runs.
/// No alignment is asked for.
pub unsafe fn copy_from_pointer(layout: &Layout, first: *const u8, into: &mut Volume) -> Result<NonFinite> {
    if first.is_null() {
        return Err(Error::InvalidArgument("the address of the block's values is null".into()));
    }
    let n = layout.len();
    let found = match (layout.element_type(), &mut into.values) {
        // SAFETY: the caller's promise, handed on.
        (ElementType::Float32, Values::Float32(v)) => unsafe { fill(layout, first, v)? },
        // SAFETY: as above.
        (ElementType::Float64, Values::Float64(v)) => unsafe { fill(layout, first, v)? },
        (ElementType::Float32, other) => {
            let mut v = Vec::new();
            // SAFETY: as above.
            let found = unsafe { fill::<f32>(layout, first, &mut v)? };
            *other = Values::Float32(v);
            found
        }
        (ElementType::Float64, other) => {
            let mut v = Vec::new();
            // SAFETY: as above.
            let found = unsafe { fill::<f64>(layout, first, &mut v)? };
            *other = Values::Float64(v);
            found
        }
    };
    debug_assert_eq!(into.values.len(), n);
    into.count.clear();
    into.count.extend_from_slice(layout.count());
    Ok(found)
}

/// [`copy_from_pointer`] out of a byte slice: `start` is the byte offset of the block's first value in `bytes`
/// (native byte order).
///
/// # Errors
/// `InvalidArgument` if the block reaches outside the slice, `OutOfMemory` if the buffer cannot grow; `into` is
/// then unchanged.
pub fn copy_from_bytes(layout: &Layout, bytes: &[u8], start: usize, into: &mut Volume) -> Result<NonFinite> {
    let (low, high) = layout.span();
    let inside =
        start.checked_add_signed(low).is_some() && start.checked_add_signed(high).is_some_and(|end| end <= bytes.len());
    if !inside {
        return Err(Error::InvalidArgument(format!(
            "block {:?} with strides {:?} from byte {start} reaches outside its buffer of {} bytes",
            layout.count(),
            layout.strides(),
            bytes.len()
        )));
    }
    // SAFETY: `start + low ..= start + high` was just seen to lie in the slice, so `start` does, and so do all values.
    unsafe { copy_from_pointer(layout, bytes.as_ptr().add(start), into) }
}

/// The two element types: bit patterns whose exponent can be looked at by integer instructions, which vectorise on
/// every CPU and do not trap.
trait Element: Copy {
    /// Bit pattern with the top bit set if the value is NaN or infinite; other bits are arbitrary.
    type Bits: Copy + std::ops::BitOr<Output = Self::Bits>;
    const ZERO: Self::Bits;
    fn alarm(self) -> Self::Bits;
    fn raised(bits: Self::Bits) -> bool;
}

impl Element for f32 {
    type Bits = u32;
    const ZERO: u32 = 0;
    #[inline(always)]
    fn alarm(self) -> u32 {
        // An exponent of all ones carries into the top bit when its lowest bit is added.
        (self.to_bits() & 0x7f80_0000).wrapping_add(0x0080_0000)
    }
    #[inline(always)]
    fn raised(bits: u32) -> bool {
        bits >> 31 != 0
    }
}

impl Element for f64 {
    type Bits = u64;
    const ZERO: u64 = 0;
    #[inline(always)]
    fn alarm(self) -> u64 {
        (self.to_bits() & 0x7ff0_0000_0000_0000).wrapping_add(0x0010_0000_0000_0000)
    }
    #[inline(always)]
    fn raised(bits: u64) -> bool {
        bits >> 63 != 0
    }
}

/// Values copied before they are checked: small enough for the first-level cache with source and target.
const RUN: usize = 1024;

/// Edge of the squares in which an axis that is fast in the source and slow in the target is turned round.
const TILE: usize = 16;

/// Overwrites `into` with the block.
///
/// # Safety
/// As [`copy_from_pointer`], and `T` is the layout's element type.
unsafe fn fill<T: Element>(layout: &Layout, first: *const u8, into: &mut Vec<T>) -> Result<NonFinite> {
    let n = layout.len();
    if into.capacity() < n {
        into.try_reserve_exact(n - into.len()).map_err(|_| Error::OutOfMemory(layout.bytes()))?;
    }
    into.clear();
    let (count, strides) = layout.merged();
    let target = into.as_mut_ptr();
    let mut found = NonFinite::default();
    let fast = fastest_axis(&count, &strides);
    // SAFETY: `target` has room for `n` values, which is the product of `count`; the source is the caller's promise,
    // and merging keeps every address. Both ways write each of the `n` values once, hence the new length.
    unsafe {
        if fast == 2 {
            copy_rows_fast(first, target, &count, &strides, &mut found);
        } else {
            copy_turned(first, target, &count, &strides, fast, &mut found);
        }
        into.set_len(n);
    }
    Ok(found)
}

/// The axis whose neighbours are closest in the source, the last one if there is a tie.
fn fastest_axis(count: &[usize; 3], strides: &[isize; 3]) -> usize {
    let mut fast = 2;
    for axis in [1, 0] {
        if count[axis] > 1 && strides[axis] != 0 && strides[axis].unsigned_abs() < strides[fast].unsigned_abs() {
            fast = axis;
        }
    }
    fast
}

/// [`copy_rows`] with the widest registers that this CPU has.
///
/// # Safety
/// As [`copy_rows`].
unsafe fn copy_rows_fast<T: Element>(
    first: *const u8,
    target: *mut T,
    count: &[usize; 3],
    strides: &[isize; 3],
    found: &mut NonFinite,
) {
    #[cfg(target_arch = "x86_64")]
    {
        /// The same code, compiled for AVX2.
        ///
        /// # Safety
        /// As [`copy_rows`], and the CPU has AVX2.
        #[target_feature(enable = "avx2")]
        unsafe fn avx2<T: Element>(
            first: *const u8,
            target: *mut T,
            count: &[usize; 3],
            strides: &[isize; 3],
            found: &mut NonFinite,
        ) {
            // SAFETY: the caller's promise, handed on.
            unsafe { copy_rows(first, target, count, strides, found) }
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the caller's promise; the CPU was asked.
            return unsafe { avx2(first, target, count, strides, found) };
        }
    }
    // SAFETY: the caller's promise, handed on.
    unsafe { copy_rows(first, target, count, strides, found) }
}

/// Copies row by row, a row being the last axis.
///
/// # Safety
/// `target` has room for all values; all addresses of the walk are readable.
#[inline(always)]
unsafe fn copy_rows<T: Element>(
    first: *const u8,
    target: *mut T,
    count: &[usize; 3],
    strides: &[isize; 3],
    found: &mut NonFinite,
) {
    let unit = strides[2] == size_of::<T>() as isize;
    let mut at = 0;
    for i in 0..count[0] {
        for j in 0..count[1] {
            // SAFETY: an address of the walk: its offset lies within the layout's span, which fits an isize.
            let row = unsafe { first.offset(i as isize * strides[0] + j as isize * strides[1]) };
            let mut done = 0;
            while done < count[2] {
                let n = RUN.min(count[2] - done);
                // SAFETY: values `done..done + n` of this row are read; `at` counts the values written so far.
                unsafe {
                    let (from, to) = (row.offset(done as isize * strides[2]), target.add(at));
                    let bits = if unit { copy_run(from, to, n) } else { gather_run(from, strides[2], to, n) };
                    if T::raised(bits) {
                        note_run(to, n, at, found);
                    }
                }
                done += n;
                at += n;
            }
        }
    }
}

/// Copies `n` adjoining values and returns the union of their alarms.
///
/// # Safety
/// `from` is readable and `to` writable for `n` values; `from` may be misaligned.
#[inline(always)]
unsafe fn copy_run<T: Element>(from: *const u8, to: *mut T, n: usize) -> T::Bits {
    // SAFETY: the caller's promise; the values are read back only after they were written.
    unsafe {
        std::ptr::copy_nonoverlapping(from, to.cast::<u8>(), n * size_of::<T>());
        std::slice::from_raw_parts(to, n).iter().fold(T::ZERO, |bits, v| bits | v.alarm())
    }
}

/// Copies `n` values that lie `stride` bytes apart and returns the union of their alarms.
///
/// # Safety
/// All of them are readable, at any alignment; `to` is writable for `n` values.
#[inline(always)]
unsafe fn gather_run<T: Element>(from: *const u8, stride: isize, to: *mut T, n: usize) -> T::Bits {
    let mut bits = T::ZERO;
    for k in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let v = from.offset(k as isize * stride).cast::<T>().read_unaligned();
            to.add(k).write(v);
            bits = bits | v.alarm();
        }
    }
    bits
}

/// Counts one by one in a run that raised an alarm: `n` values at `values`, the first of them at linear index `at`.
///
/// # Safety
/// `values` holds `n` values.
#[cold]
unsafe fn note_run<T: Element>(values: *const T, n: usize, at: usize, found: &mut NonFinite) {
    // SAFETY: the caller's promise.
    let values = unsafe { std::slice::from_raw_parts(values, n) };
    for (k, v) in values.iter().enumerate() {
        if T::raised(v.alarm()) {
            found.note(at + k);
        }
    }
}

/// Copies where axis `fast` (0 or 1) and not the last one is the fast axis of the source, as in an array of the
/// other order: in squares, so that each cache line of either side is used while it is there.
///
/// # Safety
/// As [`copy_rows`].
unsafe fn copy_turned<T: Element>(
    first: *const u8,
    target: *mut T,
    count: &[usize; 3],
    strides: &[isize; 3],
    fast: usize,
    found: &mut NonFinite,
) {
    let other = 1 - fast;
    // Values between neighbours along each axis of the target.
    let pitch = [count[1] * count[2], count[2]];
    for o in 0..count[other] {
        for f0 in (0..count[fast]).step_by(TILE) {
            let f1 = count[fast].min(f0 + TILE);
            for l0 in (0..count[2]).step_by(TILE) {
                let n = TILE.min(count[2] - l0);
                for f in f0..f1 {
                    let at = o * pitch[other] + f * pitch[fast] + l0;
                    let offset = o as isize * strides[other] + f as isize * strides[fast] + l0 as isize * strides[2];
                    // SAFETY: values `l0..l0 + n` of a row of the block, read at addresses of the walk and written
                    // to their own places.
                    unsafe {
                        let to = target.add(at);
                        let bits = gather_run(first.offset(offset), strides[2], to, n);
                        if T::raised(bits) {
                            note_run(to, n, at, found);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
