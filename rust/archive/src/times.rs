//! Times of steps as few bytes: a rule that makes them all, multiples of a power of two, or as they stand
//! (docs/format.md, "Steps table").

use crate::integers::{Cursor, put_column};
use crate::steps::TimeCoding;
use crate::{Error, Result};

/// Most additions that rebuilding times by running sums may take.
const MAX_SUMS: u64 = 1 << 24;
const ROUNDED: u8 = 0x80;

/// A rule that makes all times out of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rule {
    /// start + increment * index
    IndexProduct = 0,
    /// start + increment * cycle
    CycleProduct = 1,
    /// one addition of the increment per step
    IndexSum = 2,
    /// one addition of the increment per cycle
    CycleSum = 3,
}
const SCALED: u8 = 4;
const RAW: u8 = 5;

impl Rule {
    const ALL: [Rule; 4] = [Rule::IndexProduct, Rule::CycleProduct, Rule::IndexSum, Rule::CycleSum];

    fn product(self) -> bool {
        matches!(self, Rule::IndexProduct | Rule::CycleProduct)
    }

    fn counter(self, i: usize, cycles: &[i64]) -> i64 {
        match self {
            Rule::IndexProduct | Rule::IndexSum => i as i64,
            Rule::CycleProduct | Rule::CycleSum => cycles[i],
        }
    }

    /// Calls `each(index, time)` for every step until it answers false. False if the rule cannot be applied.
    fn apply(self, start: f64, inc: f64, cycles: &[i64], mut each: impl FnMut(usize, f64) -> bool) -> bool {
        let mut time = start;
        let mut sums = 0u64;
        for i in 0..cycles.len() {
            if self.product() {
                time = start + inc * self.counter(i, cycles) as f64;
            } else if i > 0 {
                let Some(count) = self.counter(i, cycles).checked_sub(self.counter(i - 1, cycles)) else {
                    return false;
                };
                let Ok(count) = u64::try_from(count) else { return false };
                sums = sums.saturating_add(count);
                if sums > MAX_SUMS {
                    return false;
                }
                (0..count).for_each(|_| time += inc);
            }
            if !each(i, time) {
                return false;
            }
        }
        true
    }

    /// Start and increment that reproduce every bit of the times, if such are found.
    fn find(self, times: &[f64], cycles: &[i64]) -> Option<(f64, f64)> {
        let last = times.len() - 1;
        let counter = |i| self.counter(i, cycles);
        let mut increments = Vec::new();
        for i in [1, last].into_iter().filter(|&i| i <= last) {
            let steps = counter(i).checked_sub(counter(0)).filter(|&d| d != 0)?;
            let guess = (times[i] - times[0]) / steps as f64;
            increments.extend((1..=17).filter_map(|digits| format!("{guess:.0$e}", digits - 1).parse::<f64>().ok()));
            increments.extend((-3i64..=3).map(|ulps| f64::from_bits(guess.to_bits().wrapping_add_signed(ulps))));
        }
        if last == 0 {
            increments.push(0.0);
        }
        for inc in increments {
            let first = times[0] - inc * counter(0) as f64;
            for start in if self.product() { [first, 0.0] } else { [times[0], times[0]] } {
                let same = |i: usize, t: f64| t.to_bits() == times[i].to_bits();
                if start.is_finite() && self.apply(start, inc, cycles, same) {
                    return Some((start, inc));
                }
            }
        }
        None
    }
}

/// The times of steps with these cycles, in `room` bytes if the coding allows it. `times` is not empty.
pub(crate) fn encode_times(times: &[f64], cycles: &[i64], coding: TimeCoding, room: usize) -> Vec<u8> {
    for rule in Rule::ALL {
        if let Some((start, inc)) = rule.find(times, cycles) {
            let mut out = vec![rule as u8];
            out.extend(start.to_le_bytes());
            out.extend(inc.to_le_bytes());
            return out;
        }
    }
    let exact = exact_exponent(times);
    let candidates = exact.and_then(|e| scaled(times, e, false));
    let raw = || {
        let mut out = vec![RAW];
        times.iter().for_each(|t| out.extend(t.to_le_bytes()));
        out
    };
    let best = match candidates {
        Some(bytes) if bytes.len() <= 8 * times.len() => bytes,
        _ => raw(),
    };
    if coding == TimeCoding::Exact || best.len() <= room {
        return best;
    }
    let (low, high) = times.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &t| (l.min(t), h.max(t)));
    // From the finest grid whose numbers fit 62 bits to the coarsest allowed.
    let finest = (exponent(low.abs().max(high.abs())) - 61).max(-1074);
    let coarsest = (exponent(high / 2.0 - low / 2.0) + 1 - 16).max(finest);
    let mut shortest = None;
    for e in finest..=coarsest {
        if let Some(bytes) = scaled(times, e, true) {
            let fits = bytes.len() <= room;
            shortest = Some(bytes);
            if fits {
                break;
            }
        }
    }
    shortest.filter(|s| s.len() < best.len()).unwrap_or(best)
}

/// The exponent of 2 of the highest bit.
fn exponent(x: f64) -> i32 {
    if x == 0.0 {
        return -1074;
    }
    match (x.to_bits() >> 52 & 0x7ff) as i32 {
        0 => -1011 - x.to_bits().leading_zeros() as i32,
        biased => biased - 1023,
    }
}

/// The largest power of two that divides every time, if all multiples fit 62 bits. Negative zero has no such form.
fn exact_exponent(times: &[f64]) -> Option<i32> {
    let lowest_bit = |t: f64| {
        let fraction = t.to_bits() & ((1 << 52) - 1);
        let biased = (t.to_bits() >> 52 & 0x7ff) as i32;
        match (biased, fraction) {
            (0, f) => -1074 + f.trailing_zeros() as i32,
            (b, 0) => b - 1023,
            (b, f) => b - 1023 - 52 + f.trailing_zeros() as i32,
        }
    };
    if times.iter().any(|t| *t == 0.0 && t.is_sign_negative()) {
        return None;
    }
    let e = times.iter().filter(|t| **t != 0.0).map(|&t| lowest_bit(t)).min().unwrap_or(0);
    let top = times.iter().map(|t| exponent(*t)).max().unwrap_or(e);
    (top - e <= 61).then_some(e)
}

/// 2^e, exact for -1074 <= e <= 1023.
fn power(e: i32) -> f64 {
    if e >= -1022 { f64::from_bits(((e + 1023) as u64) << 52) } else { f64::from_bits(1 << (e + 1074)) }
}

/// Times as multiples of 2^e, rounded to nearest (ties to even). None if a rounded time is not finite.
fn scaled(times: &[f64], e: i32, rounded: bool) -> Option<Vec<u8>> {
    // Two factors, because 2^-e alone may not be representable.
    let (half, rest) = (e / 2, e - e / 2);
    let multiples: Vec<i64> = times.iter().map(|t| (t / power(half) / power(rest)).round_ties_even() as i64).collect();
    if multiples.iter().any(|&m| !(m as f64 * power(e)).is_finite()) {
        return None;
    }
    let mut out = vec![SCALED | if rounded { ROUNDED } else { 0 }];
    out.extend((e as i16).to_le_bytes());
    put_column(&mut out, &multiples);
    Some(out)
}

/// The times, and whether they were rounded.
pub(crate) fn decode_times(cursor: &mut Cursor<'_>, cycles: &[i64]) -> Result<(Vec<f64>, bool)> {
    let code = cursor.u8()?;
    let rounded = code & ROUNDED != 0;
    let times = match code & !ROUNDED {
        SCALED => {
            let e = cursor.take(2)?;
            let e = i32::from(i16::from_le_bytes([e[0], e[1]]));
            if !(-1074..=1023).contains(&e) {
                return Err(Error::Corruption(format!("times in units of 2^{e} are not possible")));
            }
            cursor.column(cycles.len())?.into_iter().map(|m| m as f64 * power(e)).collect()
        }
        RAW => (0..cycles.len()).map(|_| cursor.f64()).collect::<Result<_>>()?,
        code => {
            let rule = Rule::ALL.into_iter().find(|r| *r as u8 == code).ok_or_else(|| {
                Error::Compatibility(format!(
                    "times in coding {code} are unknown to this build of limbeck: use a newer one"
                ))
            })?;
            let (start, inc) = (cursor.f64()?, cursor.f64()?);
            let mut times = Vec::with_capacity(cycles.len());
            let applied = rule.apply(start, inc, cycles, |_, t| {
                times.push(t);
                true
            });
            if !applied {
                return Err(Error::Corruption("times by running sums take too many additions".into()));
            }
            times
        }
    };
    Ok((times, rounded))
}
