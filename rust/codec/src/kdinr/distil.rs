//! All teachers of a variable into one student (eq. 4 of the paper).

use std::time::Instant;

use limbeck_field::Normalisation;
use limbeck_network::device::Worker;

use super::options::KdInrOptions;
use super::payload::{BY_INDEX, UNQUANTISED};
use super::plan::{Plan, VOXELS, begin, compare, random, train};
use super::race::race;
use super::stored::Stored;
use super::student::{Student, TimeMap, describe};
use super::teacher::CALMER;
use super::teacher_samples::TeacherSamples;
use crate::{DistilTask, EncodedSegment, Error, Result};

/// Distils all teachers; runs in the current rayon pool.
pub(crate) fn distil(o: &KdInrOptions, task: &DistilTask<'_>, device: Option<&Worker>) -> Result<EncodedSegment> {
    if task.present.is_empty() || task.blocks.is_empty() || task.extent.rank() == 0 {
        return Err(Error::InvalidArgument("nothing to distil: no step or no block".into()));
    }
    let (time, by_index) = TimeMap::choose(task.times);
    let normalisation =
        Normalisation::fit(task.range.0, task.range.1).map_err(|e| Error::InvalidArgument(e.to_string()))?;
    let constant = normalisation.half == 0.0;
    let mut plan = Plan::new(o, task, constant)?;
    let mut source =
        TeacherSamples::new(task, time, normalisation, (plan.options.batch, o.importance), random(task, VOXELS));
    let began = Instant::now();
    let mut spent = 0;
    if o.student_race && (o.symmetry || o.student.omega == 0.0) && !constant {
        spent = race(&mut plan, o, &mut source, task.times, task.time_limit, device)?;
    }
    let mut best: Option<EncodedSegment> = None;
    for calm in CALMER {
        // Not where another network erred.
        source.fold(plan.folds);
        let start = begin((&plan.architecture, plan.folds), task, constant, o.student_from_teacher)?;
        let limit = task.time_limit.map(|l| l.saturating_sub(began.elapsed()));
        let fitted = train(&plan, start, &mut source, calm, limit, task.progress, device)?;
        spent += fitted.samples;
        let flags = if by_index { BY_INDEX } else { 0 } | if fitted.quantised.is_none() { UNQUANTISED } else { 0 };
        let stored = Stored::new(normalisation, flags, fitted.network, fitted.quantised).folded(plan.folds);
        let (payload, description) = (stored.write(None), describe(&stored));
        let (quality, variance) = compare(&Student::new(stored, task.extent, task.times), &source)?;
        // A rate that is too high for the data shows as an error above that of a constant.
        let good = quality.squared_error <= variance * quality.count as f64;
        let out_of_time = task.time_limit.is_some_and(|l| began.elapsed() >= l);
        // One rank that has enough ends it for all.
        let mut enough = [f64::from(u8::from(good || out_of_time))];
        task.ranks.max_f64(&mut enough)?;
        let less = |than: &EncodedSegment| quality.squared_error.total_cmp(&than.quality.squared_error).is_lt();
        if best.as_ref().is_none_or(less) {
            best = Some(EncodedSegment { payload, quality, description, samples: 0 });
        }
        if enough[0] != 0.0 {
            break;
        }
    }
    let mut best = best.ok_or_else(|| Error::Internal("no round of the distillation came to an end".into()))?;
    best.samples = spent;
    // One network for all, whatever the last bits of the sums were on each rank.
    task.ranks.broadcast(0, &mut best.payload)?;
    Ok(best)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use limbeck_field::{ElementType, Extent, Values, Volume};
    use limbeck_network::{Architecture, Kernel, Network, Optimiser, Random, Trainer};

    use super::super::sizing;
    use super::*;
    use crate::ranks::{Alone, RankThread, Ranks};
    use crate::{BlockDecoder, BlockGeometry, ChainKey, EncodedStep, PlainBlock, TeacherSource};

    const SHAPE: [usize; 3] = [12, 16, 16];
    const STEPS: usize = 3;

    /// Eight blocks of different sizes; plain ones are teachers too.
    fn blocks() -> Vec<Extent> {
        let cut = |i: usize, at: usize, n: usize| if i == 0 { (0, at) } else { (at, n - at) };
        let axes = |b: usize| [cut(b / 4, 5, SHAPE[0]), cut(b / 2 % 2, 8, SHAPE[1]), cut(b % 2, 11, SHAPE[2])];
        let extent = |b: usize| {
            let (offset, count) = axes(b).into_iter().unzip();
            Extent { offset, count }
        };
        (0..8).map(extent).collect()
    }

    fn value(step: usize, at: [usize; 3]) -> f32 {
        let [z, y, x] = at.map(|i| i as f32 * 0.3);
        (z + 0.2 * step as f32).sin() * y.cos() + 0.1 * x
    }

    struct Plain(Vec<Vec<Arc<dyn BlockDecoder>>>);

    impl TeacherSource for Plain {
        fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
            // One was lost.
            Ok((step != 1 || block != 3).then(|| self.0[step][block].clone()))
        }
    }

    fn teachers() -> Plain {
        let one = |step: usize, extent: Extent| -> Arc<dyn BlockDecoder> {
            let (o, n) = (&extent.offset, &extent.count);
            let at = |i: usize| [o[0] + i / n[2] / n[1], o[1] + i / n[2] % n[1], o[2] + i % n[2]];
            let mut values: Vec<f32> = (0..extent.len()).map(|i| value(step, at(i))).collect();
            if step == 2 {
                // Masked.
                values[..40].fill(f32::NAN);
            }
            let volume = Volume { count: n.clone(), values: Values::Float32(values) };
            let geometry =
                BlockGeometry { shape: SHAPE.to_vec(), extent, element_type: ElementType::Float32, shared: Vec::new() };
            let payload = EncodedStep::plain(&volume, &geometry).payload;
            Arc::new(PlainBlock::decode(&geometry, &payload).unwrap())
        };
        Plain((0..STEPS).map(|s| blocks().into_iter().map(|b| one(s, b)).collect()).collect())
    }

    fn with_task<T>(ranks: &dyn Ranks, budget_bytes: usize, work: impl FnOnce(&DistilTask<'_>) -> T) -> T {
        let (rank, size) = (ranks.rank(), ranks.size());
        work(&DistilTask {
            extent: &Extent::whole(&SHAPE),
            element_type: ElementType::Float32,
            blocks: &blocks(),
            times: &[0.0, 1.0, 2.0],
            present: &[0, 1, 2],
            range: (-2.0, 3.0),
            teachers: &teachers(),
            ranks,
            here: &|_, block| block % size == rank,
            key: ChainKey { seed: 3, variable: 0, block: 0 },
            budget_bytes,
            time_limit: None,
            progress: &|_, _| {},
        })
    }

    fn on_ranks<T: Send>(n: usize, work: impl Fn(&dyn Ranks) -> T + Sync) -> Vec<T> {
        std::thread::scope(|scope| {
            let spawn = |r: RankThread| scope.spawn(|| work(&{ r }));
            let threads: Vec<_> = RankThread::group(n).into_iter().map(spawn).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    }

    #[test]
    fn the_first_gradient_is_the_same_on_any_number_of_ranks() {
        let gradient = |ranks: &dyn Ranks| {
            with_task(ranks, 2000, |task| {
                let (time, _) = TimeMap::choose(task.times);
                let normalisation = Normalisation { mid: 0.0, half: 1.0 };
                let mut source = TeacherSamples::new(task, time, normalisation, (700, true), Random::new(&[1]));
                let architecture = Architecture::Siren { inputs: 4, width: 24, depth: 2, omega: 8.0 };
                let start = Network::random(architecture, &Random::new(&[2])).unwrap();
                let mut trainer = Trainer::new(start, Optimiser::Muon, Kernel::best());
                // The last batch of a chunk, and one that begins another.
                [0, 93, 94].map(|step| trainer.gradient(&mut source, step, 700))
            })
        };
        let alone = gradient(&Alone);
        for n in 1..=4 {
            for seen in on_ranks(n, gradient) {
                for ((loss, g), (expected, e)) in seen.iter().zip(&alone) {
                    let norm = e.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
                    let apart = g.iter().zip(e).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(norm > 0.0 && apart == 0.0, "{n} ranks: {apart} of {norm}");
                    assert!((loss - expected).abs() <= 1e-5 * expected, "{n} ranks: {loss} {expected}");
                }
            }
        }
    }

    #[test]
    fn ranks_make_the_student_that_one_makes_alone() {
        let mut options = KdInrOptions::default();
        options.student.samples = 400_000;
        options.student.batch = 512;
        let student = |ranks: &dyn Ranks| with_task(ranks, 1500, |task| distil(&options, task, None).unwrap());
        let alone = student(&Alone);
        assert!(alone.quality.psnr() > 40.0, "{} dB", alone.quality.psnr());
        for n in 1..=4 {
            let made = on_ranks(n, student);
            assert!(made.iter().all(|m| m.payload == alone.payload && m.quality == alone.quality), "{n} ranks");
        }
    }

    #[test]
    fn all_ranks_choose_the_same_frequency() {
        let mut options = KdInrOptions::default();
        options.student.samples = 1_000_000;
        options.student.batch = 128;
        options.student.depth = 2;
        let chosen = |ranks: &dyn Ranks| {
            with_task(ranks, 500, |task| {
                let (time, _) = TimeMap::choose(task.times);
                let normalisation = Normalisation { mid: 0.5, half: 2.5 };
                let mut plan = Plan::new(&options, task, false).unwrap();
                // Far too low for the data.
                plan.architecture = sizing::architecture(&options.student, 4, 10, 2.0);
                let mut source = TeacherSamples::new(task, time, normalisation, (128, true), random(task, VOXELS));
                let spent = race(&mut plan, &options, &mut source, task.times, None, None).unwrap();
                // Time that is up leaves what there was.
                let chosen = plan.architecture;
                race(&mut plan, &options, &mut source, task.times, Some(Duration::ZERO), None).unwrap();
                assert_eq!(plan.architecture, chosen);
                (chosen, spent)
            })
        };
        let alone = chosen(&Alone);
        assert!(matches!(alone.0, Architecture::Siren { omega, .. } if omega > 1.2 * 0.5), "{alone:?}");
        assert!(alone.1 >= 80_000);
        for n in 2..=3 {
            assert!(on_ranks(n, chosen).iter().all(|r| *r == alone), "{n} ranks");
        }
        options.student.samples = 100_000;
        with_task(&Alone, 500, |task| {
            let (time, _) = TimeMap::choose(task.times);
            let mut plan = Plan::new(&options, task, false).unwrap();
            let normalisation = Normalisation { mid: 0.5, half: 2.5 };
            let mut source = TeacherSamples::new(task, time, normalisation, (128, true), random(task, VOXELS));
            assert_eq!(
                race(&mut plan, &options, &mut source, task.times, None, None).unwrap(),
                0,
                "too few samples to tell"
            );
        });
    }

    /// So few that most chunks have none of them.
    #[test]
    fn a_few_values_among_masked_ones_are_learned() {
        struct One(Arc<dyn BlockDecoder>);
        impl TeacherSource for One {
            fn teacher(&self, _: usize, _: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
                Ok(Some(self.0.clone()))
            }
        }
        let extent = Extent::whole(&[2048, 2048]);
        let mut values = vec![f32::NAN; extent.len()];
        (0..40).for_each(|i| values[i * 104_729] = 1.0 + i as f32 / 40.0);
        let volume = Volume { count: extent.count.clone(), values: Values::Float32(values) };
        let (element_type, shape) = (ElementType::Float32, extent.count.clone());
        let geometry = BlockGeometry { shape, extent: extent.clone(), element_type, shared: Vec::new() };
        let payload = EncodedStep::plain(&volume, &geometry).payload;
        let teachers = One(Arc::new(PlainBlock::decode(&geometry, &payload).unwrap()));
        let mut options = KdInrOptions::default();
        options.student.samples = 400_000;
        options.student.batch = 512;
        options.student_race = false;
        let student = |ranks: &dyn Ranks| {
            with_task(ranks, 1500, |task| {
                let blocks = [extent.clone()];
                let task = DistilTask {
                    extent: &extent,
                    blocks: &blocks,
                    times: &[0.0],
                    present: &[0],
                    range: (1.0, 2.0),
                    teachers: &teachers,
                    ..*task
                };
                distil(&options, &task, None).unwrap()
            })
        };
        let alone = student(&Alone);
        assert!(alone.quality.psnr() > 5.0, "{:?}", alone.quality);
        assert!(on_ranks(2, student).iter().all(|s| s.payload == alone.payload));
    }

    #[test]
    fn a_rank_that_cannot_read_its_teachers_fails_all_of_them() {
        struct Failing<'a>(&'a dyn TeacherSource, bool);
        impl TeacherSource for Failing<'_> {
            fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
                assert!(!self.1, "a defect of rank 2");
                match block {
                    5 => Err(Error::Corruption("the disk is gone".into())),
                    _ => self.0.teacher(step, block),
                }
            }
        }
        let errors = on_ranks(3, |ranks| {
            with_task(ranks, 1500, |task| {
                let failing = Failing(task.teachers, false);
                let task = DistilTask { teachers: &failing, ..*task };
                distil(&KdInrOptions::default(), &task, None).unwrap_err().to_string()
            })
        });
        // Block 5 is of rank 2.
        assert!(errors.iter().all(|e| e == "rank 2: the disk is gone"), "{errors:?}");
        let panics = on_ranks(3, |ranks| {
            with_task(ranks, 1500, |task| {
                let failing = Failing(task.teachers, ranks.rank() == 2);
                let task = DistilTask { teachers: &failing, ..*task };
                distil(&KdInrOptions::default(), &task, None).unwrap_err().to_string()
            })
        });
        assert!(panics.iter().all(|e| e.contains("rank 2") && e.contains("panicked")), "{panics:?}");
    }
}
