//! Copies, checks and compacts the two files: for people, not for the daemon.
//!
//! A copy is one moment of each file, taken while the daemon writes on, and it is
//! checked before it gets its name. Compacting needs a file to itself: the caller
//! sees to it that no daemon runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::StoreError;
use super::file::{self, Spec};
use super::query::connect;

/// Both files, the journal first: it is small and matters most.
const SPECS: [&Spec; 2] = [&file::JOURNAL, &file::HISTORY];

/// Pages copied at once: 8 MB, a second of a slow card.
const PAGES_AT_ONCE: i32 = 2048;

/// What is said about a damaged file at most; the first lines tell enough.
const PROBLEMS_MAX: u32 = 20;

/// How long another program may keep a file from us.
const BUSY: Duration = Duration::from_secs(5);

/// A file and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its name.
    pub file: &'static str,
    /// Bytes on the disk, its log included.
    pub bytes: u64,
}

/// What compacting did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Its name.
    pub file: &'static str,
    /// Bytes before.
    pub before: u64,
    /// Bytes now.
    pub after: u64,
}

/// The files that are there, with what they take on the disk.
#[must_use]
pub fn sizes(dir: &Path) -> Vec<Size> {
    let size = |spec: &&Spec| {
        let file = fs::metadata(dir.join(spec.name)).ok()?.len();
        let log = fs::metadata(dir.join(format!("{}-wal", spec.name))).map_or(0, |log| log.len());
        Some(Size { file: spec.name, bytes: file + log })
    };
    SPECS.iter().filter_map(size).collect()
}

/// Copies both files into a folder that has neither, each as it is at one moment,
/// and checks the copies. `progress` hears bytes done and bytes in all.
///
/// # Errors
/// When a file is there already, cannot be read or written, or the copy is damaged;
/// then no copy is left.
pub fn copy(
    from: &Path,
    to: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Vec<Size>, StoreError> {
    for spec in SPECS {
        refuse_existing(&to.join(spec.name))?;
    }
    // Both moments are fixed before the first byte is copied.
    let sources = SPECS.map(|spec| source(from, spec));
    let [journal, history] = sources;
    let sources = [(SPECS[0], journal?), (SPECS[1], history?)];
    let total = sizes(from).iter().map(|size| size.bytes).sum();
    let mut parts = Vec::new();
    let mut done = 0;
    for (spec, source) in &sources {
        let part = Part(to.join(format!(".{}.part", spec.name)));
        let bytes = copy_one(spec, source, &part.0, |bytes| progress(done + bytes, total))?;
        done += bytes;
        parts.push((*spec, part, bytes));
    }
    let mut copied = Vec::new();
    for (spec, part, bytes) in &parts {
        let name = to.join(spec.name);
        refuse_existing(&name)?;
        fs::rename(&part.0, &name)
            .map_err(|source| StoreError::Io { path: name.clone(), source })?;
        copied.push(Size { file: spec.name, bytes: *bytes });
    }
    // The names are on the disk too; a file system that cannot do so still has them.
    let _ = File::open(to).and_then(|folder| folder.sync_all());
    Ok(copied)
}

fn refuse_existing(path: &Path) -> Result<(), StoreError> {
    if fs::symlink_metadata(path).is_ok() {
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        return Err(StoreError::Io { path: path.to_owned(), source });
    }
    Ok(())
}

/// A file that is removed unless it gets its name.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed already, or not wanted.
        let _ = fs::remove_file(&self.0);
    }
}

/// A file, opened for reading, at one moment of its life.
fn source(dir: &Path, spec: &Spec) -> Result<Connection, StoreError> {
    let path = dir.join(spec.name);
    fs::metadata(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
    let opened = connect(&path).and_then(|conn| {
        // A transaction that has read: later commits are not in it.
        conn.execute_batch("BEGIN")?;
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(conn)
    });
    opened.map_err(|source| StoreError::Sqlite { file: spec.name, source })
}

fn copy_one(
    spec: &Spec,
    source: &Connection,
    part: &Path,
    mut progress: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let told = |source| StoreError::Sqlite { file: spec.name, source };
    let mut copy = Connection::open(part).map_err(told)?;
    copy.busy_timeout(BUSY).map_err(told)?;
    {
        let backup = Backup::new(source, &mut copy).map_err(told)?;
        let page: u64 =
            source.pragma_query_one::<i64>(None, "page_size").map_err(told)?.unsigned_abs();
        loop {
            let step = backup.step(PAGES_AT_ONCE).map_err(told)?;
            let left = backup.progress();
            progress(u64::from((left.pagecount - left.remaining).unsigned_abs()) * page);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => {
                    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
                    return Err(told(rusqlite::Error::SqliteFailure(code, None)));
                }
            }
        }
    }
    // One file, without a log beside it.
    copy.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).map_err(told)?;
    let problems = problems(&copy).map_err(told)?;
    if let Some(problem) = problems.into_iter().next() {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        return Err(told(rusqlite::Error::SqliteFailure(
            code,
            Some(format!("the copy is damaged: {problem}")),
        )));
    }
    drop(copy);
    let size = File::open(part).and_then(|file| file.sync_all().and_then(|()| file.metadata()));
    let size = size.map_err(|source| StoreError::Io { path: part.to_owned(), source })?;
    Ok(size.len())
}

/// What is wrong with each file that is there; nothing: every page and index is whole.
///
/// # Errors
/// When a file cannot be opened at all.
pub fn check(dir: &Path) -> Result<Vec<(&'static str, Vec<String>)>, StoreError> {
    let there = SPECS.into_iter().filter(|spec| dir.join(spec.name).exists());
    there
        .map(|spec| {
            let found = connect(&dir.join(spec.name)).and_then(|conn| problems(&conn));
            match found {
                Ok(problems) => Ok((spec.name, problems)),
                // What makes SQLite give up is the answer, not a failure to ask.
                Err(error) if super::damage::is_damage(&error) => {
                    Ok((spec.name, vec![error.to_string()]))
                }
                Err(source) => Err(StoreError::Sqlite { file: spec.name, source }),
            }
        })
        .collect()
}

fn problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = format!("PRAGMA integrity_check({PROBLEMS_MAX})");
    let mut select = conn.prepare(&sql)?;
    let lines = select.query_map([], |row| row.get::<_, String>(0))?;
    lines.filter(|line| line.as_ref().map_or(true, |line| line != "ok")).collect()
}

/// Writes both files anew without the pages that are free. No daemon may run.
///
/// # Errors
/// When a file cannot be read or written, or the disk has no room for another copy.
pub fn compact(dir: &Path) -> Result<Vec<Compacted>, StoreError> {
    let size =
        |file: &str| sizes(dir).iter().find(|size| size.file == file).map_or(0, |size| size.bytes);
    let there = SPECS.into_iter().filter(|spec| dir.join(spec.name).exists());
    there
        .map(|spec| {
            let before = size(spec.name);
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let vacuum = || {
                let conn = Connection::open_with_flags(dir.join(spec.name), flags)?;
                conn.busy_timeout(BUSY)?;
                conn.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")
            };
            vacuum().map_err(|source| StoreError::Sqlite { file: spec.name, source })?;
            Ok(Compacted { file: spec.name, before, after: size(spec.name) })
        })
        .collect()
}
