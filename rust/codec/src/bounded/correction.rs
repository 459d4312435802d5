//! A student's own stream: what is missing from it, so that the bound of the steps it stands for holds.

use limbeck_field::Values;

use super::block::{Base, BoundedBlock, Parts, field, field_of, typed};
use super::refinement::SHARE;
use super::stream;
use crate::{BlockDecoder, BlockGeometry, Mask, Quality, Result};

/// A student against a step out of a journal. Where the journal has refined values and not the originals, half a step of the
/// refinement is added to the errors: its mean square to theirs, all of it to the largest.
///
/// # Errors
/// Those of decoding.
pub fn compare(
    geometry: &BlockGeometry,
    kept: &dyn BlockDecoder,
    student: &dyn BlockDecoder,
    mask: Option<&Mask>,
) -> Result<Quality> {
    let seen = typed(geometry.element_type, field_of(geometry, student)?);
    let kept = kept.as_any().downcast_ref::<BoundedBlock>().map_or_else(
        || Ok((typed(geometry.element_type, field_of(geometry, kept)?), 0.0)),
        |block| Ok::<_, crate::Error>((block.closest().values().clone(), block.doubt())),
    )?;
    Ok(against(geometry, &kept.0, kept.1, mask, |i| seen.get(i)))
}

fn against(
    geometry: &BlockGeometry,
    values: &Values,
    doubt: f64,
    mask: Option<&Mask>,
    seen: impl Fn(usize) -> f64,
) -> Quality {
    let foreign = geometry.foreign();
    let own = |i: &usize| mask.is_none_or(|m| m.codes[*i] == 0) && foreign.as_ref().is_none_or(|f| !f[*i]);
    let mut quality = Quality::EMPTY;
    (0..values.len()).filter(own).for_each(|i| quality.add(values.get(i), seen(i)));
    quality.max_error += doubt;
    // The square of what is uniform within the doubt.
    quality.squared_error += quality.count as f64 * doubt * doubt / 3.0;
    quality
}

/// What a student needs at one step of a block.
pub struct Correction {
    /// The payload of a step of kind [`StepKind::Correction`](crate::StepKind::Correction); None: the student is close enough
    /// everywhere.
    pub payload: Option<Vec<u8>>,
    /// Of student and correction. The originals are gone: errors are those against the values kept in the journal, the largest
    /// one that which originals can have at most.
    pub quality: Quality,
}

/// What brings `student` within the bound that `kept`, a step out of a journal, was recorded with. None if the
/// step was not kept closely enough for that, or as something else.
///
/// # Errors
/// Those of decoding.
pub fn correct(
    geometry: &BlockGeometry,
    kept: &dyn BlockDecoder,
    student: &dyn BlockDecoder,
    mask: Option<&Mask>,
) -> Result<Option<Correction>> {
    let block = kept.as_any().downcast_ref::<BoundedBlock>().filter(|b| b.is_refined());
    let Some(block) = block else { return Ok(None) };
    let (values, bound, doubt) = (block.closest().values(), (1.0 - SHARE) * block.bound(), block.doubt());
    let skip = mask.map(|m| m.codes.as_slice());
    let counts = |i: usize| skip.is_none_or(|s| s[i] == 0);
    let base = field_of(geometry, student)?;
    let seen = typed(geometry.element_type, base.clone());
    let all = |i: usize| (seen.get(i) - values.get(i)).abs() <= bound && (base[i] - values.get(i)).abs() <= bound;
    if (0..values.len()).all(|i| !counts(i) || all(i)) {
        let quality = against(geometry, values, doubt, mask, |i| seen.get(i));
        return Ok(Some(Correction { payload: None, quality }));
    }
    let code = |tightening| stream::encode(&field(geometry, Some(&base), bound), values, skip, tightening);
    let (loose, tight) = rayon::join(|| code(0), || code(1));
    let coded = if tight.bytes.len() < loose.bytes.len() { tight } else { loose };
    let quality = against(geometry, values, doubt, mask, |i| coded.values[i]);
    let parts = Parts { base: Base::Other, bound, network: &[], stream: &coded.bytes, refinement: None };
    Ok(Some(Correction { payload: Some(parts.write()), quality }))
}
