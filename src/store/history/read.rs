//! Rows → readings, in the order they came.
//!
//! What is sealed comes from segments, the last hour from the tail. A segment may
//! be read whole, or the columns of a few points only. Sums are made in `series`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;

use super::super::journal::now;
use super::bits::Input;
use super::block::{Block, Stream};
use super::column::Column;
use super::run::{self, Base, Clock, Run};
use super::seal::{POINT_BITS, STREAM_BITS};
use super::tail;
use crate::clock::Now;
use crate::snapshot::Quality;
use crate::units::Value;

/// A reading as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredReading {
    /// The point's full name.
    pub point: Arc<str>,
    /// The unit's symbol; empty for plain numbers and texts.
    pub unit: Arc<str>,
    /// `None`: the device said *not available*.
    pub value: Option<Value>,
    /// How far it was believed.
    pub quality: Quality,
    /// When it was accepted; whole milliseconds.
    pub at: Now,
    /// The wall clock was set later, and the time worked out from that.
    pub set_later: bool,
    /// The run of the program that accepted it.
    pub boot: Arc<str>,
}

/// Hands `each` the readings of a range in the order they were accepted: of some
/// points, or of all. `each` returns `false` to stop.
pub fn readings(
    conn: &Connection,
    names: Option<&[&str]>,
    range: &Range<Timestamp>,
    mut each: impl FnMut(StoredReading) -> bool,
) -> rusqlite::Result<()> {
    let tx = conn.unchecked_transaction()?;
    let (from, to) = (range.start.as_millisecond(), range.end.as_millisecond());
    let (known, boots) = (names_of(&tx)?, boots(&tx)?);
    let wanted = names.map(|names| {
        let named = known.iter().filter(|(_, (name, _))| names.contains(&&**name));
        named.map(|(id, _)| *id).collect::<BTreeSet<u16>>()
    });
    let nobody: Arc<str> = "".into();
    let mut hand_out = |boot: i64, base: Base, block: &Block| {
        block.replay_frames(|_, ms, point, value, quality| {
            let wall = base.wall_ms.saturating_add(ms);
            if !(from..to).contains(&wall) || wanted.as_ref().is_some_and(|w| !w.contains(&point)) {
                return true;
            }
            let (name, unit) = known.get(&point).cloned().unwrap_or_default();
            each(StoredReading {
                point: name,
                unit,
                value,
                quality,
                at: now(base.mono_ms.saturating_add(ms), wall, base.clock != Clock::NotSet),
                set_later: base.clock == Clock::SetLater,
                boot: boots.get(&boot).unwrap_or(&nobody).clone(),
            })
        })
    };
    for (segment, base, boot) in segments(&tx, from, to)? {
        if !hand_out(boot, base, &block(&tx, segment, wanted.as_ref())?) {
            return Ok(());
        }
    }
    for (boot, run) in recent(&tx)? {
        if !hand_out(boot, run.base, &run.block) {
            return Ok(());
        }
    }
    Ok(())
}

/// The readings of a segment: of some points, or of all.
pub fn block(
    conn: &Connection,
    segment: i64,
    wanted: Option<&BTreeSet<u16>>,
) -> rusqlite::Result<Block> {
    let (first, next) = (segment << STREAM_BITS, (segment + 1) << STREAM_BITS);
    let mut block = Block::default();
    let mut select =
        conn.prepare_cached("SELECT id, data FROM frames WHERE id >= ?1 AND id < ?2")?;
    let mut rows = select.query([first, next])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get::<_, i64>(0)? - first;
        let data = row.get_ref(1)?.as_blob()?;
        let mut stream = Stream::decode_frames(&mut Input(data)).map_err(damaged)?;
        stream.points.retain(|point| wanted.is_none_or(|wanted| wanted.contains(point)));
        for point in &stream.points {
            let id = (segment << POINT_BITS | i64::from(*point)) << STREAM_BITS | number;
            stream.columns.push(column(conn, id)?);
        }
        if !stream.points.is_empty() {
            block.add(stream).map_err(damaged)?;
        }
    }
    Ok(block)
}

/// Segments of a boot from before the clock was set.
pub fn segments_not_placed(conn: &Connection, boot: i64) -> rusqlite::Result<Vec<(i64, Base)>> {
    let all = segments(conn, i64::MIN, i64::MAX)?.into_iter();
    let not_set = all.filter(|(_, base, of)| *of == boot && base.clock == Clock::NotSet);
    Ok(not_set.map(|(id, base, _)| (id, base)).collect())
}

/// Segments that overlap a range: number, base, boot.
pub fn segments(conn: &Connection, from: i64, to: i64) -> rusqlite::Result<Vec<(i64, Base, i64)>> {
    conn.prepare_cached(
        "SELECT id, mono_ms, wall_ms, clock, boot FROM segment
         WHERE wall_ms + span_ms >= ?1 AND wall_ms < ?2 ORDER BY id",
    )?
    .query_map([from, to], |row| {
        let clock = Clock::from_number(row.get(3)?);
        let base = Base { mono_ms: row.get(1)?, wall_ms: row.get(2)?, clock };
        Ok((row.get(0)?, base, row.get(4)?))
    })?
    .collect()
}

/// The columns of a point in a segment, with the numbers of their streams.
pub fn columns(
    conn: &Connection,
    segment: i64,
    point: u16,
) -> rusqlite::Result<Vec<(i64, Column)>> {
    let first = (segment << POINT_BITS | i64::from(point)) << STREAM_BITS;
    let mut select =
        conn.prepare_cached("SELECT id, data FROM chunk WHERE id >= ?1 AND id < ?2")?;
    let mut rows = select.query([first, first + (1 << STREAM_BITS)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let column = Column::decode(row.get_ref(1)?.as_blob()?).map_err(damaged)?;
        found.push((row.get::<_, i64>(0)? - first, column));
    }
    Ok(found)
}

fn column(conn: &Connection, id: i64) -> rusqlite::Result<Column> {
    conn.prepare_cached("SELECT data FROM chunk WHERE id = ?1")?
        .query_row([id], |row| Column::decode(row.get_ref(0)?.as_blob()?).map_err(damaged))
}

/// The packed points and times of a stream.
pub fn frames(conn: &Connection, segment: i64, stream: i64) -> rusqlite::Result<Vec<u8>> {
    conn.prepare_cached("SELECT data FROM frames WHERE id = ?1")?
        .query_row([segment << STREAM_BITS | stream], |row| row.get(0))
}

/// What is in the tail, by boot.
pub fn recent(conn: &Connection) -> rusqlite::Result<Vec<(i64, Run)>> {
    let left = tail::read(conn)?;
    let mut all = Vec::new();
    for of_boot in left.runs.chunk_by(|a, b| a.0 == b.0) {
        let mut runs = Vec::new();
        for (_, base, block) in of_boot {
            runs.push(Run { base: *base, block: block.clone() });
        }
        run::place(&mut runs);
        all.extend(runs.into_iter().map(|run| (of_boot[0].0, run)));
    }
    Ok(all)
}

type Named = BTreeMap<u16, (Arc<str>, Arc<str>)>;

fn names_of(conn: &Connection) -> rusqlite::Result<Named> {
    conn.prepare_cached("SELECT id, name, unit FROM point")?
        .query_map([], |row| {
            let (name, unit): (String, String) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, (name.into(), unit.into())))
        })?
        .collect()
}

fn boots(conn: &Connection) -> rusqlite::Result<BTreeMap<i64, Arc<str>>> {
    conn.prepare_cached("SELECT id, boot FROM boot")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?.into())))?
        .collect()
}

/// Packed rows that are not what was written: the file's content is to blame.
pub fn damaged(error: super::bits::Damaged) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error))
}
