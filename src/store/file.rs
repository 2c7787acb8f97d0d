//! One database file, whatever happens to it.
//!
//! Opens it, takes missing schema steps, sets a broken one aside under a name
//! that carries the boot id and starts a new one, and runs transactions that
//! are repeated once on the new file. It knows no table but `boot`, and it
//! never decides that control should stop: an error is a value here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::damage::{broken_header, is_busy, is_damage};
use super::disk::{file_length, make_directory, sync_directory};
use super::schema::{self, Fitness};
use super::{BootInfo, StoreError, Why};

/// How many files of one name are set aside in one run; a disk that breaks
/// more than this is not mended by yet another file.
const ASIDE_MAX: u32 = 9;

/// The write-ahead log may keep this much space once it has been copied back.
const WAL_KEPT_BYTES: i64 = 1024 * 1024;

/// The largest log that a reader may make us keep: two months of a reader that never
/// ends, a day of one during a journal storm.
const WAL_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Files up to this size are always checked whole: about two seconds on a slow
/// card, of the five that a start may take.
const CHECKED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What distinguishes the two databases here.
#[derive(Debug)]
pub(super) struct Spec {
    /// File name within the data directory.
    pub name: &'static str,
    /// `FULL`: a commit is on the disk when it returns. `NORMAL`: a power cut
    /// may take the last commits, never the file.
    pub synchronous: &'static str,
    /// The schema, step by step.
    pub steps: &'static [&'static str],
    /// The first version that is brought forward; an older file is set aside.
    pub oldest: i64,
    /// Whether every page is checked at opening, however large the file is.
    pub thorough: bool,
}

/// Both use a write-ahead log: one fsync per commit under `FULL` (a rollback
/// journal needs three), and readers never hold up the writer.
pub(super) const JOURNAL: Spec = Spec {
    name: "journal.db",
    synchronous: "FULL",
    steps: schema::JOURNAL,
    oldest: 1,
    thorough: true,
};
/// A commit once a minute, each on the disk when it returns: a power cut takes no
/// more than the readings since the last. May be too large to be checked whole at
/// every start; damage then shows when it is touched.
pub(super) const HISTORY: Spec = Spec {
    name: "history.db",
    synchronous: "FULL",
    steps: schema::HISTORY,
    oldest: schema::HISTORY_OLDEST,
    thorough: false,
};

/// A database that is open, or will be when the disk lets us.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    spec: &'static Spec,
    boot: BootInfo,
    busy: Duration,
    open: Option<Open>,
    aside: Vec<(PathBuf, Why)>,
    generation: u32,
    wal_max: u64,
}

#[derive(Debug)]
struct Open {
    conn: Connection,
    /// This run's row in the table `boot`.
    boot: i64,
}

/// Why a file could not be opened.
enum Failure {
    /// Its content is damaged: set it aside.
    Broken(String),
    /// Made by a version whose rows are not brought forward: set it aside.
    Outdated(i64),
    /// Anything else: leave it alone.
    Other(StoreError),
}

impl Database {
    /// Describes the file; touches nothing yet.
    pub fn new(dir: &Path, spec: &'static Spec, boot: BootInfo, busy: Duration) -> Self {
        Self {
            path: dir.join(spec.name),
            spec,
            boot,
            busy,
            open: None,
            aside: Vec::new(),
            generation: 0,
            wal_max: WAL_MAX_BYTES,
        }
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Whether it is missing where the other one is: this folder has been used before.
    pub fn has_gone(&self) -> bool {
        let others = [&JOURNAL, &HISTORY].into_iter().filter(|other| other.name != self.spec.name);
        let used = others.map(|other| self.folder().join(other.name)).any(|other| other.exists());
        used && !self.path.exists()
    }

    /// The file's name within the data directory.
    pub fn name(&self) -> &'static str {
        self.spec.name
    }

    /// Opens the file if it is not open, setting a broken one aside.
    pub fn open(&mut self) -> Result<(), StoreError> {
        if self.open.is_some() {
            return Ok(());
        }
        if let Some(dir) = self.path.parent() {
            make_directory(dir)?;
        }
        self.open = Some(match self.try_open() {
            Ok(open) => open,
            Err(Failure::Other(error)) => return Err(error),
            Err(Failure::Broken(why)) => {
                self.set_aside(Why::Damaged, &why)?;
                self.try_open().map_err(|failure| self.told(failure))?
            }
            Err(Failure::Outdated(version)) => {
                self.set_aside(
                    Why::OldSchema,
                    &format!("schema {version} is not brought forward"),
                )?;
                self.try_open().map_err(|failure| self.told(failure))?
            }
        });
        Ok(())
    }

    /// Runs `act` in one transaction, with this run's boot row; its commit is
    /// as durable as the file's `synchronous` says.
    ///
    /// A damaged file is set aside and `act` repeated on the new one.
    pub fn write<T>(
        &mut self,
        mut act: impl FnMut(&Transaction<'_>, i64) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.open()?;
        self.bound_log()?;
        let error = match self.attempt(&mut act) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if !is_damage(&error) {
            // After an I/O error a fresh connection knows the file's true state.
            if !is_busy(&error) {
                self.open = None;
            }
            return Err(self.error(error));
        }
        self.set_aside(Why::Damaged, &error.to_string())?;
        self.open()?;
        self.attempt(&mut act).map_err(|error| self.error(error))
    }

    /// How many files of this name were set aside: what one file knew, the next does not.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Hands out the files set aside since the last call.
    pub fn take_aside(&mut self) -> Vec<(PathBuf, Why)> {
        std::mem::take(&mut self.aside)
    }

    /// Copies the write-ahead log back and closes the file.
    pub fn close(&mut self) {
        if let Some(Open { conn, .. }) = self.open.take() {
            // A reader may hold the log back; the next opening copies it.
            let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
    }

    /// Refuses to write while a reader keeps a log alive that has grown too large.
    fn bound_log(&self) -> Result<(), StoreError> {
        let log = PathBuf::from(format!("{}-wal", self.path.display()));
        if file_length(&log) <= self.wal_max {
            return Ok(());
        }
        if let Some(open) = &self.open {
            // Whether it worked is seen from the file.
            let _ = open.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        }
        match file_length(&log) {
            bytes if bytes > self.wal_max => Err(StoreError::Held { file: self.spec.name, bytes }),
            _ => Ok(()),
        }
    }

    #[cfg(test)]
    pub fn connection(&self) -> &Connection {
        &self.open.as_ref().unwrap().conn
    }

    fn attempt<T>(
        &mut self,
        act: &mut impl FnMut(&Transaction<'_>, i64) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        // `write` has opened it; an API misuse error is the answer otherwise.
        let Some(open) = &mut self.open else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        let tx = open.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = act(&tx, open.boot)?;
        tx.commit()?;
        Ok(value)
    }

    fn try_open(&self) -> Result<Open, Failure> {
        if let Some(why) = broken_header(&self.path) {
            return Err(Failure::Broken(why.to_owned()));
        }
        let failed = |error| self.failure(error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut conn = Connection::open_with_flags(&self.path, flags).map_err(failed)?;
        self.set_up(&conn).map_err(failed)?;
        match schema::fitness(&conn, self.spec.steps, self.spec.oldest).map_err(failed)? {
            Fitness::Fits => {}
            Fitness::Outdated(version) => return Err(Failure::Outdated(version)),
            Fitness::Damaged => return Err(Failure::Broken("schema version damaged".to_owned())),
            Fitness::Newer(found) => {
                let (file, known) = (self.spec.name, self.spec.steps.len());
                return Err(Failure::Other(StoreError::Newer { file, found, known }));
            }
        }
        if self.spec.thorough || file_length(&self.path) <= CHECKED_BYTES_MAX {
            let verdict: String =
                conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
            if verdict != "ok" {
                return Err(Failure::Broken(verdict));
            }
        }
        schema::migrate(&mut conn, self.spec.steps).map_err(failed)?;
        let boot = boot_row(&conn, &self.boot).map_err(failed)?;
        Ok(Open { conn, boot })
    }

    fn set_up(&self, conn: &Connection) -> rusqlite::Result<()> {
        conn.busy_timeout(self.busy)?;
        conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", self.spec.synchronous)?;
        conn.query_row(&format!("PRAGMA journal_size_limit = {WAL_KEPT_BYTES}"), [], |_| Ok(()))
    }

    /// Moves the file and its log to `NAME.broken-BOOT`, `NAME.broken-BOOT.2`...
    fn set_aside(&mut self, kind: Why, why: &str) -> Result<(), StoreError> {
        self.open = None;
        let word = if kind == Why::Damaged { "broken" } else { "old" };
        let (path, base) = (&self.path, format!("{}.{word}-{}", self.path.display(), self.boot.id));
        let aside = (1..=ASIDE_MAX)
            .map(|n| if n == 1 { base.clone() } else { format!("{base}.{n}") })
            .find(|name| !Path::new(name).exists())
            .ok_or_else(|| StoreError::Io {
                path: path.clone(),
                source: io::Error::other("too many broken files were set aside in this run"),
            })?;
        let io = |source| StoreError::Io { path: path.clone(), source };
        // The log first: a new file of the old name would swallow it.
        for suffix in ["-wal", "-shm", ""] {
            let from = format!("{}{suffix}", path.display());
            match fs::rename(from, format!("{aside}{suffix}")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
                _ => {}
            }
        }
        sync_directory(path.parent());
        tracing::warn!(file = self.spec.name, aside, why, "database set aside");
        self.aside.push((PathBuf::from(aside), kind));
        self.generation += 1;
        Ok(())
    }

    fn failure(&self, error: rusqlite::Error) -> Failure {
        if is_damage(&error) {
            Failure::Broken(error.to_string())
        } else {
            Failure::Other(self.error(error))
        }
    }

    fn told(&self, failure: Failure) -> StoreError {
        match failure {
            Failure::Other(error) => error,
            Failure::Broken(why) => {
                StoreError::Io { path: self.path.clone(), source: io::Error::other(why) }
            }
            Failure::Outdated(version) => {
                let source = io::Error::other(format!("schema {version} is too old"));
                StoreError::Io { path: self.path.clone(), source }
            }
        }
    }

    fn error(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Sqlite { file: self.spec.name, source }
    }
}

fn boot_row(conn: &Connection, boot: &BootInfo) -> rusqlite::Result<i64> {
    conn.execute(
        "INSERT OR IGNORE INTO boot (boot, started_ms, wall_trusted, version)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            boot.id,
            boot.started.wall.as_millisecond(),
            boot.started.wall_trusted,
            boot.version
        ],
    )?;
    conn.query_row("SELECT id FROM boot WHERE boot = ?1", [&boot.id], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;

    #[test]
    fn a_reader_that_never_ends_is_named_before_the_log_fills_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let started = Now {
            monotonic: Duration::ZERO,
            wall: jiff::Timestamp::UNIX_EPOCH,
            wall_trusted: false,
        };
        let boot = BootInfo { id: "b".to_owned(), started, version: "0".to_owned() };
        let mut file = Database::new(dir.path(), &JOURNAL, boot, Duration::ZERO);
        file.wal_max = 100_000;
        let mut fill = || {
            file.write(|tx, _| {
                let sql = "INSERT OR REPLACE INTO state VALUES ('k', hex(randomblob(20000)))";
                tx.execute(sql, [])
            })
        };
        fill().unwrap();
        let reader = Connection::open(dir.path().join("journal.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM state").unwrap();
        let refused = (0..20).find_map(|_| fill().err()).unwrap();
        assert!(matches!(refused, StoreError::Held { .. }), "{refused}");
        reader.execute_batch("ROLLBACK").unwrap();
        fill().unwrap();
    }
}
