//! A network: architecture and parameters.

use crate::architecture::{Activation, Architecture, Layer};
use crate::error::{Error, Result};
use crate::random::Random;

/// Architecture and parameters of one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    architecture: Architecture,
    /// `architecture.parameters()` numbers in the order of `architecture.layers()`.
    pub parameters: Vec<f32>,
}

impl Network {
    /// With given parameters, in the order of [`Architecture::layers`].
    pub fn new(architecture: Architecture, parameters: Vec<f32>) -> Result<Network> {
        architecture.check()?;
        if parameters.len() != architecture.parameters() {
            return Err(Error::InvalidArgument(format!(
                "{} parameters for a network that has {}",
                parameters.len(),
                architecture.parameters()
            )));
        }
        Ok(Network { architecture, parameters })
    }

    /// With random parameters.
    ///
    /// Sine layers: U(±sqrt(6/n)/omega) as in SIREN (Sitzmann et al. 2020, theorem 1.8), where omega is the factor
    /// inside that layer's sine; the first layer U(±omega/n) (folded frequency) or, with omega in every layer, the
    /// same range as the others, as the authors of KD-INR have it. Biases U(±1/sqrt(n)); those of a first layer with folded
    /// frequency U(±pi), a random phase.
    /// The last layer U(±1/n).
    pub fn random(architecture: Architecture, random: &Random) -> Result<Network> {
        architecture.check()?;
        let mut parameters = vec![0.0f32; architecture.parameters()];
        let mut draw = 0;
        let mut fill = |range: &mut [f32], bound: f64| {
            for p in range {
                *p = ((2.0 * random.uniform(draw) - 1.0) * bound) as f32;
                draw += 1;
            }
        };
        for (index, l) in architecture.layers().iter().enumerate() {
            let n = l.inputs as f64;
            let (weights, biases) = match (l.activation, index, architecture) {
                (Activation::Linear, ..) => (1.0 / n, 1.0 / n.sqrt()),
                (
                    _,
                    0,
                    Architecture::Siren { omega, .. }
                    | Architecture::Residual { omega, .. }
                    | Architecture::KdInr { omega, every_layer: false, .. },
                ) => (f64::from(omega) / n, std::f64::consts::PI),
                (Activation::Sine { omega }, ..) => ((6.0 / n).sqrt() / f64::from(omega), 1.0 / n.sqrt()),
            };
            fill(&mut parameters[l.weight_range()], weights);
            fill(&mut parameters[l.bias_range()], biases);
        }
        Ok(Network { architecture, parameters })
    }

    /// Its shape.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Its layer table.
    pub fn layers(&self) -> Vec<Layer> {
        self.architecture.layers()
    }
}
