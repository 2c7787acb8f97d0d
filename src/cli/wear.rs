//! How often registers were written into flash, in words, and how long that goes well.

use crate::control::WearStatus;

/// Writes that flash of a microcontroller is commonly rated for, at the least and as a
/// rule. An assumption: the vendor names no number for any register.
pub const ENDURANCE: [u64; 2] = [10_000, 100_000];

/// Years until so many writes, at the rate so far; `None`: it is not known, or never.
#[must_use]
pub fn years_until(wear: &WearStatus, writes: u64) -> Option<f64> {
    let rate = wear.per_day.filter(|rate| *rate > 0.0)?;
    Some(writes.saturating_sub(wear.writes) as f64 / rate / 365.25)
}

/// `mppt load_output_control (0xEDAB, HQ1234): 12 writes since 2026-12-01, 2 within 24 h`.
#[must_use]
pub fn told(wear: &WearStatus) -> String {
    let WearStatus { device, serial, register, name, writes, lost, since, today, per_day } = wear;
    let names = [device.as_str(), name.as_str()];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    let what = match names.is_empty() {
        true => format!("0x{register:04X} of {serial}"),
        false => format!("{} (0x{register:04X}, {serial})", names.join(" ")),
    };
    let least = if *lost { "at least " } else { "" };
    let plural = if *writes == 1 { "" } else { "s" };
    let since = match since.split('T').next().unwrap_or_default() {
        "" => String::new(),
        date => format!(" since {date}"),
    };
    let today = if *today > 0 { format!(", {today} within 24 h") } else { String::new() };
    let rate = per_day.map_or_else(String::new, |rate| format!(", {rate:.1} a day"));
    let text = format!("{what}: {least}{writes} write{plural}{since}{today}{rate}");
    // A serial number is what a device says.
    super::journal::printable(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wear() -> WearStatus {
        WearStatus {
            device: "mppt".to_owned(),
            serial: "HQ1".to_owned(),
            register: 0xEDAB,
            name: "load_output_control".to_owned(),
            writes: 1000,
            lost: false,
            since: "2026-12-01T10:00:00Z".to_owned(),
            today: 2,
            per_day: Some(2.5),
        }
    }

    #[test]
    fn a_count_is_told_with_its_device_and_rate() {
        let text = "mppt load_output_control (0xEDAB, HQ1): 1000 writes since 2026-12-01, \
                    2 within 24 h, 2.5 a day";
        assert_eq!(told(&wear()), text);
    }

    #[test]
    fn what_is_not_known_is_not_told() {
        let known = WearStatus { serial: "HQ\u{1b}1".to_owned(), register: 1, ..wear() };
        let least = WearStatus { writes: 1, lost: true, ..WearStatus::default() };
        let least = WearStatus { serial: known.serial, register: 1, ..least };
        assert_eq!(told(&least), "0x0001 of HQ\\u{1b}1: at least 1 write");
    }

    #[test]
    fn years_are_told_from_the_rate_so_far() {
        let years = years_until(&wear(), 10_000).unwrap();
        assert!((years - 9000.0 / 2.5 / 365.25).abs() < 1e-9);
        assert_eq!(years_until(&WearStatus { per_day: None, ..wear() }, 10_000), None);
    }
}
