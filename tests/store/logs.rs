//! Logs on a schedule: files people can open, rows they can ask for.

use super::*;
use jiff::tz::TimeZone;
use std::fs;
use sunkeep::store::{Aggregate, Cadence, LogRule};

const DAY: u64 = 86_400_000;

fn rule(name: &str, cadence: Cadence) -> LogRule {
    LogRule {
        name: name.to_owned(),
        points: vec!["a.*".to_owned(), "b.soc".to_owned()],
        cadence,
        aggregates: vec![Aggregate::Last, Aggregate::Mean],
        file: true,
        table: true,
        keep: Duration::from_secs(86_400),
        sync_every: Duration::ZERO,
    }
}

fn with(logs: Vec<LogRule>) -> Options {
    Options { logs, zone: TimeZone::UTC, ..options() }
}

/// The files of the folder `log`: name and lines.
fn files(dir: &Path) -> Vec<(String, Vec<String>)> {
    let mut files: Vec<_> = fs::read_dir(dir.join("log"))
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let text = fs::read_to_string(entry.path()).unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, text.lines().map(str::to_owned).collect())
        })
        .collect();
    files.sort();
    files
}

fn write(bench: &Bench, samples: Vec<Sample>) {
    bench.sample(samples);
    bench.store.flush().unwrap();
}

#[test]
fn a_day_has_a_file_with_units_and_the_next_day_another() {
    let dir = tempfile::tempdir().unwrap();
    let bench =
        Bench::with(dir.path(), with(vec![rule("site", Cadence::Every(Duration::from_secs(60)))]));
    write(
        &bench,
        vec![number("a.v", 12.0, 1000), number("a.v", 13.0, 2000), text("a.ser", "x,y", 2000)],
    );
    write(&bench, vec![number("a.v", 14.5, 61_000), number("c.v", 1.0, 61_000)]);
    write(&bench, vec![number("a.v", 15.0, DAY)]);
    assert!(bench.store.close());
    let expected: [(&str, &[&str]); 2] = [
        (
            "site-2026-12-01.csv",
            &[
                "time,a.ser,a.ser mean,a.v [V],a.v mean [V]",
                "2026-12-01T00:00:00+00:00,\"x,y\",,13,12.5",
                "2026-12-01T00:01:00+00:00,,,14.5,14.5",
            ],
        ),
        (
            "site-2026-12-02.csv",
            &["time,a.ser,a.ser mean,a.v [V],a.v mean [V]", "2026-12-02T00:00:00+00:00,,,15,15"],
        ),
    ];
    let found = files(dir.path());
    assert_eq!(found.len(), 2, "{found:?}");
    for ((name, lines), (expected_name, expected_lines)) in found.iter().zip(expected) {
        assert_eq!(name, expected_name);
        assert_eq!(lines, expected_lines);
    }
}

#[test]
fn a_new_point_begins_a_new_part_and_a_restart_goes_on_with_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let logs = || with(vec![rule("site", Cadence::Every(Duration::from_secs(1)))]);
    let bench = Bench::with(dir.path(), logs());
    write(&bench, vec![number("a.v", 1.0, 1000), number("a.v", 2.0, 2000)]);
    write(&bench, vec![number("b.soc", 50.0, 3000), number("a.v", 3.0, 3000)]);
    assert!(bench.store.close());
    let bench = Bench::with(dir.path(), logs());
    write(&bench, vec![number("b.soc", 51.0, 4000), number("a.v", 4.0, 4000)]);
    assert!(bench.store.close());
    let lines: Vec<_> = files(dir.path()).into_iter().map(|(name, l)| (name, l.len())).collect();
    let expected = [("site-2026-12-01.2.csv", 3), ("site-2026-12-01.csv", 3)];
    assert_eq!(lines, expected.map(|(name, count)| (name.to_owned(), count)));
}

#[test]
fn changes_are_rows_and_files_of_old_days_go() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::with(dir.path(), with(vec![rule("moves", Cadence::OnChange(0.5))]));
    fs::create_dir_all(dir.path().join("log")).unwrap();
    fs::write(dir.path().join("log/moves-2026-11-01.csv"), "old").unwrap();
    fs::write(dir.path().join("log/moves-of-mine.csv"), "not ours").unwrap();
    write(
        &bench,
        vec![number("b.soc", 50.0, 0), number("b.soc", 50.4, 1), number("b.soc", 49.0, 2)],
    );
    assert!(bench.store.close());
    let found = files(dir.path());
    assert_eq!(found[0].0, "moves-2026-12-01.csv");
    assert_eq!(
        found[0].1,
        [
            "time,point,value,unit",
            "2026-12-01T00:00:00+00:00,b.soc,50,V",
            "2026-12-01T00:00:00.002+00:00,b.soc,49,V"
        ]
    );
    assert_eq!(found[1].0, "moves-of-mine.csv");
    assert_eq!(found.len(), 2);
}

#[test]
fn rows_of_a_log_can_be_asked_for_with_sql() {
    let dir = tempfile::tempdir().unwrap();
    let bench =
        Bench::with(dir.path(), with(vec![rule("site", Cadence::Every(Duration::from_secs(60)))]));
    write(
        &bench,
        vec![number("a.v", 12.0, 1000), number("a.v", 14.0, 2000), number("a.v", 15.0, 61_000)],
    );
    assert!(bench.store.close());
    let conn = rusqlite::Connection::open(dir.path().join("history.db")).unwrap();
    let mut select =
        conn.prepare("SELECT time, log, point, mean, last FROM logs ORDER BY t").unwrap();
    let rows: Vec<(String, String, String, f64, f64)> = select
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let row =
        |time: &str, mean, last| (time.to_owned(), "site".to_owned(), "a.v".to_owned(), mean, last);
    let expected =
        [row("2026-12-01T00:00:00Z", 13.0, 14.0), row("2026-12-01T00:01:00Z", 15.0, 15.0)];
    assert_eq!(rows, expected);
}

#[test]
fn files_that_cannot_be_written_cost_lines_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("log"), "a file where the folder should be").unwrap();
    let bench = Bench::with(dir.path(), with(vec![rule("moves", Cadence::OnChange(0.0))]));
    write(&bench, vec![number("b.soc", 50.0, 0), number("b.soc", 51.0, 1)]);
    assert!(matches!(bench.notice(), Notice::Log { error: Some(_), .. }));
    assert_eq!(bench.store.counters().log_lines_lost, 2);
    assert_eq!(values(dir.path(), "b.soc").len(), 2);
    fs::remove_file(dir.path().join("log")).unwrap();
    write(&bench, vec![number("b.soc", 52.0, 2)]);
    assert!(matches!(bench.notice(), Notice::Log { error: None, .. }));
    assert!(bench.store.close());
    assert_eq!(files(dir.path())[0].1.len(), 2);
}
