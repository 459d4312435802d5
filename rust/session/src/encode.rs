//! One block at one step to bytes, whatever happens: by the method, by the method once more, or by the plain codec.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use limbeck_codec::{BlockDecoder, BlockGeometry, Chain, ChainKey, EncodedStep, Mask, Method};
use limbeck_field::Volume;
use rayon::ThreadPool;

/// Encodes the steps of one (variable, block) in order.
pub(crate) struct Encoder {
    method: Arc<dyn Method>,
    geometry: BlockGeometry,
    key: ChainKey,
    chain: Box<dyn Chain>,
}

/// What became of a block.
pub(crate) struct Outcome {
    pub(crate) encoded: EncodedStep,
    /// Why the method did not make it, if so.
    pub(crate) failure: Option<String>,
}

impl Encoder {
    pub(crate) fn new(method: Arc<dyn Method>, geometry: BlockGeometry, key: ChainKey) -> Encoder {
        let chain = method.chain(geometry.clone(), key);
        Encoder { method, geometry, key, chain }
    }

    pub(crate) fn method(&self) -> &dyn Method {
        self.method.as_ref()
    }

    pub(crate) fn geometry(&self) -> &BlockGeometry {
        &self.geometry
    }

    /// Continues behind a step that is in the journal.
    pub(crate) fn resume(&mut self, step: u64, last: &dyn BlockDecoder) {
        self.chain.resume(step, last);
    }

    pub(crate) fn encode(&mut self, step: u64, volume: &Volume, mask: Option<&Mask>, pool: &ThreadPool) -> Outcome {
        let first = match self.attempt(step, volume, mask, pool) {
            Ok(encoded) => return Outcome { encoded, failure: None },
            Err(reason) => reason,
        };
        tracing::warn!(step, "fitting a block failed and is tried again from nothing: {first}");
        self.chain = self.method.chain(self.geometry.clone(), self.key);
        let second = match self.attempt(step, volume, mask, pool) {
            Ok(encoded) => return Outcome { encoded, failure: None },
            Err(reason) => reason,
        };
        // What is left of the chain after a failure is in no known state.
        self.chain = self.method.chain(self.geometry.clone(), self.key);
        Outcome { encoded: EncodedStep::plain(volume, &self.geometry), failure: Some(second) }
    }

    /// A panic is an error like others.
    fn attempt(
        &mut self,
        step: u64,
        volume: &Volume,
        mask: Option<&Mask>,
        pool: &ThreadPool,
    ) -> Result<EncodedStep, String> {
        match catch_unwind(AssertUnwindSafe(|| self.chain.encode(step, volume, mask, pool))) {
            Ok(result) => result.map_err(|e| e.to_string()),
            Err(payload) => {
                let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
                let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
                Err(format!("panic: {}", text.unwrap_or_else(|| "without a message".into())))
            }
        }
    }
}

/// Nothing may be printed by a library: panics of its own threads are told in the log instead.
pub(crate) fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name().is_some_and(|n| n.starts_with("limbeck-")) {
                tracing::error!("{info}");
            } else {
                before(info);
            }
        }));
    });
}
