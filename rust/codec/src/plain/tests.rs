use super::*;
use proptest::prelude::*;

fn geometry(volume: &Volume, offset: usize) -> BlockGeometry {
    BlockGeometry {
        shape: volume.count.iter().map(|c| c + 2 * offset).collect(),
        extent: Extent { offset: vec![offset; volume.count.len()], count: volume.count.clone() },
        element_type: volume.values.element_type(),
        shared: Vec::new(),
    }
}

fn bits(values: &Values) -> Vec<u64> {
    match values {
        Values::Float32(v) => v.iter().map(|v| u64::from(v.to_bits())).collect(),
        Values::Float64(v) => v.iter().map(|v| v.to_bits()).collect(),
    }
}

/// Blocks of any bit patterns, of smooth values, and of smooth values with holes.
fn volume() -> impl Strategy<Value = Volume> {
    (prop::collection::vec(1usize..9, 1..4), any::<bool>(), 0..3, any::<u64>()).prop_map(
        |(count, single, kind, seed)| {
            let n: usize = count.iter().product();
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                state ^ state >> 29
            };
            let mut value = |i: usize| match kind {
                0 => f64::from_bits(next()),
                2 if next() % 8 == 0 => [f64::NAN, f64::INFINITY, -0.0, 5e-324][(next() % 4) as usize],
                _ => (i as f64 * 0.1).sin(),
            };
            let values = if single && kind == 0 {
                Values::Float32((0..n).map(|_| f32::from_bits(next() as u32)).collect())
            } else if single {
                Values::Float32((0..n).map(|i| value(i) as f32).collect())
            } else {
                Values::Float64((0..n).map(&mut value).collect())
            };
            Volume { count, values }
        },
    )
}

proptest! {
    #[test]
    fn every_bit_comes_back(volume in volume()) {
        let g = geometry(&volume, 3);
        let block = PlainBlock::decode(&g, &encode(&volume)).unwrap();
        prop_assert_eq!(bits(block.values()), bits(&volume.values));
        let mut out = vec![0.0; volume.values.len()];
        block.decode(&Region::of(&g.extent), &mut out).unwrap();
        for (i, v) in out.iter().enumerate() {
            prop_assert_eq!(v.to_bits(), volume.values.get(i).to_bits());
        }
    }

    #[test]
    fn truncation_is_an_error_and_no_flip_a_panic(volume in volume(), bit in any::<prop::sample::Index>()) {
        let g = geometry(&volume, 0);
        let bytes = encode(&volume);
        for n in 0..bytes.len() {
            prop_assert!(PlainBlock::decode(&g, &bytes[..n]).is_err());
        }
        prop_assert!(PlainBlock::decode(&g, &[bytes.as_slice(), &[0]].concat()).is_err());
        let mut flipped = bytes.clone();
        let bit = bit.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        match PlainBlock::decode(&g, &flipped) {
            Ok(block) => prop_assert_eq!(block.values().len(), volume.values.len()),
            Err(e) => prop_assert!(matches!(e, Error::Corruption(_) | Error::Compatibility(_))),
        }
    }

    #[test]
    fn any_bytes_decode_or_fail(tail in prop::collection::vec(any::<u8>(), 0..64), axes in 0u8..5, packing in 0u8..3) {
        let volume = Volume { count: vec![2, 3], values: Values::Float64(vec![1.5; 6]) };
        let mut bytes = encode(&volume)[..21].to_vec();
        (bytes[3], bytes[4]) = (axes, packing);
        bytes.extend(tail);
        if let Ok(block) = PlainBlock::decode(&geometry(&volume, 0), &bytes) {
            prop_assert_eq!(block.values().len(), 6);
        }
    }

    #[test]
    fn samples_of_a_linear_field_are_exact_between_and_at_the_points(
        count in prop::collection::vec(1usize..6, 1..4), t in prop::collection::vec(-0.5..1.5f64, 3), offset in 0usize..9,
    ) {
        let rank = count.len();
        let field = |p: &[f64]| p.iter().enumerate().map(|(a, p)| (a + 2) as f64 * p).sum::<f64>();
        let mut values = Vec::new();
        for linear in 0..count.iter().product::<usize>() {
            let (mut rest, mut p) = (linear, vec![0.0; rank]);
            for a in (0..rank).rev() {
                p[a] = (offset + rest % count[a]) as f64;
                rest /= count[a];
            }
            values.push(field(&p));
        }
        let volume = Volume { count: count.clone(), values: Values::Float64(values) };
        let block = PlainBlock::decode(&geometry(&volume, offset), &encode(&volume)).unwrap();
        let point: Vec<f64> = (0..rank).map(|a| offset as f64 + t[a] * (count[a] - 1) as f64).collect();
        // Outside, the value at the nearest point of the block.
        let clamped: Vec<f64> =
            (0..rank).map(|a| point[a].clamp(offset as f64, (offset + count[a] - 1) as f64)).collect();
        let mut out = [0.0];
        block.sample(&point, &mut out).unwrap();
        prop_assert!((out[0] - field(&clamped)).abs() < 1e-9, "{} {}", out[0], field(&clamped));
    }
}

#[test]
fn sampling_at_grid_points_ignores_the_neighbours() {
    let values = vec![1.0, f64::NAN, 0.1, f64::INFINITY, -0.0, 7.0];
    let volume = Volume { count: vec![2, 3], values: Values::Float64(values.clone()) };
    let block = PlainBlock::decode(&geometry(&volume, 5), &encode(&volume)).unwrap();
    let points: Vec<f64> = (0..6).flat_map(|i| [5.0 + f64::from(i / 3), 5.0 + f64::from(i % 3)]).collect();
    let mut out = [0.0; 6];
    block.sample(&points, &mut out).unwrap();
    assert_eq!(out.map(f64::to_bits).to_vec(), values.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
    block.sample(&[f64::NAN, 5.0], &mut out[..1]).unwrap();
    assert!(out[0].is_nan());
    block.sample(&[-1e300, 1e300], &mut out[..1]).unwrap();
    assert_eq!(out[0], 0.1);
    assert!(block.sample(&[1.0, 2.0, 3.0], &mut out[..1]).is_err());
}

#[test]
fn samples_stay_between_the_values_around() {
    for v in [0.1, -0.3, f64::MAX, f64::MIN, 5e-324] {
        let volume = Volume { count: vec![3, 3, 3], values: Values::Float64(vec![v; 27]) };
        let block = PlainBlock::decode(&geometry(&volume, 0), &encode(&volume)).unwrap();
        for i in 0..200 {
            let t = f64::from(i) * 0.00997;
            let mut out = [0.0];
            block.sample(&[t, 1.9 - 0.7 * t, 0.37 * t], &mut out).unwrap();
            assert_eq!(out, [v], "at {t}");
        }
    }
}

#[test]
fn regions_pick_their_points() {
    let volume = Volume { count: vec![3, 4], values: Values::Float32((0..12).map(|i| i as f32).collect()) };
    let block = PlainBlock::decode(&geometry(&volume, 10), &encode(&volume)).unwrap();
    let mut out = [0.0; 4];
    block.decode(&Region { start: vec![10, 11], count: vec![2, 2], every: vec![2, 2] }, &mut out).unwrap();
    assert_eq!(out, [1.0, 3.0, 9.0, 11.0]);
    let outside = Region { start: vec![10, 11], count: vec![2, 2], every: vec![2, 3] };
    assert!(matches!(block.decode(&outside, &mut out), Err(Error::InvalidArgument(_))));
    assert!(block.decode(&Region::of(&Extent::whole(&[3, 4])), &mut out).is_err());
    assert!(block.as_any().downcast_ref::<PlainBlock>().is_some());
    let claim = |count: [usize; 2]| Region { start: vec![10, 10], count: count.to_vec(), every: vec![1, 1] };
    assert!(block.decode(&claim([usize::MAX, 2]), &mut out).is_err());
    assert!(block.decode(&claim([usize::MAX, 0]), &mut out).is_err());
    block.decode(&claim([usize::MAX, 0]), &mut []).unwrap();
}

#[test]
fn another_geometry_is_refused_without_allocating_for_it() {
    let volume = Volume { count: vec![4, 4], values: Values::Float64(vec![1.0; 16]) };
    let bytes = encode(&volume);
    let good = geometry(&volume, 0);
    for (count, element_type) in [
        (vec![4, 4], ElementType::Float32),
        (vec![16], ElementType::Float64),
        (vec![2, 8], ElementType::Float64),
        (vec![1 << 20, 1 << 20], ElementType::Float64),
        (vec![usize::MAX, usize::MAX], ElementType::Float64),
    ] {
        let extent = Extent { offset: vec![0; count.len()], count: count.clone() };
        let other = BlockGeometry { shape: count.clone(), extent, element_type, shared: Vec::new() };
        assert!(PlainBlock::decode(&other, &bytes).is_err(), "{count:?}");
        // The same with a header that agrees.
        let mut claim = vec![VERSION, element_type.size() as u8, count.len() as u8, 0, ZSTD];
        claim.extend(count.iter().flat_map(|&c| (c as u64).to_le_bytes()));
        claim.extend(&bytes[21..]);
        let same_bytes = count.iter().try_fold(element_type.size(), |n, &c| n.checked_mul(c)) == Some(128);
        assert_eq!(PlainBlock::decode(&other, &claim).is_ok(), same_bytes, "{count:?}");
    }
    assert!(PlainBlock::decode(&good, &bytes).is_ok());
    let later = [&[2], &bytes[1..]].concat();
    assert!(matches!(PlainBlock::decode(&good, &later), Err(Error::Compatibility(_))));
}

#[test]
fn smooth_fields_shrink_and_noise_grows_by_the_header_only() {
    let n = 32;
    let smooth = (0..n * n * n).map(|i| {
        let (z, y, x) = (i / (n * n), i / n % n, i % n);
        (x as f64 * 0.05).sin() + (y as f64 * 0.04).cos() * z as f64 * 0.02
    });
    let volume = Volume { count: vec![n; 3], values: Values::Float64(smooth.collect()) };
    let bytes = encode(&volume);
    assert!(bytes[3] > 0 && bytes[4] == ZSTD, "{:?}", &bytes[..5]);
    assert!(bytes.len() * 2 < volume.values.bytes(), "{} of {}", bytes.len(), volume.values.bytes());

    let mut state = 1u32;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from_bits(state)
    };
    let volume = Volume { count: vec![n; 3], values: Values::Float32((0..n * n * n).map(|_| noise()).collect()) };
    assert!(encode(&volume).len() <= volume.values.bytes() + 29);
}

#[test]
fn no_single_flipped_bit_panics_or_changes_the_size() {
    // Once packed, once stored.
    let smooth: Vec<f32> = (0..240).map(|i| (i / 40) as f32).collect();
    let mut state = 5u64;
    let noise = (0..60).map(|_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        f64::from_bits(state ^ state >> 31)
    });
    for (packing, volume) in [
        (ZSTD, Volume { count: vec![6, 40], values: Values::Float32(smooth) }),
        (STORED, Volume { count: vec![3, 4, 5], values: Values::Float64(noise.collect()) }),
    ] {
        let g = geometry(&volume, 1);
        let bytes = encode(&volume);
        assert_eq!(bytes[4], packing);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match PlainBlock::decode(&g, &flipped) {
                Ok(block) => assert_eq!(block.values().len(), volume.values.len()),
                Err(e) => assert!(matches!(e, Error::Corruption(_) | Error::Compatibility(_)), "{e}"),
            }
        }
    }
}
