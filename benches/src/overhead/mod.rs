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
/// Measured copies, and those before them that get buffers and caches warm.
const COPIES: usize = 25;
const WARM_UP: usize = 4;
/// Steps per measured stretch of the simulation, and seconds that one of them takes about.
const STRETCH: usize = 3;
const STEP_SECONDS: f64 = 0.4;
/// No further stretch begins after so many seconds, once there are three.
const ENOUGH: f64 = 120.0;

/// Measures both and prints as it goes.
pub fn run(rounds: usize, options: &[(&str, &str)], report: &mut Report) -> Result<()> {
    let cores = affinity::allowed();
    let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
    let worker = cores.last().copied().unwrap_or(0).to_string();
    let mut all = vec![("workers.threads", "1"), ("workers.cores", worker.as_str()), ("distil.when", "never")];
    all.extend(options);
    let mut solver = Solver::new(EDGE);
    let strides = solver.strides();
    let block = Block { count: &[EDGE; 3], strides: Some(&strides), kind: LBK_FLOAT64, span: solver.span() };

    // The smallest of teachers will do: nothing is measured while it is fitted.
    let quick = [("teacher.width", "4"), ("teacher.depth", "1"), ("teacher.samples", "1000")];
    let copying: Vec<(&str, &str)> = quick.iter().chain(&all).copied().collect();
    let mut to_copy = Run::open(&folder.path().join("copy.lbk"), &copying, "density", &block)?;
    let mut beside = Run::open(&folder.path().join("step.lbk"), &all, "density", &block)?;
    // The sessions' threads exist by now and keep their cores; this one is the simulation.
    if let (Some(first), true) = (cores.first(), cores.len() > 1) {
        affinity::pin(*first)?;
        println!(
            "simulation on core {first}, worker on core {worker}, {EDGE}^3 float64 with {} ghosts",
            solver::GHOSTS
        );
    } else {
        println!("one core only: simulation and worker share it, and the step's slowdown means little");
    }
    copy(&mut to_copy, &mut solver, report)?;
    to_copy.close()?;
    slowdown(&mut beside, &mut solver, rounds, report)?;

    let metrics = beside.metrics()?;
    let bytes = |name: &str| metrics.get(name).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let (peak, budget) = (bytes("peak_bytes"), bytes("budget_bytes"));
    report.add("overhead.memory.peak", peak, "bytes");
    report.add("overhead.memory.budget", budget, "bytes");
    report.add("overhead.memory.peak_share", peak / budget, "");
    report.add("overhead.memory.process_peak", machine::peak_memory(), "bytes");
    println!("memory: peak {:.1} MiB of a budget of {:.1} MiB", peak / 1048576.0, budget / 1048576.0);
    beside.close()
}

/// `lbk_put` and `lbk_step_end` against a row-wise copy into a warm buffer, in turn; the worker idle in both.
fn copy(run: &mut Run, solver: &mut Solver, report: &mut Report) -> Result<()> {
    let mut buffer = vec![1.0f64; EDGE * EDGE * EDGE];
    let (mut copies, mut puts) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + COPIES {
        // Each of the two comes first in every other round, and both find the field as a solver leaves it.
        for turn in 0..2 {
            solver.step();
            if (round + turn) % 2 == 0 {
                let start = Instant::now();
                rows(solver, &mut buffer);
                copies.push(start.elapsed().as_secs_f64());
            } else {
                run.begin(round as i64)?;
                let start = Instant::now();
                run.put(solver.field())?;
                puts.push(start.elapsed().as_secs_f64());
                run.wait(round as i64)?;
            }
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
fn slowdown(run: &mut Run, solver: &mut Solver, rounds: usize, report: &mut Report) -> Result<()> {
    let start = Instant::now();
    (0..10).for_each(|_| solver.step());
    let sweeps = ((STEP_SECONDS * 10.0 / start.elapsed().as_secs_f64()).round() as usize).max(1);
    let mut cycle = 0;
    let mut hand_over = |run: &mut Run, solver: &Solver| -> Result<i64> {
        cycle += 1;
        run.begin(cycle)?;
        run.put(solver.field())?;
        Ok(cycle)
    };
    // The first teacher starts from nothing and takes longest; all others follow it.
    let first = hand_over(run, solver)?;
    run.wait(first)?;
    let start = Instant::now();
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round >= 3 && start.elapsed().as_secs_f64() > ENOUGH {
            break;
        }
        for turn in 0..2 {
            if (round + turn) % 2 == 0 {
                let start = Instant::now();
                (0..STRETCH * sweeps).for_each(|_| solver.step());
                without.push(start.elapsed().as_secs_f64() / STRETCH as f64);
                continue;
            }
            // The worker has something to do from the start, and falls behind rather than idle.
            hand_over(run, solver)?;
            let start = Instant::now();
            let mut last = 0;
            for _ in 0..STRETCH {
                (0..sweeps).for_each(|_| solver.step());
                last = hand_over(run, solver)?;
            }
            with.push(start.elapsed().as_secs_f64() / STRETCH as f64);
            run.wait(last)?;
        }
    }
    let percent = 100.0 * (median(&with.iter().zip(&without).map(|(a, b)| a / b).collect::<Vec<_>>()) - 1.0);
    let (with, without) = (median(&with), median(&without));
    println!("a step of {sweeps} sweeps: {without:.3} s alone, {with:.3} s with limbeck: {percent:+.2} %");
    report.add("overhead.step.slowdown_percent", percent, "%");
    report.add("overhead.step.seconds", without, "s");
    report.add("overhead.step.seconds_with", with, "s");
    Ok(())
}
