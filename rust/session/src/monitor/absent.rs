//! Stands for the monitor in a build without the feature `monitor`.

use std::convert::Infallible;
use std::net::SocketAddr;

use crate::Progress;
use crate::watched::Watched;

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
