//! What a session offers to be seen, whether or not this build has the monitor.

use std::path::PathBuf;
use std::sync::Arc;

use limbeck_archive::RunDescription;
use limbeck_codec::Method;

use crate::metrics::Meter;
use crate::notices::Notices;

/// What a session offers to be seen.
#[cfg_attr(not(feature = "monitor"), expect(dead_code, reason = "nobody looks"))]
pub(crate) struct Watched {
    /// The archive-to-be.
    pub(crate) path: PathBuf,
    /// The directory of this rank's journal.
    pub(crate) directory: PathBuf,
    pub(crate) rank: u32,
    pub(crate) ranks: u32,
    pub(crate) description: RunDescription,
    pub(crate) method: Arc<dyn Method>,
    /// Bytes of all blocks of a step.
    pub(crate) step_bytes: u64,
    pub(crate) meter: Arc<Meter>,
    pub(crate) notices: Arc<Notices>,
}
