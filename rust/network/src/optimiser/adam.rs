//! Adam.

use crate::kernels::{self, Kernel};

/// Constants of one step of Adam.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    /// Learning rate.
    pub rate: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// 1 - beta1^t.
    pub correction1: f32,
    /// 1 - beta2^t.
    pub correction2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
}

/// Moments of a parameter array.
pub(crate) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

impl Adam {
    pub fn new(len: usize) -> Adam {
        Adam { first: vec![0.0; len], second: vec![0.0; len], steps: 0 }
    }

    /// Begins a step: fixes the bias corrections.
    pub fn begin(&mut self, rate: f32) -> AdamStep {
        self.steps = self.steps.saturating_add(1);
        let (beta1, beta2) = (0.9f32, 0.999f32);
        let correction1 = 1.0 - beta1.powi(self.steps);
        let correction2 = 1.0 - beta2.powi(self.steps);
        AdamStep { rate, beta1, beta2, correction1, correction2, epsilon: 1e-8 }
    }

    /// Applies the step to the parameters that begin at `first` of the array.
    pub fn apply(&mut self, kernel: Kernel, step: AdamStep, first: usize, parameters: &mut [f32], gradient: &[f32]) {
        let range = first..first + parameters.len();
        kernels::adam(kernel, step, parameters, gradient, &mut self.first[range.clone()], &mut self.second[range]);
    }
}
