//! What limbeck costs a simulation: the copy of its array, and its steps while a worker trains beside it.

mod affinity;
mod solver;

use std::hint::black_box;
use std::time::Instant;

use limbeck::LBK_FLOAT64;

use crate::abi::{Block, Run};
use crate::machine;
use crate::report::{Report, median};
use crate::{Error, Result};
use solver::Solver;

/// Cells along an edge of the block, ghosts not counted.
const EDGE: usize = 128;
/// Rounds of the copy that are not counted: buffers and caches get warm.
const WARM_UP: usize = 3;
/// Steps per measured stretch of the simulation, and seconds that one of them takes about.
const STRETCH: usize = 4;
const STEP_SECONDS: f64 = 0.4;

/// Measures both and prints as it goes.
pub fn run(rounds: usize, options: &[(&str, &str)], report: &mut Report) -> Result<()> {
    let cores = affinity::allowed();
    let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
    let worker = cores.last().copied().unwrap_or(0).to_string();
    let mut all = vec![("workers.threads", "1"), ("workers.cores", worker.as_str()), ("distil.when", "never")];
    all.extend(options);

    let mut solver = Solver::new(EDGE);
    let (count, strides) = ([EDGE; 3], solver.strides());
    let block = Block { count: &count, strides: Some(&strides), kind: LBK_FLOAT64, span: solver.span() };
    let mut run = Run::open(&folder.path().join("overhead.lbk"), &all, "density", &block)?;
    let mut cycle = 0;
    // Threads of the session exist by now and keep their cores; this one is the simulation.
    if let (Some(first), true) = (cores.first(), cores.len() > 1) {
        affinity::pin(*first)?;
        println!(
            "simulation on core {first}, worker on core {worker}, {EDGE}^3 float64 with {} ghosts",
            solver::GHOSTS
        );
    } else {
        println!("one core only: simulation and worker share it, and the step's slowdown means little");
    }
    copy(&mut run, &mut solver, &mut cycle, rounds, report)?;
    slowdown(&mut run, &mut solver, &mut cycle, rounds, report)?;

    let metrics = run.metrics()?;
    let bytes = |name: &str| metrics.get(name).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let (peak, budget) = (bytes("peak_bytes"), bytes("budget_bytes"));
    report.add("overhead.memory.peak", peak, "bytes");
    report.add("overhead.memory.budget", budget, "bytes");
    report.add("overhead.memory.peak_share", peak / budget, "");
    report.add("overhead.memory.process_peak", machine::peak_memory(), "bytes");
    println!("memory: peak {:.1} MiB of a budget of {:.1} MiB", peak / 1048576.0, budget / 1048576.0);
    run.close()
}

/// `lbk_put` and `lbk_step_end` against a row-wise copy into a warm buffer, in turn; the worker idle in both.
fn copy(run: &mut Run, solver: &mut Solver, cycle: &mut i64, rounds: usize, report: &mut Report) -> Result<()> {
    let mut buffer = vec![1.0f64; EDGE * EDGE * EDGE];
    let (mut copies, mut puts) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + 3 * rounds {
        // Each of the two comes first in every other round, and both find the field as a solver leaves it.
        for turn in 0..2 {
            solver.step();
            let seconds = if (round + turn) % 2 == 0 {
                let start = Instant::now();
                rows(solver, &mut buffer);
                let seconds = start.elapsed().as_secs_f64();
                copies.push(seconds);
                seconds
            } else {
                run.begin(*cycle)?;
                let start = Instant::now();
                run.put(solver.field())?;
                let seconds = start.elapsed().as_secs_f64();
                puts.push(seconds);
                run.wait(*cycle)?;
                *cycle += 1;
                seconds
            };
            black_box(seconds);
        }
    }
    let (copies, puts) = (&copies[WARM_UP..], &puts[WARM_UP..]);
    let ratio = median(&puts.iter().zip(copies).map(|(put, copy)| put / copy).collect::<Vec<_>>());
    let (put, copy) = (median(puts), median(copies));
    println!("put + step end {:.2} ms, row-wise copy {:.2} ms: {ratio:.2}", 1e3 * put, 1e3 * copy);
    report.add("overhead.put.vs_copy", ratio, "");
    report.add("overhead.put.seconds", put, "s");
    report.add("overhead.copy.seconds", copy, "s");
    Ok(())
}

/// Copies the block row by row.
fn rows(solver: &Solver, buffer: &mut [f64]) {
    let (field, first) = (solver.field(), solver.row(0, 0));
    for (i, to) in buffer.chunks_exact_mut(EDGE).enumerate() {
        let from = solver.row(i / EDGE, i % EDGE) - first;
        to.copy_from_slice(&field[from..from + EDGE]);
    }
    black_box(buffer);
}

/// Seconds per step with limbeck, its worker busy all the while, and without, in stretches by turns.
fn slowdown(run: &mut Run, solver: &mut Solver, cycle: &mut i64, rounds: usize, report: &mut Report) -> Result<()> {
    let start = Instant::now();
    (0..10).for_each(|_| solver.step());
    let inner = ((STEP_SECONDS * 10.0 / start.elapsed().as_secs_f64()).round() as usize).max(1);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                let start = Instant::now();
                for _ in 0..STRETCH {
                    (0..inner).for_each(|_| solver.step());
                }
                without.push(start.elapsed().as_secs_f64() / STRETCH as f64);
                continue;
            }
            // The worker has something to do from the start.
            hand_over(run, solver, cycle)?;
            let start = Instant::now();
            for _ in 0..STRETCH {
                (0..inner).for_each(|_| solver.step());
                hand_over(run, solver, cycle)?;
            }
            with.push(start.elapsed().as_secs_f64() / STRETCH as f64);
            run.wait(*cycle - 1)?;
        }
    }
    let percent = 100.0 * (median(&with.iter().zip(&without).map(|(a, b)| a / b).collect::<Vec<_>>()) - 1.0);
    let (with, without) = (median(&with), median(&without));
    println!("a step of {inner} sweeps: {without:.3} s alone, {with:.3} s with limbeck: {percent:+.2} %");
    report.add("overhead.step.slowdown_percent", percent, "%");
    report.add("overhead.step.seconds", without, "s");
    report.add("overhead.step.seconds_with", with, "s");
    Ok(())
}

fn hand_over(run: &mut Run, solver: &Solver, cycle: &mut i64) -> Result<()> {
    run.begin(*cycle)?;
    run.put(solver.field())?;
    *cycle += 1;
    Ok(())
}
