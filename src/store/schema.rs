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
    // The tree beside its entry, and every comparison in it as a row of its own.
    r"
DROP VIEW journal;
CREATE VIEW journal AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE entry.wall_trusted WHEN 0 THEN 'not set' ELSE 'set' END AS clock,
           kind, subject, what, rule, reason, used, conditions, intent, boot.boot
    FROM entry JOIN boot ON boot.id = entry.boot;
CREATE VIEW conditions AS
    SELECT entry.id,
           strftime('%Y-%m-%dT%H:%M:%fZ', entry.wall_ms / 1000.0, 'unixepoch') AS time,
           entry.kind, entry.subject, entry.what, entry.rule,
           json_extract(root.value, '$.role') AS part,
           json_extract(leaf.value, '$.text') AS text,
           json_extract(leaf.value, '$.answer') AS answer,
           json_extract(leaf.value, '$.value') AS value,
           json_extract(leaf.value, '$.age_s') AS age_s
    FROM entry, json_each(entry.conditions) AS root, json_tree(root.value) AS leaf
    WHERE leaf.type = 'object' AND json_extract(leaf.value, '$.parts') IS NULL;
",
    // With a row number a kilobyte of state lies in its page; without one half of it lay
    // in a page of its own, freed and taken again each minute: four pages, not one.
    r"
CREATE TABLE state_in_place (key TEXT PRIMARY KEY, json TEXT NOT NULL);
INSERT INTO state_in_place SELECT key, json FROM state;
DROP TABLE state;
ALTER TABLE state_in_place RENAME TO state;
",
    // How often each register of each device was written into flash.
    r"
CREATE VIEW wear AS
    SELECT json_extract(json, '$.device') AS device, json_extract(json, '$.serial') AS serial,
           printf('0x%04X', json_extract(json, '$.register')) AS register,
           json_extract(json, '$.writes') AS writes,
           strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(json, '$.since_ms') / 1000.0, 'unixepoch')
               AS since,
           CASE json_extract(json, '$.lost') WHEN 1 THEN 'at least' ELSE '' END AS certainty
    FROM state WHERE key LIKE 'wear/%' AND json_extract(json, '$.serial') IS NOT NULL;
",
    // Entries from before the clock was set have the time that they really had, as far
    // as one with a set clock follows in the same run; it is looked for nearby.
    r"
DROP VIEW journal;
CREATE VIEW journal AS
    SELECT id, strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(later, wall_ms) / 1000.0, 'unixepoch') AS time,
           CASE WHEN wall_trusted THEN 'set' WHEN later IS NULL THEN 'not set'
                ELSE 'set later' END AS clock,
           kind, subject, what, rule, reason, used, conditions, intent, run AS boot
    FROM (SELECT entry.*, boot.boot AS run, CASE WHEN entry.wall_trusted THEN NULL ELSE
                     entry.mono_ms + (SELECT next.wall_ms - next.mono_ms FROM entry AS next
                         WHERE next.id > entry.id AND next.id < entry.id + 10000
                           AND next.boot = entry.boot AND next.wall_trusted
                         ORDER BY next.id LIMIT 1) END AS later
          FROM entry JOIN boot ON boot.id = entry.boot);
",
];

/// Steps of `history.db`.
///
/// Version 1 kept a row for each reading; it is not brought forward but set
/// aside, see [`HISTORY_OLDEST`].
///
/// Times named `t` are Unix seconds, those named `_ms` milliseconds. A *segment*
/// is a straight piece of the wall clock, mostly an hour; its `clock` is 0 when
/// the wall clock was not set, 1 when it was, 2 when it was set later and the
/// segment moved to its place. `frames` and `chunk` hold its readings packed (see
/// `store/history`), `tail` those of the last hour, a batch a row; batches up to
/// the number in `sealed` are in segments already.
pub(super) const HISTORY: &[&str] = &[
    "",
    r"
CREATE TABLE point (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, unit TEXT NOT NULL,
    first_ms INTEGER, last_ms INTEGER, UNIQUE (name, unit)
);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    span_ms INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
CREATE TABLE frames (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE tail (
    slot INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    boot INTEGER NOT NULL,
    mono_ms INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    data BLOB NOT NULL
);
CREATE TABLE sealed (batch INTEGER NOT NULL);
INSERT INTO sealed VALUES (0);
CREATE TABLE minute (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE quarter (
    point INTEGER NOT NULL, t INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (point, t)
) WITHOUT ROWID;
CREATE TABLE day (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE counter (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    positive REAL NOT NULL, negative REAL NOT NULL,
    date TEXT NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
CREATE TABLE device_day (
    device TEXT NOT NULL,
    serial TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    date TEXT,
    complete INTEGER NOT NULL,
    fetched_ms INTEGER NOT NULL,
    yield REAL, consumed REAL, power_max REAL,
    panel_voltage_max REAL, battery_voltage_max REAL, battery_voltage_min REAL,
    battery_current_max REAL,
    time_bulk REAL, time_absorption REAL, time_float REAL,
    errors TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (device, serial, sequence)
) WITHOUT ROWID;
CREATE TABLE logged (
    t INTEGER NOT NULL, log TEXT NOT NULL, point INTEGER NOT NULL,
    min REAL, mean REAL, max REAL, last, count INTEGER NOT NULL,
    PRIMARY KEY (t, log, point)
) WITHOUT ROWID;
CREATE TABLE snapshot (
    point TEXT PRIMARY KEY,
    value REAL,
    text TEXT,
    unit TEXT NOT NULL,
    quality TEXT NOT NULL,
    boot INTEGER NOT NULL,
    mono_ms INTEGER,
    wall_ms INTEGER,
    wall_trusted INTEGER,
    age_s REAL
) WITHOUT ROWID;
CREATE VIEW points AS
    SELECT name AS point, unit,
           strftime('%Y-%m-%dT%H:%M:%SZ', first_ms / 1000, 'unixepoch') AS first,
           strftime('%Y-%m-%dT%H:%M:%SZ', last_ms / 1000, 'unixepoch') AS last
    FROM point;
CREATE VIEW minutes AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, name AS point,
           min, mean, max, last, count, unit
    FROM minute JOIN point ON point.id = minute.point;
CREATE VIEW quarters AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, name AS point,
           min, mean, max, last, count, unit
    FROM quarter JOIN point ON point.id = quarter.point;
CREATE VIEW days AS
    SELECT t, date, name AS point, min, mean, max, last, count, unit
    FROM day JOIN point ON point.id = day.point;
CREATE VIEW energy AS
    SELECT t, date, substr(name, 1, instr(name, '.') - 1) AS device,
           substr(name, instr(name, '.') + 1) AS quantity,
           positive / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END AS positive,
           negative / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END AS negative,
           CASE unit WHEN 'W' THEN 'kWh' ELSE 'Ah' END AS unit
    FROM counter JOIN point ON point.id = counter.point;
CREATE VIEW device_days AS
    SELECT device, serial, date, sequence,
           CASE complete WHEN 0 THEN 'so far' ELSE 'complete' END AS state,
           yield AS yield_kwh, consumed AS consumed_kwh, power_max AS power_max_w,
           panel_voltage_max AS panel_voltage_max_v,
           battery_voltage_max AS battery_voltage_max_v,
           battery_voltage_min AS battery_voltage_min_v,
           battery_current_max AS battery_current_max_a,
           time_bulk AS bulk_min, time_absorption AS absorption_min, time_float AS float_min,
           errors
    FROM device_day;
CREATE VIEW logs AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, log, name AS point,
           min, mean, max, last, count, unit
    FROM logged JOIN point ON point.id = logged.point;
CREATE VIEW segments AS
    SELECT segment.id, boot.boot,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS start,
           span_ms / 1000.0 AS seconds,
           CASE clock WHEN 0 THEN 'not set' WHEN 1 THEN 'set' ELSE 'set later' END AS clock,
           readings, bytes
    FROM segment JOIN boot ON boot.id = segment.boot;
CREATE VIEW now AS
    SELECT point, value, text, unit, quality, age_s,
           strftime('%Y-%m-%dT%H:%M:%fZ', wall_ms / 1000.0, 'unixepoch') AS time,
           CASE wall_trusted WHEN 0 THEN 'not set' WHEN 1 THEN 'set' END AS clock
    FROM snapshot;
",
    // Quarters of the last day, by time: filed by point once a day, see `seal.rs`.
    r"
CREATE TABLE quarter_new (
    t INTEGER NOT NULL, point INTEGER NOT NULL,
    min REAL NOT NULL, mean REAL NOT NULL, max REAL NOT NULL, last REAL NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (t, point)
) WITHOUT ROWID;
DROP VIEW quarters;
CREATE VIEW quarters AS
    SELECT t, strftime('%Y-%m-%dT%H:%M:%SZ', t, 'unixepoch') AS time, name AS point,
           min, mean, max, last, count, unit
    FROM (SELECT t, point, min, mean, max, last, count FROM quarter
          UNION ALL SELECT t, point, min, mean, max, last, count FROM quarter_new) AS sums
    JOIN point ON point.id = sums.point;
",
];

/// The first version of `history.db` that is brought forward.
pub(super) const HISTORY_OLDEST: i64 = 2;

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
    /// Made by an older sunkeep whose rows are not brought forward; its version.
    Outdated(i64),
    /// Header and table disagree: not a file we left like this.
    Damaged,
}

/// Looks at a database's version without changing it.
pub(super) fn fitness(conn: &Connection, steps: &[&str], oldest: i64) -> rusqlite::Result<Fitness> {
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
        _ if header < oldest => Fitness::Outdated(header),
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
        assert_eq!(fitness(&conn, TWO_STEPS, 1).unwrap(), Fitness::Fits);
        let row: (i64, Option<i64>) =
            conn.query_row("SELECT a, b FROM t", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(row, (7, None));
    }

    #[test]
    fn a_newer_database_is_told_from_a_damaged_one() {
        let conn = migrated(TWO_STEPS);
        assert_eq!(fitness(&conn, &TWO_STEPS[..1], 1).unwrap(), Fitness::Newer(2));
        conn.pragma_update(None, "user_version", 9000).unwrap();
        assert_eq!(fitness(&conn, TWO_STEPS, 1).unwrap(), Fitness::Damaged);
    }

    #[test]
    fn a_step_that_fails_leaves_the_old_version_whole() {
        let mut conn = migrated(&TWO_STEPS[..1]);
        let broken = [TWO_STEPS[0], "ALTER TABLE t ADD COLUMN b; CREATE TABLE t (a);"];
        migrate(&mut conn, &broken).unwrap_err();
        assert_eq!(fitness(&conn, &broken, 1).unwrap(), Fitness::Fits);
        assert!(conn.prepare("SELECT b FROM t").is_err());
        migrate(&mut conn, TWO_STEPS).unwrap();
    }

    #[test]
    fn somebody_elses_database_is_not_taken_for_ours() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("CREATE TABLE birds (name)").unwrap();
        assert_eq!(fitness(&conn, JOURNAL, 1).unwrap(), Fitness::Damaged);
    }

    #[test]
    fn both_databases_and_their_views_can_be_made() {
        for (steps, views) in [
            (JOURNAL, &["journal", "conditions", "wear"][..]),
            (
                HISTORY,
                &[
                    "points",
                    "minutes",
                    "quarters",
                    "days",
                    "energy",
                    "device_days",
                    "logs",
                    "segments",
                    "now",
                ][..],
            ),
        ] {
            let conn = migrated(steps);
            for view in views {
                conn.prepare(&format!("SELECT * FROM {view}")).unwrap();
            }
        }
    }
}
