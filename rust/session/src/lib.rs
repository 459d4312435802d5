//! `limbeck-session`.
