//! Files in Fortran order: the first axis is fastest, so with a leading time axis the steps are interleaved value by
//! value.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use limbeck_field::{ElementType, Values};

use super::layout::{self, Endian};

/// Memory for steps that are taken out of a file in one pass.
const MEMORY: usize = 256 << 20;

/// Takes steps out of a file `[t, z, y, x]` with t fastest. One pass over the file takes as many steps as fit in
/// 256 MiB (at least one), so steps read in order cost one pass per 256 MiB.
pub struct Transposed {
    steps: usize,
    shape: Vec<usize>,
    element_type: ElementType,
    /// First step of `held`.
    first: usize,
    held: Vec<Values>,
}

impl Transposed {
    /// For a file with this many steps of this shape (slowest axis first, as if in C order).
    pub fn new(steps: usize, shape: &[usize], element_type: ElementType) -> Transposed {
        Transposed { steps, shape: shape.to_vec(), element_type, first: 0, held: Vec::new() }
    }

    /// Reads one step into `values`, in C order.
    pub fn read(
        &mut self,
        step: usize,
        file: &mut File,
        start: u64,
        endian: Endian,
        values: &mut Values,
    ) -> io::Result<()> {
        if step < self.first || step - self.first >= self.held.len() {
            self.pass(step, file, start, endian)?;
        }
        values.clone_from(&self.held[step - self.first]);
        Ok(())
    }

    /// One pass over the file: keeps the steps from `first` on that fit in memory.
    fn pass(&mut self, first: usize, file: &mut File, start: u64, endian: Endian) -> io::Result<()> {
        let (size, values) = (self.element_type.size(), self.shape.iter().product::<usize>());
        let batch = (MEMORY / (values * size)).clamp(1, self.steps - first);
        self.held.truncate(batch);
        self.held.resize_with(batch, || layout::buffer(self.element_type));
        self.held.iter_mut().for_each(|v| layout::resize(v, values));
        self.first = first;

        let mut reader = BufReader::with_capacity(1 << 20, file);
        reader.seek(SeekFrom::Start(start))?;
        // All steps of one grid point lie next to each other.
        let mut record = vec![0; self.steps * size];
        let wanted = first * size..(first + batch) * size;
        let mut index = vec![0; self.shape.len()];
        for _ in 0..values {
            reader.read_exact(&mut record)?;
            let linear = index.iter().zip(&self.shape).fold(0, |linear, (&i, &n)| linear * n + i);
            for (held, value) in self.held.iter_mut().zip(record[wanted.clone()].chunks_exact(size)) {
                layout::store(held, linear, value, endian);
            }
            // The first axis runs fastest.
            for (i, &n) in index.iter_mut().zip(&self.shape) {
                *i += 1;
                if *i < n {
                    break;
                }
                *i = 0;
            }
        }
        Ok(())
    }
}
