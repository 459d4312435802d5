//! Which student is made of which blocks.

use std::collections::BTreeMap;

use limbeck_archive::{UnfinishedRun, VariableDescription};
use limbeck_codec::EncodedSegment;
use limbeck_field::Extent;

use super::crew::{Crew, Journals};
use super::student::Made;
use super::telling::{Telling, Told};
use crate::commit::geometry;
use crate::describe::by_place;
use crate::{Error, Result};

/// What one student is made of.
pub(super) struct Part {
    pub(super) variable: u32,
    /// Indices of its blocks; not empty.
    pub(super) blocks: Vec<u32>,
    /// The box that they cover.
    pub(super) extent: Extent,
    /// The rank that makes it alone; None: all together.
    pub(super) maker: Option<usize>,
}

impl Part {
    /// Values in its box.
    pub(super) fn values(&self) -> u64 {
        self.extent.len() as u64
    }

    /// Its student, made. `shape`: of the variable.
    pub(super) fn made(&self, shape: &[usize], segment: EncodedSegment, seconds: f64) -> Made {
        Made { variable: self.variable, extent: told_box(&self.extent, shape), segment, seconds }
    }
}

/// Offset and count of a box for an archive; None if it is all of the variable.
pub(super) fn told_box(extent: &Extent, shape: &[usize]) -> Option<(Vec<u64>, Vec<u64>)> {
    let wide = |list: &[usize]| list.iter().map(|&n| n as u64).collect();
    (*extent != Extent::whole(shape)).then(|| (wide(&extent.offset), wide(&extent.count)))
}

/// The whole domain of each variable, or the share of each process: as one box if its blocks fill one, else block by block.
pub(super) fn parts(crew: &Crew<'_>, run: &UnfinishedRun, shards: bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for (v, d) in run.run().variables.iter().enumerate() {
        let part = |blocks: Vec<u32>, extent: Extent| Part { variable: v as u32, blocks, extent, maker: None };
        if !shards {
            let extent = Extent::whole(&geometry(d, 0).shape);
            parts.push(part(by_place(&d.blocks), extent));
            continue;
        }
        let mut by_process: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (b, block) in d.blocks.iter().enumerate() {
            by_process.entry(block.rank).or_default().push(b as u32);
        }
        for (process, blocks) in by_process {
            let own = match filled_box(d, &blocks) {
                Some(extent) => vec![part(blocks, extent)],
                None => blocks.into_iter().map(|b| part(vec![b], geometry(d, b as usize).extent)).collect(),
            };
            let n = parts.len();
            parts.extend(own.into_iter().enumerate().map(|(i, p)| Part {
                maker: Some(match crew.journals {
                    Journals::Own => process as usize,
                    Journals::All => (n + i) % crew.ranks.size(),
                }),
                ..p
            }));
        }
    }
    parts
}

/// The box that these blocks fill without gap or overlap, if they do.
fn filled_box(d: &VariableDescription, blocks: &[u32]) -> Option<Extent> {
    let extents: Vec<Extent> = blocks.iter().map(|b| geometry(d, *b as usize).extent).collect();
    let axes = 0..d.shape.len();
    let offset: Vec<usize> = axes.clone().map(|a| extents.iter().map(|e| e.offset[a]).min().unwrap_or(0)).collect();
    let end = axes.map(|a| extents.iter().map(|e| e.offset[a] + e.count[a]).max().unwrap_or(0));
    let count: Vec<usize> = end.zip(&offset).map(|(end, o)| end - o).collect();
    let bounds = Extent { offset, count };
    let disjoint = |(i, a): (usize, &Extent)| {
        extents[..i].iter().all(|b| {
            (0..d.shape.len())
                .any(|x| a.offset[x] >= b.offset[x] + b.count[x] || b.offset[x] >= a.offset[x] + a.count[x])
        })
    };
    let filled = extents.iter().map(Extent::len).sum::<usize>() == bounds.len();
    (filled && extents.iter().enumerate().all(disjoint)).then_some(bounds)
}

/// The students of all ranks on rank 0, in the order of the ranks; elsewhere those of the rank itself. Collective.
pub(super) fn collect(crew: &Crew<'_>, made: Vec<Made>) -> Result<Vec<Made>> {
    let told = crew.ranks.gather(&encode(&made))?;
    if !crew.first() {
        return Ok(made);
    }
    let mut all = Vec::new();
    for list in told {
        all.extend(decode(&list).ok_or_else(|| Error::Internal("a rank told its students in an unknown form".into()))?);
    }
    all.sort_by_key(|m| m.variable);
    Ok(all)
}

pub(super) fn encode(made: &[Made]) -> Vec<u8> {
    let mut out = Telling::default();
    for m in made {
        out.word(m.variable.into());
        out.extent(m.extent.as_ref());
        out.quality(&m.segment.quality);
        out.word(m.segment.samples);
        out.number(m.seconds);
        out.bytes(&m.segment.payload);
        out.bytes(m.segment.description.as_bytes());
    }
    out.0
}

pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Made>> {
    let (mut told, mut all) = (Told(bytes), Vec::new());
    while !told.is_empty() {
        let variable = told.word()? as u32;
        let extent = told.extent()?;
        let quality = told.quality()?;
        let (samples, seconds) = (told.word()?, told.number()?);
        let (payload, description) = (told.bytes()?, told.text()?);
        let segment = EncodedSegment { payload, quality, description, samples };
        all.push(Made { variable, extent, segment, seconds });
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use limbeck_archive::BlockDescription;
    use limbeck_codec::Quality;

    #[test]
    fn boxes_are_found_and_students_told() {
        let block = |o: [u64; 2], n: [u64; 2]| BlockDescription { offset: o.to_vec(), count: n.to_vec(), rank: 0 };
        let d = VariableDescription {
            name: "v".into(),
            element_type: 4,
            shape: vec![8, 8],
            attributes: Vec::new(),
            axes: Vec::new(),
            blocks: vec![block([4, 0], [2, 4]), block([6, 0], [2, 4]), block([4, 4], [4, 4]), block([3, 0], [2, 4])],
        };
        let bounds = |offset: [usize; 2], count: [usize; 2]| Extent { offset: offset.to_vec(), count: count.to_vec() };
        assert_eq!(filled_box(&d, &[0, 1, 2]), Some(bounds([4, 0], [4, 8])));
        assert_eq!(filled_box(&d, &[1, 0]), Some(bounds([4, 0], [4, 4])));
        assert_eq!((filled_box(&d, &[0, 2]), filled_box(&d, &[0, 3])), (None, None));
        let quality = Quality { count: 7, squared_error: 0.5, max_error: 0.25, min: -1.0, max: 2.0 };
        let made = |variable, extent| Made {
            variable,
            extent,
            segment: EncodedSegment { payload: vec![1, 2, 3], quality, description: "a student".into(), samples: 9 },
            seconds: 1.5,
        };
        let all = [made(1, None), made(2, Some((vec![4, 0], vec![4, 8])))];
        let back = decode(&encode(&all)).unwrap();
        for (a, b) in all.iter().zip(&back) {
            assert_eq!((a.variable, &a.extent, a.seconds), (b.variable, &b.extent, b.seconds));
            assert_eq!((&a.segment.payload, a.segment.quality), (&b.segment.payload, b.segment.quality));
            assert_eq!((&a.segment.description, a.segment.samples), (&b.segment.description, b.segment.samples));
        }
        assert_eq!(back.len(), 2);
        assert!(decode(&encode(&all)[..50]).is_none());
    }
}
