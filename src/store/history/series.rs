//! Rows → sums: of minutes, quarters, days, or of any span from every reading.
//!
//! What is sealed comes from its tables, the last hour is worked out from the
//! tail and joined: a reader sees both as one. Each question is answered from one
//! state of the file, so an hour that is sealed meanwhile is counted neither twice
//! nor not at all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use super::block::Stream;
use super::keep::{Tier, bytes_free, bytes_used};
use super::read::{columns, damaged, frames, recent, segments};
use super::rollup::{self, MINUTE, QUARTER, Sum};
use super::run::{Clock, Run};
use super::seal::day_of;

/// A point that has readings or sums.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPoint {
    /// Its full name.
    pub name: Arc<str>,
    /// The unit's symbol; empty for plain numbers and texts.
    pub unit: Arc<str>,
    /// The first and last time that a number was heard, if ever by a clock that was set.
    pub heard: Option<(Timestamp, Timestamp)>,
}

/// What became of a point in one span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The start of the span.
    pub time: Timestamp,
    /// The least number.
    pub min: f64,
    /// The mean of all readings.
    pub mean: f64,
    /// The greatest number.
    pub max: f64,
    /// The last number.
    pub last: f64,
    /// How many readings.
    pub count: u32,
}

impl Row {
    /// Takes a later part of the same span in.
    pub fn join(&mut self, later: &Self) {
        let (a, b) = (f64::from(self.count), f64::from(later.count));
        self.min = self.min.min(later.min);
        self.mean = (self.mean * a + later.mean * b) / (a + b);
        self.max = self.max.max(later.max);
        self.last = later.last;
        self.count = self.count.saturating_add(later.count);
    }
}

/// Energy or charge of one point on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Amount {
    /// The point it was counted from, such as `mppt.pv_power`.
    pub point: String,
    /// The site's date.
    pub date: String,
    /// What was counted while the point was positive.
    pub positive: f64,
    /// What was counted while it was negative, as a positive number.
    pub negative: f64,
    /// `Wh` or `Ah`.
    pub unit: &'static str,
}

/// What a history file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Info {
    /// Bytes of pages in use.
    pub bytes: u64,
    /// Bytes of pages that are free for new rows.
    pub bytes_free: u64,
    /// Sealed readings at full rate.
    pub readings: u64,
    /// Bytes they take, packed.
    pub readings_bytes: u64,
    /// Points that were ever heard.
    pub points: u64,
    /// First and last time in each tier; the last hour is in `Full` only.
    pub tiers: Vec<(Tier, Option<(Timestamp, Timestamp)>)>,
    /// Runs of the program.
    pub boots: u64,
}

/// Names, units and times of all points, by name.
pub fn points(conn: &Connection) -> rusqlite::Result<Vec<StoredPoint>> {
    let tx = conn.unchecked_transaction()?;
    let mut heard: BTreeMap<u16, (i64, i64)> = BTreeMap::new();
    for (_, run) in recent(&tx)?.iter().filter(|(_, run)| run.base.clock != Clock::NotSet) {
        for ((_, point), sum) in rollup::of_block(&run.block, run.base.wall_ms, MINUTE) {
            let span = heard.entry(point).or_insert((sum.first_ms, sum.last_ms));
            *span = (span.0.min(sum.first_ms), span.1.max(sum.last_ms));
        }
    }
    let mut select =
        tx.prepare("SELECT id, name, unit, first_ms, last_ms FROM point ORDER BY name, unit")?;
    let point = |row: &rusqlite::Row<'_>| {
        let stored: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
        let recent = heard.get(&row.get(0)?).copied();
        let span = match (stored.0.zip(stored.1), recent) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        Ok(StoredPoint {
            name: row.get::<_, String>(1)?.into(),
            unit: row.get::<_, String>(2)?.into(),
            heard: span.map(|(first, last)| (timestamp(first), timestamp(last))),
        })
    };
    select.query_map([], point)?.collect()
}

/// Sums of one point whose spans start within the range.
pub fn series(
    conn: &Connection,
    point: &str,
    range: &Range<Timestamp>,
    tier: Tier,
    zone: &TimeZone,
) -> rusqlite::Result<Vec<Row>> {
    let (tables, step) = match tier {
        Tier::Full => return aggregate(conn, point, range, 1000),
        Tier::Minute => (&["minute"][..], MINUTE),
        // By point, and those of the last day by time.
        Tier::Quarter => (&["quarter", "quarter_new"][..], QUARTER),
        Tier::Day => (&["day"][..], QUARTER),
    };
    let tx = conn.unchecked_transaction()?;
    let (from, to) = (range.start.as_millisecond(), range.end.as_millisecond());
    let mut found: BTreeMap<i64, Sum> = BTreeMap::new();
    let ids = ids_of(&tx, point)?;
    for id in &ids {
        for run in recent(&tx)?.iter().filter(|(_, run)| run.base.clock != Clock::NotSet) {
            for ((start, _), sum) in sums_of(&run.1, *id, step) {
                let start = if tier == Tier::Day { day_of(zone, start).0 } else { start };
                if (from..to).contains(&start) {
                    rollup::join(&mut found, start, &sum);
                }
            }
        }
    }
    let mut rows = Vec::new();
    for table in tables {
        for id in &ids {
            read_sums(&tx, table, *id, from, to, &mut rows)?;
        }
    }
    // What was sealed first comes first: of two parts of a span the later knows the last.
    rows.extend(found.into_iter().map(|(start, sum)| row_of(start, &sum)));
    rows.sort_by_key(|row| row.time);
    rows.dedup_by(|later, row| {
        let same = later.time == row.time;
        if same {
            row.join(later);
        }
        same
    });
    Ok(rows)
}

/// Sums of one point in spans of `step_ms`, from every reading.
pub fn aggregate(
    conn: &Connection,
    point: &str,
    range: &Range<Timestamp>,
    step_ms: i64,
) -> rusqlite::Result<Vec<Row>> {
    let tx = conn.unchecked_transaction()?;
    let (from, to) = (range.start.as_millisecond(), range.end.as_millisecond());
    let step = step_ms.max(1);
    let mut found: BTreeMap<i64, Sum> = BTreeMap::new();
    let mut take = |start: i64, sum: Sum| {
        if (from..to).contains(&start) {
            rollup::join(&mut found, start, &sum);
        }
    };
    for id in ids_of(&tx, point)? {
        // A span that starts in the range may end after it.
        for (segment, base, _) in segments(&tx, from, to.saturating_add(step))? {
            for (stream, column) in columns(&tx, segment, id)? {
                let times = frames(&tx, segment, stream)?;
                let times = Stream::decode_times(&times).map_err(damaged)?;
                rollup::sum_up(&times, &column, base.wall_ms, step, &mut take);
            }
        }
        for (_, run) in recent(&tx)? {
            sums_of(&run, id, step).into_iter().for_each(|((start, _), sum)| take(start, sum));
        }
    }
    Ok(found.into_iter().map(|(start, sum)| row_of(start, &sum)).collect())
}

/// Energy and charge by day, oldest first.
pub fn amounts(conn: &Connection, range: &Range<Timestamp>) -> rusqlite::Result<Vec<Amount>> {
    conn.prepare(
        "SELECT name, date, positive, negative, unit FROM counter
         JOIN point ON point.id = counter.point WHERE t >= ?1 AND t < ?2 ORDER BY t, name",
    )?
    .query_map([range.start.as_second(), range.end.as_second()], |row| {
        let unit: String = row.get(4)?;
        Ok(Amount {
            point: row.get(0)?,
            date: row.get(1)?,
            positive: row.get(2)?,
            negative: row.get(3)?,
            unit: if unit == "W" { "Wh" } else { "Ah" },
        })
    })?
    .collect()
}

/// The first and last quarter: those of each point are found at the ends of its rows.
const QUARTERS_SPAN: &str = "
    SELECT min(first), max(last) FROM (
        SELECT (SELECT min(t) FROM quarter WHERE point = point.id) AS first,
               (SELECT max(t) FROM quarter WHERE point = point.id) AS last FROM point
        UNION ALL SELECT min(t), max(t) FROM quarter_new)";

/// What the file holds.
pub fn info(conn: &Connection) -> rusqlite::Result<Info> {
    let tx = conn.unchecked_transaction()?;
    let one = |sql: &str| tx.query_row(sql, [], |row| row.get::<_, i64>(0));
    let span = |sql: &str| -> rusqlite::Result<Option<(Timestamp, Timestamp)>> {
        let (first, last): (Option<i64>, Option<i64>) =
            tx.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(first.zip(last).map(|(a, b)| (timestamp(a * 1000), timestamp(b * 1000))))
    };
    // Two questions, each answered from the end of an index.
    let by_time =
        |table| format!("SELECT (SELECT min(t) FROM {table}), (SELECT max(t) FROM {table})");
    Ok(Info {
        bytes: bytes_used(&tx)?,
        bytes_free: bytes_free(&tx)?,
        readings: one("SELECT coalesce(sum(readings), 0) FROM segment")?.unsigned_abs(),
        readings_bytes: one("SELECT coalesce(sum(bytes), 0) FROM segment")?.unsigned_abs(),
        points: one("SELECT count(*) FROM point")?.unsigned_abs(),
        boots: one("SELECT count(*) FROM boot")?.unsigned_abs(),
        tiers: vec![
            (Tier::Full, full_span(&tx)?),
            (Tier::Minute, span(&by_time("minute"))?),
            (Tier::Quarter, span(QUARTERS_SPAN)?),
            (Tier::Day, span(&by_time("day"))?),
        ],
    })
}

fn full_span(conn: &Connection) -> rusqlite::Result<Option<(Timestamp, Timestamp)>> {
    let mut spans: Vec<(i64, i64)> = segments(conn, i64::MIN, i64::MAX)?
        .iter()
        .map(|(_, base, _)| (base.wall_ms, base.wall_ms))
        .collect();
    let last: Option<i64> =
        conn.query_row("SELECT max(wall_ms + span_ms) FROM segment", [], |row| row.get(0))?;
    spans.extend(last.map(|last| (last, last)));
    spans.extend(
        recent(conn)?.iter().map(|(_, run)| (run.base.wall_ms, run.base.wall_ms + run.block.end())),
    );
    let first = spans.iter().map(|span| span.0).min();
    Ok(first.zip(spans.iter().map(|span| span.1).max()).map(|(a, b)| (timestamp(a), timestamp(b))))
}

fn sums_of(run: &Run, point: u16, step: i64) -> rollup::Sums {
    let mut sums = rollup::Sums::new();
    for stream in &run.block.streams {
        let columns = stream.points.iter().zip(&stream.columns);
        for (_, column) in columns.filter(|(id, _)| **id == point) {
            rollup::sum_up(&stream.times, column, run.base.wall_ms, step, |start, sum| {
                rollup::join(&mut sums, (start, point), &sum);
            });
        }
    }
    sums
}

fn read_sums(
    conn: &Connection,
    table: &str,
    point: u16,
    from: i64,
    to: i64,
    rows: &mut Vec<Row>,
) -> rusqlite::Result<()> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT t, min, mean, max, last, count FROM {table}
         WHERE point = ?1 AND t >= ?2 AND t < ?3 ORDER BY t"
    ))?;
    let seconds = |ms: i64| ms.div_euclid(1000) + i64::from(ms.rem_euclid(1000) > 0);
    let mut found = select.query(params![point, seconds(from), seconds(to)])?;
    while let Some(row) = found.next()? {
        rows.push(Row {
            time: Timestamp::from_second(row.get(0)?).unwrap_or_default(),
            min: row.get(1)?,
            mean: row.get(2)?,
            max: row.get(3)?,
            last: row.get(4)?,
            count: row.get(5)?,
        });
    }
    Ok(())
}

fn row_of(start: i64, sum: &Sum) -> Row {
    let Sum { min, max, last, count, .. } = *sum;
    Row { time: timestamp(start), min, mean: sum.mean(), max, last, count }
}

fn ids_of(conn: &Connection, name: &str) -> rusqlite::Result<Vec<u16>> {
    conn.prepare_cached("SELECT id FROM point WHERE name = ?1")?
        .query_map([name], |row| row.get(0))?
        .collect()
}

fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}
