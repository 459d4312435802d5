//! Reading: a whole step, points anywhere, a part of a step, opening, each through the reader as users call it; against the same
//! network in burn tensors.

use std::path::Path;
use std::time::Instant;

use limbeck_field::Region;
use limbeck_network::reference::tensors::TensorNetwork;
use limbeck_network::{Architecture, Network, Random};
use limbeck_reader::{Dataset, Space};

use crate::npy::Series;
use crate::report::{Report, median};
use crate::roundtrip::{VARIABLE, bytes_on_disk, compress};
use crate::{Error, Result};

/// Edge of the volume, and of the part of it.
const EDGE: usize = 128;
const PART: usize = 32;
const POINTS: usize = 1_000_000;
/// Steps of the archive that is opened.
const MANY: usize = 1_000;
/// Students: width and hidden layers. The last is what 8 steps of 128^3 at a ratio of 1,500 get.
const STUDENTS: [(usize, usize); 3] = [(32, 4), (64, 4), (112, 4)];
/// Points that burn is given at a time: the best of these is taken.
const BATCHES: [usize; 4] = [1024, 4096, 16384, 65536];

/// Measures everything and prints a line per student as it comes.
pub fn run(rounds: usize, report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir().map_err(|e| Error::Setup(format!("no temporary directory: {e}")))?;
    println!("medians of {rounds} rounds in turn; all cores; seconds");
    println!(
        "{:10} {:>10} {:>10} {:>7} {:>10} {:>10} {:>7} {:>10} {:>9}",
        "student", "step", "flex", "ratio", "points", "flex", "ratio", "32^3", "of whole"
    );
    for (width, depth) in STUDENTS {
        let archive = folder.path().join(format!("siren{width}x{depth}.lbk"));
        // Hardly trained: that takes nothing from the work of reading it.
        let series = waves(vec![2, EDGE, EDGE, EDGE]);
        let (width_text, depth_text) = (width.to_string(), depth.to_string());
        let options = [
            ("student.width", width_text.as_str()),
            ("student.depth", &depth_text),
            ("student.samples", "100000"),
            ("teacher.width", "8"),
            ("teacher.samples", "100000"),
            ("student.race", "false"),
            ("symmetry", "false"),
        ];
        compress(&series, &archive, ("target.ratio", "100"), &options)?;
        let reading = Reading::new(&archive)?;
        let flex = Flex::new(width, depth)?;
        reading.compare(&format!("siren{width}x{depth}"), &flex, rounds, report)?;
    }
    for (name, target) in [("student", ("target.ratio", "20")), ("bounded", ("target.max_relative_error", "0.001"))] {
        let archive = folder.path().join(format!("{name}.lbk"));
        compress(&waves(vec![MANY, 6, 6, 6]), &archive, target, &[("effort", "0.02")])?;
        let opened = || {
            let start = Instant::now();
            Dataset::open(&archive).map(|data| (start.elapsed().as_secs_f64(), data.steps().len()))
        };
        let mut seconds = Vec::new();
        for _ in 0..rounds.max(5) {
            let (spent, steps) = opened()?;
            assert_eq!(steps, MANY, "all steps are in the archive");
            seconds.push(spent);
        }
        let bytes = bytes_on_disk(&archive)? as f64;
        println!("opening {MANY} steps ({name}, {bytes} bytes): {:.2} ms", 1e3 * median(&seconds));
        report.add(format!("decode.open.{name}.milliseconds"), 1e3 * median(&seconds), "ms");
        report.add(format!("decode.open.{name}.bytes"), bytes, "bytes");
    }
    Ok(())
}

/// A smooth series of this shape, time first.
fn waves(shape: Vec<usize>) -> Series {
    let value = |mut i: usize| {
        let mut phase = 0.0f32;
        for (a, n) in shape.iter().enumerate().rev() {
            phase += (a as f32 + 1.0) * (i % n) as f32 / *n as f32;
            i /= n;
        }
        (3.0 * phase).sin()
    };
    let values = (0..shape.iter().product()).map(value).collect();
    Series { shape, values }
}

/// An archive, and what is asked of it.
struct Reading {
    data: Dataset,
    points: Vec<f64>,
}

impl Reading {
    fn new(archive: &Path) -> Result<Reading> {
        let random = Random::new(&[7]);
        let point = |i: usize| (random.uniform(i as u64)) * if i.is_multiple_of(4) { 1.0 } else { (EDGE - 1) as f64 };
        Ok(Reading { data: Dataset::open(archive)?, points: (0..4 * POINTS).map(point).collect() })
    }

    /// Seconds of reading a cube of the middle of step 1.
    fn cube(&self, edge: usize) -> Result<f64> {
        let region = Region { start: vec![(EDGE - edge) / 2; 3], count: vec![edge; 3], every: vec![1; 3] };
        let start = Instant::now();
        std::hint::black_box(self.data.read::<f32>(VARIABLE, 1, &region)?);
        Ok(start.elapsed().as_secs_f64())
    }

    /// Seconds of a million points.
    fn sample(&self) -> Result<f64> {
        let start = Instant::now();
        std::hint::black_box(self.data.sample(VARIABLE, &self.points, Space::Index)?);
        Ok(start.elapsed().as_secs_f64())
    }

    fn compare(&self, name: &str, flex: &Flex, rounds: usize, report: &mut Report) -> Result<()> {
        let voxels = EDGE * EDGE * EDGE;
        let mut columns: [Vec<f64>; 5] = Default::default();
        self.cube(EDGE)?;
        for _ in 0..rounds {
            let part = (0..8).map(|_| self.cube(PART)).collect::<Result<Vec<_>>>()?;
            let row = [self.cube(EDGE)?, flex.seconds(voxels), self.sample()?, flex.seconds(POINTS), median(&part)];
            columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
        }
        // What drifts with the machine cancels within a round.
        let ratio =
            |a: usize, b: usize| median(&columns[a].iter().zip(&columns[b]).map(|(a, b)| a / b).collect::<Vec<_>>());
        let [step, flex_step, points, flex_points, part] = [0, 1, 2, 3, 4].map(|i| median(&columns[i]));
        println!(
            "{name:10} {step:10.4} {flex_step:10.4} {:7.2} {points:10.4} {flex_points:10.4} {:7.2} {part:10.5} {:>9}",
            ratio(1, 0),
            ratio(3, 2),
            format!("1/{:.0}", ratio(0, 4)),
        );
        report.add(format!("decode.step.seconds.{name}"), step, "s");
        report.add(format!("decode.step.vs_flex.{name}"), ratio(1, 0), "");
        report.add(format!("decode.points.seconds.{name}"), points, "s");
        report.add(format!("decode.points.vs_flex.{name}"), ratio(3, 2), "");
        report.add(format!("decode.part.share.{name}"), ratio(4, 0), "");
        Ok(())
    }
}

/// The same network in burn tensors, at the batch that suits it best. Its coordinates are at hand already, and nothing is done with
/// the values.
struct Flex {
    network: TensorNetwork,
    coordinates: Vec<f32>,
}

impl Flex {
    fn new(width: usize, depth: usize) -> Result<Flex> {
        let architecture = Architecture::Siren { inputs: 4, width, depth, omega: 10.0 };
        let network = TensorNetwork::new(&Network::random(architecture, &Random::new(&[1]))?);
        let random = Random::new(&[2]);
        let mut flex = Flex { network, coordinates: Vec::new() };
        let mut best = (f64::INFINITY, Vec::new());
        for batch in BATCHES {
            flex.coordinates = (0..4 * batch as u64).map(|i| (2.0 * random.uniform(i) - 1.0) as f32).collect();
            flex.seconds(batch);
            let spent = flex.seconds(4 * BATCHES[BATCHES.len() - 1]);
            if spent < best.0 {
                best = (spent, std::mem::take(&mut flex.coordinates));
            }
        }
        flex.coordinates = best.1;
        Ok(flex)
    }

    /// Seconds of so many points.
    fn seconds(&self, points: usize) -> f64 {
        let start = Instant::now();
        let mut done = 0;
        while done < points {
            std::hint::black_box(self.network.evaluate(&self.coordinates));
            done += self.coordinates.len() / 4;
        }
        // The last batch may go beyond.
        start.elapsed().as_secs_f64() * points as f64 / done as f64
    }
}
