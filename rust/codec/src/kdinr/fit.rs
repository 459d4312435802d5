//! One fit: full precision, then at the rounded point.

use std::time::{Duration, Instant};

use limbeck_network::{Architecture, Kernel, Network, Samples, Schedule, Trainer};

use super::budget::Budget;
use super::options::FitOptions;
use super::weights::{Quantised, Quantiser};
use crate::Result;
use crate::ranks::Ranks;

/// Bounds and observers of a fit.
pub(crate) struct Watch<'a> {
    /// Shorten the schedule so as to end within this time.
    pub limit: Option<Duration>,
    /// Called now and then with the share done and the mean squared error (of normalised values).
    pub progress: &'a (dyn Fn(f64, f64) + Sync),
    /// Who trains together: they agree on when time is up.
    pub ranks: &'a dyn Ranks,
}

/// What makes a fit's steps: the CPU, or a device ([`super::on_device`]).
pub(crate) trait Machine {
    /// Goes on over `samples` samples, with rates multiplied by `scale`. Returns the samples spent.
    fn train(
        &mut self,
        o: &FitOptions,
        samples: u64,
        scale: f32,
        rounding: Option<&mut Rounded<'_>>,
        watch: &Watch<'_>,
    ) -> Result<u64>;

    /// The network as it stands.
    fn network(&mut self) -> Result<Network>;
}

/// Steps between looks at the clock.
pub(crate) const LOOK: u64 = 16;

/// Optimiser steps that so many samples are.
pub(crate) fn steps(o: &FitOptions, samples: u64) -> u64 {
    samples.div_ceil(o.batch as u64).max(1)
}

/// Adam's rate and that of Muon's matrices over a fit.
pub(crate) fn rates(o: &FitOptions, scale: f32) -> (Schedule, Schedule) {
    let schedule = |rate: f32| match o.halving {
        0 => Schedule::Cosine { rate: rate * scale, warm_up: 0.02 },
        every => Schedule::Halving { rate: rate * scale, every },
    };
    (schedule(o.rate), schedule(o.matrix_rate))
}

/// Tells how far a fit is, and how many steps there is time for: fewer than planned where time is up.
fn look(watch: &Watch<'_>, start: Instant, (step, steps): (u64, u64), error: f64) -> u64 {
    let mut least = steps;
    if let Some(limit) = watch.limit {
        // The least of all ranks; where they cannot be asked, the source fails with the next batch.
        let mut affordable = [-(step as f64 * limit.as_secs_f64() / start.elapsed().as_secs_f64())];
        let _ = watch.ranks.max_f64(&mut affordable);
        least = steps.min((-affordable[0] as u64).max(step));
    }
    (watch.progress)(step as f64 / least as f64, error);
    least
}

/// Mean squared error of the last twenty steps or so.
fn smooth(error: f64, loss: f64, step: u64) -> f64 {
    if step == 0 { loss } else { 0.95 * error + 0.05 * loss }
}

/// A machine that the host leads from step to step.
pub(crate) trait Stepwise {
    /// From the next step on gradients are taken at parameters rounded like this.
    fn round(&mut self, rounded: &Rounded<'_>);

    /// One optimiser step on batch `step` of the source, with Adam's rate and that of Muon's matrices.
    fn step(&mut self, step: u64, batch: usize, rates: (f32, f32), rounded: Option<&Rounded<'_>>);

    /// Mean squared errors of the steps made since this was last called, or of the last of them. Waits for them.
    fn losses(&mut self) -> Result<Vec<f64>>;

    /// Steps between looks at the clock; `limited`: it bounds the fit.
    fn patience(&self, limited: bool) -> u64;

    /// Whether the source has failed.
    fn ended(&self) -> bool;

    /// The network as it stands.
    fn now(&mut self) -> Result<Network>;
}

impl<S: Stepwise> Machine for S {
    fn train(
        &mut self,
        o: &FitOptions,
        samples: u64,
        scale: f32,
        mut rounding: Option<&mut Rounded<'_>>,
        watch: &Watch<'_>,
    ) -> Result<u64> {
        let (rate, matrix_rate) = rates(o, scale);
        let mut steps = steps(o, samples);
        if let Some(r) = &rounding {
            self.round(r);
        }
        let every = self.patience(watch.limit.is_some());
        let start = Instant::now();
        let (mut step, mut seen, mut error) = (0, 0, 0.0);
        while step < steps && !self.ended() {
            if let Some(r) = &mut rounding
                && r.follow(step, steps, || self.now())?
            {
                self.round(r);
            }
            self.step(step, o.batch, (rate.rate(step, steps), matrix_rate.rate(step, steps)), rounding.as_deref());
            step += 1;
            if step % every == 0 {
                for loss in self.losses()? {
                    error = smooth(error, loss, seen);
                    seen += 1;
                }
                steps = look(watch, start, (step, steps), error);
            }
        }
        Ok(step * o.batch as u64)
    }

    fn network(&mut self) -> Result<Network> {
        self.now()
    }
}

/// Trains on the CPU, in the pool it is called in.
pub(crate) struct Host<'a> {
    trainer: Trainer,
    source: &'a mut dyn Samples,
    losses: Vec<f64>,
}

impl<'a> Host<'a> {
    pub fn new(start: Network, source: &'a mut dyn Samples, o: &FitOptions) -> Host<'a> {
        Host { trainer: Trainer::new(start, o.optimiser, Kernel::best()), source, losses: Vec::new() }
    }
}

impl Stepwise for Host<'_> {
    fn round(&mut self, _rounded: &Rounded<'_>) {}

    fn step(&mut self, step: u64, batch: usize, (rate, matrix_rate): (f32, f32), rounded: Option<&Rounded<'_>>) {
        let (trainer, source) = (&mut self.trainer, &mut *self.source);
        self.losses.push(match rounded {
            None => trainer.step(source, step, batch, rate, matrix_rate, None),
            Some(r) => {
                let round = |p: &mut [f32]| r.quantiser.round(p, &r.codes);
                trainer.step(source, step, batch, rate, matrix_rate, Some(&round))
            }
        });
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        Ok(std::mem::take(&mut self.losses))
    }

    fn patience(&self, _limited: bool) -> u64 {
        LOOK
    }

    fn ended(&self) -> bool {
        self.source.ended()
    }

    fn now(&mut self) -> Result<Network> {
        Ok(self.trainer.network().clone())
    }
}

/// How parameters are rounded while they are trained.
pub(crate) struct Rounded<'a> {
    pub quantiser: &'a Quantiser,
    pub codes: Vec<u8>,
    /// What is to be filled as the parameters move.
    budget: Option<&'a Budget>,
    stage: u64,
}

/// Parts of fine-tuning before each of which the steps are chosen anew, where they follow the parameters.
const STAGES: u64 = 6;

impl Rounded<'_> {
    /// Chooses the codes anew where a part of fine-tuning begins; returns whether it does.
    pub fn follow(&mut self, step: u64, steps: u64, network: impl FnOnce() -> Result<Network>) -> Result<bool> {
        let stage = step * STAGES / steps;
        let begins = stage > self.stage;
        if let Some(budget) = self.budget.filter(|_| begins) {
            self.codes = budget.aim(self.quantiser, &network()?);
            self.stage = stage;
        }
        Ok(begins && self.budget.is_some())
    }
}

/// How the parameters are to be rounded.
pub(crate) enum Precision<'a> {
    /// Not at all.
    Full,
    /// With these steps (of the base that differences are taken to).
    Codes(&'a [u8]),
    /// Chosen after training at full precision: the function returns the steps for the network it is shown.
    Choose(&'a (dyn Fn(&Quantiser, &Network) -> Vec<u8> + Sync)),
    /// As finely as a budget allows, chosen after training at full precision and again in the course of fine-tuning: it moves
    /// the parameters, and with them how many bytes they take.
    Fill(&'a Budget),
}

/// Result of a fit.
pub(crate) struct Fitted {
    /// In stored precision.
    pub network: Network,
    /// None at full precision.
    pub quantised: Option<Quantised>,
    /// Samples spent.
    pub samples: u64,
}

/// Fits on a machine that was given the network to begin from. Deterministic unless `watch.limit` is set.
pub(crate) fn fit(
    machine: &mut dyn Machine,
    architecture: &Architecture,
    o: &FitOptions,
    samples: u64,
    precision: Precision<'_>,
    watch: &Watch<'_>,
) -> Result<Fitted> {
    if let Precision::Full = precision {
        let spent = machine.train(o, samples, 1.0, None, watch)?;
        return Ok(Fitted { network: machine.network()?, quantised: None, samples: spent });
    }
    let quantiser = Quantiser::new(architecture);
    let share = f64::from(o.fine_tune);
    let fine = (samples as f64 * share) as u64;
    let part = |from: f64, to: f64| move |done: f64, error: f64| (watch.progress)(from + (to - from) * done, error);
    let first = part(0.0, 1.0 - share);
    let limit = |share: f64| watch.limit.map(|l| l.mul_f64(share));
    let coarse = Watch { limit: limit(1.0 - share), progress: &first, ranks: watch.ranks };
    let mut spent = machine.train(o, samples - fine, 1.0, None, &coarse)?;
    let (codes, budget) = match precision {
        Precision::Codes(codes) => (codes.to_vec(), None),
        Precision::Choose(choose) => (choose(&quantiser, &machine.network()?), None),
        Precision::Fill(budget) => (budget.aim(&quantiser, &machine.network()?), Some(budget)),
        Precision::Full => unreachable!("returned above"),
    };
    let mut rounded = Rounded { quantiser: &quantiser, codes, budget, stage: 0 };
    if fine > 0 {
        let second = part(1.0 - share, 1.0);
        let watch = Watch { limit: limit(share), progress: &second, ranks: watch.ranks };
        spent += machine.train(o, fine, FINE_TUNE_RATE, Some(&mut rounded), &watch)?;
    }
    let mut network = machine.network()?;
    let quantised = match budget {
        Some(budget) => budget.round(&quantiser, &network, &rounded.codes),
        None => quantiser.quantise(&network.parameters, &rounded.codes),
    };
    network.parameters = quantiser.dequantise(&quantised);
    Ok(Fitted { network, quantised: Some(quantised), samples: spent })
}

/// Rates while fine-tuning at the rounded point, against those of the main fit.
const FINE_TUNE_RATE: f32 = 0.1;
