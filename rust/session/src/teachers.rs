//! Teachers out of a journal.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use limbeck_archive::{BlockEntry, UnfinishedRun};
use limbeck_codec::{BlockDecoder, BlockGeometry, Method, StepKind, TeacherSource, method_by_number};

use crate::{Error, Result};

/// Opens a step of a block, without its mask: what the next step of the chain starts from. `own`: a method that the codec
/// may not know by number.
pub(crate) fn open(
    run: &UnfinishedRun,
    geometry: &BlockGeometry,
    entry: &BlockEntry,
    own: &dyn Method,
) -> Result<Arc<dyn BlockDecoder>> {
    // Back to a teacher that is coded whole, then forwards; a chain may be longer than a stack is deep.
    let mut entries = vec![entry];
    while let Some(base) = run.base(entries[entries.len() - 1])? {
        entries.push(base);
    }
    let mut decoder: Option<Arc<dyn BlockDecoder>> = None;
    for entry in entries.into_iter().rev() {
        decoder = Some(open_on(run, geometry, entry, own, decoder.as_deref(), false)?);
    }
    decoder.ok_or_else(|| Error::Internal("a chain of teachers is empty".into()))
}

fn open_on(
    run: &UnfinishedRun,
    geometry: &BlockGeometry,
    entry: &BlockEntry,
    own: &dyn Method,
    base: Option<&dyn BlockDecoder>,
    masked: bool,
) -> Result<Arc<dyn BlockDecoder>> {
    let bytes = run.read_block(entry)?;
    let mask = bytes.mask.as_deref().filter(|_| masked);
    let kind = StepKind::from_number(entry.step_kind)?;
    let method = if own.number() == entry.method { own } else { method_by_number(entry.method)? };
    Ok(method.open_step(geometry, kind, &bytes.payload, mask, base)?)
}

/// The teachers of one variable. Opened when asked for; the newest ones that fit a memory limit stay open.
pub(crate) struct Teachers<'a> {
    pub(crate) run: &'a UnfinishedRun,
    pub(crate) own: &'a dyn Method,
    pub(crate) variable: u32,
    /// Those of the student, as indices of the variable's, in the order that the student counts them in.
    pub(crate) blocks: &'a [u32],
    /// By the student's block.
    pub(crate) geometries: Vec<BlockGeometry>,
    /// Index in the run of the first distilled step.
    pub(crate) first_step: u64,
    pub(crate) open: Mutex<Open>,
}

/// What names an open teacher: block, frame, and whether its mask is on.
type Key = (u32, u64, bool);

/// Open teachers, the least recently used first to go.
pub(crate) struct Open {
    limit: u64,
    bytes: u64,
    clock: u64,
    teachers: HashMap<Key, Kept>,
    by_age: BTreeMap<u64, Key>,
}

struct Kept {
    decoder: Arc<dyn BlockDecoder>,
    bytes: u64,
    age: u64,
}

impl Open {
    pub(crate) fn within(limit: u64) -> Mutex<Open> {
        Mutex::new(Open { limit, bytes: 0, clock: 0, teachers: HashMap::new(), by_age: BTreeMap::new() })
    }

    fn get(&mut self, key: Key) -> Option<Arc<dyn BlockDecoder>> {
        self.clock += 1;
        let kept = self.teachers.get_mut(&key)?;
        self.by_age.remove(&kept.age);
        kept.age = self.clock;
        self.by_age.insert(self.clock, key);
        Some(kept.decoder.clone())
    }

    /// The newest stays even if it is larger than the limit.
    fn keep(&mut self, key: Key, decoder: Arc<dyn BlockDecoder>, bytes: u64) {
        self.clock += 1;
        if let Some(old) = self.teachers.insert(key, Kept { decoder, bytes, age: self.clock }) {
            self.by_age.remove(&old.age);
            self.bytes -= old.bytes;
        }
        self.by_age.insert(self.clock, key);
        self.bytes += bytes;
        while self.bytes > self.limit && self.by_age.len() > 1 {
            let Some((_, oldest)) = self.by_age.pop_first() else { break };
            self.bytes -= self.teachers.remove(&oldest).map_or(0, |k| k.bytes);
        }
    }
}

impl Teachers<'_> {
    fn cache(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, entry: &BlockEntry) -> Result<Arc<dyn BlockDecoder>> {
        let key = |e: &BlockEntry, masked| (e.block, e.frame_offset, masked);
        if let Some(found) = self.cache().get(key(entry, entry.mask_length.is_some())) {
            return Ok(found);
        }
        // Back to a teacher that is open or coded whole, then forwards without masks.
        let mut entries = Vec::new();
        let mut base = None;
        let mut next = self.run.base(entry)?;
        while let Some(earlier) = next {
            base = self.cache().get(key(earlier, false));
            if base.is_some() {
                break;
            }
            entries.push(earlier);
            next = self.run.base(earlier)?;
        }
        for earlier in entries.into_iter().rev() {
            base = Some(self.open_and_keep(earlier, base.as_deref(), false)?);
        }
        self.open_and_keep(entry, base.as_deref(), entry.mask_length.is_some())
    }

    fn open_and_keep(
        &self,
        entry: &BlockEntry,
        base: Option<&dyn BlockDecoder>,
        masked: bool,
    ) -> Result<Arc<dyn BlockDecoder>> {
        let own = self.blocks.iter().position(|b| *b == entry.block);
        let geometry = own.map(|b| &self.geometries[b]).ok_or_else(|| Error::Internal("a foreign teacher".into()))?;
        let decoder = open_on(self.run, geometry, entry, self.own, base, masked)?;
        let bytes = decoded_bytes(geometry, entry, masked);
        self.cache().keep((entry.block, entry.frame_offset, masked), decoder.clone(), bytes);
        Ok(decoder)
    }
}

/// About what an open teacher takes: all values of a plain block, the parameters of a network in 32 bits with their
/// quantised form beside them.
pub(crate) fn decoded_bytes(geometry: &BlockGeometry, entry: &BlockEntry, masked: bool) -> u64 {
    let values = geometry.extent.len() as u64;
    let mask = if masked { values } else { 0 };
    let body = match StepKind::from_number(entry.step_kind) {
        Ok(StepKind::Plain) => values * geometry.element_type.size() as u64,
        // With its refinement.
        Ok(StepKind::Bounded | StepKind::Correction) => 2 * values * geometry.element_type.size() as u64,
        _ => 256 + 16 * entry.payload_length,
    };
    body + mask
}

impl TeacherSource for Teachers<'_> {
    fn teacher(&self, step: usize, block: usize) -> limbeck_codec::Result<Option<Arc<dyn BlockDecoder>>> {
        let Some(entry) = self.run.block(self.variable, self.blocks[block], self.first_step + step as u64) else {
            return Ok(None);
        };
        match self.opened(entry) {
            Ok(teacher) => Ok(Some(teacher)),
            // A frame that was lost takes the differences to it along; the other teachers go on without them.
            Err(Error::Corruption(text)) => {
                tracing::debug!("{text}");
                Ok(None)
            }
            Err(Error::Compatibility(text)) => Err(limbeck_codec::Error::Compatibility(text)),
            Err(other) => Err(limbeck_codec::Error::Internal(other.to_string())),
        }
    }
}
