//! One block at one step within a bound, as bytes and ready to be evaluated.

use std::any::Any;
use std::sync::Arc;

use limbeck_field::{ElementType, Region, Values};

use super::refinement;
use super::stream::{self, Field};
use crate::{BlockDecoder, BlockGeometry, Error, PlainBlock, Result};

/// Layout of the payload; leads it.
const VERSION: u8 = 1;
/// A refinement follows the stream.
const REFINED: u8 = 1;

/// What the stream is a difference to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Base {
    Nothing = 0,
    /// Another decoder: that of the step before, or a student at this step.
    Other = 1,
    /// A network whose payload precedes the stream.
    Network = 2,
}

/// The parts of a payload.
///
/// ```text
/// u8   version (1)
/// u8   base: 0 nothing, 1 another step or the student, 2 the network in here
/// u8   flags: 1 a refinement follows
/// f64  bound
/// u32  bytes of the network's payload, if the base is 2
/// u32  bytes of the stream, if a refinement follows
///      network, stream, refinement
/// ```
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) base: Base,
    pub(super) bound: f64,
    pub(super) network: &'a [u8],
    pub(super) stream: &'a [u8],
    /// Brings values within [`refinement::SHARE`] of the bound; in journals only.
    pub(super) refinement: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    pub(super) fn write(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION, self.base as u8, u8::from(self.refinement.is_some()) * REFINED];
        bytes.extend(self.bound.to_le_bytes());
        let mut length = |part: &[u8]| bytes.extend((part.len() as u32).to_le_bytes());
        if self.base == Base::Network {
            length(self.network);
        }
        if self.refinement.is_some() {
            length(self.stream);
        }
        for part in [self.network, self.stream, self.refinement.unwrap_or_default()] {
            bytes.extend_from_slice(part);
        }
        bytes
    }

    pub(super) fn read(payload: &'a [u8]) -> Result<Parts<'a>> {
        let torn = || Error::Corruption("a bounded block is damaged: it ends in its header".into());
        let (head, mut rest) = payload.split_at_checked(11).ok_or_else(torn)?;
        if head[0] != VERSION || head[2] & !REFINED != 0 {
            let text = format!("bounded layout {} ({:#x}) is unknown to this version of limbeck", head[0], head[2]);
            return Err(Error::Compatibility(text));
        }
        let base = match head[1] {
            0 => Base::Nothing,
            1 => Base::Other,
            2 => Base::Network,
            n => return Err(Error::Compatibility(format!("base {n} is unknown to this version of limbeck"))),
        };
        let bound = f64::from_le_bytes(head[3..].try_into().map_err(|_| torn())?);
        if !(bound > 0.0 && bound.is_finite()) {
            return Err(Error::Corruption(format!("a bounded block is damaged: {bound} is no bound")));
        }
        let mut length = |wanted: bool| -> Result<Option<usize>> {
            if !wanted {
                return Ok(None);
            }
            let (n, behind) = rest.split_first_chunk::<4>().ok_or_else(torn)?;
            rest = behind;
            Ok(Some(u32::from_le_bytes(*n) as usize))
        };
        let network = length(base == Base::Network)?.unwrap_or(0);
        let stream = length(head[2] & REFINED != 0)?;
        let (network, rest) = rest.split_at_checked(network).ok_or_else(torn)?;
        let (stream, refinement) = match stream {
            Some(n) => rest.split_at_checked(n).map(|(s, r)| (s, Some(r))).ok_or_else(torn)?,
            None => (rest, None),
        };
        Ok(Parts { base, bound, network, stream, refinement })
    }
}

/// A block whose values are within a bound of the originals.
pub(crate) struct BoundedBlock {
    /// What later steps are differences to, and what an archive holds.
    main: PlainBlock,
    /// Closer to the originals, where the journal has it.
    refined: Option<PlainBlock>,
    bound: f64,
    /// The network that the values are a difference to: the next step's may be coded as a difference to it.
    network: Option<Arc<dyn BlockDecoder>>,
}

impl BoundedBlock {
    /// Back from its payload. `base` is the decoder that the payload is a difference to, if it is; `open_network` opens the
    /// payload of a network.
    ///
    /// # Errors
    /// `Corruption` if the payload is damaged or its base is missing, `Compatibility` for a layout of a later version.
    pub(crate) fn decode(
        geometry: &BlockGeometry,
        payload: &[u8],
        base: Option<&dyn BlockDecoder>,
        open_network: impl FnOnce(&[u8], Option<&dyn BlockDecoder>) -> Result<Arc<dyn BlockDecoder>>,
    ) -> Result<BoundedBlock> {
        let parts = Parts::read(payload)?;
        let before = base.and_then(|b| b.as_any().downcast_ref::<BoundedBlock>());
        let network = match parts.base {
            Base::Network => Some(open_network(parts.network, before.and_then(|b| b.network.as_deref()))?),
            _ => None,
        };
        let base = match (parts.base, base, &network) {
            (Base::Nothing, ..) => None,
            (Base::Network, _, Some(network)) => Some(field_of(geometry, network.as_ref())?),
            (_, Some(other), _) => Some(field_of(geometry, other)?),
            _ => return Err(Error::Corruption("a bounded block is a difference to something that is missing".into())),
        };
        let field = field(geometry, base.as_deref(), parts.bound);
        let decoded = stream::decode(&field, parts.stream)?;
        let refined = parts.refinement.map(|bytes| refinement::decode(&field, &decoded, bytes));
        let block = |values| PlainBlock::of_values(geometry.extent.clone(), typed(geometry.element_type, values));
        Ok(BoundedBlock { main: block(decoded), refined: refined.map(block), bound: parts.bound, network })
    }

    pub(super) fn main(&self) -> &Values {
        self.main.values()
    }

    /// The values closest to the originals.
    pub(super) fn closest(&self) -> &PlainBlock {
        self.refined.as_ref().unwrap_or(&self.main)
    }

    pub(super) fn is_refined(&self) -> bool {
        self.refined.is_some()
    }

    pub(super) fn bound(&self) -> f64 {
        self.bound
    }

    /// How far the closest values are from the originals at most.
    pub(super) fn doubt(&self) -> f64 {
        self.refined.as_ref().map_or(self.bound, |_| refinement::SHARE * self.bound)
    }

    pub(super) fn network(&self) -> Option<&Arc<dyn BlockDecoder>> {
        self.network.as_ref()
    }
}

impl BlockDecoder for BoundedBlock {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        self.closest().decode(region, out)
    }

    /// Multilinear between the grid points.
    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        self.closest().sample(points, out)
    }

    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        self.closest().differentiate(points, values, derivatives)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The part of a payload that belongs into an archive: without its refinement.
///
/// # Errors
/// As of reading a payload.
pub fn without_refinement(payload: &[u8]) -> Result<Vec<u8>> {
    Ok(Parts { refinement: None, ..Parts::read(payload)? }.write())
}

/// Whether a payload (out of a journal) has a refinement.
pub fn is_refined(payload: &[u8]) -> bool {
    Parts::read(payload).is_ok_and(|p| p.refinement.is_some())
}

/// What both sides know about a block.
pub(super) fn field<'a>(geometry: &'a BlockGeometry, base: Option<&'a [f64]>, bound: f64) -> Field<'a> {
    Field { shape: &geometry.extent.count, element_type: geometry.element_type, base, bound }
}

/// All values of a block as something else has them, what is no number as 0.
pub(super) fn field_of(geometry: &BlockGeometry, decoder: &dyn BlockDecoder) -> Result<Vec<f64>> {
    let mut values = vec![0.0; geometry.extent.len()];
    match decoder.as_any().downcast_ref::<BoundedBlock>() {
        Some(block) => block.main.decode(&Region::of(&geometry.extent), &mut values)?,
        None => decoder.decode(&Region::of(&geometry.extent), &mut values)?,
    }
    values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
    Ok(values)
}

/// Values that were decoded in double precision, in the type that they were handed in.
pub(super) fn typed(element_type: ElementType, values: Vec<f64>) -> Values {
    match element_type {
        ElementType::Float32 => Values::Float32(values.into_iter().map(|v| v as f32).collect()),
        ElementType::Float64 => Values::Float64(values),
    }
}
