//! The picture of `limbeck compare`: which slices it shows, and what stands above them.

use std::path::Path;

use limbeck_field::{Extent, Region, Values};
use limbeck_picture::{Canvas, Row, Slice, draw_comparison};

use crate::failure::{Failure, Result};
use crate::input::{Series, buffer};
use crate::measure::Measured;
use crate::output::{Pending, publish};
use crate::source::{Source, Variable};
use crate::table::{decibels, short};

/// Most steps in the picture of a one-dimensional variable, which is shown over space and time.
const MOST_STEPS: usize = 460;

/// One variable in the picture.
pub struct Shown<'a> {
    /// Which.
    pub variable: &'a Variable,
    /// Its originals.
    pub series: &'a mut Series,
    /// What was measured.
    pub measured: &'a [Measured],
    /// Step that is shown.
    pub step: u64,
    /// Index along the slowest axis of a 3D variable; None for the middle.
    pub slice: Option<usize>,
}

/// Draws the variables below each other under a heading, if there is one.
pub fn draw(heading: &str, source: &Source, shown: Vec<Shown<'_>>) -> Result<Canvas> {
    let rows = shown.into_iter().map(|s| s.row(source)).collect::<Result<Vec<Row>>>()?;
    Ok(draw_comparison(heading, &rows))
}

/// The same as a file.
pub fn write(path: &Path, source: &Source, shown: Vec<Shown<'_>>) -> Result<()> {
    let canvas = draw(&source.size().sentence(source.path()), source, shown)?;
    let mut file = Pending::create(path)?;
    canvas.write_png(&mut file)?;
    publish(vec![file.seal()?])?;
    Ok(())
}

impl Shown<'_> {
    fn row(mut self, source: &Source) -> Result<Row> {
        match self.variable.shape.len() {
            1 => self.over_time(source),
            _ => self.at_step(source),
        }
    }

    /// A cut through one step.
    fn at_step(&mut self, source: &Source) -> Result<Row> {
        let shape = &self.variable.shape;
        let measured = self
            .measured
            .iter()
            .find(|m| m.step.index == self.step)
            .ok_or_else(|| Failure::Usage(format!("--png-step {}: this step was not compared", self.step)))?;
        let mut region = Region::of(&Extent::whole(shape));
        let mut title = format!(
            "{}, step {} (cycle {}, t = {})",
            self.variable.name,
            self.step,
            measured.step.cycle,
            short(measured.step.time)
        );
        if let [depth, _, _] = shape[..] {
            let at = self.slice.unwrap_or(depth / 2);
            if at >= depth {
                return Err(Failure::Usage(format!(
                    "--png-slice {at}: the slowest axis has indices 0 to {}",
                    depth - 1
                )));
            }
            (region.start[0], region.count[0]) = (at, 1);
            title.push_str(&format!(", slice z = {at} of 0..{}", depth - 1));
        }
        let [rows, columns] = shape[shape.len() - 2..] else {
            return Err(Failure::Internal("a slice has two axes".into()));
        };
        let mut values = buffer(self.series.element_type);
        self.series.read(self.step as usize, &mut values)?;
        let original = part(&values, region.start[0] * (region.len() / region.count[0]), rows * columns, shape.len());
        let decoded = source.read(self.variable, &measured.step, &region)?;
        Ok(Row {
            title,
            numbers: format!(
                "PSNR {} dB   max error {}   SSIM {:.4}",
                decibels(measured.distortion.psnr()),
                short(measured.distortion.max_error),
                measured.ssim
            ),
            vertical: ("y".into(), rows - 1),
            horizontal: ("x".into(), columns - 1),
            original: Slice { rows, columns, values: original },
            decoded: Slice { rows, columns, values: decoded },
        })
    }

    /// All compared steps of a one-dimensional variable, time upwards.
    fn over_time(&mut self, source: &Source) -> Result<Row> {
        let columns = self.variable.shape[0];
        let region = Region::of(&Extent::whole(&self.variable.shape));
        let every = self.measured.len().div_ceil(MOST_STEPS);
        let (mut original, mut decoded) = (Vec::new(), Vec::new());
        let mut values = buffer(self.series.element_type);
        let mut rows = 0;
        for m in self.measured.iter().step_by(every) {
            self.series.read(m.step.index as usize, &mut values)?;
            original.extend(part(&values, 0, columns, 1));
            decoded.extend(source.read::<f64>(self.variable, &m.step, &region)?);
            rows += 1;
        }
        let last = self.measured.last().map_or(0, |m| m.step.index as usize);
        Ok(Row {
            title: format!("{}, steps 0 to {last}", self.variable.name),
            numbers: String::new(),
            vertical: ("step".into(), last),
            horizontal: ("x".into(), columns - 1),
            original: Slice { rows, columns, values: original },
            decoded: Slice { rows, columns, values: decoded },
        })
    }
}

/// `n` values from `first` on, of data with this rank (2D data has but one slice).
fn part(values: &Values, first: usize, n: usize, rank: usize) -> Vec<f64> {
    let first = if rank == 3 { first } else { 0 };
    (first..first + n).map(|i| values.get(i)).collect()
}
