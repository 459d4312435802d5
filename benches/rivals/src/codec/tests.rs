use super::*;

/// A smooth field with a ridge, in three or four dimensions.
fn smooth(shape: &[usize]) -> Vec<f32> {
    let count: usize = shape.iter().product();
    (0..count)
        .map(|mut i| {
            let (mut sum, mut ridge) = (0.0f64, 0.0f64);
            for (axis, &n) in shape.iter().enumerate().rev() {
                let x = (i % n) as f64 / n as f64;
                i /= n;
                sum += (3.0 * x + axis as f64).sin();
                ridge += (x - 0.4).powi(2);
            }
            (10.0 * sum + 5.0 * (-40.0 * ridge).exp()) as f32
        })
        .collect()
}

/// Largest and root mean square error after a round trip, and the bytes it took.
fn round_trip(codec: Codec, shape: &[usize], bound: f64) -> (f64, f64, usize) {
    let values = smooth(shape);
    let bytes = codec.encode(&values, shape, bound).unwrap();
    let decoded = codec.decode(&bytes, shape).unwrap();
    let errors = || values.iter().zip(&decoded).map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs());
    let squares: f64 = errors().map(|e| e * e).sum();
    (errors().fold(0.0, f64::max), (squares / values.len() as f64).sqrt(), bytes.len())
}

const VOLUME: [usize; 3] = [20, 24, 28];
const SERIES: [usize; 4] = [6, 12, 16, 20];

#[test]
fn sz3_and_zfp_keep_the_largest_error() {
    for shape in [&VOLUME[..], &SERIES] {
        for codec in [Codec::Sz3, Codec::Zfp] {
            for bound in [0.01, 0.5] {
                let (largest, _, bytes) = round_trip(codec, shape, bound);
                assert!(largest <= bound * (1.0 + 1e-6), "{codec:?} {shape:?} {bound}: {largest}");
                assert!(bytes < 2 * shape.iter().product::<usize>(), "{codec:?} {shape:?} {bound}: {bytes} bytes");
            }
        }
    }
}

#[test]
fn tthresh_keeps_the_root_mean_square_error_roughly() {
    for shape in [&VOLUME[..], &SERIES] {
        for bound in [0.01, 0.5] {
            let (_, rms, bytes) = round_trip(Codec::Tthresh, shape, bound);
            // The bound is that of the core; the rounding of the factors comes on top, which are large for fields this small.
            assert!(rms <= 5.0 * bound, "{shape:?} {bound}: {rms}");
            // A few of each: with the axes in the wrong order there would be many.
            assert!(bytes < shape.iter().product::<usize>() / 3, "{shape:?} {bound}: {bytes} bytes");
        }
    }
}

#[test]
fn sperr_errs_by_less_than_its_quantisation_step() {
    for bound in [0.01, 0.5] {
        let (_, rms, _) = round_trip(Codec::Sperr, &VOLUME, bound);
        assert!(rms <= bound, "{bound}: {rms}");
    }
    assert!(Codec::Sperr.encode(&smooth(&SERIES), &SERIES, 0.1).is_err());
}

#[test]
fn a_coarser_bound_takes_fewer_bytes() {
    for codec in [Codec::Sz3, Codec::Zfp, Codec::Sperr, Codec::Tthresh] {
        let bytes = [0.01, 0.1, 1.0].map(|bound| round_trip(codec, &VOLUME, bound).2);
        assert!(bytes[0] > bytes[1] && bytes[1] > bytes[2], "{codec:?}: {bytes:?}");
    }
}

#[test]
fn constant_volumes_and_single_planes_come_back() {
    for codec in [Codec::Sz3, Codec::Zfp, Codec::Sperr, Codec::Tthresh] {
        let shape = [16, 16, 16];
        let bytes = codec.encode(&[2.5; 4096], &shape, 0.01).unwrap();
        let decoded = codec.decode(&bytes, &shape).unwrap();
        // TTHRESH rounds its factors whatever the bound, and a constant has nothing else.
        let tolerance = if codec == Codec::Tthresh { 0.25 } else { 0.01 };
        assert!(decoded.iter().all(|v| (v - 2.5).abs() <= tolerance), "{codec:?}: {:?}", &decoded[..4]);
        let (_, rms, _) = round_trip(codec, &[1, 24, 28], 0.05);
        assert!(rms <= 0.2, "{codec:?}, one plane: {rms}");
    }
}

#[test]
fn a_stream_of_another_shape_is_refused() {
    for codec in [Codec::Sz3, Codec::Zfp, Codec::Sperr, Codec::Tthresh] {
        let bytes = codec.encode(&smooth(&VOLUME), &VOLUME, 0.1).unwrap();
        assert!(codec.decode(&bytes, &[20, 24, 30]).is_err(), "{codec:?}");
    }
}
