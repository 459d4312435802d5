//! cxx ends the process when Rust panics; here a panic becomes an error.

use std::any::Any;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a call failed: the text of the exception that C++ gets.
#[derive(Debug)]
pub struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Failure {
    /// A failure with this text.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure(text.into())
    }
}

/// Runs the work of a call.
pub fn guarded<T, E: Display>(work: impl FnOnce() -> Result<T, E>) -> Result<T, Failure> {
    // What a panicking call leaves half done is behind mutexes of the session, which answer for themselves.
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(outcome) => outcome.map_err(|error| Failure(error.to_string())),
        Err(panic) => Err(Failure(format!("a defect in limbeck, please report it: {}", panic_text(&*panic)))),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure() {
        let outcome = guarded(|| -> Result<(), Failure> { panic!("number {}", 7) });
        assert_eq!(outcome.unwrap_err().to_string(), "a defect in limbeck, please report it: number 7");
        assert_eq!(guarded(|| Err::<(), _>("disk full")).unwrap_err().to_string(), "disk full");
        assert_eq!(guarded(|| Ok::<_, Failure>(3)).unwrap(), 3);
    }
}
