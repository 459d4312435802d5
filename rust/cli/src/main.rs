//! The program `limbeck`.

mod console;
mod failure;
mod input;
mod interrupt;
mod output;
mod picture;
mod selection;
mod table;

fn main() {}
