//! Optimisers on packed parameters.

mod adam;
mod muon;

pub(crate) use adam::Adam;
pub use adam::AdamStep;
#[cfg(feature = "gpu")]
pub(crate) use muon::POLYNOMIAL;
pub(crate) use muon::{Muon, NEWTON_SCHULZ};

/// How parameters follow their gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimiser {
    /// Adam (Kingma and Ba 2015) for all parameters, beta = (0.9, 0.999).
    Adam,
    /// Muon (Jordan et al. 2024) for the hidden matrices: momentum, orthogonalised by Newton-Schulz iterations;
    /// Adam for everything else (first and last layer, biases).
    Muon,
}

/// Learning rate over the course of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// Linear warm-up over the first share of the steps, then half a cosine down to 0.
    Cosine {
        /// Highest rate.
        rate: f32,
        /// Share of the steps spent warming up, 0 to 1.
        warm_up: f32,
    },
    /// Halved after every `every` steps (the paper: 1e-4 halved every 100 epochs).
    Halving {
        /// Initial rate.
        rate: f32,
        /// Steps between halvings, at least 1.
        every: u64,
    },
}

impl Schedule {
    /// Rate at a step of a fit of `steps` steps.
    pub fn rate(&self, step: u64, steps: u64) -> f32 {
        match *self {
            Schedule::Cosine { rate, warm_up } => {
                let (at, all) = (step as f32 + 0.5, steps.max(1) as f32);
                let rising = warm_up * all;
                if at < rising {
                    rate * at / rising
                } else {
                    let done = (at - rising) / (all - rising).max(1.0);
                    rate * 0.5 * (1.0 + (std::f32::consts::PI * done.min(1.0)).cos())
                }
            }
            Schedule::Halving { rate, every } => rate * 0.5f32.powi((step / every.max(1)) as i32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_start_and_end_where_they_say() {
        let s = Schedule::Cosine { rate: 1.0, warm_up: 0.1 };
        assert!(s.rate(0, 1000) < 0.01 && (s.rate(100, 1000) - 1.0).abs() < 1e-3 && s.rate(999, 1000) < 1e-5);
        let h = Schedule::Halving { rate: 1.0, every: 100 };
        assert_eq!((h.rate(99, 0), h.rate(100, 0), h.rate(399, 0)), (1.0, 0.5, 0.125));
    }
}
