//! What goes when it is too old, or the file too large.
//!
//! Full-rate readings go first: sums of years cost little. A part at a time, so
//! that no commit holds the file for long; freed pages are used again.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::seal::{POINT_BITS, STREAM_BITS};

/// Segments that one round may delete: catching up with a smaller bound takes
/// a few days, not a minute of a slow card.
const SEGMENTS_AT_ONCE: usize = 48;

/// Rows of sums that one round may delete.
const ROWS_AT_ONCE: u32 = 20_000;

/// A table of readings or sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Every reading.
    Full,
    /// Sums of minutes.
    Minute,
    /// Sums of quarters of an hour.
    Quarter,
    /// Sums of days, in the site's zone.
    Day,
}

/// How long each tier is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Every reading, for replays.
    pub full: Duration,
    /// Sums of minutes.
    pub minutes: Duration,
    /// Sums of quarters of an hour.
    pub quarters: Duration,
    /// Sums of days, counters and the devices' own days.
    pub days: Duration,
    /// The most bytes of the file: beyond it full-rate readings go, then sums of
    /// minutes, the oldest first.
    pub bytes: u64,
    /// Bytes of the disk that stay free: what others write must not stop the journal.
    /// With less, the oldest full-rate readings go. At most a tenth of the disk.
    pub free: u64,
}

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

impl Default for Keep {
    /// 75 points a second take 3 MB a day in full and 5 MB in minutes; most sites have
    /// a third of that.
    fn default() -> Self {
        Self {
            full: DAY * 90,
            minutes: DAY * 366,
            quarters: DAY * 366 * 10,
            days: DAY * 366 * 50,
            bytes: 2_000_000_000,
            free: 64_000_000,
        }
    }
}

/// Deletes what is too old at `now_ms`, a part at a time.
pub fn trim(
    conn: &Connection,
    now_ms: i64,
    keep: &Keep,
    logs: &[(String, Duration)],
) -> rusqlite::Result<()> {
    let before =
        |age: Duration| now_ms.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    trim_segments(conn, before(keep.full), || Ok(true))?;
    let too_large = || Ok(bytes_used(conn)? > keep.bytes);
    trim_segments(conn, i64::MAX, too_large)?;
    let full = too_large()? && segments(conn)? <= 1;
    let minutes = if full { i64::MAX } else { before(keep.minutes) / 1000 };
    trim_minutes(conn, minutes, before(Duration::ZERO) / 1000)?;
    let delete = |sql: &str, before: i64| {
        conn.prepare_cached(sql)?.execute(params![before, ROWS_AT_ONCE]).map(drop)
    };
    // By point, then time: each point's oldest rows are found without a scan.
    conn.prepare_cached("DELETE FROM quarter WHERE point IN (SELECT id FROM point) AND t < ?1")?
        .execute([before(keep.quarters) / 1000])?;
    for (log, age) in logs {
        conn.prepare_cached("DELETE FROM logged WHERE log = ?1 AND t < ?2")?
            .execute(params![log, before(*age) / 1000])?;
    }
    for table in ["day", "counter"] {
        let sql = format!(
            "DELETE FROM {table} WHERE t < ?1 AND t <= (
                 SELECT max(t) FROM (SELECT t FROM {table} ORDER BY t LIMIT ?2))"
        );
        delete(&sql, before(keep.days) / 1000)?;
    }
    conn.prepare_cached("DELETE FROM device_day WHERE fetched_ms < ?1")?
        .execute([before(keep.days)])
        .map(drop)
}

/// Deletes the oldest full-rate readings until the file itself has room for what is
/// missing on the disk; whether there were any.
pub fn make_room(conn: &Connection, missing: u64) -> rusqlite::Result<bool> {
    Ok(trim_segments(conn, i64::MAX, || Ok(bytes_free(conn)? < missing))? > 0)
}

/// Bytes of pages that are free for new rows: the file does not grow before they are used.
pub fn bytes_free(conn: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| conn.pragma_query_one::<i64>(None, name);
    Ok((pragma("freelist_count")? * pragma("page_size")?).unsigned_abs())
}

/// Bytes of pages in use.
pub fn bytes_used(conn: &Connection) -> rusqlite::Result<u64> {
    let pragma = |name: &str| conn.pragma_query_one::<i64>(None, name);
    let pages = pragma("page_count")? - pragma("freelist_count")?;
    Ok((pages * pragma("page_size")?).unsigned_abs())
}

fn segments(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("SELECT count(*) FROM segment", [], |row| row.get(0))
}

/// Deletes the oldest segments that end before a time, while that is wanted; returns how
/// many. The newest one stays.
fn trim_segments(
    conn: &Connection,
    before_ms: i64,
    wanted: impl Fn() -> rusqlite::Result<bool>,
) -> rusqlite::Result<usize> {
    let mut gone = 0;
    while gone < SEGMENTS_AT_ONCE && wanted()? {
        let old = conn
            .prepare_cached(
                "SELECT id FROM segment
                 WHERE id = (SELECT min(id) FROM segment) AND wall_ms + span_ms < ?1
                   AND id < (SELECT max(id) FROM segment)",
            )?
            .query_map([before_ms], |row| row.get::<_, i64>(0))?
            .next()
            .transpose()?;
        let Some(segment) = old else { break };
        let next = segment + 1;
        conn.prepare_cached("DELETE FROM chunk WHERE id < ?1")?
            .execute([next << (POINT_BITS + STREAM_BITS)])?;
        conn.prepare_cached("DELETE FROM frames WHERE id < ?1")?.execute([next << STREAM_BITS])?;
        conn.prepare_cached("DELETE FROM segment WHERE id = ?1")?.execute([segment])?;
        gone += 1;
    }
    Ok(gone)
}

fn trim_minutes(conn: &Connection, before: i64, now: i64) -> rusqlite::Result<()> {
    // Never the last day: a bound that is far too small must not empty the table.
    let before = before.min(now - 86_400);
    let sql = "DELETE FROM minute WHERE t < ?1 AND t <= (
                   SELECT max(t) FROM (SELECT t FROM minute ORDER BY t LIMIT ?2))";
    conn.prepare_cached(sql)?.execute(params![before, ROWS_AT_ONCE]).map(drop)
}
