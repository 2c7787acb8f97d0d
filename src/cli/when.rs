//! Times on the command line: `7d` ago, `yesterday`, `2026-01-15 06:00`.
//!
//! Dates and times of day are those of the site's clock on the wall.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::site;

/// `--since` and `--until`, the same for everything that looks back.
#[derive(Clone, Debug, Args)]
pub struct TimeArgs {
    /// From when: `7d`, `90min` or `2w` ago, `yesterday`, `2026-01-15`, `2026-01-15 06:00`.
    #[arg(long, value_name = "TIME", default_value = "1d")]
    since: String,
    /// Until when; written like --since.
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: String,
}

impl TimeArgs {
    /// The range that is meant.
    ///
    /// # Errors
    /// When a time cannot be understood, or the end is not after the start.
    pub fn range(&self, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Range<Timestamp>> {
        let since = instant(&self.since, now, zone).context("--since")?;
        let until = instant(&self.until, now, zone).context("--until")?;
        if since >= until {
            bail!("--since {} is not before --until {}", self.since, self.until);
        }
        Ok(since..until)
    }
}

/// Reads a time.
///
/// # Errors
/// Says what a time looks like.
pub fn instant(text: &str, now: Timestamp, zone: &TimeZone) -> anyhow::Result<Timestamp> {
    let text = text.trim();
    let unknown =
        || format!("`{text}` is no time: write 7d, yesterday, 2026-01-15 or \"2026-01-15 06:00\"");
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let today = zone.to_datetime(now).date();
    let civil = match text {
        "now" => return Ok(now),
        "today" => Some(today.to_datetime(jiff::civil::Time::midnight())),
        "yesterday" => {
            Some(today.saturating_sub(1.day()).to_datetime(jiff::civil::Time::midnight()))
        }
        _ => civil(text),
    };
    match civil {
        Some(civil) => zone.to_timestamp(civil).with_context(unknown),
        None => now.checked_sub(span(text).ok().with_context(unknown)?).context("too long ago"),
    }
}

/// A date, or a date and a time of day.
fn civil(text: &str) -> Option<DateTime> {
    // A bare number would be read as a date of its own kind.
    let dashes = text.matches('-').count() == 2;
    let date =
        || text.parse::<Date>().ok().map(|date| date.to_datetime(jiff::civil::Time::midnight()));
    text.parse::<DateTime>().ok().or_else(date).filter(|_| dashes)
}

/// Reads `15m`, `90min`, `7d`, `2w`: like durations of the configuration, with the
/// short words that people type.
///
/// # Errors
/// Says what a duration looks like.
pub fn span(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    match unit {
        "m" | "minutes" => site::duration(&format!("{number}min")),
        "w" | "weeks" | "week" => site::duration(&format!("{number}d")).map(|day| day * 7),
        "days" => site::duration(&format!("{number}d")),
        _ => site::duration(text),
    }
    .map_err(|_| format!("`{text}` is no duration: write 15m, 2h, 7d or 2w"))
}

/// `15 min`, `1 h`, `7 d`: a length as titles say it.
#[must_use]
pub fn told(span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min")];
    let whole =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) if span.subsec_nanos() == 0 => format!("{} {name}", seconds / unit),
        _ => format!("{} s", span.as_secs_f64()),
    }
}

/// An instant as the site's clock shows it.
#[must_use]
pub fn local(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    zone.to_datetime(at).strftime(format).to_string()
}

/// An instant as the site's clock shows it, with its distance from UTC.
#[must_use]
pub fn local_iso(at: Timestamp, zone: &TimeZone) -> String {
    let offset = zone.to_offset(at).to_string();
    let offset = match offset.as_str() {
        short if short.len() == 3 => format!("{short}:00"),
        long => long.to_owned(),
    };
    format!("{}{offset}", local(at, zone, "%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let now = "2026-11-23T15:30:00Z".parse().unwrap();
        let zone = TimeZone::get("America/Anchorage").unwrap();
        let found = instant(text, now, &zone).ok().map(|found| local_iso(found, &zone));
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn times_are_understood_as_people_write_them() {
        check("now", Some("2026-11-23T06:30:00-09:00"));
        check("15m", Some("2026-11-23T06:15:00-09:00"));
        check("15min", Some("2026-11-23T06:15:00-09:00"));
        check("7d", Some("2026-11-16T06:30:00-09:00"));
        check("2w", Some("2026-11-09T06:30:00-09:00"));
        check("30 days", Some("2026-10-24T07:30:00-08:00"));
        check("today", Some("2026-11-23T00:00:00-09:00"));
        check("yesterday", Some("2026-11-22T00:00:00-09:00"));
        check("2026-01-15", Some("2026-01-15T00:00:00-09:00"));
        check("2026-07-15 06:00", Some("2026-07-15T06:00:00-08:00"));
        check("2026-07-15T06:00:30", Some("2026-07-15T06:00:30-08:00"));
        check("2026-07-15T06:00:00Z", Some("2026-07-14T22:00:00-08:00"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "7", "soon", "2026", "20260115", "2026-13-01", "-3d", "7 parsecs"] {
            check(text, None);
        }
    }

    #[test]
    fn an_end_before_the_start_is_refused() {
        let now = "2026-11-23T15:30:00Z".parse().unwrap();
        let args = TimeArgs { since: "1d".to_owned(), until: "2d".to_owned() };
        let error = args.range(now, &TimeZone::UTC).unwrap_err().to_string();
        assert_eq!(error, "--since 1d is not before --until 2d");
    }
}
