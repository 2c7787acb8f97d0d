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
