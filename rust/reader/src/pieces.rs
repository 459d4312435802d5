//! What covers a variable at a step, whatever kind of file it comes from.

use std::hash::Hash;
use std::sync::Arc;

use limbeck_archive::VariableDescription;
use limbeck_codec::{BlockDecoder, Mask, SegmentDecoder, StepKind};
use limbeck_field::{ElementType, Extent, Region};

use crate::cache::Cache;
use crate::{Error, Result};

/// Bytes of opened decoders that one dataset keeps.
pub(crate) const CACHE_BYTES: usize = 256 << 20;

/// Something that can be opened: a segment by its row, or a journal's frame by journal and row.
pub(crate) type PieceId = (usize, usize);

/// A box with values at one step.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) extent: Extent,
    /// What to open, or why it is lost.
    pub(crate) id: std::result::Result<PieceId, String>,
    /// The step, counted in the piece.
    pub(crate) step: f64,
}

impl Piece {
    /// What to open; the loss as an error.
    pub(crate) fn id(&self) -> Result<PieceId> {
        self.id.clone().map_err(Error::Corruption)
    }
}

/// An opened piece.
#[derive(Clone)]
pub(crate) enum Opened {
    /// One block at one step.
    Block(Arc<dyn BlockDecoder>),
    /// Many steps.
    Segment(Arc<dyn SegmentDecoder>),
}

impl Opened {
    /// The decoder of one step, if this is one.
    pub(crate) fn block(&self) -> Option<&dyn BlockDecoder> {
        match self {
            Opened::Block(d) => Some(d.as_ref()),
            Opened::Segment(_) => None,
        }
    }

    pub(crate) fn decode(&self, step: f64, region: &Region, out: &mut [f64]) -> Result<()> {
        match self {
            Opened::Block(d) => d.decode(region, out)?,
            Opened::Segment(d) => d.decode(step, region, out)?,
        }
        Ok(())
    }

    /// Values and derivatives by step and place, n x (1 + rank), at points as for [`Opened::sample`]; a single step says nothing
    /// of how it changes (0).
    pub(crate) fn differentiate(
        &self,
        points: &[f64],
        rank: usize,
        values: &mut [f64],
        derivatives: &mut [f64],
    ) -> Result<()> {
        match self {
            Opened::Block(d) => {
                let mut by_place = vec![0.0; values.len() * rank];
                d.differentiate(&places(points, rank), values, &mut by_place)?;
                for (all, places) in derivatives.chunks_exact_mut(1 + rank).zip(by_place.chunks_exact(rank)) {
                    all[0] = 0.0;
                    all[1..].copy_from_slice(places);
                }
            }
            Opened::Segment(d) => d.differentiate(points, values, derivatives)?,
        }
        Ok(())
    }

    /// `points` are n x (1 + rank), the step counted in the piece first.
    pub(crate) fn sample(&self, points: &[f64], rank: usize, out: &mut [f64]) -> Result<()> {
        match self {
            Opened::Block(d) => d.sample(&places(points, rank), out)?,
            Opened::Segment(d) => d.sample(points, out)?,
        }
        Ok(())
    }
}

/// Points without their step.
fn places(points: &[f64], rank: usize) -> Vec<f64> {
    points.chunks_exact(1 + rank).flat_map(|p| &p[1..]).copied().collect()
}

/// Opens something that may be a difference to something else: from the nearest that is open already, or stands alone.
pub(crate) fn open_chain<K: Eq + Hash + Copy>(
    cache: &Cache<K, Opened>,
    key: K,
    base_of: impl Fn(K) -> Result<Option<K>>,
    open: impl Fn(K, Option<&Opened>) -> Result<(Opened, usize)>,
) -> Result<Opened> {
    let (mut chain, mut at, mut opened) = (Vec::new(), Some(key), None);
    while let Some(k) = at {
        opened = cache.get(k);
        if opened.is_some() {
            break;
        }
        chain.push(k);
        at = base_of(k)?;
    }
    for k in chain.into_iter().rev() {
        let (made, bytes) = open(k, opened.as_ref())?;
        cache.put(k, made.clone(), bytes);
        opened = Some(made);
    }
    opened.ok_or_else(|| Error::Internal("a chain of differences is empty".into()))
}

/// Memory that the decoder of one step takes, about.
pub(crate) fn step_bytes(kind: StepKind, values: usize, payload: usize) -> usize {
    match kind {
        StepKind::Plain => 8 * values,
        StepKind::Bounded | StepKind::Correction => 16 * values,
        StepKind::Constant | StepKind::Network => 8 * payload + 256,
    }
}

/// A kind of file.
pub(crate) trait Content: Send + Sync {
    /// What covers a variable at a step, later pieces over earlier ones. Steps that cannot be read are an error.
    fn pieces(&self, variable: usize, step: u64) -> Result<Vec<Piece>>;

    /// Opens a piece.
    fn open(&self, id: PieceId) -> Result<Opened>;

    /// The masks of a variable at a step: block and mask.
    fn masks(&self, variable: usize, step: u64) -> Result<Vec<(usize, Arc<Mask>)>>;

    /// True if the variable can be read at the step.
    fn readable(&self, variable: usize, step: u64) -> bool;
}

/// A variable's description with its sizes as this machine counts them.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) shape: Vec<usize>,
    pub(crate) element_type: ElementType,
    pub(crate) blocks: Vec<Extent>,
}

impl Variable {
    pub(crate) fn new(v: &VariableDescription) -> Result<Variable> {
        let size = |list: &[u64]| {
            let sizes = list.iter().map(|&n| usize::try_from(n)).collect::<std::result::Result<Vec<_>, _>>();
            sizes.map_err(|_| Error::Compatibility(format!("\"{}\" is too large for this machine", v.name)))
        };
        let block =
            |b: &limbeck_archive::BlockDescription| Ok(Extent { offset: size(&b.offset)?, count: size(&b.count)? });
        Ok(Variable {
            shape: size(&v.shape)?,
            element_type: if v.element_type == 4 { ElementType::Float32 } else { ElementType::Float64 },
            blocks: v.blocks.iter().map(block).collect::<Result<_>>()?,
        })
    }
}
