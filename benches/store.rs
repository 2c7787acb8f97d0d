//! What the store costs: the engine's side of a send, samples to the disk, and
//! a durable entry from send to acknowledgement (one fsync).

use std::sync::{Arc, mpsc};
use std::time::Duration;

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::Timestamp;
use sunkeep::clock::Now;
use sunkeep::journal::{Entry, Kind};
use sunkeep::snapshot::Quality;
use sunkeep::store::{BootInfo, Command, Options, Report, Sample, Store};
use sunkeep::units::{Unit, Value};

/// As many points as three devices report each second.
const POINTS: u64 = 75;

#[path = "store/day.rs"]
mod day;
#[path = "store/year.rs"]
mod year;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|w| !w.starts_with('-')).collect();
    // `cargo bench --bench store -- send` is about the small ones only, `-- day` about
    // the day, `-- year` about the year.
    let asked = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    if asked("day") {
        day::report();
    }
    if asked("year") {
        year::report();
    }
    divan::main();
}

fn at(ms: u64) -> Now {
    let monotonic = Duration::from_millis(ms);
    Now { monotonic, wall: Timestamp::UNIX_EPOCH + monotonic, wall_trusted: true }
}

fn open(report: impl FnMut(Report) + Send + 'static) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let boot = BootInfo { id: "bench".to_owned(), started: at(0), version: "0".to_owned() };
    let options = Options { samples_max: 1_000_000, ..Options::default() };
    let store = Store::open(dir.path(), boot, options, report).expect("a new store");
    (dir, store)
}

/// One second of readings; half of them change by hundredths.
fn second(names: &[Arc<str>], second: u64) -> Vec<Sample> {
    (0..POINTS)
        .zip(names)
        .map(|(n, name)| Sample {
            point: name.clone(),
            unit: Unit::Volt,
            value: Value::number((n * second % 1500) as f64 / if n % 2 == 0 { 100.0 } else { 1.0 }),
            quality: Quality::Good,
            at: at(second * 1000),
        })
        .collect()
}

fn names() -> Vec<Arc<str>> {
    (0..POINTS).map(|n| Arc::from(format!("device.point_{n}"))).collect()
}

#[divan::bench]
fn send_one_second(bencher: Bencher) {
    let (_dir, store) = open(|_| {});
    let names = names();
    let mut clock = 0;
    bencher
        .counter(ItemsCount::new(POINTS))
        .with_inputs(|| {
            clock += 1;
            second(&names, clock)
        })
        .bench_local_values(|samples| store.send(Command::Samples(samples)));
}

#[divan::bench]
fn write_ten_seconds(bencher: Bencher) {
    let (_dir, store) = open(|_| {});
    let names = names();
    let mut clock = 0;
    bencher
        .counter(ItemsCount::new(POINTS * 10))
        .with_inputs(|| {
            clock += 10;
            (clock..clock + 10).map(|at| second(&names, at)).collect::<Vec<_>>()
        })
        .bench_local_values(|seconds| {
            for samples in seconds {
                store.send(Command::Samples(samples));
            }
            store.flush()
        });
}

#[divan::bench]
fn durable_entry_to_acknowledgement(bencher: Bencher) {
    let (tell, acks) = mpsc::channel();
    let (_dir, store) = open(move |report| drop(tell.send(report)));
    let entry = Entry {
        at: at(0),
        kind: Kind::Intent,
        subject: "heater".to_owned(),
        what: "on".to_owned(),
        rule: Some("enclosure heater".to_owned()),
        reason: "cell_temperature below 2 for 2 min".to_owned(),
        used: Vec::new(),
        conditions: Vec::new(),
        intent: Some(1),
    };
    bencher.with_inputs(|| entry.clone()).bench_local_values(|entry| {
        store.send(Command::Journal { ticket: 1, entry, durable: true });
        acks.recv()
    });
}
