//! What a run is about: its variables, their shapes, axes and blocks, and what the user said about them.

/// A value that the user attached to the run or to a variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// Any number of numbers.
    FloatArray(Vec<f64>),
}

/// Coordinates along one axis of a variable.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Where the grid points lie.
    pub coordinates: Coordinates,
    /// Name of the axis, "" if the user gave none.
    pub name: String,
    /// Units of the coordinates, "" if the user gave none.
    pub units: String,
}

/// Where the grid points of an axis lie.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Coordinates {
    /// Not known: the index is the coordinate.
    #[default]
    Index,
    /// Grid point i lies at `origin + i * spacing`.
    Uniform {
        /// Coordinate of grid point 0.
        origin: f64,
        /// Distance between neighbours; not 0, may be negative.
        spacing: f64,
    },
    /// One coordinate per grid point, strictly monotone.
    Explicit(Vec<f64>),
}

/// Where one block of a variable lies, and who hands it in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockDescription {
    /// Global index of the block's first value along each axis, slowest axis first.
    pub offset: Vec<u64>,
    /// Number of values along each axis, slowest axis first.
    pub count: Vec<u64>,
    /// Rank (process) that hands it in; its journal holds the block's frames.
    pub rank: u32,
}

/// One variable of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct VariableDescription {
    /// Its name; not empty, at most [`MAX_NAME`] bytes.
    pub name: String,
    /// Type of the values handed in: 4 float32, 8 float64 (bytes of a value).
    pub element_type: u8,
    /// Global shape, slowest axis first; 1 to 3 axes.
    pub shape: Vec<u64>,
    /// What the user said about it, in the order given: units, long name, anything.
    pub attributes: Vec<(String, Attribute)>,
    /// One per axis, slowest first; empty if no axis has coordinates.
    pub axes: Vec<Axis>,
    /// The blocks, by their global index. A value in several blocks belongs to the first of them.
    pub blocks: Vec<BlockDescription>,
}

/// A whole run, as agreed on when the session was committed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunDescription {
    /// Version of the library that wrote it.
    pub limbeck_version: String,
    /// What the user said about the run, in the order given.
    pub attributes: Vec<(String, Attribute)>,
    /// The variables; their index here is their number in frames.
    pub variables: Vec<VariableDescription>,
}

/// Longest name of a variable or an attribute in bytes.
pub const MAX_NAME: usize = 1024;
/// Most axes that a variable may have.
pub const MAX_AXES: usize = 3;

impl VariableDescription {
    /// The block that covers all of a variable; what a variable of one block on rank 0 has.
    pub fn whole_block(shape: &[u64]) -> BlockDescription {
        BlockDescription { offset: vec![0; shape.len()], count: shape.to_vec(), rank: 0 }
    }

    /// Number of values at one step.
    pub fn values(&self) -> u64 {
        self.shape.iter().product()
    }
}

impl RunDescription {
    /// What makes the description unfit for a file, as a sentence; None if it is sound. Writers refuse what this
    /// names, and readers refuse files that contain it, so that everybody else may rely on it.
    pub fn fault(&self) -> Option<String> {
        for (i, v) in self.variables.iter().enumerate() {
            if self.variables[..i].iter().any(|w| w.name == v.name) {
                return Some(format!("two variables are named \"{}\"", v.name));
            }
            if let Some(fault) = v.fault() {
                return Some(format!("variable {:?}: {fault}", shortened(&v.name)));
            }
        }
        attribute_fault(&self.attributes)
    }
}

impl VariableDescription {
    fn fault(&self) -> Option<String> {
        let rank = self.shape.len();
        if let Some(fault) = name_fault(&self.name) {
            return Some(fault);
        }
        if self.element_type != 4 && self.element_type != 8 {
            return Some(format!("element type {} is unknown", self.element_type));
        }
        if rank == 0 || rank > MAX_AXES {
            return Some(format!("it has {rank} axes, and 1 to {MAX_AXES} are possible"));
        }
        if self.shape.contains(&0) {
            return Some("an axis has no values".into());
        }
        // Positions in a volume are counted in usize and its bytes in u64 by everybody who reads this.
        if self.shape.iter().try_fold(8u64, |n, &s| n.checked_mul(s)).is_none_or(|n| n > i64::MAX as u64) {
            return Some(format!("shape {:?} has more values than can be counted", self.shape));
        }
        if !self.axes.is_empty() && self.axes.len() != rank {
            return Some(format!("it has {rank} axes, but coordinates for {}", self.axes.len()));
        }
        for (axis, &n) in self.axes.iter().zip(&self.shape) {
            if let Some(fault) = axis.fault(n) {
                return Some(fault);
            }
        }
        for (i, b) in self.blocks.iter().enumerate() {
            let fits = b.offset.len() == rank
                && b.count.len() == rank
                && (0..rank).all(|a| b.offset[a].checked_add(b.count[a]).is_some_and(|end| end <= self.shape[a]));
            if !fits {
                return Some(format!(
                    "block {i} at {:?} of {:?} values does not lie in {:?}",
                    b.offset, b.count, self.shape
                ));
            }
        }
        attribute_fault(&self.attributes)
    }
}

impl Axis {
    fn fault(&self, points: u64) -> Option<String> {
        match &self.coordinates {
            Coordinates::Index => None,
            Coordinates::Uniform { origin, spacing } => {
                (!origin.is_finite() || !spacing.is_finite() || *spacing == 0.0)
                    .then(|| format!("an axis from {origin} in steps of {spacing} is not possible"))
            }
            Coordinates::Explicit(values) if values.len() as u64 != points => {
                Some(format!("an axis of {points} points has {} coordinates", values.len()))
            }
            Coordinates::Explicit(values) => {
                let rising = values.windows(2).all(|w| w[0] < w[1]);
                let falling = values.windows(2).all(|w| w[0] > w[1]);
                (!(rising || falling) || values.iter().any(|x| !x.is_finite()))
                    .then(|| "coordinates of an axis are not strictly monotone and finite".into())
            }
        }
    }
}

fn name_fault(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("its name is empty".into())
    } else if name.len() > MAX_NAME {
        Some(format!("its name has {} bytes, and {MAX_NAME} are possible", name.len()))
    } else if name.contains('\0') {
        Some("its name contains a zero byte".into())
    } else {
        None
    }
}

fn attribute_fault(attributes: &[(String, Attribute)]) -> Option<String> {
    attributes.iter().enumerate().find_map(|(i, (name, _))| {
        if attributes[..i].iter().any(|(other, _)| other == name) {
            return Some(format!("two attributes are named \"{name}\""));
        }
        name_fault(name).map(|fault| format!("attribute {:?}: {fault}", shortened(name)))
    })
}

fn shortened(name: &str) -> String {
    name.chars().take(60).collect()
}
