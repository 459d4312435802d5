//! The file that waiting blocks are written to when memory is short. It has no name, so nothing is left behind
//! however the process ends.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use limbeck_field::{Values, Volume};

use crate::{Error, Result};

#[derive(Debug)]
pub(crate) struct Spill {
    directory: PathBuf,
    limit: u64,
    file: OnceLock<File>,
    room: Mutex<Room>,
}

#[derive(Debug, Default)]
struct Room {
    /// Length of the file.
    end: u64,
    used: u64,
    /// Where slots of a size are free. Blocks keep their sizes for the whole run, so slots fit again.
    free: HashMap<u64, Vec<u64>>,
    /// Writing failed once: the disk is full or gone, and trying again would only cost time.
    broken: bool,
}

/// Where a spilled block stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    offset: u64,
    bytes: u64,
}

impl Spill {
    pub(crate) fn new(directory: PathBuf, limit: u64) -> Spill {
        Spill { directory, limit, file: OnceLock::new(), room: Mutex::default() }
    }

    fn room(&self) -> std::sync::MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> u64 {
        self.room().used
    }

    /// Room for so many bytes; None if the limit is reached or the disk refused before.
    pub(crate) fn reserve(&self, bytes: u64) -> Option<Slot> {
        let mut room = self.room();
        if room.broken {
            return None;
        }
        let offset = match room.free.get_mut(&bytes).and_then(Vec::pop) {
            Some(offset) => offset,
            None if room.end.checked_add(bytes)? <= self.limit => {
                room.end += bytes;
                room.end - bytes
            }
            None => return None,
        };
        room.used += bytes;
        Some(Slot { offset, bytes })
    }

    /// Gives a slot back.
    pub(crate) fn release(&self, slot: Slot) {
        let mut room = self.room();
        room.used -= slot.bytes;
        room.free.entry(slot.bytes).or_default().push(slot.offset);
    }

    /// Writes a volume of the slot's size. After an error nothing more is spilled.
    pub(crate) fn write(&self, slot: &Slot, volume: &Volume) -> Result<()> {
        let bytes: &[u8] = match &volume.values {
            Values::Float32(v) => bytemuck::cast_slice(v),
            Values::Float64(v) => bytemuck::cast_slice(v),
        };
        let written = self.file().and_then(|file| file.write_all_at(bytes, slot.offset));
        written.map_err(|e| {
            self.room().broken = true;
            Error::Io(format!("cannot spill to {}: {e}", self.directory.display()))
        })
    }

    /// Reads a slot back into a volume of its size.
    pub(crate) fn read(&self, slot: &Slot, volume: &mut Volume) -> Result<()> {
        let bytes: &mut [u8] = match &mut volume.values {
            Values::Float32(v) => bytemuck::cast_slice_mut(v),
            Values::Float64(v) => bytemuck::cast_slice_mut(v),
        };
        self.file()
            .and_then(|file| file.read_exact_at(bytes, slot.offset))
            .map_err(|e| Error::Io(format!("cannot read what was spilled to {}: {e}", self.directory.display())))
    }

    /// Made when it is first needed.
    fn file(&self) -> std::io::Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let made = tempfile::tempfile_in(&self.directory)?;
        Ok(self.file.get_or_init(|| made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(n: usize, from: f32) -> Volume {
        Volume { count: vec![n], values: Values::Float32((0..n).map(|i| i as f32 + from).collect()) }
    }

    #[test]
    fn slots_come_back_and_are_used_again() {
        let dir = tempfile::tempdir().unwrap();
        let spill = Spill::new(dir.path().to_owned(), 100);
        let (a, b) = (spill.reserve(40).unwrap(), spill.reserve(60).unwrap());
        assert_eq!(spill.reserve(1), None);
        spill.write(&a, &volume(10, 1.0)).unwrap();
        spill.write(&b, &volume(15, 7.0)).unwrap();
        let mut back = volume(15, 0.0);
        spill.read(&b, &mut back).unwrap();
        assert_eq!(back, volume(15, 7.0));
        spill.release(b);
        assert_eq!(spill.used(), 40);
        assert!(spill.reserve(60).is_some() && spill.reserve(60).is_none());
        let mut back = volume(10, 0.0);
        spill.read(&a, &mut back).unwrap();
        assert_eq!(back, volume(10, 1.0));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the file has no name");
    }

    #[test]
    fn a_directory_that_is_gone_is_tried_once() {
        let spill = Spill::new("/nowhere/at/all".into(), 1000);
        let slot = spill.reserve(40).unwrap();
        let e = spill.write(&slot, &volume(10, 0.0)).unwrap_err();
        assert!(matches!(e, Error::Io(_)) && e.to_string().contains("/nowhere/at/all"));
        assert_eq!(spill.reserve(40), None);
    }
}
