//! `sunkeep export`: every reading, for other programs.
//!
//! One state of the file from the first line to the last, read piece by piece: a
//! year needs no more memory than an hour. Texts are escaped against spreadsheets.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::declared::SiteArgs;
use super::history::{clock_word, json_value};
use super::output::{Output, safe_name, unless_closed};
use super::when::TimeArgs;
use super::{csv, past};
use crate::clock::{Clock, SystemClock};
use crate::store::StoredReading;
use crate::store::query::HistoryReader;
use crate::units::Value;

/// Files open at once when each point has its own; systems allow 1024.
const FILES_MAX: usize = 400;

/// Readings between two looks at the progress bar.
const PROGRESS_EVERY: u64 = 4096;

/// Write every reading of a range as CSV or JSON lines.
#[derive(Debug, Args)]
pub struct Export {
    /// Points; all of them when none is named.
    points: Vec<String>,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    times: TimeArgs,
    /// How readings are written.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// The file; standard output otherwise.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// A file for each point, into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "output")]
    folder: Option<PathBuf>,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON object per line.
    Jsonl,
}

impl Export {
    /// Writes the readings.
    ///
    /// # Errors
    /// When the history cannot be read, a point or a time is unknown, or a file cannot
    /// be written.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let reader = past::open(&declared)?;
        let range = self.times.range(SystemClock::new().now().wall, &declared.zone)?;
        let stored = reader.points()?;
        let points = past::find(&self.points, &stored, &declared)?;
        let names: Option<Vec<&str>> =
            (!points.is_empty()).then(|| points.iter().map(|point| &*point.name).collect());
        let mut files = Files::open(self, names.as_ref().map_or(stored.len(), Vec::len))?;
        let bar = bar(&range);
        let written = write(&reader, names.as_deref(), &range, &bar, |reading| files.take(reading));
        bar.finish_and_clear();
        let count = match written {
            Ok(count) => count,
            Err(Stopped::Store(error)) => return Err(error.into()),
            Err(Stopped::Write(error)) => {
                unless_closed(Err(error)).context("cannot write")?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        let places = files.finish()?;
        if let Some(places) = places {
            eprintln!("{count} readings in {places}");
        }
        if count == 0 {
            for point in if points.is_empty() { &stored } else { &points } {
                eprintln!("nothing in this range: {}", past::heard(point, &declared.zone));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Why an export ended early.
enum Stopped {
    Store(crate::store::StoreError),
    Write(io::Error),
}

fn write(
    reader: &HistoryReader,
    names: Option<&[&str]>,
    range: &Range<Timestamp>,
    bar: &ProgressBar,
    mut take: impl FnMut(&StoredReading) -> io::Result<()>,
) -> Result<u64, Stopped> {
    let mut count = 0;
    let mut failed = None;
    reader
        .replay(names, range.clone(), |reading| {
            if count % PROGRESS_EVERY == 0 {
                let passed = reading.at.wall.as_second() - range.start.as_second();
                bar.set_position(passed.max(0).unsigned_abs());
            }
            count += 1;
            failed = take(&reading).err();
            failed.is_none()
        })
        .map_err(Stopped::Store)?;
    failed.map_or(Ok(count), |error| Err(Stopped::Write(error)))
}

/// Seconds of the range; hidden unless a person watches.
fn bar(range: &Range<Timestamp>) -> ProgressBar {
    let seconds = range.end.as_second() - range.start.as_second();
    let bar = ProgressBar::new(seconds.max(0).unsigned_abs());
    // The template is ours and has no mistake that a terminal could show.
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Where readings go.
struct Files<'a> {
    export: &'a Export,
    single: Option<Output>,
    by_point: BTreeMap<String, Output>,
    names: BTreeMap<String, String>,
}

impl<'a> Files<'a> {
    fn open(export: &'a Export, points: usize) -> anyhow::Result<Self> {
        let mut files =
            Self { export, single: None, by_point: BTreeMap::new(), names: BTreeMap::new() };
        match &export.folder {
            None => files.single = Some(files.file(export.output.as_deref())?),
            Some(_) if points > FILES_MAX => {
                bail!("{points} points need too many files at once: name up to {FILES_MAX} of them")
            }
            Some(folder) => std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?,
        }
        Ok(files)
    }

    fn file(&self, path: Option<&Path>) -> anyhow::Result<Output> {
        let mut file = Output::open(path, self.export.force)?;
        if self.export.format == Format::Csv {
            file.write_all(b"time,clock,point,value,unit,quality,boot,monotonic_s\n")?;
        }
        Ok(file)
    }

    fn take(&mut self, reading: &StoredReading) -> io::Result<()> {
        let line = match self.export.format {
            Format::Csv => csv_line(reading),
            Format::Jsonl => json_line(reading),
        };
        if let Some(single) = &mut self.single {
            return single.write_all(line.as_bytes());
        }
        if !self.by_point.contains_key(&*reading.point) {
            let file = self.of_point(&reading.point).map_err(io::Error::other)?;
            self.by_point.insert(reading.point.to_string(), file);
        }
        match self.by_point.get_mut(&*reading.point) {
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }

    fn of_point(&mut self, point: &str) -> anyhow::Result<Output> {
        let folder = self.export.folder.as_deref().unwrap_or_else(|| Path::new("."));
        let ending = if self.export.format == Format::Csv { "csv" } else { "jsonl" };
        let safe = safe_name(point);
        // Two points whose names differ only in what a file name cannot hold.
        let taken = |name: &String| self.names.contains_key(name);
        let numbered = (2..).map(|number| format!("{safe}-{number}"));
        let name = std::iter::once(safe.clone()).chain(numbered).find(|name| !taken(name));
        let name = name.unwrap_or(safe);
        self.names.insert(name.clone(), point.to_owned());
        self.file(Some(&folder.join(format!("{name}.{ending}"))))
    }

    /// Gives the files their names; where they are, unless it is standard output.
    fn finish(self) -> anyhow::Result<Option<String>> {
        let count = self.by_point.len();
        for file in self.single.into_iter().chain(self.by_point.into_values()) {
            unless_closed(file.finish()).context("cannot write")?;
        }
        Ok(match (&self.export.output, &self.export.folder) {
            (Some(file), _) => Some(file.display().to_string()),
            (_, Some(folder)) => Some(format!("{count} files in {}", folder.display())),
            _ => None,
        })
    }
}

fn csv_line(reading: &StoredReading) -> String {
    let value = match &reading.value {
        Some(Value::Number(number)) => csv::number(Some(*number)),
        Some(Value::Text(text)) => csv::text(text),
        None => String::new(),
    };
    csv::line(&[
        &format!("{:.3}", reading.at.wall),
        clock_word(reading),
        &csv::text(&reading.point),
        &value,
        &csv::text(&reading.unit),
        &reading.quality.to_string(),
        &csv::text(&reading.boot),
        &format!("{:.3}", reading.at.monotonic.as_secs_f64()),
    ])
}

fn json_line(reading: &StoredReading) -> String {
    let line = serde_json::json!({
        "time": format!("{:.3}", reading.at.wall),
        "clock": clock_word(reading),
        "point": &*reading.point,
        "value": json_value(reading.value.as_ref()),
        "unit": &*reading.unit,
        "quality": reading.quality.to_string(),
        "boot": &*reading.boot,
        "monotonic_s": reading.at.monotonic.as_secs_f64(),
    });
    format!("{line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Now;
    use crate::snapshot::Quality;
    use std::time::Duration;

    fn reading(value: Option<Value>) -> StoredReading {
        let wall = "2026-12-01T04:10:02.5Z".parse().unwrap();
        StoredReading {
            point: "shunt.soc".into(),
            unit: "%".into(),
            value,
            quality: Quality::Good,
            at: Now { monotonic: Duration::from_millis(1500), wall, wall_trusted: true },
            set_later: false,
            boot: "b-1".into(),
        }
    }

    #[test]
    fn a_line_says_everything_about_a_reading() {
        let text = |value| csv_line(&reading(value));
        let rest = "%,good,b-1,1.500\n";
        let start = "2026-12-01T04:10:02.500Z,set,shunt.soc";
        assert_eq!(text(Value::number(62.5)), format!("{start},62.5,{rest}"));
        assert_eq!(text(Some(Value::Text("=1+1".into()))), format!("{start},'=1+1,{rest}"));
        assert_eq!(text(None), format!("{start},,{rest}"));
        let json: serde_json::Value = serde_json::from_str(&json_line(&reading(None))).unwrap();
        assert_eq!(json["value"], serde_json::Value::Null);
        assert_eq!(json["monotonic_s"], 1.5);
    }
}
