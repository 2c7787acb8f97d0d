//! Why a store cannot be opened or written, in words that say what to do.

use std::io;
use std::path::PathBuf;

/// Why a store was not opened, or a file not written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a newer sunkeep; reading it wrongly would be
    /// worse than not starting.
    #[error(
        "{file} has schema {found}, made by a newer sunkeep; this one knows up to {known}: \
         install the newer version again, or move the file away"
    )]
    Newer {
        /// The file's name.
        file: &'static str,
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: usize,
    },
    /// The file was written by an older sunkeep whose rows this one does not know; a
    /// daemon sets it aside and starts a new one.
    #[error(
        "{file} has schema {found}, made by an older sunkeep that kept rows differently: \
         the daemon sets it aside at its next start"
    )]
    Outdated {
        /// The file's name.
        file: &'static str,
        /// Its schema.
        found: i64,
    },
    /// Somebody reads and does not end: the log beside the file would grow for ever.
    #[error(
        "another program has kept {file} open for reading until its log grew to {} MB: \
         end that program, and writing goes on", bytes / 1_000_000
    )]
    Held {
        /// The file's name.
        file: &'static str,
        /// The size of the log.
        bytes: u64,
    },
    /// SQLite failed.
    #[error("{file} cannot be used")]
    Sqlite {
        /// The file's name.
        file: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A file or directory could not be made, moved or read.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether the disk has no room left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let full = Some(rusqlite::ErrorCode::DiskFull);
        matches!(self, Self::Sqlite { source, .. } if source.sqlite_error_code() == full)
    }

    /// The message with its cause, on one line.
    #[must_use]
    pub fn with_cause(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }
}
