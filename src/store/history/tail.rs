//! The readings of the last hour, as they survive a power cut.
//!
//! Once a minute a batch is written into the next slot of a small ring, one page
//! of the file at a time: that is all a minute costs. When the hour is sealed its
//! slots are used again from the first on; the number of the last sealed batch
//! says which rows still count.

use rusqlite::{Connection, params};

use super::block::Block;
use super::run::{Base, Clock, Run};

/// What waits in the tail of a file.
pub struct Left {
    /// The runs of each boot, oldest first.
    pub runs: Vec<(i64, Base, Block)>,
    /// The number of the last batch ever written.
    pub last: i64,
}

/// Writes the runs of one batch; `slot` is the first of the ring that is free.
pub fn write(
    conn: &Connection,
    boot: i64,
    mut slot: i64,
    mut batch: i64,
    runs: &[Run],
) -> rusqlite::Result<(i64, i64)> {
    let mut replace = conn.prepare_cached(
        "INSERT OR REPLACE INTO tail (slot, batch, boot, mono_ms, wall_ms, clock, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for run in runs {
        (slot, batch) = (slot + 1, batch + 1);
        let Base { mono_ms, wall_ms, clock } = run.base;
        let data = run.block.encode();
        replace.execute(params![slot, batch, boot, mono_ms, wall_ms, clock.number(), data])?;
    }
    Ok((slot, batch))
}

/// Reads what is not sealed. A row that the disk has damaged is left out: it is a
/// minute, and the others are whole.
pub fn read(conn: &Connection) -> rusqlite::Result<Left> {
    let sealed: i64 = conn.query_row("SELECT max(batch) FROM sealed", [], |row| row.get(0))?;
    let mut last = sealed;
    let mut select = conn.prepare(
        "SELECT batch, boot, mono_ms, wall_ms, clock, data FROM tail
         WHERE batch > ?1 ORDER BY batch",
    )?;
    let mut runs = Vec::new();
    let mut rows = select.query([sealed])?;
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        let clock = Clock::from_number(row.get(4)?);
        let base = Base { mono_ms: row.get(2)?, wall_ms: row.get(3)?, clock };
        match Block::decode(row.get_ref(5)?.as_blob()?) {
            Ok(block) => runs.push((row.get(1)?, base, block)),
            Err(error) => tracing::warn!(batch = last, %error, "a minute of readings is lost"),
        }
    }
    Ok(Left { runs, last })
}

/// Notes that all batches up to this one are in segments.
pub fn sealed(conn: &Connection, batch: i64) -> rusqlite::Result<()> {
    conn.execute("UPDATE sealed SET batch = ?1", [batch]).map(drop)
}
