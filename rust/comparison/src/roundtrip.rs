//! A series through a session into an archive on disk, and back from it.

use std::path::Path;
use std::time::Instant;

use limbeck_field::Region;
use limbeck_reader::Dataset;
use limbeck_session::{CloseReport, Communicator, Config, ElementType, Quality, Session, ValuesRef};

use crate::npy::Series;
use crate::{Error, Result, machine};

/// Name of the variable in these archives.
pub const VARIABLE: &str = "value";

/// Hands all steps over, as fast as they are taken, and closes. Also returns the seconds spent handing over.
pub fn compress(
    series: &Series,
    archive: &Path,
    target: (&str, &str),
    options: &[(&str, &str)],
) -> Result<(CloseReport, f64)> {
    let mut config = Config::new();
    // No simulation runs beside the workers here.
    let threads = machine::cores().to_string();
    for (key, value) in [target, ("workers.threads", &threads)].iter().chain(options) {
        config.set(key, value)?;
    }
    let mut session = Session::open(archive, &config, Communicator::None)?;
    let shape = &series.shape[1..];
    let variable = session.define_variable(VARIABLE, ElementType::Float32, shape)?;
    let block = session.add_block(variable, &vec![0; shape.len()], shape, None)?;
    session.commit()?;
    let start = Instant::now();
    for step in 0..series.steps() {
        session.step_begin(step as i64, step as f64)?;
        session.put_slice(block, ValuesRef::Float32(series.step(step)))?;
        session.step_end()?;
    }
    let host = start.elapsed().as_secs_f64();
    Ok((session.close()?, host))
}

/// An archive that `compress` wrote.
pub struct Archive {
    dataset: Dataset,
    whole: Region,
}

impl Archive {
    /// Opens the archive of this series.
    pub fn open(path: &Path, series: &Series) -> Result<Archive> {
        let shape = &series.shape[1..];
        let whole = Region { start: vec![0; shape.len()], count: shape.to_vec(), every: vec![1; shape.len()] };
        Ok(Archive { dataset: Dataset::open(path)?, whole })
    }

    /// All values of a step.
    pub fn step(&self, step: usize) -> Result<Vec<f64>> {
        Ok(self.dataset.read(VARIABLE, step as u64, &self.whole)?)
    }
}

/// Compares every value of a step, in double precision.
pub fn compare(original: &[f32], decoded: &[f64]) -> Result<Quality> {
    if decoded.len() != original.len() {
        return Err(Error::Setup(format!("{} of {} values were decoded", decoded.len(), original.len())));
    }
    let mut quality = Quality::EMPTY;
    original.iter().zip(decoded).for_each(|(&o, &d)| quality.add(f64::from(o), d));
    Ok(quality)
}

/// PSNR of a step by its own range, or by that of the series where the step is constant.
pub fn psnr(step: &Quality, all: &Quality) -> f64 {
    if step.max > step.min { step.psnr() } else { Quality { min: all.min, max: all.max, ..*step }.psnr() }
}

/// Bytes of a file.
pub fn bytes_on_disk(path: &Path) -> Result<u64> {
    let data = std::fs::metadata(path).map_err(|e| Error::Setup(format!("{}: {e}", path.display())))?;
    Ok(data.len())
}
