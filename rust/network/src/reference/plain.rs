//! Networks in double precision, one sample after the other, with nothing clever in it.

use crate::{Activation, Architecture, Error, Layer, Residual, Result};

/// Output of the network at each of n points.
///
/// `parameters` is the flat array that [`Architecture::layers`] describes, widened to f64;
/// `coordinates` is n x inputs, input index fastest. Returns n values.
///
/// # Errors
/// `InvalidArgument` if a slice has not the length that the architecture asks for.
pub fn evaluate(architecture: &Architecture, parameters: &[f64], coordinates: &[f64]) -> Result<Vec<f64>> {
    architecture.check()?;
    check_length("parameters", parameters.len(), architecture.parameters())?;
    let inputs = architecture.inputs();
    check_length("coordinates", coordinates.len(), coordinates.len().next_multiple_of(inputs))?;
    let layers = architecture.layers();
    Ok(coordinates.chunks_exact(inputs).map(|point| evaluate_point(&layers, parameters, point)).collect())
}

/// Mean squared error against n `targets`; arguments as in [`evaluate`]. NaN if there is no sample.
///
/// # Errors
/// `InvalidArgument` if a slice has not the length that the architecture asks for.
pub fn loss(architecture: &Architecture, parameters: &[f64], coordinates: &[f64], targets: &[f64]) -> Result<f64> {
    let values = evaluate(architecture, parameters, coordinates)?;
    check_length("targets", targets.len(), values.len())?;
    let sum: f64 = values.iter().zip(targets).map(|(v, t)| (v - t) * (v - t)).sum();
    Ok(sum / targets.len() as f64)
}

/// Derivative of [`loss`] with respect to parameter `index` by a central difference of fourth order:
/// with steps around 1e-3 its own error is far below what f32 gradients can show.
///
/// # Errors
/// As [`loss`], and if `index` lies outside the parameter array.
pub fn difference(
    architecture: &Architecture,
    parameters: &[f64],
    coordinates: &[f64],
    targets: &[f64],
    index: usize,
    step: f64,
) -> Result<f64> {
    let mut moved = parameters.to_vec();
    let mut at = |offset: f64| {
        let place = moved.get_mut(index).ok_or_else(|| {
            Error::InvalidArgument(format!("parameter {index} of a network that has {}", parameters.len()))
        })?;
        *place = parameters[index] + offset;
        loss(architecture, &moved, coordinates, targets)
    };
    let (near, far) = (at(step)? - at(-step)?, at(2.0 * step)? - at(-2.0 * step)?);
    Ok((8.0 * near - far) / (12.0 * step))
}

fn check_length(what: &str, found: usize, wanted: usize) -> Result<()> {
    if found != wanted {
        return Err(Error::InvalidArgument(format!("{found} {what} where {wanted} are wanted")));
    }
    Ok(())
}

fn evaluate_point(layers: &[Layer], parameters: &[f64], point: &[f64]) -> f64 {
    let mut x = point.to_vec();
    let mut remembered = Vec::new();
    for layer in layers {
        if layer.residual == Residual::Begin {
            remembered.clone_from(&x);
        }
        let weights = &parameters[layer.weight_range()];
        let biases = &parameters[layer.bias_range()];
        let mut y: Vec<f64> = weights
            .chunks_exact(layer.inputs)
            .zip(biases)
            .map(|(row, bias)| {
                let z = bias + row.iter().zip(&x).map(|(w, v)| w * v).sum::<f64>();
                match layer.activation {
                    Activation::Sine { omega } => (f64::from(omega) * z).sin(),
                    Activation::Linear => z,
                }
            })
            .collect();
        if layer.residual == Residual::End {
            for (value, before) in y.iter_mut().zip(&remembered) {
                *value = 0.5 * (*before + *value);
            }
        }
        x = y;
    }
    x[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siren_by_hand() {
        let a = Architecture::Siren { inputs: 2, width: 1, depth: 1, omega: 10.0 };
        // first layer 2 -> 1, hidden 1 -> 1, last 1 -> 1
        let p = [0.5, -0.25, 0.1, 2.0, -0.3, 3.0, 0.7];
        let expected = 3.0 * (2.0 * (0.5 * 0.4 - 0.25 * 0.8 + 0.1f64).sin() - 0.3).sin() + 0.7;
        let got = evaluate(&a, &p, &[0.4, 0.8]).unwrap();
        assert!((got[0] - expected).abs() < 1e-15);
        assert!((loss(&a, &p, &[0.4, 0.8], &[1.0]).unwrap() - (expected - 1.0).powi(2)).abs() < 1e-15);
    }

    #[test]
    fn residual_blocks_return_the_mean_of_both_ways() {
        let a = Architecture::KdInr { inputs: 1, width: 1, depth: 1, omega: 3.0, every_layer: true };
        let mut p = vec![0.0; a.parameters()];
        let layers = a.layers();
        // The encoder passes sin(3 * bias) on in every channel of its last layer; the block's three layers give zero.
        p[layers[2].bias_range()].fill(0.2);
        p[layers[6].weight_range()].fill(1.0);
        let got = evaluate(&a, &p, &[0.9]).unwrap();
        assert!((got[0] - 4.0 * 0.5 * 0.6f64.sin()).abs() < 1e-15, "{got:?}");
    }

    #[test]
    fn differences_agree_with_a_derivative_by_hand() {
        let a = Architecture::Siren { inputs: 1, width: 1, depth: 1, omega: 1.0 };
        let p = [0.8, 0.1, 1.1, 0.2, 0.9, -0.4];
        let (x, t) = (0.7, 0.25);
        let y = evaluate(&a, &p, &[x]).unwrap()[0];
        let s1 = (0.8 * x + 0.1f64).sin();
        let d = 2.0 * (y - t) * 0.9 * (1.1 * s1 + 0.2).cos() * 1.1 * (0.8 * x + 0.1).cos() * x;
        assert!((difference(&a, &p, &[x], &[t], 0, 1e-3).unwrap() - d).abs() < 1e-11);
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let a = Architecture::Siren { inputs: 2, width: 1, depth: 1, omega: 1.0 };
        let p = vec![0.0; a.parameters()];
        assert!(evaluate(&a, &p[1..], &[0.0, 0.0]).is_err());
        assert!(evaluate(&a, &p, &[0.0, 0.0, 0.0]).is_err());
        assert!(loss(&a, &p, &[0.0, 0.0], &[0.0, 1.0]).is_err());
        assert!(difference(&a, &p, &[0.0, 0.0], &[0.0], p.len(), 1e-3).is_err());
    }
}
