//! Names in files that allow fewer of them than an archive does.

use std::collections::BTreeSet;

/// Names of which no two are alike.
#[derive(Debug, Default)]
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The wanted name, or the first free one of name_2, name_3 ...
    pub fn take(&mut self, wanted: &str) -> String {
        let numbered = (2u64..).map(|n| format!("{wanted}_{n}"));
        let free = std::iter::once(wanted.to_string()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }
}

/// A name for a file, or for an object in an HDF5 file, where a slash leads into a folder.
pub fn without_slashes(name: &str) -> String {
    let clean = |c: char| if c == '/' || c == '\\' || c.is_control() { '_' } else { c };
    match name {
        "." | ".." => "_".into(),
        name => name.chars().map(clean).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_are_alike() {
        let mut names = Names::default();
        let taken = ["a_b", "a/b", "x", "a_b", "a_b_2"].map(|name| names.take(&without_slashes(name)));
        assert_eq!(taken, ["a_b", "a_b_2", "x", "a_b_3", "a_b_2_2"]);
        assert_eq!(without_slashes(".."), "_");
    }
}
