//! The calls of all recorded ranks as the calls of one session.

use std::time::Duration;

use limbeck_archive::{Answer, Call, Recorded, Recording};

/// One call of the replay; `before` is how it was answered when it was recorded.
#[derive(Debug)]
pub(super) enum Deed {
    Begin { cycle: i64, time: f64, gap: Duration, before: Option<Answer> },
    Put { recording: usize, call: usize, gap: Duration, before: Option<Answer> },
    End { gap: Duration, before: Option<Answer> },
    Cancel { gap: Duration },
    Close { gap: Duration },
}

impl Deed {
    /// How long the simulation was away before it.
    pub(super) fn gap(&self) -> Duration {
        match self {
            Deed::Begin { gap, .. }
            | Deed::Put { gap, .. }
            | Deed::End { gap, .. }
            | Deed::Cancel { gap }
            | Deed::Close { gap } => *gap,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) deeds: Vec<Deed>,
    /// Steps that are ended.
    pub(super) steps: u64,
    pub(super) faults: Vec<String>,
}

impl Plan {
    pub(super) fn new(recordings: &[Recording]) -> Plan {
        match recordings {
            [only] => Plan::verbatim(only),
            several => Plan::merged(several),
        }
    }

    /// Call by call, those that were refused as well.
    fn verbatim(recording: &Recording) -> Plan {
        let mut plan = Plan::default();
        let mut open = None;
        for (i, Recorded { gap, call, answer, .. }) in recording.calls().iter().enumerate() {
            let (gap, before) = (*gap, answer.clone());
            let done = !matches!(before, Some(Answer::Refused(_)));
            match *call {
                Call::Commit { .. } => {}
                Call::StepBegin { cycle, time } => {
                    if done {
                        open = Some(cycle);
                    }
                    plan.deeds.push(Deed::Begin { cycle, time, gap, before });
                }
                Call::Put { .. } => plan.deeds.push(Deed::Put { recording: 0, call: i, gap, before }),
                Call::StepEnd => {
                    if done {
                        open = None;
                        plan.steps += 1;
                    }
                    plan.deeds.push(Deed::End { gap, before });
                }
                Call::StepCancel => {
                    open = None;
                    plan.deeds.push(Deed::Cancel { gap });
                }
                Call::Close => plan.deeds.push(Deed::Close { gap }),
            }
        }
        plan.finish(open, matches!(plan.deeds.last(), Some(Deed::Close { .. })));
        plan
    }

    /// Step by step: a step is handed in whole if all ranks ended it. Where one of them did not, its blocks are left out,
    /// so that the step is refused, as it was not taken then.
    fn merged(recordings: &[Recording]) -> Plan {
        let mut plan = Plan::default();
        let attempts: Vec<Vec<Attempt>> = recordings.iter().map(attempts).collect();
        let mut at = vec![0; recordings.len()];
        loop {
            let heads: Vec<Option<&Attempt>> = attempts.iter().zip(&at).map(|(a, &i)| a.get(i)).collect();
            let Some(cycle) = heads.iter().flatten().map(|a| a.cycle).min() else { break };
            let here: Vec<bool> = heads.iter().map(|h| h.is_some_and(|a| a.cycle == cycle)).collect();
            let members: Vec<&Attempt> = heads.iter().zip(&here).filter_map(|(h, here)| h.filter(|_| *here)).collect();
            at.iter_mut().zip(&here).for_each(|(i, here)| *i += usize::from(*here));
            if here.iter().any(|here| !here) {
                let ranks: Vec<usize> = (0..here.len()).filter(|&r| here[r]).collect();
                plan.faults.push(format!("cycle {cycle} is on the ranks {ranks:?} only and is left out"));
                continue;
            }
            plan.push(recordings, &members, &here);
        }
        let closed = |r: &Recording| r.calls().iter().any(|c| c.call == Call::Close);
        let all_closed = recordings.iter().all(closed);
        if all_closed {
            plan.deeds.push(Deed::Close { gap: Duration::ZERO });
        }
        plan.finish(None, all_closed);
        plan
    }

    fn push(&mut self, recordings: &[Recording], members: &[&Attempt], here: &[bool]) {
        let Some(first) = members.first() else { return };
        let longest = |gap: fn(&Attempt) -> Duration| members.iter().map(|a| gap(a)).max().unwrap_or_default();
        let dropped = |a: &&&Attempt| matches!(a.answer, Some(Answer::Dropped));
        self.deeds.push(Deed::Begin { cycle: first.cycle, time: first.time, gap: longest(|a| a.gap), before: None });
        for (recording, attempt) in (0..here.len()).zip(members).filter(|(_, a)| a.ended) {
            for &call in &attempt.puts {
                let Recorded { answer, .. } = &recordings[recording].calls()[call];
                self.deeds.push(Deed::Put { recording, call, gap: Duration::ZERO, before: answer.clone() });
            }
        }
        let gap = longest(|a| a.end_gap);
        if members.iter().all(|a| a.ended) {
            self.steps += 1;
            let before = members.iter().find(dropped).and_then(|a| a.answer.clone());
            self.deeds.push(Deed::End { gap, before });
        } else {
            let before = Some(Answer::Refused("it was not ended on all ranks".into()));
            self.deeds.push(Deed::End { gap, before });
        }
    }

    fn finish(&mut self, open: Option<i64>, closed: bool) {
        if !closed {
            self.faults.push("the recording ends before the session was closed".into());
        }
        if let Some(cycle) = open.filter(|_| !closed) {
            self.faults.push(format!("the recording ends within the step of cycle {cycle}"));
        }
    }
}

/// What a rank did from the beginning of a step to the next beginning.
struct Attempt {
    cycle: i64,
    time: f64,
    gap: Duration,
    /// Indices of calls; those that were refused are left out.
    puts: Vec<usize>,
    ended: bool,
    end_gap: Duration,
    answer: Option<Answer>,
}

fn attempts(recording: &Recording) -> Vec<Attempt> {
    let mut list: Vec<Attempt> = Vec::new();
    for (i, Recorded { gap, call, answer, .. }) in recording.calls().iter().enumerate() {
        if matches!(answer, Some(Answer::Refused(_))) {
            continue;
        }
        match (call, list.last_mut()) {
            (&Call::StepBegin { cycle, time }, _) => list.push(Attempt {
                cycle,
                time,
                gap: *gap,
                puts: Vec::new(),
                ended: false,
                end_gap: Duration::ZERO,
                answer: None,
            }),
            (Call::Put { .. }, Some(last)) => last.puts.push(i),
            (Call::StepEnd, Some(last)) => (last.ended, last.end_gap, last.answer) = (true, *gap, answer.clone()),
            _ => {}
        }
    }
    list
}
