//! Definition of variables, their attributes, axes and blocks.

use limbeck_archive::{Attribute, Axis, BlockDescription, Coordinates, MAX_AXES, VariableDescription};
use limbeck_field::{ElementType, Layout};

use crate::{BlockId, Error, Result, Session, VariableId};

/// Longest name in bytes.
const LONGEST_NAME: usize = 255;

impl Session {
    /// Defines a variable. `shape`: its global shape, slowest axis first, 1 to 3 axes. Before commit.
    ///
    /// # Errors
    /// InvalidArgument if the name is empty, longer than 255 bytes, contains control characters or is taken, or the shape
    /// is not possible; State after commit.
    pub fn define_variable(&mut self, name: &str, t: ElementType, shape: &[usize]) -> Result<VariableId> {
        self.before_commit("define a variable")?;
        check_name("variable", name)?;
        if self.description.variables.iter().any(|v| v.name == name) {
            return Err(Error::InvalidArgument(format!("there is a variable {name:?} already")));
        }
        if shape.is_empty() || shape.len() > MAX_AXES {
            return Err(Error::InvalidArgument(format!(
                "variable {name:?} has {} axes, and 1 to {MAX_AXES} are possible",
                shape.len()
            )));
        }
        if let Some(axis) = shape.iter().position(|&n| n == 0) {
            return Err(Error::InvalidArgument(format!("axis {axis} of variable {name:?} has no values")));
        }
        if shape.iter().try_fold(8usize, |n, &s| n.checked_mul(s)).is_none_or(|n| n > isize::MAX as usize) {
            return Err(Error::InvalidArgument(format!(
                "variable {name:?} of {shape:?} values is larger than any memory"
            )));
        }
        let id = u32::try_from(self.description.variables.len())
            .map_err(|_| Error::InvalidArgument("there are too many variables".into()))?;
        self.description.variables.push(VariableDescription {
            name: name.to_owned(),
            element_type: element_number(t),
            shape: shape.iter().map(|&n| n as u64).collect(),
            attributes: Vec::new(),
            axes: Vec::new(),
            blocks: Vec::new(),
        });
        self.layouts.push(Vec::new());
        Ok(VariableId(id))
    }

    /// Says something about a variable, or with None about the run. A name set twice keeps the later value. Before commit.
    ///
    /// # Errors
    /// InvalidArgument for a bad name or a variable of another session; State after commit.
    pub fn set_attribute(&mut self, on: Option<VariableId>, name: &str, value: Attribute) -> Result<()> {
        self.before_commit("set an attribute")?;
        check_name("attribute", name)?;
        let list = match on {
            None => &mut self.description.attributes,
            Some(v) => &mut self.variable(v)?.attributes,
        };
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => list.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Says where the grid points of an axis (0: slowest) lie. Before commit.
    ///
    /// # Errors
    /// InvalidArgument if there is no such axis, or the coordinates are not finite, not strictly monotone or not one
    /// for each grid point; State after commit.
    pub fn set_axis(&mut self, v: VariableId, axis: usize, coordinates: Coordinates) -> Result<()> {
        self.change_axis(v, axis, |a| a.coordinates = coordinates)
    }

    /// Gives an axis (0: slowest) a name and units; both may be empty. Before commit.
    ///
    /// # Errors
    /// InvalidArgument if there is no such axis; State after commit.
    pub fn name_axis(&mut self, v: VariableId, axis: usize, name: &str, units: &str) -> Result<()> {
        for text in [name, units].into_iter().filter(|t| !t.is_empty()) {
            check_name("axis", text)?;
        }
        self.change_axis(v, axis, |a| (a.name, a.units) = (name.to_owned(), units.to_owned()))
    }

    fn change_axis(&mut self, v: VariableId, axis: usize, change: impl FnOnce(&mut Axis)) -> Result<()> {
        self.before_commit("describe an axis")?;
        let variable = self.variable(v)?;
        let mut changed = variable.clone();
        let rank = changed.shape.len();
        if changed.axes.is_empty() {
            changed.axes = vec![Axis::default(); rank];
        }
        let name = changed.name.clone();
        let entry = changed.axes.get_mut(axis).ok_or_else(|| {
            Error::InvalidArgument(format!("variable {name:?} has {rank} axes, so there is no axis {axis}"))
        })?;
        change(entry);
        let whole = limbeck_archive::RunDescription { variables: vec![changed], ..Default::default() };
        if let Some(fault) = whole.fault() {
            return Err(Error::InvalidArgument(fault));
        }
        if let Some(changed) = whole.variables.into_iter().next() {
            *variable = changed;
        }
        Ok(())
    }

    /// Announces a block that will be put at every step: its place in the variable, slowest axis first, and the byte
    /// strides of the array it will be copied from (None: contiguous, C order). Before commit.
    ///
    /// # Errors
    /// InvalidArgument if offset, count or strides have another number of axes than the variable, the block is empty,
    /// reaches outside the variable, or its strides are smaller than a value (0 is possible: one value repeated) or reach
    /// beyond the address space; State after commit.
    pub fn add_block(
        &mut self,
        v: VariableId,
        offset: &[usize],
        count: &[usize],
        strides: Option<&[isize]>,
    ) -> Result<BlockId> {
        self.before_commit("add a block")?;
        let rank = self.ranks.rank() as u32;
        let variable = self.variable(v)?;
        let (name, shape) = (&variable.name, &variable.shape);
        if offset.len() != shape.len() || count.len() != shape.len() {
            return Err(Error::InvalidArgument(format!(
                "variable {name:?} has {} axes, the block's offset {} and its count {}",
                shape.len(),
                offset.len(),
                count.len()
            )));
        }
        for (axis, ((&o, &n), &size)) in offset.iter().zip(count).zip(shape).enumerate() {
            if n == 0 {
                return Err(Error::InvalidArgument(format!("axis {axis} of a block of {name:?} has no values")));
            }
            if o.checked_add(n).is_none_or(|end| end as u64 > size) {
                return Err(Error::InvalidArgument(format!(
                    "a block of {name:?} has {n} values from {o} along axis {axis}, and the variable has {size}"
                )));
            }
        }
        let t = element_type(variable.element_type);
        let overlap = |(&stride, &n): (&isize, &usize)| n > 1 && stride != 0 && stride.unsigned_abs() < t.size();
        if let Some(strides) = strides.filter(|s| s.iter().zip(count).any(overlap)) {
            return Err(Error::InvalidArgument(format!(
                "the strides {strides:?} of a block of {name:?} are smaller than a value, which has {} bytes: strides are \
                 counted in bytes, not in values",
                t.size()
            )));
        }
        let layout = match strides {
            None => Layout::contiguous(t, count)?,
            Some(strides) => Layout::strided(t, count, strides)?,
        };
        let block = u32::try_from(variable.blocks.len())
            .map_err(|_| Error::InvalidArgument(format!("variable {name:?} has too many blocks")))?;
        variable.blocks.push(BlockDescription {
            offset: offset.iter().map(|&o| o as u64).collect(),
            count: count.iter().map(|&n| n as u64).collect(),
            rank,
        });
        self.layouts[v.0 as usize].push(layout);
        Ok(BlockId { variable: v.0, block })
    }

    fn before_commit(&self, what: &str) -> Result<()> {
        self.same_process()?;
        match self.running {
            None => Ok(()),
            Some(_) => Err(Error::State(format!("it is too late to {what}: the session is committed"))),
        }
    }

    fn variable(&mut self, v: VariableId) -> Result<&mut VariableDescription> {
        let n = self.description.variables.len();
        self.description.variables.get_mut(v.0 as usize).ok_or_else(|| {
            Error::InvalidArgument(format!("this session has {n} variables, and none of number {}", v.0))
        })
    }
}

fn check_name(what: &str, name: &str) -> Result<()> {
    let shown: String = name.chars().take(40).flat_map(char::escape_default).collect();
    let fault = if name.is_empty() {
        "is empty".to_owned()
    } else if name.len() > LONGEST_NAME {
        format!("{shown}... has {} bytes, and {LONGEST_NAME} are possible", name.len())
    } else if name.chars().any(char::is_control) {
        format!("{shown} contains control characters")
    } else {
        return Ok(());
    };
    Err(Error::InvalidArgument(format!("the name of the {what} {fault}")))
}

/// Number of a type in files: the bytes of a value.
fn element_number(t: ElementType) -> u8 {
    match t {
        ElementType::Float32 => 4,
        ElementType::Float64 => 8,
    }
}

/// The type with this number; the container refuses others than 4 and 8.
pub(crate) fn element_type(number: u8) -> ElementType {
    if number == 4 { ElementType::Float32 } else { ElementType::Float64 }
}
