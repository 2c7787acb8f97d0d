//! The history of hours and years: sums, order, clocks, what goes when.

use super::*;
use jiff::tz::TimeZone;
use std::ops::Range;

const HOUR: u64 = 3_600_000;

fn always() -> Range<Timestamp> {
    Timestamp::MIN..Timestamp::MAX
}

fn reader(dir: &Path) -> HistoryReader {
    HistoryReader::open(dir).unwrap().in_zone(TimeZone::UTC)
}

/// Three hours of two devices, a frame of each every second.
fn three_hours(dir: &Path, options: Options) -> Bench {
    let bench = Bench::with(dir, options);
    for second in 0..3 * 3600_u64 {
        let ms = second * 1000;
        let level = (second % 100) as f64 / 100.0;
        bench.sample(vec![number("mppt.v", 12.0 + level, ms), number("mppt.i", level, ms)]);
        bench.sample(vec![number("shunt.v", 13.0 - level, ms + 300)]);
        if second % 40 == 0 {
            bench.store.flush().unwrap();
        }
    }
    bench.store.flush().unwrap();
    bench
}

/// The sums of 3 hours of `12 + n/100`, whatever the step: all alike.
fn check_sums(rows: &[Row], expected: usize, of: u32) {
    assert_eq!(rows.len(), expected);
    for row in rows {
        assert_eq!(row.count, of, "{row:?}");
        assert!((row.min - 12.0).abs() < 0.9 && row.max < 13.0, "{row:?}");
        assert!(row.min <= row.mean && row.mean <= row.max, "{row:?}");
    }
}

#[test]
fn sums_are_the_same_from_tables_tail_and_every_reading() {
    let dir = tempfile::tempdir().unwrap();
    let bench = three_hours(dir.path(), options());
    let steps = [(Tier::Minute, 60, 180), (Tier::Quarter, 900, 12)];
    // While the last hour is in the tail, and when all is sealed.
    let check = || {
        for (tier, seconds, count) in steps {
            let rows = reader(dir.path()).series("mppt.v", always(), tier).unwrap();
            check_sums(&rows, count, u32::try_from(seconds).unwrap());
            let step = Duration::from_secs(seconds);
            let again = reader(dir.path()).aggregate("mppt.v", always(), step).unwrap();
            assert_eq!(again.len(), rows.len());
            for (a, b) in again.iter().zip(&rows) {
                let same = (a.time, a.min, a.max, a.last, a.count)
                    == (b.time, b.min, b.max, b.last, b.count);
                assert!(same && (a.mean - b.mean).abs() < 1e-9, "{a:?} {b:?}");
            }
        }
        let days = reader(dir.path()).series("mppt.v", always(), Tier::Day).unwrap();
        assert_eq!((days.len(), days[0].count), (1, 3 * 3600));
    };
    check();
    let info = reader(dir.path()).info().unwrap();
    assert!(info.readings > 0 && info.readings < 3 * 3 * 3600, "nothing is in the tail: {info:?}");
    assert!(bench.store.close());
    check();
    assert_eq!(reader(dir.path()).info().unwrap().readings, 3 * 3 * 3600);
}

#[test]
fn every_reading_comes_back_in_its_order_across_hours() {
    let dir = tempfile::tempdir().unwrap();
    let _bench = three_hours(dir.path(), options());
    let mut expected = (0..3 * 3600_u64).flat_map(|second| {
        let level = (second % 100) as f64 / 100.0;
        [("mppt.v", 12.0 + level, 0), ("mppt.i", level, 0), ("shunt.v", 13.0 - level, 300)]
            .map(|(point, value, ms)| (point, value, second * 1000 + ms))
    });
    let each = |reading: sunkeep::store::StoredReading| {
        let (point, value, ms) = expected.next().unwrap();
        assert_eq!((&*reading.point, reading.at), (point, at(ms)));
        assert_eq!(reading.value, Value::number(value));
        true
    };
    reader(dir.path()).replay(None, always(), each).unwrap();
    assert_eq!(expected.next(), None);
}

#[test]
fn what_a_crash_leaves_in_the_tail_is_sealed_at_the_next_start() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let bench = three_hours(dir.path(), options());
    for name in ["history.db", "history.db-wal"] {
        std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(bench);
    let before = reader(dir.path()).series("shunt.v", always(), Tier::Minute).unwrap();
    let after = Bench::open(copy.path());
    after.sample(vec![number("other", 1.0, 4 * HOUR)]);
    after.store.flush().unwrap();
    let reader = reader(copy.path());
    assert_eq!(reader.series("shunt.v", always(), Tier::Minute).unwrap(), before);
    assert_eq!(reader.info().unwrap().readings, 3 * 3 * 3600);
    assert_eq!(reader.readings("other", always()).unwrap().len(), 1);
}

#[test]
fn readings_from_before_the_clock_was_set_get_their_place_and_say_so() {
    for sealed in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let seal_every = if sealed { Duration::from_secs(1) } else { Duration::from_secs(3600) };
        let bench = Bench::with(dir.path(), Options { seal_every, ..options() });
        for second in 0..100 {
            let mut sample = number("a", second as f64, second * 1000);
            sample.at.wall = Timestamp::from_second(1000 + second as i64).unwrap();
            sample.at.wall_trusted = false;
            bench.sample(vec![sample]);
            bench.store.flush().unwrap();
        }
        let found = reader(dir.path()).readings("a", always()).unwrap();
        assert!(found.iter().all(|reading| !reading.at.wall_trusted && !reading.set_later));
        assert_eq!(reader(dir.path()).series("a", always(), Tier::Minute).unwrap(), []);
        for second in 100..110 {
            bench.sample(vec![number("a", second as f64, second * 1000)]);
            bench.store.flush().unwrap();
        }
        assert!(bench.store.close());
        let found = reader(dir.path()).readings("a", always()).unwrap();
        assert!(found.iter().map(|reading| reading.at).eq((0..110).map(|s| at(s * 1000))));
        assert!(found.iter().map(|reading| reading.set_later).eq((0..110).map(|s| s < 100)));
        let minutes = reader(dir.path()).series("a", always(), Tier::Minute).unwrap();
        assert!(minutes.iter().map(|row| row.count).eq([60, 50]), "{minutes:?}");
    }
}

#[test]
fn a_day_begins_at_midnight_of_the_site() {
    let dir = tempfile::tempdir().unwrap();
    let zone = TimeZone::get("America/Anchorage").unwrap();
    let bench = Bench::with(dir.path(), Options { zone: zone.clone(), ..options() });
    // The tests' clock starts at midnight UTC: 15:00 in Anchorage.
    for hour in 0..24_u64 {
        bench.sample(vec![number("a", hour as f64, hour * HOUR)]);
        bench.store.flush().unwrap();
    }
    let check = || {
        let reader = HistoryReader::open(dir.path()).unwrap().in_zone(zone.clone());
        let days = reader.series("a", always(), Tier::Day).unwrap();
        assert!(days.iter().map(|row| row.count).eq([9, 15]), "{days:?}");
    };
    check();
    assert!(bench.store.close());
    check();
}

#[test]
fn power_becomes_energy_and_current_becomes_charge() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    for second in 0..2 * 3600_u64 {
        let of = |point, unit, value| Sample { unit, ..number(point, value, second * 1000) };
        let charging = if second < 3600 { 5.0 } else { -2.0 };
        bench.sample(vec![
            of("mppt.pv_power", Unit::Watt, 60.0),
            of("shunt.current", Unit::Ampere, charging),
        ]);
        if second % 40 == 0 {
            bench.store.flush().unwrap();
        }
    }
    assert!(bench.store.close());
    let amounts = reader(dir.path()).amounts(always()).unwrap();
    let near = |found: f64, expected: f64| (found - expected).abs() < 0.1;
    let [pv, current] = amounts.as_slice() else { panic!("{amounts:?}") };
    assert!(pv.point == "mppt.pv_power" && pv.unit == "Wh" && near(pv.positive, 120.0), "{pv:?}");
    assert!(near(current.positive, 5.0) && near(current.negative, 2.0), "{current:?}");
}

#[test]
fn old_readings_go_and_their_sums_stay() {
    let dir = tempfile::tempdir().unwrap();
    let keep = Keep { full: Duration::from_secs(3600), ..Keep::default() };
    let bench = three_hours(dir.path(), Options { keep, ..options() });
    assert!(bench.store.close());
    let first = reader(dir.path()).readings("mppt.v", always()).unwrap()[0].at;
    assert!(first.monotonic > Duration::from_secs(3600), "{first:?}");
    assert_eq!(reader(dir.path()).series("mppt.v", always(), Tier::Minute).unwrap().len(), 180);
}

#[test]
fn a_file_that_is_too_large_loses_its_oldest_readings() {
    let dir = tempfile::tempdir().unwrap();
    let keep = Keep { bytes: 1, ..Keep::default() };
    let bench = three_hours(dir.path(), Options { keep, ..options() });
    assert!(bench.store.close());
    let info = reader(dir.path()).info().unwrap();
    assert!(info.readings < 3 * 3600 + 1000, "{info:?}");
    // The last day of minutes is never given up.
    assert_eq!(reader(dir.path()).series("mppt.v", always(), Tier::Minute).unwrap().len(), 180);
}

#[test]
fn points_say_when_they_were_first_and_last_heard() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    bench.sample(vec![number("a", 1.0, 5000)]);
    bench.store.flush().unwrap();
    bench.sample(vec![number("a", 2.0, HOUR), text("b", "HQ1", HOUR)]);
    bench.store.flush().unwrap();
    let check = || {
        let points = reader(dir.path()).points().unwrap();
        assert_eq!((&*points[0].name, &*points[0].unit), ("a", "V"));
        assert_eq!(points[0].heard, Some((at(5000).wall, at(HOUR).wall)));
        assert_eq!((&*points[1].name, points[1].heard), ("b", None));
    };
    check();
    assert!(bench.store.close());
    check();
}

#[test]
fn the_days_of_a_device_are_kept_once_and_completed() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let day = |sequence, complete, energy| DeviceDay {
        device: "mppt".to_owned(),
        serial: "HQ1".to_owned(),
        sequence,
        date: Some("2026-12-01".parse().unwrap()),
        complete,
        fetched: at(0).wall,
        errors: vec![17],
        fields: vec![Field {
            name: "yield".to_owned(),
            unit: "kWh".to_owned(),
            value: Some(energy),
        }],
    };
    for day in [day(7, false, 0.1), day(7, true, 0.5), day(7, false, 0.2), day(8, false, 0.0)] {
        assert!(bench.store.send(Command::Day(day)));
        bench.store.flush().unwrap();
    }
    let found = reader(dir.path()).device_days(Some("mppt")).unwrap();
    assert_eq!(found, [day(7, true, 0.5), day(8, false, 0.0)]);
    assert_eq!(reader(dir.path()).device_days(Some("other")).unwrap(), []);
}

#[test]
fn a_file_of_an_older_version_is_set_aside_with_a_sentence_and_the_journal_stays() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    bench.record(1, entry(1, Kind::Mode, "kept")).unwrap();
    assert!(bench.store.close());
    let conn = rusqlite::Connection::open(dir.path().join("history.db")).unwrap();
    conn.execute_batch("UPDATE schema SET version = 1; PRAGMA user_version = 1;").unwrap();
    drop(conn);
    assert!(HistoryReader::open(dir.path()).unwrap_err().to_string().contains("older sunkeep"));
    let bench = Bench::open(dir.path());
    let notice = bench.notice();
    assert!(matches!(notice, Notice::SetAside { file: "history.db", why: Why::OldSchema, .. }));
    assert!(notice.to_string().contains("older version"), "{notice}");
    assert!(dir.path().join("history.db.old-run-1").exists());
    assert_eq!(words(dir.path()), ["kept"]);
}

#[test]
fn quarters_are_filed_by_point_once_a_day_and_read_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    for minute in 0..50 * 60_u64 {
        let level = (minute % 17) as f64;
        bench.sample(vec![number("a.v", level, minute * 60_000)]);
        if minute % 30 == 0 {
            bench.store.flush().unwrap();
        }
    }
    bench.store.flush().unwrap();
    let conn = rusqlite::Connection::open(dir.path().join("history.db")).unwrap();
    let count = |table: &str| -> i64 {
        conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    let (filed, waiting) = (count("quarter"), count("quarter_new"));
    assert!(filed >= 24 * 4 && waiting > 0 && waiting <= 25 * 4, "{filed} {waiting}");
    let rows = reader(dir.path()).series("a.v", always(), Tier::Quarter).unwrap();
    let again = reader(dir.path()).aggregate("a.v", always(), Duration::from_secs(900)).unwrap();
    assert_eq!((rows.len(), rows.iter().map(|row| row.count).sum::<u32>()), (200, 3000));
    assert!(rows.iter().zip(&again).all(|(a, b)| (a.time, a.last) == (b.time, b.last)));
    assert!(bench.store.close());
    assert_eq!(count("quarters"), 200);
    let info = reader(dir.path()).info().unwrap();
    let quarters = info.tiers.iter().find(|(tier, _)| *tier == Tier::Quarter).unwrap().1.unwrap();
    assert_eq!(quarters, (at(0).wall, at(199 * 900_000).wall));
}
