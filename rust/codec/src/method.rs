//! The seam between the service and the ways of turning steps into bytes: everything above this crate
//! works on these traits and knows no network.

use std::sync::Arc;
use std::time::Duration;

use limbeck_field::{ElementType, Extent, Region, Volume};

use crate::ranks::Ranks;
use crate::{ConstantBlock, Error, Mask, Quality, Result, plain};

/// Where a block lies in its variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockGeometry {
    /// Global shape of the variable, slowest axis first.
    pub shape: Vec<usize>,
    /// The block's box in it.
    pub extent: Extent,
    /// Type of the values handed in.
    pub element_type: ElementType,
    /// Boxes inside the block's whose values belong to other blocks: they are fitted here too, but measured there.
    pub shared: Vec<Extent>,
}

impl BlockGeometry {
    /// Refuses a volume of another size.
    pub(crate) fn check(&self, volume: &Volume) -> Result<()> {
        if volume.count == self.extent.count && volume.values.len() == self.extent.len() {
            return Ok(());
        }
        let (given, announced) = (&volume.count, &self.extent.count);
        Err(Error::InvalidArgument(format!("a block of {given:?} values where {announced:?} were announced")))
    }

    /// By position in the block (C order): whether the value belongs to another block. None if all are its own.
    pub fn foreign(&self) -> Option<Vec<bool>> {
        let mut foreign = (!self.shared.is_empty()).then(|| vec![false; self.extent.len()])?;
        for part in &self.shared {
            // A box inside the block: what is refused here cannot be marked.
            let region = Region::of(part);
            let _ = region.for_each_row(&self.extent, |first, row| foreign[first..first + row.len()].fill(true));
        }
        Some(foreign)
    }
}

/// What random numbers and chains are keyed by. Same key and data give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainKey {
    /// Seed of the run.
    pub seed: u64,
    /// Index of the variable.
    pub variable: u32,
    /// Number of the block among the variable's, the same whatever the number of ranks.
    pub block: u32,
}

/// How a step's payload is to be read. The numbers are part of the format and never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StepKind {
    /// One value for the whole block.
    Constant = 0,
    /// A network fitted to the block.
    Network = 1,
    /// The values themselves, losslessly packed.
    Plain = 2,
    /// Values within a bound of the originals.
    Bounded = 3,
    /// What brings the student that covers the step within a bound of the originals; its base is that student.
    Correction = 4,
}

impl StepKind {
    /// From its number in a file.
    pub fn from_number(n: u8) -> Result<StepKind> {
        match n {
            0 => Ok(StepKind::Constant),
            1 => Ok(StepKind::Network),
            2 => Ok(StepKind::Plain),
            3 => Ok(StepKind::Bounded),
            4 => Ok(StepKind::Correction),
            _ => Err(Error::Compatibility(format!("step kind {n} is unknown to this version of limbeck"))),
        }
    }
}

/// One block at one step as bytes.
#[derive(Clone, Debug)]
pub struct EncodedStep {
    /// How to read `payload`.
    pub kind: StepKind,
    /// Step that this one is coded as a difference to, if any.
    pub base_step: Option<u64>,
    /// The bytes; already entropy-coded.
    pub payload: Vec<u8>,
    /// Positions of NaN and infinities, if any (see [`Mask::encode`]).
    pub mask: Option<Vec<u8>>,
    /// Measured on the block's own values that are not masked, in double precision, after decoding `payload` again.
    pub quality: Quality,
    /// Training samples spent.
    pub samples: u64,
}

impl EncodedStep {
    /// One value for all that is not masked.
    pub(crate) fn constant(value: f64, geometry: &BlockGeometry, mask: Option<&Mask>) -> EncodedStep {
        let foreign = geometry.foreign();
        let own = |&i: &usize| mask.is_none_or(|m| m.codes[i] == 0) && foreign.as_ref().is_none_or(|f| !f[i]);
        let count = (0..geometry.extent.len()).filter(own).count() as u64;
        // Where all is masked the value is anybody's, and in no range.
        let quality = match count {
            0 => Quality::EMPTY,
            _ => Quality { count, squared_error: 0.0, max_error: 0.0, min: value, max: value },
        };
        let (payload, mask) = (ConstantBlock::encode(value), mask.map(Mask::encode));
        EncodedStep { kind: StepKind::Constant, base_step: None, payload, mask, quality, samples: 0 }
    }

    /// The values themselves, losslessly: for blocks that no network was, or could be, fitted to.
    pub fn plain(volume: &Volume, geometry: &BlockGeometry) -> EncodedStep {
        let mut quality = Quality::EMPTY;
        let foreign = geometry.foreign();
        (0..volume.values.len())
            .filter(|&i| foreign.as_ref().is_none_or(|f| !f[i]))
            .map(|i| volume.values.get(i))
            .filter(|v| v.is_finite())
            .for_each(|v| quality.add(v, v));
        // NaN and infinities stand among the values, and in a mask besides: the values give way to a student, the mask
        // goes into the archive with it.
        let mask = Mask::scan(volume).map(|m| m.encode());
        let payload = plain::encode(volume);
        EncodedStep { kind: StepKind::Plain, base_step: None, payload, mask, quality, samples: 0 }
    }
}

/// Fits the steps of one (variable, block) in order; keeps what the next step starts from.
pub trait Chain: Send {
    /// Encodes one step. `step` is the run-wide step index. Values under `mask` are ignored.
    /// `threads` is the pool to be data-parallel in; the bytes do not depend on its size.
    fn encode(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        threads: &rayon::ThreadPool,
    ) -> Result<EncodedStep>;

    /// Continues after a restart: `last` is the newest durable step of this chain.
    fn resume(&mut self, step: u64, last: &dyn BlockDecoder);
}

/// One block at one step, ready to be evaluated. All coordinates are global index coordinates of the variable.
pub trait BlockDecoder: Send + Sync {
    /// Values at the grid points of `region`, which lies inside the block; C order, last axis fastest.
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()>;

    /// Values at arbitrary points: `points` is n x rank (axis fastest, slowest axis of the variable first),
    /// fractional index coordinates.
    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()>;

    /// Values at arbitrary points, as [`BlockDecoder::sample`], and their derivatives by each coordinate, n x rank: of a network
    /// exact, of anything else central differences over one grid step.
    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        differences(|points, out| self.sample(points, out), None, points, values, derivatives)
    }

    /// For downcasting by the method that made it (warm start, differences).
    fn as_any(&self) -> &dyn std::any::Any;
}

/// Gives the teachers of one variable to the distillation, any number of times, from any thread.
pub trait TeacherSource: Sync {
    /// The decoder of `block` at `step` (index into the distilled steps), or None if that step was lost or dropped.
    fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>>;
}

/// What is distilled into one segment.
pub struct DistilTask<'a> {
    /// The box of the variable that the segment is of.
    pub extent: &'a Extent,
    /// Type of the values handed in.
    pub element_type: ElementType,
    /// Boxes of all blocks in it, those of other ranks too.
    pub blocks: &'a [Extent],
    /// Physical time of each step.
    pub times: &'a [f64],
    /// The steps (indices into `times`) that some block has values of; rising, not empty.
    pub present: &'a [usize],
    /// Smallest and largest value that was handed in at any of the steps; (0, 0) if there was none.
    pub range: (f64, f64),
    /// The teachers.
    pub teachers: &'a dyn TeacherSource,
    /// Who distils together. All have the same task but for `teachers`, `here` and `progress`.
    pub ranks: &'a dyn Ranks,
    /// Whether this rank is to ask the teacher of a draw: its number and its block. Exactly one rank says yes.
    pub here: &'a (dyn Fn(usize, usize) -> bool + Sync),
    /// Random numbers (the block is ignored).
    pub key: ChainKey,
    /// Bytes that the segment's payload may take.
    pub budget_bytes: usize,
    /// Stop early enough to return within this time, with what was reached.
    pub time_limit: Option<Duration>,
    /// Called now and then with the share done (0 to 1) and the PSNR against the teachers so far.
    pub progress: &'a (dyn Fn(f64, f64) + Sync),
}

/// All steps of a variable as bytes.
#[derive(Clone, Debug)]
pub struct EncodedSegment {
    /// The bytes; already entropy-coded.
    pub payload: Vec<u8>,
    /// Against the teachers, on a sample of points, after decoding `payload` again.
    pub quality: Quality,
    /// One line about what was made, for people: "SIREN 96x3, 28417 parameters".
    pub description: String,
    /// Training samples spent.
    pub samples: u64,
}

/// All steps of a variable, ready to be evaluated.
pub trait SegmentDecoder: Send + Sync {
    /// Values at the grid points of `region` at the (fractional) step index `step`, counted in the segment;
    /// C order, last axis fastest.
    fn decode(&self, step: f64, region: &Region, out: &mut [f64]) -> Result<()>;

    /// Values at arbitrary points: `points` is n x (1 + rank): fractional step index in the segment, then index
    /// coordinates, slowest axis first.
    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()>;

    /// Values at arbitrary points, as [`SegmentDecoder::sample`], and their derivatives by each coordinate, n x (1 + rank), the
    /// step's first: of a network exact, of anything else central differences over one grid step.
    fn differentiate(&self, points: &[f64], values: &mut [f64], derivatives: &mut [f64]) -> Result<()> {
        differences(|points, out| self.sample(points, out), None, points, values, derivatives)
    }

    /// One line about the network, for people.
    fn description(&self) -> String;
}

/// Values, and derivatives by central differences over one grid step, or what of it lies between the first and last grid points
/// of a box: what a decoder does that knows nothing better.
pub(crate) fn differences(
    sample: impl Fn(&[f64], &mut [f64]) -> Result<()>,
    within: Option<&Extent>,
    points: &[f64],
    values: &mut [f64],
    derivatives: &mut [f64],
) -> Result<()> {
    sample(points, values)?;
    let axes = points.len() / values.len().max(1);
    let (mut before, mut after) = (vec![0.0; values.len()], vec![0.0; values.len()]);
    let (mut low, mut high) = (points.to_vec(), points.to_vec());
    for axis in 0..axes {
        let (first, last) = within.map_or((f64::NEG_INFINITY, f64::INFINITY), |e| {
            (e.offset[axis] as f64, (e.offset[axis] + e.count[axis] - 1) as f64)
        });
        let moved = |to: &mut [f64], by: f64| {
            to.copy_from_slice(points);
            to.iter_mut().skip(axis).step_by(axes).for_each(|p| *p = (*p + by).clamp(first, last));
        };
        moved(&mut low, -0.5);
        moved(&mut high, 0.5);
        sample(&low, &mut before)?;
        sample(&high, &mut after)?;
        for (i, d) in derivatives.iter_mut().skip(axis).step_by(axes).enumerate() {
            let apart = high[i * axes + axis] - low[i * axes + axis];
            *d = if apart > 0.0 { (after[i] - before[i]) / apart } else { 0.0 };
        }
    }
    Ok(())
}

/// A way to turn the steps of a variable into bytes while it runs and into one segment when it ends.
pub trait Method: Send + Sync {
    /// Number of the method in files; never reused.
    fn number(&self) -> u16;

    /// Name of the method in options and reports.
    fn name(&self) -> &'static str;

    /// Begins a chain.
    fn chain(&self, geometry: BlockGeometry, key: ChainKey) -> Box<dyn Chain>;

    /// Opens one step. `base` is the decoder of the frame's `base_step`, if it has one, or of the student at this step under a
    /// correction.
    fn open_step(
        &self,
        geometry: &BlockGeometry,
        kind: StepKind,
        payload: &[u8],
        mask: Option<&[u8]>,
        base: Option<&dyn BlockDecoder>,
    ) -> Result<Arc<dyn BlockDecoder>>;

    /// Distils the teachers of a variable into one segment. Collective over the task's ranks, which all get the same
    /// segment, or the same error.
    fn distil(&self, task: &DistilTask<'_>, threads: &rayon::ThreadPool) -> Result<EncodedSegment>;

    /// Opens a segment of a box of the variable. `times` are the physical times of its steps.
    fn open_segment(&self, extent: &Extent, times: &[f64], payload: &[u8]) -> Result<Arc<dyn SegmentDecoder>>;
}
