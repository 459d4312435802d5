//! A network as it is stored, and evaluated: head, integers, kernels.

use limbeck_field::Normalisation;
use limbeck_network::{Architecture, Evaluator, Kernel, Network, Scratch};

use super::coordinates::Folds;
use super::payload::{DIFFERENCE, Head, UNQUANTISED};
use super::weights::{Quantised, Quantiser};
use crate::{Error, Result};

/// A network in its stored precision, ready to be evaluated.
pub(crate) struct Stored {
    pub normalisation: Normalisation,
    pub flags: u8,
    /// Of the box that it is of.
    pub folds: Folds,
    pub network: Network,
    /// None for unquantised parameters.
    pub quantised: Option<Quantised>,
    evaluator: Evaluator,
}

impl Stored {
    pub fn new(normalisation: Normalisation, flags: u8, network: Network, quantised: Option<Quantised>) -> Stored {
        let evaluator = Evaluator::new(&network, Kernel::best());
        Stored { normalisation, flags, folds: Folds::default(), network, quantised, evaluator }
    }

    pub fn folded(self, folds: Folds) -> Stored {
        Stored { folds, ..self }
    }

    /// From a payload; `base` is needed (and used) only if the payload is a difference.
    pub fn read(payload: &[u8], inputs: usize, base: Option<&Stored>) -> Result<Stored> {
        let (head, rest) = Head::read(payload, inputs)?;
        let invalid = |e: limbeck_network::Error| Error::Corruption(e.to_string());
        let count = head.architecture.parameters();
        if head.flags & UNQUANTISED != 0 {
            if rest.len() != 4 * count {
                return Err(Error::Corruption(format!("{} bytes of weights for {count} parameters", rest.len())));
            }
            let parameters = rest.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            let network = Network::new(head.architecture, parameters).map_err(invalid)?;
            return Ok(Stored::new(head.normalisation, head.flags, network, None).folded(head.folds));
        }
        // A stored weight takes about a hundredth of a bit at the very least: no huge claims from few bytes.
        if count / 2048 > rest.len() {
            return Err(Error::Corruption(format!("{} bytes cannot hold {count} parameters", rest.len())));
        }
        let (base, rest) = if head.flags & DIFFERENCE != 0 {
            let base = base.and_then(|b| b.quantised.as_ref().filter(|_| same_shape(&b.network, &head.architecture)));
            let base = base.ok_or_else(|| Error::Corruption("a difference to a network that is not there".into()))?;
            let (checksum, rest) = rest
                .split_at_checked(4)
                .ok_or_else(|| Error::Corruption("a network's payload is shorter than its head".into()))?;
            if checksum != base.checksum().to_le_bytes() {
                return Err(Error::Corruption("a difference to another version of its base step".into()));
            }
            (Some(base), rest)
        } else {
            (None, rest)
        };
        let quantiser = Quantiser::new(&head.architecture);
        let quantised = quantiser.decode(rest, base);
        let network = Network::new(head.architecture, quantiser.dequantise(&quantised)).map_err(invalid)?;
        Ok(Stored::new(head.normalisation, head.flags, network, Some(quantised)).folded(head.folds))
    }

    /// The payload; with `base` the weights are coded as differences to it.
    pub fn write(&self, base: Option<&Quantised>) -> Vec<u8> {
        let difference = if base.is_some() { DIFFERENCE } else { 0 };
        let architecture = *self.network.architecture();
        let flags = (self.flags & !DIFFERENCE) | difference;
        let mut bytes = Head { architecture, normalisation: self.normalisation, flags, folds: self.folds }.write();
        match &self.quantised {
            Some(q) => {
                bytes.extend(base.iter().flat_map(|b| b.checksum().to_le_bytes()));
                bytes.extend(Quantiser::new(&architecture).encode(q, base));
            }
            None => bytes.extend(self.network.parameters.iter().flat_map(|p| p.to_le_bytes())),
        }
        bytes
    }

    pub fn scratch(&self) -> Scratch {
        self.evaluator.scratch()
    }

    /// Values at points given by `coordinate(i, c)`, in the units of the data, and their derivatives by the coordinates, n x inputs:
    /// 0 where the network is beyond the range of the data, as values end there.
    pub fn differentiate(
        &self,
        coordinate: impl FnMut(usize, &mut [f32]),
        values: &mut [f64],
        derivatives: &mut [f64],
    ) -> Result<()> {
        let (mut normalised, mut slopes) = (vec![0.0; values.len()], vec![0.0; derivatives.len()]);
        let mut scratch = self.evaluator.derivative_scratch();
        self.evaluator.derivatives(&mut scratch, coordinate, &mut normalised, &mut slopes);
        let inputs = self.evaluator.inputs();
        for (i, d) in derivatives.iter_mut().enumerate() {
            let inside = normalised[i / inputs].abs() <= 1.0;
            *d = if inside { self.normalisation.half * f64::from(slopes[i]) } else { 0.0 };
        }
        self.normalisation.inverse_all(&normalised, values).map_err(|e| Error::Internal(e.to_string()))
    }

    /// Values at points given by `coordinate(i, c)`, in the units of the data.
    pub fn evaluate(
        &self,
        scratch: &mut Scratch,
        normalised: &mut Vec<f32>,
        coordinate: impl FnMut(usize, &mut [f32]),
        out: &mut [f64],
    ) -> Result<()> {
        normalised.resize(out.len(), 0.0);
        self.evaluator.evaluate(scratch, coordinate, normalised);
        self.normalisation.inverse_all(normalised, out).map_err(|e| Error::Internal(e.to_string()))
    }
}

/// Same layer table: parameters of one can stand in for those of the other.
pub(crate) fn same_shape(network: &Network, architecture: &Architecture) -> bool {
    network.layers() == architecture.layers()
}
