//! What readers see, ours and others.

use super::*;
use std::process;

fn now_row(point: &str, value: Option<Value>, text: Option<&str>, unit: Unit) -> SnapshotRow {
    SnapshotRow {
        point: point.into(),
        at: value.is_some().then(|| at(2500)),
        age: value.is_some().then(|| Duration::from_millis(300)),
        value,
        text: text.map(str::to_owned),
        unit,
        quality: Quality::Good,
    }
}

/// A store with a little of everything.
fn filled(dir: &Path) -> Bench {
    let bench = Bench::open(dir);
    bench
        .sample(vec![number("shunt.battery_voltage", 12.81, 1000), text("shunt.ser", "HQ1", 1000)]);
    let state = now_row("mppt.state", Value::number(5.0), Some("float"), Unit::None);
    let old = now_row("gone", Value::number(1.0), None, Unit::Volt);
    assert!(bench.store.send(Command::Snapshot(vec![state.clone(), old])));
    bench.store.flush().unwrap();
    let rows = vec![
        state,
        now_row("shunt.ser", Some(Value::Text("HQ1".into())), None, Unit::None),
        now_row("shunt.soc", Value::number(29.5), None, Unit::Percent),
        SnapshotRow {
            quality: Quality::NotAvailable,
            ..now_row("probe.t", None, None, Unit::Celsius)
        },
    ];
    assert!(bench.store.send(Command::Snapshot(rows)));
    bench.store.flush().unwrap();
    bench.record(1, entry(3000, Kind::Intent, "on")).unwrap();
    bench
}

#[test]
fn the_snapshot_table_holds_the_last_snapshot_and_nothing_older() {
    let dir = tempfile::tempdir().unwrap();
    let _bench = filled(dir.path());
    let rows = HistoryReader::open(dir.path()).unwrap().snapshot().unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (&*row.point, row.value, row.text.as_deref(), &*row.unit, &*row.quality, row.at))
        .collect();
    assert_eq!(
        seen,
        [
            ("mppt.state", Some(5.0), Some("float"), "", "good", Some(at(2500))),
            ("probe.t", None, None, "°C", "not available", None),
            ("shunt.ser", None, Some("HQ1"), "", "good", Some(at(2500))),
            ("shunt.soc", Some(29.5), None, "%", "good", Some(at(2500))),
        ]
    );
}

#[test]
fn a_range_includes_its_start_and_not_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    for n in 0..10_u32 {
        bench.sample(vec![number("a", f64::from(n), u64::from(n) * 100), number("b", 0.0, 0)]);
        if n % 4 == 0 {
            bench.store.flush().unwrap();
        }
    }
    bench.store.flush().unwrap();
    let reader = HistoryReader::open(dir.path()).unwrap();
    let found = reader.readings("a", at(200).wall..at(500).wall).unwrap();
    assert!(found.iter().map(|r| &r.value).eq(&[2.0, 3.0, 4.0].map(Value::number)));
    assert!(found.iter().map(|r| r.at).eq([at(200), at(300), at(400)]));
    assert_eq!(&*found[0].unit, "V");
    let mut order = Vec::new();
    reader
        .replay(None, at(0).wall..at(150).wall, |reading| {
            order.push(reading.point.to_string());
            order.len() < 3
        })
        .unwrap();
    assert_eq!(order, ["a", "b", "a"]);
}

#[test]
fn a_clock_set_within_a_batch_gives_what_came_before_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let mut early = number("a", 1.0, 1000);
    (early.at.wall, early.at.wall_trusted) = (Timestamp::from_second(7).unwrap(), false);
    bench.sample(vec![early.clone(), number("a", 2.0, 2000)]);
    bench.store.flush().unwrap();
    let reader = HistoryReader::open(dir.path()).unwrap();
    let found = reader.readings("a", Timestamp::MIN..Timestamp::MAX).unwrap();
    assert!(found.iter().map(|r| r.at).eq([at(1000), at(2000)]));
    assert!(found.iter().map(|r| r.set_later).eq([true, false]));
}

#[test]
fn entries_of_an_unset_clock_are_shown_unless_provably_old() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let untrusted = |what| {
        let mut entry = entry(0, Kind::Alarm, what);
        (entry.at.wall, entry.at.wall_trusted) = (Timestamp::UNIX_EPOCH, false);
        entry
    };
    let sent = [
        untrusted("before the old one"),
        entry(1000, Kind::Alarm, "old"),
        untrusted("after the old one"),
        entry(9000, Kind::Alarm, "new"),
    ];
    for (ticket, entry) in (0..).zip(sent) {
        bench.record(ticket, entry).unwrap();
    }
    let filter = Filter { since: Some(at(5000).wall), subject: None, limit: 10 };
    let found = JournalReader::open(dir.path()).unwrap().entries(&filter).unwrap();
    let seen: Vec<_> = found.iter().map(|recorded| &*recorded.entry.what).collect();
    assert_eq!(seen, ["after the old one", "new"]);
}

#[test]
fn entries_from_before_the_clock_was_set_get_their_time_and_say_so() {
    let dir = tempfile::tempdir().unwrap();
    let unset = |ms, what| {
        let mut entry = entry(ms, Kind::Alarm, what);
        entry.at.wall = Timestamp::UNIX_EPOCH + Duration::from_millis(ms);
        entry.at.wall_trusted = false;
        entry
    };
    let bench = Bench::open(dir.path());
    bench.record(1, unset(2000, "early")).unwrap();
    bench.record(2, entry(60_000, Kind::Mode, "set")).unwrap();
    drop(bench);
    let never = Store::open(dir.path(), boot("run-2"), options(), |_| {}).unwrap();
    let entry = unset(3000, "never");
    assert!(never.send(Command::Journal { ticket: 3, entry, durable: true }));
    assert!(never.close());
    let all = Filter { since: None, subject: None, limit: 10 };
    let found = JournalReader::open(dir.path()).unwrap().entries(&all).unwrap();
    let told = |n: usize| (found[n].entry.at, found[n].set_later);
    assert_eq!((told(0), told(1)), ((at(2000), true), (at(60_000), false)));
    assert_eq!((found[2].entry.at.wall_trusted, found[2].set_later), (false, false));
    let conn = rusqlite::Connection::open(dir.path().join("journal.db")).unwrap();
    let seen: Vec<(String, String)> = conn
        .prepare("SELECT time, clock FROM journal ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected = [
        ("2026-12-01T00:00:02.000Z", "set later"),
        ("2026-12-01T00:01:00.000Z", "set"),
        ("1970-01-01T00:00:03.000Z", "not set"),
    ];
    assert!(seen.iter().map(|(time, clock)| (&**time, &**clock)).eq(expected), "{seen:?}");
}

#[test]
fn entries_are_found_by_output_and_the_newest_win() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    for (n, subject) in (0..).zip(["heater", "load", "heater", "heater"]) {
        let subject = subject.to_owned();
        bench.record(n, Entry { subject, ..entry(n, Kind::Safe, &n.to_string()) }).unwrap();
    }
    let filter = Filter { since: None, subject: Some("heater".to_owned()), limit: 2 };
    let found = JournalReader::open(dir.path()).unwrap().entries(&filter).unwrap();
    let seen: Vec<_> = found.iter().map(|recorded| &*recorded.entry.what).collect();
    assert_eq!(seen, ["2", "3"]);
}

#[test]
fn an_intent_without_a_result_is_found_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let sent = [(Kind::Intent, 1), (Kind::Result, 1), (Kind::Intent, 2), (Kind::Would, 3)];
    for (n, (kind, intent)) in (0..).zip(sent) {
        bench.record(n, Entry { intent: Some(intent), ..entry(n, kind, "on") }).unwrap();
    }
    let open = JournalReader::open(dir.path()).unwrap().open_intents().unwrap();
    assert!(open.iter().map(|recorded| recorded.entry.intent).eq([Some(2)]));
}

#[test]
fn the_files_can_be_read_after_closing_too() {
    let dir = tempfile::tempdir().unwrap();
    assert!(filled(dir.path()).store.close());
    assert_eq!(words(dir.path()), ["on"]);
    assert_eq!(values(dir.path(), "shunt.ser"), [Some(Value::Text("HQ1".into()))]);
}

#[test]
fn a_journal_that_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = JournalReader::open(dir.path()).unwrap_err();
    assert!(error.with_cause().contains("journal.db"), "{}", error.with_cause());
}

#[test]
fn anyone_can_read_the_views_with_sqlite3() {
    let dir = tempfile::tempdir().unwrap();
    // Sums are written when the hour is over, or the program ends.
    assert!(filled(dir.path()).store.close());
    for (file, query, expected) in [
        (
            "journal.db",
            "SELECT time, clock, kind, subject, what, json_extract(used, '$[0].age_ms') FROM journal",
            "2026-12-01T00:00:03.000Z|set|intent|heater|on|800\n",
        ),
        (
            "history.db",
            "SELECT time, point, mean, unit FROM minutes",
            "2026-12-01T00:00:00Z|shunt.battery_voltage|12.81|V\n",
        ),
        (
            "history.db",
            "SELECT time, value, text, unit, age_s FROM now WHERE point = 'mppt.state'",
            "2026-12-01T00:00:02.500Z|5.0|float||0.3\n",
        ),
    ] {
        let run = process::Command::new("sqlite3")
            .arg("-readonly")
            .arg(dir.path().join(file))
            .arg(query)
            .output();
        let Ok(run) = run else {
            eprintln!("SKIPPED: there is no sqlite3 command on this machine");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&run.stderr), "");
        assert_eq!(String::from_utf8_lossy(&run.stdout), expected);
    }
}
