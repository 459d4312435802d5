//! A field to bits, no value off by more than a bound.
//!
//! Values are predicted by interpolation between those coded before, from a coarse lattice to a fine one (Zhao et al. 2021,
//! ICDE, "Optimizing error-bounded lossy compression ... by dynamic spline interpolation"); what is left is rounded to
//! multiples of twice the bound and goes through an adaptive range coder, in contexts made of the size of what was left at
//! neighbouring points. Arithmetic is in double precision, in the order in which it stands here, without fused operations:
//! it is part of the format.

use limbeck_field::{ElementType, Values};

use super::integers::{GROUPS, MOST_BITS, Residual, ResidualModel, energy};
use super::lattice::{AXES, Class, Curve, Lattice, Point, along};
use crate::entropy::{Decoder, Encoder};
use crate::{Error, Result};

/// What both sides know.
pub(super) struct Field<'a> {
    /// Values along each axis, slowest first; at most three axes.
    pub(super) shape: &'a [usize],
    pub(super) element_type: ElementType,
    /// What the values are taken as a difference to; finite.
    pub(super) base: Option<&'a [f64]>,
    /// Largest absolute error, positive and finite.
    pub(super) bound: f64,
}

/// Levels that have a shape of their own in the stream, the finest first; coarser ones have that of the last.
const TOLD_LEVELS: usize = 4;

/// How the values of one level are predicted.
#[derive(Clone, Copy, Debug)]
struct Guide {
    curve: [Curve; AXES],
    /// Weight of the prediction along each axis, an index of [`WEIGHTS`].
    weight: [u8; AXES],
}

/// Falling by the root of two each.
const WEIGHTS: [f64; 8] = [1.0, 0.70703125, 0.5, 0.353515625, 0.25, 0.1767578125, 0.125, 0.08837890625];

/// By how much the bound is tightened from each level to the next coarser one, and how far at most: coarse values are few, and
/// all finer ones are predicted from them.
pub(super) const TIGHTENINGS: [(f64, f64); 4] = [(1.0, 1.0), (1.25, 2.0), (1.5, 3.0), (2.0, 4.0)];

/// One field as bytes, and the values that they decode to.
pub(super) struct Coded {
    pub(super) bytes: Vec<u8>,
    pub(super) values: Vec<f64>,
}

/// Values of the points coded so far, as differences to the base, and how large their residuals were.
struct Known {
    values: Vec<f64>,
    sizes: Vec<u8>,
}

/// `skip`: positions (nonzero) whose values do not matter. `tightening`: an index of [`TIGHTENINGS`].
pub(super) fn encode(field: &Field<'_>, values: &Values, skip: Option<&[u8]>, tightening: u8) -> Coded {
    let lattice = Lattice::new(field.shape);
    let guides = guides(field, &lattice, values, skip);
    let mut bytes = vec![tightening];
    bytes.extend(guides.iter().flat_map(|g| (0..AXES).map(|a| g.byte(a))));
    let (mut encoder, mut model) = (Encoder::default(), ResidualModel::default());
    let decoded = walk(field, &lattice, &guides, tightening, |at, base, prediction, step, group, energy| {
        let value = values.get(at);
        let skipped = skip.is_some_and(|s| s[at] != 0);
        let q = if skipped { 0.0 } else { ((value - base - prediction) / step).round() };
        if q.abs() < f64::from(1u32 << MOST_BITS) {
            let rounded = rebuilt(field.element_type, base, prediction, step, q as i32);
            if skipped || (rounded - value).abs() <= field.bound {
                model.encode(&mut encoder, group, energy, Residual::Steps(q as i32));
                return (rounded, q as i32);
            }
        }
        model.encode(&mut encoder, group, energy, Residual::Escape);
        let bits = match values {
            Values::Float32(v) => u64::from(v[at].to_bits()),
            Values::Float64(v) => v[at].to_bits(),
        };
        if field.element_type == ElementType::Float64 {
            encoder.raw((bits >> 32) as u32, 32);
        }
        encoder.raw(bits as u32, 32);
        (value, i32::MAX)
    });
    bytes.extend(encoder.finish());
    Coded { bytes, values: decoded }
}

/// Back from [`encode`]'s bytes.
///
/// # Errors
/// `Corruption` if they are too short or have an unknown guide; `Compatibility` for a tightening of a later version.
pub(super) fn decode(field: &Field<'_>, bytes: &[u8]) -> Result<Vec<f64>> {
    let damaged = || Error::Corruption("a bounded block is damaged: it ends in its header".into());
    let (head, rest) = bytes.split_at_checked(1 + TOLD_LEVELS * AXES).ok_or_else(damaged)?;
    if usize::from(head[0]) >= TIGHTENINGS.len() {
        return Err(Error::Compatibility(format!("tightening {} is unknown to this version of limbeck", head[0])));
    }
    let mut guides = [Guide::PLAIN; TOLD_LEVELS];
    for (guide, bytes) in guides.iter_mut().zip(head[1..].chunks_exact(AXES)) {
        *guide = Guide::from_bytes(bytes)?;
    }
    let lattice = Lattice::new(field.shape);
    let (mut decoder, mut model) = (Decoder::new(rest), ResidualModel::default());
    Ok(walk(field, &lattice, &guides, head[0], |_, base, prediction, step, group, energy| {
        match model.decode(&mut decoder, group, energy) {
            Residual::Steps(q) => (rebuilt(field.element_type, base, prediction, step, q), q),
            Residual::Escape => {
                let value = match field.element_type {
                    ElementType::Float32 => f64::from(f32::from_bits(decoder.raw(32))),
                    ElementType::Float64 => {
                        let high = u64::from(decoder.raw(32));
                        f64::from_bits(high << 32 | u64::from(decoder.raw(32)))
                    }
                };
                (value, i32::MAX)
            }
        }
    }))
}

fn rebuilt(element_type: ElementType, base: f64, prediction: f64, step: f64, q: i32) -> f64 {
    let value = base + (prediction + step * f64::from(q));
    match element_type {
        ElementType::Float32 => f64::from(value as f32),
        ElementType::Float64 => value,
    }
}

/// Goes through all points. `code` gets index, base, prediction, width of a step, and the context, and gives the value that is
/// decoded and its residual. Both sides walk alike.
fn walk(
    field: &Field<'_>,
    lattice: &Lattice,
    guides: &[Guide; TOLD_LEVELS],
    tightening: u8,
    mut code: impl FnMut(usize, f64, f64, f64, usize, usize) -> (f64, i32),
) -> Vec<f64> {
    let n = lattice.len();
    let mut decoded = vec![0.0; n];
    let mut known = Known { values: vec![0.0; n], sizes: vec![0; n] };
    let (each, most) = TIGHTENINGS[usize::from(tightening)];
    let mut put = |known: &mut Known, at: usize, prediction: f64, step: f64, group: usize, energy: usize| {
        let base = field.base.map_or(0.0, |b| b[at]);
        let prediction = if prediction.is_finite() { prediction } else { 0.0 };
        let (value, q) = code(at, base, prediction, step, group, energy);
        decoded[at] = value;
        known.values[at] = value - base;
        known.sizes[at] = q.unsigned_abs().min(255) as u8;
    };
    if n > 0 {
        put(&mut known, 0, 0.0, 2.0 * field.bound / most, 0, 0);
    }
    for class in lattice.classes() {
        let share = (0..class.level).fold(1.0, |f: f64, _| (f * each).min(most));
        let step = 2.0 * field.bound / share;
        let guide = guides[(class.level as usize).min(TOLD_LEVELS - 1)];
        let axes: Vec<(usize, usize, f64, Curve)> = (0..AXES)
            .filter(|&a| class.odd[a])
            .map(|a| (a, class.stride() * lattice.pitch[a], WEIGHTS[usize::from(guide.weight[a])], guide.curve[a]))
            .collect();
        let total: f64 = axes.iter().map(|x| x.2).sum();
        let group = 3 * (class.level as usize).min(GROUPS / 3 - 1) + axes.len() - 1;
        lattice.for_each(class, |p| {
            let mut prediction = 0.0;
            for &(a, reach, weight, curve) in &axes {
                prediction += weight * along(&known.values, p.at, reach, p.beside[a], curve);
            }
            let energy = neighbours(lattice, class, &known.sizes, &p);
            put(&mut known, p.at, prediction / total, step, group, energy);
        });
    }
    decoded
}

/// The context of a residual: the mean size of those around it that are known, the ones of its own class counting double.
fn neighbours(lattice: &Lattice, class: Class, sizes: &[u8], p: &Point) -> usize {
    let (mut sum, mut weight) = (0, 0);
    for a in 0..AXES {
        let reach = class.stride() * lattice.pitch[a];
        if class.odd[a] {
            sum += u32::from(sizes[p.at - reach]);
            weight += 1;
            if p.beside[a].plus_one {
                sum += u32::from(sizes[p.at + reach]);
                weight += 1;
            }
        }
        if p.before[a] {
            sum += 2 * u32::from(sizes[p.at - 2 * reach]);
            weight += 2;
        }
    }
    energy(sum, weight)
}

impl Guide {
    const PLAIN: Guide = Guide { curve: [Curve::Cubic; AXES], weight: [0; AXES] };

    fn byte(&self, axis: usize) -> u8 {
        self.weight[axis] << 1 | u8::from(self.curve[axis] == Curve::Linear)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Guide> {
        let mut guide = Guide::PLAIN;
        for (a, &byte) in bytes.iter().enumerate() {
            if usize::from(byte >> 1) >= WEIGHTS.len() {
                return Err(Error::Corruption("a bounded block is damaged: its guide does not exist".into()));
            }
            guide.weight[a] = byte >> 1;
            guide.curve[a] = if byte & 1 == 1 { Curve::Linear } else { Curve::Cubic };
        }
        Ok(guide)
    }
}

/// How the finest levels are best predicted, as far as originals tell: the curve with the smaller mean error along each axis, and
/// axes weighted inversely to its square.
fn guides(field: &Field<'_>, lattice: &Lattice, values: &Values, skip: Option<&[u8]>) -> [Guide; TOLD_LEVELS] {
    let difference = |i: usize| match skip {
        Some(s) if s[i] != 0 => 0.0,
        _ => values.get(i) - field.base.map_or(0.0, |b| b[i]),
    };
    let originals: Vec<f64> = (0..lattice.len()).map(difference).collect();
    let mut guides = [Guide::PLAIN; TOLD_LEVELS];
    for (level, guide) in guides.iter_mut().enumerate() {
        let mut errors = [f64::INFINITY; AXES];
        for (a, mean) in errors.iter_mut().enumerate() {
            let class = Class { level: level as u32, odd: std::array::from_fn(|b| a == b) };
            if lattice.count[a] <= class.stride() {
                continue;
            }
            let reach = class.stride() * lattice.pitch[a];
            let (mut sums, mut n) = ([0.0; 2], 0u32);
            lattice.for_each(class, |p| {
                for (sum, curve) in sums.iter_mut().zip([Curve::Linear, Curve::Cubic]) {
                    let error = (originals[p.at] - along(&originals, p.at, reach, p.beside[a], curve)).abs();
                    *sum += if error.is_finite() { error } else { 0.0 };
                }
                n += 1;
            });
            guide.curve[a] = if sums[0] < sums[1] { Curve::Linear } else { Curve::Cubic };
            *mean = sums[0].min(sums[1]) / f64::from(n.max(1)) + field.bound / 4.0;
        }
        let least = errors.iter().copied().fold(f64::INFINITY, f64::min);
        for (weight, error) in guide.weight.iter_mut().zip(errors) {
            let octaves = (error / least).log2();
            *weight = if octaves.is_finite() { (4.0 * octaves).round().min(7.0) as u8 } else { 0 };
        }
    }
    guides
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fields that are hard to be kept within a bound: spikes, noise, huge ranges, denormals.
    fn adversarial() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(0.0),
            -1.0..1.0,
            Just(1e30),
            Just(-1e30),
            -1e38..1e38,
            Just(f64::from(f32::MAX)),
            Just(f64::from(f32::from_bits(1))),
            Just(-0.0),
            -1e-40..1e-40,
        ]
    }

    fn shape() -> impl Strategy<Value = Vec<usize>> {
        prop::collection::vec(1usize..9, 1..=3)
    }

    proptest! {
        #[test]
        fn no_value_is_off_by_more_than_the_bound(
            (shape, numbers) in shape().prop_flat_map(|s| {
                let n = s.iter().product::<usize>();
                (Just(s), prop::collection::vec(adversarial(), n))
            }),
            bound in prop_oneof![Just(f64::MIN_POSITIVE), 1e-45..1e-30, 1e-6..1.0, 1e25..1e31, 1e300..1.7e308],
            single: bool,
            based: bool,
            tightening in 0u8..4,
        ) {
            let values = match single {
                true => Values::Float32(numbers.iter().map(|&v| v as f32).collect()),
                false => Values::Float64(numbers.clone()),
            };
            let base: Vec<f64> = numbers.iter().rev().copied().collect();
            let base = based.then_some(base.as_slice());
            let field = Field { shape: &shape, element_type: values.element_type(), base, bound };
            let coded = encode(&field, &values, None, tightening);
            let decoded = decode(&field, &coded.bytes).unwrap();
            for (i, &value) in decoded.iter().enumerate() {
                prop_assert_eq!(value.to_bits(), coded.values[i].to_bits());
                prop_assert!((value - values.get(i)).abs() <= bound, "{} for {}", value, values.get(i));
                if single {
                    prop_assert_eq!(f64::from(value as f32).to_bits(), value.to_bits());
                }
            }
        }

        #[test]
        fn garbage_decodes_to_something(bytes in prop::collection::vec(any::<u8>(), 0..200), shape in shape()) {
            let field = Field { shape: &shape, element_type: ElementType::Float32, base: None, bound: 1e-3 };
            let _ = decode(&field, &bytes);
        }
    }

    #[test]
    fn what_is_skipped_costs_little_and_changes_nothing_else() {
        let shape = [20, 30, 40];
        let wave = |i: usize| ((i / 40) as f32 * 0.01).sin() + (i % 40) as f32 * 0.03;
        let mut numbers: Vec<f32> = (0..24_000).map(wave).collect();
        let skip: Vec<u8> = (0..24_000).map(|i| u8::from(i % 7 == 0)).collect();
        (0..24_000).filter(|i| skip[*i] != 0).for_each(|i| numbers[i] = f32::NAN);
        let values = Values::Float32(numbers);
        let field = Field { shape: &shape, element_type: ElementType::Float32, base: None, bound: 0.01 };
        let coded = encode(&field, &values, Some(&skip), 0);
        assert_eq!(decode(&field, &coded.bytes).unwrap(), coded.values);
        assert!((0..24_000).all(|i| skip[i] != 0 || (coded.values[i] - values.get(i)).abs() <= 0.01));
        assert!(coded.bytes.len() < 24_000 / 4, "{}", coded.bytes.len());
    }
}
