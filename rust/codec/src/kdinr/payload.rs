//! The head of a network's payload; `docs/format.md` has the byte table.

use limbeck_field::Normalisation;
use limbeck_network::Architecture;

use super::coordinates::Folds;
use crate::{Error, Result};

/// What stands before the weights: 22 bytes, 4 more where omega acts in every layer, and one where axes are folded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Head {
    pub architecture: Architecture,
    pub normalisation: Normalisation,
    /// [`FOLDED`] follows from `folds`.
    pub flags: u8,
    pub folds: Folds,
}

/// Flag: weights are coded as differences to the base step's.
pub(crate) const DIFFERENCE: u8 = 1;
/// Flag: parameters are 32-bit floats as they are (preset `paper`).
pub(crate) const UNQUANTISED: u8 = 2;
/// Flag of a segment: the time coordinate is the step index, not the physical time.
pub(crate) const BY_INDEX: u8 = 4;

/// Flag: axes are folded, by a byte behind all else.
const FOLDED: u8 = 8;

const SIREN: u8 = 0;
const KD_INR: u8 = 1;
const KD_INR_EVERY_LAYER: u8 = 2;
const RESIDUAL: u8 = 3;

/// What every head has.
const FIXED: usize = 22;

impl Head {
    /// Bytes of the head of such a network.
    pub fn length(architecture: &Architecture, folds: Folds) -> usize {
        let omega = matches!(architecture, Architecture::KdInr { every_layer: true, .. });
        FIXED + 4 * usize::from(omega) + usize::from(folds.any())
    }

    pub fn write(&self) -> Vec<u8> {
        let (kind, inputs, width, depth, omega) = match self.architecture {
            Architecture::Siren { inputs, width, depth, .. } => (SIREN, inputs, width, depth, None),
            Architecture::Residual { inputs, width, depth, .. } => (RESIDUAL, inputs, width, depth, None),
            Architecture::KdInr { inputs, width, depth, every_layer: false, .. } => {
                (KD_INR, inputs, width, depth, None)
            }
            Architecture::KdInr { inputs, width, depth, omega, .. } => {
                (KD_INR_EVERY_LAYER, inputs, width, depth, Some(omega))
            }
        };
        let flags = (self.flags & !FOLDED) | if self.folds.any() { FOLDED } else { 0 };
        let mut bytes = vec![kind | flags << 4, inputs as u8];
        bytes.extend((width as u16).to_le_bytes());
        bytes.extend((depth as u16).to_le_bytes());
        bytes.extend(self.normalisation.mid.to_le_bytes());
        bytes.extend(self.normalisation.half.to_le_bytes());
        bytes.extend(omega.map(f32::to_le_bytes).into_iter().flatten());
        bytes.extend(self.folds.any().then_some(self.folds.0));
        bytes
    }

    /// The head and what follows it. `inputs` is the number of coordinates that the reader will supply.
    pub fn read(bytes: &[u8], inputs: usize) -> Result<(Head, &[u8])> {
        let short = || Error::Corruption("a network's payload is shorter than its head".into());
        let (fixed, mut rest) = bytes.split_at_checked(FIXED).ok_or_else(short)?;
        let u16_at = |i: usize| usize::from(u16::from_le_bytes([fixed[i], fixed[i + 1]]));
        let f64_at = |i: usize| f64::from_le_bytes(std::array::from_fn(|k| fixed[i + k]));
        let (width, depth) = (u16_at(2), u16_at(4));
        // Omega shapes the first parameters only, unless it acts in every layer: decoding does not need it.
        let architecture = match fixed[0] & 15 {
            SIREN => Architecture::Siren { inputs, width, depth, omega: 1.0 },
            RESIDUAL => Architecture::Residual { inputs, width, depth, omega: 1.0 },
            KD_INR => Architecture::KdInr { inputs, width, depth, omega: 1.0, every_layer: false },
            KD_INR_EVERY_LAYER => {
                let (omega, after) = rest.split_at_checked(4).ok_or_else(short)?;
                rest = after;
                let omega = f32::from_le_bytes([omega[0], omega[1], omega[2], omega[3]]);
                Architecture::KdInr { inputs, width, depth, omega, every_layer: true }
            }
            kind => {
                return Err(Error::Compatibility(format!("network kind {kind} is unknown to this version of limbeck")));
            }
        };
        if usize::from(fixed[1]) != inputs {
            return Err(Error::Corruption(format!("a network of {} inputs where {inputs} are needed", fixed[1])));
        }
        architecture.check().map_err(|e| Error::Corruption(e.to_string()))?;
        let normalisation = Normalisation::new(f64_at(6), f64_at(14)).map_err(|e| Error::Corruption(e.to_string()))?;
        let flags = fixed[0] >> 4;
        let mut folds = Folds::default();
        if flags & FOLDED != 0 {
            let (byte, after) = rest.split_first().ok_or_else(short)?;
            (folds, rest) = (Folds(*byte), after);
            if !folds.are_of(inputs) {
                return Err(Error::Corruption(format!("folds {byte:#04x} of a network of {inputs} inputs")));
            }
        }
        Ok((Head { architecture, normalisation, flags: flags & !FOLDED, folds }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::coordinates::Fold;
    use super::*;

    #[test]
    fn heads_have_their_length_and_come_back() {
        let (inputs, width, depth, omega) = (4, 9, 3, 1.0);
        let folded = Folds::default().with(1, Fold::Centre);
        for architecture in [
            Architecture::Siren { inputs, width, depth, omega },
            Architecture::Residual { inputs, width, depth, omega },
            Architecture::KdInr { inputs, width, depth, omega, every_layer: false },
            Architecture::KdInr { inputs, width, depth, omega, every_layer: true },
        ] {
            for folds in [Folds::default(), folded] {
                let normalisation = Normalisation { mid: 2.0, half: 0.5 };
                let head = Head { architecture, normalisation, flags: BY_INDEX, folds };
                let bytes = head.write();
                assert_eq!(bytes.len(), Head::length(&architecture, folds), "{head:?}");
                assert_eq!(Head::read(&bytes, inputs).unwrap(), (head, &[][..]));
            }
        }
    }
}
