//! How readings and the snapshot lie in `history.db`.
//!
//! This file alone knows the layout of readings: other code hands in and gets
//! back points, times and values. Readings are kept exactly as the engine was
//! fed, in that order, so that a backtest can replay them; a value costs about
//! 20 bytes. Transactions are opened and committed by the caller.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, ToSql, params};

use super::journal::{millis, now, text};
use super::{Sample, SnapshotRow};
use crate::clock::Now;
use crate::units::{Unit, Value};

/// The wall clock may drift this far from its batch's base: slewing by a time
/// server stays below, a set clock does not.
const SLEW_TOLERANCE_MS: i64 = 20;

/// The numbers of points already in the table `point`.
#[derive(Debug, Default)]
pub(super) struct PointIds(BTreeMap<(Arc<str>, Unit), i64>);

/// A reading as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReading {
    /// The point's full name.
    pub point: String,
    /// The unit's symbol, empty for plain numbers and texts.
    pub unit: String,
    /// `None`: the device said *not available*.
    pub value: Option<Value>,
    /// When it was accepted; whole milliseconds.
    pub at: Now,
    /// The run that accepted it.
    pub boot: String,
}

/// One line of the last snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSnapshotRow {
    /// The point's full name.
    pub point: String,
    /// The number, if it is one.
    pub value: Option<f64>,
    /// The text, or the name of the number.
    pub text: Option<String>,
    /// The unit's symbol.
    pub unit: String,
    /// Good, suspect, stale or not available, when it was written.
    pub quality: String,
    /// When the reading was accepted, if there ever was one.
    pub at: Option<Now>,
    /// The run that wrote it.
    pub boot: String,
}

/// Appends samples in the order given.
pub(super) fn append(
    conn: &Connection,
    boot: i64,
    points: &mut PointIds,
    samples: &[Sample],
) -> rusqlite::Result<()> {
    for run in samples.chunk_by(|a, b| on_one_clock(&a.at, &b.at)) {
        append_run(conn, boot, points, run)?;
    }
    Ok(())
}

/// Deletes the oldest batches while more than `keep` readings are stored, as
/// many as a batch or two at a time: the cost stays with each flush.
pub(super) fn trim(conn: &Connection, keep: u32) -> rusqlite::Result<()> {
    const BATCHES_AT_ONCE: usize = 4;
    for _ in 0..BATCHES_AT_ONCE {
        let old = conn
            .prepare_cached(
                "SELECT id, last FROM batch
                 WHERE id = (SELECT min(id) FROM batch)
                   AND last <= (SELECT max(id) FROM reading) - ?1",
            )?
            .query_map([keep], |row| Ok((row.get(0)?, row.get(1)?)))?
            .next()
            .transpose()?;
        let Some((batch, last)): Option<(i64, i64)> = old else {
            break;
        };
        conn.prepare_cached("DELETE FROM reading WHERE id <= ?1")?.execute([last])?;
        conn.prepare_cached("DELETE FROM batch WHERE id = ?1")?.execute([batch])?;
    }
    Ok(())
}

/// Replaces the snapshot table.
pub(super) fn replace_snapshot(
    conn: &Connection,
    boot: i64,
    rows: &[SnapshotRow],
) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM snapshot", [])?;
    let mut insert = conn.prepare_cached(
        "INSERT OR REPLACE INTO snapshot
             (point, value, text, unit, quality, boot, mono_ms, wall_ms, wall_trusted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for row in rows {
        let (number, own_text) = match &row.value {
            Some(Value::Number(number)) => (Some(*number), None),
            Some(Value::Text(text)) => (None, Some(&**text)),
            None => (None, None),
        };
        insert.execute(params![
            &*row.point,
            number,
            own_text.or(row.text.as_deref()),
            row.unit.symbol(),
            row.quality.to_string(),
            boot,
            row.at.map(|at| millis(at.monotonic)),
            row.at.map(|at| at.wall.as_millisecond()),
            row.at.map(|at| at.wall_trusted),
        ])?;
    }
    Ok(())
}

/// Reads the last snapshot, by name.
pub(super) fn snapshot(conn: &Connection) -> rusqlite::Result<Vec<StoredSnapshotRow>> {
    conn.prepare(
        "SELECT point, value, text, unit, quality, mono_ms, wall_ms, snapshot.wall_trusted,
                boot.boot
         FROM snapshot JOIN boot ON boot.id = snapshot.boot ORDER BY point",
    )?
    .query_map([], |row| {
        let at = match (row.get(5)?, row.get(6)?, row.get(7)?) {
            (Some(mono), Some(wall), Some(trusted)) => Some(now(mono, wall, trusted)),
            _ => None,
        };
        Ok(StoredSnapshotRow {
            point: row.get(0)?,
            value: row.get(1)?,
            text: row.get(2)?,
            unit: row.get(3)?,
            quality: row.get(4)?,
            at,
            boot: row.get(8)?,
        })
    })?
    .collect()
}

/// Names and unit symbols of all points that have readings, by name.
pub(super) fn points(conn: &Connection) -> rusqlite::Result<Vec<(String, String)>> {
    conn.prepare("SELECT name, unit FROM point ORDER BY name, unit")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Hands `each` the readings of `range` in the order they were accepted: of
/// one point, or of all. `each` returns `false` to stop.
pub(super) fn readings(
    conn: &Connection,
    point: Option<&str>,
    range: &Range<Timestamp>,
    mut each: impl FnMut(StoredReading) -> bool,
) -> rusqlite::Result<()> {
    let mut select = conn.prepare(
        "SELECT point.name, point.unit, reading.value, batch.mono_ms + reading.ms,
                batch.wall_ms + reading.ms AS wall, batch.wall_trusted, boot.boot
         FROM batch
         CROSS JOIN reading ON reading.id BETWEEN batch.first AND batch.last
         CROSS JOIN point ON point.id = reading.point
         CROSS JOIN boot ON boot.id = batch.boot
         WHERE batch.wall_ms + batch.span_ms >= ?1 AND batch.wall_ms < ?2
           AND wall >= ?1 AND wall < ?2 AND (?3 IS NULL OR point.name = ?3)
         ORDER BY batch.id, reading.id",
    )?;
    let (from, to) = (range.start.as_millisecond(), range.end.as_millisecond());
    let mut rows = select.query(params![from, to, point])?;
    while let Some(row) = rows.next()? {
        if !each(stored_reading(row)?) {
            break;
        }
    }
    Ok(())
}

impl PointIds {
    fn id(&mut self, conn: &Connection, sample: &Sample) -> rusqlite::Result<i64> {
        let key = (sample.point.clone(), sample.unit);
        if let Some(&id) = self.0.get(&key) {
            return Ok(id);
        }
        let (name, unit) = (&*sample.point, sample.unit.symbol());
        conn.execute("INSERT OR IGNORE INTO point (name, unit) VALUES (?1, ?2)", [name, unit])?;
        let id = conn.query_row(
            "SELECT id FROM point WHERE name = ?1 AND unit = ?2",
            [name, unit],
            |row| row.get(0),
        )?;
        self.0.insert(key, id);
        Ok(id)
    }
}

/// Whether both times lie on the same straight piece of the wall clock.
fn on_one_clock(a: &Now, b: &Now) -> bool {
    a.wall_trusted == b.wall_trusted && (offset(a) - offset(b)).abs() <= SLEW_TOLERANCE_MS
}

fn offset(at: &Now) -> i64 {
    at.wall.as_millisecond().saturating_sub(millis(at.monotonic))
}

fn append_run(
    conn: &Connection,
    boot: i64,
    points: &mut PointIds,
    run: &[Sample],
) -> rusqlite::Result<()> {
    let times = || run.iter().map(|sample| millis(sample.at.monotonic));
    // Devices report on their own; the earliest is not always the first.
    let (Some(base), Some(end), Some(first)) = (times().min(), times().max(), run.first()) else {
        return Ok(());
    };
    let ids: Vec<i64> =
        run.iter().map(|sample| points.id(conn, sample)).collect::<rusqlite::Result<_>>()?;
    let mut insert =
        conn.prepare_cached("INSERT INTO reading (point, ms, value) VALUES (?1, ?2, ?3)")?;
    let mut last = 0;
    for (sample, point) in run.iter().zip(ids) {
        let ms = millis(sample.at.monotonic) - base;
        last = insert.insert(params![point, ms, Stored(sample.value.as_ref())])?;
    }
    let count = i64::try_from(run.len()).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "INSERT INTO batch (boot, mono_ms, wall_ms, wall_trusted, span_ms, first, last)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        boot,
        base,
        base.saturating_add(offset(&first.at)),
        first.at.wall_trusted,
        end - base,
        last - count + 1,
        last
    ])
    .map(drop)
}

fn stored_reading(row: &Row<'_>) -> rusqlite::Result<StoredReading> {
    let value = match row.get_ref(2)? {
        ValueRef::Null => None,
        // Below 2^53 by construction, see `Stored`.
        ValueRef::Integer(number) => Value::number(number as f64),
        ValueRef::Real(number) => Value::number(number),
        ValueRef::Text(text) | ValueRef::Blob(text) => {
            Some(Value::Text(String::from_utf8_lossy(text).into()))
        }
    };
    Ok(StoredReading {
        point: text(row, 0)?,
        unit: text(row, 1)?,
        value,
        at: now(row.get(3)?, row.get(4)?, row.get(5)?),
        boot: text(row, 6)?,
    })
}

/// A value in the untyped column: whole numbers as integers of one to six
/// bytes instead of eight, texts as they are (`0159` stays a text).
struct Stored<'a>(Option<&'a Value>);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        Ok(match self.0 {
            None => ToSqlOutput::Borrowed(ValueRef::Null),
            Some(Value::Text(text)) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Some(Value::Number(n)) if n.fract() == 0.0 && n.abs() < EXACT => {
                ToSqlOutput::Borrowed(ValueRef::Integer(*n as i64))
            }
            Some(Value::Number(n)) => ToSqlOutput::Borrowed(ValueRef::Real(*n)),
        })
    }
}
