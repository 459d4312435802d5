//! A table of points with values, written a line at a time.

use std::io::{self, BufWriter, StdoutLock};
use std::path::Path;

use csv::{ByteRecord, Writer};

use crate::failure::{Failure, Result};
use crate::output::{Pending, Sealed};
use crate::points::Chunk;

/// Where the lines go.
pub enum AnswerTable {
    /// To whoever reads our output.
    Stdout(Writer<BufWriter<StdoutLock<'static>>>),
    /// To a file that is there when it is complete.
    File(Writer<Pending>),
}

impl AnswerTable {
    /// A file, or stdout.
    pub fn create(path: Option<&Path>) -> Result<AnswerTable> {
        Ok(match path {
            Some(path) => AnswerTable::File(Writer::from_writer(Pending::create(path)?)),
            None => AnswerTable::Stdout(Writer::from_writer(BufWriter::new(io::stdout().lock()))),
        })
    }

    /// Writes the names of the columns.
    pub fn header(&mut self, names: &[String]) -> Result<()> {
        self.line(&names.iter().map(String::as_bytes).collect())
    }

    /// Writes a line for each point of the chunk: what was read, then the values of each variable in the shortest form
    /// that is read back as the same number.
    pub fn rows(&mut self, chunk: &Chunk, values: &[Vec<f64>]) -> Result<()> {
        let mut line = ByteRecord::new();
        for (i, record) in chunk.records().enumerate() {
            line.clear();
            record.iter().for_each(|field| line.push_field(field.as_bytes()));
            values.iter().for_each(|of_variable| line.push_field(of_variable[i].to_string().as_bytes()));
            self.line(&line)?;
        }
        Ok(())
    }

    /// Says that all lines are there. A file has to be published.
    pub fn finish(self) -> Result<Option<Sealed>> {
        match self {
            AnswerTable::Stdout(mut writer) => writer.flush().map(|()| None).map_err(|e| Failure::of_stdout(&e)),
            AnswerTable::File(writer) => match writer.into_inner() {
                Ok(pending) => pending.seal().map(Some),
                Err(e) => {
                    let (error, writer) = (io::Error::from(e.error().kind()), e.into_inner());
                    Err(writer.get_ref().failure(&error))
                }
            },
        }
    }

    fn line(&mut self, fields: &ByteRecord) -> Result<()> {
        match self {
            AnswerTable::Stdout(writer) => {
                writer.write_byte_record(fields).map_err(|e| Failure::of_stdout(&io_error(e)))
            }
            AnswerTable::File(writer) => {
                let written = writer.write_byte_record(fields);
                written.map_err(|e| writer.get_ref().failure(&io_error(e)))
            }
        }
    }
}

fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(e) => e,
        other => io::Error::other(format!("{other:?}")),
    }
}
