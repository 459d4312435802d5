//! Minimum, maximum, mean and variance of a block, in double precision.

use crate::{Error, Result, Values, Volume};

/// Statistics over the finite values of a block that are not left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// Number of values counted.
    pub count: u64,
    /// Smallest of them; +infinity if there are none.
    pub min: f64,
    /// Largest of them; -infinity if there are none.
    pub max: f64,
    /// Their mean; 0 if there are none.
    pub mean: f64,
    /// Their variance (divided by the number of values); +infinity where it is larger than any double.
    pub variance: f64,
}

/// Values gathered before they are added up: two passes over them cost no memory traffic.
const CHUNK: usize = 1024;

/// Sums run in this many lanes, which fixes their order.
const LANES: usize = 8;

/// Applied, exactly, to all values when their sums would overflow.
const SCALE: f64 = f64::from_bits((1023 - 520) << 52);

impl Statistics {
    /// Nothing counted yet: the neutral element of [`Statistics::merge`].
    pub const EMPTY: Statistics =
        Statistics { count: 0, min: f64::INFINITY, max: f64::NEG_INFINITY, mean: 0.0, variance: 0.0 };

    /// Of all finite values of a volume for which `left_out` (one entry per value, C order) is absent or 0.
    ///
    /// The result does not depend on the number of threads or the CPU: the order of summation is fixed.
    ///
    /// # Errors
    /// `InvalidArgument` if `left_out` has another length than the volume.
    pub fn measure(volume: &Volume, left_out: Option<&[u8]>) -> Result<Statistics> {
        if left_out.is_some_and(|m| m.len() != volume.values.len()) {
            return Err(Error::InvalidArgument("the mask and the block differ in size".into()));
        }
        let all = |scale: f64| match &volume.values {
            Values::Float32(v) => accumulate(v, left_out, scale),
            Values::Float64(v) => accumulate(v, left_out, scale),
        };
        let plain = all(1.0);
        if plain.mean.is_finite() && plain.variance.is_finite() {
            return Ok(plain);
        }
        let scaled = all(SCALE);
        Ok(Statistics { mean: scaled.mean / SCALE, variance: scaled.variance / SCALE / SCALE, ..plain })
    }

    /// Both together, as if measured over the values of both (up to rounding).
    pub fn merge(&self, other: &Statistics) -> Statistics {
        if self.count == 0 {
            return *other;
        }
        if other.count == 0 {
            return *self;
        }
        // Chan, Golub, LeVeque (1983): pairwise update of mean and sum of squares, written with weights so that
        // nothing is multiplied by a count.
        let count = self.count + other.count;
        let weight = other.count as f64 / count as f64;
        let delta = other.mean - self.mean;
        Statistics {
            count,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            mean: self.mean + delta * weight,
            variance: self.variance * (1.0 - weight)
                + other.variance * weight
                + delta * delta * (weight * (1.0 - weight)),
        }
    }

    /// True if there are values and all are equal.
    pub fn is_constant(&self) -> bool {
        self.count > 0 && self.min == self.max
    }
}

fn accumulate<T: Copy + Into<f64>>(values: &[T], left_out: Option<&[u8]>, scale: f64) -> Statistics {
    let mut total = Statistics::EMPTY;
    let mut kept = [0.0f64; CHUNK];
    for (c, chunk) in values.chunks(CHUNK).enumerate() {
        let mask = left_out.map(|m| &m[c * CHUNK..][..chunk.len()]);
        let mut n = 0;
        for (i, &v) in chunk.iter().enumerate() {
            let v: f64 = v.into();
            kept[n] = v;
            n += usize::from(v.is_finite() && mask.is_none_or(|m| m[i] == 0));
        }
        total = total.merge(&of_chunk(&kept[..n], scale));
    }
    total
}

/// Of at most [`CHUNK`] finite values; mean and variance are those of the scaled values.
fn of_chunk(values: &[f64], scale: f64) -> Statistics {
    if values.is_empty() {
        return Statistics::EMPTY;
    }
    let (mut min, mut max) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
    let mut sum = [0.0; LANES];
    lanes(values, |lane, v| {
        min[lane] = if v < min[lane] { v } else { min[lane] };
        max[lane] = if v > max[lane] { v } else { max[lane] };
        sum[lane] += v * scale;
    });
    let mean = sum.iter().sum::<f64>() / values.len() as f64;
    let (mut rest, mut squares) = ([0.0; LANES], [0.0; LANES]);
    lanes(values, |lane, v| {
        let d = v * scale - mean;
        rest[lane] += d;
        squares[lane] += d * d;
    });
    // The mean was rounded; what it is off by is no variance.
    let off = rest.iter().sum::<f64>() / values.len() as f64;
    Statistics {
        count: values.len() as u64,
        min: min.iter().copied().fold(f64::INFINITY, f64::min),
        max: max.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean,
        variance: (squares.iter().sum::<f64>() / values.len() as f64 - off * off).max(0.0),
    }
}

/// Hands the values out, value `i` to lane `i % LANES`.
#[inline(always)]
fn lanes(values: &[f64], mut add: impl FnMut(usize, f64)) {
    let mut whole = values.chunks_exact(LANES);
    for eight in &mut whole {
        for (lane, &v) in eight.iter().enumerate() {
            add(lane, v);
        }
    }
    for (lane, &v) in whole.remainder().iter().enumerate() {
        add(lane, v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn volume(values: Vec<f64>) -> Volume {
        Volume { count: vec![values.len()], values: Values::Float64(values) }
    }

    fn close(a: f64, b: f64, scale: f64) -> bool {
        (a - b).abs() <= 1e-12 * scale.max(f64::MIN_POSITIVE)
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            values in prop::collection::vec(prop_oneof![8 => -1e3..1e3, 1 => Just(f64::NAN)], 0..5000),
            offset in prop_oneof![Just(0.0), Just(1e6)],
            every in 1usize..5,
        ) {
            let values: Vec<f64> = values.iter().map(|v| v + offset).collect();
            let mask: Vec<u8> = (0..values.len()).map(|i| u8::from(i % every == 1) * 2).collect();
            let kept: Vec<f64> =
                values.iter().zip(&mask).filter(|(v, m)| v.is_finite() && **m == 0).map(|(v, _)| *v).collect();
            let s = Statistics::measure(&volume(values), Some(&mask)).unwrap();
            prop_assert_eq!(s.count, kept.len() as u64);
            let n = kept.len().max(1) as f64;
            let mean = kept.iter().sum::<f64>() / n;
            let variance = kept.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            prop_assert_eq!(s.min, kept.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(s.max, kept.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            prop_assert!(close(s.mean, mean, mean.abs().max(1.0)), "{} {}", s.mean, mean);
            prop_assert!(close(s.variance, variance, 1e6), "{} {}", s.variance, variance);
        }

        #[test]
        fn parts_add_up(values in prop::collection::vec(-1.0..1.0f64, 1..3000), cut in 0.0..1.0f64) {
            let at = (values.len() as f64 * cut) as usize;
            let whole = Statistics::measure(&volume(values.clone()), None).unwrap();
            let left = Statistics::measure(&volume(values[..at].to_vec()), None).unwrap();
            let right = Statistics::measure(&volume(values[at..].to_vec()), None).unwrap();
            let both = left.merge(&right);
            prop_assert_eq!((both.count, both.min, both.max), (whole.count, whole.min, whole.max));
            prop_assert!(close(both.mean, whole.mean, 1.0) && close(both.variance, whole.variance, 1.0));
        }
    }

    #[test]
    fn single_precision_is_widened() {
        let v = Volume { count: vec![2, 2], values: Values::Float32(vec![1.0, 2.0, f32::INFINITY, 3.0]) };
        let s = Statistics::measure(&v, None).unwrap();
        assert_eq!(s, Statistics { count: 3, min: 1.0, max: 3.0, mean: 2.0, variance: 2.0 / 3.0 });
    }

    #[test]
    fn extremes_neither_overflow_nor_lose_the_noise() {
        let s = Statistics::measure(&volume(vec![1.7e308; 3000]), None).unwrap();
        assert!(s.is_constant() && (s.mean / 1.7e308 - 1.0).abs() < 1e-12);
        let s = Statistics::measure(&volume(vec![-1.7e308, 1.7e308]), None).unwrap();
        assert_eq!((s.mean, s.variance), (0.0, f64::INFINITY));
        let s = Statistics::measure(&volume([1.0, 1.0 + f64::EPSILON].repeat(2000)), None).unwrap();
        assert!((s.variance / (f64::EPSILON * f64::EPSILON / 4.0) - 1.0).abs() < 1e-6, "{s:?}");
        let s = Statistics::measure(&volume(vec![5e-324, 1e-323]), None).unwrap();
        assert!(s.min == 5e-324 && s.max == 1e-323 && !s.is_constant());
    }

    #[test]
    fn nothing_to_count() {
        let v = volume(vec![f64::NAN, f64::INFINITY]);
        assert_eq!(Statistics::measure(&v, None).unwrap(), Statistics::EMPTY);
        assert!(!Statistics::EMPTY.is_constant());
        assert!(Statistics::measure(&v, Some(&[0])).is_err());
    }
}
