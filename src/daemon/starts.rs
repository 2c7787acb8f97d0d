//! Whether this program keeps dying soon after its start.
//!
//! A number in a file of its own, written before rules are read and before the
//! database is opened: any of these may be what kills it. A start counts until the
//! run has lasted, or has ended in order. No clock is asked: a Pi without one boots
//! in the past every time.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// This many starts in a row that did not last are a crash loop.
pub const CRASH_LOOP: u32 = 5;

/// A run that lasts for this long is no part of a crash loop.
pub const LASTED: Duration = Duration::from_secs(600);

/// The file's name in the data folder.
const FILE: &str = "starts";

/// The count of starts that have not lasted.
#[derive(Debug)]
pub struct Starts {
    file: PathBuf,
    /// Starts in a row before this one that did not last.
    before: u32,
}

impl Starts {
    /// Counts a start. A disk that cannot be written counts nothing: then there is
    /// no telling, and the site runs.
    #[must_use]
    pub fn count(data: &Path) -> Self {
        let file = data.join(FILE);
        let before = std::fs::read_to_string(&file).ok();
        let before = before.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        let starts = Self { file, before };
        starts.write(before.saturating_add(1));
        starts
    }

    /// How many starts in a row before this one did not last, if they are a crash loop.
    #[must_use]
    pub fn crash_loop(&self) -> Option<u32> {
        (self.before >= CRASH_LOOP).then_some(self.before)
    }

    /// The run has lasted, or ends in order.
    pub fn lasted(&self) {
        self.write(0);
    }

    fn write(&self, count: u32) {
        let data = self.file.parent().unwrap_or(Path::new("."));
        // Whole or not at all: a torn number must not look like a small one.
        let temporary = self.file.with_extension("new");
        let written = std::fs::create_dir_all(data)
            .and_then(|()| std::fs::write(&temporary, format!("{count}\n")))
            .and_then(|()| std::fs::File::open(&temporary)?.sync_all())
            .and_then(|()| std::fs::rename(&temporary, &self.file));
        if let Err(error) = written {
            tracing::warn!(file = %self.file.display(), %error, "starts are not counted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_starts_in_a_row_that_did_not_last_are_a_crash_loop() {
        let data = tempfile::tempdir().unwrap();
        let start = || Starts::count(data.path());
        for _ in 0..CRASH_LOOP {
            assert_eq!(start().crash_loop(), None);
        }
        assert_eq!(start().crash_loop(), Some(CRASH_LOOP));
        start().lasted();
        assert_eq!(start().crash_loop(), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_or_a_file_that_is_no_number_stops_nothing() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(FILE), "many").unwrap();
        assert_eq!(Starts::count(data.path()).crash_loop(), None);
        let file = data.path().join("not a folder");
        std::fs::write(&file, "").unwrap();
        assert_eq!(Starts::count(&file).crash_loop(), None);
    }
}
