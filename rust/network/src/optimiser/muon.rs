//! Muon: momentum whose matrix is orthogonalised before it is applied.

use crate::kernels::{self, Kernel, PAD};

const MOMENTUM: f32 = 0.95;
/// Newton-Schulz iterations per step.
pub(crate) const NEWTON_SCHULZ: usize = 5;
/// Coefficients of their quintic polynomial, Jordan et al. (2024): singular values are driven into about [0.7, 1.2].
pub(crate) const POLYNOMIAL: [f32; 3] = [3.4445, -4.7750, 2.0315];

/// State for one matrix of `rows` x `columns` (columns padded to PAD in the parameter array, `pitch`).
pub(crate) struct Muon {
    pub rows: usize,
    pub columns: usize,
    pub pitch: usize,
    /// Offset of the matrix in the packed parameters.
    pub offset: usize,
    iterations: usize,
    momentum: Vec<f32>,
    x: Vec<f32>,
    next: Vec<f32>,
    transposed: Vec<f32>,
    gram: Vec<f32>,
    polynomial: Vec<f32>,
}

impl Muon {
    pub fn new(rows: usize, columns: usize, pitch: usize, offset: usize, iterations: usize) -> Muon {
        let (small, large) = (rows.min(columns), rows.max(columns));
        let (small_pitch, large_pitch) = (small.next_multiple_of(PAD), large.next_multiple_of(PAD));
        Muon {
            rows,
            columns,
            pitch,
            offset,
            iterations,
            momentum: vec![0.0; rows * pitch],
            x: vec![0.0; small * large_pitch],
            next: vec![0.0; small * large_pitch],
            transposed: vec![0.0; large_pitch * small_pitch],
            gram: vec![0.0; small * small_pitch],
            polynomial: vec![0.0; small * small_pitch],
        }
    }

    /// Takes the gradient in and returns the orthogonalised Nesterov momentum as (matrix, pitch, transposed):
    /// element (r, c) at r * pitch + c, or at c * pitch + r if transposed.
    pub fn direction(&mut self, kernel: Kernel, gradient: &[f32]) -> (&[f32], usize, bool) {
        let flipped = self.rows > self.columns;
        let (small, large) = (self.rows.min(self.columns), self.rows.max(self.columns));
        let (small_pitch, large_pitch) = (small.next_multiple_of(PAD), large.next_multiple_of(PAD));
        let mut norm = 0.0f64;
        for r in 0..self.rows {
            let row = r * self.pitch;
            for c in 0..self.columns {
                let g = gradient[row + c];
                let m = &mut self.momentum[row + c];
                *m = MOMENTUM * *m + g;
                let value = g + MOMENTUM * *m;
                norm += f64::from(value) * f64::from(value);
                let at = if flipped { c * large_pitch + r } else { r * large_pitch + c };
                self.x[at] = value;
            }
        }
        let scale = (1.0 / (norm.sqrt() + 1e-30)) as f32;
        self.x.iter_mut().for_each(|v| *v *= scale);
        let [a, b, c] = POLYNOMIAL;
        for _ in 0..self.iterations {
            for r in 0..small {
                for i in 0..large {
                    self.transposed[i * small_pitch + r] = self.x[r * large_pitch + i];
                }
            }
            // gram = X X^T
            kernels::multiply(
                kernel,
                &self.x,
                large_pitch,
                &self.transposed,
                &mut self.gram,
                small,
                large,
                small_pitch,
            );
            // polynomial = a I + b gram + c gram^2 (gram is symmetric; padded columns are zero)
            kernels::multiply(
                kernel,
                &self.gram,
                small_pitch,
                &self.gram,
                &mut self.polynomial,
                small,
                small,
                small_pitch,
            );
            for (p, g) in self.polynomial.iter_mut().zip(&self.gram) {
                *p = c * *p + b * g;
            }
            for r in 0..small {
                self.polynomial[r * small_pitch + r] += a;
            }
            kernels::multiply(
                kernel,
                &self.polynomial,
                small_pitch,
                &self.x,
                &mut self.next,
                small,
                small,
                large_pitch,
            );
            std::mem::swap(&mut self.x, &mut self.next);
        }
        (&self.x, large_pitch, flipped)
    }

    /// Applies the gradient to the matrix (its slice of the parameters).
    pub fn apply(&mut self, kernel: Kernel, rate: f32, parameters: &mut [f32], gradient: &[f32]) {
        let (rows, columns, own_pitch) = (self.rows, self.columns, self.pitch);
        // Keeps the size of an update per output neuron independent of the number of its inputs.
        let rate = rate * (columns as f32 / rows as f32).max(1.0).sqrt();
        let (x, pitch, flipped) = self.direction(kernel, gradient);
        for r in 0..rows {
            for c in 0..columns {
                let at = if flipped { c * pitch + r } else { r * pitch + c };
                parameters[r * own_pitch + c] -= rate * x[at];
            }
        }
    }
}
