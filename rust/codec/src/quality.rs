//! Quality of a decoded block, in a form that adds up over blocks, steps and ranks.

use crate::Result;
use crate::ranks::Ranks;

/// Sums over values; all in double precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Number of values compared (masked values are not).
    pub count: u64,
    /// Sum of squared errors.
    pub squared_error: f64,
    /// Largest absolute error.
    pub max_error: f64,
    /// Smallest original value.
    pub min: f64,
    /// Largest original value.
    pub max: f64,
}

impl Quality {
    /// Nothing compared yet: the neutral element of [`Quality::merge`].
    pub const EMPTY: Quality =
        Quality { count: 0, squared_error: 0.0, max_error: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };

    /// Adds one pair.
    pub fn add(&mut self, original: f64, decoded: f64) {
        let e = decoded - original;
        self.count += 1;
        self.squared_error += e * e;
        self.max_error = self.max_error.max(e.abs());
        self.min = self.min.min(original);
        self.max = self.max.max(original);
    }

    /// Both together.
    pub fn merge(&self, other: &Quality) -> Quality {
        Quality {
            count: self.count + other.count,
            squared_error: self.squared_error + other.squared_error,
            max_error: self.max_error.max(other.max_error),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    /// All ranks together. Collective.
    ///
    /// # Errors
    /// Those of [`Ranks`].
    pub fn over(&self, ranks: &dyn Ranks) -> Result<Quality> {
        let mut sums = [self.count as f64, self.squared_error];
        let mut largest = [self.max_error, -self.min, self.max];
        ranks.sum_f64(&mut sums)?;
        ranks.max_f64(&mut largest)?;
        let [max_error, least, max] = largest;
        Ok(Quality { count: sums[0] as u64, squared_error: sums[1], max_error, min: -least, max })
    }

    /// Peak signal-to-noise ratio in dB, the peak being the range of the original values; infinite if exact.
    pub fn psnr(&self) -> f64 {
        let range = self.max - self.min;
        if self.count == 0 || self.squared_error == 0.0 {
            return f64::INFINITY;
        }
        20.0 * range.log10() - 10.0 * (self.squared_error / self.count as f64).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psnr_of_a_known_error() {
        let mut q = Quality::EMPTY;
        for i in 0..=100 {
            q.add(f64::from(i) / 100.0, f64::from(i) / 100.0 + 0.01);
        }
        assert!((q.psnr() - 40.0).abs() < 1e-9);
        assert!((q.max_error - 0.01).abs() < 1e-12);
        assert_eq!(q.merge(&Quality::EMPTY), q);
    }
}
