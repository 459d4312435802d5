//! One sample at a time in double precision, for finite differences.

use crate::architecture::{Activation, Architecture, Residual};

/// The network's value at one point; `parameters` in the order of [`Architecture::layers`].
pub fn evaluate(architecture: &Architecture, parameters: &[f64], point: &[f64]) -> f64 {
    let (mut x, mut remembered) = (point.to_vec(), Vec::new());
    for l in architecture.layers() {
        if l.residual == Residual::Begin {
            remembered.clone_from(&x);
        }
        let y = (0..l.outputs).map(|o| {
            let row = &parameters[l.weights + o * l.inputs..][..l.inputs];
            let z = parameters[l.biases + o] + row.iter().zip(&x).map(|(w, x)| w * x).sum::<f64>();
            match l.activation {
                Activation::Sine { omega } if l.residual == Residual::End => {
                    0.5 * (remembered[o] + (f64::from(omega) * z).sin())
                }
                Activation::Sine { omega } => (f64::from(omega) * z).sin(),
                Activation::Linear => z,
            }
        });
        x = y.collect();
    }
    x[0]
}

/// Mean squared error over samples (coordinates samples x inputs, input fastest).
pub fn loss(architecture: &Architecture, parameters: &[f64], coordinates: &[f64], targets: &[f64]) -> f64 {
    let points = coordinates.chunks_exact(architecture.inputs());
    let errors = points.zip(targets).map(|(p, t)| (evaluate(architecture, parameters, p) - t).powi(2));
    errors.sum::<f64>() / targets.len() as f64
}
