//! What the figures were measured on.

use std::time::{SystemTime, UNIX_EPOCH};

use limbeck_network::Kernel;

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Date (UTC), processor, cores, instruction set and how busy the machine is, in two lines.
pub fn describe() -> String {
    let model = cpu_model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let load = std::fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next().map(|load| format!(", load {load}")))
        .unwrap_or_default();
    format!(
        "{}  {model}, {} cores, {} kernels{load}\nlimbeck {}, {} build",
        date(),
        cores(),
        Kernel::best().name(),
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "UNOPTIMISED" } else { "release" },
    )
}

/// Most memory that this process had resident at once, in bytes; NaN where the system does not say.
pub fn peak_memory() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |k| 1024.0 * k)
}

/// Today in UTC as year-month-day.
pub fn date() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (year, month, day) = civil((seconds / 86_400) as i64);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Calendar date of a day counted from 1970-01-01, for days after year 0 (proleptic Gregorian calendar).
fn civil(day: i64) -> (i64, i64, i64) {
    // Years that begin in March put the leap day last; day 0 is then 0000-03-01.
    let day = day + 719_468;
    let (era, in_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * in_year + 2) / 153;
    let day_of_month = in_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day_of_month)
}

fn cpu_model() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(59), (1970, 3, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
    }
}
