//! From journals to an archive.

use std::path::Path;

use crate::{CloseReport, Config, Error, Progress, Result};

/// Distils the run in `run_dir` (a journal directory such as `run.lbk.d`) into the archive `output`, as close does.
pub fn distil_run(
    _run_dir: &Path,
    _output: &Path,
    _config: &Config,
    _progress: &(dyn Fn(&Progress) + Sync),
) -> Result<CloseReport> {
    Err(Error::Internal("in the making".into()))
}
