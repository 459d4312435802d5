//! Networks in plain burn tensors, on burn's CPU backend `flex` or a device, with its automatic differentiation.

use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, TensorData};

use crate::{Activation, Error, Layer, Network, Residual, Result};

/// A network whose parameters are burn tensors. All of its work is done by burn, in f32, eagerly, on the
/// calling thread and burn's own pool. Results do not depend on the number of threads beyond rounding.
pub struct TensorNetwork {
    layers: Vec<Layer>,
    inputs: usize,
    parameters: Vec<LayerTensors>,
    device: Device,
}

/// Parameters of one layer: weights transposed to inputs x outputs, as burn's `linear` takes them.
#[derive(Clone)]
struct LayerTensors {
    weights: Tensor<2>,
    biases: Tensor<1>,
}

/// Samples on the device: n x inputs coordinates and n x 1 targets.
#[derive(Clone)]
pub struct TensorBatch {
    coordinates: Tensor<2>,
    targets: Tensor<2>,
}

/// Adam (Kingma & Ba 2015, algorithm 1, without weight decay) on a [`TensorNetwork`].
pub struct TensorTrainer {
    network: TensorNetwork,
    moments: Vec<Moments>,
    step: i32,
}

/// First and second moments of the gradients of one layer.
struct Moments {
    weights: [Tensor<2>; 2],
    biases: [Tensor<1>; 2],
}

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;

impl TensorNetwork {
    /// With a copy of the network's parameters, on burn's CPU backend.
    pub fn new(network: &Network) -> TensorNetwork {
        TensorNetwork::on(network, Device::flex())
    }

    /// With a copy of the network's parameters on one of burn's devices.
    pub fn on(network: &Network, device: Device) -> TensorNetwork {
        let layers = network.layers();
        let parameters = &network.parameters;
        let parameters = layers
            .iter()
            .map(|layer| {
                let rows = TensorData::new(parameters[layer.weight_range()].to_vec(), [layer.outputs, layer.inputs]);
                let biases = TensorData::new(parameters[layer.bias_range()].to_vec(), [layer.outputs]);
                // A view would do for one product; a copy in order is what every further step multiplies.
                let columns = Tensor::<2>::from_data(rows, &device).transpose().into_data();
                LayerTensors {
                    weights: Tensor::from_data(columns, &device),
                    biases: Tensor::from_data(biases, &device),
                }
            })
            .collect();
        TensorNetwork { layers, inputs: network.architecture().inputs(), parameters, device }
    }

    /// The flat parameter array, in the order of [`crate::Architecture::layers`].
    pub fn parameters(&self) -> Vec<f32> {
        flatten(self.parameters.iter().map(|p| (p.weights.clone(), p.biases.clone())))
    }

    /// Copies n samples to the device: `coordinates` is n x inputs, input index fastest, `targets` has n values.
    ///
    /// # Errors
    /// `InvalidArgument` if the lengths do not fit each other.
    pub fn batch(&self, coordinates: &[f32], targets: &[f32]) -> Result<TensorBatch> {
        let n = targets.len();
        if coordinates.len() != n * self.inputs {
            let found = coordinates.len();
            return Err(Error::InvalidArgument(format!("{found} coordinates for {n} points of {}", self.inputs)));
        }
        let targets = Tensor::from_data(TensorData::new(targets.to_vec(), [n, 1]), &self.device);
        Ok(TensorBatch { coordinates: self.coordinates(coordinates), targets })
    }

    /// Output at n points; `coordinates` is n x inputs, input index fastest. A rest that is no whole point is ignored.
    pub fn evaluate(&self, coordinates: &[f32]) -> Vec<f32> {
        values(forward(&self.layers, &self.parameters, self.coordinates(coordinates)))
    }

    /// Mean squared error of a batch and its derivatives, in the order of the flat parameter array.
    pub fn gradients(&self, batch: &TensorBatch) -> (f32, Vec<f32>) {
        let (loss, gradients) = self.backward(batch);
        (values(loss)[0], flatten(gradients.into_iter()))
    }

    fn coordinates(&self, coordinates: &[f32]) -> Tensor<2> {
        let n = coordinates.len() / self.inputs;
        let data = TensorData::new(coordinates[..n * self.inputs].to_vec(), [n, self.inputs]);
        Tensor::from_data(data, &self.device)
    }

    /// The loss, and gradients layer by layer, off the autodiff graph.
    fn backward(&self, batch: &TensorBatch) -> (Tensor<1>, Vec<(Tensor<2>, Tensor<1>)>) {
        let tracked: Vec<LayerTensors> = self
            .parameters
            .iter()
            .map(|p| LayerTensors {
                weights: p.weights.clone().autodiff().require_grad(),
                biases: p.biases.clone().autodiff().require_grad(),
            })
            .collect();
        let output = forward(&self.layers, &tracked, batch.coordinates.clone().autodiff());
        let error = output - batch.targets.clone().autodiff();
        let loss = (error.clone() * error).mean();
        let mut gradients = loss.backward();
        let of_layers = tracked
            .iter()
            .map(|p| {
                let weights = p.weights.grad_remove(&mut gradients);
                let biases = p.biases.grad_remove(&mut gradients);
                // Every parameter is part of the graph, so burn has a gradient for each.
                (weights.expect("a gradient of every weight"), biases.expect("a gradient of every bias"))
            })
            .collect();
        (loss.inner(), of_layers)
    }
}

impl TensorTrainer {
    /// With all moments zero.
    pub fn new(network: TensorNetwork) -> TensorTrainer {
        let moments = network
            .parameters
            .iter()
            .map(|p| {
                let weights = p.weights.zeros_like();
                let biases = p.biases.zeros_like();
                Moments { weights: [weights.clone(), weights], biases: [biases.clone(), biases] }
            })
            .collect();
        TensorTrainer { network, moments, step: 0 }
    }

    /// The network as it is now.
    pub fn network(&self) -> &TensorNetwork {
        &self.network
    }

    /// One step of Adam on the mean squared error of a batch. The loss before the step is a tensor,
    /// so that nothing waits for it.
    pub fn step(&mut self, batch: &TensorBatch, learning_rate: f32) -> Tensor<1> {
        let (loss, gradients) = self.network.backward(batch);
        self.step += 1;
        // Both bias corrections go into one rate and one epsilon, which saves two passes over the parameters.
        let correction = (1.0 - BETA2.powi(self.step)).sqrt();
        let rate = learning_rate * correction / (1.0 - BETA1.powi(self.step));
        let epsilon = EPSILON * correction;
        for ((p, m), (weights, biases)) in self.network.parameters.iter_mut().zip(&mut self.moments).zip(gradients) {
            adam(&mut p.weights, &mut m.weights, weights, rate, epsilon);
            adam(&mut p.biases, &mut m.biases, biases, rate, epsilon);
        }
        loss
    }
}

fn adam<const D: usize>(
    parameters: &mut Tensor<D>,
    [first, second]: &mut [Tensor<D>; 2],
    gradient: Tensor<D>,
    rate: f32,
    epsilon: f32,
) {
    *first = first.clone() * BETA1 + gradient.clone() * (1.0 - BETA1);
    *second = second.clone() * BETA2 + gradient.clone() * gradient * (1.0 - BETA2);
    let change = first.clone() / (second.clone().sqrt() + epsilon) * rate;
    *parameters = parameters.clone() - change;
}

fn forward(layers: &[Layer], parameters: &[LayerTensors], coordinates: Tensor<2>) -> Tensor<2> {
    let mut x = coordinates;
    let mut remembered = None;
    for (layer, p) in layers.iter().zip(parameters) {
        if layer.residual == Residual::Begin {
            remembered = Some(x.clone());
        }
        let z = linear(x, p.weights.clone(), Some(p.biases.clone()));
        x = match layer.activation {
            Activation::Sine { omega: 1.0 } => z.sin(),
            Activation::Sine { omega } => (z * omega).sin(),
            Activation::Linear => z,
        };
        if layer.residual == Residual::End
            && let Some(before) = remembered.take()
        {
            x = (x + before) * 0.5;
        }
    }
    x
}

/// A tensor's values in C order.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("tensors made from f32 are f32")
}

/// Layer after layer: weights as outputs x inputs, input index fastest, then biases.
fn flatten(layers: impl Iterator<Item = (Tensor<2>, Tensor<1>)>) -> Vec<f32> {
    let mut flat = Vec::new();
    for (weights, biases) in layers {
        flat.extend(values(weights.transpose()));
        flat.extend(values(biases));
    }
    flat
}
