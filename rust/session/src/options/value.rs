//! Values of options from text.

use std::net::{Ipv4Addr, SocketAddr};

use super::OptionKind;

/// The value in its normal form; None if it is out of range.
pub(super) fn normalise(kind: &OptionKind, value: &str) -> Option<String> {
    match *kind {
        OptionKind::Flag => flag(value).map(|v| v.to_string()),
        OptionKind::Choice(words) => words.iter().find(|w| w.eq_ignore_ascii_case(value)).map(|w| (*w).to_owned()),
        OptionKind::Integer { min, max } => whole(value).filter(|v| (min..=max).contains(v)).map(|v| v.to_string()),
        OptionKind::Number { min, max } => {
            value.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= min && *v <= max).map(|v| v.to_string())
        }
        OptionKind::Bytes { min } => bytes(value).filter(|&v| v >= min).map(|v| v.to_string()),
        OptionKind::Path => (!value.contains('\0')).then(|| value.to_owned()),
        OptionKind::Name => Some(value.trim().to_owned()).filter(|v| !v.is_empty() && !v.contains(char::is_control)),
        OptionKind::Cores => cores(value).map(|_| value.replace(' ', "")),
        OptionKind::Address => address(value).map(|a| a.to_string()),
    }
}

/// A whole number, also as 2e6.
fn whole(value: &str) -> Option<i64> {
    let exact = |v: f64| (v.fract() == 0.0 && v.abs() < 2f64.powi(53)).then_some(v as i64);
    value.parse().ok().or_else(|| value.parse().ok().and_then(exact))
}

/// A yes or no.
pub(crate) fn flag(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Some(true),
        "false" | "off" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// A number of bytes with or without unit.
pub(crate) fn bytes(value: &str) -> Option<u64> {
    let value = value.trim();
    let digits = value.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(value.len());
    let (number, unit) = value.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1000 * 1000,
        "gb" => 1000 * 1000 * 1000,
        "tb" => 1000 * 1000 * 1000 * 1000,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "tib" | "t" => 1 << 40,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor).filter(|&n| n <= i64::MAX as u64);
    }
    let product = number.parse::<f64>().ok()? * factor as f64;
    (product.is_finite() && product <= i64::MAX as f64).then_some(product as u64)
}

/// A list of cores.
pub(crate) fn cores(value: &str) -> Option<Vec<usize>> {
    let mut cores = Vec::new();
    for part in value.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.trim().parse::<usize>().ok()?, last.trim().parse::<usize>().ok()?);
        if first > last || last > 65_535 {
            return None;
        }
        cores.extend((first..=last).filter(|c| !cores.contains(c)).collect::<Vec<_>>());
    }
    Some(cores)
}

/// An address to listen on. A port alone is one of the loopback: to be reached from elsewhere has to be written out. Names
/// other than localhost would have to be looked up, which may take long.
pub(crate) fn address(value: &str) -> Option<SocketAddr> {
    let port = value.strip_prefix("localhost").unwrap_or(value);
    let port = port.strip_prefix(':').or((port == value).then_some(port));
    let decimal = |p: &&str| p.bytes().all(|b| b.is_ascii_digit());
    match port.filter(decimal).and_then(|p| p.parse().ok()) {
        Some(port) => Some((Ipv4Addr::LOCALHOST, port).into()),
        None => value.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_with_units() {
        for (text, n) in
            [("17", 17), ("1 KiB", 1024), ("1.5MB", 1_500_000), ("2g", 2 << 30), ("0", 0), ("3 tib", 3 << 40)]
        {
            assert_eq!(bytes(text), Some(n), "{text}");
        }
        for text in ["", "MB", "1 XB", "-1", "1e5", "9999999 TiB", "1.2.3"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn whole_numbers() {
        let some = [("12", 12), ("-3", -3), ("2e6", 2_000_000), ("9223372036854775807", i64::MAX)];
        assert!(some.iter().all(|(text, n)| whole(text) == Some(*n)));
        assert!(["", "2.5", "1e300", "inf", "NaN", "x"].iter().all(|text| whole(text).is_none()));
    }

    #[test]
    fn addresses_are_of_the_loopback_unless_written_out() {
        for (text, normal) in [
            ("9464", "127.0.0.1:9464"),
            (":0", "127.0.0.1:0"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:9464", "0.0.0.0:9464"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(address(text).map(|a| a.to_string()).as_deref(), Some(normal), "{text}");
        }
        for text in
            ["", ":", "localhost", "localhost9", "+80", "65536", "127.0.0.1", "::1", "node:80", "http://127.0.0.1:80"]
        {
            assert_eq!(address(text), None, "{text}");
        }
    }

    #[test]
    fn lists_of_cores() {
        assert_eq!(cores("2,3, 8-11,3"), Some(vec![2, 3, 8, 9, 10, 11]));
        for text in ["", "3-", "4-2", "1,,2", "0-99999999"] {
            assert_eq!(cores(text), None, "{text}");
        }
    }
}
