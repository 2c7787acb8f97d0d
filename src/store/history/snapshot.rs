//! The table of what is known now: one row a point, rewritten in its place.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::super::SnapshotRow;
use super::super::journal::{millis, now};
use crate::clock::Now;
use crate::units::Value;

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
    /// How old it was then.
    pub age: Option<Duration>,
    /// The run that wrote it.
    pub boot: String,
}

/// Replaces the snapshot table. Rows that stay keep their pages: freeing and taking
/// them again would write twice as many.
pub fn replace(conn: &Connection, boot: i64, rows: &[SnapshotRow]) -> rusqlite::Result<()> {
    let names: Vec<&str> = rows.iter().map(|row| &*row.point).collect();
    // A list of strings always becomes JSON; an empty one would only delete too much.
    let names = serde_json::to_string(&names).unwrap_or_else(|_| "[]".to_owned());
    conn.prepare_cached(
        "DELETE FROM snapshot WHERE point NOT IN (SELECT value FROM json_each(?1))",
    )?
    .execute([names])?;
    let mut insert = conn.prepare_cached(
        "INSERT OR REPLACE INTO snapshot
             (point, value, text, unit, quality, boot, mono_ms, wall_ms, wall_trusted, age_s)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
            row.age.map(|age| age.as_secs_f64()),
        ])?;
    }
    Ok(())
}

/// Reads the last snapshot, by name.
pub fn read(conn: &Connection) -> rusqlite::Result<Vec<StoredSnapshotRow>> {
    conn.prepare(
        "SELECT point, value, text, unit, quality, mono_ms, wall_ms, snapshot.wall_trusted,
                boot.boot, age_s
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
            age: row
                .get::<_, Option<f64>>(9)?
                .and_then(|age| Duration::try_from_secs_f64(age).ok()),
        })
    })?
    .collect()
}
