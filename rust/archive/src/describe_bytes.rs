//! Run descriptions to flatbuffer tables and back.

use crate::describe::{Attribute, Axis, BlockDescription, Coordinates, RunDescription, VariableDescription};
use crate::schema::{
    AttributeEntryT, AttributeKind, AxisEntryT, AxisKind, BlockEntryT, RunEntry, RunEntryT, VariableEntryT, from_bytes,
    to_bytes,
};
use crate::{Error, Result};

/// An empty list is stored as an absent one.
pub(crate) fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn text(s: &str) -> Option<String> {
    (!s.is_empty()).then(|| s.to_owned())
}

impl RunDescription {
    /// As bytes, for other processes of the run. Errors: InvalidArgument if it is not sound.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.to_flat()
    }

    /// Back from [`RunDescription::to_bytes`]. Errors: Corruption.
    pub fn from_bytes(bytes: &[u8]) -> Result<RunDescription> {
        RunDescription::from_flat(bytes)
    }

    pub(crate) fn to_flat(&self) -> Result<Vec<u8>> {
        let entry = self.to_entry()?;
        to_bytes(|b| entry.pack(b))
    }

    pub(crate) fn from_flat(bytes: &[u8]) -> Result<RunDescription> {
        RunDescription::from_entry(from_bytes::<RunEntry>(bytes, "the run")?.unpack())
    }

    pub(crate) fn to_entry(&self) -> Result<RunEntryT> {
        if let Some(fault) = self.fault() {
            return Err(Error::InvalidArgument(fault));
        }
        Ok(RunEntryT {
            limbeck_version: text(&self.limbeck_version),
            attributes: attributes_to(&self.attributes),
            variables: some(self.variables.iter().map(variable_to).collect()),
        })
    }

    pub(crate) fn from_entry(e: RunEntryT) -> Result<RunDescription> {
        let run = RunDescription {
            limbeck_version: e.limbeck_version.unwrap_or_default(),
            attributes: attributes_from(e.attributes)?,
            variables: e.variables.unwrap_or_default().into_iter().map(variable_from).collect::<Result<_>>()?,
        };
        match run.fault() {
            Some(fault) => Err(Error::Corruption(format!("the description of the run is not sound: {fault}"))),
            None => Ok(run),
        }
    }
}

fn variable_to(v: &VariableDescription) -> VariableEntryT {
    let default_blocks = v.blocks.len() == 1 && v.blocks[0] == VariableDescription::whole_block(&v.shape);
    VariableEntryT {
        name: v.name.clone(),
        element_type: v.element_type,
        shape: some(v.shape.clone()),
        attributes: attributes_to(&v.attributes),
        axes: some(v.axes.iter().map(axis_to).collect()),
        blocks: (!default_blocks).then(|| v.blocks.iter().map(block_to).collect()),
    }
}

fn variable_from(e: VariableEntryT) -> Result<VariableDescription> {
    let shape = e.shape.unwrap_or_default();
    let blocks = match e.blocks {
        Some(blocks) => blocks.into_iter().map(block_from).collect(),
        None => vec![VariableDescription::whole_block(&shape)],
    };
    Ok(VariableDescription {
        name: e.name,
        element_type: e.element_type,
        shape,
        attributes: attributes_from(e.attributes)?,
        axes: e.axes.unwrap_or_default().into_iter().map(axis_from).collect::<Result<_>>()?,
        blocks,
    })
}

fn block_to(b: &BlockDescription) -> BlockEntryT {
    BlockEntryT { offset: some(b.offset.clone()), count: some(b.count.clone()), rank: b.rank }
}

fn block_from(e: BlockEntryT) -> BlockDescription {
    BlockDescription { offset: e.offset.unwrap_or_default(), count: e.count.unwrap_or_default(), rank: e.rank }
}

fn axis_to(a: &Axis) -> AxisEntryT {
    let mut e = AxisEntryT { name: text(&a.name), units: text(&a.units), ..AxisEntryT::default() };
    match &a.coordinates {
        Coordinates::Index => e.kind = AxisKind::None,
        Coordinates::Uniform { origin, spacing } => {
            (e.kind, e.origin, e.spacing) = (AxisKind::Uniform, *origin, *spacing);
        }
        Coordinates::Explicit(values) => (e.kind, e.values) = (AxisKind::Explicit, Some(values.clone())),
    }
    e
}

fn axis_from(e: AxisEntryT) -> Result<Axis> {
    let coordinates = match e.kind {
        AxisKind::None => Coordinates::Index,
        AxisKind::Uniform => Coordinates::Uniform { origin: e.origin, spacing: e.spacing },
        AxisKind::Explicit => Coordinates::Explicit(e.values.unwrap_or_default()),
        AxisKind(n) => return Err(unknown("axis", n)),
    };
    Ok(Axis { coordinates, name: e.name.unwrap_or_default(), units: e.units.unwrap_or_default() })
}

fn attributes_to(attributes: &[(String, Attribute)]) -> Option<Vec<AttributeEntryT>> {
    some(attributes.iter().map(|(name, a)| attribute_to(name, a)).collect())
}

fn attribute_to(name: &str, a: &Attribute) -> AttributeEntryT {
    let mut e = AttributeEntryT { name: name.to_owned(), ..AttributeEntryT::default() };
    match a {
        Attribute::Text(s) => (e.kind, e.text) = (AttributeKind::Text, Some(s.clone())),
        Attribute::Integer(i) => (e.kind, e.integer) = (AttributeKind::Integer, *i),
        Attribute::Float(x) => (e.kind, e.floats) = (AttributeKind::Float, Some(vec![*x])),
        Attribute::FloatArray(x) => (e.kind, e.floats) = (AttributeKind::FloatArray, Some(x.clone())),
    }
    e
}

fn attributes_from(entries: Option<Vec<AttributeEntryT>>) -> Result<Vec<(String, Attribute)>> {
    let from = |e: AttributeEntryT| {
        let floats = e.floats.unwrap_or_default();
        let value = match (e.kind, floats.as_slice()) {
            (AttributeKind::Text, _) => Attribute::Text(e.text.unwrap_or_default()),
            (AttributeKind::Integer, _) => Attribute::Integer(e.integer),
            (AttributeKind::Float, &[x]) => Attribute::Float(x),
            (AttributeKind::FloatArray, _) => Attribute::FloatArray(floats),
            (AttributeKind(n), _) => return Err(unknown("attribute", n)),
        };
        Ok((e.name, value))
    };
    entries.unwrap_or_default().into_iter().map(from).collect()
}

fn unknown(what: &str, kind: u8) -> Error {
    Error::Compatibility(format!("an {what} of kind {kind} is unknown to this build of limbeck: use a newer one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_description_survives() {
        let shape = vec![4, 5, 3];
        let run = RunDescription {
            limbeck_version: "0.1.0".into(),
            attributes: vec![
                ("title".into(), Attribute::Text("a run".into())),
                ("seed".into(), Attribute::Integer(-7)),
            ],
            variables: vec![
                VariableDescription {
                    name: "density".into(),
                    element_type: 8,
                    shape: shape.clone(),
                    attributes: vec![
                        ("units".into(), Attribute::Text("kg m-3".into())),
                        ("gamma".into(), Attribute::Float(1.4)),
                        ("empty".into(), Attribute::FloatArray(vec![])),
                    ],
                    axes: vec![
                        Axis { name: "z".into(), ..Axis::default() },
                        Axis {
                            coordinates: Coordinates::Uniform { origin: -1.0, spacing: 0.5 },
                            name: "y".into(),
                            units: "m".into(),
                        },
                        Axis { coordinates: Coordinates::Explicit(vec![0.0, 0.1, 0.7]), ..Axis::default() },
                    ],
                    blocks: vec![
                        BlockDescription { offset: vec![0, 0, 0], count: vec![2, 5, 3], rank: 0 },
                        BlockDescription { offset: vec![2, 0, 0], count: vec![2, 5, 3], rank: 1 },
                    ],
                },
                VariableDescription {
                    name: "flux".into(),
                    element_type: 4,
                    shape: vec![9],
                    attributes: vec![],
                    axes: vec![],
                    blocks: vec![VariableDescription::whole_block(&[9])],
                },
            ],
        };
        assert_eq!(RunDescription::from_flat(&run.to_flat().unwrap()).unwrap(), run);
        let mut empty_rank = run.clone();
        empty_rank.variables[1].blocks.clear();
        assert_eq!(RunDescription::from_flat(&empty_rank.to_flat().unwrap()).unwrap(), empty_rank);
    }

    #[test]
    fn unsound_descriptions_are_refused() {
        let variable = VariableDescription {
            name: "a".into(),
            element_type: 4,
            shape: vec![4],
            attributes: vec![],
            axes: vec![],
            blocks: vec![],
        };
        let bad = |change: &dyn Fn(&mut VariableDescription)| {
            let mut v = variable.clone();
            change(&mut v);
            RunDescription { variables: vec![v], ..RunDescription::default() }.to_flat().unwrap_err().to_string()
        };
        assert!(bad(&|v| v.name.clear()).contains("empty"));
        assert!(bad(&|v| v.name = "n".repeat(10_000)).contains("10000 bytes"));
        assert!(bad(&|v| v.shape = vec![]).contains("0 axes"));
        assert!(bad(&|v| v.shape = vec![1 << 40, 1 << 40]).contains("more values"));
        assert!(bad(&|v| v.shape = vec![0]).contains("no values"));
        assert!(
            bad(&|v| v.blocks = vec![BlockDescription { offset: vec![3], count: vec![2], rank: 0 }])
                .contains("block 0")
        );
        assert!(
            bad(&|v| v.axes =
                vec![Axis { coordinates: Coordinates::Explicit(vec![0.0, 1.0, 1.0, 2.0]), ..Axis::default() }])
            .contains("monotone")
        );
        let twice = RunDescription { variables: vec![variable.clone(), variable], ..RunDescription::default() };
        assert!(twice.to_flat().unwrap_err().to_string().contains("two variables"));
    }
}
