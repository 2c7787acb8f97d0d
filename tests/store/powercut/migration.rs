//! Files of older versions are brought forward, and a cut at any write of that leaves
//! the old version whole or the new one.

use rusqlite::Connection;

use super::*;

/// What each version left: `old/NAME-VERSION.sql`, made once and never edited.
const OLD: [(&str, i64, &str); 4] = [
    ("journal.db", 1, include_str!("../old/journal-1.sql")),
    ("journal.db", 2, include_str!("../old/journal-2.sql")),
    ("journal.db", 3, include_str!("../old/journal-3.sql")),
    ("history.db", 2, include_str!("../old/history-2.sql")),
];

/// Cuts at each write: with nothing, a part and all of what was not synced.
const CUTS_EACH: u64 = 3;

/// Entries of the old journals, quarters of the old history.
const ENTRIES: usize = 200;
const QUARTERS: usize = 100;

fn make_old(dir: &Path, name: &str, sql: &str) {
    let conn = Connection::open(dir.join(name)).unwrap();
    conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
    conn.execute_batch(sql).unwrap();
}

/// What is in a file, as far as every version knows it: its version and its rows.
fn told(dir: &Path, name: &str) -> (i64, usize) {
    let conn = Connection::open(dir.join(name)).unwrap();
    let one = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{name}");
    let (header, table) = (one("PRAGMA user_version"), one("SELECT version FROM schema"));
    assert_eq!(header, table, "{name}: half of a version");
    let rows = match name {
        "journal.db" => {
            assert_eq!(one("SELECT count(*) FROM state"), 2);
            one("SELECT count(*) FROM entry WHERE what LIKE 'act %'")
        }
        _ => one("SELECT count(*) FROM quarters"),
    };
    (header, usize::try_from(rows).unwrap())
}

/// Opens a folder as the daemon does, and checks that everything old is there.
fn brought_forward(dir: &Path, name: &str) {
    let (tell, reports) = mpsc::channel();
    let report = move |report| drop(tell.send(report));
    let store = Store::open(dir, boot("new-run"), options(), report).unwrap();
    if name == "journal.db" {
        assert_eq!(store.state("rules").as_deref(), Some(r#"{"heater":"set"}"#));
    }
    assert!(store.close());
    // The other file was just being made: half of it may be set aside.
    let about = |report: &Report| match report {
        Report::Notice(Notice::SetAside { file, .. } | Notice::Failed { file, .. }) => {
            *file == name
        }
        _ => false,
    };
    let trouble = reports.try_iter().find(about);
    assert!(trouble.is_none(), "{name} was not brought forward: {trouble:?}");
    if name == "journal.db" {
        assert_eq!(words(dir).len(), ENTRIES);
    } else {
        let reader = HistoryReader::open(dir).unwrap();
        let always = Timestamp::MIN..Timestamp::MAX;
        assert_eq!(reader.series("a.v", always, Tier::Quarter).unwrap().len(), QUARTERS);
    }
}

#[test]
fn files_of_every_older_version_are_brought_forward_with_their_rows() {
    for (name, version, sql) in OLD {
        let dir = tempfile::tempdir().unwrap();
        make_old(dir.path(), name, sql);
        assert_eq!(told(dir.path(), name).0, version);
        brought_forward(dir.path(), name);
        assert!(told(dir.path(), name).0 > version);
    }
}

#[test]
#[ignore = "runs as a child under the recorder"]
fn an_old_file_is_opened() {
    let home = home().unwrap();
    let which: usize = std::env::var("OLD_FILE").unwrap().parse().unwrap();
    let (name, _, sql) = OLD[which];
    make_old(&home, name, sql);
    // From here on cuts are made.
    mark(&home, &Mark::Sampled(0));
    let store = Store::open(&home, boot("new-run"), options(), |_| {}).unwrap();
    assert!(store.close());
}

#[test]
fn a_cut_at_any_write_of_a_migration_leaves_the_old_version_whole_or_the_new_one() {
    for (which, (name, version, _)) in OLD.into_iter().enumerate() {
        let home = folder();
        let Some(library) = recorder(home.path()) else { return };
        let number = ("OLD_FILE", which.to_string());
        child_with(&library, home.path(), "migration::an_old_file_is_opened", &[number]);
        let records = recorded::read(&home.path().join("log"));
        let first = records.iter().position(|record| record.file == "marks").unwrap();
        let (mut disk, mut cuts, mut old, mut new) = (Disk::default(), 0, 0, 0);
        for (place, record) in records.iter().enumerate() {
            disk.apply(record);
            for seed in 0..if place < first { 0 } else { CUTS_EACH } {
                let dir = folder();
                disk.after_cut(dir.path(), place as u64 * CUTS_EACH + seed);
                let (found, rows) = told(dir.path(), name);
                assert!(rows == ENTRIES || rows == QUARTERS, "{name} at {place}: {rows} rows");
                assert!(found >= version);
                brought_forward(dir.path(), name);
                cuts += 1;
                if found == version { old += 1 } else { new += 1 }
            }
        }
        println!(
            "{name} of version {version}: {cuts} cuts, {old} found the old one, {new} the new"
        );
        assert!(old > 0 && new > 0, "{name}: {old} old, {new} new");
    }
}
