//! Values to [-1, 1] and back.
//!
//! The way back is part of the decode arithmetic of the archive format: see [`Normalisation::inverse`].

use crate::{Error, Result, Values};

/// The linear map between the values of a block and [-1, 1].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// The value that becomes 0; finite.
    pub mid: f64,
    /// Distance from it that becomes 1; finite, not negative, 0 for a constant block.
    pub half: f64,
}

impl Normalisation {
    /// From stored numbers.
    ///
    /// # Errors
    /// `InvalidArgument` if either is not finite or `half` is negative.
    pub fn new(mid: f64, half: f64) -> Result<Normalisation> {
        if !mid.is_finite() || !half.is_finite() || half < 0.0 {
            return Err(Error::InvalidArgument(format!("no normalisation has mid {mid} and half range {half}")));
        }
        Ok(Normalisation { mid, half })
    }

    /// The map that takes `min` and `max` into [-1, 1], for any finite `min <= max`.
    ///
    /// `half` is 0 only if both are equal: ranges of one denormal and ranges wider than the largest number are fine.
    ///
    /// # Errors
    /// `InvalidArgument` if either is not finite or `min > max`.
    pub fn fit(min: f64, max: f64) -> Result<Normalisation> {
        if !min.is_finite() || !max.is_finite() || min > max {
            return Err(Error::InvalidArgument(format!("no values lie between {min} and {max}")));
        }
        if min == max {
            return Ok(Normalisation { mid: min, half: 0.0 });
        }
        let range = max - min;
        let mid = if range.is_finite() { min + range / 2.0 } else { min / 2.0 + max / 2.0 };
        // The larger side: `mid` is rounded, and neither end may come to lie outside.
        Ok(Normalisation { mid, half: (max - mid).max(mid - min) })
    }

    /// One value to [-1, 1]: `(value - mid) / half` in double precision, clamped, rounded to single.
    /// Constant blocks and NaN give 0, infinities the end of their sign.
    pub fn forward(&self, value: f64) -> f32 {
        if self.half == 0.0 || value.is_nan() {
            return 0.0;
        }
        ((value - self.mid) / self.half).clamp(-1.0, 1.0) as f32
    }

    /// Back. Exactly, in IEEE 754 double precision with round to nearest even and **without** fused multiply-add:
    ///
    /// ```text
    /// half == 0:  mid
    /// otherwise:  c = min(max(double(y), -1), 1)          (NaN stays NaN)
    ///             p = half * c
    ///             r = mid + p
    ///             min(max(r, -LARGEST), LARGEST)          (LARGEST = the largest finite double)
    /// ```
    ///
    /// What the network says beyond the range of the data is cut off, which can only lessen the error.
    pub fn inverse(&self, y: f32) -> f64 {
        if self.half == 0.0 {
            return self.mid;
        }
        let p = self.half * f64::from(y).clamp(-1.0, 1.0);
        (self.mid + p).clamp(-f64::MAX, f64::MAX)
    }

    /// [`Normalisation::forward`] of all values.
    ///
    /// # Errors
    /// `InvalidArgument` if `out` has another length.
    pub fn forward_all(&self, values: &Values, out: &mut [f32]) -> Result<()> {
        same_length(values.len(), out.len())?;
        match values {
            Values::Float32(v) => out.iter_mut().zip(v).for_each(|(o, &v)| *o = self.forward(f64::from(v))),
            Values::Float64(v) => out.iter_mut().zip(v).for_each(|(o, &v)| *o = self.forward(v)),
        }
        Ok(())
    }

    /// [`Normalisation::inverse`] of all values.
    ///
    /// # Errors
    /// `InvalidArgument` if `out` has another length.
    pub fn inverse_all(&self, values: &[f32], out: &mut [f64]) -> Result<()> {
        same_length(values.len(), out.len())?;
        out.iter_mut().zip(values).for_each(|(o, &y)| *o = self.inverse(y));
        Ok(())
    }
}

fn same_length(values: usize, out: usize) -> Result<()> {
    if values != out {
        return Err(Error::InvalidArgument(format!("{values} values do not fit a buffer for {out}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Finite doubles of all magnitudes, denormals and the extremes among them.
    fn finite() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |v| v.is_finite()),
            -10.0..10.0,
            Just(0.0),
            Just(-0.0),
            Just(5e-324),
            Just(f64::MAX),
            Just(f64::MIN),
        ]
    }

    /// A range and a value in it, the range often only a few units in the last place wide.
    fn range_and_value() -> impl Strategy<Value = (f64, f64, f64)> {
        let near = (finite(), 0u64..5).prop_map(|(a, k)| {
            let b = f64::from_bits(a.to_bits().saturating_add(k));
            (a, if b.is_finite() { b } else { a })
        });
        (prop_oneof![(finite(), finite()), near], 0.0..=1.0f64).prop_map(|((a, b), t)| {
            let (min, max) = (a.min(b), a.max(b));
            (min, max, (min * (1.0 - t) + max * t).clamp(min, max))
        })
    }

    proptest! {
        #[test]
        fn there_and_back((min, max, v) in range_and_value()) {
            let n = Normalisation::fit(min, max).unwrap();
            prop_assert!(n.mid.is_finite() && n.half.is_finite() && n.half >= 0.0);
            prop_assert_eq!(n.half == 0.0, min == max);
            prop_assert_eq!(Normalisation::new(n.mid, n.half).unwrap(), n);
            for v in [min, v, max] {
                let y = n.forward(v);
                prop_assert!((-1.0..=1.0).contains(&y));
                let back = n.inverse(y);
                prop_assert!(back.is_finite());
                // Half a unit in the last place of y, then roundings of the sum and of the difference; halved so
                // that the error of opposite extremes does not overflow.
                let ulp = |x: f64| (x.abs() * f64::EPSILON).max(5e-324);
                let allowed = n.half * 2f64.powi(-25) * 1.01 + ulp(n.half) + ulp(n.mid);
                prop_assert!((back / 2.0 - v / 2.0).abs() <= allowed, "{} came back as {}", v, back);
            }
        }

        #[test]
        fn any_output_of_a_network_decodes_to_a_number((min, max, _) in range_and_value(), y: f32) {
            let n = Normalisation::fit(min, max).unwrap();
            let v = n.inverse(y);
            prop_assert!(v.is_finite() || y.is_nan());
            prop_assert_eq!(v.is_nan(), y.is_nan() && n.half != 0.0);
        }

        #[test]
        fn order_is_kept((min, max, v) in range_and_value()) {
            let n = Normalisation::fit(min, max).unwrap();
            prop_assert!(n.forward(min) <= n.forward(v) && n.forward(v) <= n.forward(max));
        }
    }

    #[test]
    fn constants_come_back_to_the_bit() {
        for v in [0.0, -0.0, 1.0, 5e-324, f64::MAX, f64::MIN, 0.1] {
            let n = Normalisation::fit(v, v).unwrap();
            assert_eq!(n.forward(v), 0.0);
            for y in [0.0, 1.0, -1.0, f32::NAN] {
                assert_eq!(n.inverse(y).to_bits(), v.to_bits());
            }
        }
    }

    #[test]
    fn known_values() {
        let n = Normalisation::fit(2.0, 6.0).unwrap();
        assert_eq!((n.mid, n.half), (4.0, 2.0));
        assert_eq!([n.forward(2.0), n.forward(5.0), n.forward(9.0)], [-1.0, 0.5, 1.0]);
        assert_eq!([n.inverse(-1.0), n.inverse(0.25), n.inverse(1.5)], [2.0, 4.5, 6.0]);
        let wide = Normalisation::fit(-1.7e308, 1.7e308).unwrap();
        assert_eq!([wide.inverse(-1.0), wide.inverse(0.0), wide.inverse(1.0)], [-1.7e308, 0.0, 1.7e308]);
        let noise = Normalisation::fit(1.0, 1.0 + f64::EPSILON).unwrap();
        assert!(noise.half > 0.0 && noise.forward(1.0) < noise.forward(1.0 + f64::EPSILON));
        let denormal = Normalisation::fit(0.0, 5e-324).unwrap();
        assert_eq!(
            [denormal.inverse(denormal.forward(0.0)), denormal.inverse(denormal.forward(5e-324))],
            [0.0, 5e-324]
        );
    }

    #[test]
    fn values_that_are_no_numbers() {
        let n = Normalisation::fit(0.0, 2.0).unwrap();
        assert_eq!([n.forward(f64::NAN), n.forward(f64::INFINITY), n.forward(f64::NEG_INFINITY)], [0.0, 1.0, -1.0]);
        for (a, b) in [(f64::NAN, 1.0), (0.0, f64::INFINITY), (2.0, 1.0)] {
            assert!(Normalisation::fit(a, b).is_err());
        }
        assert!(Normalisation::new(0.0, -1.0).is_err() && Normalisation::new(f64::NAN, 1.0).is_err());
        // Stored numbers that no data gave: their sum is beyond the largest number.
        let damaged = Normalisation::new(f64::MAX, f64::MAX).unwrap();
        assert_eq!(damaged.inverse(1.0), f64::MAX);
        assert_eq!(Normalisation::new(f64::MIN, f64::MAX).unwrap().inverse(-1.0), f64::MIN);
    }

    #[test]
    fn batches_equal_single_values() {
        let n = Normalisation::fit(-3.0, 9.0).unwrap();
        let v: Vec<f64> = (0..100).map(|i| f64::from(i) * 0.12 - 3.0).collect();
        let single = Values::Float32(v.iter().map(|&v| v as f32).collect());
        let double = Values::Float64(v);
        for values in [single, double] {
            let (mut y, mut back) = (vec![0.0; 100], vec![0.0; 100]);
            n.forward_all(&values, &mut y).unwrap();
            n.inverse_all(&y, &mut back).unwrap();
            for i in 0..100 {
                assert_eq!(y[i], n.forward(values.get(i)));
                assert_eq!(back[i], n.inverse(y[i]));
            }
            assert!(n.forward_all(&values, &mut y[1..]).is_err());
            assert!(n.inverse_all(&y, &mut back[1..]).is_err());
        }
    }
}
