//! A series of steps in files: opened, checked against the sizes of the files, and read one step at a time.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use limbeck_field::{ElementType, Values};

use super::axes::Axes;
use super::layout::{self, Endian, Order};
use super::npy::NpyHeader;
use super::transpose::Transposed;
use crate::failure::{Failure, Result};
use crate::table;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Steps of one variable. Holds open files and at most one chunk of values, except for files in Fortran order with
/// time as their fastest axis (see [`Transposed`]).
pub struct Series {
    /// Values along each axis of a step, slowest first.
    pub shape: Vec<usize>,
    /// Type of the values.
    pub element_type: ElementType,
    parts: Vec<Part>,
    chunk: Vec<u8>,
}

/// One file.
struct Part {
    path: PathBuf,
    file: File,
    /// Position of the first value.
    start: u64,
    steps: usize,
    endian: Endian,
    /// Set for files in Fortran order.
    transposed: Option<Transposed>,
}

impl Series {
    /// Opens `.npy` files that follow each other in time. Without `axes`, the first axis of a single file is time,
    /// and of several files each is one step unless it has four axes.
    pub fn open_npy(paths: &[PathBuf], axes: Option<Axes>) -> Result<Series> {
        let mut series: Option<Series> = None;
        for path in paths {
            let file = open(path)?;
            let reason = |text: String| Failure::Data(format!("{} {text}", path.display()));
            let header = NpyHeader::read(&file).map_err(reason)?;
            let axes = match axes {
                Some(axes) => axes,
                None => Axes::guess(header.shape.len(), paths.len()).map_err(reason)?,
            };
            let (steps, shape) = axes.split(&header.shape).map_err(reason)?;
            let transposed =
                (header.order == Order::Fortran).then(|| Transposed::new(steps, &shape, header.element_type));
            let part =
                Part { path: path.clone(), file, start: header.length, steps, endian: header.endian, transposed };
            part.check_length(&shape, header.element_type)?;
            match &mut series {
                None => {
                    let (parts, chunk) = (vec![part], Vec::new());
                    series = Some(Series { shape, element_type: header.element_type, parts, chunk });
                }
                Some(series) => series.add(part, &shape, header.element_type)?,
            }
        }
        series.ok_or_else(|| Failure::Usage("no input file".into()))
    }

    /// Opens files of bare values in C order, each holding one or more whole steps.
    pub fn open_raw(paths: &[PathBuf], shape: &[usize], element_type: ElementType, endian: Endian) -> Result<Series> {
        let step_bytes = byte_count(shape, element_type)
            .ok_or_else(|| Failure::Usage(format!("--shape {}: too large", table::shape(shape))))?;
        let mut series = Series { shape: shape.to_vec(), element_type, parts: Vec::new(), chunk: Vec::new() };
        for path in paths {
            let file = open(path)?;
            let length = length(&file, path)?;
            if length == 0 || length % step_bytes != 0 {
                return Err(Failure::Data(format!(
                    "{} holds {length} bytes, which is not a whole number of steps of {} values ({step_bytes} bytes); \
                     check --shape and --type, or the file is cut short",
                    path.display(),
                    table::shape(shape)
                )));
            }
            let steps = usize::try_from(length / step_bytes).unwrap_or(usize::MAX);
            series.parts.push(Part { path: path.clone(), file, start: 0, steps, endian, transposed: None });
        }
        match series.parts.is_empty() {
            true => Err(Failure::Usage("no input file".into())),
            false => Ok(series),
        }
    }

    /// Number of steps in all files.
    pub fn steps(&self) -> usize {
        self.parts.iter().map(|p| p.steps).sum()
    }

    /// Reads one step, counted from 0, into `values`: C order, last axis fastest. `values` is of the series' type and
    /// its memory is used again.
    pub fn read(&mut self, step: usize, values: &mut Values) -> Result<()> {
        let mut within = step;
        for part in &mut self.parts {
            if within < part.steps {
                layout::resize(values, self.shape.iter().product());
                return part.read(within, values, &mut self.chunk);
            }
            within -= part.steps;
        }
        Err(Failure::Data(format!("step {step} is not there: the files hold {} steps", self.steps())))
    }

    fn add(&mut self, part: Part, shape: &[usize], element_type: ElementType) -> Result<()> {
        let first = self.parts[0].path.display();
        if shape != self.shape {
            let (is, was) = (table::shape(shape), table::shape(&self.shape));
            return Err(Failure::Data(format!(
                "{} has steps of {is} values, but {first} has steps of {was}; steps of a variable share one shape",
                part.path.display()
            )));
        }
        if element_type != self.element_type {
            let path = part.path.display();
            return Err(Failure::Data(format!("{path} and {first} differ in the type of their values")));
        }
        self.parts.push(part);
        Ok(())
    }
}

impl Part {
    fn check_length(&self, shape: &[usize], element_type: ElementType) -> Result<()> {
        let promised = byte_count(shape, element_type)
            .and_then(|b| b.checked_mul(self.steps as u64))
            .and_then(|b| b.checked_add(self.start));
        let length = length(&self.file, &self.path)?;
        let path = self.path.display();
        match promised {
            None => Err(Failure::Data(format!("{path} claims more values than any file can hold"))),
            Some(promised) if promised > length => Err(Failure::Data(format!(
                "{path} is cut short: its header promises {promised} bytes, it has {length}"
            ))),
            Some(promised) if promised == self.start => Err(Failure::Data(format!("{path} holds no values"))),
            Some(_) => Ok(()),
        }
    }

    fn read(&mut self, step: usize, values: &mut Values, chunk: &mut Vec<u8>) -> Result<()> {
        let endian = self.endian;
        if let Some(transposed) = &mut self.transposed {
            return transposed
                .read(step, &mut self.file, self.start, endian, values)
                .map_err(|e| Failure::io("cannot read", &self.path, &e));
        }
        let (total, size) = (values.bytes(), values.element_type().size());
        chunk.resize(CHUNK.min(total), 0);
        let mut transfer = || {
            self.file.seek(SeekFrom::Start(self.start + step as u64 * total as u64))?;
            let mut done = 0;
            while done < total {
                let n = chunk.len().min(total - done);
                self.file.read_exact(&mut chunk[..n])?;
                layout::store(values, done / size, &chunk[..n], endian);
                done += n;
            }
            Ok(())
        };
        transfer().map_err(|e| Failure::io("cannot read", &self.path, &e))
    }
}

fn open(path: &Path) -> Result<File> {
    let file = File::open(path).map_err(|e| Failure::io("cannot open", path, &e))?;
    let metadata = file.metadata().map_err(|e| Failure::io("cannot open", path, &e))?;
    match metadata.is_dir() {
        true => Err(Failure::Data(format!("{} is a directory, not a file of values", path.display()))),
        false => Ok(file),
    }
}

fn length(file: &File, path: &Path) -> Result<u64> {
    Ok(file.metadata().map_err(|e| Failure::io("cannot read", path, &e))?.len())
}

fn byte_count(shape: &[usize], element_type: ElementType) -> Option<u64> {
    shape.iter().try_fold(element_type.size() as u64, |n, &s| n.checked_mul(u64::try_from(s).ok()?))
}
