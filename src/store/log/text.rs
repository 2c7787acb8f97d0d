//! Lines as CSV: what a spreadsheet reads without being harmed by it.
//!
//! A log of intervals has a column for each point and aggregate, a log of changes
//! a row for each change. A text from a device that begins like a formula gets an
//! apostrophe in front; quotes and line ends are quoted (RFC 4180).

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Aggregate, Cell, Line};
use crate::store::history::rollup::Sum;
use crate::units::{Unit, Value};

/// A point with its unit: what a column is about.
pub type Column = (Arc<str>, Unit);

/// The first line of a file of intervals.
pub fn header(columns: &[Column], aggregates: &[Aggregate]) -> String {
    let mut line = "time".to_owned();
    for (point, unit) in columns {
        for aggregate in aggregates {
            let word = if *aggregate == Aggregate::Last { "" } else { aggregate.word() };
            let unit = if *aggregate == Aggregate::Count { "" } else { unit.symbol() };
            let mut name = point.to_string();
            for part in [word.to_owned(), unit_in_brackets(unit)] {
                if !part.is_empty() {
                    name.push(' ');
                    name.push_str(&part);
                }
            }
            line.push(',');
            line.push_str(&field(&name));
        }
    }
    line
}

/// The first line of a file of changes.
pub const CHANGES: &str = "time,point,value,unit";

fn unit_in_brackets(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!("[{unit}]") }
}

/// A line of intervals under the columns of its file.
pub fn interval(
    line: &Line,
    columns: &[Column],
    aggregates: &[Aggregate],
    zone: &TimeZone,
) -> String {
    let mut text = time(line.ms, zone);
    for (point, _) in columns {
        for aggregate in aggregates {
            text.push(',');
            if let Some(cell) = line.cells.get(point) {
                text.push_str(&aggregated(cell, *aggregate));
            }
        }
    }
    text
}

fn aggregated(cell: &Cell, aggregate: Aggregate) -> String {
    let sum = cell.sum.as_ref();
    let number = match aggregate {
        Aggregate::Last => return cell.last.as_ref().map(value).unwrap_or_default(),
        Aggregate::Count => return sum.map_or(0, |sum| sum.count).to_string(),
        Aggregate::Min => sum.map(|sum| sum.min),
        Aggregate::Mean => sum.map(Sum::mean),
        Aggregate::Max => sum.map(|sum| sum.max),
    };
    number.map(decimal).unwrap_or_default()
}

/// A line of changes.
pub fn change(line: &Line, zone: &TimeZone) -> String {
    let mut text = String::new();
    for (n, (point, cell)) in line.cells.iter().enumerate() {
        if n > 0 {
            text.push('\n');
        }
        let value = cell.last.as_ref().map(value).unwrap_or_default();
        // Writing into a string does not fail.
        let _ = write!(
            text,
            "{},{},{value},{}",
            time(line.ms, zone),
            field(point),
            field(cell.unit.symbol())
        );
    }
    text
}

/// `2026-12-01T04:10:00-09:00`, with milliseconds where there are any.
pub fn time(ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    let at = at.to_zoned_datetime(zone.clone());
    let form =
        if ms.rem_euclid(1000) == 0 { "%Y-%m-%dT%H:%M:%S%:z" } else { "%Y-%m-%dT%H:%M:%S.%3f%:z" };
    at.strftime(form).to_string()
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => decimal(*number),
        Value::Text(text) => field(text),
    }
}

/// A number without binary noise; six digits behind the point are finer than any register.
fn decimal(number: f64) -> String {
    let text = format!("{number:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A text as one field, whatever is in it.
pub fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(field(text), expected);
    }

    #[test]
    fn a_text_cannot_leave_its_field_or_become_a_formula() {
        check("HQ1234", "HQ1234");
        check("a,b", "\"a,b\"");
        check("say \"no\"\n", "\"say \"\"no\"\"\n\"");
        check("=1+1", "'=1+1");
        check("@cmd,x", "\"'@cmd,x\"");
        check("-3", "'-3");
    }

    #[test]
    fn numbers_are_plain_decimals() {
        assert_eq!(decimal(13.0 + 0.81), "13.81");
        assert_eq!(decimal(-0.000_000_1), "0");
        assert_eq!(decimal(1200.0), "1200");
    }

    #[test]
    fn times_carry_the_offset_of_the_site() {
        let zone = TimeZone::get("America/Anchorage").unwrap();
        assert_eq!(time(1_796_083_200_000, &zone), "2026-11-30T15:00:00-09:00");
        assert_eq!(time(1_796_083_200_250, &zone), "2026-11-30T15:00:00.250-09:00");
    }

    #[test]
    fn the_header_names_point_aggregate_and_unit() {
        let columns = [("shunt.soc".into(), Unit::Percent), ("mppt.state".into(), Unit::None)];
        let header = header(&columns, &[Aggregate::Last, Aggregate::Mean, Aggregate::Count]);
        let expected = "time,shunt.soc [%],shunt.soc mean [%],shunt.soc count,\
                        mppt.state,mppt.state mean,mppt.state count";
        assert_eq!(header, expected);
    }
}
