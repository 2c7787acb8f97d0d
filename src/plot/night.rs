//! When the sun was down, as the rules' own `daylight` has it.

use std::ops::Range;

use jiff::Timestamp;

use crate::rules::{Sky, SunDay, sun_day};

/// Nights beyond this many are too narrow to be seen.
const DAYS_MAX: i64 = 120;

/// The nights of a range; none of a range that is too long to show them.
#[must_use]
pub fn nights(range: &Range<Timestamp>, latitude: f64, longitude: f64) -> Vec<Range<Timestamp>> {
    let (from, until) = (range.start.as_second() as f64, range.end.as_second() as f64);
    let (first, last) = (Sky::day_of(from, longitude), Sky::day_of(until, longitude));
    let mut found: Vec<Range<Timestamp>> = Vec::new();
    if last - first > DAYS_MAX {
        return found;
    }
    let mut dark_from = from;
    for day in first - 1..=last + 1 {
        let midnight = (day as f64 - longitude / 360.0) * 86_400.0;
        let (sunrise, sunset) = match sun_day(day, latitude, longitude) {
            SunDay::Rises { sunrise, sunset } => (sunrise, sunset),
            SunDay::AlwaysUp => (midnight, midnight + 86_400.0),
            SunDay::AlwaysDown => continue,
        };
        push(&mut found, dark_from.max(from), sunrise.min(until));
        dark_from = sunset.max(from);
    }
    push(&mut found, dark_from, until);
    found
}

fn push(found: &mut Vec<Range<Timestamp>>, from: f64, until: f64) {
    // Seconds of a range that jiff made: `as` loses nothing that matters.
    let instant = |seconds: f64| Timestamp::from_second(seconds.round() as i64).ok();
    if until - from >= 1.0
        && let (Some(from), Some(until)) = (instant(from), instant(until))
    {
        found.push(from..until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, until: &str, latitude: f64, expected: &[&str]) {
        let range = from.parse().unwrap()..until.parse().unwrap();
        let found: Vec<String> = nights(&range, latitude, 0.0)
            .iter()
            .map(|night| {
                format!("{} {}", &night.start.to_string()[5..16], &night.end.to_string()[5..16])
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn nights_are_between_sunset_and_sunrise() {
        check(
            "2026-03-20T12:00:00Z",
            "2026-03-22T12:00:00Z",
            52.0,
            &["03-20T18:13 03-21T06:00", "03-21T18:14 03-22T05:58"],
        );
    }

    #[test]
    fn polar_days_and_nights_are_whole() {
        check("2026-12-20T12:00:00Z", "2026-12-23T12:00:00Z", 75.0, &["12-20T12:00 12-23T12:00"]);
        check("2026-06-20T12:00:00Z", "2026-06-23T12:00:00Z", 75.0, &[]);
    }

    #[test]
    fn a_year_has_no_visible_nights() {
        check("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z", 52.0, &[]);
    }

    #[test]
    fn the_rules_daylight_agrees() {
        let range: Range<Timestamp> =
            "2026-01-10T00:00:00Z".parse().unwrap().."2026-01-25T00:00:00Z".parse().unwrap();
        let found = nights(&range, 63.4, -145.7);
        for minute in 0..15 * 24 * 60 {
            let at = range.start + jiff::SignedDuration::from_mins(minute);
            let seconds = at.as_second() as f64;
            let sky = Sky::new(Sky::day_of(seconds, -145.7), 63.4, -145.7);
            let near = |t: Timestamp| (t.as_second() - at.as_second()).abs() <= 1;
            if found.iter().any(|night| near(night.start) || near(night.end)) {
                continue;
            }
            let dark = found.iter().any(|night| night.contains(&at));
            assert_eq!(dark, !sky.daylight(seconds), "{at}");
        }
    }
}
