//! Logs on a schedule: some points, at an interval or when they change.
//!
//! Readings become lines, lines become a CSV file a day (`file`), rows of the
//! table `logged`, or both. This file decides what is a line; it is pure. Lines
//! need a wall clock: readings from before it was set are in the history, not here.

mod file;
mod logs;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Sample;
use super::history::day_of;
use super::history::rollup::Sum;
use crate::units::{Unit, Value};

pub use file::{Files, LogError};
pub(super) use logs::{Logs, Outcome};

/// The most points of one log: the columns of a file that people still open.
pub const POINTS_MAX: usize = 256;

/// One log, as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRule {
    /// Its name: lower-case letters, digits and `_`.
    pub name: String,
    /// Points, or `device.*` for all of a device.
    pub points: Vec<String>,
    /// When a line is written.
    pub cadence: Cadence,
    /// What is written of an interval.
    pub aggregates: Vec<Aggregate>,
    /// Whether there is a CSV file for each day.
    pub file: bool,
    /// Whether there are rows in `history.db`.
    pub table: bool,
    /// How long both are kept.
    pub keep: Duration,
    /// A file is synced at most so often, and when it ends.
    pub sync_every: Duration,
}

/// When a line is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cadence {
    /// At the end of each interval, counted from midnight of the site.
    Every(Duration),
    /// When a number has moved further than this from the last one written, or a text
    /// is another.
    OnChange(f64),
}

/// What is written of the readings of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aggregate {
    /// The least.
    Min,
    /// The mean.
    Mean,
    /// The greatest.
    Max,
    /// The last.
    Last,
    /// How many there were.
    Count,
}

impl Aggregate {
    /// All of them with the words of the configuration.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("min", Self::Min),
        ("mean", Self::Mean),
        ("max", Self::Max),
        ("last", Self::Last),
        ("count", Self::Count),
    ];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, known)| *known == self).map_or("", |(word, _)| word)
    }
}

/// A point in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The unit of its numbers.
    pub unit: Unit,
    /// Its numbers, if there were any.
    pub sum: Option<Sum>,
    /// The last value; `None`: not available.
    pub last: Option<Value>,
}

/// One line of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The start of the interval, or the time of the change: Unix milliseconds.
    pub ms: i64,
    /// What is known of each point.
    pub cells: BTreeMap<Arc<str>, Cell>,
}

/// A log at work.
#[derive(Debug)]
pub struct Log {
    /// What it was declared as.
    pub rule: LogRule,
    zone: TimeZone,
    /// Which names are meant, as far as they have been met.
    meant: BTreeMap<Arc<str>, bool>,
    /// The interval that is open: its end and what there is.
    open: Option<(i64, Line)>,
    /// Of a log of changes: what was written last.
    written: BTreeMap<Arc<str>, Option<Value>>,
}

impl Log {
    /// A log that has met nothing yet.
    #[must_use]
    pub fn new(rule: LogRule, zone: TimeZone) -> Self {
        let (meant, written) = (BTreeMap::new(), BTreeMap::new());
        Self { rule, zone, meant, open: None, written }
    }

    /// Takes readings in; returns the lines that are finished.
    pub fn take(&mut self, samples: &[Sample]) -> Vec<Line> {
        let mut lines = Vec::new();
        for sample in samples {
            if !sample.at.wall_trusted || !self.means(&sample.point) {
                continue;
            }
            let ms = sample.at.wall.as_millisecond();
            match self.rule.cadence {
                Cadence::Every(step) => lines.extend(self.add(ms, step, sample)),
                Cadence::OnChange(band) => lines.extend(self.change(ms, band, sample)),
            }
        }
        lines
    }

    /// The interval that was open.
    pub fn finish(&mut self) -> Option<Line> {
        self.open.take().map(|(_, line)| line)
    }

    fn means(&mut self, point: &Arc<str>) -> bool {
        if let Some(meant) = self.meant.get(point) {
            return *meant;
        }
        let means = |pattern: &String| match pattern.strip_suffix('*') {
            Some(device) => point.starts_with(device),
            None => **point == **pattern,
        };
        let room = self.meant.values().filter(|meant| **meant).count() < POINTS_MAX;
        let meant = room && self.rule.points.iter().any(means);
        self.meant.insert(point.clone(), meant);
        meant
    }

    fn add(&mut self, ms: i64, step: Duration, sample: &Sample) -> Option<Line> {
        let within = self.open.as_ref().is_some_and(|(end, line)| (line.ms..*end).contains(&ms));
        let finished = if within { None } else { self.finish() };
        if !within {
            let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
            let day = day_of(&self.zone, ms).0;
            let start = day + (ms - day).div_euclid(step) * step;
            self.open =
                Some((start.saturating_add(step), Line { ms: start, cells: BTreeMap::new() }));
        }
        if let Some((_, line)) = &mut self.open {
            let cell = line.cells.entry(sample.point.clone()).or_insert_with(|| cell(sample));
            let number = sample.believed();
            match (&mut cell.sum, number) {
                (Some(sum), Some(number)) => sum.add(ms, number),
                (sum, Some(number)) => *sum = Some(Sum::one(ms, number)),
                (_, None) => {}
            }
            cell.last.clone_from(&sample.value);
        }
        finished
    }

    fn change(&mut self, ms: i64, band: f64, sample: &Sample) -> Option<Line> {
        let moved = match (self.written.get(&sample.point), &sample.value) {
            (Some(Some(Value::Number(last))), Some(Value::Number(now))) => {
                (now - last).abs() > band
            }
            (Some(last), now) => last != now,
            (None, _) => true,
        };
        if !moved {
            return None;
        }
        self.written.insert(sample.point.clone(), sample.value.clone());
        let sum = sample.believed().map(|number| Sum::one(ms, number));
        let cell = Cell { sum, last: sample.value.clone(), ..cell(sample) };
        Some(Line { ms, cells: BTreeMap::from([(sample.point.clone(), cell)]) })
    }
}

fn cell(sample: &Sample) -> Cell {
    Cell { unit: sample.unit, sum: None, last: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::snapshot::Quality;

    fn rule(cadence: Cadence) -> LogRule {
        LogRule {
            name: "battery".to_owned(),
            points: vec!["shunt.soc".to_owned(), "mppt.*".to_owned()],
            cadence,
            aggregates: vec![Aggregate::Last],
            file: true,
            table: false,
            keep: Duration::from_secs(86_400),
            sync_every: Duration::ZERO,
        }
    }

    fn sample(point: &str, second: u64, value: f64) -> Sample {
        let monotonic = Duration::from_secs(second);
        let wall = jiff::Timestamp::UNIX_EPOCH + monotonic;
        Sample {
            point: point.into(),
            unit: Unit::Percent,
            value: Value::number(value),
            quality: Quality::Good,
            at: Now { monotonic, wall, wall_trusted: true },
        }
    }

    /// Seconds and last values of the lines of some readings.
    fn lines(cadence: Cadence, zone: &str, samples: &[Sample]) -> Vec<(i64, f64)> {
        let mut log = Log::new(rule(cadence), TimeZone::get(zone).unwrap());
        let mut lines = log.take(samples);
        lines.extend(log.finish());
        let of = |line: &Line| {
            let value = line.cells.values().next().unwrap().last.clone().unwrap();
            (line.ms / 1000, value.as_number().unwrap())
        };
        lines.iter().map(of).collect()
    }

    #[test]
    fn an_interval_has_one_line_with_the_last_value() {
        let samples = [("shunt.soc", 3, 50.0), ("shunt.soc", 59, 51.0), ("shunt.soc", 61, 52.0)];
        let samples = samples.map(|(point, second, value)| sample(point, second, value));
        let every = Cadence::Every(Duration::from_secs(60));
        assert_eq!(lines(every, "UTC", &samples), [(0, 51.0), (60, 52.0)]);
    }

    #[test]
    fn intervals_are_counted_from_the_sites_midnight() {
        let samples = [sample("mppt.pv_power", 10 * 3600, 1.0)];
        let every = Cadence::Every(Duration::from_secs(86_400));
        // Midnight of UTC-10 is ten o'clock.
        assert_eq!(lines(every, "Pacific/Honolulu", &samples), [(10 * 3600, 1.0)]);
    }

    #[test]
    fn a_change_within_the_dead_band_is_no_line() {
        let values = [50.0, 50.4, 49.6, 50.6, 50.2, 50.0];
        let samples: Vec<_> =
            (0..).zip(values).map(|(second, value)| sample("shunt.soc", second, value)).collect();
        assert_eq!(
            lines(Cadence::OnChange(0.5), "UTC", &samples),
            [(0, 50.0), (3, 50.6), (5, 50.0)]
        );
    }

    #[test]
    fn other_points_and_an_unset_clock_leave_no_line() {
        let mut early = sample("shunt.soc", 1, 1.0);
        early.at.wall_trusted = false;
        let samples = [sample("shunt.voltage", 1, 1.0), sample("mpptx.v", 1, 1.0), early];
        assert_eq!(lines(Cadence::OnChange(0.0), "UTC", &samples), []);
    }

    #[test]
    fn what_is_not_available_is_a_change_too() {
        let mut gone = sample("shunt.soc", 2, 0.0);
        gone.value = None;
        let mut log = Log::new(rule(Cadence::OnChange(1.0)), TimeZone::UTC);
        let lines = log.take(&[sample("shunt.soc", 1, 5.0), gone.clone(), gone]);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].cells["shunt.soc"].last, None);
    }
}
