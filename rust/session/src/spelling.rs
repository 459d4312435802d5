//! The valid name that a misspelt one was probably meant to be.

/// The end of a message about a name that is no option: the nearest candidate if it is near enough to have been meant.
pub(crate) fn meant<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    match nearest(name, candidates).filter(|c| 2 * edits(name, c) <= c.chars().count()) {
        Some(c) => format!("did you mean {c}?"),
        None => "`limbeck options` lists them".into(),
    }
}

/// The candidate with the fewest edits from `name`, ties by order; None only if there are no candidates.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates.min_by_key(|c| edits(name, c))
}

/// Insertions, deletions and replacements from one word to the other; case does not count.
fn edits(a: &str, b: &str) -> usize {
    // Names come from users and may be of any length; what is longer than any option cannot be near one.
    let a: Vec<char> = a.chars().take(64).flat_map(char::to_lowercase).collect();
    let b: Vec<char> = b.chars().flat_map(char::to_lowercase).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("Queue.Bytes", "queue.bytes"), 0);
    }

    #[test]
    fn finds_what_was_meant() {
        let names = ["queue.bytes", "queue.policy", "target.ratio"];
        assert_eq!(nearest("target.rato", names.into_iter()), Some("target.ratio"));
        assert_eq!(nearest("quue.byte", names.into_iter()), Some("queue.bytes"));
        assert_eq!(nearest("x", std::iter::empty()), None);
    }

    #[test]
    fn proposes_only_what_is_near() {
        let names = ["queue.bytes", "seed", "target.ratio"];
        assert_eq!(meant("target.rato", names.into_iter()), "did you mean target.ratio?");
        assert!(!meant("LIMBECK", names.into_iter()).contains("mean"));
        assert!(!meant("", names.into_iter()).contains("mean"));
    }
}
