//! Who distils together, and what each of them can read.

use limbeck_archive::{BlockDescription, UnfinishedRun};
use limbeck_codec::ranks::Ranks;

use crate::{Result, agree};

/// The ranks of a distillation.
pub(crate) struct Crew<'a> {
    pub(crate) ranks: &'a dyn Ranks,
    pub(crate) journals: Journals,
}

/// What a rank can read of the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Journals {
    /// Its own journal: at the end of a session, when the others may be on the disks of other nodes.
    Own,
    /// All of them: in a batch job, whose number of ranks need not be that of the run.
    All,
}

impl Crew<'_> {
    pub(crate) fn first(&self) -> bool {
        self.ranks.rank() == 0
    }

    /// Whether what a block has is to be told by this rank.
    pub(crate) fn tells(&self, block: &BlockDescription) -> bool {
        match self.journals {
            Journals::Own => block.rank as usize == self.ranks.rank(),
            Journals::All => self.first(),
        }
    }

    /// Whether this rank asks the teacher of a draw: where the block's journal is, or in turn where all can read all.
    pub(crate) fn asks(&self, draw: usize, block: &BlockDescription) -> bool {
        match self.journals {
            Journals::Own => block.rank as usize == self.ranks.rank(),
            Journals::All => draw % self.ranks.size() == self.ranks.rank(),
        }
    }

    /// Does something on rank 0 and tells all what came out. Collective.
    pub(crate) fn on_first(&self, work: impl FnOnce() -> Result<u64>) -> Result<u64> {
        let mine = if self.first() { work() } else { Ok(0) };
        let mut bytes = agree(self.ranks, mine)?.to_le_bytes().to_vec();
        self.ranks.broadcast(0, &mut bytes)?;
        Ok(bytes.try_into().map_or(0, u64::from_le_bytes))
    }

    /// What all ranks have to say, on rank 0, in their order; nothing elsewhere. Collective.
    pub(crate) fn texts(&self, mine: Vec<String>) -> Result<Vec<String>> {
        let mine = if self.journals == Journals::Own || self.first() { mine.join("\0") } else { String::new() };
        let all = self.ranks.gather(mine.as_bytes())?;
        let split = |bytes: Vec<u8>| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.split('\0').filter(|t| !t.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        Ok(all.into_iter().flat_map(split).collect())
    }
}

/// Variable and block of all blocks that this rank tells of.
pub(super) fn told_blocks(crew: &Crew<'_>, run: &UnfinishedRun) -> Vec<(u32, u32)> {
    let of = |(v, d): (usize, &limbeck_archive::VariableDescription)| {
        let own = d.blocks.iter().enumerate().filter(|(_, b)| crew.tells(b));
        own.map(|(b, _)| (v as u32, b as u32)).collect::<Vec<_>>()
    };
    run.run().variables.iter().enumerate().flat_map(of).collect()
}
