//! The steps table of an archive: cycle and time of every step in at most about four bytes each.

use crate::integers::{Cursor, put_column, put_varint};
use crate::times::{decode_times, encode_times};
use crate::{Error, Result};

/// Most steps of one archive.
pub const MAX_STEPS: usize = 1 << 24;

/// The steps of an archive, by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepTable {
    /// The simulation's cycle number of each step.
    pub cycles: Vec<i64>,
    /// Physical time of each step; finite.
    pub times: Vec<f64>,
    /// Indices of steps that were dropped or lost, rising: a network that covers them interpolates there.
    pub missing: Vec<u64>,
    /// The times were rounded to a power of two to keep the archive small (never so on a new table).
    pub rounded: bool,
}

/// How exactly times are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeCoding {
    /// Exact where cycles and times together take at most four bytes a step (regular times take none); otherwise
    /// rounded to the finest power of two that fits, at least 2^-16 of the run's duration.
    #[default]
    Compact,
    /// Every time comes back with all its bits.
    Exact,
}

impl StepTable {
    /// Number of steps.
    pub fn len(&self) -> usize {
        self.cycles.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.cycles.is_empty()
    }

    pub(crate) fn encode(&self, coding: TimeCoding) -> Result<Vec<u8>> {
        let n = self.cycles.len();
        if self.times.len() != n || n > MAX_STEPS {
            return Err(Error::InvalidArgument(format!(
                "a table of {n} cycles and {} times is not possible: one each, and at most {MAX_STEPS}",
                self.times.len()
            )));
        }
        if let Some(i) = self.times.iter().position(|t| !t.is_finite()) {
            return Err(Error::InvalidArgument(format!("the time of step {i} is {}", self.times[i])));
        }
        if self.missing.windows(2).any(|w| w[0] >= w[1]) || self.missing.last().is_some_and(|&m| m >= n as u64) {
            return Err(Error::InvalidArgument("missing steps are not rising indices of the table".into()));
        }
        let mut out = Vec::new();
        put_varint(&mut out, n as u64);
        put_column(&mut out, &self.cycles);
        if n > 0 {
            let room = most_bytes(n).saturating_sub(out.len());
            out.extend(encode_times(&self.times, &self.cycles, coding, room));
        }
        put_varint(&mut out, self.missing.len() as u64);
        put_column(&mut out, &self.missing.iter().map(|&m| m as i64).collect::<Vec<_>>());
        Ok(out)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<StepTable> {
        let mut cursor = Cursor { bytes };
        let n = cursor.varint()? as usize;
        if n > MAX_STEPS {
            return Err(Error::Corruption(format!("the archive claims {n} steps, and {MAX_STEPS} are possible")));
        }
        let cycles = cursor.column(n)?;
        let (times, rounded) = if n > 0 { decode_times(&mut cursor, &cycles)? } else { (Vec::new(), false) };
        let m = cursor.varint()? as usize;
        if m > n {
            return Err(Error::Corruption("more steps are missing than there are".into()));
        }
        let missing: Vec<u64> = cursor.column(m)?.into_iter().map(|i| i as u64).collect();
        let sound = missing.windows(2).all(|w| w[0] < w[1]) && missing.last().is_none_or(|&i| i < n as u64);
        if !sound || !cursor.bytes.is_empty() || times.iter().any(|t| !t.is_finite()) {
            return Err(Error::Corruption("the steps table contradicts itself".into()));
        }
        Ok(StepTable { cycles, times, missing, rounded })
    }
}

/// Bytes that cycles and compact times of `n` steps take together, so that a whole archive keeps to 256 bytes and four a
/// step. Short runs have room to spare; a long table does not compress and brings zstd's block headers.
fn most_bytes(n: usize) -> usize {
    4 * n + 24 - (n + n / 2).min(24) - n / 1024
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(times: Vec<f64>, cycles: Vec<i64>) -> StepTable {
        StepTable { cycles, times, ..StepTable::default() }
    }

    fn bits(times: &[f64]) -> Vec<u64> {
        times.iter().map(|t| t.to_bits()).collect()
    }

    #[track_caller]
    fn exact_within(t: &StepTable, limit: usize) {
        let bytes = t.encode(TimeCoding::Compact).unwrap();
        let back = StepTable::decode(&bytes).unwrap();
        assert_eq!(bits(&back.times), bits(&t.times));
        assert_eq!((&back.cycles, &back.missing, back.rounded), (&t.cycles, &t.missing, false));
        assert!(bytes.len() <= limit, "{} bytes, {limit} allowed", bytes.len());
    }

    #[test]
    fn regular_times_take_no_bytes_per_step() {
        let n = 1000;
        let cycles: Vec<i64> = (0..n).collect();
        exact_within(&table((0..n).map(|i| 3.0 + 0.1 * i as f64).collect(), cycles.clone()), 32);
        let every_ten: Vec<i64> = (1..=n).map(|i| 10 * i).collect();
        exact_within(&table(every_ten.iter().map(|&c| 1.37e-3 * c as f64).collect(), every_ten.clone()), 32);
        let mut t = 0.0;
        let sums = |per: usize| {
            let mut t = 0.0;
            (0..n)
                .map(|_| {
                    let now = t;
                    (0..per).for_each(|_| t += 0.017);
                    now
                })
                .collect::<Vec<f64>>()
        };
        exact_within(&table(sums(1), cycles.clone()), 32);
        exact_within(&table(sums(10), every_ten), 32);
        let odd = 0.5 / 3.0 * 0.0123;
        let accumulated = (0..n)
            .map(|_| {
                t += odd;
                t
            })
            .collect();
        exact_within(&table(accumulated, cycles), 32);
    }

    #[test]
    fn single_precision_times_stay_exact_in_four_bytes() {
        let mut t = 0f32;
        let times: Vec<f64> = (0..500)
            .map(|i| {
                let now = t;
                t += 0.01 + 0.001 * (i as f32).sin();
                f64::from(now)
            })
            .collect();
        exact_within(&table(times, (0..500).map(|i| i * 7).collect()), 4 * 500 + 24);
    }

    #[test]
    fn irregular_times_are_rounded_finely() {
        let mut t = 0.0;
        let mut c = 0;
        let (mut times, mut cycles) = (vec![], vec![]);
        for i in 0..1000 {
            times.push(t);
            cycles.push(c);
            t += 0.01 * (1.5 + (i as f64).sin());
            c += 20 + (i * i) % 17;
        }
        let table = table(times, cycles);
        let bytes = table.encode(TimeCoding::Compact).unwrap();
        assert!(bytes.len() <= 4 * 1000 + 24, "{}", bytes.len());
        let back = StepTable::decode(&bytes).unwrap();
        assert!(back.rounded);
        assert_eq!(back.cycles, table.cycles);
        let duration = table.times[999];
        for (a, b) in back.times.iter().zip(&table.times) {
            assert!((a - b).abs() < duration * 2f64.powi(-32), "{a} {b}");
        }
        let exact = StepTable::decode(&table.encode(TimeCoding::Exact).unwrap()).unwrap();
        assert_eq!(exact, table);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(table(vec![f64::NAN], vec![0]).encode(TimeCoding::Compact).is_err());
        assert!(table(vec![0.0], vec![]).encode(TimeCoding::Compact).is_err());
        let mut t = table(vec![0.0, 1.0], vec![0, 1]);
        t.missing = vec![2];
        assert!(t.encode(TimeCoding::Compact).is_err());
        let mut huge = Vec::new();
        put_varint(&mut huge, u64::MAX);
        assert!(matches!(StepTable::decode(&huge), Err(Error::Corruption(_))));
    }

    fn any_time() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>().prop_filter("finite", |x| x.is_finite()),
            -1e3..1e3,
            Just(0.0),
            Just(-0.0),
            Just(f64::from_bits(1)),
            Just(f64::MAX),
        ]
    }

    proptest! {
        #[test]
        fn exact_coding_keeps_every_bit(rows in prop::collection::vec((any_time(), any::<i64>()), 0..30)) {
            let (times, cycles): (Vec<f64>, Vec<i64>) = rows.into_iter().unzip();
            let t = table(times, cycles);
            let back = StepTable::decode(&t.encode(TimeCoding::Exact).unwrap()).unwrap();
            prop_assert_eq!(bits(&back.times), bits(&t.times));
            prop_assert_eq!(back.cycles, t.cycles);
        }

        #[test]
        fn compact_coding_is_close(rows in prop::collection::vec((any_time(), any::<i64>()), 0..30)) {
            let (times, cycles): (Vec<f64>, Vec<i64>) = rows.into_iter().unzip();
            let t = table(times, cycles);
            let back = StepTable::decode(&t.encode(TimeCoding::Compact).unwrap()).unwrap();
            let low = t.times.iter().copied().fold(f64::INFINITY, f64::min);
            let high = t.times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (a, b) in back.times.iter().zip(&t.times) {
                prop_assert!((a / 4.0 - b / 4.0).abs() <= (high / 4.0 - low / 4.0) * 2f64.powi(-15), "{} {}", a, b);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok(t) = StepTable::decode(&bytes) {
                prop_assert_eq!(t.times.len(), t.cycles.len());
            }
        }
    }
}
