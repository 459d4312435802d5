//! Numbers beside pictures.

/// A value with about four significant digits, whatever its size.
pub fn short(v: f64) -> String {
    let a = v.abs();
    match () {
        () if v == 0.0 => "0".into(),
        () if !v.is_finite() => format!("{v}"),
        () if (1e-3..1e5).contains(&a) => {
            let decimals = (3 - a.log10().floor() as i32).clamp(0, 6) as usize;
            let text = format!("{v:.decimals$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
                false => text,
            }
        }
        () => format!("{v:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn four_digits_are_kept() {
        assert_eq!(short(0.012_345_6), "0.01235");
        assert_eq!(short(1234.56), "1235");
        assert_eq!(short(1.5e-9), "1.50e-9");
        assert_eq!(short(-2.0), "-2");
    }
}
