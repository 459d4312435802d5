//! Options of the method: its networks and their training. Handed to the method by name, which has the last word on
//! their values; `preset` stands for what the chosen preset has.

use limbeck_codec::PRESETS;

use super::{OptionKind, OptionSpec};

const fn option(name: &'static str, kind: OptionKind, doc: &'static str) -> OptionSpec {
    OptionSpec { name, kind, unit: "", word: Some("preset"), default: "preset", doc }
}

const fn whole(max: i64) -> OptionKind {
    OptionKind::Integer { min: 0, max }
}

const fn number(min: f64, max: f64) -> OptionKind {
    OptionKind::Number { min, max }
}

const NETWORK: OptionKind = OptionKind::Choice(&["siren", "residual", "kdinr", "kdinr-paper"]);
const OPTIMISER: OptionKind = OptionKind::Choice(&["adam", "muon"]);
const NETWORK_DOC: &str = "Family of the network: siren (constant width), residual (the same in residual blocks of two layers), kdinr (the paper's bottleneck blocks, the \
                           frequency in the first layer), kdinr-paper (the frequency in every layer).";
const WIDTH_DOC: &str = "Neurons per layer (siren, residual) or the paper's m (kdinr); 0: chosen by size.";
const DEPTH_DOC: &str = "Hidden layers (siren) or residual blocks (the others).";
const OMEGA_DOC: &str = "Frequency of the first layer; 0: chosen by resolution.";
const OPTIMISER_DOC: &str = "Optimiser of the matrices.";
const BATCH_DOC: &str = "Samples per optimiser step; 0: chosen by size.";
const SAMPLES_DOC: &str = "Samples of a fit from nothing; 0: chosen by size.";
const RATE_DOC: &str = "Highest learning rate of Adam.";
const MATRIX_RATE_DOC: &str = "Highest learning rate of the matrices that Muon has.";
const HALVING_DOC: &str = "Optimiser steps between halvings of the rates; 0: cosine.";
const BITS_DOC: &str = "Bits of the largest weight of a row; 0: 32-bit floats.";
const FINE_TUNE_DOC: &str = "Share of the samples spent training at the rounded weights.";

pub(super) const METHOD: &[OptionSpec] = &[
    OptionSpec {
        name: "preset",
        kind: OptionKind::Choice(&PRESETS),
        unit: "",
        word: None,
        default: PRESETS[0],
        doc: "Starting point of all options of the method: fast (chosen by measurement), best (four times the samples), \
              paper (exactly the published hyper-parameters).",
    },
    OptionSpec {
        name: "seed",
        kind: OptionKind::Integer { min: 0, max: i64::MAX },
        unit: "",
        word: None,
        default: "0",
        doc: "Seed of all random numbers. Same seed and data give the same bytes on one instruction set.",
    },
    option("effort", number(1e-3, 1e3), "Multiplies the samples that are chosen by size."),
    option(
        "sampler",
        OptionKind::Choice(&["uniform", "entropy", "mixture"]),
        "How values are drawn for a teacher: all alike, by the entropy of their 4^d cell (equations 1 and 2 of the paper), \
         or half and half.",
    ),
    option(
        "importance",
        OptionKind::Flag,
        "Draw samples more often where the network errs, and weight them by the inverse: teachers (with sampler = uniform) where the \
         teacher before erred, the student where it errs itself.",
    ),
    option("teacher.network", NETWORK, NETWORK_DOC),
    option("teacher.width", whole(1024), WIDTH_DOC),
    option("teacher.depth", OptionKind::Integer { min: 1, max: 64 }, DEPTH_DOC),
    option("teacher.omega", number(0.0, 1e3), OMEGA_DOC),
    option("teacher.optimiser", OPTIMISER, OPTIMISER_DOC),
    option("teacher.batch", whole(1_000_000), BATCH_DOC),
    option("teacher.samples", whole(1_000_000_000_000_000), SAMPLES_DOC),
    option("teacher.rate", number(0.0, 1.0), RATE_DOC),
    option("teacher.matrix_rate", number(0.0, 1.0), MATRIX_RATE_DOC),
    option("teacher.halving", whole(1_000_000_000), HALVING_DOC),
    option("teacher.bits", number(0.0, 16.0), BITS_DOC),
    option("teacher.fine_tune", number(0.0, 0.9), FINE_TUNE_DOC),
    option("teacher.warm_start", OptionKind::Flag, "Start each teacher from the one of the previous step."),
    option(
        "teacher.warm_share",
        number(1e-3, 1.0),
        "Share of the samples of a fit that starts from a previous teacher.",
    ),
    option(
        "teacher.key_interval",
        OptionKind::Integer { min: 1, max: 1_000_000_000 },
        "Steps from one teacher that is coded whole to the next; those between are differences to the previous one.",
    ),
    option("student.network", NETWORK, NETWORK_DOC),
    option("student.width", whole(1024), WIDTH_DOC),
    option("student.depth", OptionKind::Integer { min: 1, max: 64 }, DEPTH_DOC),
    option("student.omega", number(0.0, 1e3), OMEGA_DOC),
    option("student.optimiser", OPTIMISER, OPTIMISER_DOC),
    // Samples come in chunks of so many, and a batch from one chunk.
    option("student.batch", whole(65_536), BATCH_DOC),
    option("student.samples", whole(1_000_000_000_000_000), SAMPLES_DOC),
    option("student.rate", number(0.0, 1.0), RATE_DOC),
    option("student.matrix_rate", number(0.0, 1.0), MATRIX_RATE_DOC),
    option("student.halving", whole(1_000_000_000), HALVING_DOC),
    option(
        "student.bits",
        number(0.0, 16.0),
        "Bits per parameter that the width is chosen for; how finely weights are rounded follows from the bytes that there are. \
         0: 32-bit floats.",
    ),
    option("student.fine_tune", number(0.0, 0.9), FINE_TUNE_DOC),
    option(
        "student.from_teacher",
        OptionKind::Flag,
        "Begin the student from a teacher of the same family and depth instead of from nothing.",
    ),
    option(
        "symmetry",
        OptionKind::Flag,
        "Learn one half only of axes that are mirror images: in their middle, or in their first point where they are periodic. \
         Teachers look at their block, the student (with student.race) at the domain.",
    ),
    option(
        "student.race",
        OptionKind::Flag,
        "Choose by short fits whether the student folds mirrored axes (symmetry), and its frequency where student.omega is not \
         set; they take a twelfth of its samples or more.",
    ),
];
