//! Room that is kept for the journal on a disk that somebody else fills.
//!
//! A file of zeros beside the databases. When the journal finds the disk full, the
//! file is removed and the entry written after all; when there is room again, it is
//! made anew. A disk that cannot be asked keeps what it has.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::disk::Room;

/// Months of entries, and room for the log of a history that deletes old readings.
const BYTES: usize = 4 * 1024 * 1024;

/// There must be so many times as much room before ballast is taken on.
const ROOM: u64 = 8;

/// The file, whether it is there or not.
#[derive(Debug)]
pub struct Ballast {
    path: PathBuf,
}

impl Ballast {
    /// Describes the file; touches nothing yet.
    pub fn new(dir: &Path) -> Self {
        Self { path: dir.join("ballast") }
    }

    /// Makes the file if there is ample room; nothing depends on it.
    pub fn take_on(&self) {
        let whole = fs::metadata(&self.path).is_ok_and(|file| file.len() == BYTES as u64);
        let Some(dir) = self.path.parent().filter(|_| !whole) else { return };
        let ample = |room: Room| room.free >= ROOM * BYTES as u64;
        if Room::of(dir).is_some_and(ample)
            && let Err(error) = self.fill()
        {
            tracing::debug!(%error, "no ballast");
            // Half of it only takes room.
            let _ = fs::remove_file(&self.path);
        }
    }

    /// Frees the room; `false` when there was none to free.
    pub fn drop_off(&self) -> bool {
        let freed = fs::remove_file(&self.path).is_ok();
        if freed {
            tracing::warn!("the disk is full, the ballast beside the databases is freed");
        }
        freed
    }

    fn fill(&self) -> io::Result<()> {
        let mut file = File::create(&self.path)?;
        // Written, not only declared: a hole reserves nothing.
        let zeros = vec![0; 64 * 1024];
        for _ in 0..BYTES / zeros.len() {
            file.write_all(&zeros)?;
        }
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ballast_is_taken_on_once_and_dropped_once() {
        let dir = tempfile::tempdir().unwrap();
        let ballast = Ballast::new(dir.path());
        assert!(!ballast.drop_off());
        ballast.take_on();
        ballast.take_on();
        assert_eq!(fs::metadata(dir.path().join("ballast")).unwrap().len(), BYTES as u64);
        assert!(ballast.drop_off());
        assert!(!ballast.drop_off());
    }
}
