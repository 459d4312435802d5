//! Rounding that fills a budget in bytes.

use std::sync::OnceLock;

use limbeck_network::{Network, Random};

use super::sensitivity::sensitivities;
use super::weights::{Quantised, Quantiser};

/// Bytes that the parameters of one network may take.
pub(crate) struct Budget {
    bytes: usize,
    signs: Random,
    sensitivities: OnceLock<Vec<f32>>,
}

impl Budget {
    /// `signs` are the random numbers that what rounding costs is estimated with.
    pub fn new(bytes: usize, signs: Random) -> Budget {
        Budget { bytes, signs, sensitivities: OnceLock::new() }
    }

    /// Finest rounding that leaves a little of the budget, which fine-tuning may then need: it moves integers away from 0.
    pub fn aim(&self, q: &Quantiser, network: &Network) -> Vec<u8> {
        self.within(q, network, self.bytes - self.bytes / SPARED - 1)
    }

    /// The network rounded with these steps, or where it takes too many bytes so with coarser ones for some rows.
    pub fn round(&self, q: &Quantiser, network: &Network, codes: &[u8]) -> Quantised {
        let rounded = q.quantise(&network.parameters, codes);
        if q.encode(&q.sorted(&rounded), None).len() <= self.bytes {
            return q.sorted(&rounded);
        }
        q.sorted(&q.quantise(&network.parameters, &self.within(q, network, self.bytes)))
    }

    /// Finest rounding whose code is of at most so many bytes, by bisection; what it costs is the same for all rows.
    fn within(&self, q: &Quantiser, network: &Network, bytes: usize) -> Vec<u8> {
        // Those of the network seen first: others would move rows that have no need to.
        let sensitivities = self.sensitivities.get_or_init(|| sensitivities(network, &self.signs));
        let codes = |error: f32| q.codes_for_error(sensitivities, error.exp2());
        let size = |error: f32| q.encode(&q.sorted(&q.quantise(&network.parameters, &codes(error))), None).len();
        let (mut fine, mut coarse) = FINEST_COARSEST;
        for _ in 0..16 {
            let middle = 0.5 * (fine + coarse);
            if size(middle) <= bytes {
                coarse = middle;
            } else {
                fine = middle;
            }
        }
        codes(coarse)
    }
}

/// Of so many bytes one is spared for fine-tuning.
const SPARED: usize = 400;

/// Logarithms (to the base 2) of the errors of the output that rounding one parameter may cause, between which the right one
/// is looked for.
const FINEST_COARSEST: (f32, f32) = (-24.0, 4.0);

#[cfg(test)]
mod tests {
    use limbeck_network::Architecture;

    use super::*;

    #[test]
    fn the_budget_is_filled_and_not_exceeded() {
        let a = Architecture::Siren { inputs: 3, width: 20, depth: 3, omega: 10.0 };
        let (q, mut network) = (Quantiser::new(&a), Network::random(a, &Random::new(&[1])).expect("in range"));
        for bytes in [600, 1000, 1400] {
            let budget = Budget::new(bytes, Random::new(&[2]));
            let codes = budget.aim(&q, &network);
            let size = |rounded: &Quantised| q.encode(rounded, None).len();
            let spare = bytes - size(&budget.round(&q, &network, &codes));
            assert!((1..=12).contains(&spare), "{spare} of {bytes} bytes spared");
            // Fine-tuning that makes the parameters larger.
            let grown: Vec<f32> = network.parameters.iter().map(|p| p * 1.2).collect();
            let before = std::mem::replace(&mut network.parameters, grown);
            assert!(size(&q.sorted(&q.quantise(&network.parameters, &codes))) > bytes);
            let left = bytes.checked_sub(size(&budget.round(&q, &network, &codes))).expect("within the budget");
            assert!(left <= 8, "{left} of {bytes} bytes left");
            network.parameters = before;
        }
    }
}
