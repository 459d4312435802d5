//! What brings bounded values closer to the originals: kept in the journal only, so that a student can take the place of the
//! streams when the originals are gone and the bound still holds.

use limbeck_field::{ElementType, Values};

use super::stream::Field;
use crate::entropy::{Bit, Decoder, Encoder};

/// The refined values are within this share of the bound.
pub(super) const SHARE: f64 = 0.125;
/// A step of the refinement, as a share of the bound: a little less than twice [`SHARE`], so that rounding to single precision has
/// room.
const STEP: f64 = 2.0 * SHARE * (1.0 - 1.0 / 512.0);
/// Steps are coded from -LARGEST to LARGEST; the bound is no more than 4 of them away.
const LARGEST: i32 = 7;
const NODES: usize = 16;

/// None if some value cannot be brought that close (its type has no number there).
pub(super) fn encode(field: &Field<'_>, decoded: &[f64], values: &Values, skip: Option<&[u8]>) -> Option<Vec<u8>> {
    let (mut encoder, mut model) = (Encoder::default(), [Bit::default(); NODES]);
    for (i, &near) in decoded.iter().enumerate() {
        let skipped = skip.is_some_and(|s| s[i] != 0);
        let value = values.get(i);
        let q = if skipped { 0.0 } else { ((value - near) / (STEP * field.bound)).round() };
        let q = if q.abs() <= f64::from(LARGEST) { q as i32 } else { return None };
        if !skipped && (refined(field, near, q) - value).abs() > SHARE * field.bound {
            return None;
        }
        let (mut node, code) = (1, (q + LARGEST) as usize);
        for k in (0..4).rev() {
            let bit = code >> k & 1 == 1;
            encoder.bit(&mut model[node], bit);
            node = node << 1 | usize::from(bit);
        }
    }
    Some(encoder.finish())
}

pub(super) fn decode(field: &Field<'_>, decoded: &[f64], bytes: &[u8]) -> Vec<f64> {
    let (mut decoder, mut model) = (Decoder::new(bytes), [Bit::default(); NODES]);
    let next = |&near: &f64| {
        let mut node = 1;
        for _ in 0..4 {
            node = node << 1 | usize::from(decoder.bit(&mut model[node]));
        }
        refined(field, near, node as i32 - NODES as i32 - LARGEST)
    };
    decoded.iter().map(next).collect()
}

fn refined(field: &Field<'_>, near: f64, q: i32) -> f64 {
    let value = near + STEP * field.bound * f64::from(q);
    match field.element_type {
        ElementType::Float32 => f64::from(value as f32),
        ElementType::Float64 => value,
    }
}
