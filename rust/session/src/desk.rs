//! Collective calls of a pool's threads, made by the thread that the host called with: many codes initialise MPI for one
//! thread only.

use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use limbeck_codec::ranks::{Alone, Ranks};
use limbeck_codec::{Error, Result};
use rayon::ThreadPool;

enum Call {
    SumF32(Vec<f32>),
    SumF64(Vec<f64>),
    MaxF64(Vec<f64>),
    Gather(Vec<u8>),
    Broadcast(usize, Vec<u8>),
    Abandon,
}

enum Answer {
    F32(Vec<f32>),
    F64(Vec<f64>),
    Lists(Vec<Vec<u8>>),
    Bytes(Vec<u8>),
}

/// Runs `work` on a thread of the pool, and the collective calls it makes on this one.
pub(crate) fn on_pool<T: Send>(
    pool: &ThreadPool,
    ranks: &dyn Ranks,
    work: impl FnOnce(&dyn Ranks) -> T + Send,
) -> Option<T> {
    if ranks.size() == 1 {
        return Some(pool.install(|| work(&Alone)));
    }
    let ((calls, desk), (answers, window)) = (bounded(1), bounded(1));
    let clerk = Clerk {
        rank: ranks.rank(),
        size: ranks.size(),
        line: Mutex::new(Line { calls, answers: window, spare: Vec::new() }),
    };
    let mut result = None;
    pool.in_place_scope(|scope| {
        let result = &mut result;
        // The desk closes when the clerk goes, also in a panic, which the scope hands on.
        scope.spawn(move |_| {
            *result = Some(work(&clerk));
            drop(clerk);
        });
        for call in desk {
            if answers.send(serve(ranks, call)).is_err() {
                break;
            }
        }
    });
    result
}

fn serve(ranks: &dyn Ranks, call: Call) -> Result<Answer> {
    Ok(match call {
        Call::SumF32(mut values) => {
            ranks.sum_f32(&mut values)?;
            Answer::F32(values)
        }
        Call::SumF64(mut values) => {
            ranks.sum_f64(&mut values)?;
            Answer::F64(values)
        }
        Call::MaxF64(mut values) => {
            ranks.max_f64(&mut values)?;
            Answer::F64(values)
        }
        Call::Gather(mine) => Answer::Lists(ranks.gather(&mine)?),
        Call::Broadcast(root, mut bytes) => {
            ranks.broadcast(root, &mut bytes)?;
            Answer::Bytes(bytes)
        }
        Call::Abandon => {
            ranks.abandon();
            Answer::Bytes(Vec::new())
        }
    })
}

/// The ranks as the pool's threads see them.
struct Clerk {
    rank: usize,
    size: usize,
    line: Mutex<Line>,
}

struct Line {
    calls: Sender<Call>,
    answers: Receiver<Result<Answer>>,
    /// Gradients come thousands of times: their memory is used again.
    spare: Vec<f32>,
}

impl Line {
    fn ask(&self, call: Call) -> Result<Answer> {
        let closed = |_| Error::Internal("the thread that makes collective calls is gone".into());
        self.calls.send(call).map_err(|_| closed(()))?;
        self.answers.recv().map_err(|_| closed(()))?
    }
}

impl Clerk {
    fn line(&self) -> std::sync::MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doubles(&self, call: Call, values: &mut [f64]) -> Result<()> {
        match self.line().ask(call)? {
            Answer::F64(sums) => values.copy_from_slice(&sums),
            _ => return Err(unexpected()),
        }
        Ok(())
    }
}

fn unexpected() -> Error {
    Error::Internal("a collective call was answered by another one".into())
}

impl Ranks for Clerk {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn ready(&self) -> Result<()> {
        Ok(())
    }

    fn sum_f32(&self, values: &mut [f32]) -> Result<()> {
        let mut line = self.line();
        let mut sent = std::mem::take(&mut line.spare);
        sent.clear();
        sent.extend_from_slice(values);
        match line.ask(Call::SumF32(sent))? {
            Answer::F32(sums) => {
                values.copy_from_slice(&sums);
                line.spare = sums;
                Ok(())
            }
            _ => Err(unexpected()),
        }
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<()> {
        self.doubles(Call::SumF64(values.to_vec()), values)
    }

    fn max_f64(&self, values: &mut [f64]) -> Result<()> {
        self.doubles(Call::MaxF64(values.to_vec()), values)
    }

    fn gather(&self, mine: &[u8]) -> Result<Vec<Vec<u8>>> {
        match self.line().ask(Call::Gather(mine.to_vec()))? {
            Answer::Lists(lists) => Ok(lists),
            _ => Err(unexpected()),
        }
    }

    fn broadcast(&self, root: usize, bytes: &mut Vec<u8>) -> Result<()> {
        match self.line().ask(Call::Broadcast(root, std::mem::take(bytes)))? {
            Answer::Bytes(told) => *bytes = told,
            _ => return Err(unexpected()),
        }
        Ok(())
    }

    fn abandon(&self) {
        let _ = self.line().ask(Call::Abandon);
    }
}
