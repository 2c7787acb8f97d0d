//! A point's past in spans of any length, from the table that answers it best.
//!
//! Sums of days make weeks, quarters of an hour make hours, minutes make the rest;
//! only what is finer needs every reading. Spans shorter than a day begin at round
//! times of the site's clock.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::query::HistoryReader;
use super::{Row, StoreError, Tier};

const MINUTE: u64 = 60;
const QUARTER: u64 = 15 * MINUTE;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Lengths of spans to choose from, in seconds.
const STEPS: [u64; 7] = [1, MINUTE, QUARTER, HOUR, 6 * HOUR, DAY, 7 * DAY];

/// A point's past.
#[derive(Clone, Debug)]
pub struct View {
    /// How long each span is.
    pub step: Duration,
    /// What it was worked out from.
    pub tier: Tier,
    /// Spans with readings, oldest first.
    pub rows: Vec<Row>,
}

impl HistoryReader {
    /// A point in spans of this length that start within the range.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn view(
        &self,
        point: &str,
        range: &Range<Timestamp>,
        step: Duration,
    ) -> Result<View, StoreError> {
        let step = step.max(Duration::from_secs(1));
        let tier = tier_for(step);
        let rows = match (tier, step.as_secs()) {
            (Tier::Full, _) => self.aggregate(point, range.clone(), step)?,
            (Tier::Minute, MINUTE) | (Tier::Quarter, QUARTER) | (Tier::Day, DAY) => {
                self.series(point, range.clone(), tier)?
            }
            _ => {
                let start = |at| start_of(self.zone(), at, step);
                let wider = start(range.start)..range.end;
                let rows = joined(self.series(point, wider, tier)?, start);
                rows.into_iter().filter(|row| range.contains(&row.time)).collect()
            }
        };
        Ok(View { step, tier, rows })
    }

    /// A point in at most `most` spans, or longer ones where shorter ones are not kept
    /// back to the start of the range.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn overview(
        &self,
        point: &str,
        range: &Range<Timestamp>,
        most: u64,
    ) -> Result<View, StoreError> {
        let shortest = step_for(range, most);
        let mut best = self.view(point, range, shortest)?;
        for step in STEPS.map(Duration::from_secs).into_iter().filter(|step| *step > shortest) {
            let reaches = |view: &View, slack: Duration| {
                view.rows.first().is_some_and(|row| row.time <= range.start + view.step + slack)
            };
            if reaches(&best, Duration::from_secs(HOUR)) || tier_for(step) == best.tier {
                continue;
            }
            let longer = self.view(point, range, step)?;
            let first = |view: &View| view.rows.first().map(|row| row.time);
            match (first(&longer), first(&best)) {
                (Some(_), None) => best = longer,
                // A longer span begins earlier by itself.
                (Some(new), Some(old)) if new + longer.step < old => best = longer,
                _ => {}
            }
        }
        Ok(best)
    }
}

/// The shortest span of which at most `most` fill a range.
#[must_use]
pub fn step_for(range: &Range<Timestamp>, most: u64) -> Duration {
    let seconds = (range.end.as_second() - range.start.as_second()).max(1).unsigned_abs();
    let fits = |step: &&u64| seconds.div_ceil(**step) <= most;
    Duration::from_secs(*STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]))
}

/// The table whose spans make up a longer one.
fn tier_for(step: Duration) -> Tier {
    let seconds = step.as_secs();
    match (step.subsec_nanos(), seconds) {
        (0, _) if seconds > 0 && seconds.is_multiple_of(DAY) => Tier::Day,
        (0, _) if seconds > 0 && seconds.is_multiple_of(QUARTER) => Tier::Quarter,
        (0, _) if seconds > 0 && seconds.is_multiple_of(MINUTE) => Tier::Minute,
        _ => Tier::Full,
    }
}

/// Where the span of an instant begins.
fn start_of(zone: &TimeZone, at: Timestamp, step: Duration) -> Timestamp {
    let offset = i64::from(zone.to_offset(at).seconds());
    let step = i64::try_from(step.as_secs()).unwrap_or(i64::MAX).max(1);
    let local = at.as_second() + offset;
    let start = local.div_euclid(step) * step;
    let start = if step.unsigned_abs() >= DAY {
        // Midnights are not 24 hours apart in every night.
        let midnight = Timestamp::from_second(start).map(|at| TimeZone::UTC.to_datetime(at));
        midnight.and_then(|midnight| zone.to_timestamp(midnight)).map(|at| at.as_second())
    } else {
        Ok(start - offset)
    };
    start.and_then(Timestamp::from_second).unwrap_or(at)
}

/// Joins spans to longer ones.
fn joined(rows: Vec<Row>, start: impl Fn(Timestamp) -> Timestamp) -> Vec<Row> {
    let mut found: BTreeMap<Timestamp, Row> = BTreeMap::new();
    for row in rows {
        let time = start(row.time);
        found.entry(time).and_modify(|sum| sum.join(&row)).or_insert(Row { time, ..row });
    }
    found.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check_start(zone: &str, at: &str, hours: u64, expected: &str) {
        let zone = TimeZone::get(zone).unwrap();
        assert_eq!(start_of(&zone, time(at), Duration::from_secs(hours * HOUR)), time(expected));
    }

    #[test]
    fn spans_begin_at_round_times_of_the_local_clock() {
        check_start("Asia/Kolkata", "2026-12-01T07:10:00Z", 6, "2026-12-01T06:30:00Z");
        check_start("America/Anchorage", "2026-12-01T07:10:00Z", 6, "2026-12-01T03:00:00Z");
        check_start("Europe/Berlin", "2026-06-01T21:59:00Z", 168, "2026-05-27T22:00:00Z");
        check_start("Europe/Berlin", "2026-03-30T12:00:00Z", 48, "2026-03-29T22:00:00Z");
    }

    #[test]
    fn the_shortest_span_that_fits_is_chosen() {
        let start = time("2026-12-01T00:00:00Z");
        let step = |days: u64, most| {
            let range = start..start + Duration::from_secs(days * DAY);
            step_for(&range, most).as_secs()
        };
        assert_eq!(step(1, 1500), MINUTE);
        assert_eq!(step(7, 1500), QUARTER);
        assert_eq!(step(31, 1500), HOUR);
        assert_eq!(step(365, 1500), 6 * HOUR);
        assert_eq!(step(3650, 1500), 7 * DAY);
    }

    #[test]
    fn every_length_is_made_of_the_longest_spans_that_divide_it() {
        for (seconds, tier) in [
            (1, Tier::Full),
            (90, Tier::Full),
            (120, Tier::Minute),
            (900, Tier::Quarter),
            (3600, Tier::Quarter),
            (86_400, Tier::Day),
            (604_800, Tier::Day),
        ] {
            assert_eq!(tier_for(Duration::from_secs(seconds)), tier, "{seconds}");
        }
    }

    #[test]
    fn joined_spans_weigh_their_readings() {
        let row = |minute: i64, mean, count| Row {
            time: Timestamp::from_second(minute * 60).unwrap(),
            min: mean - 1.0,
            mean,
            max: mean + 1.0,
            last: mean,
            count,
        };
        let hour = |at: Timestamp| start_of(&TimeZone::UTC, at, Duration::from_secs(HOUR));
        let found = joined(vec![row(0, 1.0, 1), row(15, 4.0, 3), row(60, 9.0, 2)], hour);
        let (first, second) = (found[0], found[1]);
        assert_eq!(
            (first.min, first.mean, first.max, first.last, first.count),
            (0.0, 3.25, 5.0, 4.0, 4)
        );
        assert_eq!(second.mean, 9.0);
        assert_eq!(found.len(), 2);
    }
}
