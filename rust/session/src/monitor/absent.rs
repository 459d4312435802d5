//! Stands for the monitor in a build without the feature `monitor`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use limbeck_archive::RunDescription;
use limbeck_codec::Method;

use crate::Progress;
use crate::metrics::Meter;
use crate::notices::Notices;

/// What a session offers to be seen.
#[expect(dead_code, reason = "nobody looks")]
pub(crate) struct Watched {
    pub(crate) path: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) rank: u32,
    pub(crate) ranks: u32,
    pub(crate) description: RunDescription,
    pub(crate) method: Arc<dyn Method>,
    pub(crate) step_bytes: u64,
    pub(crate) meter: Arc<Meter>,
    pub(crate) notices: Arc<Notices>,
}

/// There is none.
pub(crate) struct Monitor(Infallible);

impl Monitor {
    pub(crate) fn start(_: SocketAddr, _: Watched) -> Result<Monitor, String> {
        Err("monitor.address is set, and this build of limbeck has no monitor (feature `monitor`)".into())
    }

    pub(crate) fn draining(&self) {
        match self.0 {}
    }

    pub(crate) fn distilling(&self, _: &Progress) {
        match self.0 {}
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        match self.0 {}
    }
}
