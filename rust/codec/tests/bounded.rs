//! Steps within a bound: whatever the values, none is off by more, and what is written can be read.

use std::sync::Arc;

use limbeck_codec::{
    BlockDecoder, BlockGeometry, Bound, Bounded, ChainKey, Correction, EncodedStep, Goal, KdInr, KdInrOptions, Mask,
    Method, PlainBlock, Result, StepKind, correct, method_by_number, plain, without_refinement,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};
use proptest::prelude::*;

fn pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a thread pool")
}

fn geometry(shape: &[usize], element_type: ElementType) -> BlockGeometry {
    BlockGeometry { shape: shape.to_vec(), extent: Extent::whole(shape), element_type, shared: Vec::new() }
}

fn method(goal: Goal, key_interval: u64) -> Bounded {
    let mut o = KdInrOptions::default();
    for (key, value) in [("teacher.width", "8"), ("teacher.depth", "2"), ("teacher.samples", "60000")] {
        o.set(key, value).expect("an option");
    }
    Bounded::new(Arc::new(KdInr::new(o)), goal, key_interval)
}

fn values_of(geometry: &BlockGeometry, decoder: &dyn BlockDecoder) -> Vec<f64> {
    let mut out = vec![0.0; geometry.extent.len()];
    decoder.decode(&Region::of(&geometry.extent), &mut out).expect("values");
    out
}

struct Run {
    geometry: BlockGeometry,
    steps: Vec<EncodedStep>,
    /// As a journal's reader sees them.
    journal: Vec<Arc<dyn BlockDecoder>>,
    /// As an archive's reader does: without refinements, each on what the archive has.
    archive: Vec<Arc<dyn BlockDecoder>>,
}

fn run(volumes: &[Volume], method: &dyn Method) -> Run {
    let geometry = geometry(&volumes[0].count, volumes[0].values.element_type());
    let mut chain = method.chain(geometry.clone(), ChainKey { seed: 1, variable: 0, block: 0 });
    let reader = method_by_number(method.number()).expect("a method");
    let mut run = Run { geometry, steps: Vec::new(), journal: Vec::new(), archive: Vec::new() };
    for (t, volume) in volumes.iter().enumerate() {
        let mask = Mask::scan(volume);
        let e = chain.encode(t as u64, volume, mask.as_ref(), &pool()).expect("an encoded step");
        let open = |payload: &[u8], before: &[Arc<dyn BlockDecoder>]| {
            let base = e.base_step.map(|b| before[b as usize].as_ref());
            reader.open_step(&run.geometry, e.kind, payload, None, base).expect("a decoder")
        };
        let kept = match e.kind {
            StepKind::Bounded => without_refinement(&e.payload).expect("a payload"),
            _ => e.payload.clone(),
        };
        let (journal, archive) = (open(&e.payload, &run.journal), open(&kept, &run.archive));
        run.steps.push(e);
        run.journal.push(journal);
        run.archive.push(archive);
    }
    run
}

fn farthest(volume: &Volume, decoded: &[f64]) -> f64 {
    let pairs = decoded.iter().enumerate().map(|(i, d)| (volume.values.get(i), *d)).filter(|(v, _)| v.is_finite());
    pairs.map(|(v, d)| (v - d).abs()).fold(0.0, f64::max)
}

fn hard_value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1.0..1.0,
        1 => Just(0.0),
        1 => prop_oneof![Just(1e30), Just(-1e30), -1e38..1e38, -1e-40..1e-40, Just(f64::NAN), Just(f64::INFINITY)],
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_value_of_every_step_is_within_the_bound(
        (shape, steps) in prop::collection::vec(1usize..8, 1..=3).prop_flat_map(|s| {
            let n = s.iter().product::<usize>();
            (Just(s), prop::collection::vec(prop::collection::vec(hard_value(), n), 1..5))
        }),
        bound in prop_oneof![1e-38..1e-30, 1e-6..1.0, 1e28..1e31],
        single: bool,
    ) {
        let volume = |numbers: &Vec<f64>| Volume {
            count: shape.clone(),
            values: match single {
                true => Values::Float32(numbers.iter().map(|v| *v as f32).collect()),
                false => Values::Float64(numbers.clone()),
            },
        };
        let volumes: Vec<Volume> = steps.iter().map(volume).collect();
        // A network would fit nothing here and take the time of all else.
        let made = run(&volumes, &Bounded::new(Arc::new(KdInr::new(tiny())), Goal::MaxError(Bound::Absolute(bound)), 3));
        for (t, volume) in volumes.iter().enumerate() {
            for decoder in [&made.journal[t], &made.archive[t]] {
                prop_assert!(farthest(volume, &values_of(&made.geometry, decoder.as_ref())) <= bound);
            }
            prop_assert!(made.steps[t].quality.max_error <= bound);
        }
    }
}

fn tiny() -> KdInrOptions {
    let mut o = KdInrOptions::default();
    for (key, value) in
        [("teacher.width", "4"), ("teacher.depth", "1"), ("teacher.samples", "64"), ("teacher.batch", "16")]
    {
        o.set(key, value).expect("an option");
    }
    o
}

/// A front that moves slowly: the step before says much.
fn front(t: usize, element_type: ElementType) -> Volume {
    let count = vec![16, 20, 24];
    let value = |i: usize| {
        let (z, y, x) = (i / 480, i / 24 % 20, i % 24);
        5.0 + ((x as f64 - 8.0 - 0.2 * t as f64) * 0.7 + 0.1 * y as f64).tanh() + 0.02 * (z as f64 * 1.3).sin()
    };
    let numbers: Vec<f64> = (0..16 * 20 * 24).map(value).collect();
    let values = match element_type {
        ElementType::Float32 => Values::Float32(numbers.iter().map(|v| *v as f32).collect()),
        ElementType::Float64 => Values::Float64(numbers),
    };
    Volume { count, values }
}

#[test]
fn slow_steps_are_differences_and_keys_come_in_their_interval() {
    let volumes: Vec<Volume> = (0..9).map(|t| front(t, ElementType::Float64)).collect();
    let made = run(&volumes, &method(Goal::MaxError(Bound::Absolute(1e-4)), 4));
    let bases: Vec<Option<u64>> = made.steps.iter().map(|s| s.base_step).collect();
    assert_eq!(bases, [None, Some(0), Some(1), Some(2), None, Some(4), Some(5), Some(6), None]);
    let sizes: Vec<usize> = made.steps.iter().map(|s| s.payload.len()).collect();
    assert!(sizes[1] < sizes[0] && sizes[5] < sizes[4], "{sizes:?}");
    for (volume, decoder) in volumes.iter().zip(&made.archive) {
        assert!(farthest(volume, &values_of(&made.geometry, decoder.as_ref())) <= 1e-4);
    }
}

#[test]
fn relative_bounds_follow_the_range() {
    let scaled = |t: usize, scale: f64| {
        let Values::Float64(v) = front(t, ElementType::Float64).values else { unreachable!() };
        Volume { count: vec![16, 20, 24], values: Values::Float64(v.iter().map(|v| v * scale).collect()) }
    };
    let volumes = [scaled(0, 1.0), scaled(1, 1e6), scaled(2, 1e-20)];
    let made = run(&volumes, &method(Goal::MaxError(Bound::Relative(0.01)), 16));
    for ((volume, decoder), step) in volumes.iter().zip(&made.archive).zip(&made.steps) {
        let range = step.quality.max - step.quality.min;
        let error = farthest(volume, &values_of(&made.geometry, decoder.as_ref()));
        assert!(error <= 0.01 * range && error > 0.001 * range, "{error} of {range}");
    }
}

#[test]
fn constants_and_masks_keep_their_places_in_the_chain() {
    let mut holes = front(1, ElementType::Float32);
    let Values::Float32(v) = &mut holes.values else { unreachable!() };
    v.iter_mut().step_by(5).for_each(|v| *v = f32::NAN);
    let flat = Volume { count: vec![16, 20, 24], values: Values::Float32(vec![2.5; 7680]) };
    let volumes = [front(0, ElementType::Float32), holes, flat, front(3, ElementType::Float32)];
    let made = run(&volumes, &method(Goal::MaxError(Bound::Absolute(1e-3)), 16));
    assert_eq!(made.steps[2].kind, StepKind::Constant);
    assert!(made.steps[1].mask.is_some() && made.steps[1].quality.count == 7680 - 1536);
    for (volume, decoder) in volumes.iter().zip(&made.archive) {
        assert!(farthest(volume, &values_of(&made.geometry, decoder.as_ref())) <= 1e-3);
    }
}

/// Many waves: nothing that a coarse lattice tells, but little for a network of one hidden layer of sines.
#[test]
fn a_network_is_the_base_where_it_pays() {
    let wave = |t: usize| Volume {
        count: vec![96, 96],
        values: Values::Float32(
            (0..96 * 96).map(|i| ((i / 96) as f32 * 1.1 + (i % 96) as f32 * 0.9 + 0.8 * t as f32).sin()).collect(),
        ),
    };
    let volumes: Vec<Volume> = (0..3).map(wave).collect();
    let mut o = KdInrOptions::default();
    for (key, value) in [
        ("teacher.width", "8"),
        ("teacher.depth", "1"),
        ("teacher.samples", "400000"),
        ("teacher.batch", "256"),
        ("teacher.omega", "60"),
    ] {
        o.set(key, value).expect("an option");
    }
    let networks = run(&volumes, &Bounded::new(Arc::new(KdInr::new(o)), Goal::MaxError(Bound::Absolute(0.15)), 16));
    // Streams alone, as a network that fits nothing leaves them.
    let streams = run(&volumes, &Bounded::new(Arc::new(KdInr::new(tiny())), Goal::MaxError(Bound::Absolute(0.15)), 16));
    let bytes =
        |run: &Run| run.steps.iter().map(|s| without_refinement(&s.payload).expect("a payload").len()).sum::<usize>();
    assert!(bytes(&networks) < bytes(&streams), "{} {}", bytes(&networks), bytes(&streams));
    assert!(networks.steps[0].samples > 0 && networks.steps[2].base_step == Some(1));
    for (volume, decoder) in volumes.iter().zip(&networks.archive) {
        assert!(farthest(volume, &values_of(&networks.geometry, decoder.as_ref())) <= 0.15);
    }
}

#[test]
fn a_psnr_is_met_and_not_by_much() {
    for element_type in [ElementType::Float32, ElementType::Float64] {
        for psnr in [30.0, 55.0, 90.0] {
            let volumes: Vec<Volume> = (0..4).map(|t| front(t, element_type)).collect();
            let made = run(&volumes, &method(Goal::Psnr(psnr), 16));
            let reached: Vec<f64> = made.steps.iter().map(|s| s.quality.psnr()).collect();
            assert!(reached.iter().all(|p| *p >= psnr && *p < psnr + 3.0), "{reached:?} for {psnr}");
        }
    }
}

/// Something that a student might say: the truth, a little or far off.
fn student(volume: &Volume, off: f64) -> Arc<dyn BlockDecoder> {
    let numbers =
        (0..volume.values.len()).map(|i| (volume.values.get(i) + off * (i as f64 * 0.1).sin()) as f32).collect();
    let volume = Volume { count: volume.count.clone(), values: Values::Float32(numbers) };
    let geometry = geometry(&volume.count, ElementType::Float32);
    Arc::new(PlainBlock::decode(&geometry, &plain::encode(&volume)).expect("a block"))
}

#[test]
fn a_student_is_corrected_to_the_bound_of_what_was_handed_in() -> Result<()> {
    let volumes: Vec<Volume> = (0..3).map(|t| front(t, ElementType::Float32)).collect();
    let bound = 0.02;
    let made = run(&volumes, &method(Goal::MaxError(Bound::Absolute(bound)), 16));
    let reader = method_by_number(1)?;
    for (t, volume) in volumes.iter().enumerate() {
        for off in [0.01, 0.05, 10.0] {
            let student = student(volume, off);
            let Some(Correction { payload, quality }) =
                correct(&made.geometry, made.journal[t].as_ref(), student.as_ref(), None)?
            else {
                panic!("the step has a refinement")
            };
            assert_eq!(payload.is_none(), off < bound * 7.0 / 8.0, "{off}");
            let decoder = match payload {
                Some(p) => reader.open_step(&made.geometry, StepKind::Correction, &p, None, Some(student.as_ref()))?,
                None => student,
            };
            let error = farthest(volume, &values_of(&made.geometry, decoder.as_ref()));
            assert!(error <= bound && quality.max_error <= bound, "{error} {quality:?}");
            assert!(error <= quality.max_error);
        }
        // Without its refinement nothing is known closely enough.
        let student = student(volume, 0.01);
        assert!(correct(&made.geometry, made.archive[t].as_ref(), student.as_ref(), None)?.is_none());
    }
    Ok(())
}

#[test]
fn damage_is_an_error_or_other_values_and_never_more() {
    let volumes: Vec<Volume> = (0..2).map(|t| front(t, ElementType::Float32)).collect();
    let made = run(&volumes, &method(Goal::MaxError(Bound::Absolute(1e-3)), 16));
    let reader = method_by_number(1).expect("a method");
    let payload = &made.steps[1].payload;
    let open = |bytes: &[u8], base| reader.open_step(&made.geometry, StepKind::Bounded, bytes, None, base);
    assert!(open(payload, None).is_err());
    let base = Some(made.journal[0].as_ref());
    for end in (0..payload.len()).step_by(7).chain(0..40) {
        let _ = open(&payload[..end.min(payload.len())], base);
    }
    assert!(open(&payload[..10], base).is_err() && open(&[], base).is_err());
    for at in 0..30 {
        let mut damaged = payload.clone();
        damaged[at] ^= 0x55;
        let _ = open(&damaged, base);
    }
}
