//! An archive of a run that is to reach a quality: the journal's own steps without their refinements, or a student that reaches it
//! too, whichever is smaller. Where the bound is on every value, what is missing from the student goes with it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use limbeck_archive::BlockEntry;
use limbeck_codec::ranks::{Alone, Ranks};
use limbeck_codec::{
    AtStep, BlockDecoder, BlockGeometry, EncodedSegment, EncodedStep, Mask, Quality, StepKind, TeacherSource, compare,
    correct, is_refined, without_refinement,
};
use limbeck_field::{ElementType, Region, Values, Volume};

use super::crew::Crew;
use super::shards::{self, Part, told_box};
use super::sizes::{Sizes, TRIES};
use super::student::{Job, Made, SMALLEST, Task};
use super::telling::{Telling, Told};
use crate::commit::shared;
use crate::journal::quality;
use crate::settings::Target;
use crate::teachers::Teachers;
use crate::{Error, Result, agree};

/// One step of one block for the archive.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Carried {
    pub(super) variable: u32,
    pub(super) block: u32,
    /// Offset and count; None: all of the variable.
    pub(super) extent: Option<(Vec<u64>, Vec<u64>)>,
    /// Index in the run.
    pub(super) step: u64,
    pub(super) method: u16,
    pub(super) kind: StepKind,
    pub(super) base_step: Option<u64>,
    pub(super) payload: Vec<u8>,
}

/// What became of a variable, or of a shard of it: steps, under them a student if that is smaller.
pub(super) struct Kept {
    pub(super) variable: u32,
    pub(super) student: Option<Made>,
    /// Those of this rank's blocks.
    pub(super) steps: Vec<Carried>,
    /// Of all ranks, as a reader sees it.
    pub(super) quality: Quality,
    /// Of all ranks.
    pub(super) bytes: u64,
    pub(super) samples: u64,
    pub(super) seconds: f64,
    pub(super) warnings: Vec<String>,
}

/// Students are tried with this share of what the steps take, then with one of the next, by what the first one needed besides.
const FIRST_SHARE: f64 = 0.25;
const LARGER_SHARE: f64 = 0.5;
const SMALLER_SHARE: f64 = 0.08;
/// Bytes of a step in an archive besides its payload: the frame's header and its row in the index.
const STEP_OVERHEAD: u64 = 48;

/// Steps and their sum.
struct Total {
    steps: Vec<Carried>,
    quality: Quality,
    bytes: u64,
}

impl Total {
    fn new() -> Total {
        Total { steps: Vec::new(), quality: Quality::EMPTY, bytes: 0 }
    }

    fn add(&mut self, quality: &Quality) {
        self.quality = self.quality.merge(quality);
    }

    fn push(&mut self, step: Carried) {
        self.bytes += step.payload.len() as u64 + STEP_OVERHEAD;
        self.steps.push(step);
    }

    /// Over the ranks. Collective.
    fn over(&mut self, ranks: &dyn Ranks) -> Result<()> {
        let mut bytes = [self.bytes as f64];
        ranks.sum_f64(&mut bytes)?;
        self.bytes = bytes[0] as u64;
        self.quality = self.quality.over(ranks)?;
        Ok(())
    }
}

/// All variables, or their shards. Collective: rank 0 gets the steps and students of all ranks.
pub(super) fn all(job: &Job<'_>) -> Result<Vec<Kept>> {
    let ranges = job.ranges()?;
    let parts = shards::parts(job.crew, job.run, job.settings.shards);
    let mine: Vec<&Part> = parts.iter().filter(|p| p.maker.is_none_or(|m| m == job.crew.ranks.rank())).collect();
    let begin = Instant::now();
    let make = |(i, part): (usize, &&Part)| {
        let left = (mine.len() - i) as u32;
        let limit = job.settings.distil_limit.map(|limit| limit.saturating_sub(begin.elapsed()) / left);
        job.kept(part, ranges[part.variable as usize], limit)
    };
    let kept: Result<Vec<Kept>> = mine.iter().enumerate().map(make).collect();
    let kept = agree(job.crew.ranks, kept)?;
    collect(job.crew, job.settings.shards, kept)
}

/// Everything on rank 0. Where all ranks made the same student, only its steps are others'.
fn collect(crew: &Crew<'_>, shards: bool, mut kept: Vec<Kept>) -> Result<Vec<Kept>> {
    let told = crew.ranks.gather(&encode(&kept))?;
    if !crew.first() {
        return Ok(kept);
    }
    for bytes in told.iter().skip(1) {
        let theirs = decode(bytes).ok_or_else(|| Error::Internal("a rank told its steps in an unknown form".into()))?;
        if shards {
            kept.extend(theirs);
        } else {
            kept.iter_mut().zip(theirs).for_each(|(own, other)| own.steps.extend(other.steps));
        }
    }
    kept.sort_by_key(|k| k.variable);
    for k in &mut kept {
        // A value in several blocks belongs to the first, and what comes later counts.
        k.steps.sort_by_key(|s| (s.step, Reverse(s.block)));
    }
    Ok(kept)
}

fn encode(kept: &[Kept]) -> Vec<u8> {
    let mut out = Telling::default();
    for k in kept {
        out.word(k.variable.into());
        out.quality(&k.quality);
        out.word(k.bytes);
        out.word(k.samples);
        out.number(k.seconds);
        out.bytes(&shards::encode(k.student.as_slice()));
        out.bytes(k.warnings.join("\0").as_bytes());
        out.word(k.steps.len() as u64);
        for s in &k.steps {
            out.extent(s.extent.as_ref());
            let base = s.base_step.map_or(0, |b| b + 1);
            [s.block.into(), s.step, s.method.into(), s.kind as u64, base].into_iter().for_each(|w| out.word(w));
            out.bytes(&s.payload);
        }
    }
    out.0
}

fn decode(bytes: &[u8]) -> Option<Vec<Kept>> {
    let (mut told, mut all) = (Told(bytes), Vec::new());
    while !told.is_empty() {
        let variable = told.word()? as u32;
        let quality = told.quality()?;
        let (bytes, samples, seconds) = (told.word()?, told.word()?, told.number()?);
        let student = shards::decode(&told.bytes()?)?.pop();
        let warnings = told.text()?.split('\0').filter(|w| !w.is_empty()).map(str::to_owned).collect();
        let step = |told: &mut Told<'_>| {
            let extent = told.extent()?;
            let (block, step, method) = (told.word()? as u32, told.word()?, told.word()? as u16);
            let kind = StepKind::from_number(told.word()? as u8).ok()?;
            let base_step = told.word()?.checked_sub(1);
            Some(Carried { variable, block, extent, step, method, kind, base_step, payload: told.bytes()? })
        };
        let steps = (0..told.word()?).map(|_| step(&mut told)).collect::<Option<_>>()?;
        all.push(Kept { variable, student, steps, quality, bytes, samples, seconds, warnings });
    }
    Some(all)
}

impl Job<'_> {
    /// Collective, unless the part has a maker of its own.
    fn kept(&self, part: &Part, range: (f64, f64), limit: Option<Duration>) -> Result<Kept> {
        let begin = Instant::now();
        let ranks: &dyn Ranks = if part.maker.is_none() { self.crew.ranks } else { &Alone };
        let teachers = self.teachers(part);
        let blocks: Vec<usize> = (0..part.blocks.len()).filter(|&i| self.is_mine(part, i)).collect();
        let steps = Steps { job: self, part, teachers: &teachers, blocks };
        let mut carried = agree(ranks, steps.as_they_are())?;
        carried.over(ranks)?;
        let search = Search { job: self, steps: &steps, ranks, range, limit, begin };
        let found = match self.settings.target {
            Target::Psnr(psnr) => search.reaching(psnr, carried)?,
            _ => search.within_bound(carried)?,
        };
        let seconds = begin.elapsed().as_secs_f64();
        let student = found.student.map(|s| part.made(&teachers.geometries[0].shape, s, seconds));
        let (quality, bytes) = (found.total.quality, found.total.bytes);
        let (variable, steps) = (part.variable, found.total.steps);
        let (samples, warnings) = (found.samples, found.warnings);
        Ok(Kept { variable, student, steps, quality, bytes, samples, seconds, warnings })
    }

    /// Whether this rank sees to a block of a part (by its place there).
    fn is_mine(&self, part: &Part, i: usize) -> bool {
        let blocks = &self.run.run().variables[part.variable as usize].blocks;
        part.maker.is_some() || self.crew.asks(i, &blocks[part.blocks[i] as usize])
    }
}

/// What a search ends with.
struct Found {
    student: Option<EncodedSegment>,
    total: Total,
    samples: u64,
    warnings: Vec<String>,
}

/// Looks for a student. All ranks look alike.
struct Search<'a> {
    job: &'a Job<'a>,
    steps: &'a Steps<'a>,
    ranks: &'a dyn Ranks,
    range: (f64, f64),
    limit: Option<Duration>,
    begin: Instant,
}

impl Search<'_> {
    /// A student of so many bytes, within the share of the time that is left.
    fn fit(&self, bytes: u64, tries_left: u32) -> Result<EncodedSegment> {
        let left = self.limit.map(|l| l.saturating_sub(self.begin.elapsed()) / tries_left);
        let task = Task { part: self.steps.part, range: self.range, teachers: self.steps.teachers };
        self.job.fit(&task, bytes, left)
    }

    /// Whether all ranks say yes, and some rank has blocks at all.
    fn all(&self, mine: impl FnOnce() -> bool) -> Result<bool> {
        let some = !self.steps.blocks.is_empty();
        let mut flags = [f64::from(u8::from(some && !mine())), f64::from(u8::from(some))];
        self.ranks.max_f64(&mut flags)?;
        Ok(flags == [0.0, 1.0])
    }

    fn name(&self) -> &str {
        &self.job.run.run().variables[self.steps.part.variable as usize].name
    }

    /// Two sizes are tried.
    fn within_bound(&self, carried: Total) -> Result<Found> {
        let all = carried.bytes as f64;
        let mut found = Found { student: None, total: carried, samples: 0, warnings: Vec::new() };
        let recorded = self.steps.recorded();
        let mut recorded_by_all = [recorded.networks as f64, recorded.refined as f64];
        self.ranks.sum_f64(&mut recorded_by_all)?;
        let [unbounded, refined] = recorded_by_all;
        if unbounded > 0.0 {
            found.warnings.push(format!(
                "{} steps of blocks of {:?} were recorded without a bound on the error, and have none",
                unbounded,
                self.name()
            ));
        }
        // A rank may have nothing but constants.
        let refined = refined > 0.0 && unbounded == 0.0 && recorded.unrefined == 0;
        let mut able = self.all(|| refined && self.steps.fit_memory())?;
        let mut share = FIRST_SHARE;
        for tries_left in [2, 1] {
            let size = ((all * share) as u64).max(SMALLEST);
            if !able {
                break;
            }
            let segment = self.fit(size, tries_left)?;
            found.samples += segment.samples;
            let mut corrected = agree(self.ranks, self.steps.corrected(&segment))?;
            corrected.over(self.ranks)?;
            let missing = corrected.bytes;
            corrected.bytes += segment.payload.len() as u64;
            tracing::debug!(size, missing, carried = all, "tried a student within a bound");
            share = if missing > segment.payload.len() as u64 { LARGER_SHARE } else { SMALLER_SHARE };
            if corrected.bytes < found.total.bytes {
                (found.student, found.total) = (Some(segment), corrected);
            }
            able = size > SMALLEST;
        }
        Ok(found)
    }

    /// The smallest student found that reaches the quality, if it is smaller than what is carried.
    fn reaching(&self, psnr: f64, carried: Total) -> Result<Found> {
        let reached = |total: &Total| total.quality.psnr();
        let mut found = Found { student: None, total: carried, samples: 0, warnings: Vec::new() };
        let known = self.all(|| self.steps.recorded().unrefined == 0)?;
        let in_memory = self.all(|| self.steps.fit_memory())?;
        let values = self.steps.part.values() * self.job.plan.stamps.len() as u64;
        let enough = Some(found.total.bytes).filter(|_| reached(&found.total) >= psnr);
        let first = (4 * values / 1000).min(enough.map_or(u64::MAX, |bytes| bytes / 4)).max(SMALLEST);
        let mut sizes = Sizes::new(first, psnr, enough);
        if enough.is_some() && !(known && in_memory) {
            if known {
                found.warnings.push(format!(
                    "no student of {:?} was tried: its steps do not fit into distil.bytes = {}",
                    self.name(),
                    self.job.settings.distil_bytes
                ));
            }
            return Ok(found);
        }
        for tries_left in (1..=TRIES).rev() {
            let Some(size) = sizes.next() else { break };
            let segment = self.fit(size, tries_left)?;
            found.samples += segment.samples;
            let mut total = agree(self.ranks, self.steps.compared(&segment))?;
            total.over(self.ranks)?;
            total.bytes = segment.payload.len() as u64;
            tracing::debug!(size, psnr = reached(&total), "tried a student");
            sizes.tried(size, reached(&total));
            let better = match (reached(&found.total) >= psnr, reached(&total) >= psnr) {
                (true, reaches) => reaches && total.bytes < found.total.bytes,
                (false, reaches) => reaches || reached(&total) > reached(&found.total) || found.student.is_none(),
            };
            if better {
                (found.student, found.total) = (Some(segment), total);
            }
        }
        if reached(&found.total) < psnr {
            found.warnings.push(format!(
                "{:?} reached {:.1} dB, not {psnr} dB: give it more time (effort, preset = best), or record the run with this target",
                self.name(),
                reached(&found.total)
            ));
        }
        Ok(found)
    }
}

/// Numbers of steps by how they were recorded; constant and lossless ones are not counted.
#[derive(Default)]
struct Recorded {
    /// For another target: nothing is known about single values.
    networks: usize,
    /// Closely enough to stand for the originals.
    refined: usize,
    /// Within their bound only.
    unrefined: usize,
}

/// The steps of the blocks of a part that this rank sees to.
struct Steps<'a> {
    job: &'a Job<'a>,
    part: &'a Part,
    teachers: &'a Teachers<'a>,
    /// By their place in the part.
    blocks: Vec<usize>,
}

impl Steps<'_> {
    /// Step (counted in the plan), block and entry of all that the journal has, step by step.
    fn entries(&self) -> impl Iterator<Item = (usize, usize, &BlockEntry)> {
        let entry = |step: usize, i: usize| {
            let at = self.job.plan.first_step + step as u64;
            self.job.run.block(self.part.variable, self.part.blocks[i], at)
        };
        (0..self.job.plan.stamps.len())
            .flat_map(move |step| self.blocks.iter().filter_map(move |&i| Some((step, i, entry(step, i)?))))
    }

    /// Whether the decoded values stay in memory: a student asks for them in any order.
    fn fit_memory(&self) -> bool {
        self.job.decoded(self.part, self.teachers, |_| true) <= self.job.settings.distil_bytes
    }

    /// How the steps were recorded.
    fn recorded(&self) -> Recorded {
        let mut recorded = Recorded::default();
        for (step, i, entry) in self.entries() {
            match StepKind::from_number(entry.step_kind) {
                Ok(StepKind::Constant | StepKind::Plain) => {}
                Ok(StepKind::Bounded) => {
                    let bytes = self.job.run.read_block(entry);
                    let refined = bytes.is_ok_and(|b| is_refined(&b.payload))
                        && self.teachers.teacher(step, i).is_ok_and(|t| t.is_some());
                    *(if refined { &mut recorded.refined } else { &mut recorded.unrefined }) += 1;
                }
                _ => recorded.networks += 1,
            }
        }
        recorded
    }

    /// As the journal has them.
    fn as_they_are(&self) -> Result<Total> {
        let mut total = Total::new();
        let mut whole: BTreeSet<(usize, u64)> = BTreeSet::new();
        for (step, i, entry) in self.entries() {
            // What is damaged, or a difference to something that is, was reported as a gap.
            let Some(decoder) = self.teachers.teacher(step, i)? else { continue };
            let payload = self.job.run.read_block(entry)?.payload;
            total.add(&quality(&entry.quality));
            let kind = StepKind::from_number(entry.step_kind)?;
            let mut carried = self.carried(i, entry, kind, payload);
            if entry.base_step.is_some_and(|b| !whole.contains(&(i, b))) {
                // Its base is not in this archive, and what it decodes to here is not, bit for bit, what later steps are
                // differences to: they are coded anew likewise, up to the next that stands on its own.
                let volume = values_of(&self.teachers.geometries[i], decoder.as_ref())?;
                let plain = EncodedStep::plain(&volume, &self.teachers.geometries[i]);
                (carried.kind, carried.base_step, carried.payload) = (plain.kind, None, plain.payload);
            } else {
                whole.insert((i, entry.step));
                if kind == StepKind::Bounded {
                    carried.payload = without_refinement(&carried.payload)?;
                }
            }
            total.push(carried);
        }
        Ok(total)
    }

    /// A student's quality.
    fn compared(&self, segment: &EncodedSegment) -> Result<Total> {
        let mut total = Total::new();
        self.under(segment, |i, entry, kept, student, mask| {
            let mut reached = compare(&self.geometry(i), kept, student, mask)?;
            if entry.step_kind == StepKind::Network as u8 {
                // The teacher's own error; that of the student is not part of it.
                reached.squared_error += entry.quality.squared_error;
                reached.max_error += entry.quality.max_error;
            }
            total.add(&reached);
            Ok(())
        })?;
        Ok(total)
    }

    /// Does something with each step: its block and entry, what is kept of it, what the student says, and its mask.
    fn under(
        &self,
        segment: &EncodedSegment,
        mut work: impl FnMut(usize, &BlockEntry, &dyn BlockDecoder, &AtStep, Option<&Mask>) -> Result<()>,
    ) -> Result<()> {
        let student = self.job.method.open_segment(&self.part.extent, &self.job.plan.times(), &segment.payload)?;
        for (step, i, entry) in self.entries() {
            let Some(kept) = self.teachers.teacher(step, i)? else { continue };
            let at = AtStep::new(Arc::clone(&student), step as f64);
            work(i, entry, kept.as_ref(), &at, self.mask(i, entry)?.as_ref())?;
        }
        Ok(())
    }

    fn mask(&self, i: usize, entry: &BlockEntry) -> Result<Option<Mask>> {
        if entry.mask_length.is_none() {
            return Ok(None);
        }
        let mask = self.job.run.read_block(entry)?.mask;
        let n = self.teachers.geometries[i].extent.len();
        Ok(mask.map(|m| Mask::decode(&m, n)).transpose()?)
    }

    /// Over a student: what is missing from it.
    fn corrected(&self, segment: &EncodedSegment) -> Result<Total> {
        let mut total = Total::new();
        self.under(segment, |i, entry, kept, student, mask| {
            match self.job.pool.install(|| correct(&self.geometry(i), kept, student, mask))? {
                Some(correction) => {
                    total.add(&correction.quality);
                    if let Some(payload) = correction.payload {
                        total.push(self.carried(i, entry, StepKind::Correction, payload));
                    }
                }
                // Constant or lossless: it stands over the student.
                None => {
                    total.add(&quality(&entry.quality));
                    let kind = StepKind::from_number(entry.step_kind)?;
                    total.push(self.carried(i, entry, kind, self.job.run.read_block(entry)?.payload));
                }
            }
            Ok(())
        })?;
        Ok(total)
    }

    fn geometry(&self, i: usize) -> BlockGeometry {
        let description = &self.job.run.run().variables[self.part.variable as usize];
        BlockGeometry {
            shared: shared(description, self.part.blocks[i] as usize),
            ..self.teachers.geometries[i].clone()
        }
    }

    fn carried(&self, i: usize, entry: &BlockEntry, kind: StepKind, payload: Vec<u8>) -> Carried {
        let geometry = &self.teachers.geometries[i];
        let extent = told_box(&geometry.extent, &geometry.shape);
        let base_step = entry.base_step.filter(|_| kind != StepKind::Correction);
        let (variable, block) = (self.part.variable, self.part.blocks[i]);
        Carried { variable, block, extent, step: entry.step, method: entry.method, kind, base_step, payload }
    }
}

fn values_of(geometry: &BlockGeometry, decoder: &dyn BlockDecoder) -> Result<Volume> {
    let mut out = vec![0.0; geometry.extent.len()];
    decoder.decode(&Region::of(&geometry.extent), &mut out)?;
    let values = match geometry.element_type {
        ElementType::Float32 => Values::Float32(out.into_iter().map(|v| v as f32).collect()),
        ElementType::Float64 => Values::Float64(out),
    };
    Ok(Volume { count: geometry.extent.count.clone(), values })
}
