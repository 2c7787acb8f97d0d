//! Folders and files as the system keeps them: made, measured, made to last.

use std::fs::{self, File};
use std::path::Path;

use super::StoreError;

/// Makes the data directory, its entry on the disk included.
pub fn make_directory(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|source| StoreError::Io { path: dir.to_owned(), source })?;
    sync_directory(dir.parent());
    Ok(())
}

/// Makes renames and new files survive a power cut. Where a file system cannot
/// do that there is nothing better, so a failure is not told.
pub fn sync_directory(dir: Option<&Path>) {
    if let Some(dir) = dir.filter(|dir| !dir.as_os_str().is_empty()) {
        let _ = File::open(dir).and_then(|dir| dir.sync_all());
    }
}

/// The size of a file; 0 for one that is not there.
pub fn file_length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// What a disk has for this user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that may still be written.
    pub free: u64,
    /// All its bytes.
    pub total: u64,
}

impl Room {
    /// Asks the disk that holds a folder; `None` if it cannot be asked.
    pub fn of(dir: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Some(Self { free: bytes(disk.f_bavail), total: bytes(disk.f_blocks) })
    }

    /// How many bytes should be free and are not; of a small disk a tenth is enough.
    pub fn missing(self, wanted: u64) -> u64 {
        wanted.min(self.total / 10).saturating_sub(self.free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_disk_need_not_have_more_free_than_a_tenth() {
        let room = Room { free: 30, total: 1000 };
        assert_eq!((room.missing(20), room.missing(50), room.missing(500)), (0, 20, 70));
    }
}
