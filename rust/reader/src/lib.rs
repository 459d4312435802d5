//! `limbeck-reader`.
