//! What the tests of the session share: a small real method whose moments of work can be controlled, and data.
#![allow(dead_code, reason = "each test program uses its part")]

use std::any::Any;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use limbeck_codec::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, ConstantBlock, DistilTask, EncodedSegment, EncodedStep, Error, Mask,
    Method, PlainBlock, Quality, Result, SegmentDecoder, StepKind,
};
use limbeck_field::{ElementType, Extent, Region, Volume};
use limbeck_session::{BlockId, Communicator, Config, Session, ValuesRef, VariableId};

/// Rounds values to 16 bits between the smallest and the largest one. Every fourth step is coded whole, the others as
/// differences to their predecessor; a segment holds a coarse grid of every step.
pub struct Rounding {
    pub control: Arc<Control>,
}

/// What a test does to the method.
#[derive(Default)]
pub struct Control {
    /// How often encoding is still to panic, by step.
    pub panics: Mutex<HashMap<u64, u32>>,
    /// How often encoding is still to fail, by step.
    pub failures: Mutex<HashMap<u64, u32>>,
    closed: Mutex<bool>,
    opened: Condvar,
    /// Steps that chains were resumed behind.
    pub resumed: Mutex<Vec<u64>>,
    pub distil_panics: Mutex<bool>,
}

impl Control {
    /// Lets no block through until [`Control::open`].
    pub fn close(&self) {
        *self.closed.lock().unwrap() = true;
    }

    pub fn open(&self) {
        *self.closed.lock().unwrap() = false;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        drop(self.opened.wait_while(closed, |c| *c).unwrap());
    }

    fn due(map: &Mutex<HashMap<u64, u32>>, step: u64) -> bool {
        let mut map = map.lock().unwrap();
        let left = map.entry(step).or_insert(0);
        *left > 0 && {
            *left -= 1;
            true
        }
    }
}

impl Rounding {
    pub const NUMBER: u16 = 60_000;

    pub fn controlled() -> (Arc<dyn Method>, Arc<Control>) {
        let control = Arc::new(Control::default());
        (Arc::new(Rounding { control: control.clone() }), control)
    }
}

struct Rounded {
    extent: Extent,
    low: f64,
    scale: f64,
    codes: Vec<u16>,
}

impl Rounded {
    fn value(&self, i: usize) -> f64 {
        self.low + self.scale * f64::from(self.codes[i])
    }

    fn index(&self, point: impl Iterator<Item = usize>) -> usize {
        point.zip(&self.extent.offset).zip(&self.extent.count).fold(0, |linear, ((p, o), n)| linear * n + (p - o))
    }
}

impl BlockDecoder for Rounded {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        let every = *region.every.last().unwrap();
        region
            .for_each_row(&self.extent, |first, row| {
                out[row].iter_mut().enumerate().for_each(|(k, o)| *o = self.value(first + k * every));
            })
            .map_err(|e| Error::InvalidArgument(e.to_string()))
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        for (p, o) in points.chunks_exact(self.extent.rank()).zip(out) {
            *o = self.value(self.index(p.iter().map(|x| x.round() as usize)));
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct RoundingChain {
    control: Arc<Control>,
    /// Values of other blocks.
    foreign: Option<Vec<bool>>,
    previous: Option<(u64, Vec<u16>)>,
}

impl Chain for RoundingChain {
    fn encode(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        _: &rayon::ThreadPool,
    ) -> Result<EncodedStep> {
        self.control.pass();
        assert!(!Control::due(&self.control.panics, step), "asked to panic at step {step}");
        if Control::due(&self.control.failures, step) {
            return Err(Error::Internal(format!("asked to fail at step {step}")));
        }
        let n = volume.values.len();
        let own = |i: usize| self.foreign.as_ref().is_none_or(|f| !f[i]);
        let seen = || (0..n).filter(|&i| mask.is_none_or(|m| m.codes[i] == 0)).map(|i| (i, volume.values.get(i)));
        let (low, high) = seen().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), (_, v)| (l.min(v), h.max(v)));
        let mut quality = Quality::EMPTY;
        let mask_bytes = mask.map(Mask::encode);
        if low >= high {
            let value = if low > high { 0.0 } else { low };
            seen().filter(|(i, _)| own(*i)).for_each(|(_, v)| quality.add(v, v));
            self.previous = None;
            let payload = ConstantBlock::encode(value);
            return Ok(EncodedStep {
                kind: StepKind::Constant,
                base_step: None,
                payload,
                mask: mask_bytes,
                quality,
                samples: 0,
            });
        }
        let scale = (high - low) / 65_535.0;
        let mut codes = vec![0u16; n];
        for (i, v) in seen() {
            codes[i] = ((v - low) / scale).round() as u16;
            if own(i) {
                quality.add(v, low + scale * f64::from(codes[i]));
            }
        }
        let base = self.previous.as_ref().filter(|(s, _)| s + 1 == step && !step.is_multiple_of(4));
        let mut payload = [low.to_le_bytes(), scale.to_le_bytes()].concat();
        for (i, code) in codes.iter().enumerate() {
            payload.extend(code.wrapping_sub(base.map_or(0, |(_, b)| b[i])).to_le_bytes());
        }
        let base_step = base.map(|(s, _)| *s);
        self.previous = Some((step, codes));
        Ok(EncodedStep { kind: StepKind::Network, base_step, payload, mask: mask_bytes, quality, samples: n as u64 })
    }

    fn resume(&mut self, step: u64, last: &dyn BlockDecoder) {
        self.control.resumed.lock().unwrap().push(step);
        if let Some(last) = last.as_any().downcast_ref::<Rounded>() {
            self.previous = Some((step, last.codes.clone()));
        }
    }
}

struct Coarse {
    extent: Extent,
    every: usize,
    values: Vec<f32>,
}

impl Coarse {
    fn grid(shape: &[usize], every: usize) -> Vec<usize> {
        shape.iter().map(|n| n.div_ceil(every)).collect()
    }

    fn at(&self, step: usize, point: impl Iterator<Item = usize>) -> f64 {
        let grid = Coarse::grid(&self.extent.count, self.every);
        let inside = point.zip(&self.extent.offset).map(|(p, o)| p - o);
        let cell = inside.zip(&grid).fold(0, |linear, (p, n)| linear * n + (p / self.every).min(n - 1));
        f64::from(self.values[step * grid.iter().product::<usize>() + cell])
    }
}

impl SegmentDecoder for Coarse {
    fn decode(&self, step: f64, region: &Region, out: &mut [f64]) -> Result<()> {
        for (linear, o) in out.iter_mut().enumerate() {
            let mut rest = linear;
            let mut point = vec![0; region.count.len()];
            for a in (0..point.len()).rev() {
                point[a] = region.start[a] + rest % region.count[a] * region.every[a];
                rest /= region.count[a];
            }
            *o = self.at(step.round() as usize, point.into_iter());
        }
        Ok(())
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        for (p, o) in points.chunks_exact(self.extent.rank() + 1).zip(out) {
            *o = self.at(p[0].round() as usize, p[1..].iter().map(|x| x.round() as usize));
        }
        Ok(())
    }

    fn description(&self) -> String {
        format!("every {} values", self.every)
    }
}

impl Method for Rounding {
    fn number(&self) -> u16 {
        Rounding::NUMBER
    }

    fn name(&self) -> &'static str {
        "rounding"
    }

    fn chain(&self, geometry: BlockGeometry, _: ChainKey) -> Box<dyn Chain> {
        Box::new(RoundingChain { control: self.control.clone(), foreign: geometry.foreign(), previous: None })
    }

    fn open_step(
        &self,
        geometry: &BlockGeometry,
        kind: StepKind,
        payload: &[u8],
        mask: Option<&[u8]>,
        base: Option<&dyn BlockDecoder>,
    ) -> Result<Arc<dyn BlockDecoder>> {
        let inner: Arc<dyn BlockDecoder> = match kind {
            StepKind::Constant => Arc::new(ConstantBlock::decode(geometry, payload)?),
            StepKind::Plain => Arc::new(PlainBlock::decode(geometry, payload)?),
            StepKind::Network => {
                let float = |i: usize| f64::from_le_bytes(payload[8 * i..8 * i + 8].try_into().unwrap());
                let base = base.map(|b| b.as_any().downcast_ref::<Rounded>().expect("a base without its mask"));
                let codes = payload[16..]
                    .chunks_exact(2)
                    .enumerate()
                    .map(|(i, c)| u16::from_le_bytes([c[0], c[1]]).wrapping_add(base.map_or(0, |b| b.codes[i])));
                let (low, scale) = (float(0), float(1));
                Arc::new(Rounded { extent: geometry.extent.clone(), low, scale, codes: codes.collect() })
            }
            other => return Err(Error::Compatibility(format!("a rounded block of kind {other:?}"))),
        };
        Ok(match mask {
            Some(bytes) => Arc::new(WithMask {
                inner,
                extent: geometry.extent.clone(),
                mask: Mask::decode(bytes, geometry.extent.len())?,
            }),
            None => inner,
        })
    }

    fn distil(&self, task: &DistilTask<'_>, _: &rayon::ThreadPool) -> Result<EncodedSegment> {
        assert!(!*self.control.distil_panics.lock().unwrap(), "asked to panic while distilling");
        let every = (1..)
            .find(|&e| {
                let cells: usize = Coarse::grid(&task.extent.count, e).iter().product();
                4 * cells * task.times.len() < task.budget_bytes || e >= *task.extent.count.iter().max().unwrap()
            })
            .unwrap();
        let grid = Coarse::grid(&task.extent.count, every);
        let mut values = Vec::new();
        let mut quality = Quality::EMPTY;
        for step in 0..task.times.len() {
            for linear in 0..grid.iter().product::<usize>() {
                let mut rest = linear;
                let mut point = vec![0.0; grid.len()];
                for a in (0..grid.len()).rev() {
                    point[a] = (task.extent.offset[a] + rest % grid[a] * every) as f64;
                    rest /= grid[a];
                }
                let at: Vec<usize> = point.iter().map(|&p| p as usize).collect();
                let block = task.blocks.iter().position(|b| b.contains(&at)).filter(|&b| (task.here)(linear, b));
                let teacher = block.map(|b| task.teachers.teacher(step, b)).transpose()?.flatten();
                let mut value = [f64::NAN];
                if let Some(teacher) = teacher {
                    teacher.sample(&point, &mut value)?;
                }
                if value[0].is_finite() {
                    quality.add(value[0], f64::from(value[0] as f32));
                }
                values.push(if value[0].is_finite() { value[0] } else { 0.0 });
            }
            (task.progress)((step + 1) as f64 / task.times.len() as f64, 50.0);
        }
        // Each value is the same on all ranks but for those that have it not.
        task.ranks.sum_f64(&mut values)?;
        let quality = quality.over(task.ranks)?;
        let payload: Vec<u8> =
            std::iter::once(every as u8).chain(values.iter().flat_map(|v| (*v as f32).to_le_bytes())).collect();
        Ok(EncodedSegment { payload, quality, description: format!("every {every} values"), samples: 0 })
    }

    fn open_segment(&self, extent: &Extent, _: &[f64], payload: &[u8]) -> Result<Arc<dyn SegmentDecoder>> {
        let values = payload[1..].chunks_exact(4).map(|c| f32::from_le_bytes(c.try_into().unwrap())).collect();
        Ok(Arc::new(Coarse { extent: extent.clone(), every: payload[0].into(), values }))
    }
}

struct WithMask {
    inner: Arc<dyn BlockDecoder>,
    extent: Extent,
    mask: Mask,
}

impl BlockDecoder for WithMask {
    fn decode(&self, region: &Region, out: &mut [f64]) -> Result<()> {
        self.inner.decode(region, out)?;
        self.mask.apply(&self.extent, region, out)
    }

    fn sample(&self, points: &[f64], out: &mut [f64]) -> Result<()> {
        self.inner.sample(points, out)?;
        for (p, o) in points.chunks_exact(self.extent.rank()).zip(out) {
            let at = p.iter().zip(&self.extent.offset).zip(&self.extent.count);
            let linear = at.fold(0, |l, ((x, off), n)| l * n + (x.round() as usize - off));
            if self.mask.codes[linear] != 0 {
                *o = f64::NAN;
            }
        }
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A smooth function of space and time.
pub fn wave(count: &[usize], step: i64) -> Vec<f64> {
    let n: usize = count.iter().product();
    (0..n).map(|i| ((i as f64) * 0.37 + step as f64 * 0.11).sin() + 0.001 * i as f64).collect()
}

/// Options as `key = value`.
pub fn config(set: &[(&str, &str)]) -> Config {
    let mut c = Config::new();
    for (key, value) in set {
        c.set(key, value).unwrap();
    }
    c
}

/// A session of one float64 variable `v` in one block.
pub fn session(path: &Path, set: &[(&str, &str)], shape: &[usize]) -> (Session, VariableId, BlockId, Arc<Control>) {
    let (method, control) = Rounding::controlled();
    let mut s = Session::open_with_method(path, &config(set), Communicator::None, method).unwrap();
    let v = s.define_variable("v", ElementType::Float64, shape).unwrap();
    let b = s.add_block(v, &vec![0; shape.len()], shape, None).unwrap();
    s.commit().unwrap();
    (s, v, b, control)
}

/// Hands in one step of [`wave`].
pub fn feed(s: &mut Session, b: BlockId, shape: &[usize], cycle: i64) -> limbeck_session::Outcome {
    s.step_begin(cycle, cycle as f64 * 0.5).unwrap();
    s.put_slice(b, ValuesRef::Float64(&wave(shape, cycle))).unwrap();
    s.step_end().unwrap()
}

/// A bump that moves: rows `offset` and up of a plane of 32 x 24.
pub fn bump(offset: usize, count: [usize; 2], step: i64) -> Vec<f64> {
    let at = |i: usize, j: usize| {
        let (y, x) = ((i + offset) as f64 / 16.0 - 1.0, j as f64 / 12.0 - 1.0 + step as f64 * 0.05);
        5.0 + 3.0 * (-3.0 * (x * x + y * y)).exp()
    };
    (0..count[0] * count[1]).map(|k| at(k / count[1], k % count[1])).collect()
}
