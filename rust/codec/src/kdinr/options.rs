//! What can be chosen about teachers and student.

use limbeck_network::Optimiser;

use crate::{Error, Result};

/// Family of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Plain SIREN.
    Siren,
    /// Residual SIREN.
    Residual,
    /// The paper's network with the frequency in the first layer only.
    KdInr,
    /// The paper's network with the frequency in every layer, as its authors have it.
    KdInrPaper,
}

/// How voxels are drawn for a teacher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampler {
    /// All alike.
    Uniform,
    /// By the entropy of their 4^d cell (eqs. 1 and 2 of the paper).
    Entropy {
        /// Added to every cell's probability; 0.01 in the paper.
        epsilon: f64,
    },
    /// A share uniform, the rest by entropy.
    Mixture {
        /// Share drawn uniformly, 0 to 1.
        uniform: f64,
        /// As in [`Sampler::Entropy`].
        epsilon: f64,
    },
}

/// How a network is shaped and fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FitOptions {
    /// Family of the network.
    pub family: Family,
    /// Neurons per layer (SIREN) or the paper's m; 0: chosen by size.
    pub width: usize,
    /// Hidden layers or residual blocks.
    pub depth: usize,
    /// Initial frequency; 0: chosen by resolution.
    pub omega: f32,
    /// Optimiser.
    pub optimiser: Optimiser,
    /// Samples per optimiser step; 0: chosen by size.
    pub batch: usize,
    /// Samples of a fit from nothing; 0: chosen by size.
    pub samples: u64,
    /// Adam's highest rate.
    pub rate: f32,
    /// Highest rate of the matrices that Muon has; wide layers take less of it, see [`FitOptions::for_width`].
    pub matrix_rate: f32,
    /// Steps between halvings of the rates; 0: cosine.
    pub halving: u64,
    /// Teachers: bits of the largest weight of a row. Student: bits per parameter that its width is chosen for. 0: 32-bit floats.
    pub bits: f32,
    /// Share of the samples spent training at the rounded point.
    pub fine_tune: f32,
}

/// Options of the method.
#[derive(Clone, Debug, PartialEq)]
pub struct KdInrOptions {
    /// One network per step, variable and block.
    pub teacher: FitOptions,
    /// Multiplies the samples that are chosen by size.
    pub effort: f64,
    /// Share of `teacher.samples` when the previous step's teacher is the start.
    pub warm_share: f32,
    /// Start each teacher from the previous one.
    pub warm_start: bool,
    /// Steps from one teacher coded whole to the next, at least 1.
    pub key_interval: u64,
    /// How voxels are drawn.
    pub sampler: Sampler,
    /// The network over space and time.
    pub student: FitOptions,
    /// Begin the student from a teacher of the same family and depth, and not wider, instead of from nothing.
    pub student_from_teacher: bool,
    /// Choose the student's frequency (where it is not set) and its folds by short fits.
    pub student_race: bool,
    /// Learn one half only of axes that are mirror images.
    pub symmetry: bool,
    /// Draw samples more often where the network errs (teachers: where the one before did), and weight them by the inverse.
    pub importance: bool,
}

impl Default for KdInrOptions {
    fn default() -> Self {
        KdInrOptions::preset("fast").unwrap_or_else(|_| unreachable!("`fast` is a preset"))
    }
}

/// Names of the presets.
pub const PRESETS: [&str; 3] = ["fast", "best", "paper"];

impl KdInrOptions {
    /// `fast`: chosen by measurement; `best`: the same with four times the samples; `paper`: the published
    /// hyper-parameters (method and Table I of the paper, its authors' code where the paper is silent).
    pub fn preset(name: &str) -> Result<KdInrOptions> {
        let teacher = FitOptions {
            family: Family::Siren,
            width: 0,
            depth: 4,
            omega: 0.0,
            optimiser: Optimiser::Muon,
            batch: 0,
            samples: 0,
            rate: 5e-3,
            matrix_rate: 1.5e-2,
            halving: 0,
            bits: 8.0,
            fine_tune: 0.1,
        };
        let student = FitOptions { bits: 6.75, rate: 1e-2, matrix_rate: 2e-2, ..teacher };
        let fast = KdInrOptions {
            teacher,
            effort: 1.0,
            warm_share: 0.4,
            warm_start: true,
            key_interval: 16,
            sampler: Sampler::Uniform,
            student,
            student_from_teacher: true,
            student_race: true,
            symmetry: true,
            importance: true,
        };
        match name {
            "fast" => Ok(fast),
            "best" => Ok(KdInrOptions { effort: 4.0, ..fast }),
            "paper" => {
                let paper = FitOptions {
                    family: Family::KdInrPaper,
                    width: 16,
                    depth: 6,
                    omega: 30.0,
                    optimiser: Optimiser::Adam,
                    batch: 32_000,
                    samples: 0,
                    rate: 1e-4,
                    matrix_rate: 0.0,
                    halving: 100,
                    bits: 0.0,
                    fine_tune: 0.0,
                };
                Ok(KdInrOptions {
                    teacher: paper,
                    warm_start: false,
                    key_interval: 1,
                    sampler: Sampler::Entropy { epsilon: 0.01 },
                    student: FitOptions { rate: 1e-5, ..paper },
                    student_from_teacher: false,
                    student_race: false,
                    symmetry: false,
                    importance: false,
                    ..fast
                })
            }
            _ => Err(Error::InvalidArgument(format!("preset = {name}: must be one of {}", PRESETS.join(", ")))),
        }
    }

    /// Sets one option by its name (without the preset, which is a starting point of its own).
    ///
    /// # Errors
    /// `InvalidArgument` that says what values are possible. Unknown names are an error too.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        match key {
            "effort" => self.effort = number(key, value, 1e-3, 1e3)?,
            "sampler" => self.sampler = sampler(value)?,
            "teacher.warm_start" => self.warm_start = boolean(key, value)?,
            "teacher.warm_share" => self.warm_share = number(key, value, 1e-3, 1.0)?,
            "teacher.key_interval" => self.key_interval = number(key, value, 1.0, 1e9)?,
            "student.from_teacher" => self.student_from_teacher = boolean(key, value)?,
            "symmetry" => self.symmetry = boolean(key, value)?,
            "importance" => self.importance = boolean(key, value)?,
            "student.race" => self.student_race = boolean(key, value)?,
            _ => match key.split_once('.') {
                Some(("teacher", name)) => self.teacher.set(key, name, value)?,
                Some(("student", name)) => self.student.set(key, name, value)?,
                _ => return Err(Error::InvalidArgument(format!("{key} is no option of the method kdinr"))),
            },
        }
        Ok(())
    }
}

impl FitOptions {
    /// The same with Muon's rate lowered for layers wider than 96 neurons, by the square root of the width: one
    /// orthogonal update moves a wide layer's outputs further.
    pub(crate) fn for_width(&self, width: usize) -> FitOptions {
        FitOptions { matrix_rate: self.matrix_rate * (96.0 / width.max(96) as f32).sqrt(), ..*self }
    }

    /// The same with a batch size.
    pub(crate) fn with_batch(&self, batch: usize) -> FitOptions {
        FitOptions { batch, ..*self }
    }

    /// The same with learning rates multiplied by `share`.
    pub(crate) fn calmer(&self, share: f32) -> FitOptions {
        FitOptions { rate: self.rate * share, matrix_rate: self.matrix_rate * share, ..*self }
    }

    fn set(&mut self, key: &str, name: &str, value: &str) -> Result<()> {
        match name {
            "network" => {
                self.family = choice(
                    key,
                    value,
                    &[
                        ("siren", Family::Siren),
                        ("residual", Family::Residual),
                        ("kdinr", Family::KdInr),
                        ("kdinr-paper", Family::KdInrPaper),
                    ],
                )?;
            }
            "width" => self.width = number(key, value, 0.0, 1024.0)?,
            "depth" => self.depth = number(key, value, 1.0, 64.0)?,
            "omega" => self.omega = number(key, value, 0.0, 1e3)?,
            "optimiser" => {
                self.optimiser = choice(key, value, &[("adam", Optimiser::Adam), ("muon", Optimiser::Muon)])?;
            }
            "batch" => self.batch = number(key, value, 0.0, 1e6)?,
            "samples" => self.samples = number(key, value, 0.0, 1e15)?,
            "rate" => self.rate = number(key, value, 0.0, 1.0)?,
            "matrix_rate" => self.matrix_rate = number(key, value, 0.0, 1.0)?,
            "halving" => self.halving = number(key, value, 0.0, 1e9)?,
            "bits" => self.bits = number(key, value, 0.0, 16.0)?,
            "fine_tune" => self.fine_tune = number(key, value, 0.0, 0.9)?,
            _ => return Err(Error::InvalidArgument(format!("{key} is no option of the method kdinr"))),
        }
        Ok(())
    }
}

/// A number in a closed range; whole where the option is. Accepts 2000000 and 2e6 alike.
fn number<T: Cast>(key: &str, value: &str, low: f64, high: f64) -> Result<T> {
    let parsed = value.trim().parse::<f64>().ok().filter(|v| (low..=high).contains(v));
    parsed.and_then(T::cast).ok_or_else(|| {
        let kind = if T::WHOLE { "a whole number" } else { "a number" };
        Error::InvalidArgument(format!("{key} = {value}: must be {kind} from {low} to {high}"))
    })
}

trait Cast: Sized {
    const WHOLE: bool;
    fn cast(v: f64) -> Option<Self>;
}

macro_rules! cast {
    ($($t:ty: $whole:expr),*) => {$(
        impl Cast for $t {
            const WHOLE: bool = $whole;
            fn cast(v: f64) -> Option<Self> {
                (!$whole || v.fract() == 0.0).then_some(v as $t)
            }
        }
    )*};
}
cast!(f32: false, f64: false, usize: true, u64: true);

fn boolean(key: &str, value: &str) -> Result<bool> {
    choice(key, value, &[("true", true), ("false", false)])
}

fn choice<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T> {
    choices.iter().find(|(name, _)| *name == value.trim()).map(|(_, c)| *c).ok_or_else(|| {
        let names: Vec<&str> = choices.iter().map(|(n, _)| *n).collect();
        Error::InvalidArgument(format!("{key} = {value}: must be {}", names.join(" or ")))
    })
}

/// `uniform`, `entropy` or `mixture`.
fn sampler(value: &str) -> Result<Sampler> {
    const EPSILON: f64 = 0.01;
    choice(
        "sampler",
        value,
        &[
            ("uniform", Sampler::Uniform),
            ("entropy", Sampler::Entropy { epsilon: EPSILON }),
            ("mixture", Sampler::Mixture { uniform: 0.5, epsilon: 0.0 }),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_set_by_name_and_checked() {
        let mut o = KdInrOptions::default();
        o.set("teacher.width", "48").expect("in range");
        o.set("student.samples", "2e6").expect("whole");
        o.set("sampler", "mixture").expect("known");
        assert_eq!((o.teacher.width, o.student.samples), (48, 2_000_000));
        for (key, value) in [
            ("teacher.width", "48.5"),
            ("teacher.width", "-1"),
            ("teacher.depth", "0"),
            ("student.bits", "x"),
            ("student.rate", "NaN"),
            ("sampler", "best"),
            ("teacher.nothing", "1"),
            ("nothing", "1"),
        ] {
            let before = o.clone();
            assert!(o.set(key, value).is_err(), "{key} = {value}");
            assert_eq!(o, before);
        }
        assert!(PRESETS.iter().all(|p| KdInrOptions::preset(p).is_ok()) && KdInrOptions::preset("x").is_err());
    }
}
