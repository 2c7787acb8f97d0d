//! The CSV files of logs: `log/NAME-2026-12-01.csv`, one a day.
//!
//! A file is begun when its first line comes and ended at midnight of the site. A
//! point that is heard for the first time in the middle of the day needs another
//! column: the file is ended and `NAME-2026-12-01.2.csv` begun. After a restart
//! the last part is continued if its header is the same. A disk that fails costs
//! lines, which are counted, and nothing else.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::text::{self, Column};
use super::{Cadence, Line, LogRule};
use crate::store::history::day_of;
use crate::units::Unit;

/// Parts of one day; columns appear one after the other while devices are found.
const PARTS_MAX: u32 = 99;

/// The longest header that is compared.
const HEADER_MAX: u64 = 64 * 1024;

/// Why lines were not written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written", path.display())]
pub struct LogError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

impl LogError {
    /// The message with its cause, on one line.
    #[must_use]
    pub fn with_cause(&self) -> String {
        format!("{self}: {}", self.source)
    }
}

/// The files of one log.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    rule: LogRule,
    zone: TimeZone,
    /// Every point met so far, in the order of their names, so that the columns of one
    /// day are those of the next.
    known: BTreeMap<Arc<str>, Unit>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    path: PathBuf,
    date: String,
    columns: Vec<Column>,
    synced_ms: i64,
    dirty: bool,
}

impl Files {
    /// Files in the folder `log` of the data directory; nothing is touched yet.
    #[must_use]
    pub fn new(data: &Path, rule: LogRule, zone: TimeZone) -> Self {
        Self { dir: data.join("log"), rule, zone, known: BTreeMap::new(), open: None }
    }

    /// Appends lines.
    ///
    /// # Errors
    /// Says which file failed; the lines are lost.
    pub fn append(&mut self, lines: &[Line]) -> Result<(), LogError> {
        for line in lines {
            for (point, cell) in &line.cells {
                self.known.insert(point.clone(), cell.unit);
            }
            self.append_line(line)?;
        }
        Ok(())
    }

    fn append_line(&mut self, line: &Line) -> Result<(), LogError> {
        let date = day_of(&self.zone, line.ms).1;
        let columns: Vec<Column> =
            self.known.iter().map(|(point, unit)| (point.clone(), *unit)).collect();
        let changes = matches!(self.rule.cadence, Cadence::OnChange(_));
        let fits = |open: &Open| open.date == date && (changes || open.columns == columns);
        if !self.open.as_ref().is_some_and(fits) {
            self.end()?;
            self.begin(&date, columns, line.ms)?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let mut row = if changes {
            text::change(line, &self.zone)
        } else {
            text::interval(line, &open.columns, &self.rule.aggregates, &self.zone)
        };
        row.push('\n');
        let written = open.file.write_all(row.as_bytes());
        let path = open.path.clone();
        open.dirty = true;
        let every = i64::try_from(self.rule.sync_every.as_millis()).unwrap_or(i64::MAX);
        if written.is_ok() && line.ms.saturating_sub(open.synced_ms) >= every {
            open.synced_ms = line.ms;
            self.sync()?;
        }
        written.map_err(|source| {
            // Half a line may be there: the next one begins a new part.
            self.open = None;
            LogError { path, source }
        })
    }

    /// Syncs and closes the file.
    ///
    /// # Errors
    /// When the sync fails.
    pub fn end(&mut self) -> Result<(), LogError> {
        let result = self.sync();
        self.open = None;
        result
    }

    fn sync(&mut self) -> Result<(), LogError> {
        let Some(open) = self.open.as_mut().filter(|open| open.dirty) else { return Ok(()) };
        open.dirty = false;
        open.file.sync_data().map_err(|source| LogError { path: open.path.clone(), source })
    }

    fn begin(&mut self, date: &str, columns: Vec<Column>, ms: i64) -> Result<(), LogError> {
        fs::create_dir_all(&self.dir)
            .map_err(|source| LogError { path: self.dir.clone(), source })?;
        let header = match self.rule.cadence {
            Cadence::OnChange(_) => text::CHANGES.to_owned(),
            Cadence::Every(_) => text::header(&columns, &self.rule.aggregates),
        };
        self.remove_old(date);
        let part = |number: u32| match number {
            1 => self.dir.join(format!("{}-{date}.csv", self.rule.name)),
            _ => self.dir.join(format!("{}-{date}.{number}.csv", self.rule.name)),
        };
        let free = (1..=PARTS_MAX).find(|number| !part(*number).exists()).unwrap_or(PARTS_MAX);
        let last = part(free.saturating_sub(1).max(1));
        let path = if continues(&last, &header) { last } else { part(free) };
        let error = |source| LogError { path: path.clone(), source };
        let mut file = File::options().append(true).create(true).open(&path).map_err(error)?;
        if file.metadata().map_err(error)?.len() == 0 {
            writeln!(file, "{header}").map_err(error)?;
        }
        let date = date.to_owned();
        self.open = Some(Open { file, path, date, columns, synced_ms: ms, dirty: true });
        Ok(())
    }

    /// Removes this log's own files of days that are too long ago. A file that cannot
    /// be removed is tried again tomorrow.
    fn remove_old(&self, today: &str) {
        let Ok(today) = today.parse::<Date>() else { return };
        let Ok(entries) = fs::read_dir(&self.dir) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let date = name.to_str().and_then(|name| date_of(name, &self.rule.name));
            if date.is_some_and(|date| age(date, today) > self.rule.keep) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // At the end of the program nobody is left to tell.
        let _ = self.end();
    }
}

/// How long ago a day was.
fn age(date: Date, today: Date) -> Duration {
    let days = today.since(date).map_or(0, |span| span.get_days());
    Duration::from_secs(u64::from(days.max(0).unsigned_abs()) * 86_400)
}

/// The date of a file of this log; `None` for every other file.
fn date_of(file: &str, log: &str) -> Option<Date> {
    let rest = file.strip_prefix(log)?.strip_prefix('-')?.strip_suffix(".csv")?;
    let (date, part) = rest.split_once('.').unwrap_or((rest, "2"));
    part.parse::<u32>().ok()?;
    date.parse().ok()
}

/// Whether a file has this header and ends with a whole line.
fn continues(path: &Path, header: &str) -> bool {
    let same = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        let mut first = String::new();
        BufReader::new((&file).take(HEADER_MAX)).read_line(&mut first)?;
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        Ok(first.trim_end_matches('\n') == header && last == *b"\n")
    };
    same().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_log_itself_have_a_date() {
        let date = |name| date_of(name, "battery").map(|date| date.to_string());
        assert_eq!(date("battery-2026-12-01.csv").as_deref(), Some("2026-12-01"));
        assert_eq!(date("battery-2026-12-01.2.csv").as_deref(), Some("2026-12-01"));
        for other in ["battery_2-2026-12-01.csv", "battery-x.csv", "battery-2026-12-01.csv.bak"] {
            assert_eq!(date(other), None, "{other}");
        }
    }
}
