//! NeurComp (Lu, Jiang, Levine and Berger 2021): one residual sine network over the whole series, fitted to the data in single
//! precision, whose hidden matrices are then clustered by k-means into 2^9 weights each. A file has their codebooks and indices; the
//! first and the last layer, all biases, and matrices too small for a codebook stay floats. As in the authors' program, nothing is trained after clustering.
//!
//! Kernels and optimiser are limbeck's, and so are the sizes of the fit, as they were for the tables of docs/methods.md; that trains better than the paper's Adam at 5e-5; so
//! what is compared is the network and its coding. The clusters are the best there are.

use std::path::Path;
use std::time::Instant;

use limbeck_field::Normalisation;
use limbeck_network::{Architecture, Evaluator, Kernel, Layer, Network, Optimiser, Random, Samples, Schedule, Trainer};
use rayon::prelude::*;

use super::curve::Run;
use super::kmeans::cluster;
use super::measure::Original;
use crate::npy::Series;
use crate::roundtrip::bytes_on_disk;
use crate::{Error, Result, machine};

/// Bits of an index into a codebook.
const BITS: u32 = 9;
/// Residual blocks. The published default of seven would leave codebooks alone in files of the sizes that are compared.
const BLOCKS: usize = 2;

/// Fits, writes the file and measures what it decodes to. `effort` multiplies the samples of training.
pub fn run(original: &Original, ratio: f64, effort: f64, file: &Path) -> Result<Run> {
    let start = Instant::now();
    let series = &original.series;
    let budget = (original.bytes as f64 / ratio) as usize;
    let architecture = widest(series.shape.len(), omega(&series.shape[1..]), budget - HEAD.min(budget))
        .ok_or_else(|| Error::Setup(format!("no network of this kind fits into {budget} bytes")))?;
    let normalisation =
        Normalisation::fit(original.min, original.max).map_err(|e| Error::Setup(format!("the series: {e}")))?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(machine::cores())
        .build()
        .map_err(|e| Error::Setup(format!("no threads: {e}")))?;
    let network = pool.install(|| fit(architecture, series, normalisation, effort))?;
    std::fs::write(file, encode(&network, normalisation))
        .map_err(|e| Error::Output(format!("{}: {e}", file.display())))?;
    let seconds = start.elapsed().as_secs_f64();

    let bytes = std::fs::read(file).map_err(|e| Error::Input(format!("{}: {e}", file.display())))?;
    let (network, normalisation) = decode(&bytes)?;
    let evaluator = Evaluator::new(&network, Kernel::best());
    let grid = Grid::new(&series.shape);
    let step = |step: usize| -> Result<Vec<f64>> {
        let mut values = vec![0.0f64; series.step_len()];
        let first = step * series.step_len();
        values.par_chunks_mut(PART).enumerate().for_each(|(part, values)| {
            let mut out = vec![0.0f32; values.len()];
            let point = |i: usize, c: &mut [f32]| grid.write(first + part * PART + i, c);
            evaluator.evaluate(&mut evaluator.scratch(), point, &mut out);
            values.iter_mut().zip(out).for_each(|(v, y)| *v = normalisation.inverse(y));
        });
        Ok(values)
    };
    original.measure(bytes_on_disk(file)?, seconds, None, |s| pool.install(|| step(s)))
}

/// Values that a thread decodes in one go.
const PART: usize = 4096;

/// Frequency of the first layer, for volumes of this shape: limbeck's rule.
fn omega(shape: &[usize]) -> f32 {
    let values: f64 = shape.iter().map(|&n| n as f64).product();
    (10.0 * (values.powf(1.0 / shape.len() as f64) / 64.0).sqrt()).clamp(2.0, 60.0) as f32
}

/// The widest network whose parameters take no more than these bytes.
fn widest(inputs: usize, omega: f32, bytes: usize) -> Option<Architecture> {
    let of = |width: usize| Architecture::Residual { inputs, width, depth: BLOCKS, omega };
    let fits = |width: &usize| of(*width).layers().iter().map(size).sum::<usize>() <= bytes;
    (1..=limbeck_network::MAX_WIDTH).take_while(fits).last().map(of)
}

fn fit(architecture: Architecture, series: &Series, normalisation: Normalisation, effort: f64) -> Result<Network> {
    let (parameters, width) = (architecture.parameters() as f64, architecture.layers()[0].outputs);
    let values = series.values.len() as f64;
    let batch = (9.5 * parameters.sqrt()).min(values / 16.0).clamp(128.0, 3072.0) as usize / 16 * 16;
    let samples = (30e6 * (32_768.0 / parameters).powf(0.25)).min(60.0 * values).max(2000.0 * batch as f64);
    let steps = (samples * effort / batch as f64).ceil() as u64;
    let schedule = |rate: f32| Schedule::Cosine { rate, warm_up: 0.02 };
    let (rate, matrix_rate) = (schedule(5e-3), schedule(2e-2 * (96.0 / width.max(96) as f32).sqrt()));
    let mut voxels =
        Voxels { series, normalisation, grid: Grid::new(&series.shape), random: Random::new(&[0, 1]), batch };
    let start = Network::random(architecture, &Random::new(&[0, 0]))?;
    let mut trainer = Trainer::new(start, Optimiser::Muon, Kernel::best());
    for step in 0..steps {
        trainer.step(&mut voxels, step, batch, rate.rate(step, steps), matrix_rate.rate(step, steps), None);
    }
    Ok(trainer.network().clone())
}

/// Values of the series, all alike.
struct Voxels<'a> {
    series: &'a Series,
    normalisation: Normalisation,
    grid: Grid,
    random: Random,
    batch: usize,
}

impl Samples for Voxels<'_> {
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        weights.fill(1.0);
        let begin = step * self.batch as u64 + first as u64;
        let points = coordinates.chunks_exact_mut(self.grid.axes.len()).zip(targets);
        for (n, (point, target)) in (begin..).zip(points) {
            let at = self.random.below(n, self.series.values.len() as u64) as usize;
            self.grid.write(at, point);
            *target = self.normalisation.forward(f64::from(self.series.values[at]));
        }
    }
}

/// Coordinates in [-1, 1] along each axis, time first.
struct Grid {
    axes: Vec<Vec<f32>>,
}

impl Grid {
    fn new(shape: &[usize]) -> Grid {
        let axis =
            |&n: &usize| (0..n).map(|i| if n > 1 { (2 * i) as f32 / (n - 1) as f32 - 1.0 } else { 0.0 }).collect();
        Grid { axes: shape.iter().map(axis).collect() }
    }

    /// Those of the value at this place in C order.
    fn write(&self, mut at: usize, out: &mut [f32]) {
        for (axis, c) in self.axes.iter().zip(out).rev() {
            *c = axis[at % axis.len()];
            at /= axis.len();
        }
    }
}

/// Inputs and blocks (u8 each), width (u32), and the range of the values (f32 each).
const HEAD: usize = 14;

/// Weights in a layer's codebook, and bits of an index; None for layers that stay floats.
fn codebook(l: &Layer) -> Option<(usize, usize)> {
    // The first and the last layer are those that are not square.
    let weights = l.inputs * l.outputs;
    let book = (1 << BITS, BITS as usize);
    (l.inputs == l.outputs && coded(book, weights) < 4 * weights).then_some(book)
}

/// Bytes of a codebook and so many indices.
fn coded((k, bits): (usize, usize), weights: usize) -> usize {
    4 * k + (bits * weights).div_ceil(8)
}

/// Bytes of a layer.
fn size(l: &Layer) -> usize {
    let weights = l.inputs * l.outputs;
    4 * l.outputs + codebook(l).map_or(4 * weights, |book| coded(book, weights))
}

fn encode(network: &Network, normalisation: Normalisation) -> Vec<u8> {
    let layers = network.layers();
    let first = layers[0];
    let mut bytes = vec![first.inputs as u8, BLOCKS as u8];
    bytes.extend((first.outputs as u32).to_le_bytes());
    let floats = |bytes: &mut Vec<u8>, f: &[f32]| bytes.extend(f.iter().flat_map(|v| v.to_le_bytes()));
    floats(&mut bytes, &[normalisation.mid as f32, normalisation.half as f32]);
    for l in &layers {
        let weights = &network.parameters[l.weight_range()];
        if let Some((k, bits)) = codebook(l) {
            let clusters = cluster(weights, k);
            floats(&mut bytes, &clusters.centres);
            pack(&clusters.indices, bits, &mut bytes);
        } else {
            floats(&mut bytes, weights);
        }
        floats(&mut bytes, &network.parameters[l.bias_range()]);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<(Network, Normalisation)> {
    let mut rest = Rest(bytes);
    let &[inputs, blocks, a, b, c, d] = rest.take(6)? else { unreachable!("as many as were taken") };
    let width = u32::from_le_bytes([a, b, c, d]) as usize;
    // The frequency is in the weights.
    let architecture = Architecture::Residual { inputs: inputs.into(), width, depth: blocks.into(), omega: 1.0 };
    let range = rest.floats(2)?;
    let normalisation =
        Normalisation::new(range[0].into(), range[1].into()).map_err(|e| Error::Input(e.to_string()))?;
    let mut parameters = Vec::new();
    for l in architecture.layers() {
        let weights = l.inputs * l.outputs;
        if let Some((k, bits)) = codebook(&l) {
            let centres = rest.floats(k)?;
            let packed = rest.take((bits * weights).div_ceil(8))?;
            parameters.extend(unpack(packed, bits, weights).map(|i| centres[i]));
        } else {
            parameters.extend(rest.floats(weights)?);
        }
        parameters.extend(rest.floats(l.outputs)?);
    }
    Ok((Network::new(architecture, parameters)?, normalisation))
}

/// What is left of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.0.split_at_checked(n).ok_or_else(|| Error::Input("the network: it is cut off".into()))?;
        self.0 = rest;
        Ok(taken)
    }

    fn floats(&mut self, n: usize) -> Result<Vec<f32>> {
        Ok(self.take(4 * n)?.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
    }
}

/// Indices of so many bits each, one behind the other, the lowest bit first.
fn pack(indices: &[u32], bits: usize, bytes: &mut Vec<u8>) {
    let begin = bytes.len();
    bytes.resize(begin + (bits * indices.len()).div_ceil(8), 0);
    for (i, index) in indices.iter().enumerate() {
        for bit in (0..bits).filter(|bit| index >> bit & 1 == 1) {
            let at = i * bits + bit;
            bytes[begin + at / 8] |= 1 << (at % 8);
        }
    }
}

fn unpack(packed: &[u8], bits: usize, count: usize) -> impl Iterator<Item = usize> {
    let bit = |at: usize| usize::from(packed[at / 8] >> (at % 8) & 1);
    (0..count).map(move |i| (0..bits).map(|b| bit(i * bits + b) << b).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NORMALISATION: Normalisation = Normalisation { mid: 1.5, half: 4.0 };

    fn random(width: usize) -> Network {
        let architecture = Architecture::Residual { inputs: 4, width, depth: BLOCKS, omega: 1.0 };
        Network::random(architecture, &Random::new(&[width as u64])).unwrap()
    }

    #[test]
    fn a_file_has_codebooks_indices_and_floats() {
        let network = random(40);
        let bytes = encode(&network, NORMALISATION);
        let hidden = 4 * (512 * 4 + 1600 * 9 / 8 + 40 * 4);
        assert_eq!(bytes.len(), HEAD + (4 * 40 + 40) * 4 + hidden + 41 * 4);
        let (decoded, normalisation) = decode(&bytes).unwrap();
        assert_eq!(normalisation, NORMALISATION);
        for l in network.layers() {
            let [original, stored] = [&network, &decoded].map(|n| &n.parameters[l.weight_range()]);
            let worst = original.iter().zip(stored).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let largest = original.iter().fold(0.0, |m: f32, w| m.max(w.abs()));
            let rounded = l.inputs == l.outputs;
            assert!(if rounded { worst > 0.0 && worst < 0.01 * largest } else { worst == 0.0 }, "{worst} of {largest}");
            assert_eq!(network.parameters[l.bias_range()], decoded.parameters[l.bias_range()]);
        }
        assert!((0..bytes.len()).all(|n| decode(&bytes[..n]).is_err()));
    }

    #[test]
    fn narrow_networks_stay_floats() {
        let network = random(5);
        let bytes = encode(&network, NORMALISATION);
        assert_eq!(bytes.len(), HEAD + 4 * network.parameters.len());
        assert_eq!(decode(&bytes).unwrap().0, network);
        // From where a codebook and indices take less.
        let [below, above] = [26, 27].map(random);
        assert!(codebook(&below.layers()[1]).is_none() && codebook(&above.layers()[1]).is_some());
    }

    #[test]
    fn the_widest_that_fits_is_taken() {
        for bytes in [300, 3000, 40_000] {
            let Some(Architecture::Residual { width, .. }) = widest(4, 10.0, bytes) else { panic!("{bytes} bytes") };
            let taken = |width| encode(&random(width), NORMALISATION).len() - HEAD;
            assert!(taken(width) <= bytes && taken(width + 1) > bytes, "{width} in {bytes}");
        }
        assert!(widest(4, 10.0, 10).is_none());
    }

    #[test]
    fn a_small_field_is_learnt() {
        let shape = vec![4, 12, 10, 8];
        let grid = Grid::new(&shape);
        let value = |at| {
            let mut c = [0.0; 4];
            grid.write(at, &mut c);
            3.0 + (2.0 * c[1] + c[0]).sin() * (2.0 * c[2]).cos() + 0.5 * c[3]
        };
        let values = (0..shape.iter().product()).map(value).collect();
        let original = Original::new(Series { shape, values }, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let run = run(&original, 10.0, 0.5, &folder.path().join("series")).unwrap();
        assert!((10.0..14.0).contains(&run.ratio) && run.figures.psnr > 35.0, "{run:?}");
    }
}
