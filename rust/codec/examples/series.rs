//! Teachers and student over a series, without session and files, for trying options out:
//! `cargo run --release -p limbeck-codec --example series -- FILE.npy RATIO [key=value ...]`
//! (float32, C order, axes [t, z, y, x]). `blocks=2,2,1` cuts the domain into so many blocks along its axes;
//! `teachers=data` lets the student learn from the data themselves, which no teacher can be better than;
//! `first=N steps=M` takes M steps from the Nth on, `seed=N` other random numbers.
use std::sync::{Arc, Mutex};
use std::time::Instant;

use limbeck_codec::ranks::Alone;
use limbeck_codec::{
    BlockDecoder, BlockGeometry, ChainKey, DistilTask, EncodedStep, KdInr, KdInrOptions, Method, Quality, Result,
    TeacherSource,
};
use limbeck_field::{ElementType, Extent, Region, Values, Volume};

/// By block and step.
struct Teachers(Vec<Vec<Arc<dyn BlockDecoder>>>);
impl TeacherSource for Teachers {
    fn teacher(&self, step: usize, block: usize) -> Result<Option<Arc<dyn BlockDecoder>>> {
        Ok(Some(self.0[block][step].clone()))
    }
}

/// The domain in so many blocks along its axes.
fn cut(space: &[usize], parts: &[usize]) -> Vec<Extent> {
    let mut blocks = vec![Extent { offset: Vec::new(), count: Vec::new() }];
    for (n, p) in space.iter().zip(parts) {
        let split = |b: &Extent, i: usize| {
            let (first, end) = (i * n / p, (i + 1) * n / p);
            let (mut offset, mut count) = (b.offset.clone(), b.count.clone());
            offset.push(first);
            count.push(end - first);
            Extent { offset, count }
        };
        blocks = blocks.iter().flat_map(|b| (0..*p).map(|i| split(b, i)).collect::<Vec<_>>()).collect();
    }
    blocks
}

/// Whether a grid point lies along the face of a block inside the domain.
fn on_seam(mut linear: usize, space: &[usize], blocks: &[Extent]) -> bool {
    let mut at = vec![0; space.len()];
    for (i, n) in at.iter_mut().zip(space).rev() {
        (*i, linear) = (linear % n, linear / n);
    }
    let Some(b) = blocks.iter().find(|b| b.contains(&at)) else { return false };
    (0..at.len()).any(|a| {
        let (first, last) = (b.offset[a], b.offset[a] + b.count[a] - 1);
        at[a] == first && first > 0 || at[a] == last && last + 1 < space[a]
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let bytes = std::fs::read(&arguments[0]).expect("a readable file");
    let head = 10 + u16::from_le_bytes([bytes[8], bytes[9]]) as usize;
    let text = String::from_utf8_lossy(&bytes[10..head]).to_string();
    let inside = text.split_once('(').expect("a shape").1.split_once(')').expect("a shape").0;
    let shape: Vec<usize> = inside.split(',').filter_map(|s| s.trim().parse().ok()).collect();
    let all: Vec<f32> = bytes[head..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let ratio: f64 = arguments[1].parse().expect("a ratio");
    let mut options = KdInrOptions::default();
    let (mut first, mut steps, mut seed) = (0, None, 1);
    let mut parts = vec![1; shape.len() - 1];
    let mut direct = false;
    for pair in &arguments[2..] {
        let (k, v) = pair.split_once('=').expect("key=value");
        match k {
            "preset" => options = KdInrOptions::preset(v).expect("a preset"),
            "blocks" => parts = v.split(',').map(|n| n.parse().expect("a number")).collect(),
            "teachers" => direct = v == "data",
            "first" => first = v.parse().expect("a number"),
            "steps" => steps = Some(v.parse().expect("a number")),
            "seed" => seed = v.parse().expect("a number"),
            _ => options.set(k, v).expect("an option"),
        }
    }
    let space = shape[1..].to_vec();
    let n: usize = space.iter().product();
    let steps: usize = steps.unwrap_or(shape[0] - first);
    let all = &all[first * n..];
    let blocks = cut(&space, &parts);
    let key = ChainKey { seed, variable: 0, block: 0 };
    let method = KdInr::new(options);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool");
    let mut teachers: Vec<Vec<Arc<dyn BlockDecoder>>> = Vec::new();
    let (mut total, begin, mut journal) = (Quality::EMPTY, Instant::now(), 0);
    let in_order = blocks.iter().enumerate().flat_map(|(b, extent)| (0..steps).map(move |step| (b, extent, step)));
    let mut chain = None;
    for (b, extent, step) in in_order {
        let geometry = BlockGeometry {
            shape: space.clone(),
            extent: extent.clone(),
            element_type: ElementType::Float32,
            shared: Vec::new(),
        };
        if step == 0 {
            chain = Some(method.chain(geometry.clone(), ChainKey { block: b as u32, ..key }));
            teachers.push(Vec::new());
        }
        let (Some(chain), Some(teachers)) = (&mut chain, teachers.last_mut()) else { unreachable!("begun above") };
        let start = Instant::now();
        let mut values = vec![0.0; extent.len()];
        Region::of(extent)
            .for_each_row(&Extent::whole(&space), |first, row| {
                let from = step * n + first;
                values[row.clone()].copy_from_slice(&all[from..from + row.len()]);
            })
            .expect("a block of the domain");
        let volume = Volume { count: extent.count.clone(), values: Values::Float32(values) };
        let e = match direct {
            true => EncodedStep::plain(&volume, &geometry),
            false => chain.encode(step as u64, &volume, None, &threads).expect("a teacher"),
        };
        let base = e.base_step.map(|b| teachers[b as usize].clone());
        teachers.push(method.open_step(&geometry, e.kind, &e.payload, None, base.as_deref()).expect("a block"));
        total = total.merge(&e.quality);
        journal += e.payload.len();
        println!(
            "block {b} step {step:3} {:6.2} dB {:6} bytes {:5.2} s {} samples",
            e.quality.psnr(),
            e.payload.len(),
            start.elapsed().as_secs_f64(),
            e.samples
        );
    }
    println!("teachers {:.2} dB over all, {journal} bytes, {:.1} s", total.psnr(), begin.elapsed().as_secs_f64());
    let times: Vec<f64> = (0..steps).map(|t| t as f64).collect();
    let (start, shown) = (Instant::now(), Mutex::new(0));
    let task = DistilTask {
        extent: &Extent::whole(&space),
        element_type: ElementType::Float32,
        blocks: &blocks,
        times: &times,
        present: &(0..times.len()).collect::<Vec<_>>(),
        range: (total.min, total.max),
        teachers: &Teachers(teachers),
        ranks: &Alone,
        here: &|_, _| true,
        key,
        budget_bytes: ((steps * n * 4) as f64 / ratio) as usize - 256,
        time_limit: None,
        progress: &|done, psnr| {
            let mut shown = shown.lock().expect("not poisoned");
            if (done * 10.0) as i32 > *shown {
                *shown = (done * 10.0) as i32;
                println!("  {:3.0} % {psnr:.2} dB {:.1} s", done * 100.0, start.elapsed().as_secs_f64());
            }
        },
    };
    let segment = method.distil(&task, &threads).expect("a student");
    let seconds = start.elapsed().as_secs_f64();
    let student = method.open_segment(&Extent::whole(&space), &times, &segment.payload).expect("a segment");
    let (mut all_quality, mut worst, mut decoded) = (Quality::EMPTY, f64::INFINITY, vec![0.0; n]);
    let range = Quality { min: total.min, max: total.max, ..Quality::EMPTY };
    let mut places = [Quality::EMPTY; 2];
    for step in 0..steps {
        student.decode(step as f64, &Region::of(&Extent::whole(&space)), &mut decoded).expect("decodes");
        let mut q = Quality::EMPTY;
        for (i, (a, b)) in all[step * n..][..n].iter().zip(&decoded).enumerate() {
            q.add(f64::from(*a), *b);
            if blocks.len() > 1 {
                places[usize::from(on_seam(i, &space, &blocks))].add(f64::from(*a), *b);
            }
        }
        worst = worst.min(q.merge(&range).psnr());
        all_quality = all_quality.merge(&q);
    }
    println!(
        "student {}: {} bytes, ratio {:.0}, against teachers {:.2} dB, against data {:.2} dB (worst step {worst:.2}), {} samples, {seconds:.1} s; all {:.1} s",
        segment.description,
        segment.payload.len(),
        (steps * n * 4) as f64 / (segment.payload.len() + 256) as f64,
        segment.quality.psnr(),
        all_quality.psnr(),
        segment.samples,
        begin.elapsed().as_secs_f64()
    );
    if blocks.len() > 1 {
        let [interior, seams] = places.map(|q| q.merge(&range).psnr());
        println!("along the faces of the blocks {seams:.2} dB, inside {interior:.2} dB");
    }
}
