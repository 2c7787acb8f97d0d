//! Disks that fail: control is told, and goes on.

use super::*;
use rusqlite::Connection;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;

/// Overwrites part of a file, as a dying card does.
pub fn damage(file: &Path, offset: u64, bytes: &[u8]) {
    let mut file = File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(offset)).unwrap();
    file.write_all(bytes).unwrap();
}

/// A closed store with enough rows for several pages.
pub fn written(dir: &Path) {
    let bench = Bench::open(dir);
    for n in 0..100 {
        let entry = entry(n, Kind::Would, "on");
        assert!(bench.store.send(Command::Journal { ticket: n, entry, durable: false }));
        bench.sample((0..20).map(|p| number(&format!("p{p}"), 1.5, n)).collect());
    }
    let (key, json) = ("armed".to_owned(), "true".to_owned());
    assert!(bench.store.send(Command::SaveState { key, json, durable: false }));
    assert!(bench.store.close());
}

/// Opens what is left and proves that it works.
fn check_works(dir: &Path) -> Bench {
    let bench = Bench::open(dir);
    bench.record(7, entry(500, Kind::Mode, "after")).unwrap();
    bench.sample(vec![number("after", 2.0, 501)]);
    bench.store.flush().unwrap();
    assert_eq!(words(dir).last().unwrap(), "after");
    assert_eq!(values(dir, "after"), [Value::number(2.0)]);
    bench
}

#[test]
fn a_damaged_journal_is_set_aside_and_the_loss_of_state_is_known() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    damage(&dir.path().join("journal.db"), 0, b"not a database at all");
    let bench = check_works(dir.path());
    assert!(bench.store.state_lost());
    assert_eq!(bench.store.state("armed"), None);
    assert!(dir.path().join("journal.db.broken-run-1").exists());
}

#[test]
fn a_damaged_history_leaves_the_journal_alone() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    damage(&dir.path().join("history.db"), 0, &[0; 4096]);
    let bench = Bench::open(dir.path());
    assert!(matches!(bench.notice(), Notice::SetAside { file: "history.db", .. }));
    drop(bench);
    let bench = check_works(dir.path());
    assert!(!bench.store.state_lost());
    assert_eq!(bench.store.state("armed").as_deref(), Some("true"));
    assert_eq!(words(dir.path()).len(), 101);
}

#[test]
fn a_journal_of_a_newer_version_is_refused_with_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let conn = Connection::open(dir.path().join("journal.db")).unwrap();
    conn.execute_batch("UPDATE schema SET version = 99; PRAGMA user_version = 99;").unwrap();
    drop(conn);
    let error = Store::open(dir.path(), boot("run-2"), options(), |_| {}).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }));
    let text = error.to_string();
    assert!(text.contains("newer sunkeep") && text.contains("journal.db"), "{text}");
    assert!(JournalReader::open(dir.path()).is_err());
}

#[test]
fn a_history_of_a_newer_version_is_left_alone_and_control_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    let conn = Connection::open(dir.path().join("history.db")).unwrap();
    conn.execute_batch("UPDATE schema SET version = 99; PRAGMA user_version = 99;").unwrap();
    drop(conn);
    let bench = Bench::open(dir.path());
    assert!(matches!(bench.notice(), Notice::Failed { file: "history.db", .. }));
    bench.record(1, entry(1, Kind::Mode, "on")).unwrap();
    assert!(bench.store.health().history.unwrap().contains("newer sunkeep"));
}

#[test]
fn while_the_journal_fails_intents_are_refused_and_what_happened_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    // A directory in the file's place cannot be opened, not even by root.
    fs::create_dir(dir.path().join("journal.db")).unwrap();
    let bench = Bench::open(dir.path());
    assert!(matches!(bench.notice(), Notice::Failed { file: "journal.db", .. }));
    bench.record(1, entry(1, Kind::Intent, "intent")).unwrap_err();
    let refusal = bench.record(2, entry(2, Kind::Safe, "off")).unwrap_err();
    assert!(refusal.contains("journal.db"), "{refusal}");
    assert!(bench.store.health().journal.is_some());
    fs::remove_dir(dir.path().join("journal.db")).unwrap();
    bench.record(3, entry(3, Kind::Intent, "on")).unwrap();
    assert_eq!(words(dir.path()), ["off", "on"]);
    assert!(matches!(bench.notice(), Notice::Recovered { file: "journal.db" }));
    assert_eq!(bench.store.health().journal, None);
}

#[test]
fn samples_wait_while_another_process_holds_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let other = Connection::open(dir.path().join("history.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.sample(vec![number("a", 1.0, 0)]);
    assert!(bench.store.flush().unwrap_err().contains("locked"));
    assert!(matches!(bench.notice(), Notice::Failed { file: "history.db", .. }));
    bench.sample(vec![number("a", 2.0, 1)]);
    bench.record(1, entry(2, Kind::Mode, "journal goes on")).unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    bench.store.flush().unwrap();
    assert!(values(dir.path(), "a").into_iter().eq([1.0, 2.0].map(Value::number)));
    assert!(matches!(bench.notice(), Notice::Recovered { file: "history.db" }));
    assert_eq!(bench.store.counters().samples_dropped, 0);
}

#[test]
fn closing_ends_although_the_disk_fails() {
    let dir = tempfile::tempdir().unwrap();
    let bench = Bench::open(dir.path());
    let other = Connection::open(dir.path().join("history.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    bench.sample(vec![number("a", 1.0, 0)]);
    assert!(bench.store.close());
}

#[test]
fn a_directory_that_cannot_be_made_is_no_reason_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    let blocker = dir.path().join("data");
    fs::write(&blocker, "a file where the directory should be").unwrap();
    let bench = Bench::open(&blocker);
    bench.record(1, entry(1, Kind::Safe, "off")).unwrap_err();
    fs::remove_file(&blocker).unwrap();
    bench.record(2, entry(2, Kind::Mode, "on")).unwrap();
    assert_eq!(words(&blocker), ["off", "on"]);
}

#[test]
fn a_read_only_directory_is_read_and_not_written() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if File::create(dir.path().join("probe")).is_ok() {
        fs::remove_file(dir.path().join("probe")).unwrap();
        eprintln!("SKIPPED: permissions do not bind this user");
    } else {
        assert_eq!(words(dir.path()).len(), 100);
        let bench = Bench::open(dir.path());
        bench.record(1, entry(1, Kind::Intent, "on")).unwrap_err();
    }
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
}
