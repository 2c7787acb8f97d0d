//! Labels of a time axis, in local time.
//!
//! Labels stand at round times of the local clock, also over a night in which it
//! is put forward or back: an hour that does not exist has no label.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// A label below the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Unix milliseconds.
    pub at: i64,
    /// The first line.
    pub text: String,
    /// The second line, where it changes; empty elsewhere.
    pub below: String,
}

/// What is between two labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Seconds(i32),
    Days(i32),
    Weeks(i32),
    Months(i32),
    Years(i32),
}

const STEPS: [Step; 26] = [
    Step::Seconds(1),
    Step::Seconds(5),
    Step::Seconds(10),
    Step::Seconds(30),
    Step::Seconds(60),
    Step::Seconds(120),
    Step::Seconds(300),
    Step::Seconds(600),
    Step::Seconds(900),
    Step::Seconds(1800),
    Step::Seconds(3600),
    Step::Seconds(7200),
    Step::Seconds(10_800),
    Step::Seconds(21_600),
    Step::Seconds(43_200),
    Step::Days(1),
    Step::Days(2),
    Step::Weeks(1),
    Step::Weeks(2),
    Step::Months(1),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(10),
];

/// Labels for a range of Unix milliseconds, about `most` of them at the most.
#[must_use]
pub fn ticks(from: i64, until: i64, zone: &TimeZone, most: usize) -> Vec<Tick> {
    let (Ok(start), Ok(end)) =
        (Timestamp::from_millisecond(from), Timestamp::from_millisecond(until))
    else {
        return Vec::new();
    };
    let length = (until - from) / 1000;
    let count = i64::try_from(most.max(1)).unwrap_or(i64::MAX);
    let step = STEPS.into_iter().find(|step| length / step.seconds() <= count);
    let step = step.unwrap_or(STEPS[STEPS.len() - 1]);
    let mut ticks: Vec<Tick> = Vec::new();
    let mut at = step.floor(zone.to_datetime(start));
    let mut last = None;
    // A range of whole years has few labels; the bound is for a broken zone.
    for _ in 0..most.saturating_mul(2) + 4 {
        let Ok(instant) = zone.to_timestamp(at) else { break };
        if instant > end {
            break;
        }
        let ms = instant.as_millisecond();
        if instant >= start
            && ticks.last().is_none_or(|tick| tick.at < ms)
            && zone.to_datetime(instant) == at
        {
            let below = step.below(at);
            let is_new = last.as_ref() != Some(&below);
            last = Some(below.clone());
            ticks.push(Tick {
                at: ms,
                text: step.text(at),
                below: if is_new { below } else { String::new() },
            });
        }
        let Ok(next) = at.checked_add(step.span()) else { break };
        at = next;
    }
    ticks
}

impl Step {
    const fn seconds(self) -> i64 {
        match self {
            Self::Seconds(n) => n as i64,
            Self::Days(n) => n as i64 * 86_400,
            Self::Weeks(n) => n as i64 * 604_800,
            Self::Months(n) => n as i64 * 2_629_746,
            Self::Years(n) => n as i64 * 31_556_952,
        }
    }

    fn span(self) -> Span {
        match self {
            Self::Seconds(n) => n.seconds(),
            Self::Days(n) => n.days(),
            Self::Weeks(n) => n.weeks(),
            Self::Months(n) => n.months(),
            Self::Years(n) => n.years(),
        }
    }

    /// The latest round time that is not after `at`.
    fn floor(self, at: DateTime) -> DateTime {
        let date = at.date();
        match self {
            Self::Seconds(n) => {
                let time = at.time();
                let passed = i32::from(time.hour()) * 3600
                    + i32::from(time.minute()) * 60
                    + i32::from(time.second());
                let midnight = date.to_datetime(Time::midnight());
                midnight.checked_add((passed / n * n).seconds()).unwrap_or(midnight)
            }
            Self::Days(n) => {
                // Every second day is odd or even within its year.
                let back = (i32::from(date.day_of_year()) - 1) % n;
                date.saturating_sub(back.days()).to_datetime(Time::midnight())
            }
            Self::Weeks(_) => {
                let back = i32::from(date.weekday().since(Weekday::Monday));
                date.saturating_sub(back.days()).to_datetime(Time::midnight())
            }
            Self::Months(n) => {
                let back = (i32::from(date.month()) - 1) % n;
                date.first_of_month().saturating_sub(back.months()).to_datetime(Time::midnight())
            }
            Self::Years(n) => {
                let back = i32::from(date.year()) % n;
                date.first_of_year().saturating_sub(back.years()).to_datetime(Time::midnight())
            }
        }
    }

    fn text(self, at: DateTime) -> String {
        let format = match self {
            Self::Seconds(n) if n < 60 => "%H:%M:%S",
            Self::Seconds(_) => "%H:%M",
            Self::Days(1) => "%a %-d",
            Self::Days(_) | Self::Weeks(_) => "%-d %b",
            Self::Months(_) => "%b",
            Self::Years(_) => "%Y",
        };
        at.strftime(format).to_string()
    }

    fn below(self, at: DateTime) -> String {
        let format = match self {
            Self::Seconds(_) => "%a %-d %b %Y",
            Self::Days(1) => "%b %Y",
            Self::Days(_) | Self::Weeks(_) | Self::Months(_) => "%Y",
            Self::Years(_) => "",
        };
        at.strftime(format).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[track_caller]
    fn check(zone: &str, from: &str, until: &str, most: usize, expected: &[&str]) {
        let zone = TimeZone::get(zone).unwrap();
        let found: Vec<String> = ticks(ms(from), ms(until), &zone, most)
            .into_iter()
            .map(|tick| format!("{}/{}", tick.text, tick.below).trim_end_matches('/').to_owned())
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_day_has_hours_and_its_date() {
        check(
            "UTC",
            "2026-12-01T05:30:00Z",
            "2026-12-02T05:30:00Z",
            5,
            &["06:00/Tue 1 Dec 2026", "12:00", "18:00", "00:00/Wed 2 Dec 2026"],
        );
    }

    #[test]
    fn a_week_has_days() {
        check(
            "America/Anchorage",
            "2026-11-27T09:00:00Z",
            "2026-12-03T09:00:00Z",
            8,
            &["Fri 27/Nov 2026", "Sat 28", "Sun 29", "Mon 30", "Tue 1/Dec 2026", "Wed 2", "Thu 3"],
        );
    }

    #[test]
    fn months_and_years_have_theirs() {
        check(
            "UTC",
            "2026-10-15T00:00:00Z",
            "2027-02-10T00:00:00Z",
            6,
            &["Nov/2026", "Dec", "Jan/2027", "Feb"],
        );
        check(
            "UTC",
            "2019-10-15T00:00:00Z",
            "2027-02-10T00:00:00Z",
            4,
            &["2020", "2022", "2024", "2026"],
        );
    }

    #[test]
    fn labels_stay_on_the_clock_when_it_changes() {
        check(
            "Europe/Berlin",
            "2026-03-28T23:00:00Z",
            "2026-03-29T04:00:00Z",
            6,
            &["00:00/Sun 29 Mar 2026", "01:00", "03:00", "04:00", "05:00", "06:00"],
        );
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let found = ticks(ms("2026-10-24T21:00:00Z"), ms("2026-10-25T21:00:00Z"), &zone, 5);
        let texts: Vec<&str> = found.iter().map(|tick| &*tick.text).collect();
        assert_eq!(texts, ["00:00", "06:00", "12:00", "18:00"]);
    }

    #[test]
    fn no_range_has_more_labels_than_fit() {
        for days in [0, 1, 2, 5, 9, 30, 90, 365, 3000, 20_000] {
            let from = ms("2026-01-15T03:21:07Z");
            let found = ticks(from, from + days * 86_400_000 + 1000, &TimeZone::UTC, 8);
            assert!(found.len() <= 10, "{days}: {found:?}");
        }
    }
}
