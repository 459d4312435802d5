//! KD-INR (Han, Zheng, Bi, IEEE TVCG): one small network per step and block while the simulation runs, all of them
//! distilled into one network over space and time when it ends.

mod block;
mod budget;
mod coordinates;
mod distil;
mod fit;
mod focus;
mod on_device;
mod options;
mod payload;
mod plan;
mod race;
mod sampling;
mod sensitivity;
mod sizing;
mod start;
mod stored;
mod student;
mod symmetry;
mod teacher;
mod teacher_samples;
mod weights;

use std::sync::Arc;

use limbeck_field::Extent;
use limbeck_network::device::Worker;
pub use options::{Family, FitOptions, KdInrOptions, PRESETS, Sampler};

use crate::bounded::BoundedBlock;
use crate::masked::Masked;
use crate::{
    BlockDecoder, BlockGeometry, Chain, ChainKey, ConstantBlock, DistilTask, EncodedSegment, Mask, Method, PlainBlock,
    Result, SegmentDecoder, StepKind,
};
use block::NetworkBlock;
use stored::Stored;
use student::Student;
use teacher::TeacherChain;

/// The method as options have it.
pub struct KdInr {
    options: KdInrOptions,
    devices: Vec<Arc<Worker>>,
}

impl KdInr {
    /// Number of this method in files.
    pub const NUMBER: u16 = 1;

    /// With these options, on the CPU.
    pub const fn new(options: KdInrOptions) -> KdInr {
        KdInr { options, devices: Vec::new() }
    }

    /// The same, trained on devices if there are any, blocks on each in turn. Other random voxels are drawn there and sums are made in another order, so that
    /// bytes are others; they are decoded on the CPU all the same.
    pub fn on(self, devices: Vec<Arc<Worker>>) -> KdInr {
        KdInr { devices, ..self }
    }
}

fn open_network(extent: &Extent, payload: &[u8], base: Option<&dyn BlockDecoder>) -> Result<Arc<dyn BlockDecoder>> {
    let base = base.and_then(|b| b.as_any().downcast_ref::<NetworkBlock>()).map(|b| &b.stored);
    Ok(Arc::new(NetworkBlock::new(extent.clone(), Stored::read(payload, extent.rank(), base)?)))
}

impl Method for KdInr {
    fn number(&self) -> u16 {
        KdInr::NUMBER
    }

    fn name(&self) -> &'static str {
        "kdinr"
    }

    fn chain(&self, geometry: BlockGeometry, key: ChainKey) -> Box<dyn Chain> {
        let turn = key.variable as usize + key.block as usize;
        let device = self.devices.get(turn % self.devices.len().max(1)).cloned();
        Box::new(TeacherChain::new(self.options.clone(), geometry, key, device))
    }

    fn open_step(
        &self,
        geometry: &BlockGeometry,
        kind: StepKind,
        payload: &[u8],
        mask: Option<&[u8]>,
        base: Option<&dyn BlockDecoder>,
    ) -> Result<Arc<dyn BlockDecoder>> {
        let extent = &geometry.extent;
        let decoder: Arc<dyn BlockDecoder> = match kind {
            StepKind::Constant => Arc::new(ConstantBlock::decode(geometry, payload)?),
            StepKind::Plain => Arc::new(PlainBlock::decode(geometry, payload)?),
            StepKind::Network => open_network(extent, payload, base)?,
            StepKind::Bounded | StepKind::Correction => {
                let open = |payload: &[u8], base: Option<&dyn BlockDecoder>| open_network(extent, payload, base);
                Arc::new(BoundedBlock::decode(geometry, payload, base, open)?)
            }
        };
        Ok(match mask {
            Some(mask) => Arc::new(Masked::new(decoder, extent, Mask::decode(mask, extent.len())?)),
            None => decoder,
        })
    }

    fn distil(&self, task: &DistilTask<'_>, threads: &rayon::ThreadPool) -> Result<EncodedSegment> {
        threads.install(|| distil::distil(&self.options, task, self.devices.first().map(Arc::as_ref)))
    }

    fn open_segment(&self, extent: &Extent, times: &[f64], payload: &[u8]) -> Result<Arc<dyn SegmentDecoder>> {
        Ok(Arc::new(Student::read(payload, extent, times)?))
    }
}
