//! What ranks tell each other, as bytes.

use limbeck_codec::Quality;

/// Writes words and strings of bytes one after the other.
#[derive(Default)]
pub(super) struct Telling(pub(super) Vec<u8>);

impl Telling {
    pub(super) fn word(&mut self, word: u64) {
        self.0.extend(word.to_le_bytes());
    }

    pub(super) fn number(&mut self, number: f64) {
        self.word(number.to_bits());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        self.0.extend(bytes);
    }

    pub(super) fn quality(&mut self, q: &Quality) {
        self.word(q.count);
        [q.squared_error, q.max_error, q.min, q.max].into_iter().for_each(|n| self.number(n));
    }

    /// A box that there may be: its axes (0: none), offset and count.
    pub(super) fn extent(&mut self, extent: Option<&(Vec<u64>, Vec<u64>)>) {
        self.word(extent.map_or(0, |(offset, _)| offset.len() as u64));
        extent.into_iter().flat_map(|(offset, count)| offset.iter().chain(count)).for_each(|w| self.word(*w));
    }
}

/// Reads them in the same order; None where they end too early.
pub(super) struct Told<'a>(pub(super) &'a [u8]);

impl Told<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn word(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    pub(super) fn number(&mut self) -> Option<f64> {
        self.word().map(f64::from_bits)
    }

    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        let n = usize::try_from(self.word()?).ok()?;
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head.to_vec())
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    pub(super) fn quality(&mut self) -> Option<Quality> {
        let count = self.word()?;
        let mut next = || self.number();
        Some(Quality { count, squared_error: next()?, max_error: next()?, min: next()?, max: next()? })
    }

    pub(super) fn extent(&mut self) -> Option<Option<(Vec<u64>, Vec<u64>)>> {
        let axes = self.word()?;
        if axes == 0 {
            return Some(None);
        }
        let mut list = || (0..axes).map(|_| self.word()).collect::<Option<Vec<u64>>>();
        Some(Some((list()?, list()?)))
    }
}
