//! Adding to a finished archive: a copy of its frames, new frames behind them, a new index, one rename.

use std::io::Write;
use std::path::Path;

use super::{Archive, ArchiveWriter};
use crate::{Error, Result};

impl ArchiveWriter {
    /// Begins a new version of the archive `path` that holds everything the present one holds; the present one stays
    /// valid until [`ArchiveWriter::finish`] replaces it. Later segments count over earlier ones where they overlap.
    ///
    /// Every frame is checked while it is copied. Errors: those of [`Archive::open`] and [`Archive::verify`], Io.
    pub fn append_to(path: &Path) -> Result<ArchiveWriter> {
        let archive = Archive::open(path)?;
        archive.verify()?;
        let mut writer = ArchiveWriter::open_temporary(path)?;
        let end = archive.index_offset();
        let mut at = 0;
        while at < end {
            let part = archive.source().read(at, (end - at).min(1 << 20))?;
            writer.file.write_all(&part).map_err(|e| Error::io("write", &writer.temporary, e))?;
            at += part.len() as u64;
        }
        writer.offset = end;
        writer.index = archive.into_index();
        Ok(writer)
    }
}
