//! What did not go as asked and is told once to the host.

use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Notices {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    all: Vec<String>,
    /// How many of them the host knows.
    known: usize,
}

impl Notices {
    pub(crate) fn add(&self, text: String) {
        tracing::warn!("{text}");
        self.told.lock().unwrap_or_else(PoisonError::into_inner).all.push(text);
    }

    /// What the host does not know yet, as one text.
    pub(crate) fn news(&self) -> Option<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let news = told.all[told.known..].join("; ");
        told.known = told.all.len();
        (!news.is_empty()).then_some(news)
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).all.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_are_told_once_and_remembered() {
        let n = Notices::default();
        assert_eq!(n.news(), None);
        n.add("a".into());
        n.add("b".into());
        assert_eq!(n.news().as_deref(), Some("a; b"));
        assert_eq!(n.news(), None);
        assert_eq!(n.all(), ["a", "b"]);
    }
}
