use super::*;
use proptest::prelude::*;

/// SSIM by its definition, window by window.
fn naive_ssim(x: &[f64], y: &[f64], count: &[usize], l: f64) -> f64 {
    let mut shape = [1; 3];
    shape[3 - count.len()..].copy_from_slice(count);
    let w = shape.map(|n| n.min(7));
    let (mut sum, mut windows) = (0.0, 0.0);
    for z0 in 0..=shape[0] - w[0] {
        for y0 in 0..=shape[1] - w[1] {
            for x0 in 0..=shape[2] - w[2] {
                let mut at = Vec::new();
                for z in z0..z0 + w[0] {
                    for yy in y0..y0 + w[1] {
                        at.extend((x0..x0 + w[2]).map(|xx| (z * shape[1] + yy) * shape[2] + xx));
                    }
                }
                let n = at.len() as f64;
                let mean = |v: &[f64]| at.iter().map(|&i| v[i]).sum::<f64>() / n;
                let (mx, my) = (mean(x), mean(y));
                let moment = |a: &[f64], ma: f64, b: &[f64], mb: f64| {
                    at.iter().map(|&i| (a[i] - ma) * (b[i] - mb)).sum::<f64>() / n
                };
                let (vx, vy, cov) = (moment(x, mx, x, mx), moment(y, my, y, my), moment(x, mx, y, my));
                let (c1, c2) = ((0.01 * l).powi(2), (0.03 * l).powi(2));
                sum += (2.0 * mx * my + c1) * (2.0 * cov + c2) / ((mx * mx + my * my + c1) * (vx + vy + c2));
                windows += 1.0;
            }
        }
    }
    sum / windows
}

fn pair() -> impl Strategy<Value = (Vec<usize>, Vec<f64>, Vec<f64>)> {
    prop::collection::vec(1usize..12, 1..4).prop_flat_map(|count| {
        let n = count.iter().product::<usize>();
        (Just(count), prop::collection::vec(-1.0..1.0f64, n), prop::collection::vec(-1.0..1.0f64, n))
    })
}

proptest! {
    #[test]
    fn ssim_agrees_with_the_definition(
        (count, x, noise) in pair(), share in 0.0..1.0f64, offset in -5.0..5.0f64, l in 0.1..10.0f64,
    ) {
        let x: Vec<f64> = x.iter().map(|v| v + offset).collect();
        let y: Vec<f64> = x.iter().zip(&noise).map(|(v, e)| v + share * e).collect();
        let (fast, slow) = (ssim(&x, &y, &count, Some(l)).unwrap(), naive_ssim(&x, &y, &count, l));
        prop_assert!((fast - slow).abs() < 1e-9, "{} {}", fast, slow);
    }

    #[test]
    fn ssim_does_not_depend_on_the_unit((count, x, y) in pair(), scale in prop_oneof![Just(1e-300), Just(1e307)]) {
        let of = |v: &[f64]| v.iter().map(|v| v * scale).collect::<Vec<_>>();
        prop_assume!(x.iter().any(|v| *v != x[0]));
        let (a, b) = (ssim(&x, &y, &count, None).unwrap(), ssim(&of(&x), &of(&y), &count, None).unwrap());
        prop_assert!((a - b).abs() < 1e-6, "{} {}", a, b);
    }

    #[test]
    fn distortion_agrees_with_the_definition((_, x, y) in pair()) {
        let d = Distortion::measure(&x, &y).unwrap();
        let errors: Vec<f64> = x.iter().zip(&y).map(|(a, b)| b - a).collect();
        let mse = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
        prop_assert!((d.mse - mse).abs() <= 1e-12 * mse);
        prop_assert_eq!(d.max_error, errors.iter().fold(0.0, |m: f64, e| m.max(e.abs())));
        prop_assert_eq!(d.count, x.len() as u64);
    }
}

#[test]
fn psnr_of_a_known_error() {
    let x: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
    let y: Vec<f64> = x.iter().map(|v| v - 0.01).collect();
    let d = Distortion::measure(&x, &y).unwrap();
    assert!((d.psnr() - 40.0).abs() < 1e-9 && (d.max_error - 0.01).abs() < 1e-12);
    assert_eq!((d.min, d.max), (0.0, 1.0));
    assert_eq!(Distortion::measure(&x, &x).unwrap().psnr(), f64::INFINITY);
}

#[test]
fn values_that_are_no_numbers() {
    let x = [1.0, f64::NAN, 3.0];
    let d = Distortion::measure(&x, &[1.0, 2.0, 3.0]).unwrap();
    assert_eq!((d.count, d.mse, d.max_error), (2, 0.0, 0.0));
    let d = Distortion::measure(&x, &[1.0, 2.0, f64::NAN]).unwrap();
    assert_eq!((d.max_error, d.psnr()), (f64::INFINITY, f64::NEG_INFINITY));
    assert!(Distortion::measure(&x, &[1.0]).is_err());

    let ramp: Vec<f64> = (0..9).map(f64::from).collect();
    let (mut holed, mut broken) = (ramp.clone(), ramp.clone());
    holed[0] = f64::NAN;
    broken[0] = f64::NAN;
    // Three windows: the first one left out, or counted as 0.
    assert_eq!(ssim(&holed, &ramp, &[9], None).unwrap(), 1.0);
    assert!((ssim(&ramp, &broken, &[9], None).unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert!(ssim(&[f64::NAN; 4], &[0.0; 4], &[4], None).unwrap().is_nan());
}

#[test]
fn equal_is_one_and_a_mirror_image_is_not() {
    let x: Vec<f64> = (0..512).map(|i| 10.0 + (f64::from(i) * 0.3).sin()).collect();
    let mirrored: Vec<f64> = x.iter().map(|v| 20.0 - v).collect();
    assert!((ssim(&x, &x, &[8, 8, 8], None).unwrap() - 1.0).abs() < 1e-12);
    assert!(ssim(&x, &mirrored, &[8, 8, 8], None).unwrap() < 0.0);
    for constant in [0.0, 3.0, f64::MAX] {
        assert_eq!(ssim(&[constant; 9], &[constant; 9], &[9], None).unwrap(), 1.0);
    }
    assert!(ssim(&[3.0; 9], &[2.0; 9], &[9], None).unwrap() < 0.95);
    assert!(ssim(&[3.0; 8], &[3.0; 8], &[9], None).is_err());
    assert!(ssim(&[3.0; 8], &[3.0; 8], &[8], Some(0.0)).is_err());
    assert!(ssim(&[], &[], &[0], None).is_err());
    assert!(ssim(&[3.0; 8], &[3.0; 8], &[usize::MAX, 2], None).is_err());
}
