//! `limbeck-gpu-bench`: what a device does with limbeck's networks. `ci/bench gpu` builds and runs it, beside the same networks in
//! PyTorch where that is installed; see benches/README.md.
#![recursion_limit = "256"]

#[cfg(feature = "tensors")]
mod tensors;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use limbeck_codec::{BlockGeometry, ChainKey, KdInr, KdInrOptions, Method};
use limbeck_field::{ElementType, Extent, Values, Volume as Field};
use limbeck_network::device::{self, Activations, Adapter, Device, DeviceTrainer, Draw, State, Volume, Worker};
use limbeck_network::{Architecture, Network, Optimiser, Random};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(name = "limbeck-gpu-bench", version, about = "What a device does with limbeck's networks.")]
struct Arguments {
    /// Part of the device's name; the first GPU, or without one the first device, by default.
    #[arg(long)]
    device: Option<String>,
    /// Write the figures to this file as a list of {"name", "value", "unit"}.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Seconds that each shape is trained for.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Samples per step where speed is measured.
    #[arg(long, default_value_t = 32_768)]
    batch: usize,
    /// Edge of the block that is fitted and decoded.
    #[arg(long, default_value_t = 256)]
    edge: usize,
    /// Figures of other programs on the same device (lines of NAME VALUE), to be set beside these.
    #[arg(long, value_name = "FILE")]
    others: Option<PathBuf>,
}

/// Operations per weight and training sample: a multiply and an add each for the value, for the derivative by the layer's input
/// and for the derivative by the weight.
const TRAINING_OPERATIONS: f64 = 6.0;

/// Networks that are trained together where the device has the memory.
const TOGETHER: usize = 8;

fn or_dash(value: f64) -> String {
    if value.is_finite() { format!("{value:.3e}") } else { "-".into() }
}

#[derive(Default)]
struct Report(Vec<(String, f64, &'static str)>);

impl Report {
    fn add(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.0.push((name.into(), value, unit));
    }

    fn write(&self, path: &PathBuf) -> Result<()> {
        let row =
            |(name, value, unit): &(String, f64, &str)| serde_json::json!({"name": name, "value": value, "unit": unit});
        let rows: Vec<_> = self.0.iter().map(row).collect();
        std::fs::write(path, serde_json::to_string_pretty(&rows)? + "\n")?;
        Ok(())
    }
}

/// The paper's networks, and the SIREN that limbeck takes by default.
fn shapes() -> Vec<(String, Architecture)> {
    let paper = [(16, 6), (32, 8), (64, 8)].map(|(width, depth)| {
        let architecture = Architecture::KdInr { inputs: 3, width, depth, omega: 30.0, every_layer: true };
        (format!("m{width}_d{depth}"), architecture)
    });
    let siren = [32, 64, 112]
        .map(|width| (format!("siren{width}x4"), Architecture::Siren { inputs: 3, width, depth: 4, omega: 10.0 }));
    paper.into_iter().chain(siren).collect()
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("limbeck-gpu-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let adapters = Adapter::all();
    let wanted = arguments.device.as_deref().unwrap_or_default().to_lowercase();
    let adapter = adapters.iter().find(|a| a.name.to_lowercase().contains(&wanted));
    let adapter = adapter.ok_or_else(|| format!("no such device; there are {adapters:?}"))?;
    let device = Device::open(adapter, 8 << 30, Activations::Single)?;
    let half = Device::open(adapter, 8 << 30, Activations::Half);
    if let Err(error) = &half {
        println!("no half precision: {error}");
    }
    let mut report = Report::default();
    let peak = device::peak(&device)?;
    report.add("gpu.peak", peak / 1e9, "GFLOP/s");
    println!("{:?} ({:?}, {})", adapter.name, adapter.kind, adapter.interface);
    println!("multiply-add peak, single precision: {:.1} GFLOP/s", peak / 1e9);
    if !adapter.is_hardware() {
        println!("This device is a program: its figures say that the benchmark runs, and nothing about GPUs.");
    }
    let others = others(arguments)?;
    println!(
        "\n{:14} {:>8} {:>9} {:>13} {:>9} {:>7} {:>13} {:>13}",
        "training", "batch", "networks", "samples/s", "GFLOP/s", "share", "plain tensors", "eager PyTorch"
    );
    for (name, architecture) in shapes() {
        #[cfg(feature = "tensors")]
        let plain = tensors::training(&architecture, arguments.batch, arguments.seconds, adapter)?;
        #[cfg(not(feature = "tensors"))]
        let plain = f64::NAN;
        let eager = others.iter().find(|(n, _)| *n == format!("torch.{name}.samples")).map_or(f64::NAN, |o| o.1);
        // As many as the device holds at once.
        let most = |d: &Device| device::capacity(d, &architecture, Optimiser::Adam, arguments.batch).clamp(1, TOGETHER);
        let devices = std::iter::once(&device).chain(&half);
        for (device, networks) in devices.flat_map(|d| [(d, 1), (d, most(d))]) {
            let speed = training(device, architecture, networks, arguments)?;
            let operations = TRAINING_OPERATIONS * architecture.weights() as f64 * speed;
            let name = match device.activations {
                Activations::Single => name.clone(),
                Activations::Half => format!("{name}.half"),
            };
            println!(
                "{name:14} {:>8} {networks:>9} {speed:>13.3e} {:>9.1} {:>6.1}% {:>13} {:>13}",
                arguments.batch,
                operations / 1e9,
                100.0 * operations / peak,
                or_dash(plain),
                or_dash(eager)
            );
            report.add(format!("gpu.{name}.x{networks}.samples"), speed, "samples/s");
            report.add(format!("gpu.{name}.x{networks}.share"), 100.0 * operations / peak, "%");
        }
        if plain.is_finite() {
            report.add(format!("gpu.{name}.tensors.samples"), plain, "samples/s");
        }
    }
    for (name, value) in &others {
        println!("{name:40} {value:.4e}");
        report.add(name.clone(), *value, "");
    }
    println!("\n{:14} {:>12} {:>12} {:>9}", "decoding", "voxels", "voxels/s", "share");
    for (name, architecture) in shapes() {
        let (points, speed) = decoding(&device, architecture, arguments.edge)?;
        let share = 100.0 * 2.0 * architecture.weights() as f64 * speed / peak;
        println!("{name:14} {points:>12} {speed:>12.3e} {share:>8.1}%");
        report.add(format!("gpu.{name}.voxels"), speed, "voxels/s");
    }
    steps(adapter, arguments.edge, &mut report)?;
    if let Some(path) = &arguments.json {
        report.write(path)?;
    }
    Ok(())
}

fn others(arguments: &Arguments) -> Result<Vec<(String, f64)>> {
    let Some(path) = &arguments.others else { return Ok(Vec::new()) };
    let line = |line: &str| -> Option<(String, f64)> {
        let (name, value) = line.split_once(' ')?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    };
    Ok(std::fs::read_to_string(path)?.lines().filter_map(line).collect())
}

/// Samples per second of optimiser steps (Adam, as the paper has it), drawn from a resident block of 64^3, all networks together.
fn training(device: &Arc<Device>, architecture: Architecture, networks: usize, arguments: &Arguments) -> Result<f64> {
    let random = Random::new(&[1]);
    let axis: Vec<f32> = (0..64).map(|i| 2.0 * i as f32 / 63.0 - 1.0).collect();
    let values: Vec<f32> = (0..64 * 64 * 64).map(|i| (i as f32 * 1e-3).sin()).collect();
    let volume = Volume::new(device, &values, &[axis.clone(), axis.clone(), axis], &Draw::Uniform, &random)?;
    let start = State::new(Network::random(architecture, &random)?);
    let states = vec![start; networks];
    let mut trainer = DeviceTrainer::new(device, &states, Optimiser::Adam, arguments.batch, None)?;
    let volumes = vec![&volume; networks];
    // Compiles the kernels.
    trainer.step(&volumes, 1e-4, 0.0);
    trainer.losses()?;
    let begun = Instant::now();
    let mut steps = 0;
    while begun.elapsed().as_secs_f64() < arguments.seconds {
        let few = if begun.elapsed().as_secs_f64() > 0.1 * arguments.seconds { 8 } else { 1 };
        for _ in 0..few {
            trainer.step(&volumes, 1e-4, 0.0);
        }
        trainer.losses()?;
        steps += few;
    }
    Ok((steps * arguments.batch * networks) as f64 / begun.elapsed().as_secs_f64())
}

/// Points of a grid per second, values fetched.
fn decoding(device: &Device, architecture: Architecture, edge: usize) -> Result<(usize, f64)> {
    let network = Network::random(architecture, &Random::new(&[1]))?;
    let axis: Vec<f32> = (0..edge).map(|i| 2.0 * i as f32 / (edge - 1) as f32 - 1.0).collect();
    let mut values = vec![0.0; edge * edge * edge];
    let small = vec![axis[..2].to_vec(); 3];
    device::evaluate(device, &network, &small, &mut [0.0; 8])?;
    let begun = Instant::now();
    device::evaluate(device, &network, &[axis.clone(), axis.clone(), axis], &mut values)?;
    Ok((values.len(), values.len() as f64 / begun.elapsed().as_secs_f64()))
}

/// Steps of a block, as a run takes them: the first from nothing, the others from the one before.
fn steps(adapter: &Adapter, edge: usize, report: &mut Report) -> Result<()> {
    let worker = Arc::new(Worker::start(adapter, 8 << 30, || ())?);
    let pool = rayon::ThreadPoolBuilder::new().build()?;
    let method = KdInr::new(KdInrOptions::default()).on(vec![worker]);
    let geometry = BlockGeometry {
        shape: vec![edge; 3],
        extent: Extent { offset: vec![0; 3], count: vec![edge; 3] },
        element_type: ElementType::Float32,
        shared: Vec::new(),
    };
    let mut chain = method.chain(geometry, ChainKey { seed: 1, variable: 0, block: 0 });
    println!("\n{:14} {:>9} {:>9} {:>9}", "steps", "edge", "seconds", "dB");
    for step in 0..4 {
        let field = front(edge, step as f32 * 0.05);
        let begun = Instant::now();
        let encoded = chain.encode(step, &field, None, &pool)?;
        let (seconds, psnr) = (begun.elapsed().as_secs_f64(), encoded.quality.psnr());
        println!("{step:<14} {edge:>9} {seconds:>9.3} {psnr:>9.2}");
        report.add(format!("gpu.step.{step}.seconds"), seconds, "s");
        report.add(format!("gpu.step.{step}.psnr"), psnr, "dB");
    }
    Ok(())
}

/// A round front that spreads over waves of several lengths.
fn front(edge: usize, time: f32) -> Field {
    let n = edge as f32 - 1.0;
    let value = |i: usize| {
        let (z, y, x) = (i / (edge * edge), i / edge % edge, i % edge);
        let (z, y, x) = (z as f32 / n - 0.5, y as f32 / n - 0.5, x as f32 / n - 0.5);
        let r = (x * x + y * y + z * z).sqrt();
        let waves = (9.0 * x + 4.0 * time).sin() * (7.0 * y).cos() + 0.4 * (23.0 * z + 11.0 * x - time).sin();
        (30.0 * (0.2 + time - r)).tanh() + 0.3 * waves
    };
    Field { count: vec![edge; 3], values: Values::Float32((0..edge * edge * edge).map(value).collect()) }
}
