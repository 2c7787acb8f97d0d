//! The store from outside: what is on the disk after what was promised.
//!
//! No test sleeps: each waits for an acknowledgement or a flush.

#![allow(clippy::unwrap_used, reason = "a test's unwrap is its assertion")]

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use sunkeep::clock::Now;
use sunkeep::journal::{Entry, Kind, Used};
use sunkeep::snapshot::Quality;
use sunkeep::store::query::{HistoryReader, JournalReader};
use sunkeep::store::{
    Ack, BootInfo, Command, DeviceDay, Field, Filter, Keep, Notice, Options, Report, Row, Sample,
    SnapshotRow, Store, StoreError, Tier, Why,
};
use sunkeep::units::{Unit, Value};

mod damage;
mod faults;
mod history;
mod keeping;
mod logs;
mod powercut;
mod reading;

/// A store in a directory of its own, with its reports.
struct Bench {
    store: Store,
    reports: mpsc::Receiver<Report>,
}

impl Bench {
    fn open(dir: &Path) -> Self {
        Self::with(dir, options())
    }

    fn with(dir: &Path, options: Options) -> Self {
        let (tell, reports) = mpsc::channel();
        let report = move |report| drop(tell.send(report));
        Self { store: Store::open(dir, boot("run-1"), options, report).unwrap(), reports }
    }

    /// Sends a durable entry and waits for its acknowledgement.
    fn record(&self, ticket: u64, entry: Entry) -> Result<i64, String> {
        assert!(self.store.send(Command::Journal { ticket, entry, durable: true }));
        loop {
            if let Report::Ack(ack) = self.reports.recv().unwrap() {
                assert_eq!(ack.ticket, ticket);
                return ack.result;
            }
        }
    }

    fn sample(&self, samples: Vec<Sample>) {
        assert!(self.store.send(Command::Samples(samples)));
    }

    /// The next notice; acknowledgements before it are skipped.
    fn notice(&self) -> Notice {
        loop {
            if let Report::Notice(notice) = self.reports.recv().unwrap() {
                return notice;
            }
        }
    }
}

/// Defaults, but a foreign lock is reported at once.
fn options() -> Options {
    Options { busy: Duration::ZERO, ..Options::default() }
}

fn boot(id: &str) -> BootInfo {
    BootInfo { id: id.to_owned(), started: at(0), version: "0.1.0".to_owned() }
}

/// `ms` after the start, on both clocks.
fn at(ms: u64) -> Now {
    let start: Timestamp = "2026-12-01T00:00:00Z".parse().unwrap();
    let monotonic = Duration::from_millis(ms);
    Now { monotonic, wall: start + monotonic, wall_trusted: true }
}

fn entry(ms: u64, kind: Kind, what: &str) -> Entry {
    Entry {
        at: at(ms),
        kind,
        subject: "heater".to_owned(),
        what: what.to_owned(),
        rule: Some("enclosure heater".to_owned()),
        reason: "cell_temperature below 2".to_owned(),
        used: vec![Used {
            input: "cell_temperature".to_owned(),
            value: "1.5 °C".to_owned(),
            age: Some(Duration::from_millis(800)),
        }],
        conditions: Vec::new(),
        intent: None,
    }
}

fn number(point: &str, value: f64, ms: u64) -> Sample {
    Sample {
        point: point.into(),
        unit: Unit::Volt,
        value: Value::number(value),
        quality: Quality::Good,
        at: at(ms),
    }
}

fn text(point: &str, value: &str, ms: u64) -> Sample {
    let value = Some(Value::Text(value.into()));
    Sample { point: point.into(), unit: Unit::None, value, quality: Quality::Good, at: at(ms) }
}

/// All entries as `what` words, oldest first.
fn words(dir: &Path) -> Vec<String> {
    let all = Filter { since: None, subject: None, limit: 1000 };
    let found = JournalReader::open(dir).unwrap().entries(&all).unwrap();
    found.into_iter().map(|recorded| recorded.entry.what).collect()
}

/// All values of a point, oldest first.
fn values(dir: &Path, point: &str) -> Vec<Option<Value>> {
    let always = Timestamp::MIN..Timestamp::MAX;
    let found = HistoryReader::open(dir).unwrap().readings(point, always).unwrap();
    found.into_iter().map(|reading| reading.value).collect()
}
