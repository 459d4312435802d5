//! What did not go as asked and is told once to the host.

use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default)]
pub(crate) struct Notices {
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// The first of them.
    all: Vec<String>,
    /// How many of them the host knows.
    known: usize,
    /// How many more there were, and how many of these the host knows.
    further: u64,
    further_known: u64,
}

/// A fault that every block of every step has is not told a million times.
const KEPT: usize = 100;

impl Notices {
    pub(crate) fn add(&self, text: String) {
        tracing::warn!("{text}");
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.all.len() < KEPT {
            told.all.push(text);
        } else {
            told.further += 1;
        }
    }

    /// What the host does not know yet, as one text.
    pub(crate) fn news(&self) -> Option<String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = told.all[told.known..].to_vec();
        news.extend(further(told.further - told.further_known));
        (told.known, told.further_known) = (told.all.len(), told.further);
        (!news.is_empty()).then(|| news.join("; "))
    }

    pub(crate) fn all(&self) -> Vec<String> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.all.iter().cloned().chain(further(told.further)).collect()
    }
}

/// Stands for notices that are not kept; the log has them all.
fn further(n: u64) -> Option<String> {
    (n > 0).then(|| format!("{n} further notices are in the log"))
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

    #[test]
    fn a_flood_is_counted_and_not_kept() {
        let n = Notices::default();
        (0..KEPT + 7).for_each(|i| n.add(format!("notice {i}")));
        let news = n.news().unwrap();
        assert!(
            news.starts_with("notice 0; notice 1;") && news.ends_with("; 7 further notices are in the log"),
            "{news}"
        );
        assert_eq!(n.news(), None);
        n.add("once more".into());
        assert_eq!(n.news().as_deref(), Some("1 further notices are in the log"));
        assert_eq!((n.all().len(), n.all()[KEPT].as_str()), (KEPT + 1, "8 further notices are in the log"));
    }
}
