//! What is kept, and when it is safe.

use super::*;
use std::fs;
use std::sync::{Arc, Mutex};

#[test]
fn an_entry_is_acknowledged_only_when_another_connection_can_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, seen) = mpsc::channel();
    let path = dir.path().to_owned();
    let report = move |report| {
        if let Report::Ack(ack) = report {
            tell.send((ack.ticket, words(&path))).unwrap();
        }
    };
    let store = Store::open(dir.path(), boot("run-1"), options(), report).unwrap();
    let intent = entry(5, Kind::Intent, "on");
    assert!(store.send(Command::Journal { ticket: 9, entry: intent, durable: true }));
    assert_eq!(seen.recv().unwrap(), (9, vec!["on".to_owned()]));
}

#[test]
fn state_sent_before_an_entry_is_saved_when_the_entry_is_acknowledged() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bench = Bench::open(dir.path());
    let (key, json) = ("budget".to_owned(), "3".to_owned());
    assert!(bench.store.send(Command::SaveState { key, json, durable: false }));
    bench.record(1, entry(5, Kind::Intent, "on")).unwrap();
    // What a crash leaves: the files as they are now.
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let after = Bench::open(copy.path());
    assert_eq!(after.store.state("budget").as_deref(), Some("3"));
    assert_eq!(words(copy.path()), ["on"]);
}

#[test]
fn entries_are_acknowledged_and_kept_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    for ticket in 0..50 {
        let entry = entry(ticket, Kind::Would, &ticket.to_string());
        let durable = ticket % 7 == 0;
        assert!(bench.store.send(Command::Journal { ticket, entry, durable }));
    }
    bench.store.flush().unwrap();
    let acks: Vec<Ack> = bench
        .reports
        .try_iter()
        .map(|report| match report {
            Report::Ack(ack) => ack,
            Report::Notice(notice) => panic!("{notice}"),
        })
        .collect();
    assert!(acks.iter().map(|ack| ack.ticket).eq(0..50));
    assert!(acks.windows(2).all(|pair| pair[0].result < pair[1].result));
    assert!(words(dir.path()).into_iter().eq((0..50).map(|n| n.to_string())));
}

#[test]
fn an_entry_comes_back_as_it_went() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let mut sent = entry(1234, Kind::Result, "verified on");
    sent.intent = Some(u64::MAX);
    sent.used.push(Used { input: "soc".to_owned(), value: "stale".to_owned(), age: None });
    let id = bench.record(1, sent.clone()).unwrap();
    let all = Filter { since: None, subject: None, limit: 10 };
    let found = JournalReader::open(dir.path()).unwrap().entries(&all).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].boot.as_str()), (id, "run-1"));
    assert_eq!(found[0].entry, sent);
}

#[test]
fn state_survives_a_restart_and_the_last_one_counts() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    assert_eq!(bench.store.state("armed"), None);
    for json in ["false", "true"] {
        let (key, json) = ("armed".to_owned(), json.to_owned());
        assert!(bench.store.send(Command::SaveState { key, json, durable: true }));
    }
    assert!(bench.store.close());
    let again = Bench::open(dir.path());
    assert_eq!(again.store.state("armed").as_deref(), Some("true"));
    assert!(!again.store.state_lost());
}

#[test]
fn closing_writes_all_that_waits_and_leaves_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    bench.sample(vec![number("mppt.battery_voltage", 13.2, 10)]);
    let last = entry(20, Kind::Mode, "stopped");
    assert!(bench.store.send(Command::Journal { ticket: 1, entry: last, durable: false }));
    assert!(bench.store.close());
    for name in ["journal.db-wal", "history.db-wal"] {
        assert!(!dir.path().join(name).exists(), "{name}");
    }
    assert_eq!(words(dir.path()), ["stopped"]);
    assert_eq!(values(dir.path(), "mppt.battery_voltage"), [Value::number(13.2)]);
}

#[test]
fn a_batch_is_written_when_its_time_has_come() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    bench.sample(vec![number("a", 1.0, 0)]);
    bench.sample(vec![number("a", 2.0, 50_000)]);
    // Durable, and sent later: the batch was due in an earlier or the same round.
    bench.record(1, entry(50_001, Kind::Mode, "run")).unwrap();
    bench.record(2, entry(50_002, Kind::Mode, "run")).unwrap();
    assert_eq!(values(dir.path(), "a").len(), 2);
}

#[test]
fn a_full_queue_drops_samples_but_not_entries() {
    let dir = tempfile::tempdir().unwrap();
    // The writer stands still while its call-back holds this.
    let gate = Arc::new(Mutex::new(()));
    let (tell, reports) = mpsc::channel();
    let inner = gate.clone();
    let report = move |report| {
        tell.send(report).unwrap();
        drop(inner.lock().unwrap());
    };
    let options = Options { samples_max: 3, entries_max: 2, ..options() };
    let store = Store::open(dir.path(), boot("run-1"), options, report).unwrap();
    let journal = |ticket| {
        let entry = entry(ticket, Kind::Intent, "on");
        store.send(Command::Journal { ticket, entry, durable: true })
    };
    let held = gate.lock().unwrap();
    assert!(journal(1));
    reports.recv().unwrap();
    let two = || Command::Samples(vec![number("a", 1.0, 0), number("a", 2.0, 1)]);
    assert!(store.send(two()));
    assert!(!store.send(two()));
    assert!(journal(2) && journal(3));
    assert!(!journal(4));
    drop(held);
    store.flush().unwrap();
    let counters = store.counters();
    assert_eq!((counters.samples_dropped, counters.samples_written), (2, 2));
    assert_eq!((counters.entries_refused, counters.entries_written), (1, 3));
    assert_eq!(words(dir.path()).len(), 3);
}

#[test]
fn values_of_every_kind_come_back_as_they_went() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let numbers = [0.0, -3.0, 13.81, 1e300, -0.001, 9.0e15, 9.1e15];
    bench.sample(numbers.iter().map(|&value| number("n", value, 5)).collect());
    bench.sample(vec![text("t", "0159", 6), text("t", "HQ1234ABCDE", 6), text("t", "", 6)]);
    let missing = Sample {
        unit: Unit::Celsius,
        value: None,
        quality: Quality::NotAvailable,
        ..number("m", 0.0, 7)
    };
    bench.sample(vec![missing]);
    bench.store.flush().unwrap();
    assert!(values(dir.path(), "n").into_iter().eq(numbers.map(Value::number)));
    let texts = ["0159", "HQ1234ABCDE", ""].map(|text| Some(Value::Text(text.into())));
    assert_eq!(values(dir.path(), "t"), texts);
    assert_eq!(values(dir.path(), "m"), [None]);
}

#[test]
fn the_oldest_entries_go_when_there_are_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::with(dir.path(), Options { entries_kept: 3, ..options() });
    for n in 0..10 {
        bench.record(n, entry(n, Kind::Would, &n.to_string())).unwrap();
    }
    assert_eq!(words(dir.path()), ["7", "8", "9"]);
}
