//! Reads what the store keeps, while the daemon writes or when it does not.
//!
//! Opens files for reading only and never makes one. It hands out plain data;
//! how rows lie is known to `journal.rs` and `history.rs`.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::file::{self, Spec};
use super::schema::{self, Fitness};
use super::{Filter, Recorded, StoreError, StoredReading, StoredSnapshotRow, history, journal};

/// Writers never block readers for longer than it takes to recover a log.
const BUSY: Duration = Duration::from_secs(5);

/// The journal, opened for reading.
#[derive(Debug)]
pub struct JournalReader(Connection);

/// The history, opened for reading.
#[derive(Debug)]
pub struct HistoryReader(Connection);

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
    /// Opens `history.db` in the data directory.
    ///
    /// # Errors
    /// When it does not exist, cannot be read, or was made by a newer sunkeep.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        open(dir, &file::HISTORY).map(Self)
    }

    /// The last snapshot, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn snapshot(&self) -> Result<Vec<StoredSnapshotRow>, StoreError> {
        told(&file::HISTORY, history::snapshot(&self.0))
    }

    /// Names and unit symbols of all points that have readings, by name.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn points(&self) -> Result<Vec<(String, String)>, StoreError> {
        told(&file::HISTORY, history::points(&self.0))
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
        let each = |reading| {
            found.push(reading);
            true
        };
        told(&file::HISTORY, history::readings(&self.0, Some(point), &range, each))?;
        Ok(found)
    }

    /// Hands `each` all readings of a range in the order the engine got them,
    /// one at a time, until it returns `false`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn replay(
        &self,
        range: Range<Timestamp>,
        each: impl FnMut(StoredReading) -> bool,
    ) -> Result<(), StoreError> {
        told(&file::HISTORY, history::readings(&self.0, None, &range, each))
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
    match told(spec, schema::fitness(&conn, spec.steps))? {
        Fitness::Newer(found) => {
            Err(StoreError::Newer { file: spec.name, found, known: spec.steps.len() })
        }
        Fitness::Fits | Fitness::Damaged => Ok(conn),
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
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
