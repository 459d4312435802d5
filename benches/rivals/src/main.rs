//! One run of another compressor: what `limbeck-bench rate-distortion` launches.
//!
//! Raw float32 in, the compressed stream and the values decoded from it out, each in a file; the seconds of both ways as one
//! line of JSON. A process per run, because a compressor that gives up may take its process with it.

mod codec;
mod error;
mod stream;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};

use codec::Codec;
use error::{Error, Result};

#[derive(Parser)]
#[command(name = "limbeck-rivals", about = "Compresses with SZ3, ZFP, SPERR or TTHRESH, and back.", version)]
struct Arguments {
    #[arg(value_enum)]
    codec: Codec,
    /// Steps one by one, or the series as one array in four dimensions.
    #[arg(long, value_enum)]
    layout: Layout,
    /// Length of each axis, time first, then the slowest axis of the volumes.
    #[arg(long, value_delimiter = ',', required = true)]
    shape: Vec<usize>,
    /// The codec's error bound, in units of the data: largest error (sz3, zfp), quantisation step of the wavelet
    /// coefficients (sperr), root mean square error (tthresh).
    #[arg(long)]
    bound: f64,
    /// float32 in the byte order of this machine, last axis fastest.
    #[arg(long)]
    input: PathBuf,
    /// The compressed stream, to be written.
    #[arg(long)]
    stream: PathBuf,
    /// What the stream decodes to, to be written as the input is.
    #[arg(long)]
    decoded: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Layout {
    /// Every step compressed on its own.
    Steps,
    /// All steps together.
    Series,
}

/// The parts of a series that are compressed one by one: how many there are and the shape of each.
fn parts(shape: &[usize], layout: Layout) -> (usize, &[usize]) {
    match layout {
        Layout::Steps => (shape[0], &shape[1..]),
        Layout::Series => (1, shape),
    }
}

/// Seconds of encoding and decoding, files apart.
fn run(a: &Arguments) -> Result<(f64, f64)> {
    if a.shape.len() != 4 {
        return Err(Error::InvalidArgument(format!("shape {:?}: t,z,y,x is wanted", a.shape)));
    }
    let values = stream::read_values(&a.input, &a.shape)?;
    if !(a.bound.is_finite() && a.bound > 0.0) {
        return Err(Error::InvalidArgument(format!("bound {}: must be a positive number", a.bound)));
    }
    let (count, part) = parts(&a.shape, a.layout);

    let start = Instant::now();
    let encoded: Vec<Vec<u8>> =
        values.chunks(values.len() / count).map(|v| a.codec.encode(v, part, a.bound)).collect::<Result<_>>()?;
    let encoding = start.elapsed().as_secs_f64();
    stream::write(&a.stream, &encoded)?;

    // From the file and nothing else.
    let encoded = stream::read(&a.stream, count)?;
    let start = Instant::now();
    let mut decoded = Vec::with_capacity(values.len());
    for bytes in &encoded {
        decoded.extend(a.codec.decode(bytes, part)?);
    }
    let decoding = start.elapsed().as_secs_f64();
    stream::write_values(&a.decoded, &decoded)?;
    Ok((encoding, decoding))
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok((encoding, decoding)) => {
            println!("{}", serde_json::json!({"encode_seconds": encoding, "decode_seconds": decoding}));
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("limbeck-rivals: {e}");
            ExitCode::FAILURE
        }
    }
}
