//! Events of the service, handed to a callback of the host. Nothing goes to stdout or stderr.

use std::fmt::Write;
use std::sync::{Arc, OnceLock, RwLock};

use crate::{Error, Result};

/// How important an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For those who look for a defect.
    Debug,
    /// Good to know.
    Info,
    /// Not as asked.
    Warning,
    /// Something is lost or stands still.
    Error,
}

/// Gets each event; called on any thread, several at once, so it must not wait for a call into limbeck.
pub type LogCallback = dyn Fn(LogLevel, &str) + Send + Sync;

fn callback() -> &'static RwLock<Option<Arc<LogCallback>>> {
    static CALLBACK: OnceLock<RwLock<Option<Arc<LogCallback>>>> = OnceLock::new();
    CALLBACK.get_or_init(RwLock::default)
}

/// Sets or, with None, removes the callback. For the whole process.
///
/// The first call makes limbeck the process's `tracing` subscriber, for events of limbeck alone.
///
/// # Errors
/// State if the process (a Rust host) has a `tracing` subscriber already: it gets the events, targets `limbeck*`.
pub fn set_log_callback(to: Option<Arc<LogCallback>>) -> Result<()> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    *callback().write().unwrap_or_else(|e| e.into_inner()) = to;
    if *INSTALLED.get_or_init(|| tracing::subscriber::set_global_default(Forwarder).is_ok()) {
        return Ok(());
    }
    Err(Error::State("this process has a tracing subscriber of its own: it gets limbeck's events".into()))
}

struct Forwarder;

impl tracing::Subscriber for Forwarder {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("limbeck") && *metadata.level() <= tracing::Level::DEBUG
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let Some(callback) = callback().read().unwrap_or_else(|e| e.into_inner()).clone() else { return };
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => LogLevel::Error,
            tracing::Level::WARN => LogLevel::Warning,
            tracing::Level::INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        let mut text = Text::default();
        event.record(&mut text);
        callback(level, &format!("{}{}", text.message, text.fields));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// The message, and ` name=value` for each field.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl tracing::field::Visit for Text {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn events_arrive_until_the_callback_is_removed() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        set_log_callback(Some(Arc::new(move |level, text: &str| into.lock().unwrap().push((level, text.to_owned())))))
            .unwrap();
        tracing::warn!(step = 3, "low on {}", "disk");
        tracing::warn!(target: "elsewhere", "not ours");
        set_log_callback(None).unwrap();
        tracing::warn!("nobody listens");
        let seen = seen.lock().unwrap();
        // Other tests of this program have events of their own.
        let ours: Vec<_> =
            seen.iter().filter(|(_, t)| ["low on", "not ours", "nobody"].iter().any(|m| t.contains(m))).collect();
        assert_eq!(ours, [&(LogLevel::Warning, "low on disk step=3".to_owned())]);
    }
}
