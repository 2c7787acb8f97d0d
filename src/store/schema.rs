//! The tables and views of both databases, and the way from each version to
//! the next.
//!
//! A version is a step in a list; a database remembers how many steps it has
//! taken. Steps that shipped are never edited, only followed by new ones. The
//! version is kept twice, in the header (`PRAGMA user_version`) and in a table:
//! a damaged header must not pass for the work of a newer sunkeep. Rows are
//! written and read elsewhere (`journal.rs`, `history.rs`).

use rusqlite::{Connection, TransactionBehavior};

/// Steps of `journal.db`.
pub(super) const JOURNAL: &[&str] = &[
    r"
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    what TEXT NOT NULL,
    rule TEXT,
    reason TEXT NOT NULL,
    used TEXT NOT NULL,
    intent INTEGER
);
CREATE TABLE state (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE VIEW journal AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE entry.wall_trusted WHEN 0 THEN 'not set' ELSE 'set' END AS clock,
           kind, subject, what, rule, reason, used, intent, boot.boot
    FROM entry JOIN boot ON boot.id = entry.boot;
",
    // The tree of the rule behind an entry; NULL where there is none.
    r"ALTER TABLE entry ADD COLUMN conditions TEXT;",
];

/// Steps of `history.db`.
///
/// Readings are appended in the order the engine was fed. A batch is a run of
/// them on one straight piece of the wall clock: its base holds the times once,
/// each reading only its offset. A reading belongs to the batch whose `first`
/// to `last` holds its id.
pub(super) const HISTORY: &[&str] = &[r"
CREATE TABLE point (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL, UNIQUE (name, unit)
);
CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    span_ms INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL
);
CREATE TABLE reading (
    id INTEGER PRIMARY KEY, point INTEGER NOT NULL, ms INTEGER NOT NULL, value
);
CREATE TABLE snapshot (
    point TEXT PRIMARY KEY,
    value REAL,
    text TEXT,
    unit TEXT NOT NULL,
    quality TEXT NOT NULL,
    boot INTEGER NOT NULL,
    mono_ms INTEGER,
    wall_ms INTEGER,
    wall_trusted INTEGER
) WITHOUT ROWID;
CREATE VIEW readings AS
    SELECT strftime('%Y-%m-%dT%H:%M:%fZ', (batch.wall_ms + reading.ms) / 1000.0, 'unixepoch')
               AS time,
           CASE batch.wall_trusted WHEN 0 THEN 'not set' ELSE 'set' END AS clock,
           point.name AS point, reading.value, point.unit
    FROM batch
    CROSS JOIN reading ON reading.id BETWEEN batch.first AND batch.last
    CROSS JOIN point ON point.id = reading.point;
CREATE VIEW now AS
    SELECT point, value, text, unit, quality,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE wall_trusted WHEN 0 THEN 'not set' WHEN 1 THEN 'set' END AS clock
    FROM snapshot;
"];

/// What both databases have, before their own first step.
const COMMON: &str = r"
CREATE TABLE schema (version INTEGER NOT NULL);
INSERT INTO schema VALUES (0);
CREATE TABLE boot (
    id INTEGER PRIMARY KEY,
    boot TEXT NOT NULL UNIQUE,
    started_ms INTEGER NOT NULL,
    wall_trusted INTEGER NOT NULL,
    version TEXT NOT NULL
);
";

/// What a database's version says about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fitness {
    /// Known, maybe after some steps.
    Fits,
    /// Made by a newer sunkeep; its version.
    Newer(i64),
    /// Header and table disagree: not a file we left like this.
    Damaged,
}

/// Looks at a database's version without changing it.
pub(super) fn fitness(conn: &Connection, steps: &[&str]) -> rusqlite::Result<Fitness> {
    let header: i64 = conn.pragma_query_one(None, "user_version")?;
    let has_table = conn.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema'")?.exists([])?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if !has_table {
        let empty: bool =
            conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        return Ok(if header == 0 && empty { Fitness::Fits } else { Fitness::Damaged });
    }
    let table: i64 = conn.query_row("SELECT version FROM schema", [], |row| row.get(0))?;
    Ok(match header {
        _ if header != table || header < 1 => Fitness::Damaged,
        _ if header > known => Fitness::Newer(header),
        _ => Fitness::Fits,
    })
}

/// Takes the steps a database has not taken yet, all or none of them.
pub(super) fn migrate(conn: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read under the lock: another process may just have taken the steps.
    let header: i64 = tx.pragma_query_one(None, "user_version")?;
    let taken = usize::try_from(header).unwrap_or(0);
    if taken >= steps.len() {
        return Ok(());
    }
    if taken == 0 {
        tx.execute_batch(COMMON)?;
    }
    for step in &steps[taken..] {
        tx.execute_batch(step)?;
    }
    let version = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    tx.execute("UPDATE schema SET version = ?1", [version])?;
    tx.pragma_update(None, "user_version", version)?;
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_STEPS: &[&str] =
        &["CREATE TABLE t (a); INSERT INTO t VALUES (7);", "ALTER TABLE t ADD COLUMN b;"];

    fn migrated(steps: &[&str]) -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, steps).unwrap();
        conn
    }

    #[test]
    fn an_old_database_is_brought_forward_and_keeps_its_rows() {
        let mut conn = migrated(&TWO_STEPS[..1]);
        migrate(&mut conn, TWO_STEPS).unwrap();
        assert_eq!(fitness(&conn, TWO_STEPS).unwrap(), Fitness::Fits);
        let row: (i64, Option<i64>) =
            conn.query_row("SELECT a, b FROM t", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(row, (7, None));
    }

    #[test]
    fn a_newer_database_is_told_from_a_damaged_one() {
        let conn = migrated(TWO_STEPS);
        assert_eq!(fitness(&conn, &TWO_STEPS[..1]).unwrap(), Fitness::Newer(2));
        conn.pragma_update(None, "user_version", 9000).unwrap();
        assert_eq!(fitness(&conn, TWO_STEPS).unwrap(), Fitness::Damaged);
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version_whole() {
        let mut conn = migrated(&TWO_STEPS[..1]);
        let broken = [TWO_STEPS[0], "ALTER TABLE t ADD COLUMN b; CREATE TABLE t (a);"];
        migrate(&mut conn, &broken).unwrap_err();
        assert_eq!(fitness(&conn, &broken).unwrap(), Fitness::Fits);
        assert!(conn.prepare("SELECT b FROM t").is_err());
        migrate(&mut conn, TWO_STEPS).unwrap();
    }

    #[test]
    fn somebody_elses_database_is_not_taken_for_ours() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE birds (name)").unwrap();
        assert_eq!(fitness(&conn, JOURNAL).unwrap(), Fitness::Damaged);
    }

    #[test]
    fn both_databases_and_their_views_can_be_made() {
        for (steps, views) in [(JOURNAL, &["journal"][..]), (HISTORY, &["readings", "now"][..])] {
            let conn = migrated(steps);
            for view in views {
                conn.prepare(&format!("SELECT * FROM {view}")).unwrap();
            }
        }
    }
}
