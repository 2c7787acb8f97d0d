//! The queries of the page on the history answer, on a history of a small site.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[allow(dead_code, reason = "other tests use more of it")]
#[path = "support/pages.rs"]
mod pages;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sunkeep::clock::{Clock, Now, SystemClock};
use sunkeep::snapshot::Quality;
use sunkeep::store::{BootInfo, Command, DeviceDay, Field, Options, Sample, Store};
use sunkeep::units::{Unit, Value};

/// Two hours of a small site, until now: the queries ask for the last week.
fn write(dir: &Path, end: Timestamp) {
    let at = |second: u64| Now {
        monotonic: Duration::from_secs(second),
        wall: end - Duration::from_secs(7200 - second),
        wall_trusted: true,
    };
    let boot = BootInfo { id: "page".to_owned(), started: at(0), version: "0".to_owned() };
    let options = Options { zone: TimeZone::UTC, ..Options::default() };
    let store = Store::open(dir, boot, options, |_| {}).unwrap();
    for second in (0..7200).step_by(10) {
        let sample = |point: &str, unit, value| Sample {
            point: point.into(),
            unit,
            value: Value::number(value),
            quality: Quality::Good,
            at: at(second),
        };
        assert!(store.send(Command::Samples(vec![
            sample("shunt.soc", Unit::Percent, 55.0),
            sample("shunt.battery_temperature", Unit::Celsius, -3.5),
            sample("shunt.battery_current", Unit::Ampere, -1.25),
            sample("mppt.pv_power", Unit::Watt, 80.0),
        ])));
    }
    let field = Field { name: "yield".to_owned(), unit: "kWh".to_owned(), value: Some(0.16) };
    let day = DeviceDay {
        device: "mppt".to_owned(),
        serial: "HQ1".to_owned(),
        sequence: 12,
        date: Some("2026-12-01".parse().unwrap()),
        complete: true,
        fetched: end,
        errors: Vec::new(),
        fields: vec![field],
    };
    assert!(store.send(Command::Day(day)));
    assert!(store.close());
}

#[test]
fn every_query_of_the_page_answers() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), SystemClock::new().now().wall);
    let conn = rusqlite::Connection::open(dir.path().join("history.db")).unwrap();
    let queries = pages::read("docs/history.md").blocks("sql");
    assert!(queries.len() >= 5, "only {} queries were found", queries.len());
    for (line, query) in queries {
        let mut select = conn.prepare(&query).unwrap();
        let found = select.exists([]).unwrap();
        assert!(found, "docs/history.md:{line}: nothing comes of\n{query}");
    }
}

#[test]
fn every_view_of_the_table_is_there_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), SystemClock::new().now().wall);
    let conn = rusqlite::Connection::open(dir.path().join("history.db")).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name";
    let mut select = conn.prepare(sql).unwrap();
    let views: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut told = pages::read("docs/history.md").first_columns("## What is kept");
    told.sort();
    assert_eq!(told, views, "left: docs/history.md, right: src/store/schema.rs");
}
