//! VTK's XML image data (`.vti`, version 1.0, values appended as raw binary) and collections of them (`.pvd`), as
//! ParaView and VisIt read them.

use std::path::Path;

use limbeck_field::ElementType;

use super::{Pending, Sealed, bytes_of};
use crate::failure::{Failure, Result};

/// A regular grid in space. Arrays in the order z, y, x (slowest first); axes that the data has not come first and
/// have one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Points along each axis.
    pub count: [usize; 3],
    /// Coordinate of the first point.
    pub origin: [f64; 3],
    /// Distance between points.
    pub spacing: [f64; 3],
}

impl Grid {
    /// Number of points.
    pub fn len(&self) -> usize {
        self.count.iter().product()
    }
}

/// One step being written: a fixed list of scalar variables on one grid.
pub struct VtiFile {
    file: Pending,
    grid: Grid,
    element_type: ElementType,
    /// Variables still to come.
    missing: usize,
}

impl VtiFile {
    /// Begins the file; then come the values of each variable, in the order of `names`.
    pub fn create(
        path: &Path,
        grid: &Grid,
        names: &[&str],
        element_type: ElementType,
        time: Option<f64>,
    ) -> Result<VtiFile> {
        let mut file = Pending::create(path)?;
        file.write(header(grid, names, element_type, time).as_bytes())?;
        Ok(VtiFile { file, grid: *grid, element_type, missing: names.len() })
    }

    /// Writes the values of the next variable: C order, x fastest, which is VTK's order too.
    pub fn append(&mut self, values: &[f64]) -> Result<()> {
        if values.len() != self.grid.len() || self.missing == 0 {
            return Err(Failure::Internal(format!("{} values do not fit the grid of the .vti file", values.len())));
        }
        self.missing -= 1;
        self.file.write(&((values.len() * self.element_type.size()) as u64).to_le_bytes())?;
        bytes_of(values, self.element_type, |bytes| self.file.write(bytes))
    }

    /// Says that all variables are there.
    pub fn seal(mut self) -> Result<Sealed> {
        if self.missing > 0 {
            return Err(Failure::Internal(format!("{} variables of the .vti file were not written", self.missing)));
        }
        self.file.write(b"\n</AppendedData>\n</VTKFile>\n")?;
        self.file.seal()
    }
}

fn header(grid: &Grid, names: &[&str], element_type: ElementType, time: Option<f64>) -> String {
    let [z, y, x] = grid.count;
    let extent = format!("0 {} 0 {} 0 {}", x - 1, y - 1, z - 1);
    let triple = |[z, y, x]: [f64; 3]| format!("{x:?} {y:?} {z:?}");
    let kind = match element_type {
        ElementType::Float32 => "Float32",
        ElementType::Float64 => "Float64",
    };
    let mut xml = format!(
        "<?xml version=\"1.0\"?>\n\
         <VTKFile type=\"ImageData\" version=\"1.0\" byte_order=\"LittleEndian\" header_type=\"UInt64\">\n\
         <ImageData WholeExtent=\"{extent}\" Origin=\"{}\" Spacing=\"{}\">\n",
        triple(grid.origin),
        triple(grid.spacing)
    );
    if let Some(time) = time {
        xml.push_str(&format!(
            "<FieldData>\n<DataArray type=\"Float64\" Name=\"TimeValue\" NumberOfTuples=\"1\" format=\"ascii\">\
             {time:?}</DataArray>\n</FieldData>\n"
        ));
    }
    let first = escape(names.first().unwrap_or(&""));
    xml.push_str(&format!("<Piece Extent=\"{extent}\">\n<PointData Scalars=\"{first}\">\n"));
    // Each array is preceded by its length in bytes.
    let stride = 8 + grid.len() * element_type.size();
    for (i, name) in names.iter().enumerate() {
        xml.push_str(&format!(
            "<DataArray type=\"{kind}\" Name=\"{}\" format=\"appended\" offset=\"{}\"/>\n",
            escape(name),
            i * stride
        ));
    }
    xml.push_str("</PointData>\n</Piece>\n</ImageData>\n<AppendedData encoding=\"raw\">\n_");
    xml
}

/// Writes the `.pvd` file that gives each file of a series its time. File names are relative to it.
pub fn write_collection(path: &Path, files: &[(f64, String)]) -> Result<Sealed> {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?>\n<VTKFile type=\"Collection\" version=\"1.0\" byte_order=\"LittleEndian\">\n\
         <Collection>\n",
    );
    for (time, name) in files {
        xml.push_str(&format!("<DataSet timestep=\"{time:?}\" part=\"0\" file=\"{}\"/>\n", escape(name)));
    }
    xml.push_str("</Collection>\n</VTKFile>\n");
    let mut file = Pending::create(path)?;
    file.write(xml.as_bytes())?;
    file.seal()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
