//! One run over MPI: a field is handed over block by block, distilled by all ranks together, read back and compared.
//! Launched by `limbeck-bench scaling` under mpirun; rank 0 prints one line of JSON.

mod counted;
mod domain;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use limbeck_codec::Quality;
use limbeck_field::{Extent, Region};
use limbeck_mpi_ranks::Launched;
use limbeck_reader::Dataset;
use limbeck_session::{Communicator, Config, ElementType, Session, ValuesRef};

use counted::{Counted, Counts};
use domain::{cut, on_seam, value};

#[derive(Parser)]
struct Arguments {
    /// Archive to write, in a directory that all ranks see.
    output: PathBuf,
    /// Grid points along z, y, x.
    #[arg(long, value_delimiter = ',')]
    shape: Vec<usize>,
    /// Blocks along z, y, x; dealt to the ranks in order.
    #[arg(long, value_delimiter = ',')]
    blocks: Vec<usize>,
    /// Blocks whose faces are looked at apart, along z, y, x; by default those above.
    #[arg(long, value_delimiter = ',')]
    faces: Option<Vec<usize>>,
    #[arg(long)]
    steps: usize,
    /// key=value
    #[arg(short = 's', long = "set")]
    set: Vec<String>,
}

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("limbeck-scaling-case: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let launched = Launched::initialise()?;
    let world = launched.ranks();
    let counted = Arc::new(Counted::new(world.clone()));
    let (rank, size) = (world.rank(), world.size());
    let mut config = Config::new();
    for pair in &arguments.set {
        let (key, value) = pair.split_once('=').ok_or("an option is key=value")?;
        config.set(key, value)?;
    }
    let blocks = cut(&arguments.shape, &arguments.blocks);
    // In order, so that a block has the same number however many ranks there are.
    let own = &blocks[rank * blocks.len() / size..(rank + 1) * blocks.len() / size];

    let mut session = Session::open(&arguments.output, &config, Communicator::Ranks(counted.clone()))?;
    let v = session.define_variable("f", ElementType::Float32, &arguments.shape)?;
    let ids = own.iter().map(|b| session.add_block(v, &b.offset, &b.count, None)).collect::<Result<Vec<_>, _>>()?;
    session.commit()?;
    let (before, cpu) = (counted.counts(), cpu_seconds());
    for step in 0..arguments.steps {
        session.step_begin(step as i64, step as f64)?;
        for (extent, id) in own.iter().zip(&ids) {
            let values = domain::block(extent, &arguments.shape, step, arguments.steps);
            session.put_slice(*id, ValuesRef::Float32(&values))?;
        }
        session.step_end()?;
    }
    session.wait(arguments.steps as i64 - 1, Duration::from_secs(3600))?;
    let run_phase = counted.counts().since(&before);
    let cpu = cpu_seconds() - cpu;
    let (mut cpu_most, mut cpu_sum) = ([cpu], [cpu]);
    world.max_f64(&mut cpu_most)?;
    world.sum_f64(&mut cpu_sum)?;
    // What a rank waits for the others' teachers is not the distillation's.
    world.max_f64(&mut [0.0])?;
    let (before, begin) = (counted.counts(), Instant::now());
    let report = session.close()?;
    let (seconds, distil) = (begin.elapsed().as_secs_f64(), counted.counts().since(&before));

    let shares = [distil.transfer / seconds, distil.waiting / seconds];
    let mut most = [shares[0], shares[1], run_phase.bytes as f64, run_phase.calls as f64, seconds];
    world.max_f64(&mut most)?;
    if rank == 0 {
        let faces = arguments.faces.as_ref().map_or(blocks, |parts| cut(&arguments.shape, parts));
        let compared = compare(arguments, &faces)?;
        let mut line = line(&report, &compared, &most, &distil);
        line["run_cpu_most"] = cpu_most[0].into();
        line["run_cpu_sum"] = cpu_sum[0].into();
        println!("{line}");
    }
    Ok(())
}

/// Processor time of this process so far: what a rank works, however many share a core.
fn cpu_seconds() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + 1e-9 * t.tv_nsec as f64
}

/// Against what was handed in, along the faces of the blocks inside the domain and elsewhere.
struct Compared {
    all: Quality,
    seams: Quality,
    interior: Quality,
}

fn compare(arguments: &Arguments, blocks: &[Extent]) -> Result<Compared, Failure> {
    let data = Dataset::open(&arguments.output)?;
    let whole = Extent::whole(&arguments.shape);
    let region = Region::of(&whole);
    let [mut seams, mut interior] = [Quality::EMPTY; 2];
    for step in 0..arguments.steps {
        let read = data.read::<f32>("f", step as u64, &region)?;
        for (i, seen) in read.iter().enumerate() {
            let at = domain::place(i, &arguments.shape);
            let expected = value(&at, &arguments.shape, step, arguments.steps);
            let part = if on_seam(&at, &arguments.shape, blocks) { &mut seams } else { &mut interior };
            part.add(f64::from(expected), f64::from(*seen));
        }
    }
    Ok(Compared { all: seams.merge(&interior), seams, interior })
}

fn line(
    report: &limbeck_session::CloseReport,
    compared: &Compared,
    [transfer, waiting, run_bytes, run_calls, seconds]: &[f64; 5],
    distil: &Counts,
) -> serde_json::Value {
    // The range is that of the whole field for every part of it.
    let range = Quality { min: compared.all.min, max: compared.all.max, ..Quality::EMPTY };
    let psnr = |q: &Quality| q.merge(&range).psnr();
    serde_json::json!({
        "psnr": psnr(&compared.all),
        "psnr_seams": psnr(&compared.seams),
        "psnr_interior": psnr(&compared.interior),
        "ratio": report.ratio(),
        "student": report.variables.first().map(|v| v.description.clone()),
        "run_bytes": run_bytes,
        "run_calls": run_calls,
        "distil_seconds": seconds,
        "transfer_share": transfer,
        "waiting_share": waiting,
        "gradients": distil.gradients,
        "gradient_bytes": distil.gradient_bytes as f64 / distil.gradients.max(1) as f64,
        "other_bytes": distil.bytes - distil.gradient_bytes,
    })
}
