//! The same networks in plain burn tensors on the same device.

use std::time::Instant;

use burn::tensor::{Device, DeviceKind};
use limbeck_network::device::{Adapter, AdapterKind};
use limbeck_network::reference::tensors::{TensorNetwork, TensorTrainer};
use limbeck_network::{Architecture, Network, Random};

/// Samples per second of steps of Adam on one batch; every eighth is waited for.
pub fn training(architecture: &Architecture, batch: usize, seconds: f64, adapter: &Adapter) -> crate::Result<f64> {
    let device = Device::wgpu(match adapter.kind {
        AdapterKind::Discrete => DeviceKind::DiscreteGpu(adapter.index),
        AdapterKind::Integrated => DeviceKind::IntegratedGpu(adapter.index),
        AdapterKind::Virtual => DeviceKind::VirtualGpu(adapter.index),
        AdapterKind::Software => DeviceKind::Cpu,
        AdapterKind::Other => DeviceKind::DefaultDevice,
    });
    let network = Network::random(*architecture, &Random::new(&[1]))?;
    let inputs = architecture.inputs();
    let coordinates: Vec<f32> = (0..batch * inputs).map(|i| (i as f32 * 0.37).sin()).collect();
    let targets: Vec<f32> = (0..batch).map(|i| (i as f32 * 0.11).cos()).collect();
    let tensors = TensorNetwork::on(&network, device);
    let samples = tensors.batch(&coordinates, &targets)?;
    let mut trainer = TensorTrainer::new(tensors);
    let mut wait = |steps: usize| {
        let mut loss = trainer.step(&samples, 1e-4);
        for _ in 1..steps {
            loss = trainer.step(&samples, 1e-4);
        }
        loss.into_data();
    };
    wait(1);
    let begun = Instant::now();
    let mut steps = 0;
    while begun.elapsed().as_secs_f64() < seconds {
        let few = if begun.elapsed().as_secs_f64() > 0.1 * seconds { 8 } else { 1 };
        wait(few);
        steps += few;
    }
    Ok((steps * batch) as f64 / begun.elapsed().as_secs_f64())
}
