//! What was measured of the steps so far, in few numbers however many steps there are.

use crate::durability::Durability;
use crate::{Quality, StepReport};

/// Upper ends of the classes that seconds are counted in: what a step may take, from the smallest test to hours.
pub(super) const SECONDS: [f64; 14] =
    [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

/// Steps that charts have at most.
const SHOWN: usize = 512;

/// Reports that are taken over at once, so that the simulation's thread never waits long for the list.
const AT_ONCE: usize = 128;

pub(super) struct Numbers {
    /// Reports that are in these numbers.
    known: usize,
    pub(super) variables: Vec<Variable>,
    /// The steps for charts, evenly thinned out.
    pub(super) shown: Vec<Shown>,
    /// Every so many steps are shown.
    every: usize,
    /// Steps so far.
    steps: usize,
    /// The newest one.
    pub(super) newest: Option<Shown>,
}

/// One variable, all steps together.
#[derive(Clone)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) newest: Option<StepReport>,
    pub(super) bytes: u64,
    pub(super) samples: u64,
    pub(super) plain_blocks: u64,
    /// Seconds that workers spent.
    pub(super) seconds: f64,
    /// Steps by the seconds they took, in the classes of [`SECONDS`] and one for longer ones.
    pub(super) classes: [u64; SECONDS.len() + 1],
}

/// One step of a chart.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) step: u64,
    pub(super) cycle: i64,
    pub(super) time: f64,
    pub(super) host_seconds: f64,
    pub(super) queue_bytes: u64,
    /// By variable: quality, seconds and bytes.
    pub(super) variables: Vec<(Quality, f64, u64)>,
}

impl Numbers {
    pub(super) fn new(names: Vec<String>) -> Numbers {
        let variable = |name| Variable {
            name,
            newest: None,
            bytes: 0,
            samples: 0,
            plain_blocks: 0,
            seconds: 0.0,
            classes: [0; SECONDS.len() + 1],
        };
        let variables = names.into_iter().map(variable).collect();
        Numbers { known: 0, variables, shown: Vec::new(), every: 1, steps: 0, newest: None }
    }

    /// Takes over what became durable since.
    pub(super) fn catch_up(&mut self, durability: &Durability) {
        let per_step = self.variables.len();
        if per_step == 0 {
            return;
        }
        // All variables of a step become durable together.
        let at_once = AT_ONCE.div_ceil(per_step) * per_step;
        loop {
            let news = durability.reports_behind(self.known, at_once);
            self.known += news.len();
            news.chunks_exact(per_step).for_each(|step| self.add(step));
            if news.len() < at_once {
                return;
            }
        }
    }

    fn add(&mut self, step: &[StepReport]) {
        for (variable, report) in self.variables.iter_mut().zip(step) {
            variable.bytes += report.bytes;
            variable.samples += report.samples;
            variable.plain_blocks += u64::from(report.plain_blocks);
            variable.seconds += report.train_seconds;
            variable.classes[SECONDS.partition_point(|&end| end < report.train_seconds)] += 1;
            variable.newest = Some(report.clone());
        }
        let Some(first) = step.first() else { return };
        let shown = Shown {
            step: first.step,
            cycle: first.cycle,
            time: first.time,
            host_seconds: first.host_seconds,
            queue_bytes: first.queue_bytes,
            variables: step.iter().map(|r| (r.quality, r.train_seconds, r.bytes)).collect(),
        };
        if self.steps.is_multiple_of(self.every) {
            self.shown.push(shown.clone());
        }
        self.newest = Some(shown);
        self.steps += 1;
        if self.shown.len() > SHOWN {
            self.every *= 2;
            let mut at = 0;
            self.shown.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, variable: &str) -> StepReport {
        StepReport {
            step,
            cycle: 10 * step as i64,
            time: step as f64,
            variable: variable.into(),
            quality: Quality::EMPTY,
            bytes: 3,
            samples: 5,
            train_seconds: if step == 0 { 0.01 } else { 1e9 },
            host_seconds: 0.5,
            queue_bytes: 7,
            queue_depth: 1,
            plain_blocks: 1,
        }
    }

    #[test]
    fn many_steps_become_few_numbers() {
        let durability = Durability::new(None);
        let mut numbers = Numbers::new(vec!["u".into(), "v".into()]);
        let n = 5000;
        for step in 0..n {
            durability.accept(step as i64);
            durability.complete(step as i64, vec![report(step, "u"), report(step, "v")]);
            if step % 700 == 0 {
                numbers.catch_up(&durability);
            }
        }
        numbers.catch_up(&durability);
        numbers.catch_up(&durability);
        let v = &numbers.variables[1];
        assert_eq!((v.bytes, v.samples, v.plain_blocks), (3 * n, 5 * n, n));
        assert_eq!((v.classes[0], v.classes[SECONDS.len()]), (1, n - 1), "ends belong to their classes");
        assert_eq!(v.newest.as_ref().unwrap(), &report(n - 1, "v"));
        assert_eq!(numbers.newest.as_ref().unwrap().step, n - 1);
        assert!((SHOWN / 2..=SHOWN).contains(&numbers.shown.len()), "{}", numbers.shown.len());
        let gaps: Vec<u64> = numbers.shown.windows(2).map(|w| w[1].step - w[0].step).collect();
        assert!(gaps.iter().all(|g| *g == gaps[0]), "{gaps:?}");
    }
}
