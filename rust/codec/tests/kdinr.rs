//! The method KD-INR on small analytic fields: round trips, chains, distillation, determinism, bad input.

use std::sync::Arc;
use std::time::Duration;

use limbeck_codec::ranks::Alone;
use limbeck_codec::{
    BlockDecoder, BlockGeometry, ChainKey, DistilTask, EncodedSegment, EncodedStep, KdInr, KdInrOptions, Mask, Method,
    Quality, Result, StepKind, TeacherSource,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool")
}

fn quick() -> KdInrOptions {
    let mut o = KdInrOptions::default();
    for (key, value) in [
        ("teacher.width", "16"),
        ("teacher.depth", "2"),
        ("teacher.samples", "120000"),
        ("teacher.batch", "512"),
        ("student.samples", "150000"),
        ("student.batch", "512"),
        ("student.depth", "2"),
    ] {
        o.set(key, value).expect("an option");
    }
    o
}

/// A travelling wave over the whole variable, cut out at the block.
fn wave(extent: &Extent, shape: &[usize], time: f64, element_type: ElementType) -> Volume {
    let rank = shape.len();
    let values: Vec<f64> = (0..extent.len())
        .map(|linear| {
            let (mut k, mut phase) = (linear, 0.7 * time);
            for a in (0..rank).rev() {
                let x = (extent.offset[a] + k % extent.count[a]) as f64 / shape[a] as f64;
                phase += (a + 1) as f64 * 2.5 * x;
                k /= extent.count[a];
            }
            3.0 + 2.0 * phase.sin()
        })
        .collect();
    let values = match element_type {
        ElementType::Float32 => Values::Float32(values.iter().map(|v| *v as f32).collect()),
        ElementType::Float64 => Values::Float64(values),
    };
    Volume { count: extent.count.clone(), values }
}

const KEY: ChainKey = ChainKey { seed: 7, variable: 0, block: 0 };

struct Run {
    geometry: BlockGeometry,
    steps: Vec<EncodedStep>,
    decoders: Vec<Arc<dyn BlockDecoder>>,
}

/// Encodes `times` of a wave in one block and opens every frame again.
fn run(shape: &[usize], element_type: ElementType, times: &[f64], options: KdInrOptions, threads: usize) -> Run {
    let geometry =
        BlockGeometry { shape: shape.to_vec(), extent: Extent::whole(shape), element_type, shared: Vec::new() };
    let method = KdInr::new(options);
    let (mut chain, threads) = (method.chain(geometry.clone(), KEY), pool(threads));
    let mut run = Run { geometry, steps: Vec::new(), decoders: Vec::new() };
    for (step, &time) in times.iter().enumerate() {
        let volume = wave(&run.geometry.extent, shape, time, element_type);
        let e = chain.encode(step as u64, &volume, None, &threads).expect("a teacher");
        let base = e.base_step.map(|b| run.decoders[b as usize].clone());
        let decoder = method.open_step(&run.geometry, e.kind, &e.payload, None, base.as_deref()).expect("opens");
        // The quality in the frame is that of the decoder that a reader gets.
        let mut decoded = vec![0.0; volume.values.len()];
        decoder.decode(&Region::of(&run.geometry.extent), &mut decoded).expect("decodes");
        let squared: f64 = decoded
            .iter()
            .enumerate()
            .map(|(i, d)| {
                let seen = if element_type == ElementType::Float32 { f64::from(*d as f32) } else { *d };
                (seen - volume.values.get(i)).powi(2)
            })
            .sum();
        assert!((squared - e.quality.squared_error).abs() <= 1e-9 * squared);
        run.decoders.push(decoder);
        run.steps.push(e);
    }
    run
}

struct Teachers<'a>(&'a [Arc<dyn BlockDecoder>]);

impl TeacherSource for Teachers<'_> {
    fn teacher(&self, step: usize, _block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
        Ok(self.0.get(step).cloned())
    }
}

fn distil(
    run: &Run,
    times: &[f64],
    options: KdInrOptions,
    budget_bytes: usize,
    time_limit: Option<Duration>,
) -> EncodedSegment {
    let total = run.steps.iter().fold(Quality::EMPTY, |sum, e| sum.merge(&e.quality));
    let range = if total.count > 0 { (total.min, total.max) } else { (-7.25, -7.25) };
    let task = DistilTask {
        extent: &Extent::whole(&run.geometry.shape),
        element_type: run.geometry.element_type,
        blocks: std::slice::from_ref(&run.geometry.extent),
        times,
        present: &(0..times.len()).collect::<Vec<_>>(),
        range,
        teachers: &Teachers(&run.decoders),
        ranks: &Alone,
        here: &|_, _| true,
        key: KEY,
        budget_bytes,
        time_limit,
        progress: &|_, _| {},
    };
    KdInr::new(options).distil(&task, &pool(2)).expect("a student")
}

#[test]
fn teachers_fit_fields_of_every_rank_and_type() {
    for (shape, element_type) in [
        (vec![400], ElementType::Float32),
        (vec![30, 40], ElementType::Float64),
        (vec![16, 20, 24], ElementType::Float32),
        (vec![1, 20, 24], ElementType::Float64),
    ] {
        let r = run(&shape, element_type, &[0.0, 0.1], quick(), 2);
        for e in &r.steps {
            assert_eq!(e.kind, StepKind::Network);
            assert!(e.quality.psnr() > 30.0, "{shape:?}: {:.1} dB", e.quality.psnr());
        }
    }
}

#[test]
fn later_teachers_are_differences_to_the_one_before_and_keys_recur() {
    let mut o = quick();
    o.set("teacher.key_interval", "3").expect("an option");
    let times: Vec<f64> = (0..7).map(|t| f64::from(t) * 0.02).collect();
    let r = run(&[12, 14, 16], ElementType::Float32, &times, o, 2);
    let bases: Vec<Option<u64>> = r.steps.iter().map(|e| e.base_step).collect();
    assert_eq!(bases, [None, Some(0), Some(1), None, Some(3), Some(4), None]);
    assert!(r.steps[1].payload.len() < r.steps[0].payload.len());
}

#[test]
fn bytes_depend_on_the_seed_and_not_on_the_threads() {
    let payloads = |seed: u64, threads: usize| -> Vec<u8> {
        let geometry = BlockGeometry {
            shape: vec![10, 12, 14],
            extent: Extent::whole(&[10, 12, 14]),
            element_type: ElementType::Float64,
            shared: Vec::new(),
        };
        let mut o = quick();
        o.set("teacher.samples", "20000").expect("an option");
        let mut chain = KdInr::new(o).chain(geometry.clone(), ChainKey { seed, ..KEY });
        let volume = wave(&geometry.extent, &geometry.shape, 0.0, ElementType::Float64);
        chain.encode(0, &volume, None, &pool(threads)).expect("a teacher").payload
    };
    assert_eq!(payloads(1, 1), payloads(1, 2));
    assert_eq!(payloads(1, 1), payloads(1, 5));
    assert_ne!(payloads(1, 1), payloads(2, 1));
}

#[test]
fn a_resumed_chain_starts_warm_from_the_last_decoder() {
    let shape = [12, 14, 16];
    let r = run(&shape, ElementType::Float32, &[0.0], quick(), 2);
    let method = KdInr::new(quick());
    let mut chain = method.chain(r.geometry.clone(), KEY);
    chain.resume(0, r.decoders[0].as_ref());
    let volume = wave(&r.geometry.extent, &shape, 0.02, ElementType::Float32);
    let e = chain.encode(1, &volume, None, &pool(2)).expect("a teacher");
    assert_eq!(e.base_step, None, "the first teacher after a restart is coded whole");
    assert!(e.samples < r.steps[0].samples, "a warm start spends fewer samples");
    assert!(e.quality.psnr() > 38.0);
}

#[test]
fn constants_tiny_blocks_tiny_ranges_and_masks() {
    let geometry = |shape: &[usize]| BlockGeometry {
        shape: shape.to_vec(),
        extent: Extent::whole(shape),
        element_type: ElementType::Float64,
        shared: Vec::new(),
    };
    let encode = |shape: &[usize], values: Vec<f64>| {
        let volume = Volume { count: shape.to_vec(), values: Values::Float64(values) };
        let mask = Mask::scan(&volume);
        let method = KdInr::new(quick());
        let mut chain = method.chain(geometry(shape), KEY);
        let e = chain.encode(0, &volume, mask.as_ref(), &pool(2)).expect("encodes");
        let decoder = method.open_step(&geometry(shape), e.kind, &e.payload, e.mask.as_deref(), None).expect("opens");
        let mut decoded = vec![0.0; volume.values.len()];
        decoder.decode(&Region::of(&Extent::whole(shape)), &mut decoded).expect("decodes");
        (e, decoded)
    };
    let (e, decoded) = encode(&[8, 8, 8], vec![2.5; 512]);
    assert_eq!((e.kind, e.payload.len()), (StepKind::Constant, 8));
    assert!(decoded.iter().all(|v| *v == 2.5));

    let (e, decoded) = encode(&[3, 2], vec![1.0, 2.0, f64::NAN, 4.0, 5.0, f64::INFINITY]);
    assert_eq!(e.kind, StepKind::Plain);
    assert!(decoded[2].is_nan() && decoded[5] == f64::INFINITY && decoded[4] == 5.0);
    // A student stands for the values one day; where they were none, only the mask says.
    let mask = Mask::decode(e.mask.as_deref().expect("a mask beside the values"), 6).expect("decodes");
    assert_eq!(mask.codes, [0, 0, 1, 0, 0, 2]);

    // 1 with noise in the last places, and denormals.
    for scale in [1e-15, 1e-310] {
        let base = if scale > 1e-100 { 1.0 } else { 0.0 };
        let (e, decoded) = encode(&[10, 10, 10], (0..1000).map(|i| base + scale * f64::from(i % 10)).collect());
        assert_eq!(e.kind, StepKind::Network);
        assert!(decoded.iter().all(|v| (v - base).abs() <= 10.0 * scale) && e.quality.psnr() > 20.0);
    }

    let mut values: Vec<f64> = (0..1000).map(|i| f64::from(i % 10)).collect();
    values[17] = f64::NAN;
    values[400] = f64::NEG_INFINITY;
    let (e, decoded) = encode(&[10, 10, 10], values);
    assert!(e.kind == StepKind::Network && e.quality.count == 998 && e.quality.psnr() > 20.0);
    assert!(decoded[17].is_nan() && decoded[400] == f64::NEG_INFINITY);
    assert_eq!(decoded.iter().filter(|v| v.is_finite()).count(), 998);
}

#[test]
fn teachers_have_no_opinion_on_masked_positions() {
    let (shape, offset) = ([20, 16], [4, 0]);
    let extent = Extent { offset: offset.to_vec(), count: vec![16, 16] };
    let geometry = BlockGeometry {
        shape: shape.to_vec(),
        extent: extent.clone(),
        element_type: ElementType::Float64,
        shared: Vec::new(),
    };
    let Volume { count, mut values } = wave(&extent, &shape, 0.0, ElementType::Float64);
    let Values::Float64(v) = &mut values else { unreachable!("a wave in double precision") };
    (v[3 * 16 + 5], v[4 * 16 + 5], v[15 * 16 + 11]) = (f64::NAN, f64::INFINITY, f64::NEG_INFINITY);
    let volume = Volume { count, values };
    // Kept by a network where the block is large enough, and plainly.
    let method = KdInr::new(quick());
    let mut chain = method.chain(geometry.clone(), KEY);
    let fitted = chain.encode(0, &volume, Mask::scan(&volume).as_ref(), &pool(2)).expect("encodes");
    for e in [fitted, EncodedStep::plain(&volume, &geometry)] {
        let decoder = method.open_step(&geometry, e.kind, &e.payload, e.mask.as_deref(), None).expect("opens");
        let points = [7.0, 5.0, 7.4, 4.6, 8.0, 5.0, 19.0, 11.0, 7.0, 6.0, 4.0, 0.0];
        let mut out = [0.0; 6];
        decoder.sample(&points, &mut out).expect("samples");
        assert!(out[0].is_nan() && out[1].is_nan(), "{:?}: {out:?}", e.kind);
        assert_eq!(out[2..4], [f64::INFINITY, f64::NEG_INFINITY], "{:?}", e.kind);
        assert!(out[4..].iter().all(|v| (1.0..=5.0).contains(v)), "{:?}: {out:?}", e.kind);
        assert!(decoder.sample(&points[1..], &mut out).is_err());
    }
}

#[test]
fn students_follow_their_teachers_within_the_budget() {
    for times in [vec![0.0, 0.1, 0.2, 0.3], vec![0.0, 0.01, 0.3, 2.0], vec![5.0; 4]] {
        let r = run(&[12, 14, 16], ElementType::Float32, &times, quick(), 2);
        let s = distil(&r, &times, quick(), 1500, None);
        assert!(s.payload.len() <= 1500, "{} bytes", s.payload.len());
        assert!(s.quality.psnr() > 30.0, "{times:?}: {:.1} dB against the teachers", s.quality.psnr());
        let student =
            KdInr::new(quick()).open_segment(&Extent::whole(&[12, 14, 16]), &times, &s.payload).expect("opens");
        let (mut whole, mut part, mut points) = (vec![0.0; 12 * 14 * 16], vec![0.0; 12], Vec::new());
        student.decode(2.0, &Region::of(&Extent::whole(&[12, 14, 16])), &mut whole).expect("decodes");
        let region = Region { start: vec![1, 2, 3], count: vec![2, 3, 2], every: vec![5, 4, 7] };
        student.decode(2.0, &region, &mut part).expect("decodes");
        for (i, value) in part.iter().enumerate() {
            let at = [1 + i / 6 * 5, 2 + i / 2 % 3 * 4, 3 + i % 2 * 7];
            assert_eq!(value.to_bits(), whole[(at[0] * 14 + at[1]) * 16 + at[2]].to_bits());
            points.extend([2.0, at[0] as f64, at[1] as f64, at[2] as f64]);
        }
        let mut sampled = vec![0.0; 12];
        student.sample(&points, &mut sampled).expect("samples");
        assert_eq!(sampled, part);
    }
}

#[test]
fn a_time_limit_ends_the_distillation_early_with_a_student() {
    let times = [0.0, 0.1];
    let r = run(&[12, 14, 16], ElementType::Float32, &times, quick(), 2);
    let mut o = quick();
    o.set("student.samples", "1e10").expect("an option");
    let s = distil(&r, &times, o, 1500, Some(Duration::from_millis(500)));
    assert!(s.samples < 10_000_000_000 && s.quality.psnr() > 15.0);
}

#[test]
fn damaged_payloads_are_errors_or_numbers_but_never_panics() {
    let r = run(&[8, 8, 8], ElementType::Float32, &[0.0], quick(), 1);
    let method = KdInr::new(quick());
    let payload = &r.steps[0].payload;
    let open = |bytes: &[u8]| {
        if let Ok(d) = method.open_step(&r.geometry, StepKind::Network, bytes, None, None) {
            let mut out = vec![0.0; 512];
            d.decode(&Region::of(&r.geometry.extent), &mut out).expect("decodes to something");
        }
        let _ = method.open_segment(&Extent::whole(&[8, 8]), &[0.0, 1.0], bytes);
    };
    for end in 0..payload.len().min(400) {
        open(&payload[..end]);
    }
    for bit in 0..(8 * payload.len()).min(1200) {
        let mut flipped = payload.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        open(&flipped);
    }
}

#[test]
fn the_paper_preset_runs_as_published() {
    let o = KdInrOptions::preset("paper").expect("a preset");
    let geometry = BlockGeometry {
        shape: vec![8, 8, 8],
        extent: Extent::whole(&[8, 8, 8]),
        element_type: ElementType::Float32,
        shared: Vec::new(),
    };
    let mut chain = KdInr::new(o).chain(geometry.clone(), KEY);
    let volume = wave(&geometry.extent, &[8, 8, 8], 0.0, ElementType::Float32);
    let e = chain.encode(0, &volume, None, &pool(2)).expect("a teacher");
    // m = 16, d = 6, three inputs: Table I; float32 parameters.
    let parameters = (3 * 16 + 16) + (2 * 256 + 32) + (8 * 256 + 64) + 6 * (9 * 256 + 16 + 16 + 64) + 65;
    assert_eq!(e.payload.len(), 26 + 4 * parameters);
}

#[test]
fn a_variable_that_never_changes_costs_a_few_bytes() {
    let geometry = BlockGeometry {
        shape: vec![9, 9],
        extent: Extent::whole(&[9, 9]),
        element_type: ElementType::Float64,
        shared: Vec::new(),
    };
    let method = KdInr::new(KdInrOptions::default());
    let mut chain = method.chain(geometry.clone(), KEY);
    let volume = Volume { count: vec![9, 9], values: Values::Float64(vec![-7.25; 81]) };
    let e = chain.encode(0, &volume, None, &pool(2)).expect("encodes");
    let decoder = method.open_step(&geometry, e.kind, &e.payload, None, None).expect("opens");
    let r = Run { geometry, steps: vec![], decoders: vec![decoder.clone(), decoder] };
    let s = distil(&r, &[0.0, 1.0], KdInrOptions::default(), 1000, None);
    assert!(s.payload.len() < 48 && s.quality.squared_error == 0.0, "{} bytes", s.payload.len());
}

#[test]
fn a_difference_refuses_another_base() {
    let r = run(&[10, 10, 10], ElementType::Float32, &[0.0, 0.02, 0.04], quick(), 2);
    let open = |base: Option<&dyn BlockDecoder>| {
        KdInr::new(quick()).open_step(&r.geometry, StepKind::Network, &r.steps[2].payload, None, base).map(|_| ())
    };
    assert!(open(Some(r.decoders[1].as_ref())).is_ok());
    assert!(open(Some(r.decoders[0].as_ref())).is_err());
    assert!(open(None).is_err());
}

#[test]
fn small_fields_do_well_with_what_is_chosen_for_them() {
    for shape in [vec![100], vec![24, 30], vec![8, 10, 12]] {
        let times = [0.0, 0.1, 0.2, 0.3];
        let r = run(&shape, ElementType::Float64, &times, KdInrOptions::default(), 2);
        for e in &r.steps {
            assert!(e.quality.psnr() > 40.0, "{shape:?}: a teacher has {:.1} dB", e.quality.psnr());
        }
        let s = distil(&r, &times, KdInrOptions::default(), 600, None);
        assert!(s.quality.psnr() > 32.0, "{shape:?}: the student has {:.1} dB", s.quality.psnr());
    }
}

/// Symmetric in the centre of the first axis and, periodic, in the first point of the second.
fn symmetric(t: usize) -> Volume {
    let (n, m) = (60, 64);
    let value = |i: usize| {
        let (y, x) = ((i / m) as f64, (i % m) as f64);
        let y = (y - (n - 1) as f64 / 2.0).abs() / 10.0;
        let x = x.min(m as f64 - x) / 10.0;
        (1.5 * x * x + 0.2 * t as f64).sin() * (1.5 * y * y).cos() + 0.3 * (x * y).sin()
    };
    Volume { count: vec![n, m], values: Values::Float32((0..n * m).map(|i| value(i) as f32).collect()) }
}

#[test]
fn mirrored_axes_are_learned_by_half_and_read_as_a_whole() {
    let volumes: Vec<Volume> = (0..3).map(symmetric).collect();
    let shape = volumes[0].count.clone();
    let extent = Extent::whole(&shape);
    let mut seen = Vec::new();
    for symmetry in ["true", "false"] {
        let mut o = KdInrOptions::default();
        for (key, value) in [
            ("symmetry", symmetry),
            ("teacher.width", "16"),
            ("teacher.depth", "2"),
            ("teacher.samples", "60000"),
            ("student.samples", "1000000"),
            ("student.batch", "128"),
            ("student.depth", "2"),
        ] {
            o.set(key, value).expect("an option");
        }
        let method = KdInr::new(o.clone());
        let geometry = BlockGeometry {
            shape: shape.clone(),
            extent: extent.clone(),
            element_type: ElementType::Float32,
            shared: Vec::new(),
        };
        let mut run = Run { geometry, steps: Vec::new(), decoders: Vec::new() };
        let mut chain = method.chain(run.geometry.clone(), KEY);
        for (step, volume) in volumes.iter().enumerate() {
            let e = chain.encode(step as u64, volume, None, &pool(2)).expect("a teacher");
            let base = e.base_step.map(|b| run.decoders[b as usize].clone());
            run.decoders
                .push(method.open_step(&run.geometry, e.kind, &e.payload, None, base.as_deref()).expect("opens"));
            run.steps.push(e);
        }
        let made = distil(&run, &[0.0, 1.0, 2.0], o, 900, None);
        assert_eq!(made.description.contains("2 axes folded"), symmetry == "true", "{}", made.description);
        let student = method.open_segment(&extent, &[0.0, 1.0, 2.0], &made.payload).expect("a student");
        let mut values = vec![0.0; extent.len()];
        student.decode(1.0, &Region::of(&extent), &mut values).expect("values");
        let squared: f64 = values.iter().enumerate().map(|(i, v)| (v - volumes[1].values.get(i)).powi(2)).sum();
        if symmetry == "true" {
            // Images are the same to the last bit, on the grid and beside it.
            assert!((0..60 * 64).all(|i| {
                let (y, x) = (i / 64, i % 64);
                values[i].to_bits() == values[(59 - y) * 64 + (64 - x) % 64].to_bits()
            }));
            let mut two = [0.0; 2];
            student.sample(&[0.5, 10.25, 7.5, 0.5, 59.0 - 10.25, 64.0 - 7.5], &mut two).expect("values");
            assert_eq!(two[0].to_bits(), two[1].to_bits());
        }
        let teacher: f64 = run.steps.iter().map(|s| s.quality.squared_error).sum();
        seen.push((teacher, squared));
    }
    // 3 dB at the very least.
    assert!(seen[0].0 < 0.5 * seen[1].0 && seen[0].1 < 0.5 * seen[1].1, "{seen:?}");
}
