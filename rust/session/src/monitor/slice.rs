//! `/slice.png`: a cut through the newest step, decoded from this rank's teachers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use limbeck_archive::{StepState, UnfinishedRun, VariableDescription, journal_path};
use limbeck_codec::{Method, TeacherSource};
use limbeck_field::{Extent, Region};
use limbeck_picture::{ColourMap, Slice, write_png};
use rayon::ThreadPool;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::View;
use super::plane::Plane;
use crate::commit::geometry;
use crate::cores::{LOWEST, Manners};
use crate::teachers::{Open, Teachers, decoded_bytes};
use crate::watched::Watched;
use crate::workers;

/// Memory for teachers that stay open, since the next step is coded as a difference to them.
const OPEN_BYTES: u64 = 32 << 20;

/// A teacher that takes more memory than this is not opened for a picture.
const MOST_BYTES: u64 = 256 << 20;

/// Time that a client waits at most; what is not ready then is there for the next one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pictures of a step that are kept.
const KEPT: usize = 64;

/// Which slice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    variable: usize,
    /// Across which axis, of three (0: slowest); anything for fewer.
    axis: usize,
    index: usize,
}

/// A slice as an image, a point per pixel.
pub(super) struct Picture {
    pub(super) png: Bytes,
    pub(super) step: u64,
    pub(super) cycle: i64,
    /// The values of the first and the last colour; NaN without any value.
    pub(super) range: (f64, f64),
    /// Points that the pixels are apart.
    pub(super) every: usize,
}

/// Why there is no picture, as a sentence.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The request makes no sense.
    Question(String),
    /// There is nothing to be seen.
    Nothing(String),
    /// It may be there in a moment.
    Later(String),
    Failed(String),
}

/// The names of axes, slowest first, as all who write about arrays call them.
pub(super) fn axis_names(rank: usize) -> &'static [&'static str] {
    &["z", "y", "x"][3 - rank.min(3)..]
}

/// The blocks of a rank with their indices.
fn blocks_of(v: &VariableDescription, rank: u32) -> Vec<(u32, Extent)> {
    let own = v.blocks.iter().enumerate().filter(|(_, b)| b.rank == rank);
    own.map(|(b, _)| (b as u32, geometry(v, b).extent)).collect()
}

/// The point in the middle of a rank's first block; of the variable, if it has none.
pub(super) fn middle(v: &VariableDescription, rank: u32) -> Vec<usize> {
    match blocks_of(v, rank).first() {
        Some((_, e)) => e.offset.iter().zip(&e.count).map(|(o, n)| o + n / 2).collect(),
        None => v.shape.iter().map(|&n| n as usize / 2).collect(),
    }
}

impl Asked {
    /// From `variable=density&axis=z&index=31`; what is left out is the first variable, the slowest axis, the middle of this
    /// rank's first block.
    pub(super) fn new(query: &str, watched: &Watched) -> Result<Asked, Refusal> {
        let (mut variable, mut axis, mut index) = (None, None, None);
        for (key, value) in query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, ""))) {
            let value = decoded(value).ok_or_else(|| Refusal::Question(format!("{key} is no UTF-8 text")))?;
            match key {
                "variable" => variable = Some(value),
                "axis" => axis = Some(value),
                "index" => index = Some(value),
                // A page may add what keeps its browser from showing an old picture.
                "cycle" => {}
                _ => return Err(Refusal::Question("a slice has variable, axis and index".into())),
            }
        }
        let all = &watched.description.variables;
        let number = match &variable {
            Some(name) => all.iter().position(|v| v.name == *name).ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|v| format!("{:?}", v.name)).collect();
                Refusal::Question(format!("there is no such variable: it is one of {}", names.join(", ")))
            })?,
            None => 0,
        };
        let v = all.get(number).ok_or_else(|| Refusal::Nothing("the run has no variable".into()))?;
        let names = axis_names(v.shape.len());
        let across = match &axis {
            _ if names.len() < 3 => 0,
            Some(name) => names.iter().position(|n| n == name).ok_or_else(|| {
                Refusal::Question(format!(
                    "there is no such axis: it is one of {}, z being the slowest",
                    names.join(", ")
                ))
            })?,
            None => 0,
        };
        let (size, middle) = (v.shape[across] as usize, middle(v, watched.rank)[across]);
        let index = match &index {
            _ if names.len() < 3 => 0,
            Some(text) => text.parse().ok().filter(|i| *i < size).ok_or_else(|| {
                Refusal::Question(format!("there is no such index: axis {} has 0 to {}", names[across], size - 1))
            })?,
            None => middle,
        };
        Ok(Asked { variable: number, axis: across, index })
    }
}

/// Text of a query: %20 and + are spaces.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
                (16 * digit()? + digit()?) as u8
            }
            b => b,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Makes pictures, one at a time.
pub(super) struct Slices {
    work: Arc<Work>,
    /// Whoever has it may decode.
    turn: Arc<Semaphore>,
    /// One thread, once somebody asked.
    thread: OnceLock<Option<ThreadPool>>,
}

/// What the thread needs.
struct Work {
    journal: PathBuf,
    rank: u32,
    method: Arc<dyn Method>,
    variables: Vec<VariableDescription>,
    /// The session ends: what is not begun is left.
    ended: AtomicBool,
    made: Mutex<Made>,
    run: Mutex<Option<UnfinishedRun>>,
    open: Mutex<Open>,
}

/// Pictures of one step.
#[derive(Default)]
struct Made {
    cycle: Option<i64>,
    pictures: HashMap<Asked, Arc<Picture>>,
}

impl Slices {
    pub(super) fn new(watched: &Watched) -> Slices {
        let work = Work {
            journal: journal_path(&watched.directory, watched.rank),
            rank: watched.rank,
            method: watched.method.clone(),
            variables: watched.description.variables.clone(),
            ended: AtomicBool::new(false),
            made: Mutex::default(),
            run: Mutex::new(None),
            open: Open::within(OPEN_BYTES),
        };
        Slices { work: Arc::new(work), turn: Arc::new(Semaphore::new(1)), thread: OnceLock::new() }
    }

    /// Nothing more is begun.
    pub(super) fn end(&self) {
        self.work.ended.store(true, Ordering::Relaxed);
    }

    /// The slice of the newest durable step.
    pub(super) async fn picture(&self, asked: Asked, view: &View) -> Result<Arc<Picture>, Refusal> {
        let newest = || view.watched.meter.durability.newest();
        if newest().is_none() {
            return Err(Refusal::Nothing("no step is durable yet".into()));
        }
        if let Some(known) = self.work.known(&asked, newest()) {
            return Ok(known);
        }
        let wait = async {
            let Ok(turn) = self.turn.clone().acquire_owned().await else { return None };
            // Somebody may have had the same wish.
            if let Some(known) = self.work.known(&asked, newest()) {
                return Some(Ok(known));
            }
            let manners = Manners { cores: Vec::new(), nice: LOWEST };
            let thread = self.thread.get_or_init(|| workers::pool(1, "limbeck-slice", Some(manners)).ok());
            let Some(thread) = thread else {
                return Some(Err(Refusal::Failed("the system gives no thread to decode with".into())));
            };
            let (answer, answered) = oneshot::channel();
            let work = self.work.clone();
            // The turn goes along: should the client go away, the next one still waits for the thread.
            thread.spawn(move || {
                let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work.make(&asked)));
                let made = made.unwrap_or_else(|_| Err(Refusal::Failed("decoding panicked".into())));
                drop(turn);
                let _ = answer.send(made);
            });
            answered.await.ok()
        };
        let late = || Refusal::Later("the slice is being decoded: ask again".into());
        timeout(PATIENCE, wait).await.ok().flatten().unwrap_or_else(|| Err(late()))
    }
}

impl Work {
    fn known(&self, asked: &Asked, cycle: Option<i64>) -> Option<Arc<Picture>> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.pictures.get(asked).filter(|_| made.cycle == cycle).cloned()
    }

    fn make(&self, asked: &Asked) -> Result<Arc<Picture>, Refusal> {
        let failed = |e: &dyn std::fmt::Display| Refusal::Failed(format!("the step cannot be read: {e}"));
        let mut held = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        let run = match held.take() {
            // Only what was appended is read.
            Some(mut run) => run.read_on().map(|_| run),
            None => UnfinishedRun::open_journal(&self.journal),
        };
        let run = held.insert(run.map_err(|e| failed(&e))?);
        let newest = run.steps().iter().rev().find(|s| s.state == StepState::Complete);
        let stamp = newest.ok_or_else(|| Refusal::Nothing("no step is durable yet".into()))?.stamp;
        let v = &self.variables[asked.variable];
        let plane = Plane::new(&v.shape, asked.axis, asked.index);
        let mut slice =
            Slice { rows: plane.rows, columns: plane.columns, values: vec![f64::NAN; plane.rows * plane.columns] };
        let parts: Vec<(u32, Region)> = blocks_of(v, self.rank)
            .into_iter()
            // A value in several blocks belongs to the first of them, so that one comes last.
            .rev()
            .filter_map(|(b, extent)| Some((b, plane.region.within(&extent)?)))
            .collect();
        let blocks: Vec<u32> = parts.iter().map(|(b, _)| *b).collect();
        let geometries: Vec<_> = blocks.iter().map(|&b| geometry(v, b as usize)).collect();
        for (&b, geometry) in blocks.iter().zip(&geometries) {
            let Some(entry) = run.block(asked.variable as u32, b, stamp.step) else { continue };
            let bytes = decoded_bytes(geometry, entry, entry.mask_length.is_some());
            if bytes > MOST_BYTES {
                return Err(Refusal::Nothing(format!(
                    "block {b} of {:?} would take {bytes} bytes to decode, too much beside a simulation; {MOST_BYTES} are \
                     taken at most",
                    v.name
                )));
            }
        }
        let teachers = Teachers {
            run,
            own: self.method.as_ref(),
            variable: asked.variable as u32,
            blocks: &blocks,
            geometries,
            first_step: 0,
            open: Mutex::new(std::mem::replace(
                &mut *self.open.lock().unwrap_or_else(PoisonError::into_inner),
                Open::within(OPEN_BYTES).into_inner().unwrap_or_else(PoisonError::into_inner),
            )),
        };
        let mut read = || {
            for (i, (_, region)) in parts.iter().enumerate() {
                if self.ended.load(Ordering::Relaxed) {
                    return Err(Refusal::Later("the session ends".into()));
                }
                let Some(teacher) = teachers.teacher(stamp.step as usize, i).map_err(|e| failed(&e))? else { continue };
                let mut values = vec![0.0; region.len()];
                teacher.decode(region, &mut values).map_err(|e| failed(&e))?;
                plane.place(region, &values, &mut slice.values);
            }
            Ok(())
        };
        let outcome = read();
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) =
            teachers.open.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome?;
        let range = slice.range().unwrap_or((f64::NAN, f64::NAN));
        static COLOURS: OnceLock<ColourMap> = OnceLock::new();
        let pixels = slice.pixels(COLOURS.get_or_init(ColourMap::sequential), range.0, range.1);
        let mut png = Vec::new();
        write_png(&mut png, slice.columns, slice.rows, &pixels).map_err(|e| failed(&e))?;
        let picture =
            Arc::new(Picture { png: png.into(), step: stamp.step, cycle: stamp.cycle, range, every: plane.every });
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.cycle != Some(stamp.cycle) || made.pictures.len() >= KEPT {
            *made = Made { cycle: Some(stamp.cycle), pictures: HashMap::new() };
        }
        made.pictures.insert(asked.clone(), picture.clone());
        Ok(picture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        assert_eq!(decoded("a+b%20c%C3%BC").as_deref(), Some("a b cü"));
        assert!(["%", "%2", "%zz", "%ff"].iter().all(|t| decoded(t).is_none()));
    }
}
