//! A method whose values can be told beforehand, and runs written with it.

#![allow(dead_code)]

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use limbeck_archive::{
    BlockDescription, BlockRecord, JournalWriter, QualitySums, Record, RunDescription, RunLock, StepStamp,
    VariableDescription, journal_directory,
};
use limbeck_codec::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, DistilTask, EncodedSegment, Error, Mask, Method, PlainBlock, Result,
    SegmentDecoder, StepKind, plain,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};
use limbeck_reader::Dataset;

/// Number of the method in these tests' files.
pub const NUMBER: u16 = 900;

/// Value of a ramp at a place: `level` plus 10,000 z + 100 y + x (for three axes).
pub fn ramp(level: f64, place: &[f64]) -> f64 {
    level + place.iter().fold(0.0, |v, x| 100.0 * v + x)
}

/// Payload of a step: its level, or how much it is above its base. Payload of a segment: level at its first step, and
/// rise from step to step.
pub struct Ramp;

struct Level(f64);

impl BlockDecoder for Level {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        each_point(region, |i, place| out[i] = ramp(self.0, place));
        Ok(())
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        let rank = points.len() / out.len();
        points.chunks_exact(rank).zip(out).for_each(|(p, o)| *o = ramp(self.0, p));
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct Slope {
    level: f64,
    rise: f64,
}

impl SegmentDecoder for Slope {
    fn decode(&self, step: f64, region: &Region, out: &mut [f64]) -> Result<()> {
        each_point(region, |i, place| out[i] = ramp(self.level + self.rise * step, place));
        Ok(())
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        let width = points.len() / out.len();
        let value = |p: &[f64]| ramp(self.level + self.rise * p[0], &p[1..]);
        points.chunks_exact(width).zip(out).for_each(|(p, o)| *o = value(p));
        Ok(())
    }

    fn description(&self) -> String {
        format!("a slope of {}", self.rise)
    }
}

pub fn each_point(region: &Region, mut at: impl FnMut(usize, &[f64])) {
    for linear in 0..region.len() {
        let (mut rest, mut place) = (linear, vec![0.0; region.count.len()]);
        for a in (0..place.len()).rev() {
            place[a] = (region.start[a] + rest % region.count[a] * region.every[a]) as f64;
            rest /= region.count[a];
        }
        at(linear, &place);
    }
}

fn number(payload: &[u8], i: usize) -> Result<f64> {
    let bytes = payload.get(8 * i..8 * i + 8).ok_or_else(|| Error::Corruption("a short payload".into()))?;
    Ok(f64::from_le_bytes(bytes.try_into().unwrap()))
}

impl Method for Ramp {
    fn number(&self) -> u16 {
        NUMBER
    }

    fn name(&self) -> &'static str {
        "ramp"
    }

    fn chain(&self, _: BlockGeometry, _: ChainKey) -> Box<dyn Chain> {
        unimplemented!("these tests only read")
    }

    fn open_step(
        &self,
        geometry: &BlockGeometry,
        kind: StepKind,
        payload: &[u8],
        mask: Option<&[u8]>,
        base: Option<&dyn BlockDecoder>,
    ) -> Result<Arc<dyn BlockDecoder>> {
        assert!(mask.is_none(), "the reader puts masks back itself");
        if kind == StepKind::Plain {
            return Ok(Arc::new(PlainBlock::decode(geometry, payload)?));
        }
        let below = base.map_or(0.0, |b| b.as_any().downcast_ref::<Level>().unwrap().0);
        Ok(Arc::new(Level(below + number(payload, 0)?)))
    }

    fn distil(&self, _: &DistilTask<'_>, _: &rayon::ThreadPool) -> Result<EncodedSegment> {
        unimplemented!("these tests only read")
    }

    fn open_segment(&self, _: &Extent, _: &[f64], payload: &[u8]) -> Result<Arc<dyn SegmentDecoder>> {
        Ok(Arc::new(Slope { level: number(payload, 0)?, rise: number(payload, 1)? }))
    }
}

pub fn methods(number: u16) -> Result<&'static dyn Method> {
    match number {
        NUMBER => Ok(&Ramp),
        _ => Err(Error::Compatibility(format!("method {number} is unknown"))),
    }
}

pub fn open(path: &Path) -> limbeck_reader::Result<Dataset> {
    Dataset::open_with_methods(path, methods)
}

pub fn bytes(numbers: &[f64]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Plain payload of a block.
pub fn plain_payload(count: &[usize], value: impl Fn(usize) -> f64) -> Vec<u8> {
    let n = count.iter().product();
    plain::encode(&Volume { count: count.to_vec(), values: Values::Float64((0..n).map(value).collect()) })
}

/// Mask of a block of `n` values with NaN at these places.
pub fn nan_at(n: usize, places: &[usize]) -> Vec<u8> {
    let mut codes = vec![0; n];
    places.iter().for_each(|&i| codes[i] = 1);
    Mask { codes }.encode()
}

pub fn variable(name: &str, shape: &[u64]) -> VariableDescription {
    VariableDescription {
        name: name.into(),
        element_type: ElementType::Float64.size() as u8,
        shape: shape.to_vec(),
        attributes: vec![],
        axes: vec![],
        blocks: vec![VariableDescription::whole_block(shape)],
    }
}

pub fn run_of(variables: Vec<VariableDescription>) -> RunDescription {
    RunDescription { limbeck_version: "0.1.0".into(), attributes: vec![], variables }
}

pub fn block(offset: &[u64], count: &[u64]) -> BlockDescription {
    BlockDescription { offset: offset.to_vec(), count: count.to_vec(), rank: 0 }
}

pub fn stamp(step: u64) -> StepStamp {
    StepStamp { step, cycle: 10 * step as i64, time: 0.5 * step as f64 }
}

/// A block frame of variable 0.
pub fn frame(step: u64, block: u32, base_step: Option<u64>, number: f64) -> BlockRecord {
    BlockRecord {
        step,
        variable: 0,
        block,
        method: NUMBER,
        step_kind: StepKind::Network as u8,
        base_step,
        payload: bytes(&[number]),
        mask: None,
        quality: QualitySums { count: 4, squared_error: 1.0, max_error: 0.5, min: 0.0, max: 8.0 },
        seconds: 0.25,
        samples: 100,
        queue_depth: 2,
    }
}

/// A directory with the journal of one process, still open for more.
pub struct Running {
    pub root: tempfile::TempDir,
    pub journal: JournalWriter,
}

impl Running {
    pub fn new(run: &RunDescription) -> Running {
        let root = tempfile::tempdir().unwrap();
        let lock = RunLock::acquire(&journal_directory(&root.path().join("run.lbk")), 0).unwrap();
        let mut journal = JournalWriter::create(lock).unwrap();
        journal.append(&Record::Run(run.clone())).unwrap();
        Running { root, journal }
    }

    pub fn archive(&self) -> PathBuf {
        self.root.path().join("run.lbk")
    }

    /// One whole step.
    pub fn step(&mut self, step: u64, frames: impl IntoIterator<Item = BlockRecord>) {
        self.journal.append(&Record::StepAccepted(stamp(step))).unwrap();
        for frame in frames {
            self.journal.append(&Record::Block(frame)).unwrap();
        }
        self.journal.append(&Record::StepComplete(stamp(step))).unwrap();
    }
}

pub fn whole(shape: &[usize]) -> Region {
    Region::of(&Extent::whole(shape))
}
