//! Reads what the store keeps, while the daemon writes or when it does not.
//!
//! Opens files for reading only and never makes one. It hands out plain data;
//! how rows lie is known to `journal.rs` and `history`.
//!
//! | question | answer |
//! |---|---|
//! | which points are there, since when | [`HistoryReader::points`] |
//! | least, mean, greatest, last of minutes, quarters, days | [`HistoryReader::series`] |
//! | the same for any span, from every reading | [`HistoryReader::aggregate`] |
//! | every reading as the engine was fed, for a backtest or an export | [`HistoryReader::replay`] |
//! | energy and charge of each day | [`HistoryReader::amounts`] |
//! | what devices remember of their days | [`HistoryReader::device_days`] |
//! | what is known now | [`HistoryReader::snapshot`] |
//! | how large it is, how far back it goes | [`HistoryReader::info`] |
//! | a point in spans of any length, or in as many as fit | [`HistoryReader::view`], [`HistoryReader::overview`] |
//! | what was done and why | [`JournalReader::entries`], [`JournalReader::about`] |
//! | what a person wants to see beside values | [`JournalReader::notable`] |
//! | when the program ran | [`JournalReader::boots`] |
//! | what is remembered from run to run | [`JournalReader::states`] |
//!
//! Times are instants; [`Tier::Day`] begins days in the zone the reader was given.
//! A range includes its start and not its end. Readings from before the clock was
//! set say so: `at.wall_trusted` is false while nobody knows when they were,
//! `set_later` is true where it was worked out afterwards.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::file::{self, Spec};
use super::history::{read, series};
use super::schema::{self, Fitness};
use super::{
    Amount, Boot, DeviceDay, Filter, Info, Recorded, Row, StoreError, StoredPoint, StoredReading,
    StoredSnapshotRow, Tier, history, journal,
};

/// Writers never block readers for longer than it takes to recover a log.
const BUSY: Duration = Duration::from_secs(5);

/// The journal, opened for reading.
#[derive(Debug)]
pub struct JournalReader(Connection);

/// The history, opened for reading.
#[derive(Debug)]
pub struct HistoryReader {
    conn: Connection,
    zone: TimeZone,
}

impl JournalReader {
    /// Opens `journal.db` in the data directory.
    ///
    /// # Errors
    /// When it does not exist, cannot be read, or was made by a newer sunkeep.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        open(dir, &file::JOURNAL).map(Self)
    }

    /// The newest entries that pass the filter, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn entries(&self, filter: &Filter) -> Result<Vec<Recorded>, StoreError> {
        told(&file::JOURNAL, journal::entries(&self.0, filter))
    }

    /// What programs remember from run to run, by key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn states(&self) -> Result<BTreeMap<String, String>, StoreError> {
        told(&file::JOURNAL, journal::states(&self.0))
    }

    /// The newest entries about an output, device or rule, up to a time, oldest
    /// first. Entries of an unset clock stand where they were written.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn about(
        &self,
        name: &str,
        until: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        told(&file::JOURNAL, journal::about(&self.0, name, until, limit))
    }

    /// Alarms, modes, loads of rules and people's own acts of a range, oldest first; the
    /// newest `limit` of them.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn notable(
        &self,
        range: &Range<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Recorded>, StoreError> {
        told(&file::JOURNAL, journal::notable(&self.0, range, limit))
    }

    /// The runs of the program, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn boots(&self) -> Result<Vec<Boot>, StoreError> {
        told(&file::JOURNAL, journal::boots(&self.0))
    }

    /// Intents that no result answers, oldest first: acts that a crash may
    /// have cut off.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open_intents(&self) -> Result<Vec<Recorded>, StoreError> {
        told(&file::JOURNAL, journal::open_intents(&self.0))
    }

    /// What was saved under a key, as of the last commit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn state(&self, key: &str) -> Result<Option<String>, StoreError> {
        told(&file::JOURNAL, journal::states(&self.0)).map(|mut states| states.remove(key))
    }
}

impl HistoryReader {
    /// Opens `history.db` in the data directory. Days are those of the machine's
    /// zone until [`HistoryReader::in_zone`] says otherwise.
    ///
    /// # Errors
    /// When it does not exist, cannot be read, or was made by another version.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let conn = open(dir, &file::HISTORY)?;
        Ok(Self { conn, zone: TimeZone::system() })
    }

    /// With days that begin where the site's do.
    #[must_use]
    pub fn in_zone(self, zone: TimeZone) -> Self {
        Self { zone, ..self }
    }

    /// Where its days begin.
    pub(super) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The last snapshot, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn snapshot(&self) -> Result<Vec<StoredSnapshotRow>, StoreError> {
        told(&file::HISTORY, history::read_snapshot(&self.conn))
    }

    /// Names, units and times of all points that were ever heard, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn points(&self) -> Result<Vec<StoredPoint>, StoreError> {
        told(&file::HISTORY, series::points(&self.conn))
    }

    /// The sums of a point whose spans start within the range, oldest first; of
    /// [`Tier::Full`] those of each second. The last hour is included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn series(
        &self,
        point: &str,
        range: Range<Timestamp>,
        tier: Tier,
    ) -> Result<Vec<Row>, StoreError> {
        told(&file::HISTORY, series::series(&self.conn, point, &range, tier, &self.zone))
    }

    /// Sums of a point in spans of any length, worked out from every reading. Spans
    /// are counted from 1970; those that start within the range are told.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn aggregate(
        &self,
        point: &str,
        range: Range<Timestamp>,
        step: Duration,
    ) -> Result<Vec<Row>, StoreError> {
        let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        told(&file::HISTORY, series::aggregate(&self.conn, point, &range, step))
    }

    /// A point's readings from `range.start` up to, not including, `range.end`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn readings(
        &self,
        point: &str,
        range: Range<Timestamp>,
    ) -> Result<Vec<StoredReading>, StoreError> {
        let mut found = Vec::new();
        self.replay(Some(&[point]), range, |reading| {
            found.push(reading);
            true
        })?;
        Ok(found)
    }

    /// Hands `each` the readings of a range in the order the engine got them, one at
    /// a time, until it returns `false`: of some points, or of all.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn replay(
        &self,
        points: Option<&[&str]>,
        range: Range<Timestamp>,
        each: impl FnMut(StoredReading) -> bool,
    ) -> Result<(), StoreError> {
        told(&file::HISTORY, read::readings(&self.conn, points, &range, each))
    }

    /// What devices remember of their days, by device, oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn device_days(&self, device: Option<&str>) -> Result<Vec<DeviceDay>, StoreError> {
        told(&file::HISTORY, history::device_day::read(&self.conn, device))
    }

    /// Energy and charge of each point that is a power or a current, by day. The last
    /// hour is not in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn amounts(&self, range: Range<Timestamp>) -> Result<Vec<Amount>, StoreError> {
        told(&file::HISTORY, series::amounts(&self.conn, &range))
    }

    /// What the file holds, and how large it is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn info(&self) -> Result<Info, StoreError> {
        told(&file::HISTORY, series::info(&self.conn))
    }
}

fn told<T>(spec: &Spec, result: rusqlite::Result<T>) -> Result<T, StoreError> {
    result.map_err(|source| StoreError::Sqlite { file: spec.name, source })
}

fn open(dir: &Path, spec: &'static Spec) -> Result<Connection, StoreError> {
    let path = dir.join(spec.name);
    // SQLite's own "unable to open database file" does not say which or why.
    let meta = std::fs::metadata(&path);
    meta.map_err(|source| StoreError::Io { path: path.clone(), source })?;
    let conn = told(spec, connect(&path))?;
    match told(spec, schema::fitness(&conn, spec.steps, spec.oldest))? {
        Fitness::Newer(found) => {
            Err(StoreError::Newer { file: spec.name, found, known: spec.steps.len() })
        }
        Fitness::Outdated(found) => Err(StoreError::Outdated { file: spec.name, found }),
        Fitness::Fits | Fitness::Damaged => Ok(conn),
    }
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    let log = format!("{}-wal", path.display());
    match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        // A file with a write-ahead log needs a writable directory, even to be
        // read, unless nobody writes it: then no log, or an empty one, lies beside it.
        Err(error) if cannot_open(&error) && is_empty(Path::new(&log)) => {
            let uri = format!("file:{}?immutable=1", escaped(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)
        }
        Err(error) => Err(error),
        Ok(()) => Ok(conn),
    }
}

fn cannot_open(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
    )
}

fn is_empty(log: &Path) -> bool {
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// A path as part of a URI.
fn escaped(path: &Path) -> String {
    let path = path.display().to_string();
    path.replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
