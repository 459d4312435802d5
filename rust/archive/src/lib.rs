//! `limbeck-archive`.
