use super::*;
use proptest::prelude::*;

fn empty() -> Volume {
    Volume { count: vec![], values: Values::Float32(vec![]) }
}

/// Bytes with many exponents of all ones.
fn memory(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 56) as u8
    };
    (0..len).map(|_| if next(&mut state) < 60 { 0xff } else { next(&mut state) }).collect()
}

/// The same by plain indexing.
fn naive(layout: &Layout, bytes: &[u8], start: usize) -> (Vec<Vec<u8>>, NonFinite) {
    let size = layout.element_type().size();
    let (count, strides) = (layout.count(), layout.strides());
    let mut values = Vec::new();
    let mut found = NonFinite::default();
    for linear in 0..layout.len() {
        let (mut rest, mut at) = (linear, start as isize);
        for a in (0..count.len()).rev() {
            at += (rest % count[a]) as isize * strides[a];
            rest /= count[a];
        }
        let v = bytes[at as usize..at as usize + size].to_vec();
        let finite = match layout.element_type() {
            ElementType::Float32 => f32::from_ne_bytes(v.clone().try_into().unwrap()).is_finite(),
            ElementType::Float64 => f64::from_ne_bytes(v.clone().try_into().unwrap()).is_finite(),
        };
        if !finite {
            found.count += 1;
            found.first = found.first.or(Some(linear));
        }
        values.push(v);
    }
    (values, found)
}

fn to_bytes(values: &Values) -> Vec<Vec<u8>> {
    match values {
        Values::Float32(v) => v.iter().map(|x| x.to_ne_bytes().to_vec()).collect(),
        Values::Float64(v) => v.iter().map(|x| x.to_ne_bytes().to_vec()).collect(),
    }
}

fn check(layout: &Layout, start: usize, seed: u64, into: &mut Volume) {
    let (_, high) = layout.span();
    let bytes = memory((start as isize + high) as usize, seed);
    let found = copy_from_bytes(layout, &bytes, start, into).unwrap();
    let (values, expected) = naive(layout, &bytes, start);
    assert_eq!(to_bytes(&into.values), values, "{layout:?}");
    assert_eq!(found, expected, "{layout:?}");
    assert_eq!(into.count, layout.count());
}

fn layouts() -> impl Strategy<Value = Layout> {
    let element = prop_oneof![Just(ElementType::Float32), Just(ElementType::Float64)];
    let axis = (1usize..24, prop_oneof![Just(0isize), -300isize..300, (-20isize..20).prop_map(|k| 8 * k)]);
    let arbitrary = (element.clone(), prop::collection::vec(axis, 1..4)).prop_map(|(e, axes)| {
        let (count, strides): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
        Layout::strided(e, &count, &strides).unwrap()
    });
    // Arrays of either order with ghosts around them, some axes flipped.
    let ghosted = (element, prop::collection::vec((1usize..24, 0usize..3, any::<bool>()), 1..4), any::<bool>())
        .prop_map(|(e, axes, c_order)| {
            let mut strides = vec![0; axes.len()];
            let mut stride = e.size() as isize;
            for k in 0..axes.len() {
                let a = if c_order { axes.len() - 1 - k } else { k };
                strides[a] = if axes[a].2 { -stride } else { stride };
                stride *= (axes[a].0 + 2 * axes[a].1) as isize;
            }
            let count: Vec<_> = axes.iter().map(|x| x.0).collect();
            Layout::strided(e, &count, &strides).unwrap()
        });
    prop_oneof![arbitrary, ghosted]
}

proptest! {
    #[test]
    fn copies_what_naive_indexing_copies(first in layouts(), second in layouts(), shift in 0usize..9, seed: u64) {
        // One buffer for both, so that it is used again at another size and type.
        let mut into = empty();
        for layout in [&first, &second] {
            check(layout, shift + layout.span().0.unsigned_abs(), seed, &mut into);
        }
    }

    #[test]
    fn never_leaves_the_slice(layout in layouts(), start in 0usize..4000, len in 0usize..4000) {
        let bytes = memory(len, 7);
        let (low, high) = layout.span();
        let inside = start as isize + low >= 0 && start as isize + high <= len as isize;
        let copied = copy_from_bytes(&layout, &bytes, start, &mut empty());
        prop_assert_eq!(copied.is_ok(), inside);
    }
}

#[test]
fn rows_longer_than_a_run_and_tiles_with_remainders() {
    let mut into = empty();
    for e in [ElementType::Float32, ElementType::Float64] {
        check(&Layout::contiguous(e, &[3 * RUN + 5]).unwrap(), 3, 1, &mut into);
        let size = e.size() as isize;
        check(&Layout::strided(e, &[2, RUN + 1], &[size * 5000, size]).unwrap(), 0, 2, &mut into);
        check(&Layout::strided(e, &[37, 3, 41], &[size, size * 2000, size * 40]).unwrap(), 1, 3, &mut into);
    }
}

#[test]
fn counts_every_kind_of_non_finite_value_and_no_other() {
    let layout = Layout::contiguous(ElementType::Float64, &[8]).unwrap();
    let values = [0.0, -0.0, f64::MAX, f64::MIN, f64::NAN, f64::NEG_INFINITY, 5e-324, f64::INFINITY];
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    let found = copy_from_bytes(&layout, &bytes, 0, &mut empty()).unwrap();
    assert_eq!(found, NonFinite { count: 3, first: Some(4) });
    let layout = Layout::contiguous(ElementType::Float32, &[4]).unwrap();
    let bytes: Vec<u8> = [f32::MAX, f32::MIN, -f32::NAN, 1e-45].iter().flat_map(|v| v.to_ne_bytes()).collect();
    let found = copy_from_bytes(&layout, &bytes, 0, &mut empty()).unwrap();
    assert_eq!(found, NonFinite { count: 1, first: Some(2) });
    assert!(!found.is_clean());
}

#[test]
fn the_buffer_is_used_again() {
    let layout = Layout::contiguous(ElementType::Float64, &[100]).unwrap();
    let bytes = vec![0u8; 800];
    let mut into = empty();
    copy_from_bytes(&layout, &bytes, 0, &mut into).unwrap();
    let address = |v: &Volume| match &v.values {
        Values::Float64(v) => v.as_ptr() as usize,
        Values::Float32(v) => v.as_ptr() as usize,
    };
    let before = address(&into);
    let smaller = Layout::strided(ElementType::Float64, &[5, 10], &[160, 8]).unwrap();
    copy_from_bytes(&smaller, &bytes, 0, &mut into).unwrap();
    copy_from_bytes(&layout, &bytes, 0, &mut into).unwrap();
    assert_eq!(address(&into), before);
}

#[test]
fn null_is_refused() {
    let layout = Layout::contiguous(ElementType::Float64, &[100]).unwrap();
    // SAFETY: null is answered with an error before anything is read.
    let copied = unsafe { copy_from_pointer(&layout, std::ptr::null(), &mut empty()) };
    assert!(matches!(copied, Err(Error::InvalidArgument(_))));
}

/// On a CPU with AVX2 nothing else goes this way.
#[test]
fn the_portable_rows_are_the_same() {
    for (count, strides) in
        [([3, 5, 7], [640, 80, 8]), ([2, 3, RUN + 9], [80_000, 20_000, 16]), ([1, 1, 5000], [0, 0, 8])]
    {
        let layout = Layout::strided(ElementType::Float64, &count, &strides).unwrap();
        let bytes = memory(layout.span().1 as usize, 11);
        let (expected, expected_found) = naive(&layout, &bytes, 0);
        let mut into: Vec<f64> = Vec::with_capacity(layout.len());
        let mut found = NonFinite::default();
        // SAFETY: the span ends where `bytes` does, and `into` has room for all values, which are all written.
        unsafe {
            copy_rows(bytes.as_ptr(), into.as_mut_ptr(), &count, &strides, &mut found);
            into.set_len(layout.len());
        }
        assert!(expected_found.count > 0);
        assert_eq!(found, expected_found);
        assert_eq!(to_bytes(&Values::Float64(into)), expected);
    }
}
