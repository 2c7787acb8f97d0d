//! Where a command writes: the terminal, a pipe, or a file that is whole or absent.
//!
//! A file is written beside its name and renamed when it is complete, so a full
//! disk leaves no half of one. What is there already is kept unless asked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Something to write into.
pub struct Output {
    to: BufWriter<Box<dyn Write>>,
    file: Option<Part>,
}

/// A file that is not complete yet; removed unless it becomes so.
struct Part {
    part: PathBuf,
    name: PathBuf,
    sync: File,
}

impl Output {
    /// Standard output, or a file.
    ///
    /// # Errors
    /// When the file is there already and may not be replaced, or cannot be made.
    pub fn open(file: Option<&Path>, replace: bool) -> anyhow::Result<Self> {
        let Some(name) = file else {
            return Ok(Self { to: BufWriter::new(Box::new(io::stdout().lock())), file: None });
        };
        let shown = name.display();
        if name.exists() && !replace {
            bail!("{shown} is there already: choose another name, or say --force to replace it");
        }
        let (Some(last), false) = (name.file_name(), name.is_dir()) else {
            bail!("{shown} is no name for a file");
        };
        let part =
            name.with_file_name(format!(".{}.{}.part", last.to_string_lossy(), std::process::id()));
        let made = OpenOptions::new().write(true).create_new(true).open(&part);
        let file = made.with_context(|| format!("cannot write {shown}"))?;
        let sync = file.try_clone().with_context(|| format!("cannot write {shown}"))?;
        let file_name = name.to_owned();
        Ok(Self {
            to: BufWriter::new(Box::new(file)),
            file: Some(Part { part, name: file_name, sync }),
        })
    }

    /// Everything has been written: now the file has its name.
    ///
    /// # Errors
    /// When the disk is full or the like; then there is no file.
    pub fn finish(mut self) -> io::Result<()> {
        self.to.flush()?;
        match &self.file {
            Some(file) => {
                file.sync.sync_all()?;
                fs::rename(&file.part, &file.name)
            }
            None => Ok(()),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Renamed already, or not wanted.
        let _ = fs::remove_file(&self.part);
    }
}

/// `| head` has seen enough: that is no failure.
///
/// # Errors
/// Any other.
pub fn unless_closed(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A file name for a point: letters, digits, dots and dashes, none of them first.
#[must_use]
pub fn safe_name(point: &str) -> String {
    /// Short enough for every file system, with an ending.
    const LONGEST: usize = 100;
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = point.chars().map(safe).take(LONGEST).collect();
    let bare = name.trim_start_matches(['.', '-']);
    if bare.is_empty() { "_".to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let name = dir.path().join("week.csv");
        let mut first = Output::open(Some(&name), false).unwrap();
        first.write_all(b"first").unwrap();
        assert!(!name.exists(), "not before it is complete");
        first.finish().unwrap();
        let error = Output::open(Some(&name), false).err().unwrap().to_string();
        assert!(error.contains("--force"), "{error}");
        let mut second = Output::open(Some(&name), true).unwrap();
        second.write_all(b"second").unwrap();
        drop(second);
        assert_eq!(fs::read_to_string(&name).unwrap(), "first");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no parts are left");
    }

    #[track_caller]
    fn check(point: &str, expected: &str) {
        assert_eq!(safe_name(point), expected);
    }

    #[test]
    fn names_stay_in_their_folder() {
        check("mppt.pv_power", "mppt.pv_power");
        check("../../etc/passwd", "_.._etc_passwd");
        check("-rf", "rf");
        check("..", "_");
        check("a b\u{1b}°", "a_b__");
        assert_eq!(safe_name(&"x".repeat(300)).len(), 100);
    }
}
