//! What was found about a point, as lines for people, spreadsheets and scripts.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Found;
use crate::cli::journal::printable;
use crate::cli::when::{local, local_iso, told};
use crate::cli::{csv, past};
use crate::store::view::View;
use crate::store::{Row, StoredPoint, StoredReading, Tier};
use crate::units::Value;

/// Writes what was found about a point.
pub struct Lines<'a> {
    pub point: &'a StoredPoint,
    pub zone: &'a TimeZone,
}

impl Lines<'_> {
    pub fn people(&self, found: &Found) -> String {
        let name = printable(&self.point.name);
        let unit = match &*self.point.unit {
            "" => String::new(),
            unit => format!(" in {}", printable(unit)),
        };
        let zone = self.zone.iana_name().unwrap_or("local time");
        let empty = match found {
            Found::Spans(view) => view.rows.is_empty(),
            Found::Readings(readings) => readings.is_empty(),
        };
        if empty {
            return format!(
                "{name}: no readings in this range; {}\n",
                past::heard(self.point, self.zone)
            );
        }
        match found {
            Found::Spans(view) => {
                let step = told(view.step);
                let from = source(view);
                format!("{name}{unit}, every {step}{from}, {zone}\n{}", self.spans(view))
            }
            Found::Readings(readings) => {
                format!("{name}{unit}, every reading, {zone}\n{}", self.readings(readings))
            }
        }
    }

    fn spans(&self, view: &View) -> String {
        let days = view.tier == Tier::Day;
        let seconds = !view.step.as_secs().is_multiple_of(60);
        let format = match (days, seconds) {
            (true, _) => "%Y-%m-%d",
            (_, true) => "%Y-%m-%d %H:%M:%S",
            _ => "%Y-%m-%d %H:%M",
        };
        let width = local(Timestamp::UNIX_EPOCH, self.zone, format).len();
        let mut text = format!(
            "{:<width$} {:>10} {:>10} {:>10} {:>10} {:>9}\n",
            "time", "least", "mean", "greatest", "last", "readings"
        );
        for row in &view.rows {
            let cells = [row.min, row.mean, row.max, row.last]
                .map(|value| Value::Number(value).to_string());
            let [min, mean, max, last] = cells;
            let time = local(row.time, self.zone, format);
            let _ =
                writeln!(text, "{time} {min:>10} {mean:>10} {max:>10} {last:>10} {:>9}", row.count);
        }
        text
    }

    fn readings(&self, readings: &[StoredReading]) -> String {
        let mut text = String::new();
        for reading in readings {
            let time = local(reading.at.wall, self.zone, "%Y-%m-%d %H:%M:%S%.3f");
            let value = reading
                .value
                .as_ref()
                .map_or("-".to_owned(), |value| printable(&value.to_string()));
            let quality = reading.quality.to_string();
            let note = if quality == "good" { String::new() } else { format!("  {quality}") };
            let clock = if reading.at.wall_trusted { "" } else { "  clock not set" };
            let _ = writeln!(text, "{time} {value:>12}{note}{clock}");
        }
        text
    }

    pub fn machine(&self, found: &Found, csv: bool) -> String {
        let mut text = String::new();
        match found {
            Found::Spans(view) => {
                for row in &view.rows {
                    text += &if csv { self.row_csv(row) } else { self.row_json(row, view) };
                }
            }
            Found::Readings(readings) => {
                for reading in readings {
                    text +=
                        &if csv { self.reading_csv(reading) } else { self.reading_json(reading) };
                }
            }
        }
        text
    }

    fn row_csv(&self, row: &Row) -> String {
        let time = local_iso(row.time, self.zone);
        let [min, mean, max, last] =
            [row.min, row.mean, row.max, row.last].map(|value| csv::number(Some(value)));
        let (point, unit) = (csv::text(&self.point.name), csv::text(&self.point.unit));
        csv::line(&[&time, &point, &unit, &min, &mean, &max, &last, &row.count.to_string()])
    }

    fn row_json(&self, row: &Row, view: &View) -> String {
        let line = serde_json::json!({
            "time": local_iso(row.time, self.zone), "seconds": view.step.as_secs(),
            "point": &*self.point.name, "unit": &*self.point.unit,
            "min": row.min, "mean": row.mean, "max": row.max, "last": row.last, "count": row.count,
        });
        format!("{line}\n")
    }

    fn reading_csv(&self, reading: &StoredReading) -> String {
        let time = local_iso(reading.at.wall, self.zone);
        let value = match &reading.value {
            Some(Value::Number(number)) => csv::number(Some(*number)),
            Some(Value::Text(text)) => csv::text(text),
            None => String::new(),
        };
        let clock = clock_word(reading);
        let (point, unit) = (csv::text(&self.point.name), csv::text(&self.point.unit));
        csv::line(&[&time, &point, &unit, &value, &reading.quality.to_string(), clock])
    }

    fn reading_json(&self, reading: &StoredReading) -> String {
        let line = serde_json::json!({
            "time": local_iso(reading.at.wall, self.zone), "clock": clock_word(reading),
            "point": &*self.point.name, "unit": &*self.point.unit,
            "value": json_value(reading.value.as_ref()), "quality": reading.quality.to_string(),
        });
        format!("{line}\n")
    }
}

/// A value as JSON; `null`: not available.
pub fn json_value(value: Option<&Value>) -> serde_json::Value {
    match value {
        Some(Value::Number(number)) => serde_json::json!(number),
        Some(Value::Text(text)) => serde_json::json!(text),
        None => serde_json::Value::Null,
    }
}

/// How far the time of a reading can be believed, as the tables say it.
pub const fn clock_word(reading: &StoredReading) -> &'static str {
    match (reading.at.wall_trusted, reading.set_later) {
        (false, _) => "not set",
        (true, true) => "set later",
        (true, false) => "set",
    }
}

/// Longer spans are made of shorter ones.
fn source(view: &View) -> &'static str {
    match (view.tier, view.step.as_secs()) {
        (Tier::Full, _) => " (from every reading)",
        (Tier::Minute, 60) | (Tier::Quarter, 900) | (Tier::Day, 86_400) => "",
        (Tier::Minute, _) => " (from minutes)",
        (Tier::Quarter, _) => " (from quarters of an hour)",
        (Tier::Day, _) => " (from days)",
    }
}
