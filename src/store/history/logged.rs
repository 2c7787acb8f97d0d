//! Lines of logs on a schedule, as rows for those who ask with SQL.

use std::sync::Arc;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params};

use crate::store::log::Line;
use crate::units::{Unit, Value};

/// Writes lines; a line that is there already, from before a restart, is replaced.
pub fn write(
    conn: &Connection,
    lines: &[(String, Line)],
    number: impl Fn(&Arc<str>, Unit) -> Option<u16>,
) -> rusqlite::Result<()> {
    let mut replace = conn.prepare_cached(
        "INSERT OR REPLACE INTO logged (t, log, point, min, mean, max, last, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (log, line) in lines {
        for (point, cell) in &line.cells {
            let Some(point) = number(point, cell.unit) else { continue };
            let sum = cell.sum.as_ref();
            let last = match &cell.last {
                None => ToSqlOutput::from(rusqlite::types::Null),
                Some(Value::Number(number)) => ToSqlOutput::from(*number),
                Some(Value::Text(text)) => ToSqlOutput::from(&**text),
            };
            replace.execute(params![
                line.ms.div_euclid(1000),
                log,
                point,
                sum.map(|sum| sum.min),
                sum.map(|sum| sum.mean()),
                sum.map(|sum| sum.max),
                last,
                sum.map_or(0, |sum| sum.count),
            ])?;
        }
    }
    Ok(())
}
