//! Tells a damaged file from a failing disk.
//!
//! A damaged file is set aside and replaced; on a disk that is full, read-only
//! or busy a second file would fare no better, so the first is left alone. What
//! is done about it is decided in `file.rs`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rusqlite::ErrorCode;

/// Whether the file's content is to blame, not the disk or another process.
///
/// The statements are fixed and tested, so a plain "SQL error" or a value of
/// the wrong type means that the tables are not what we left.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(error, _) => {
            matches!(
                error.code,
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::TypeMismatch
                    | ErrorCode::ConstraintViolation
            ) || error.extended_code == rusqlite::ffi::SQLITE_ERROR
        }
        E::SqlInputError { error, .. } => error.extended_code == rusqlite::ffi::SQLITE_ERROR,
        E::QueryReturnedNoRows
        | E::InvalidColumnType(..)
        | E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::Utf8Error(..) => true,
        _ => false,
    }
}

/// Whether another process holds the file for now.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// What SQLite takes for something harmless: a stub for a new file, an unknown
/// write version for a file that may only be read. Not for a file this process
/// has open: closing a second handle would drop SQLite's locks.
pub(super) fn broken_header(path: &Path) -> Option<&'static str> {
    const PAGE_MIN: usize = 512;
    let mut header = [0; PAGE_MIN];
    // What cannot be read at all is SQLite's to name.
    let mut file = File::open(path).ok().filter(|_| path.is_file())?;
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Some("file is shorter than a page");
        }
        Err(_) => return None,
        Ok(()) => {}
    }
    // https://www.sqlite.org/fileformat.html, 1.3: write and read version.
    let versions_known = header[18..20].iter().all(|version| (1..=2).contains(version));
    (!versions_known).then_some("file format version damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::{Error, ffi};

    #[track_caller]
    fn check(code: i32, expected: bool) {
        assert_eq!(is_damage(&Error::SqliteFailure(ffi::Error::new(code), None)), expected);
    }

    #[test]
    fn a_failing_disk_is_not_a_damaged_file() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_BUSY, ffi::SQLITE_CANTOPEN]
        {
            check(code, false);
        }
        check(ffi::SQLITE_IOERR_FSYNC, false);
    }

    #[test]
    fn a_damaged_file_is_not_a_failing_disk() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB, ffi::SQLITE_ERROR] {
            check(code, true);
        }
    }

    #[test]
    fn a_file_that_is_not_there_has_no_broken_header() {
        assert_eq!(broken_header(Path::new("/nowhere/at/all.db")), None);
        assert_eq!(broken_header(Path::new("/")), None);
    }
}
