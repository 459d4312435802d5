//! The page for people, all in one file.

pub(super) const HTML: &str = include_str!("page.html");
