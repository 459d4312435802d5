//! The one table of options. The parser, the program's `limbeck options` and the documentation all come from it.

mod method;
mod service;
mod value;

use std::sync::OnceLock;

use crate::{Error, Result};

/// What an option's value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionKind {
    /// `true` or `false` (also `on`, `off`, `yes`, `no`, `1`, `0`).
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number in this range, both ends included.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A number in this range, both ends included.
    Number {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// A number of bytes: `1048576`, `1 MiB`, `2GB`; powers of 1024 with an `i`, of 1000 without.
    Bytes {
        /// Smallest value.
        min: u64,
    },
    /// A path.
    Path,
    /// A name, or a part of one.
    Name,
    /// Processor cores: `2,3,8-11`.
    Cores,
    /// An address to listen on: `127.0.0.1:9464`, `[::1]:9464`, or a port alone, which is one of the loopback; port 0 is any
    /// free one.
    Address,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OptionSpec {
    /// Its name: `group.name`.
    pub name: &'static str,
    /// What its value may be.
    pub kind: OptionKind,
    /// Unit of the value, "" if it has none.
    pub unit: &'static str,
    /// A word that may stand instead of a value: `auto`, `none`.
    pub word: Option<&'static str>,
    /// Value unless set otherwise; "" if there is none.
    pub default: &'static str,
    /// What it does, for people.
    pub doc: &'static str,
}

impl OptionSpec {
    /// Name of the environment variable that sets it: `target.ratio` is `LIMBECK_TARGET_RATIO`.
    pub fn environment_variable(&self) -> String {
        format!("LIMBECK_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The values it may have, for people: "1 to 65536", "spill | block | drop | error".
    pub fn range(&self) -> String {
        let range = match self.kind {
            OptionKind::Flag => "true | false".to_owned(),
            OptionKind::Choice(words) => words.join(" | "),
            OptionKind::Integer { min, max } if max == i64::MAX => format!("at least {min}"),
            OptionKind::Integer { min, max } => format!("{min} to {max}"),
            OptionKind::Number { min, max: f64::INFINITY } => format!("at least {min}"),
            OptionKind::Number { min, max } => format!("{min} to {max}"),
            OptionKind::Bytes { min } => format!("bytes, at least {min}"),
            OptionKind::Path => "a path".to_owned(),
            OptionKind::Name => "a name".to_owned(),
            OptionKind::Cores => "a list of cores such as 2,3,8-11".to_owned(),
            OptionKind::Address => "an address and port such as 127.0.0.1:9464, a port alone".to_owned(),
        };
        match self.word {
            Some(word) => format!("{range}, or {word}"),
            None => range,
        }
    }

    /// The value in its normal form: words in lower case, bytes as a plain number.
    ///
    /// # Errors
    /// InvalidArgument that names the option, what was given and what is possible.
    pub fn normalise(&self, value: &str) -> Result<String> {
        let value = value.trim();
        if self.word.is_some_and(|w| w.eq_ignore_ascii_case(value)) || (value.is_empty() && self.default.is_empty()) {
            return Ok(value.to_lowercase());
        }
        value::normalise(&self.kind, value).ok_or_else(|| {
            let shown: String = value.chars().take(60).collect();
            Error::InvalidArgument(format!("{} = {shown:?} is not possible: must be {}", self.name, self.range()))
        })
    }
}

/// All options, in the order of their groups.
pub fn options() -> &'static [OptionSpec] {
    static ALL: OnceLock<Vec<OptionSpec>> = OnceLock::new();
    ALL.get_or_init(|| service::SERVICE.iter().chain(method::METHOD).copied().collect())
}

/// The option of this name.
///
/// # Errors
/// InvalidArgument that names the nearest one if there is none.
pub fn find_option(name: &str) -> Result<&'static OptionSpec> {
    options().iter().find(|o| o.name == name).ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        let meant = crate::spelling::meant(name, options().iter().map(|o| o.name));
        Error::InvalidArgument(format!("there is no option {shown:?}: {meant}"))
    })
}

/// Whether the ranks of a run may have different values: what concerns the node and its memory.
pub(crate) fn differs_by_rank(name: &str) -> bool {
    ["workers.", "device", "queue.bytes", "queue.spill", "journal.dir", "distil.threads", "distil.bytes", WATCHING]
        .iter()
        .any(|p| name.starts_with(p))
}

/// What options begin with that say who may watch a run: they change nothing about it.
pub(crate) const WATCHING: &str = "monitor.";

/// The options that belong to the method (its networks and training) and not to the service.
pub(crate) fn of_method() -> impl Iterator<Item = &'static str> {
    method::METHOD.iter().map(|o| o.name)
}

pub(crate) use value::{cores, flag};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_of_their_options() {
        for o in options() {
            let normal = o.normalise(o.default).unwrap();
            assert_eq!(o.normalise(&normal).unwrap(), normal, "{}", o.name);
            assert!(
                !o.doc.is_empty() && o.name.contains('.')
                    || ["device", "nonfinite", "preset", "seed", "effort", "sampler", "importance", "symmetry"]
                        .contains(&o.name)
            );
        }
    }

    #[test]
    fn names_and_variables_are_unique() {
        for (i, a) in options().iter().enumerate() {
            for b in &options()[..i] {
                assert_ne!(a.name, b.name);
                assert_ne!(a.environment_variable(), b.environment_variable());
            }
        }
        assert_eq!(find_option("target.ratio").unwrap().environment_variable(), "LIMBECK_TARGET_RATIO");
    }

    #[test]
    fn an_unknown_option_names_the_nearest() {
        let e = find_option("queue.polcy").unwrap_err().to_string();
        assert!(e.contains("\"queue.polcy\"") && e.contains("queue.policy?"), "{e}");
        let long = find_option(&"x".repeat(10_000)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn a_bad_value_says_what_is_possible() {
        let e = find_option("queue.policy").unwrap().normalise("wait").unwrap_err().to_string();
        assert!(e.contains("queue.policy") && e.contains("wait") && e.contains("spill | block | drop | error"), "{e}");
        for (name, value) in [
            ("target.ratio", "0.1"),
            ("target.ratio", "nan"),
            ("target.ratio", "inf"),
            ("workers.threads", "0"),
            ("workers.threads", "2.5"),
            ("queue.bytes", "-1"),
            ("queue.bytes", "12 parsecs"),
            ("queue.bytes", "99999999999999999999"),
            ("workers.cores", "3-1"),
            ("workers.cores", "a"),
            ("journal.keep", "maybe"),
            ("workers.nice", "20"),
            ("monitor.address", "9464x"),
            ("monitor.address", "127.0.0.1"),
            ("monitor.address", "node17:9464"),
            ("monitor.address", "65536"),
            ("monitor.ranks", "some"),
        ] {
            assert!(find_option(name).unwrap().normalise(value).is_err(), "{name} = {value}");
        }
    }
}
