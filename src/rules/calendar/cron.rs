//! Cron patterns: `minute hour day month weekday`, as in `cron("0 6 * * mon")`.
//!
//! Only the matching is here. A minute that the clock skips in spring does not
//! happen, and one that it repeats in autumn happens once: see `calendar`.

use jiff::civil::DateTime;

/// Five fields; a bit for each number that matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Cron {
    /// As it was written.
    pub text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both day and weekday are restricted: then either suffices.
    either_day: bool,
}

/// Names of weekdays as everywhere in the rules; Sunday is 0 and 7 in cron.
pub const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

struct Field {
    name: &'static str,
    low: u8,
    high: u8,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", low: 0, high: 59, names: &[] },
    Field { name: "hour", low: 0, high: 23, names: &[] },
    Field { name: "day of the month", low: 1, high: 31, names: &[] },
    Field { name: "month", low: 1, high: 12, names: &MONTHS },
    Field { name: "weekday", low: 0, high: 7, names: &WEEKDAYS },
];

impl Cron {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says which field cannot be understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words[..] else {
            return Err(format!(
                "a cron pattern has five fields (minute, hour, day, month, weekday), found {}",
                words.len()
            ));
        };
        let sunday = |bits: u64| if bits & (1 << 7) == 0 { bits } else { bits | 1 };
        let cron = Self {
            text: words.join(" "),
            minutes: field(&FIELDS[0], minute)?,
            hours: field(&FIELDS[1], hour)?,
            days: field(&FIELDS[2], day)?,
            months: field(&FIELDS[3], month)?,
            weekdays: sunday(field(&FIELDS[4], weekday)?),
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        if cron.can_match() { Ok(cron) } else { Err("no year has such a day".to_owned()) }
    }

    /// Whether the pattern matches this minute.
    #[must_use]
    pub fn matches(&self, at: DateTime) -> bool {
        let has = |bits: u64, number: i8| u32::try_from(number).is_ok_and(|n| bits >> n & 1 == 1);
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        let date = if self.either_day { day || weekday } else { day && weekday };
        date && has(self.minutes, at.minute())
            && has(self.hours, at.hour())
            && has(self.months, at.month())
    }

    /// The 31st of February never comes.
    fn can_match(&self) -> bool {
        const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let earliest = self.days.trailing_zeros();
        self.either_day
            || LONGEST
                .iter()
                .zip(1..)
                .any(|(days, month)| self.months >> month & 1 == 1 && earliest <= *days)
    }
}

fn field(field: &Field, text: &str) -> Result<u64, String> {
    let mut bits = 0;
    for part in text.split(',') {
        bits |= one(field, part).ok_or_else(|| {
            format!("`{part}` is no {} ({} to {})", field.name, field.low, field.high)
        })?;
    }
    Ok(bits)
}

/// `*`, `5`, `mon`, `1-5`, `*/15`, `10-50/20`.
fn one(field: &Field, part: &str) -> Option<u64> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, step.parse::<u8>().ok().filter(|step| *step > 0)?),
        None => (part, 1),
    };
    let (low, high) = match range.split_once('-') {
        _ if range == "*" => (field.low, if field.high == 7 { 6 } else { field.high }),
        Some((low, high)) => (number(field, low)?, number(field, high)?),
        None if step > 1 => (number(field, range)?, field.high),
        None => (number(field, range)?, number(field, range)?),
    };
    (low <= high)
        .then(|| (low..=high).step_by(usize::from(step)).fold(0, |bits, number| bits | 1 << number))
}

fn number(field: &Field, text: &str) -> Option<u8> {
    let named = field.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    // At most twelve names: they fit.
    let found = match named {
        Some(index) => index as u8 + if field.low == 1 { 1 } else { 0 },
        None => text.parse().ok()?,
    };
    (field.low <= found && found <= field.high).then_some(found)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// 2026-11-23 is a Monday.
    #[track_caller]
    fn check(pattern: &str, day: i8, hour: i8, minute: i8, expected: bool) {
        let cron = Cron::parse(pattern).expect("a good pattern");
        let at = date(2026, 11, day).at(hour, minute, 17, 0);
        assert_eq!(cron.matches(at), expected, "{pattern} at {at}");
    }

    #[test]
    fn patterns_match_their_minutes() {
        check("0 6 * * mon", 23, 6, 0, true);
        check("0 6 * * mon", 23, 6, 1, false);
        check("0 6 * * MON", 24, 6, 0, false);
        check("*/15 * * * *", 24, 9, 45, true);
        check("*/15 * * * *", 24, 9, 50, false);
        check("5-10,30 8-17 * * 1-5", 24, 17, 30, true);
        check("5-10,30 8-17 * * 1-5", 22, 17, 30, false);
        check("0 0 * * 7", 22, 0, 0, true);
        check("0 0 * * 0", 22, 0, 0, true);
        check("0 12 1 nov *", 1, 12, 0, true);
        check("0 12 1 dec *", 1, 12, 0, false);
        check("10/20 * * * *", 1, 3, 50, true);
    }

    #[test]
    fn either_of_day_and_weekday_suffices_when_both_are_given() {
        check("0 0 13 * fri", 13, 0, 0, true);
        check("0 0 13 * fri", 20, 0, 0, true);
        check("0 0 13 * fri", 21, 0, 0, false);
    }

    #[test]
    fn what_cannot_be_understood_is_told() {
        for (pattern, expected) in [
            ("0 6 * *", "five fields"),
            ("60 6 * * *", "`60` is no minute (0 to 59)"),
            ("0 24 * * *", "`24` is no hour"),
            ("0 6 * * mun", "`mun` is no weekday"),
            ("0 6 0 * *", "`0` is no day of the month"),
            ("*/0 * * * *", "`*/0` is no minute"),
            ("30-10 * * * *", "`30-10` is no minute"),
            ("0 0 31 feb *", "no year has such a day"),
        ] {
            let error = Cron::parse(pattern).expect_err(pattern);
            assert!(error.contains(expected), "{pattern}: {error}");
        }
    }
}
