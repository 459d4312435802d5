//! Mirror symmetries, as far as the teachers tell: half of a symmetric axis is all that a network has to learn.

use limbeck_field::{Extent, Statistics, Volume};

use super::coordinates::{AxisMap, Fold, Folds};
use super::plan::random;
use crate::ranks::agree;
use crate::{DistilTask, Error, Mask, Result};

/// Steps that are looked at, and points at each.
const STEPS: usize = 16;
const POINTS: usize = 128;
const PLACES: u64 = 14;

const MIRRORS: [Fold; 2] = [Fold::Centre, Fold::First];

/// The axes that are mirror images within a mean square error of `least` for a network that takes them as such.
///
/// Collective: points are the same on all ranks, each of which says what its own teachers have there, and all get the sums.
pub(crate) fn folds(task: &DistilTask<'_>, least: f64) -> Result<Folds> {
    let rank = task.extent.rank();
    let random = random(task, PLACES);
    let mirrors: Vec<(usize, Fold)> = (0..rank).flat_map(|a| MIRRORS.map(|fold| (a, fold))).collect();
    let images: Vec<Vec<AxisMap>> =
        mirrors.iter().map(|&(a, fold)| AxisMap::of(task.extent, Folds::default().with(a, fold))).collect();
    // By step, the points and then their images in each mirror; values and whether there are any.
    let each = POINTS * (1 + mirrors.len());
    let mut told = vec![0.0; 2 * STEPS * each];
    let mut tell = || -> Result<()> {
        for s in 0..STEPS {
            let step = task.present[random.below(s as u64, task.present.len() as u64) as usize];
            let mut points = Vec::with_capacity(each);
            for i in 0..POINTS {
                let at = |a: usize| {
                    let draw = (STEPS + (s * POINTS + i) * rank + a) as u64;
                    task.extent.offset[a] + random.below(draw, task.extent.count[a] as u64) as usize
                };
                points.push((0..rank).map(at).collect::<Vec<usize>>());
            }
            let mirrored: Vec<Vec<usize>> = images
                .iter()
                .flat_map(|maps| points.iter().map(move |p| p.iter().zip(maps).map(|(i, m)| m.mirror(*i)).collect()))
                .collect();
            points.extend(mirrored);
            let place = s * each;
            ask(task, step, &points, &mut told[2 * place..2 * (place + each)])?;
        }
        Ok(())
    };
    let mine = tell();
    agree(task.ranks, mine)?;
    task.ranks.sum_f64(&mut told)?;
    let value = |at: usize| (told[2 * at + 1] > 0.0).then(|| told[2 * at]);
    let mut folds = Folds::default();
    for (m, &(axis, fold)) in mirrors.iter().enumerate() {
        let (mut squares, mut n) = (0.0, 0u32);
        for (s, i) in (0..STEPS).flat_map(|s| (0..POINTS).map(move |i| (s, i))) {
            let here = s * each + i;
            if let (Some(a), Some(b)) = (value(here), value(here + POINTS * (1 + m))) {
                squares += (a - b) * (a - b);
                n += 1;
            }
        }
        // A network that takes both for the same is off by half their difference at best.
        let found = n as usize >= STEPS * POINTS / 4 && squares / f64::from(n) / 4.0 <= least;
        if found && folds.of(axis) == Fold::None && task.extent.count[axis] > 2 {
            folds = folds.with(axis, fold);
        }
    }
    Ok(folds)
}

/// The share of the squared range that values of a block may differ from their images by, for a teacher to take them as one: far
/// below what teachers reach.
const ALIKE: f64 = 1e-8;

/// The axes of a block that are mirror images, by its own values.
pub(crate) fn folds_of(volume: &Volume, mask: Option<&Mask>, statistics: &Statistics) -> Folds {
    let extent = Extent { offset: vec![0; volume.count.len()], count: volume.count.clone() };
    let range = statistics.max - statistics.min;
    let mut folds = Folds::default();
    for axis in (0..extent.rank()).filter(|&a| extent.count[a] > 2) {
        let pitch: usize = extent.count[axis + 1..].iter().product();
        let found = MIRRORS.into_iter().find(|&fold| {
            let map = AxisMap::of(&extent, Folds::default().with(axis, fold))[axis];
            let (mut squares, mut n) = (0.0, 0u64);
            // Most fields are told apart by a few values.
            let leap = if volume.values.len().is_multiple_of(LEAP) { 1 } else { LEAP };
            for i in (0..volume.values.len()).map(|i| i.wrapping_mul(leap) % volume.values.len()) {
                let at = i / pitch % extent.count[axis];
                let image = i - at * pitch + map.mirror(at) * pitch;
                if mask.is_some_and(|m| m.codes[i] != 0 || m.codes[image] != 0) {
                    continue;
                }
                let apart = (volume.values.get(i) - volume.values.get(image)) / range;
                squares += apart * apart;
                n += 1;
                if squares > ALIKE * volume.values.len() as f64 {
                    return false;
                }
            }
            n > 0 && squares <= ALIKE * n as f64
        });
        folds = found.map_or(folds, |fold| folds.with(axis, fold));
    }
    folds
}

/// A prime that spreads indices.
const LEAP: usize = 7919;

/// What the teachers of this rank say at grid points: values, each followed by 1; elsewhere zeros.
fn ask(task: &DistilTask<'_>, step: usize, points: &[Vec<usize>], told: &mut [f64]) -> Result<()> {
    for (b, block) in task.blocks.iter().enumerate() {
        // A point in several blocks belongs to the first.
        let owned = |p: &Vec<usize>| block.contains(p) && !task.blocks[..b].iter().any(|other| other.contains(p));
        let own: Vec<usize> = (0..points.len()).filter(|&i| (task.here)(step, b) && owned(&points[i])).collect();
        if own.is_empty() {
            continue;
        }
        let Some(teacher) = task.teachers.teacher(step, b)? else { continue };
        let places: Vec<f64> = own.iter().flat_map(|&i| points[i].iter().map(|&n| n as f64)).collect();
        let mut values = vec![0.0; own.len()];
        teacher.sample(&places, &mut values)?;
        for (i, v) in own.into_iter().zip(values).filter(|(_, v)| v.is_finite()) {
            let slot = told.get_mut(2 * i..2 * i + 2).ok_or_else(|| Error::Internal("a point too many".into()))?;
            slot.copy_from_slice(&[v, 1.0]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use limbeck_field::{ElementType, Values};

    use super::*;
    use crate::ranks::{Alone, RankThread, Ranks};
    use crate::{BlockDecoder, BlockGeometry, ChainKey, EncodedStep, PlainBlock, TeacherSource};

    const SHAPE: [usize; 3] = [12, 15, 16];

    /// Symmetric in the centre of the first axis, in the first point of the last one, and about so in that of the middle one.
    fn value(at: [usize; 3]) -> f32 {
        let [z, y, x] = at.map(|i| i as f32);
        let (z, y) = ((z - 5.5) / 6.0, (y - 7.0) / 7.0);
        (3.0 * z * z).sin() + 0.8 * y * y + 0.01 * y + (2.0 * std::f32::consts::PI * x / 16.0).cos() * (1.0 - z * z)
    }

    struct Plain(Vec<Arc<dyn BlockDecoder>>);

    impl TeacherSource for Plain {
        fn teacher(&self, _: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
            Ok(Some(self.0[block].clone()))
        }
    }

    fn blocks() -> Vec<Extent> {
        let block = |z: usize, n: usize| Extent { offset: vec![z, 0, 0], count: vec![n, 15, 16] };
        vec![block(0, 5), block(5, 4), block(8, 4)]
    }

    fn found(ranks: &dyn Ranks, least: f64) -> Folds {
        let plain = |extent: Extent| -> Arc<dyn BlockDecoder> {
            let (o, n) = (extent.offset.clone(), extent.count.clone());
            let at = |i: usize| [o[0] + i / n[2] / n[1], i / n[2] % n[1], i % n[2]];
            let values = Values::Float32((0..extent.len()).map(|i| value(at(i))).collect());
            let geometry =
                BlockGeometry { shape: SHAPE.to_vec(), extent, element_type: ElementType::Float32, shared: Vec::new() };
            let payload = EncodedStep::plain(&Volume { count: n, values }, &geometry).payload;
            Arc::new(PlainBlock::decode(&geometry, &payload).unwrap())
        };
        let (rank, size) = (ranks.rank(), ranks.size());
        let task = DistilTask {
            extent: &Extent::whole(&SHAPE),
            element_type: ElementType::Float32,
            blocks: &blocks(),
            times: &[0.0, 1.0],
            present: &[0, 1],
            range: (-1.0, 3.0),
            teachers: &Plain(blocks().into_iter().map(plain).collect()),
            ranks,
            here: &|_, block| block % size == rank,
            key: ChainKey { seed: 3, variable: 0, block: 0 },
            budget_bytes: 1000,
            time_limit: None,
            progress: &|_, _| {},
        };
        folds(&task, least).unwrap()
    }

    #[test]
    fn mirrors_are_found_on_any_number_of_ranks() {
        let exact = Folds::default().with(0, Fold::Centre).with(2, Fold::First);
        assert_eq!(found(&Alone, 1e-10), exact);
        assert_eq!(found(&Alone, 1e-3), exact.with(1, Fold::Centre));
        for n in 2..=4 {
            let on = std::thread::scope(|scope| {
                let spawn = |r: RankThread| scope.spawn(move || found(&r, 1e-10));
                let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
                threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>()
            });
            assert!(on.iter().all(|f| *f == exact), "{n} ranks: {on:?}");
        }
    }

    #[test]
    fn a_block_tells_its_own_mirrors() {
        let values: Vec<f32> = (0..12 * 15 * 16).map(|i| value([i / 240, i / 16 % 15, i % 16])).collect();
        let mut volume = Volume { count: SHAPE.to_vec(), values: Values::Float32(values) };
        let of = |v: &Volume| folds_of(v, None, &Statistics::measure(v, None).unwrap());
        assert_eq!(of(&volume), Folds::default().with(0, Fold::Centre).with(2, Fold::First));
        let Values::Float32(v) = &mut volume.values else { unreachable!() };
        v[1234] += 0.5;
        assert_eq!(of(&volume), Folds::default());
    }

    #[test]
    fn folded_coordinates_are_those_of_the_image() {
        let extent = Extent { offset: vec![3, 0], count: vec![8, 9] };
        let maps = AxisMap::of(&extent, Folds::default().with(0, Fold::Centre).with(1, Fold::First));
        for (map, range) in maps.iter().zip([3..11, 0..9]) {
            let coordinates: Vec<f32> = range.clone().map(|i| map.map(i as f64)).collect();
            assert!(range.clone().all(|i| map.map(i as f64) == map.map(map.mirror(i) as f64)));
            assert!(coordinates.iter().all(|c| (-1.0..=1.0).contains(c)) && coordinates[0] == -1.0, "{coordinates:?}");
            let (factor, summand) = map.linear().unwrap();
            assert_eq!(map.map(range.start as f64 + 2.0), (2.0 * factor + summand) as f32);
        }
        assert!(Folds(0b10_01).are_of(2) && !Folds(0b10_01).are_of(1) && !Folds(0b11).are_of(3));
    }
}
