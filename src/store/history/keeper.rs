//! The history as the writer keeps it: the file, the last hour, and when what is
//! written.
//!
//! The last hour is in memory and, a batch a minute, in the file's tail. When the
//! hour is over it is sealed. A file that was broken is replaced, and the new one
//! gets the whole last hour; a batch that cannot be written goes back to whoever
//! brought it.

use std::time::Duration;

use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::counter::Meter;
use super::device_day::{self, DeviceDay};
use super::keep::{self, Keep};
use super::points::Points;
use super::run::{self, Clock, Run};
use super::{logged, read, seal, snapshot, tail};
use crate::store::disk::Room;
use crate::store::file::Database;
use crate::store::log::Line;
use crate::store::{Sample, SnapshotRow, StoreError};
use crate::units::Unit;

/// Readings of an hour that is sealed before its time: four megabytes in memory.
const READINGS_MAX: usize = 500_000;

/// Runs of an hour that is sealed before its time: a clock that is slewed hard.
const RUNS_MAX: usize = 32;

/// Lines of logs that may wait: a line a second for a quarter of an hour.
const LOGGED_MAX: usize = 1000;

/// Slots of the tail: an hour of batches every 50 s is 72.
const SLOTS_MAX: i64 = 240;

/// What is kept how long, and where days begin.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// What goes when.
    pub keep: Keep,
    /// The site's zone, for the days.
    pub zone: TimeZone,
    /// How long readings stay in the tail.
    pub seal_every: Duration,
    /// Logs that have rows here, and how long they are kept.
    pub logs: Vec<(String, Duration)>,
}

/// The history file and what belongs into it.
#[derive(Debug)]
pub struct Keeper {
    pub file: Database,
    rules: Keeping,
    points: Points,
    meter: Meter,
    /// The readings that are in the tail, all of this process.
    runs: Vec<Run>,
    slot: i64,
    batch: i64,
    /// Which file `slot` and the saved points are about.
    generation: Option<u32>,
    /// Segments of this process wait for the clock to be set.
    unplaced: bool,
    /// Lines of logs for the next commit.
    logged: Vec<(String, Line)>,
}

/// What a write left over.
#[derive(Debug, Default)]
pub struct Written {
    /// Readings that found no room: too many points, or far too many readings.
    pub lost: usize,
    /// Why the hour, which is over, could not be sealed.
    pub seal: Option<StoreError>,
}

impl Keeper {
    pub fn new(file: Database, rules: Keeping) -> Self {
        Self {
            file,
            rules,
            points: Points::default(),
            meter: Meter::default(),
            runs: Vec::new(),
            slot: 0,
            batch: 0,
            generation: None,
            unplaced: false,
            logged: Vec::new(),
        }
    }

    /// Opens the file and seals what the last process left in the tail.
    pub fn open(&mut self) -> Result<(), StoreError> {
        self.file.open()?;
        if self.generation.is_some() {
            return Ok(());
        }
        let zone = self.rules.zone.clone();
        let (points, batch) = self.file.write(|tx, _| {
            let mut points = Points::default();
            points.load(tx)?;
            Ok((points, recover(tx, &zone)?))
        })?;
        (self.points, self.batch, self.slot) = (points, batch, 0);
        self.generation = Some(self.file.generation());
        Ok(())
    }

    /// Writes a batch in one durable commit, then seals the hour if it is over.
    ///
    /// # Errors
    /// When the batch is not on the disk. An hour that cannot be sealed is tried again
    /// with the next batch: its readings are in the tail.
    pub fn write(
        &mut self,
        samples: &[Sample],
        snapshot: Option<&[SnapshotRow]>,
        days: &[DeviceDay],
    ) -> Result<Written, StoreError> {
        // Before the disk is full, if it can be seen coming.
        if let Some(room) = Room::of(self.file.folder()) {
            self.make_room(room);
        }
        let mut written = self.commit(samples, snapshot, days);
        if written.as_ref().is_err_and(StoreError::is_full) && self.is_full_and_shrinks() {
            written = self.commit(samples, snapshot, days);
        }
        let lost = written?;
        let mut seal = if self.hour_is_over() { self.seal() } else { Ok(()) };
        if seal.as_ref().is_err_and(StoreError::is_full) && self.is_full_and_shrinks() {
            seal = self.seal();
        }
        Ok(Written { lost, seal: seal.err() })
    }

    /// Makes room whatever the disk says is free: it could not be used.
    fn is_full_and_shrinks(&mut self) -> bool {
        let room = Room::of(self.file.folder());
        room.is_some_and(|room| self.make_room(Room { free: 0, ..room }))
    }

    /// Gives up the oldest readings until the file has the room that the disk should
    /// have and has not; whether there were any.
    fn make_room(&mut self, room: Room) -> bool {
        let missing = room.missing(self.rules.keep.free);
        if missing == 0 {
            return false;
        }
        let made = self.file.write(|tx, _| keep::make_room(tx, missing)).unwrap_or(false);
        if made {
            tracing::warn!("the disk is nearly full, the oldest readings are given up");
        }
        made
    }

    /// One durable commit of a batch; how many of its readings found no room.
    fn commit(
        &mut self,
        samples: &[Sample],
        snapshot: Option<&[SnapshotRow]>,
        days: &[DeviceDay],
    ) -> Result<usize, StoreError> {
        self.open()?;
        let mut batch = Vec::new();
        let points = &mut self.points;
        let lost = run::append(&mut batch, samples, |sample| points.id(&sample.point, sample.unit));
        let (points, runs, logged) = (&self.points, &self.runs, &self.logged);
        let place = (self.slot, self.batch);
        let mut anew = self.generation != Some(self.file.generation());
        let written = self.file.write(|tx, boot| {
            let rewrite = std::mem::replace(&mut anew, true);
            points.save(tx, rewrite)?;
            let (mut slot, mut number) = if rewrite { (0, 0) } else { place };
            if rewrite {
                (slot, number) = tail::write(tx, boot, slot, number, runs)?;
            }
            let place = tail::write(tx, boot, slot, number, &batch)?;
            if let Some(rows) = snapshot {
                snapshot::replace(tx, boot, rows)?;
            }
            days.iter().try_for_each(|day| device_day::write(tx, day))?;
            logged::write(tx, logged, |point, unit| points.known(point, unit))?;
            Ok(place)
        });
        (self.slot, self.batch) = written?;
        self.generation = Some(self.file.generation());
        self.points.saved();
        self.logged.clear();
        let points = &mut self.points;
        run::append(&mut self.runs, samples, |sample| points.id(&sample.point, sample.unit));
        Ok(lost)
    }

    /// Takes lines of a log for the next commit; returns how many found no room.
    pub fn log(&mut self, log: &str, lines: Vec<Line>) -> usize {
        let room = LOGGED_MAX.saturating_sub(self.logged.len());
        let lost = lines.len().saturating_sub(room);
        self.logged.extend(lines.into_iter().take(room).map(|line| (log.to_owned(), line)));
        lost
    }

    /// Seals what there is and closes the file.
    pub fn close(&mut self) {
        if let Err(error) = self.seal() {
            let error = error.with_cause();
            tracing::warn!(error, "the last hour stays in the tail until the next start");
        }
        self.file.close();
    }

    fn hour_is_over(&self) -> bool {
        let readings: usize = self.runs.iter().map(|run| run.block.len()).sum();
        if readings >= READINGS_MAX || self.runs.len() >= RUNS_MAX || self.slot >= SLOTS_MAX {
            return true;
        }
        let every = i64::try_from(self.rules.seal_every.as_millis()).unwrap_or(i64::MAX).max(1);
        let Some((first, last)) = self.runs.first().zip(self.runs.last()) else {
            return false;
        };
        let end = last.block.end();
        // By the wall clock, so that hours and their minutes end together; if it
        // is wrong or jumps, by the other.
        let hour = |wall: i64| wall.div_euclid(every);
        hour(first.base.wall_ms) != hour(last.base.wall_ms + end)
            || last.base.mono_ms + end - first.base.mono_ms >= every
    }

    fn seal(&mut self) -> Result<(), StoreError> {
        if self.runs.is_empty() && self.logged.is_empty() {
            return Ok(());
        }
        run::place(&mut self.runs);
        self.file.open()?;
        let counted: Vec<u16> = self.points.with_unit(&[Unit::Watt, Unit::Ampere]).collect();
        let (points, runs, rules, batch) = (&self.points, &self.runs, &self.rules, self.batch);
        let logged = &self.logged;
        let mut anew = self.generation != Some(self.file.generation());
        let (old_meter, unplaced) = (&self.meter, self.unplaced);
        let meter = self.file.write(|tx, boot| {
            points.save(tx, std::mem::replace(&mut anew, true))?;
            if let Some(offset) = run::offset(runs).filter(|_| unplaced) {
                place_segments(tx, boot, offset, &rules.zone)?;
            }
            let mut meter = old_meter.clone();
            for run in runs {
                seal::write(tx, boot, run, &rules.zone)?;
                let day_of = |ms| seal::day_of(&rules.zone, ms).0;
                let counts = meter.count(run, |point| counted.contains(&point), day_of);
                seal::write_counts(tx, &counts, &rules.zone)?;
            }
            tail::sealed(tx, batch)?;
            logged::write(tx, logged, |point, unit| points.known(point, unit))?;
            if let Some(now) = latest(runs) {
                seal::file_quarters(tx, now)?;
                keep::trim(tx, now, &rules.keep, &rules.logs)?;
            }
            Ok(meter)
        })?;
        self.meter = meter;
        self.generation = Some(self.file.generation());
        let placed = run::offset(&self.runs).is_some();
        let waiting = self.runs.iter().any(|run| run.base.clock == Clock::NotSet);
        self.unplaced = !placed && (self.unplaced || waiting);
        self.runs.clear();
        self.logged.clear();
        self.slot = 0;
        Ok(())
    }
}

/// The latest wall time that can be believed.
fn latest(runs: &[Run]) -> Option<i64> {
    let known = runs.iter().filter(|run| run.base.clock != Clock::NotSet);
    known.map(|run| run.base.wall_ms + run.block.end()).max()
}

/// Seals what an earlier process left, and returns the number of its last batch.
fn recover(conn: &Connection, zone: &TimeZone) -> rusqlite::Result<i64> {
    let left = tail::read(conn)?;
    for of_boot in left.runs.chunk_by(|a, b| a.0 == b.0) {
        let mut runs = Vec::new();
        for (_, base, block) in of_boot {
            run::append_block(&mut runs, *base, block);
        }
        run::place(&mut runs);
        for run in &runs {
            seal::write(conn, of_boot[0].0, run, zone)?;
        }
    }
    tail::sealed(conn, left.last)?;
    Ok(left.last)
}

/// Moves segments of this process from before the clock was set to their place.
fn place_segments(
    conn: &Connection,
    boot: i64,
    offset: i64,
    zone: &TimeZone,
) -> rusqlite::Result<()> {
    let segments = read::segments_not_placed(conn, boot)?;
    for (id, mut base) in segments {
        base.wall_ms = base.mono_ms.saturating_add(offset);
        base.clock = Clock::SetLater;
        conn.execute(
            "UPDATE segment SET wall_ms = ?1, clock = ?2 WHERE id = ?3",
            [base.wall_ms, base.clock.number(), id],
        )?;
        let block = read::block(conn, id, None)?;
        seal::write_sums(conn, &Run { base, block }, zone)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::snapshot::Quality;
    use crate::store::BootInfo;
    use crate::store::file::HISTORY;
    use crate::units::Value;

    fn at(second: u64) -> Now {
        let monotonic = Duration::from_secs(second);
        Now { monotonic, wall: jiff::Timestamp::UNIX_EPOCH + monotonic, wall_trusted: true }
    }

    fn keeper(dir: &std::path::Path) -> Keeper {
        let boot = BootInfo { id: "b".to_owned(), started: at(0), version: "0".to_owned() };
        let rules = Keeping {
            keep: Keep::default(),
            zone: TimeZone::UTC,
            seal_every: Duration::from_secs(3600),
            logs: Vec::new(),
        };
        Keeper::new(Database::new(dir, &HISTORY, boot, Duration::ZERO), rules)
    }

    /// Ten minutes of readings that pack badly.
    fn ten_minutes(keeper: &mut Keeper, from: u64) -> Result<Written, StoreError> {
        let sample = |second: u64| Sample {
            point: "a.v".into(),
            unit: Unit::Volt,
            value: Value::number((second as f64).sin()),
            quality: Quality::Good,
            at: at(second),
        };
        keeper.write(&(from..from + 600).map(sample).collect::<Vec<_>>(), None, &[])
    }

    fn segments(keeper: &Keeper) -> i64 {
        let conn = keeper.file.connection();
        conn.query_row("SELECT count(*) FROM segment", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_full_disk_takes_the_oldest_readings_and_not_the_new_ones() {
        let dir = tempfile::tempdir().unwrap();
        let mut keeper = keeper(dir.path());
        for n in 0..60 {
            ten_minutes(&mut keeper, n * 600).unwrap();
        }
        assert_eq!(segments(&keeper), 9);
        let conn = keeper.file.connection();
        let pages: i64 = conn.pragma_query_one(None, "page_count").unwrap();
        // Holds for this connection, as a disk that is full for a moment.
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
        let mut n = 60;
        while segments(&keeper) >= 9 {
            assert_eq!(ten_minutes(&mut keeper, n * 600).unwrap().lost, 0);
            n += 1;
            assert!(n < 80, "it never became full");
        }
        assert!((1..=2).contains(&segments(&keeper)), "the newest stays: {}", segments(&keeper));
    }

    #[test]
    fn a_disk_that_is_nearly_full_shrinks_the_history_as_far_as_it_must() {
        let dir = tempfile::tempdir().unwrap();
        let mut keeper = keeper(dir.path());
        for n in 0..60 {
            ten_minutes(&mut keeper, n * 600).unwrap();
        }
        let mut make_room = |free| {
            keeper.make_room(Room { free, total: u64::MAX });
            segments(&keeper)
        };
        let wanted = Keep::default().free;
        assert_eq!(make_room(wanted), 9);
        let left = make_room(wanted - 40_000);
        assert!(left < 9 && left > 2, "{left}");
        // The room in the file counts: nothing more goes.
        assert_eq!(make_room(wanted - 40_000), left);
    }
}
