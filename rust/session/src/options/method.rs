//! Options of the method: its networks and their training. Handed to the method by name.

use super::{OptionKind, OptionSpec};

pub(super) const METHOD: &[OptionSpec] = &[OptionSpec {
    name: "seed",
    kind: OptionKind::Integer { min: 0, max: i64::MAX },
    unit: "",
    word: None,
    default: "0",
    doc: "Seed of all random numbers. Same seed and data give the same bytes on one instruction set.",
}];
