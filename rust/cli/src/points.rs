//! Points in a table of comma-separated values, some at a time.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::console::{Console, Progress};
use crate::failure::{Failure, Result};
use crate::output::Names;
use crate::source::Variable;
use crate::table::grouped;

/// Points that are in memory at once.
const CHUNK: usize = 1 << 16;

/// A table of points being read.
pub struct PointTable {
    reader: csv::Reader<Box<dyn Read>>,
    origin: Origin,
    /// The first line, until it is used as header or as point.
    first: Option<StringRecord>,
}

/// Where points come from.
enum Origin {
    /// A file and its length, if it has one.
    File(String, Option<u64>),
    Stdin,
    CommandLine,
}

/// What the columns are.
pub struct Columns {
    /// Names of the columns that are read.
    pub names: Vec<String>,
    /// By variable: the columns of its time and its axes, slowest first.
    pub by_variable: Vec<Vec<usize>>,
}

/// Some lines of the table, with their numbers.
#[derive(Default)]
pub struct Chunk {
    records: Vec<(u64, StringRecord)>,
    used: usize,
}

impl PointTable {
    /// Opens a file, or stdin for "-".
    pub fn open(path: &Path) -> Result<PointTable> {
        if path == Path::new("-") {
            return PointTable::new(Box::new(io::stdin()), Origin::Stdin);
        }
        let cannot = |e| Failure::io("cannot open", path, &e);
        let file = File::open(path).map_err(cannot)?;
        let metadata = file.metadata().map_err(cannot)?;
        if metadata.is_dir() {
            return Err(Failure::Data(format!("{} is a directory, not a table of points", path.display())));
        }
        let bytes = metadata.is_file().then_some(metadata.len());
        PointTable::new(Box::new(file), Origin::File(path.display().to_string(), bytes))
    }

    /// Points from the command line, "t,z,y,x" each.
    pub fn of_points(points: &[String]) -> Result<PointTable> {
        PointTable::new(Box::new(io::Cursor::new(points.join("\n"))), Origin::CommandLine)
    }

    fn new(source: Box<dyn Read>, origin: Origin) -> Result<PointTable> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).trim(Trim::All).buffer_capacity(1 << 18);
        let mut table = PointTable { reader: builder.from_reader(source), origin, first: None };
        let mut record = StringRecord::new();
        if !table.next(&mut record)? {
            return Err(Failure::Data(format!("{} holds no points", table.origin.name())));
        }
        table.first = Some(record);
        Ok(table)
    }

    /// Finds the columns of each variable's points: by the names in the first line, or by their order if it is a point.
    pub fn columns(&mut self, variables: &[Variable]) -> Result<Columns> {
        let Some(first) = &self.first else { return Err(Failure::Internal("the first line is gone".into())) };
        // Some programs mark the header as a comment, or begin with a mark of the text's encoding.
        let bare = |text: &str| text.trim_start_matches('\u{feff}').trim_start_matches('#').trim().to_string();
        let names: Vec<String> = first.iter().map(bare).collect();
        let is_header = names.iter().all(|name| name.parse::<f64>().is_err());
        let columns = match is_header && !matches!(self.origin, Origin::CommandLine) {
            true => Columns::named(names, variables),
            false => Columns::in_order(names.len(), variables),
        };
        let columns = columns.map_err(|what| Failure::Data(format!("{}: {what}", self.place(1, None))))?;
        if is_header && !matches!(self.origin, Origin::CommandLine) {
            self.first = None;
        }
        Ok(columns)
    }

    /// Reads the next lines; false if there are none.
    pub fn read(&mut self, chunk: &mut Chunk, columns: &Columns) -> Result<bool> {
        chunk.used = 0;
        while chunk.used < CHUNK {
            if chunk.used == chunk.records.len() {
                chunk.records.push((0, StringRecord::new()));
            }
            let (line, record) = &mut chunk.records[chunk.used];
            match self.first.take() {
                Some(first) => *record = first,
                None if self.next(record)? => {}
                None => break,
            }
            *line = record.position().map_or(0, csv::Position::line);
            let blank = record.len() == 1 && record.iter().all(str::is_empty) && columns.names.len() > 1;
            if blank {
                continue;
            }
            if record.len() != columns.names.len() {
                let (found, wanted) = (record.len(), columns.names.len());
                let place = self.place(*line, None);
                return Err(Failure::Data(format!("{place}: there are {found} columns where {wanted} are expected")));
            }
            chunk.used += 1;
        }
        Ok(chunk.used > 0)
    }

    fn next(&mut self, record: &mut StringRecord) -> Result<bool> {
        self.reader.read_record(record).map_err(|e| {
            let line = e.position().map_or(0, csv::Position::line);
            match e.into_kind() {
                csv::ErrorKind::Io(e) => Failure::io("cannot read", Path::new(self.origin.name()), &e),
                csv::ErrorKind::Utf8 { .. } => Failure::Data(format!("{}: this is no text", self.place(line, None))),
                other => Failure::Data(format!("{}: {other:?}", self.origin.name())),
            }
        })
    }

    /// Where something stands, for messages; columns count from 0.
    pub fn place(&self, line: u64, column: Option<(usize, &Columns)>) -> String {
        let column = column.map(|(i, columns)| (i + 1, &columns.names[i]));
        match (&self.origin, column) {
            (Origin::CommandLine, None) => format!("--point number {line}"),
            (Origin::CommandLine, Some((i, name))) => format!("--point number {line}, number {i} of it ({name})"),
            (origin, None) => format!("{}, line {line}", origin.name()),
            (origin, Some((i, name))) => format!("{}, line {line}, column {i} ({name})", origin.name()),
        }
    }

    /// Begins to tell how far the reading is.
    pub fn progress(&self, console: &Console) -> Progress {
        match self.origin {
            Origin::File(_, Some(bytes)) => console.progress("evaluating", bytes, "bytes"),
            _ => console.progress("evaluating", 0, "points"),
        }
    }

    /// Tells how far the reading is when so many points are evaluated.
    pub fn show(&self, points: u64, progress: &Progress) {
        match self.origin {
            Origin::File(_, Some(_)) => {
                progress.at(self.reader.position().byte(), &format!("{} points", grouped(points)));
            }
            _ => progress.at(points, ""),
        }
    }
}

impl Origin {
    fn name(&self) -> &str {
        match self {
            Origin::File(name, _) => name,
            Origin::Stdin => "stdin",
            Origin::CommandLine => "--point",
        }
    }
}

impl Columns {
    fn named(names: Vec<String>, variables: &[Variable]) -> std::result::Result<Columns, String> {
        let find = |wanted: &[&str]| -> std::result::Result<usize, String> {
            let fits = |name: &String| wanted.iter().any(|w| w.eq_ignore_ascii_case(name));
            let mut found = (0..names.len()).filter(|&i| fits(&names[i]));
            match (found.next(), found.next()) {
                (Some(i), None) => Ok(i),
                (None, _) => {
                    Err(format!("there is no column {} in the header {}", wanted.join(" or "), names.join(",")))
                }
                (Some(_), Some(_)) => Err(format!("there are two columns {}", wanted.join(" or "))),
            }
        };
        let columns = |v: &Variable| {
            let axes = (0..v.shape.len()).map(|axis| find(&v.axis_names(axis)));
            std::iter::once(find(&["t", "time"])).chain(axes).collect::<std::result::Result<Vec<_>, _>>()
        };
        let by_variable = variables.iter().map(columns).collect::<std::result::Result<_, _>>()?;
        Ok(Columns { names, by_variable })
    }

    fn in_order(count: usize, variables: &[Variable]) -> std::result::Result<Columns, String> {
        let mut names = Vec::new();
        for v in variables {
            let axes = (0..v.shape.len()).map(|axis| v.axis_names(axis)[0].to_string());
            names = std::iter::once("t".to_string()).chain(axes).collect();
            if names.len() != count {
                return Err(format!(
                    "there are {count} columns, but {:?} takes {}: {}; a header line with these names allows others too",
                    v.name,
                    names.len(),
                    names.join(",")
                ));
            }
        }
        let by_variable = variables.iter().map(|_| (0..count).collect()).collect();
        Ok(Columns { names, by_variable })
    }

    /// The columns of a table with the values of these variables behind those that were read.
    pub fn with_values(&self, variables: &[Variable]) -> Vec<String> {
        let mut names = Names::default();
        let mut all: Vec<String> = self.names.clone();
        all.iter().for_each(|name| {
            names.take(name);
        });
        all.extend(variables.iter().map(|v| names.take(&v.name)));
        all
    }
}

impl Chunk {
    /// Number of points.
    pub fn len(&self) -> usize {
        self.used
    }

    /// The lines as they were read.
    pub fn records(&self) -> impl Iterator<Item = &StringRecord> {
        self.records[..self.used].iter().map(|(_, record)| record)
    }

    /// Line of a point.
    pub fn line(&self, point: usize) -> u64 {
        self.records[point].0
    }

    /// The points, with the coordinates in these columns.
    pub fn coordinates(&self, of_point: &[usize], columns: &Columns, table: &PointTable) -> Result<Vec<f64>> {
        let mut all = Vec::with_capacity(self.used * of_point.len());
        for (line, record) in &self.records[..self.used] {
            for &i in of_point {
                let text = &record[i];
                all.push(text.parse::<f64>().map_err(|_| {
                    Failure::Data(format!("{}: {text:?} is no number", table.place(*line, Some((i, columns)))))
                })?);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use limbeck_field::ElementType;
    use limbeck_reader::Axis;

    use super::*;

    fn table(text: &'static str) -> Result<PointTable> {
        PointTable::new(Box::new(text.as_bytes()), Origin::File("p.csv".into(), None))
    }

    fn variable(axes: &[&str]) -> Variable {
        let axis = |name: &&str| Axis { name: name.to_string(), ..Axis::default() };
        Variable {
            name: "u".into(),
            shape: vec![4; axes.len()],
            element_type: ElementType::Float32,
            axes: axes.iter().map(axis).collect(),
        }
    }

    #[test]
    fn columns_are_found_by_name_or_order() {
        let mut named = table("# X, id,time,lat\n1,a,2,3\n\n4,b,5,6").unwrap();
        let columns = named.columns(&[variable(&["lat", ""])]).unwrap();
        assert_eq!(columns.by_variable, [[2, 3, 0]]);
        let mut chunk = Chunk::default();
        assert!(named.read(&mut chunk, &columns).unwrap());
        assert_eq!(chunk.coordinates(&[2, 3, 0], &columns, &named).unwrap(), [2.0, 3.0, 1.0, 5.0, 6.0, 4.0]);
        assert_eq!((chunk.line(0), chunk.line(1)), (2, 4));
        assert!(!named.read(&mut chunk, &columns).unwrap());
        let mut plain = table("1,2,3\n").unwrap();
        assert_eq!(plain.columns(&[variable(&["", ""])]).unwrap().names, ["t", "y", "x"]);
        assert!(plain.read(&mut chunk, &Columns { names: vec![String::new(); 3], by_variable: vec![] }).unwrap());
        assert_eq!(chunk.len(), 1);
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        let says = |text: &'static str, words: &str| {
            let result = table(text).and_then(|mut t| {
                let columns = t.columns(&[variable(&[""])])?;
                let mut chunk = Chunk::default();
                while t.read(&mut chunk, &columns)? {
                    chunk.coordinates(&columns.by_variable[0], &columns, &t)?;
                }
                Ok(())
            });
            let error = result.unwrap_err();
            assert!(error.to_string().contains(words) && error.code() == 3, "{error}");
        };
        says("", "no points");
        says("t,y\n1,2", "line 1: there is no column x");
        says("t,x,x\n1,2,3", "two columns");
        says("1,2,3", "line 1: there are 3 columns");
        says("t,x\n1,2\n3", "line 3: there are 1 columns where 2 are expected");
        says("t,x\n1,2\n3,four", "line 3, column 2 (x): \"four\" is no number");
        says("t;x\n1;2", "no column t or time in the header t;x");
    }
}
