//! Small files that are there whole or not at all, after a power cut too.
//!
//! The new text goes beside the old one, reaches the disk, and takes its name; the name
//! is on the disk when its folder is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces a file, unless it says the same: a card wears out, and a disk that cannot
/// be written is no harm then.
///
/// # Errors
/// Says why it could not be written; what was there is left as it was.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
