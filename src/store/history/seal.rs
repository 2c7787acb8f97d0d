//! An hour of readings becomes rows: packed segments and plain tables.
//!
//! One transaction writes the segment, the sums of its minutes, quarters and
//! days and the counters. A span that was cut, by a restart or by the hour, is
//! joined with the part that is there already.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::block::Stream;
use super::counter::Counts;
use super::rollup::{self, MINUTE, QUARTER, Sum, Sums};
use super::run::{Base, Clock, Run};

/// Milliseconds of a second.
const SECOND: i64 = 1000;

/// A row's number: segment, point, stream.
pub const POINT_BITS: u32 = 16;
/// Bits of the stream in a row's number.
pub const STREAM_BITS: u32 = 12;

/// Writes a run as a segment, with its sums.
pub fn write(conn: &Connection, boot: i64, run: &Run, zone: &TimeZone) -> rusqlite::Result<()> {
    if run.block.is_empty() {
        return Ok(());
    }
    let Base { mono_ms, wall_ms, clock } = run.base;
    let segment = conn
        .prepare_cached(
            "INSERT INTO segment (boot, mono_ms, wall_ms, span_ms, clock, readings, bytes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0)",
        )?
        .insert(params![
            boot,
            mono_ms,
            wall_ms,
            run.block.end(),
            clock.number(),
            i64::try_from(run.block.len()).unwrap_or(i64::MAX),
        ])?;
    let mut bytes = 0;
    for (number, stream) in (0..).zip(&run.block.streams) {
        bytes += write_stream(conn, segment, number, stream)?;
    }
    conn.prepare_cached("UPDATE segment SET bytes = ?1 WHERE id = ?2")?
        .execute(params![bytes, segment])?;
    if clock != Clock::NotSet {
        write_sums(conn, run, zone)?;
    }
    Ok(())
}

fn write_stream(
    conn: &Connection,
    segment: i64,
    number: i64,
    stream: &Stream,
) -> rusqlite::Result<i64> {
    let mut frames = Vec::new();
    stream.encode_frames(&mut frames);
    let mut bytes = frames.len();
    conn.prepare_cached("INSERT INTO frames (id, data) VALUES (?1, ?2)")?
        .execute(params![segment << STREAM_BITS | number, frames])?;
    let mut insert = conn.prepare_cached("INSERT INTO chunk (id, data) VALUES (?1, ?2)")?;
    for (point, column) in stream.points.iter().zip(&stream.columns) {
        let mut packed = Vec::new();
        column.encode(&mut packed);
        bytes += packed.len();
        let id = (segment << POINT_BITS | i64::from(*point)) << STREAM_BITS | number;
        insert.execute(params![id, packed])?;
    }
    Ok(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// Writes the sums of a run whose wall times are known.
pub fn write_sums(conn: &Connection, run: &Run, zone: &TimeZone) -> rusqlite::Result<()> {
    let minutes = rollup::of_block(&run.block, run.base.wall_ms, MINUTE);
    let quarters = rollup::coarser(&minutes, |start| start.div_euclid(QUARTER) * QUARTER);
    let days = rollup::coarser(&quarters, |start| day_of(zone, start).0);
    join_sums(conn, "minute", &minutes)?;
    join_sums(conn, "quarter_new", &quarters)?;
    join_days(conn, &days, zone)?;
    note_times(conn, &days)
}

/// The start of the day that holds a time, in the site's zone, and its date.
pub fn day_of(zone: &TimeZone, ms: i64) -> (i64, String) {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned_datetime(zone.clone());
    let date = at.date();
    // A day has a start in every zone; the calendar's own ends have none.
    let start = at.start_of_day().map_or(ms, |start| start.timestamp().as_millisecond());
    (start, date.to_string())
}

/// What a row does with the part of its span that is there already.
const JOINED: &str = "
    mean = (mean * count + excluded.mean * excluded.count) / (count + excluded.count),
    min = min(min, excluded.min), max = max(max, excluded.max),
    last = excluded.last, count = count + excluded.count";

/// How long quarters wait by time until they are filed by point, in seconds.
const FILED_AFTER: i64 = 86_400;

/// Files the quarters of the last day by point, once a day.
///
/// By point a year of one is read in one go. Written there each hour, a page of each
/// point would be written for four rows.
pub fn file_quarters(conn: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let (oldest, newest): (Option<i64>, Option<i64>) =
        conn.query_row("SELECT min(t), max(t) FROM quarter_new", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if oldest.is_none_or(|oldest| now_ms / SECOND - oldest < FILED_AFTER) {
        return Ok(());
    }
    // The newest may go on with the next hour: it must not lie in two places.
    conn.execute(
        &format!(
            "INSERT INTO quarter (point, t, min, mean, max, last, count)
             SELECT point, t, min, mean, max, last, count FROM quarter_new WHERE t < ?1
             ORDER BY point, t
             ON CONFLICT (point, t) DO UPDATE SET {JOINED}"
        ),
        [newest],
    )?;
    conn.execute("DELETE FROM quarter_new WHERE t < ?1", [newest]).map(drop)
}

fn join_sums(conn: &Connection, table: &str, sums: &Sums) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(&format!(
        "INSERT INTO {table} (t, point, min, mean, max, last, count)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (t, point) DO UPDATE SET {JOINED}"
    ))?;
    for ((start, point), sum) in sums {
        let Sum { min, max, last, count, .. } = *sum;
        insert.execute(params![start / SECOND, point, min, sum.mean(), max, last, count])?;
    }
    Ok(())
}

fn join_days(conn: &Connection, sums: &Sums, zone: &TimeZone) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(&format!(
        "INSERT INTO day (t, point, min, mean, max, last, count, date)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (t, point) DO UPDATE SET {JOINED}"
    ))?;
    for ((start, point), sum) in sums {
        let Sum { min, max, last, count, .. } = *sum;
        let date = day_of(zone, *start).1;
        insert.execute(params![start / SECOND, point, min, sum.mean(), max, last, count, date])?;
    }
    Ok(())
}

/// Notes when each point was first and last heard.
fn note_times(conn: &Connection, sums: &Sums) -> rusqlite::Result<()> {
    let mut update = conn.prepare_cached(
        "UPDATE point SET first_ms = min(coalesce(first_ms, ?3), ?3),
                          last_ms = max(coalesce(last_ms, ?2), ?2) WHERE id = ?1",
    )?;
    for ((_, point), sum) in sums {
        update.execute(params![point, sum.last_ms, sum.first_ms])?;
    }
    Ok(())
}

/// Adds what was counted to the counters of the days.
pub fn write_counts(conn: &Connection, counts: &Counts, zone: &TimeZone) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO counter (t, point, positive, negative, date) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (t, point) DO UPDATE SET
             positive = positive + excluded.positive, negative = negative + excluded.negative",
    )?;
    for ((start, point), (positive, negative)) in counts {
        let date = day_of(zone, *start).1;
        insert.execute(params![start / SECOND, point, positive, negative, date])?;
    }
    Ok(())
}
