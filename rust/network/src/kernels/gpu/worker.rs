//! The thread that a device's work goes through.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::device::{Activations, Device};
use super::evaluator;
use super::trainer::{DeviceTrainer, LOSSES, capacity};
use super::volume::Volume;
use crate::device::{Adapter, Draw, Drawn, Fit, Source, State};
use crate::error::{Error, Result};
use crate::kernels::Kernel;
use crate::network::Network;
use crate::optimiser::Optimiser;
use crate::random::Random;
use crate::trainer::{FixedSamples, Samples, Trainer};
use crate::{Architecture, Evaluator};

/// Longest wait for others that are about to ask for the same.
const PATIENCE: Duration = Duration::from_millis(20);

impl Fit {
    /// Whether both can be trained in lockstep.
    fn like(&self, other: &Fit) -> bool {
        let key = |f: &Fit| (f.optimiser, f.batch, f.steps, f.part, f.rates, f.rounding.as_ref().map(|r| r.1));
        let resident = |f: &Fit| matches!(f.source, Source::Resident(_));
        self.state.network.architecture() == other.state.network.architecture()
            && self.state.steps == other.state.steps
            && key(self) == key(other)
            && resident(self)
            && resident(other)
    }
}

type Answer = Result<State>;

enum Message {
    Fit(Box<Fit>, Sender<Answer>),
    Stop,
}

/// A device and the thread that feeds it. Fits that are alike and asked for at the same time, by different threads, are made
/// together.
pub struct Worker {
    device: Arc<Device>,
    queue: Mutex<Sender<Message>>,
    thread: Option<JoinHandle<()>>,
    /// Threads that will ask for a fit soon.
    inside: Arc<AtomicUsize>,
    /// Most networks that were trained together so far.
    together: Arc<AtomicUsize>,
}

/// As long as it lives the worker waits a moment for its holder's fits.
pub struct Inside<'a>(&'a AtomicUsize);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Worker {
    /// Starts a thread that opens a device, sees whether it computes what the CPU does, and works for all that ask. `memory`: most bytes of
    /// the device's memory. `begin` is called by the thread first: what it says about cores and priority holds for the library's own threads
    /// too.
    ///
    /// # Errors
    /// `Device` if the driver refuses, or the device is wrong.
    pub fn start(adapter: &Adapter, memory: u64, begin: impl FnOnce() + Send + 'static) -> Result<Worker> {
        let (queue, messages) = mpsc::channel();
        let (inside, together) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (expected, most) = (Arc::clone(&inside), Arc::clone(&together));
        let (opened, wait) = mpsc::channel();
        let own = adapter.clone();
        let work = move || {
            begin();
            let open = || {
                let device = Device::open(&own, memory, Activations::Single)?;
                device.guarded(|| check(&device))?;
                Ok(device)
            };
            let panicked = |_| Err(Error::Device(format!("{}: its driver panicked", own.name)));
            let device = catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(panicked);
            // Nobody but the starter has the other end, and it waits.
            let _ = opened.send(device.clone());
            if let Ok(device) = device {
                serve(&device, &messages, &expected, &most);
            }
        };
        let thread = std::thread::Builder::new()
            .name("limbeck-device".into())
            .spawn(work)
            .map_err(|e| Error::Device(format!("no thread for {}: {e}", adapter.name)))?;
        let ended = |_| Error::Device(format!("{}: its thread has ended", adapter.name));
        let device = wait.recv().map_err(ended)??;
        Ok(Worker { device, queue: Mutex::new(queue), thread: Some(thread), inside, together })
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whether the device can train a network of this kind at all.
    pub fn fits(&self, architecture: &Architecture, optimiser: Optimiser, batch: usize) -> bool {
        capacity(&self.device, architecture, optimiser, batch) > 0
    }

    /// Most networks that were trained together so far.
    pub fn together(&self) -> usize {
        self.together.load(Ordering::Relaxed)
    }

    /// Says that the caller is about to ask for fits.
    pub fn enter(&self) -> Inside<'_> {
        self.inside.fetch_add(1, Ordering::Relaxed);
        Inside(&self.inside)
    }

    /// Makes a fit, together with others that are like it; returns when it is done.
    ///
    /// # Errors
    /// `Device`, `DeviceMemory`: nothing was changed, the fit may be made elsewhere.
    pub fn fit(&self, fit: Fit) -> Result<State> {
        let (answer, done) = mpsc::channel();
        let sent = {
            let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.send(Message::Fit(Box::new(fit), answer)).is_ok()
        };
        let gone = || Error::Device(format!("{}: its thread has ended", self.device.adapter.name));
        if !sent {
            return Err(gone());
        }
        done.recv().map_err(|_| gone())?
    }

    /// Copies a block to the device: see [`Volume::new`].
    ///
    /// # Errors
    /// As there.
    pub fn volume(&self, values: &[f32], axes: &[Vec<f32>], draw: &Draw, random: &Random) -> Result<Volume> {
        self.device.guarded(|| Volume::new(&self.device, values, axes, draw, random))
    }

    /// One network that is trained on samples of the host's, by the calling thread.
    ///
    /// # Errors
    /// `DeviceMemory` if the device cannot hold it, `Device` if it fails.
    pub fn trainer(&self, start: Network, optimiser: Optimiser, batch: usize) -> Result<DeviceTrainer> {
        self.device.guarded(|| DeviceTrainer::new(&self.device, &[State::new(start)], optimiser, batch, None))
    }

    /// Values at all points of a grid: see [`evaluator::evaluate`].
    ///
    /// # Errors
    /// As there.
    pub fn evaluate(&self, network: &Network, axes: &[Vec<f32>], out: &mut [f32]) -> Result<()> {
        self.device.guarded(|| evaluator::evaluate(&self.device, network, axes, out))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.queue.lock().unwrap_or_else(PoisonError::into_inner).send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(device: &Arc<Device>, messages: &Receiver<Message>, inside: &AtomicUsize, together: &AtomicUsize) {
    let mut waiting: Vec<(Box<Fit>, Sender<Answer>)> = Vec::new();
    loop {
        if waiting.is_empty() {
            match messages.recv() {
                Ok(Message::Fit(fit, answer)) => waiting.push((fit, answer)),
                Ok(Message::Stop) | Err(_) => return,
            }
        }
        let end = Instant::now() + PATIENCE;
        while waiting.len() < inside.load(Ordering::Relaxed) {
            match messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(Message::Fit(fit, answer)) => waiting.push((fit, answer)),
                // Who waits for an answer has it before the worker is dropped.
                Ok(Message::Stop) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        let (first, rest): (Vec<_>, Vec<_>) = {
            let one = &waiting[0].0;
            let most = capacity(device, one.state.network.architecture(), one.optimiser, one.batch).max(1);
            let mut taken = 0;
            let mut take = |f: &Fit, i: usize| {
                let wanted = taken < most && (i == 0 || f.like(&waiting[0].0));
                taken += usize::from(wanted);
                wanted
            };
            let chosen: Vec<bool> = waiting.iter().enumerate().map(|(i, (f, _))| take(f, i)).collect();
            let mut chosen = chosen.into_iter();
            waiting.drain(..).partition(|_| chosen.next().unwrap_or(false))
        };
        waiting = rest;
        together.fetch_max(first.len(), Ordering::Relaxed);
        let (fits, answers): (Vec<Box<Fit>>, Vec<Sender<Answer>>) = first.into_iter().unzip();
        match device.guarded(|| train(device, &fits)) {
            Ok(states) => {
                for (state, answer) in states.into_iter().zip(answers) {
                    let _ = answer.send(Ok(state));
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Makes fits that are alike.
fn train(device: &Arc<Device>, fits: &[Box<Fit>]) -> Result<Vec<State>> {
    let one = &fits[0];
    let (batch, steps, (from, count), rates) = (one.batch, one.steps, one.part, one.rates);
    let rounding: Option<(Vec<Vec<f32>>, f32)> = one.rounding.as_ref().map(|(_, most)| {
        (fits.iter().filter_map(|f| f.rounding.as_ref()).map(|(steps, _)| steps.clone()).collect(), *most)
    });
    let states: Vec<State> = fits.iter().map(|f| f.state.clone()).collect();
    let rounding = rounding.as_ref().map(|(steps, most)| (steps.as_slice(), *most));
    let mut trainer = DeviceTrainer::new(device, &states, one.optimiser, batch, rounding)?;
    trainer.skip(from);
    let volumes: Vec<&Volume> = fits
        .iter()
        .filter_map(|f| match &f.source {
            Source::Resident(volume) => Some(volume.as_ref()),
            Source::Drawn(_) => None,
        })
        .collect();
    for i in 0..count {
        let (rate, matrix_rate) = (rates.0.rate(from + i, steps), rates.1.rate(from + i, steps));
        match &one.source {
            Source::Resident(_) => trainer.step(&volumes, rate, matrix_rate),
            Source::Drawn(drawn) => trainer.step_from(&mut Batches { drawn, batch }, i, rate, matrix_rate),
        }
        // Keeps the host from running far ahead, and hears of failures.
        if (i + 1) % LOSSES as u64 == 0 {
            trainer.losses()?;
        }
    }
    trainer.finish()
}

struct Batches<'a> {
    drawn: &'a Drawn,
    batch: usize,
}

impl Samples for Batches<'_> {
    fn fill(&self, step: u64, first: usize, coordinates: &mut [f32], targets: &mut [f32], weights: &mut [f32]) {
        let at = step as usize * self.batch + first;
        let inputs = coordinates.len() / targets.len().max(1);
        targets.copy_from_slice(&self.drawn.targets[at..][..targets.len()]);
        weights.copy_from_slice(&self.drawn.weights[at..][..weights.len()]);
        coordinates.copy_from_slice(&self.drawn.coordinates[at * inputs..][..coordinates.len()]);
    }
}

/// Whether the device computes what the CPU does: a gradient, steps of Muon at rounded parameters, an evaluation of a small network.
fn check(device: &Arc<Device>) -> Result<()> {
    let architecture = Architecture::Siren { inputs: 3, width: 24, depth: 2, omega: 12.0 };
    let random = Random::new(&[7]);
    let network = Network::random(architecture, &random)?;
    let axes = vec![vec![-0.9, -0.3, 0.2, 0.8], vec![-0.7, 0.1, 0.9], vec![-1.0, -0.4, 0.3, 0.6, 1.0]];
    let points = 60;
    let mut coordinates = Vec::new();
    for i in 0..points {
        coordinates.extend([axes[0][i / 15], axes[1][i / 5 % 3], axes[2][i % 5]]);
    }
    let targets: Vec<f32> = (0..points).map(|i| random.uniform(i as u64) as f32).collect();
    let mut samples = FixedSamples { coordinates: &coordinates, targets: &targets };
    let (loss, gradient) =
        Trainer::new(network.clone(), Optimiser::Adam, Kernel::Portable).gradient(&mut samples, 0, points);
    let states = [State::new(network.clone())];
    let mut trainer = DeviceTrainer::new(device, &states, Optimiser::Adam, points, None)?;
    let (own_loss, own) = trainer.gradient(&mut samples, 0)?;
    let step = 2.0f32.powi(-10);
    let round = |p: &mut [f32]| p.iter_mut().for_each(|p| *p = (*p / step).round() * step);
    let mut cpu = Trainer::new(network.clone(), Optimiser::Muon, Kernel::Portable);
    let steps = [vec![step; network.parameters.len()]];
    let mut muon = DeviceTrainer::new(device, &states, Optimiser::Muon, points, Some((&steps, 1e6)))?;
    for i in 0..3 {
        cpu.step(&mut samples, i, points, 1e-3, 1e-2, Some(&round));
        muon.step_from(&mut samples, i, 1e-3, 1e-2);
    }
    let distance = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt();
    let (stepped, theirs) = (cpu.network().parameters.clone(), muon.network()?.parameters);
    let alike = distance(&stepped, &theirs) <= 0.01 * distance(&stepped, &network.parameters);
    let evaluator = Evaluator::new(&network, Kernel::Portable);
    let (mut expected, mut found) = (vec![0.0; points], vec![0.0; points]);
    let coordinate = |i: usize, c: &mut [f32]| c.copy_from_slice(&coordinates[3 * i..3 * i + 3]);
    evaluator.evaluate(&mut evaluator.scratch(), coordinate, &mut expected);
    evaluator::evaluate(device, &network, &axes, &mut found)?;
    let largest = gradient.iter().fold(0.0f32, |m, g| m.max(g.abs()));
    let gradients = gradient.iter().zip(&own).all(|(a, b)| (a - b).abs() <= 1e-4 * largest);
    let values = expected.iter().zip(&found).all(|(a, b)| (a - b).abs() <= 1e-4);
    if gradients && values && alike && (loss - own_loss).abs() <= 1e-4 * loss {
        return Ok(());
    }
    Err(Error::Device(format!(
        "{}: computes other values than the CPU; its driver is not to be trusted",
        device.adapter.name
    )))
}
