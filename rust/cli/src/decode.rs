//! `limbeck decode`: decoded values as files that other programs read.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use limbeck_field::{ElementType, Region};
use serde_json::json;

use crate::console::{Console, Progress};
use crate::failure::{Failure, Result};
use crate::input::TypeName;
use crate::interrupt;
use crate::output::{
    ArrayFile, Grid, Names, NetcdfFile, NetcdfLayout, Sealed, VtiFile, VtkHdfFile, VtkHdfVariable, publish,
    without_slashes, write_collection,
};
use crate::selection::{self, Every, Slice, Slices};
use crate::source::{self, Source, Variable};
use crate::table;
use limbeck_reader::{State, Step};

/// What `decode` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// Variables to decode; all if not given
    #[arg(long, short, value_name = "NAME")]
    variable: Vec<String>,
    /// Steps to decode, as begin:end:every or one index; negative ones count from the end
    #[arg(long, value_name = "A:B:C", allow_hyphen_values = true)]
    steps: Option<Slice>,
    /// Part of the grid: one begin:end per axis, slowest axis first
    #[arg(long, value_name = "Z0:Z1,Y0:Y1,X0:X1", allow_hyphen_values = true)]
    region: Option<Slices>,
    /// Take every n-th grid point along all axes, or along each (nz,ny,nx)
    #[arg(long, value_name = "N")]
    every: Option<Every>,
    /// Format of the files; by default what the name of the output ends with
    #[arg(long)]
    format: Option<Format>,
    /// Type of the values in the files; by default that of the values handed in
    #[arg(long = "type", value_name = "TYPE")]
    element_type: Option<TypeName>,
    /// File to write. .npy and raw: one file [t, z, y, x] per variable (OUT-NAME.npy if there are several).
    /// .vti: one file per step (OUT-000000.vti ...) with all variables, and OUT.pvd that lists them with their times.
    /// .vtkhdf and .nc: one file with all variables and steps
    #[arg(long, short)]
    output: PathBuf,
}

/// Formats that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// NumPy array
    Npy,
    /// Bare values, little-endian, C order
    Raw,
    /// VTK image data, for ParaView and VisIt
    Vti,
    /// VTK image data with all steps in one HDF5 file, for ParaView from 5.12 on
    Vtkhdf,
    /// NetCDF with coordinates and attributes after the CF conventions, for xarray and others
    Nc,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Npy => "npy",
            Format::Raw => "raw",
            Format::Vti => "vti",
            Format::Vtkhdf => "vtkhdf",
            Format::Nc => "nc",
        }
    }

    /// True where the file says which step has which time, so that a step may be absent.
    fn has_times(self) -> bool {
        !matches!(self, Format::Npy | Format::Raw)
    }
}

/// What is decoded into which files.
struct Plan<'a> {
    source: &'a Source,
    variables: Vec<(Variable, Region)>,
    steps: Vec<Step>,
    element_type: Option<ElementType>,
    output: &'a Path,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let format = format_of(arguments)?;
    let source = Source::open(&arguments.path)?;
    crate::input::refuse_same(&arguments.path, &arguments.output)?;
    let region = |v: &Variable| selection::region(&v.shape, arguments.region.as_ref(), arguments.every.as_ref());
    let variables = source.select(&arguments.variable)?;
    let variables = variables.into_iter().map(|v| region(&v).map(|r| (v, r))).collect::<Result<Vec<_>>>()?;
    let mut steps = source.select_steps(arguments.steps)?;
    let missing = if format.has_times() { leave_out_missing(&mut steps)? } else { None };
    let element_type = arguments.element_type.map(ElementType::from);
    let plan = Plan { source: &source, variables, steps, element_type, output: &arguments.output };

    interrupt::listen()?;
    let progress = console.progress("decoding", (plan.steps.len() * plan.variables.len()) as u64, "steps");
    let sealed = match format {
        Format::Npy | Format::Raw => plan.arrays(format, &progress)?,
        Format::Vti => plan.images(&progress, console)?,
        Format::Vtkhdf => plan.vtkhdf(&progress, console)?,
        Format::Nc => plan.netcdf(&progress)?,
    };
    progress.finish();
    plan.report(publish(sealed)?, format, console)?;
    missing.map_or(Ok(()), Err)
}

/// Takes steps that cannot be read out of the list; returns what is to be said of them in the end.
fn leave_out_missing(steps: &mut Vec<Step>) -> Result<Option<Failure>> {
    let (missing, kept): (Vec<Step>, Vec<Step>) = std::mem::take(steps).into_iter().partition(source::is_missing);
    *steps = kept;
    let Some(Step { index, state: State::Missing(why), .. }) = missing.first() else { return Ok(None) };
    if steps.is_empty() {
        return Err(Failure::Archive(format!("step {index} cannot be read: {why}; choose others with --steps")));
    }
    let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
    Ok(Some(Failure::Degraded(format!("step {index}{more} is left out, as it cannot be read: {why}"))))
}

fn format_of(arguments: &Arguments) -> Result<Format> {
    let extension = arguments.output.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    match (arguments.format, extension.as_str()) {
        (Some(format), _) => Ok(format),
        (None, "npy") => Ok(Format::Npy),
        (None, "raw" | "bin" | "dat") => Ok(Format::Raw),
        (None, "vti" | "pvd") => Ok(Format::Vti),
        (None, "vtkhdf") => Ok(Format::Vtkhdf),
        (None, "nc") => Ok(Format::Nc),
        (None, _) => {
            let path = arguments.output.display();
            Err(Failure::Usage(format!(
                "{path} does not end with .npy, .raw, .vti, .vtkhdf or .nc; say which with --format"
            )))
        }
    }
}

impl Plan<'_> {
    /// One array per variable.
    fn arrays(&self, format: Format, progress: &Progress) -> Result<Vec<Sealed>> {
        let mut sealed = Vec::new();
        let mut names = Names::default();
        for (i, (variable, region)) in self.variables.iter().enumerate() {
            let name = names.take(&without_slashes(&variable.name));
            let path = match self.variables.len() {
                1 => self.output.to_path_buf(),
                _ => beside(self.output, &format!("-{name}"), format.name()),
            };
            let element_type = self.element_type.unwrap_or(variable.element_type);
            let mut file = match format {
                Format::Npy => {
                    let shape: Vec<usize> = std::iter::once(self.steps.len()).chain(region.count.clone()).collect();
                    ArrayFile::npy(&path, element_type, &shape)?
                }
                _ => ArrayFile::raw(&path, element_type)?,
            };
            for (j, step) in self.steps.iter().enumerate() {
                interrupt::check()?;
                file.append(&self.source.read(variable, step, region)?)?;
                progress.at((i * self.steps.len() + j + 1) as u64, &variable.name);
            }
            sealed.push(file.seal()?);
        }
        Ok(sealed)
    }

    /// One image per step, and the collection.
    fn images(&self, progress: &Progress, console: &Console) -> Result<Vec<Sealed>> {
        let grid = self.grid("vti", console)?;
        let names: Vec<&str> = self.variables.iter().map(|(v, _)| v.name.as_str()).collect();
        let wide = self.variables.iter().any(|(v, _)| v.element_type == ElementType::Float64);
        let widest = if wide { ElementType::Float64 } else { ElementType::Float32 };
        let element_type = self.element_type.unwrap_or(widest);
        let (mut sealed, mut listed) = (Vec::new(), Vec::new());
        for (i, step) in self.steps.iter().enumerate() {
            let path = match self.steps.len() {
                1 => self.output.with_extension("vti"),
                _ => beside(self.output, &format!("-{:06}", step.index), "vti"),
            };
            let mut file = VtiFile::create(&path, &grid, &names, element_type, Some(step.time))?;
            for (j, (variable, region)) in self.variables.iter().enumerate() {
                interrupt::check()?;
                file.append(&self.source.read(variable, step, region)?)?;
                progress.at((i * self.variables.len() + j + 1) as u64, &variable.name);
            }
            listed.push((step.time, path.file_name().unwrap_or_default().to_string_lossy().into_owned()));
            sealed.push(file.seal()?);
        }
        if self.steps.len() > 1 {
            sealed.push(write_collection(&self.output.with_extension("pvd"), &listed)?);
        }
        Ok(sealed)
    }

    /// All steps in one file of images.
    fn vtkhdf(&self, progress: &Progress, console: &Console) -> Result<Vec<Sealed>> {
        let grid = self.grid("vtkhdf", console)?;
        let data = self.source.dataset();
        let described = |(v, _): &(Variable, Region)| {
            let attributes = &data.variable(&v.name)?.attributes;
            let element_type = self.element_type.unwrap_or(v.element_type);
            Ok((v.name.clone(), element_type, attributes))
        };
        let variables = self.variables.iter().map(described).collect::<Result<Vec<_>>>()?;
        let variables = variables.iter().map(|(name, t, a)| VtkHdfVariable { name, element_type: *t, attributes: a });
        let times: Vec<f64> = self.steps.iter().map(|s| s.time).collect();
        let variables: Vec<VtkHdfVariable<'_>> = variables.collect();
        let mut file = VtkHdfFile::create(self.output, &grid, &variables, data.attributes(), &times)?;
        self.each_step(progress, |values| file.append(values))?;
        Ok(vec![file.seal()?])
    }

    /// All steps in one file with coordinates.
    fn netcdf(&self, progress: &Progress) -> Result<Vec<Sealed>> {
        let layout = NetcdfLayout::new(self.source, &self.variables, &self.steps, self.element_type)?;
        let mut file = NetcdfFile::create(self.output, &layout)?;
        self.each_step(progress, |values| file.append(values))?;
        Ok(vec![file.seal()?])
    }

    /// Reads all variables step by step.
    fn each_step(&self, progress: &Progress, mut take: impl FnMut(&[f64]) -> Result<()>) -> Result<()> {
        for (i, step) in self.steps.iter().enumerate() {
            for (j, (variable, region)) in self.variables.iter().enumerate() {
                interrupt::check()?;
                take(&self.source.read(variable, step, region)?)?;
                progress.at((i * self.variables.len() + j + 1) as u64, &variable.name);
            }
        }
        Ok(())
    }

    /// The grid that all variables share.
    fn grid(&self, format: &str, console: &Console) -> Result<Grid> {
        let mut common: Option<Grid> = None;
        for (variable, region) in &self.variables {
            let (grid, remarks) = variable.grid(region);
            remarks
                .iter()
                .for_each(|r| console.warn(&format!("{r}; a .{format} file has its index as coordinate instead")));
            if common.is_some_and(|c| c != grid) {
                return Err(Failure::Usage(format!(
                    "variable {:?} lies on another grid than {:?}, and a .{format} file has one grid; decode them one at \
                     a time with --variable, or as .nc",
                    variable.name, self.variables[0].0.name
                )));
            }
            common = Some(grid);
        }
        common.ok_or_else(|| Failure::Usage("there is no variable to decode".into()))
    }

    fn report(&self, files: Vec<PathBuf>, format: Format, console: &Console) -> Result<()> {
        let mut text = String::new();
        let shapes = self.variables.iter().map(|(variable, region)| {
            let shape: Vec<usize> = std::iter::once(self.steps.len()).chain(region.count.clone()).collect();
            text.push_str(&format!("{}: {} values\n", variable.name, table::shape(&shape)));
            json!({"name": variable.name, "shape": shape, "start": region.start, "every": region.every})
        });
        let shapes: Vec<_> = shapes.collect();
        match files.as_slice() {
            [first, .., last] if files.len() > 4 => {
                text.push_str(&format!("{} files, {} ... {}\n", files.len(), first.display(), last.display()));
            }
            few => few.iter().for_each(|f| text.push_str(&format!("{}\n", f.display()))),
        }
        let document = json!({
            "format": format.name(), "steps": self.steps.iter().map(|s| s.index).collect::<Vec<_>>(), "variables": shapes,
            "files": files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>(),
        });
        console.result(&text, &document)
    }
}

/// `dir/out.npy` -> `dir/out<suffix>.<extension>`
fn beside(path: &Path, suffix: &str, extension: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}{suffix}.{extension}"))
}
