//! Memory for copies of blocks, used again and again: a warm buffer is copied into three times as fast as a new one.

use std::collections::HashMap;

use limbeck_field::{ElementType, Values, Volume};

/// Buffers that are free, and how much memory all buffers take, those in use included.
#[derive(Debug)]
pub(super) struct Buffers {
    free: HashMap<(ElementType, usize), Vec<Volume>>,
    allocated: u64,
    peak: u64,
    limit: u64,
}

impl Buffers {
    pub(super) fn new(limit: u64) -> Buffers {
        Buffers { free: HashMap::new(), allocated: 0, peak: 0, limit }
    }

    /// A buffer for a block of this type and shape; its values are arbitrary. Free buffers of other sizes give way where
    /// the limit asks for it; whoever calls has seen to it that those in use leave room.
    pub(super) fn take(&mut self, t: ElementType, count: &[usize]) -> Volume {
        let n: usize = count.iter().product();
        if let Some(mut volume) = self.free.get_mut(&(t, n)).and_then(Vec::pop) {
            volume.count.clear();
            volume.count.extend_from_slice(count);
            return volume;
        }
        let bytes = (n * t.size()) as u64;
        while self.allocated + bytes > self.limit && self.discard() {}
        self.allocated += bytes;
        self.peak = self.peak.max(self.allocated);
        // Not zero: the system hands out zeroed pages only when they are first written to, which would be during the
        // simulation's first steps.
        let values = match t {
            ElementType::Float32 => Values::Float32(vec![1.0; n]),
            ElementType::Float64 => Values::Float64(vec![1.0; n]),
        };
        Volume { count: count.to_vec(), values }
    }

    pub(super) fn give(&mut self, volume: Volume) {
        self.free.entry((volume.values.element_type(), volume.values.len())).or_default().push(volume);
    }

    /// Frees one buffer; false if none is free.
    fn discard(&mut self) -> bool {
        let Some(volume) = self.free.values_mut().find_map(Vec::pop) else { return false };
        self.allocated -= volume.values.bytes() as u64;
        true
    }

    /// Bytes of all buffers.
    pub(super) fn allocated(&self) -> u64 {
        self.allocated
    }

    /// Most bytes of all buffers at once.
    pub(super) fn peak(&self) -> u64 {
        self.peak
    }
}
