//! Time of the strided copy against a row-wise memcpy of the same ghosted block:
//! `cargo run --release -p limbeck-field --example strided_bench`

use std::hint::black_box;
use std::time::Instant;

use limbeck_field::{CellEntropy, ElementType, Layout, Statistics, Values, Volume, copy_from_bytes, ssim};

const N: usize = 128;
const GHOSTS: usize = 2;
const ROUNDS: usize = 60;

/// Copies rows of the interior of a ghosted cube of doubles into a warm buffer, and looks at nothing.
fn row_wise(array: &[f64], into: &mut [f64]) {
    let pitch = N + 2 * GHOSTS;
    for z in 0..N {
        for y in 0..N {
            let row = ((z + GHOSTS) * pitch + y + GHOSTS) * pitch + GHOSTS;
            into[(z * N + y) * N..][..N].copy_from_slice(&array[row..row + N]);
        }
    }
}

/// Shortest and median time in milliseconds.
fn summary(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[0] * 1e3, times[times.len() / 2] * 1e3)
}

fn once(work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pitch = N + 2 * GHOSTS;
    // Two arrays by turns, so that neither copy finds its source in the cache because the other has just read it.
    let arrays: Vec<Vec<f64>> =
        (0..2).map(|k| (0..pitch * pitch * pitch).map(|i| (i as f64 * 0.001 + f64::from(k)).sin()).collect()).collect();
    let bytes: Vec<Vec<u8>> = arrays.iter().map(|a| a.iter().flat_map(|v| v.to_ne_bytes()).collect()).collect();
    let strides = [8 * pitch * pitch, 8 * pitch, 8].map(|s| s as isize);
    let ghosted = Layout::strided(ElementType::Float64, &[N; 3], &strides)?;
    let turned = Layout::strided(ElementType::Float64, &[N; 3], &[strides[2], strides[1], strides[0]])?;
    let contiguous = Layout::contiguous(ElementType::Float64, &[N; 3])?;
    let first = ((GHOSTS * pitch + GHOSTS) * pitch + GHOSTS) * 8;

    let mut target = vec![0.0; N * N * N];
    let mut volume = Volume { count: vec![], values: Values::Float64(vec![]) };
    println!("{N}^3 doubles, {GHOSTS} ghosts; shortest and median of {ROUNDS}, by turns with the memcpy, in ms");
    println!("{:<22} {:>17} {:>17} {:>17}", "", "row-wise memcpy", "checked copy", "ratio");
    for (name, layout, start) in
        [("ghosted", &ghosted, first), ("contiguous", &contiguous, 0), ("axes turned", &turned, first)]
    {
        // Each pair alone: with more than two by turns, whoever follows itself finds its target in the cache.
        let (mut memcpy, mut checked) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let (a, b) = (&arrays[round % 2], &bytes[(round + 1) % 2]);
            memcpy.push(once(&mut || row_wise(black_box(a), black_box(&mut target))));
            checked.push(once(&mut || {
                let found = copy_from_bytes(layout, black_box(b), start, &mut volume).expect("the block lies inside");
                assert!(found.is_clean());
            }));
        }
        let ((m, m2), (c, c2)) = (summary(memcpy), summary(checked));
        println!("{name:<22} {m:>8.2} {m2:>8.2} {c:>8.2} {c2:>8.2} {:>8.2} {:>8.2}", c / m, c2 / m2);
    }

    copy_from_bytes(&ghosted, &bytes[0], first, &mut volume)?;
    let Values::Float64(values) = &volume.values else { unreachable!("the layout has doubles") };
    let normalised: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let report = |name: &str, work: &mut dyn FnMut()| {
        println!("{name:<22} {:>8.2}", summary((0..5).map(|_| once(work)).collect()).0);
    };
    report("statistics", &mut || drop(black_box(Statistics::measure(black_box(&volume), None))));
    report("cell entropy", &mut || drop(black_box(CellEntropy::measure(&normalised, &[N; 3], CellEntropy::BINS))));
    report("ssim", &mut || drop(black_box(ssim(values, black_box(values), &[N; 3], None))));
    Ok(())
}
