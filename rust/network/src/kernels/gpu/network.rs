//! Forward and backward pass over tiles of samples.
//!
//! A cube (workgroup) works on one tile of one network at a time. Activations, and the slopes that become deltas, stand in
//! scratch rows of the cube, sample fastest, so that neighbouring units read neighbouring memory; in single or in half precision,
//! S in what follows. Coordinates, weights and all sums are in single precision. A unit computes blocks of [`COLUMNS`] neurons x 8
//! samples, whose sums stay in registers.

use cubecl::prelude::*;

use super::table::{
    BEGINS, BIASES, DELTA_ROWS, INPUT_ROWS, INPUTS, NONE, OMEGA, OUTPUT_ROWS, OUTPUTS, SKIP_ROWS, WEIGHTS, WIDTH, WORDS,
};

/// Four neighbouring floats.
pub(super) type Four = Vector<f32, Const<4>>;

/// As they stand in scratch rows.
pub(super) type Stored<S> = Vector<S, Const<4>>;

/// Neurons of a block.
pub(super) const COLUMNS: usize = 8;
/// Fours of samples of a block: one in each half of the tile.
const QUADS: usize = 2;

/// Units per cube.
pub(super) const UNITS: u32 = 128;

// pi in three parts, the first two so short that a multiple of them is exact without fused multiply-add, which not every
// device has.
const PI_A: f32 = 3.140_625;
const PI_B: f32 = 9.675_026e-4;
const PI_C: f32 = 1.509_958e-7;

/// sin(x) and cos(x), absolute error below 3e-7 for |x| < 1e3. Devices' own sines may be off by 2^-11 (Vulkan 1.3, appendix
/// "Precision and Operation of SPIR-V Instructions").
#[cube]
fn sin_cos(x: Four) -> (Four, Four) {
    let k = (x * Four::new(std::f32::consts::FRAC_1_PI)).round();
    let r = x - k * Four::new(PI_A);
    let r = r - k * Four::new(PI_B);
    let r = r - k * Four::new(PI_C);
    let half = k * Four::new(0.5);
    // 1 for even k, -1 for odd k.
    let sign = Four::new(1.0) - Four::new(4.0) * (half - half.floor());
    let r2 = r * r;
    let s = fma(Four::new(2.599_903_2e-6), r2, Four::new(-0.000_198_065_48));
    let s = fma(fma(s, r2, Four::new(0.008_333_016)), r2, Four::new(-0.166_666_57));
    let sine = fma(r * r2, s, r);
    let c = fma(Four::new(2.319_282_8e-5), r2, Four::new(-0.001_385_586_2));
    let c = fma(fma(c, r2, Four::new(0.041_663_98)), r2, Four::new(-0.499_999_3));
    let cosine = fma(c, r2, Four::new(1.0));
    (sine * sign, cosine * sign)
}

/// One layer forward: y = sin(omega (W x + b)), or 0.5 (skip + that), into the layer's rows; `slopes`: dy/dz as well; `begins`: x are
/// the coordinates, which stand at `places`.
#[cube]
fn forward_layer<S: Float>(
    weights: &[Four],
    table: &[u32],
    coordinates: &mut [Four],
    scratch: &mut [Stored<S>],
    layer: usize,
    network: usize,
    base: usize,
    places: usize,
    quads: usize,
    #[comptime] slopes: bool,
    #[comptime] begins: bool,
) {
    let at = layer * WORDS;
    let inputs = table[at + INPUTS] as usize;
    let outputs = table[at + OUTPUTS] as usize;
    let width = table[at + WIDTH] as usize;
    let rows = base + table[at + INPUT_ROWS] as usize * quads;
    let output = base + table[at + OUTPUT_ROWS] as usize * quads;
    let delta = base + table[at + DELTA_ROWS] as usize * quads;
    let skip = table[at + SKIP_ROWS];
    let omega = f32::reinterpret(table[at + OMEGA]);
    let half = quads / QUADS;
    let tasks = half * (width / COLUMNS);
    let mut task = UNIT_POS as usize;
    while task < tasks {
        let quad = task % half;
        let column = task / half * COLUMNS;
        let mut sums = Array::<Four>::new(QUADS * COLUMNS);
        let biases = network + table[at + BIASES] as usize + column / 4;
        #[unroll]
        for j in 0..COLUMNS {
            let bias = Four::new(weights[biases + j / 4].extract(j % 4));
            #[unroll]
            for q in 0..QUADS {
                sums[q * COLUMNS + j] = bias;
            }
        }
        let mut w = network + table[at + WEIGHTS] as usize + column / 4;
        let mut x = rows + quad;
        if begins {
            x = places + quad;
        }
        for _k in 0..inputs {
            let first = if begins { coordinates[x] } else { Four::cast_from(scratch[x]) };
            let second = if begins { coordinates[x + half] } else { Four::cast_from(scratch[x + half]) };
            #[unroll]
            for four in 0..COLUMNS / 4 {
                let row = weights[w + four];
                #[unroll]
                for j in 0..4usize {
                    let weight = Four::new(row.extract(j));
                    let column = four * 4 + j;
                    sums[column] = fma(first, weight, sums[column]);
                    sums[COLUMNS + column] = fma(second, weight, sums[COLUMNS + column]);
                }
            }
            w += width / 4;
            x += quads;
        }
        #[unroll]
        for j in 0..COLUMNS {
            #[unroll]
            for q in 0..QUADS {
                let z = sums[q * COLUMNS + j] * Four::new(omega);
                let (sine, cosine) = sin_cos(z);
                let place = (column + j) * quads + quad + q * half;
                let mut scale = omega;
                let mut y = sine;
                if skip != NONE {
                    y = (sine + Four::cast_from(scratch[base + skip as usize * quads + place])) * Four::new(0.5);
                    scale *= 0.5;
                }
                scratch[output + place] = Stored::<S>::cast_from(y);
                if slopes {
                    // Padding never learns.
                    if column + j >= outputs {
                        scale = 0.0;
                    }
                    scratch[delta + place] = Stored::<S>::cast_from(cosine * Four::new(scale));
                }
            }
        }
        task += UNITS as usize;
    }
    sync_storage();
}

/// The output of the last, linear layer at four samples.
#[cube]
fn output<S: Float>(
    weights: &[Four],
    table: &[u32],
    scratch: &mut [Stored<S>],
    layer: usize,
    network: usize,
    base: usize,
    quads: usize,
    quad: usize,
) -> Four {
    let at = layer * WORDS;
    let inputs = table[at + INPUTS] as usize;
    let rows = base + table[at + INPUT_ROWS] as usize * quads + quad;
    let w = network + table[at + WEIGHTS] as usize;
    let mut y = Four::new(weights[network + table[at + BIASES] as usize].extract(0usize));
    for four in 0..(inputs + 3) / 4 {
        let row = weights[w + four];
        #[unroll]
        for j in 0..4usize {
            // Weights beyond the inputs are zero, and so are activations there.
            y = fma(Four::cast_from(scratch[rows + (four * 4 + j) * quads]), Four::new(row.extract(j)), y);
        }
    }
    y
}

/// From the deltas of a layer to those of the layer below.
#[cube]
fn backward_layer<S: Float>(
    weights: &[Four],
    table: &[u32],
    scratch: &mut [Stored<S>],
    layer: usize,
    network: usize,
    base: usize,
    quads: usize,
    bypass: usize,
) {
    let at = layer * WORDS;
    let below = at - WORDS;
    let inputs = table[at + INPUTS] as usize;
    let width = table[at + WIDTH] as usize;
    let own = base + table[at + DELTA_ROWS] as usize * quads;
    let target = base + table[below + DELTA_ROWS] as usize * quads;
    let matrix = network + table[at + WEIGHTS] as usize;
    let begins = table[at + BEGINS] > 0;
    let ends = table[below + SKIP_ROWS] != NONE;
    let half = quads / QUADS;
    let tasks = half * ((inputs + COLUMNS - 1) / COLUMNS);
    let mut task = UNIT_POS as usize;
    while task < tasks {
        let quad = task % half;
        let first = task / half * COLUMNS;
        let mut sums = Array::<Four>::new(QUADS * COLUMNS);
        let mut places = Array::<usize>::new(COLUMNS);
        #[unroll]
        for j in 0..COLUMNS {
            let row = min(first + j, inputs - 1);
            places[j] = matrix + row * (width / 4);
            #[unroll]
            for q in 0..QUADS {
                sums[q * COLUMNS + j] = Four::new(0.0);
            }
        }
        let mut d = own + quad;
        for four in 0..width / 4 {
            #[unroll]
            for j in 0..COLUMNS {
                let row = weights[places[j] + four];
                #[unroll]
                for o in 0..4usize {
                    let weight = Four::new(row.extract(o));
                    let (first, second) = (scratch[d + o * quads], scratch[d + o * quads + half]);
                    sums[j] = fma(Four::cast_from(first), weight, sums[j]);
                    sums[COLUMNS + j] = fma(Four::cast_from(second), weight, sums[COLUMNS + j]);
                }
            }
            d += 4 * quads;
        }
        #[unroll]
        for j in 0..COLUMNS {
            #[unroll]
            for q in 0..QUADS {
                if first + j < inputs {
                    let place = (first + j) * quads + quad + q * half;
                    let mut sum = sums[q * COLUMNS + j];
                    if begins {
                        sum += Four::cast_from(scratch[base + bypass * quads + place]);
                    }
                    if ends {
                        scratch[base + bypass * quads + place] = Stored::<S>::cast_from(sum * Four::new(0.5));
                    }
                    let slope = Four::cast_from(scratch[target + place]);
                    scratch[target + place] = Stored::<S>::cast_from(sum * slope);
                }
            }
        }
        task += UNITS as usize;
    }
    sync_storage();
}

/// Adds to the gradient of one layer's weights and biases what the tile says; `fresh`: the tile is the cube's first; `begins`: the
/// layer's inputs are the coordinates, which stand at `places`.
#[cube]
fn weight_gradient<S: Float>(
    table: &[u32],
    coordinates: &mut [Four],
    scratch: &mut [Stored<S>],
    partial: &mut [Four],
    layer: usize,
    gradient: usize,
    base: usize,
    places: usize,
    quads: usize,
    fresh: bool,
    #[comptime] begins: bool,
) {
    let at = layer * WORDS;
    let inputs = table[at + INPUTS] as usize;
    let width = table[at + WIDTH] as usize;
    let mut rows = base + table[at + INPUT_ROWS] as usize * quads;
    if begins {
        rows = places;
    }
    let own = base + table[at + DELTA_ROWS] as usize * quads;
    let matrix = gradient + table[at + WEIGHTS] as usize;
    let across = width / COLUMNS;
    let tasks = across * ((inputs + COLUMNS - 1) / COLUMNS);
    let mut task = UNIT_POS as usize;
    while task < tasks {
        let column = task % across * COLUMNS;
        let first = task / across * COLUMNS;
        let mut sums = Array::<f32>::new(COLUMNS * COLUMNS);
        let mut places = Array::<usize>::new(COLUMNS);
        #[unroll]
        for j in 0..COLUMNS {
            places[j] = rows + min(first + j, inputs - 1) * quads;
            #[unroll]
            for o in 0..COLUMNS {
                sums[j * COLUMNS + o] = 0.0;
            }
        }
        let d = own + column * quads;
        for quad in 0..quads {
            let mut deltas = Array::<Four>::new(COLUMNS);
            #[unroll]
            for o in 0..COLUMNS {
                deltas[o] = Four::cast_from(scratch[d + o * quads + quad]);
            }
            #[unroll]
            for j in 0..COLUMNS {
                let x = if begins { coordinates[places[j] + quad] } else { Four::cast_from(scratch[places[j] + quad]) };
                #[unroll]
                for o in 0..COLUMNS {
                    sums[j * COLUMNS + o] += x.dot(deltas[o]);
                }
            }
        }
        #[unroll]
        for j in 0..COLUMNS {
            if first + j < inputs {
                #[unroll]
                for four in 0..COLUMNS / 4 {
                    let place = matrix + (first + j) * (width / 4) + column / 4 + four;
                    let mut sum = Four::new(0.0);
                    #[unroll]
                    for o in 0..4usize {
                        sum.insert(o, sums[j * COLUMNS + four * 4 + o]);
                    }
                    if !fresh {
                        sum += partial[place];
                    }
                    partial[place] = sum;
                }
            }
        }
        task += UNITS as usize;
    }
    let biases = gradient + table[at + BIASES] as usize;
    let mut four = UNIT_POS as usize;
    while four < width / 4 {
        let mut sum = Four::new(0.0);
        #[unroll]
        for o in 0..4usize {
            let mut column = Four::new(0.0);
            for quad in 0..quads {
                column += Four::cast_from(scratch[own + (four * 4 + o) * quads + quad]);
            }
            sum.insert(o, column.dot(Four::new(1.0)));
        }
        if !fresh {
            sum += partial[biases + four];
        }
        partial[biases + four] = sum;
        four += UNITS as usize;
    }
}

/// Gradient of the mean of the weighted squared errors of a batch, and their sum.
///
/// Cube (x, y): x-th share of the batch of network y. `samples`: for each network inputs rows of coordinates, a row of
/// targets and one of weights, `pitch` fours each; the batch begins at four `first`. `coordinates`: room for those of a tile, for each
/// cube. `partial`: for each cube `parameters` floats of gradient, `errors` one sum. The gradient comes multiplied by `scale` times the
/// batch, which keeps it in the range of S.
#[cube(launch_unchecked)]
pub(super) fn gradient<S: Float>(
    weights: &[Four],
    table: &[u32],
    samples: &[Four],
    coordinates: &mut [Four],
    scratch: &mut [Stored<S>],
    partial: &mut [Four],
    errors: &mut [f32],
    layers: u32,
    inputs: u32,
    parameters: u32,
    batch: u32,
    first: u32,
    pitch: u32,
    tile: u32,
    tiles: u32,
    error_row: u32,
    bypass_row: u32,
    rows: u32,
    scale: f32,
) {
    let (inputs, layers, pitch) = (inputs as usize, layers as usize, pitch as usize);
    let quads = tile as usize / 4;
    let cube = CUBE_POS_Y as usize * CUBE_COUNT_X as usize + CUBE_POS_X as usize;
    let network = CUBE_POS_Y as usize * (parameters as usize / 4);
    let own_samples = CUBE_POS_Y as usize * (inputs + 2) * pitch;
    let target = cube * (parameters as usize / 4);
    let base = cube * rows as usize * quads;
    let places = cube * inputs * quads;
    let last = layers - 1;
    let mut squared = Shared::<[f32]>::new_slice(UNITS as usize);
    squared[UNIT_POS as usize] = 0.0;
    let mut index = CUBE_POS_X as usize;
    let mut fresh = true;
    while index < tiles as usize {
        let start = index * quads;
        // Coordinates.
        let mut task = UNIT_POS as usize;
        while task < inputs * quads {
            let from = own_samples + task / quads * pitch + first as usize + start + task % quads;
            let mut c = samples[from];
            // What is beyond the batch may be anything.
            #[unroll]
            for i in 0..4usize {
                if (start + task % quads) * 4 + i >= batch as usize {
                    c.insert(i, 0.0);
                }
            }
            coordinates[places + task] = c;
            task += UNITS as usize;
        }
        sync_storage();
        forward_layer::<S>(weights, table, coordinates, scratch, 0, network, base, places, quads, true, true);
        for layer in 1..last {
            forward_layer::<S>(weights, table, coordinates, scratch, layer, network, base, places, quads, true, false);
        }
        // Errors.
        let mut quad = UNIT_POS as usize;
        while quad < quads {
            let y = output::<S>(weights, table, scratch, last, network, base, quads, quad);
            let row = own_samples + inputs * pitch + first as usize + start + quad;
            let mut e = y - samples[row];
            let mut weighted = e * samples[row + pitch];
            #[unroll]
            for i in 0..4usize {
                if (start + quad) * 4 + i >= batch as usize {
                    e.insert(i, 0.0);
                    weighted.insert(i, 0.0);
                }
            }
            squared[UNIT_POS as usize] += e.dot(weighted);
            scratch[base + error_row as usize * quads + quad] =
                Stored::<S>::cast_from(weighted * Four::new(2.0 * scale));
            quad += UNITS as usize;
        }
        sync_storage();
        // Gradient of the output layer, and the deltas of the one below it.
        let at = last * WORDS;
        let below = at - WORDS;
        let hidden = table[at + INPUTS] as usize;
        let w = network + table[at + WEIGHTS] as usize;
        let rows_below = base + table[at + INPUT_ROWS] as usize * quads;
        let deltas = base + table[below + DELTA_ROWS] as usize * quads;
        let ends = table[below + SKIP_ROWS] != NONE;
        let error = base + error_row as usize * quads;
        let mut four = UNIT_POS as usize;
        while four < table[below + WIDTH] as usize / 4 {
            let mut sum = Four::new(0.0);
            #[unroll]
            for j in 0..4usize {
                let mut part = Four::new(0.0);
                for quad in 0..quads {
                    let x = scratch[rows_below + (four * 4 + j) * quads + quad];
                    part = fma(Four::cast_from(x), Four::cast_from(scratch[error + quad]), part);
                }
                sum.insert(j, part.dot(Four::new(1.0)));
            }
            let place = target + table[at + WEIGHTS] as usize + four;
            if !fresh {
                sum += partial[place];
            }
            partial[place] = sum;
            four += UNITS as usize;
        }
        // The bias stands in the first of the fours that are its own.
        if UNIT_POS < 4 {
            let mut sum = Four::new(0.0);
            if UNIT_POS == 0 {
                let mut part = Four::new(0.0);
                for quad in 0..quads {
                    part += Four::cast_from(scratch[error + quad]);
                }
                sum.insert(0usize, part.dot(Four::new(1.0)));
            }
            let place = target + table[at + BIASES] as usize + UNIT_POS as usize;
            if !fresh {
                sum += partial[place];
            }
            partial[place] = sum;
        }
        // Deltas of the layer below: the weight of each of its rows is one of a four.
        let mut task = UNIT_POS as usize;
        while task < hidden * quads {
            let row = task / quads;
            let weight = weights[w + row / 4];
            let mut value = weight.extract(0usize);
            if row % 4 == 1 {
                value = weight.extract(1usize);
            } else if row % 4 == 2 {
                value = weight.extract(2usize);
            } else if row % 4 == 3 {
                value = weight.extract(3usize);
            }
            let g = Four::cast_from(scratch[error + task % quads]) * Four::new(value);
            if ends {
                scratch[base + bypass_row as usize * quads + task] = Stored::<S>::cast_from(g * Four::new(0.5));
            }
            let slope = Four::cast_from(scratch[deltas + task]);
            scratch[deltas + task] = Stored::<S>::cast_from(g * slope);
            task += UNITS as usize;
        }
        sync_storage();
        for up in 1..last {
            backward_layer::<S>(weights, table, scratch, last - up, network, base, quads, bypass_row as usize);
        }
        weight_gradient::<S>(table, coordinates, scratch, partial, 0, target, base, places, quads, fresh, true);
        for layer in 1..last {
            weight_gradient::<S>(
                table,
                coordinates,
                scratch,
                partial,
                layer,
                target,
                base,
                places,
                quads,
                fresh,
                false,
            );
        }
        sync_storage();
        fresh = false;
        index += CUBE_COUNT_X as usize;
    }
    sync_cube();
    if UNIT_POS == 0 {
        let mut sum = 0.0f32;
        for unit in 0..UNITS as usize {
            sum += squared[unit];
        }
        errors[cube] = sum;
    }
}

/// Values at points of a grid: `points` many from the linear index `from` on, C order, last axis fastest.
/// `axes`: the coordinates along each of the `inputs` axes, one after another; `counts` their lengths.
#[cube(launch_unchecked)]
pub(super) fn evaluate(
    weights: &[Four],
    table: &[u32],
    axes: &[f32],
    counts: &[u32],
    coordinates: &mut [Four],
    scratch: &mut [Four],
    values: &mut [Four],
    layers: u32,
    inputs: u32,
    points: u32,
    from: u32,
    tile: u32,
    tiles: u32,
    rows: u32,
) {
    let (inputs, layers) = (inputs as usize, layers as usize);
    let quads = tile as usize / 4;
    let base = CUBE_POS_X as usize * rows as usize * quads;
    let places = CUBE_POS_X as usize * inputs * quads;
    let last = layers - 1;
    let mut index = CUBE_POS_X as usize;
    while index < tiles as usize {
        let start = index * quads;
        let mut quad = UNIT_POS as usize;
        while quad < quads {
            for axis in 0..inputs {
                let a = inputs - 1 - axis;
                let mut four = Four::new(0.0);
                #[unroll]
                for i in 0..4usize {
                    let mut at = from as usize + min((start + quad) * 4 + i, points as usize - 1);
                    for faster in 0..axis {
                        at /= counts[inputs - 1 - faster] as usize;
                    }
                    let mut offset = 0usize;
                    for slower in 0..a {
                        offset += counts[slower] as usize;
                    }
                    four.insert(i, axes[offset + at % counts[a] as usize]);
                }
                coordinates[places + a * quads + quad] = four;
            }
            quad += UNITS as usize;
        }
        sync_storage();
        forward_layer::<f32>(weights, table, coordinates, scratch, 0, 0, base, places, quads, false, true);
        for layer in 1..last {
            forward_layer::<f32>(weights, table, coordinates, scratch, layer, 0, base, places, quads, false, false);
        }
        let mut quad = UNIT_POS as usize;
        while quad < quads {
            values[start + quad] = output::<f32>(weights, table, scratch, last, 0, base, quads, quad);
            quad += UNITS as usize;
        }
        sync_storage();
        index += CUBE_COUNT_X as usize;
    }
}
