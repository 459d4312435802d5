//! The container from outside: sizes, damage, golden files.

mod appending;
mod archive_damage;
mod fixture;
mod forged;
mod golden;
mod journal_damage;
mod overhead;
mod recordings;
mod records;
