//! The way back: values into a host's array.

use crate::Layout;

/// Writes values (C order, as many as the layout has) to where the layout says, and nothing in between.
///
/// # Panics
/// If there are fewer or more values than the layout has.
///
/// # Safety
/// `first` is the address of the block's first value; all bytes of [`Layout::span`] that belong to values of the block
/// are writable and used by nobody else while this runs. `T` has the size of the layout's element type. No alignment is
/// asked for.
pub unsafe fn scatter<T: Copy>(values: &[T], layout: &Layout, first: *mut u8) {
    assert_eq!(values.len(), layout.len(), "values to be scattered");
    debug_assert_eq!(size_of::<T>(), layout.element_type().size());
    let (count, strides) = layout.merged();
    let unit = strides[2] == size_of::<T>() as isize;
    for (row, values) in values.chunks_exact(count[2]).enumerate() {
        let (i, j) = (row / count[1], row % count[1]);
        // SAFETY: an address of the walk: its offset lies within the layout's span, which fits an isize.
        let to = unsafe { first.offset(i as isize * strides[0] + j as isize * strides[1]) };
        if unit {
            // SAFETY: a row without gaps, writable by the caller's word; nobody else uses it, so it is not `values`.
            unsafe { std::ptr::copy_nonoverlapping(values.as_ptr().cast::<u8>(), to, size_of_val(values)) };
        } else {
            for (k, &value) in values.iter().enumerate() {
                // SAFETY: an address of the walk, writable by the caller's word.
                unsafe { to.offset(k as isize * strides[2]).cast::<T>().write_unaligned(value) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ElementType;

    /// Every value arrives where the strides say, and nothing else is touched.
    fn check(count: &[usize], strides: &[isize], start: isize, len: usize) {
        let values: Vec<f32> = (0..count.iter().product::<usize>()).map(|i| i as f32 + 1.0).collect();
        let layout = Layout::strided(ElementType::Float32, count, strides).unwrap();
        let mut out = vec![0u8; len];
        assert!(start + layout.span().0 >= 0 && start + layout.span().1 <= len as isize);
        // SAFETY: the span lies within `out`, as was just seen.
        unsafe { scatter(&values, &layout, out.as_mut_ptr().offset(start)) };
        let mut expected = vec![0u8; len];
        for (i, value) in values.iter().enumerate() {
            let (mut rest, mut at) = (i, start);
            for (&n, &stride) in count.iter().zip(strides).rev() {
                at += (rest % n) as isize * stride;
                rest /= n;
            }
            expected[at as usize..at as usize + 4].copy_from_slice(&value.to_ne_bytes());
        }
        assert!(out == expected, "{count:?} {strides:?}");
    }

    #[test]
    fn values_go_where_the_strides_say() {
        check(&[2, 3, 4], &[48, 16, 4], 0, 96);
        check(&[2, 3, 4], &[240, 40, 4], 44, 600);
        check(&[2, 3, 4], &[240, 40, 8], 3, 600);
        check(&[3, 2], &[4, 20], 4, 64);
        check(&[3, 2], &[-20, 4], 40, 64);
        check(&[5], &[-7], 28, 32);
        check(&[1, 1, 1], &[999, -999, 5], 0, 4);
    }
}
