//! How entries and state lie in `journal.db`.
//!
//! Columns are words and milliseconds, so that `sqlite3` alone answers "why was
//! the load off at 04:10". Writing happens inside a transaction that somebody
//! else opens and commits; reading needs any connection.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use super::Boot;
use crate::clock::Now;
use crate::journal::{Branch, Entry, Kind, Used};

/// An entry as it was found in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its number: later entries have larger ones, whatever the clocks did.
    pub id: i64,
    /// The run that wrote it.
    pub boot: String,
    /// The entry; its times in whole milliseconds.
    pub entry: Entry,
    /// The wall clock was set later, and the time worked out from that.
    pub set_later: bool,
}

/// Which entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Entries of this time or later. Entries of an unset clock are shown
    /// unless a later entry proves them older.
    pub since: Option<Timestamp>,
    /// Entries about this output or device only.
    pub subject: Option<String>,
    /// At most this many, the newest.
    pub limit: u32,
}

/// A reading as it stands in the column `used`.
#[derive(Serialize, Deserialize)]
struct UsedRow {
    input: String,
    value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age_ms: Option<u64>,
}

/// Writes one entry and returns its number.
pub(super) fn insert(conn: &Connection, boot: i64, entry: &Entry) -> rusqlite::Result<i64> {
    conn.prepare_cached(
        "INSERT INTO entry (boot, mono_ms, wall_ms, wall_trusted, kind, subject, what, rule,
                            reason, used, intent, conditions)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .insert(params![
        boot,
        millis(entry.at.monotonic),
        entry.at.wall.as_millisecond(),
        entry.at.wall_trusted,
        entry.kind.word(),
        entry.subject,
        entry.what,
        entry.rule,
        entry.reason,
        used_to_json(&entry.used),
        // SQLite's integers are signed; the bits come back as they were.
        entry.intent.map(u64::cast_signed),
        tree_to_json(&entry.conditions),
    ])
}

/// Writes or replaces one piece of state.
pub(super) fn save_state(conn: &Connection, key: &str, json: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO state (key, json) VALUES (?1, ?2)
         ON CONFLICT (key) DO UPDATE SET json = excluded.json",
    )?
    .execute([key, json])
    .map(drop)
}

/// Whether nothing was ever saved in this file.
pub(super) fn has_no_state(conn: &Connection) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM state)")?.query_row([], |row| row.get(0))
}

/// Reads all state.
pub(super) fn states(conn: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    conn.prepare("SELECT key, json FROM state")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Deletes the oldest entries beyond `keep`; returns how many.
pub(super) fn trim(conn: &Connection, keep: u32) -> rusqlite::Result<usize> {
    conn.execute("DELETE FROM entry WHERE id <= (SELECT max(id) FROM entry) - ?1", [keep])
}

/// Reads entries, oldest first.
pub(super) fn entries(conn: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Recorded>> {
    let since = filter.since.map(Timestamp::as_millisecond);
    let select = select(conn)?;
    let mut found: Vec<Recorded> = conn
        .prepare(&format!(
            "{select}
             WHERE (?1 IS NULL OR entry.wall_ms >= ?1 OR entry.id > (
                        SELECT coalesce(max(id), 0) FROM entry
                        WHERE wall_trusted AND wall_ms < ?1))
               AND (?2 IS NULL OR entry.subject = ?2)
             ORDER BY entry.id DESC LIMIT ?3"
        ))?
        .query_map(params![since, filter.subject, filter.limit], recorded)?
        .collect::<rusqlite::Result<_>>()?;
    found.reverse();
    place(conn, &mut found)?;
    Ok(found)
}

/// Reads entries about an output, device or rule, oldest first. A script's entry
/// is about all that it may ask for.
pub(super) fn about(
    conn: &Connection,
    name: &str,
    until: Option<Timestamp>,
    limit: u32,
) -> rusqlite::Result<Vec<Recorded>> {
    let until = until.map(Timestamp::as_millisecond);
    let select = select(conn)?;
    let mut found: Vec<Recorded> = conn
        .prepare(&format!(
            "{select}
             WHERE (entry.subject = ?1 OR entry.rule = ?1
                    OR entry.kind = 'rule'
                       AND instr(', ' || entry.subject || ', ', ', ' || ?1 || ', '))
               AND (?2 IS NULL OR entry.id <= (
                        SELECT coalesce(max(id), 0) FROM entry
                        WHERE wall_trusted AND wall_ms <= ?2))
             ORDER BY entry.id DESC LIMIT ?3"
        ))?
        .query_map(params![name, until, limit], recorded)?
        .collect::<rusqlite::Result<_>>()?;
    found.reverse();
    place(conn, &mut found)?;
    Ok(found)
}

/// Gives entries from before the clock was set the time that they really had: it is as
/// far from the first entry with a set clock, in the same run, as monotonic time says.
fn place(conn: &Connection, found: &mut [Recorded]) -> rusqlite::Result<()> {
    let mut offset = conn.prepare_cached(
        "SELECT wall_ms - mono_ms FROM entry
         WHERE boot = (SELECT id FROM boot WHERE boot = ?1) AND wall_trusted AND id > ?2
         ORDER BY id LIMIT 1",
    )?;
    let mut known: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for Recorded { id, boot, entry, set_later } in found {
        if entry.at.wall_trusted {
            continue;
        }
        let offset = match known.get(boot) {
            Some(offset) => *offset,
            None => {
                let answer = offset.query_row(params![*boot, *id], |row| row.get(0)).optional()?;
                *known.entry(boot.clone()).or_insert(answer)
            }
        };
        if let Some(offset) = offset {
            let mono_ms = millis(entry.at.monotonic);
            entry.at = now(mono_ms, mono_ms.saturating_add(offset), true);
            *set_later = true;
        }
    }
    Ok(())
}

/// Reads alarms, modes, loads of rules and people's own acts of a range, oldest first;
/// the newest `limit` of them.
pub(super) fn notable(
    conn: &Connection,
    range: &Range<Timestamp>,
    limit: u32,
) -> rusqlite::Result<Vec<Recorded>> {
    let select = select(conn)?;
    let (from, until) = (range.start.as_millisecond(), range.end.as_millisecond());
    let mut found: Vec<Recorded> = conn
        .prepare(&format!(
            "{select}
             WHERE entry.wall_trusted AND entry.wall_ms >= ?1 AND entry.wall_ms < ?2
               AND kind IN ('alarm', 'mode', 'manual', 'reload')
             ORDER BY entry.id DESC LIMIT ?3"
        ))?
        .query_map(params![from, until, limit], recorded)?
        .collect::<rusqlite::Result<_>>()?;
    found.reverse();
    Ok(found)
}

/// Reads the runs of the program, oldest first, with what they journaled.
pub(super) fn boots(conn: &Connection) -> rusqlite::Result<Vec<Boot>> {
    let instant = |ms: Option<i64>| ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    conn.prepare(
        "SELECT boot.boot, boot.version, boot.started_ms, boot.wall_trusted, count(entry.id),
                min(CASE WHEN entry.wall_trusted THEN entry.wall_ms END),
                max(CASE WHEN entry.wall_trusted THEN entry.wall_ms END)
         FROM boot LEFT JOIN entry ON entry.boot = boot.id GROUP BY boot.id ORDER BY boot.id",
    )?
    .query_map([], |row| {
        Ok(Boot {
            boot: text(row, 0)?,
            version: text(row, 1)?,
            started: instant(row.get(2)?).unwrap_or_default(),
            clock_set: row.get(3)?,
            entries: row.get::<_, i64>(4)?.unsigned_abs(),
            heard: instant(row.get(5)?).zip(instant(row.get(6)?)),
        })
    })?
    .collect()
}

/// Reads the intents that no result answers, oldest first: after a crash
/// nobody knows what became of them until the output is read back.
pub(super) fn open_intents(conn: &Connection) -> rusqlite::Result<Vec<Recorded>> {
    let select = select(conn)?;
    conn.prepare(&format!(
        "{select}
         WHERE entry.kind = 'intent' AND entry.intent IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM entry AS answer
             WHERE answer.kind = 'result' AND answer.intent = entry.intent
               AND answer.id > entry.id)
         ORDER BY entry.id"
    ))?
    .query_map([], recorded)?
    .collect()
}

/// The largest intent number ever used, 0 for none: the next run goes on from
/// it, so that a number names one intent for ever.
pub(super) fn last_intent(conn: &Connection) -> rusqlite::Result<u64> {
    let last: i64 =
        conn.query_row("SELECT coalesce(max(intent), 0) FROM entry", [], |row| row.get(0))?;
    Ok(last.unsigned_abs())
}

/// A file that no newer daemon has opened yet has no conditions.
fn select(conn: &Connection) -> rusqlite::Result<String> {
    let known = "SELECT 1 FROM pragma_table_info('entry') WHERE name = 'conditions'";
    let conditions = if conn.prepare(known)?.exists([])? { "conditions" } else { "NULL" };
    Ok(format!(
        "SELECT entry.id, boot.boot, mono_ms, wall_ms, entry.wall_trusted, kind, subject, what,
                rule, reason, used, intent, {conditions}
         FROM entry JOIN boot ON boot.id = entry.boot"
    ))
}

/// A row that the disk has damaged is shown as an alarm with what is left of
/// it: it must not hide the others.
fn recorded(row: &Row<'_>) -> rusqlite::Result<Recorded> {
    let intent: Option<i64> = row.get(11)?;
    let entry = Entry {
        at: now(row.get(2)?, row.get(3)?, row.get(4)?),
        kind: kind_of(&text(row, 5)?).unwrap_or(Kind::Alarm),
        subject: text(row, 6)?,
        what: text(row, 7)?,
        rule: row.get_ref(8)?.as_bytes_or_null()?.map(lossy),
        reason: text(row, 9)?,
        used: used_from_json(&text(row, 10)?).unwrap_or_default(),
        conditions: serde_json::from_str(&text(row, 12)?).unwrap_or_default(),
        intent: intent.map(i64::cast_unsigned),
    };
    Ok(Recorded { id: row.get(0)?, boot: text(row, 1)?, entry, set_later: false })
}

/// A text column, whatever has become of its bytes.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(row.get_ref(column)?.as_bytes_or_null()?.map(lossy).unwrap_or_default())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn kind_of(word: &str) -> Result<Kind, serde::de::value::Error> {
    Kind::deserialize(StrDeserializer::new(word))
}

/// Whole milliseconds; a run of 292 million years saturates.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The time of a row; a wall time no calendar holds becomes 1970, untrusted.
pub(super) fn now(mono_ms: i64, wall_ms: i64, wall_trusted: bool) -> Now {
    let wall = Timestamp::from_millisecond(wall_ms);
    Now {
        monotonic: Duration::from_millis(u64::try_from(mono_ms).unwrap_or(0)),
        wall_trusted: wall_trusted && wall.is_ok(),
        wall: wall.unwrap_or_default(),
    }
}

fn used_to_json(used: &[Used]) -> String {
    let rows: Vec<UsedRow> = used
        .iter()
        .map(|used| UsedRow {
            input: used.input.clone(),
            value: used.value.clone(),
            age_ms: used.age.map(|age| millis(age).unsigned_abs()),
        })
        .collect();
    // Strings and numbers always serialise; an empty list is the honest rest.
    serde_json::to_string(&rows).unwrap_or_else(|_| "[]".to_owned())
}

/// `None` where there is no tree: most entries have none.
fn tree_to_json(conditions: &[Branch]) -> Option<String> {
    if conditions.is_empty() {
        return None;
    }
    serde_json::to_string(conditions).ok()
}

fn used_from_json(json: &str) -> serde_json::Result<Vec<Used>> {
    let rows: Vec<UsedRow> = serde_json::from_str(json)?;
    let used = |row: UsedRow| Used {
        input: row.input,
        value: row.value,
        age: row.age_ms.map(Duration::from_millis),
    };
    Ok(rows.into_iter().map(used).collect())
}
