//! `limbeck query`: values at points, a table in and a table out.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use limbeck_reader::{Outside, Space};
use serde_json::{Value, json};

use crate::answers::AnswerTable;
use crate::console::Console;
use crate::document::number;
use crate::failure::{Failure, Result};
use crate::interrupt;
use crate::output::publish;
use crate::points::{Chunk, Columns, PointTable};
use crate::source::{Source, Variable};
use crate::table::grouped;

/// What `query` takes.
#[derive(Args)]
pub struct Arguments {
    /// Archive (run.lbk) or unfinished run (run.lbk.d)
    path: PathBuf,
    /// CSV file with one point per line; - reads stdin. A header names the columns: t or time, and the names of the
    /// axes; other columns are handed through. Without a header the columns are t,z,y,x (t,y,x or t,x for fewer axes)
    #[arg(long, value_name = "FILE|-", required_unless_present = "point", conflicts_with = "point")]
    points: Option<PathBuf>,
    /// One point: its time, then its place, slowest axis first; may be repeated
    #[arg(long, value_name = "T,Z,Y,X", allow_hyphen_values = true)]
    point: Vec<String>,
    /// Variables to evaluate; all if not given
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    variable: Vec<String>,
    /// What the columns count: times and coordinates (indices along axes that have none), or indices of steps and grid
    /// points
    #[arg(long, default_value = "physical")]
    space: SpaceName,
    /// What becomes of points outside the run or more than half a cell outside the grid
    #[arg(long, default_value = "error")]
    outside: OutsideName,
    /// CSV file to write; by default stdout
    #[arg(long, short, value_name = "OUT.csv")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SpaceName {
    Index,
    Physical,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutsideName {
    /// The command fails and names the first of them
    Error,
    /// The nearest point inside is evaluated
    Clamp,
    /// Their values are NaN
    Nan,
}

/// What is evaluated, and how.
struct Query<'a> {
    source: &'a Source,
    variables: Vec<Variable>,
    columns: Columns,
    space: Space,
    outside: Outside,
}

/// Runs the command.
pub fn run(arguments: &Arguments, console: &Console) -> Result<()> {
    let source = Source::open(&arguments.path)?;
    if let Some(output) = &arguments.output {
        crate::input::refuse_same(&arguments.path, output)?;
        arguments.points.iter().try_for_each(|points| crate::input::refuse_same(points, output))?;
    }
    let variables = source.select(&arguments.variable)?;
    let mut points = match &arguments.points {
        Some(path) => PointTable::open(path)?,
        None => PointTable::of_points(&arguments.point)?,
    };
    let columns = points.columns(&variables)?;
    let (space, outside) = (arguments.space.into(), arguments.outside.into());
    let query = Query { source: &source, variables, columns, space, outside };
    interrupt::listen()?;
    match (&arguments.output, console.json) {
        (None, true) => query.document(&mut points, console),
        (output, _) => query.table(&mut points, output.as_deref(), console),
    }
}

impl Query<'_> {
    /// Values of all variables at the points of a chunk.
    fn evaluate(&self, chunk: &Chunk, points: &PointTable) -> Result<Vec<Vec<f64>>> {
        let variables = self.variables.iter().zip(&self.columns.by_variable);
        variables.map(|(variable, columns)| self.values(variable, columns, chunk, points)).collect()
    }

    fn values(&self, variable: &Variable, columns: &[usize], chunk: &Chunk, points: &PointTable) -> Result<Vec<f64>> {
        let data = self.source.dataset();
        let coordinates = chunk.coordinates(columns, &self.columns, points)?;
        let sampled = data.sample_with(&variable.name, &coordinates, self.space, self.outside);
        sampled.map_err(|e| match data.first_outside(&variable.name, &coordinates, self.space) {
            Ok(Some(stray)) if self.outside == Outside::Error || stray.value.is_nan() => {
                let column = Some((columns[stray.coordinate], &self.columns));
                Failure::Data(format!(
                    "{}: {} is outside of {:?}, which reaches from {} to {} there; --outside nan lets such points pass, and \
                     --outside clamp moves them to the border",
                    points.place(chunk.line(stray.point), column),
                    stray.value,
                    variable.name,
                    stray.low,
                    stray.high
                ))
            }
            _ => e.into(),
        })
    }

    /// Writes a line for each point.
    fn table(&self, points: &mut PointTable, output: Option<&Path>, console: &Console) -> Result<()> {
        let mut answers = AnswerTable::create(output)?;
        // Lines that run over a terminal show well enough how far it is.
        let shown = Console { quiet: console.quiet || (output.is_none() && io::stdout().is_terminal()), ..*console };
        let progress = points.progress(&shown);
        answers.header(&self.columns.with_values(&self.variables))?;
        let (mut rows, mut chunk) = (0, Chunk::default());
        while points.read(&mut chunk, &self.columns)? {
            interrupt::check()?;
            answers.rows(&chunk, &self.evaluate(&chunk, points)?)?;
            rows += chunk.len() as u64;
            points.show(rows, &progress);
        }
        progress.finish();
        let Some(sealed) = answers.finish()? else { return Ok(()) };
        let files: Vec<String> = publish(vec![sealed])?.iter().map(|f| f.display().to_string()).collect();
        let names: Vec<&str> = self.variables.iter().map(|v| v.name.as_str()).collect();
        let text = format!("{} at {} points: {}\n", names.join(", "), grouped(rows), files.join(", "));
        console.result(&text, &json!({"points": rows, "variables": names, "files": files}))
    }

    /// Prints all lines as one document, for which they have to be in memory together.
    fn document(&self, points: &mut PointTable, console: &Console) -> Result<()> {
        let mut rows: Vec<Value> = Vec::new();
        let mut chunk = Chunk::default();
        while points.read(&mut chunk, &self.columns)? {
            interrupt::check()?;
            let values = self.evaluate(&chunk, points)?;
            rows.extend(chunk.records().enumerate().map(|(i, record)| {
                let given = record.iter().map(|text| text.parse().map_or_else(|_| json!(text), number));
                given.chain(values.iter().map(|v| number(v[i]))).collect::<Value>()
            }));
        }
        console.result("", &json!({"columns": self.columns.with_values(&self.variables), "rows": rows}))
    }
}

impl From<SpaceName> for Space {
    fn from(name: SpaceName) -> Space {
        match name {
            SpaceName::Index => Space::Index,
            SpaceName::Physical => Space::Physical,
        }
    }
}

impl From<OutsideName> for Outside {
    fn from(name: OutsideName) -> Outside {
        match name {
            OutsideName::Error => Outside::Error,
            OutsideName::Clamp => Outside::Clamp,
            OutsideName::Nan => Outside::Nan,
        }
    }
}
