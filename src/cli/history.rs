//! `sunkeep history`: values of the past as a table.
//!
//! Reads the file, so it works while the daemon runs and when it does not. Without
//! points it tells which there are.

mod lines;

use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::declared::{Declared, SiteArgs};
use super::journal::printable;
use super::output::{Output, unless_closed};
use super::when::{TimeArgs, local, local_iso, span};
use super::{csv, past};
use crate::clock::{Clock, SystemClock};
use crate::store::query::HistoryReader;
use crate::store::view::View;
use crate::store::{StoredPoint, StoredReading};
use lines::Lines;
pub(super) use lines::{clock_word, json_value};

/// Lines of a table that picks its own spans.
const ROWS: u64 = 200;

/// Readings of one point that are listed one by one; beyond it `export` is the way.
const READINGS_MAX: usize = 100_000;

/// The longest range of a table that lists readings by itself.
const READINGS_FOR: Duration = Duration::from_secs(200);

/// Show values of the past: least, mean, greatest and last of each span.
///
/// Without points: which ones there are, and since when.
#[derive(Debug, Args)]
pub struct History {
    /// Points: `shunt.soc`, an input's name, or `soc` where only one device has it.
    points: Vec<String>,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    times: TimeArgs,
    /// The length of a span, such as `15m` or `1d`; `all` lists every reading. Chosen to
    /// fit the range otherwise.
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Comma-separated values.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// One JSON object per line.
    #[arg(long)]
    json: bool,
}

/// How much of a point is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Reading,
    Span(Duration),
    Fitting,
}

/// What is printed of one point.
enum Found {
    Spans(View),
    Readings(Vec<StoredReading>),
}

impl History {
    /// Prints the table.
    ///
    /// # Errors
    /// When the history cannot be read, or a point or a time is unknown.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let reader = past::open(&declared)?;
        let stored = reader.points()?;
        let text = if self.points.is_empty() {
            self.list(&stored, &declared.zone)
        } else {
            self.table(&reader, &past::find(&self.points, &stored, &declared)?, &declared)?
        };
        let mut out = Output::open(None, false)?;
        unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.finish()))?;
        Ok(ExitCode::SUCCESS)
    }

    fn every(&self) -> anyhow::Result<Every> {
        match self.every.as_deref() {
            None => Ok(Every::Fitting),
            Some("all") => Ok(Every::Reading),
            Some(text) => {
                let step = span(text).map_err(anyhow::Error::msg).context("--every")?;
                anyhow::ensure!(step >= Duration::from_secs(1), "--every: one second at least");
                Ok(Every::Span(step))
            }
        }
    }

    /// The points that there are.
    fn list(&self, stored: &[StoredPoint], zone: &TimeZone) -> String {
        let mut text = String::new();
        let time = |at: Timestamp| local(at, zone, "%Y-%m-%d %H:%M");
        let width = stored.iter().map(|point| point.name.chars().count()).max().unwrap_or(0);
        for point in stored {
            let name = printable(&point.name);
            let (first, last) = point.heard.map_or((None, None), |(a, b)| (Some(a), Some(b)));
            if self.json {
                let iso = |at: Option<Timestamp>| at.map(|at| local_iso(at, zone));
                let line = serde_json::json!({
                    "point": &*point.name, "unit": &*point.unit, "first": iso(first), "last": iso(last),
                });
                let _ = writeln!(text, "{line}");
            } else if self.csv {
                let iso =
                    |at: Option<Timestamp>| at.map_or(String::new(), |at| local_iso(at, zone));
                text += &csv::line(&[
                    &csv::text(&point.name),
                    &csv::text(&point.unit),
                    &iso(first),
                    &iso(last),
                ]);
            } else {
                let heard = first.zip(last).map(|(a, b)| format!("{} to {}", time(a), time(b)));
                let heard = heard.unwrap_or_else(|| "no numbers".to_owned());
                let _ = writeln!(text, "{name:<width$}  {:<5}  {heard}", point.unit);
            }
        }
        match (self.csv, stored.is_empty()) {
            (true, _) => format!("point,unit,first,last\n{text}"),
            (false, true) if !self.json => "nothing was recorded yet\n".to_owned(),
            _ => text,
        }
    }

    fn table(
        &self,
        reader: &HistoryReader,
        points: &[StoredPoint],
        declared: &Declared,
    ) -> anyhow::Result<String> {
        let now = SystemClock::new().now().wall;
        let range = self.times.range(now, &declared.zone)?;
        let every = self.every()?;
        let length = range.end.duration_since(range.start).unsigned_abs();
        let texts = points.iter().any(|point| point.heard.is_none());
        let listing =
            texts || every == Every::Reading || every == Every::Fitting && length <= READINGS_FOR;
        let mut text = if self.csv { header(listing).to_owned() } else { String::new() };
        for (index, point) in points.iter().enumerate() {
            let found = match every {
                _ if listing => Found::Readings(readings(reader, point, &range)?),
                Every::Span(step) => Found::Spans(reader.view(&point.name, &range, step)?),
                _ => Found::Spans(reader.overview(&point.name, &range, ROWS)?),
            };
            let lines = Lines { point, zone: &declared.zone };
            if self.csv || self.json {
                text += &lines.machine(&found, self.csv);
                continue;
            }
            if index > 0 {
                text.push('\n');
            }
            text += &lines.people(&found);
        }
        Ok(text)
    }
}

fn readings(
    reader: &HistoryReader,
    point: &StoredPoint,
    range: &Range<Timestamp>,
) -> anyhow::Result<Vec<StoredReading>> {
    let mut found = Vec::new();
    reader.replay(Some(&[&point.name]), range.clone(), |reading| {
        found.push(reading);
        found.len() <= READINGS_MAX
    })?;
    anyhow::ensure!(
        found.len() <= READINGS_MAX,
        "more than {READINGS_MAX} readings of {}: use `sunkeep export`, or a shorter range",
        point.name
    );
    Ok(found)
}

const fn header(listing: bool) -> &'static str {
    if listing {
        "time,point,unit,value,quality,clock\n"
    } else {
        "time,point,unit,min,mean,max,last,count\n"
    }
}
