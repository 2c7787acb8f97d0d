//! Durations as people write them in a file or on the command line.

use std::time::Duration;

/// A year; a longer duration is a slip of the keyboard.
const DURATION_MAX: f64 = 366.0 * 86_400.0;

/// Reads `10s`, `1.5h`, `5 min`, `1day`.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "ms" => 0.001,
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    };
    let length = count.parse::<f64>().ok()? * seconds;
    (length <= DURATION_MAX).then(|| Duration::try_from_secs_f64(length).ok())?
}
