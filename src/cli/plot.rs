//! `sunkeep plot`: values, outputs and nights as a picture.
//!
//! Collects what a picture shows; how it is drawn is [`crate::plot`]'s part. Reads
//! the files, so it works while the daemon runs and when it does not.

use std::io::{IsTerminal, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;

use super::declared::{Declared, Output as Declares, SiteArgs};
use super::output::{Output, unless_closed};
use super::past;
use super::when::{self, TimeArgs, span};
use crate::clock::{Clock, SystemClock};
use crate::config;
use crate::control;
use crate::plot::{self, Dot, Happened, Lane, Line, Mark, Picture, Ran, Screen, Wanted};
use crate::store::query::{HistoryReader, JournalReader};
use crate::store::view::{View, step_for};
use crate::store::{Recorded, Row, StoredPoint};
use crate::vedirect::state::Meaning;

/// Spans of a terminal's line: two for each character of a wide one.
const TERMINAL_DOTS: u64 = 300;

/// Entries about one output that are looked at, the newest.
const ENTRIES_MAX: u32 = 50_000;

/// Marks that are looked at, the newest.
const MARKS_MAX: u32 = 1000;

/// Characters in a line when nobody says.
const COLUMNS: usize = 100;

/// Draw values of the past, with outputs, nights and the journal.
#[derive(Debug, Args)]
pub struct Plot {
    /// Points and outputs: `soc`, `mppt.pv_power`, `heater`. Up to twelve.
    #[arg(required = true)]
    points: Vec<String>,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    times: TimeArgs,
    /// The length of a span; chosen to fit the width otherwise.
    #[arg(long, value_name = "TIME")]
    every: Option<String>,
    /// Write an SVG file; `-` is standard output.
    #[arg(long, short, value_name = "FILE", required_unless_present = "term")]
    output: Option<PathBuf>,
    /// Draw in the terminal.
    #[arg(long, conflicts_with = "output")]
    term: bool,
    /// Leave out the outputs; otherwise all of them are shown unless some are named.
    #[arg(long)]
    no_outputs: bool,
    /// Leave out alarms, modes and people's own acts.
    #[arg(long)]
    no_journal: bool,
    /// The line above the picture.
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

/// What the words of the command line mean.
struct Meant {
    points: Vec<StoredPoint>,
    outputs: Vec<Declares>,
}

impl Plot {
    /// Draws the picture.
    ///
    /// # Errors
    /// When a file cannot be read or written, or a point or a time is unknown.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let declared = self.site.read()?;
        let reader = past::open(&declared)?;
        let range = self.times.range(SystemClock::new().now().wall, &declared.zone)?;
        let stored = reader.points()?;
        let meant = self.meant(&stored, &declared)?;
        let picture = self.picture(&reader, &declared, &meant, range)?;
        for point in &meant.points {
            if picture.lines.iter().any(|line| line.name == *point.name && line.dots.is_empty()) {
                eprintln!("nothing in this range: {}", past::heard(point, &declared.zone));
            }
        }
        self.draw(&picture)?;
        Ok(ExitCode::SUCCESS)
    }

    fn draw(&self, picture: &Picture) -> anyhow::Result<()> {
        let text = match self.term {
            true => plot::terminal(picture, screen()),
            false => plot::svg(picture),
        };
        // A picture is drawn again and again under its name; anything else is kept.
        let file = self.output.as_deref().filter(|file| file.as_os_str() != "-");
        let is_picture = file.is_some_and(|file| file.extension().is_some_and(|end| end == "svg"));
        let mut out = Output::open(file, is_picture)?;
        unless_closed(out.write_all(text.as_bytes()).and_then(|()| out.finish())).with_context(
            || file.map_or(String::new(), |file| format!("cannot write {}", file.display())),
        )
    }

    /// Words that are outputs, and points for all others.
    fn meant(&self, stored: &[StoredPoint], declared: &Declared) -> anyhow::Result<Meant> {
        let output = |word: &String| declared.outputs.iter().find(|output| output.name == *word);
        let named: Vec<Declares> = self.points.iter().filter_map(output).cloned().collect();
        let words: Vec<String> =
            self.points.iter().filter(|word| output(word).is_none()).cloned().collect();
        let points = past::find(&words, stored, declared)?;
        if points.len() > plot::LINES_MAX {
            bail!(
                "{} points are too many for one picture: {} at most",
                points.len(),
                plot::LINES_MAX
            );
        }
        let outputs = match (self.no_outputs, named.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => declared.outputs.clone(),
            (false, false) => named,
        };
        Ok(Meant { points, outputs })
    }

    fn picture(
        &self,
        reader: &HistoryReader,
        declared: &Declared,
        meant: &Meant,
        range: Range<Timestamp>,
    ) -> anyhow::Result<Picture> {
        let mut views = Vec::new();
        for point in &meant.points {
            views.push((point, self.view(reader, point, &range)?));
        }
        let (lanes, marks) = self.happened(reader, declared, meant, &range)?;
        let names: Vec<&str> = meant.points.iter().map(|point| &*point.name).collect();
        let outputs: Vec<&str> = meant.outputs.iter().map(|output| &*output.name).collect();
        let title = if names.is_empty() { outputs.join(", ") } else { names.join(", ") };
        Ok(Picture {
            title: self.title.clone().unwrap_or(title),
            nights: declared
                .place
                .map(|(latitude, longitude)| plot::nights(&range, latitude, longitude))
                .unwrap_or_default(),
            note: note(&views),
            lines: views.iter().map(|(point, view)| line(point, view, &range)).collect(),
            range,
            zone: declared.zone.clone(),
            lanes,
            marks,
        })
    }

    fn view(
        &self,
        reader: &HistoryReader,
        point: &StoredPoint,
        range: &Range<Timestamp>,
    ) -> anyhow::Result<View> {
        let most = if self.term { TERMINAL_DOTS } else { plot::DOTS_MAX as u64 };
        let Some(every) = &self.every else {
            return Ok(reader.overview(&point.name, range, most)?);
        };
        let step = span(every).map_err(anyhow::Error::msg).context("--every")?;
        let shortest = step_for(range, 50 * most);
        if step < shortest {
            let shortest = when::told(shortest);
            bail!("--every {every} would be too many spans for this range: {shortest} at least");
        }
        Ok(reader.view(&point.name, range, step)?)
    }

    /// What the journal has to say. A picture of values needs no journal.
    fn happened(
        &self,
        reader: &HistoryReader,
        declared: &Declared,
        meant: &Meant,
        range: &Range<Timestamp>,
    ) -> anyhow::Result<(Vec<Lane>, Vec<Mark>)> {
        let dir = &declared.data;
        if !dir.join("journal.db").exists() || self.no_journal && meant.outputs.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let journal = JournalReader::open(dir)
            .with_context(|| format!("cannot read the journal in {}", dir.display()))?;
        let runs = runs(&journal, reader, declared)?;
        let mut lanes = Vec::new();
        for output in &meant.outputs {
            let found = journal.about(&output.name, Some(range.end), ENTRIES_MAX)?;
            let wanted = Wanted { name: output.name.clone(), at_start: output.at_start };
            let lane = plot::lane(&wanted, &happened(&found), &runs, range);
            let known = output.device.as_ref().map(|device| heard(reader, device, range));
            lanes.push(match known.transpose()?.flatten() {
                Some(spans) => lane.within(&spans),
                None => lane,
            });
        }
        let marks = match self.no_journal {
            true => Vec::new(),
            false => plot::marks(&happened(&journal.notable(range, MARKS_MAX)?), range),
        };
        Ok((lanes, marks))
    }
}

fn happened(found: &[Recorded]) -> Vec<Happened<'_>> {
    found.iter().map(|one| Happened { boot: &one.boot, entry: &one.entry }).collect()
}

/// When a device was heard, by the point of it that was heard last; `None` for one
/// that never was: there is nothing to go by.
fn heard(
    reader: &HistoryReader,
    device: &str,
    range: &Range<Timestamp>,
) -> anyhow::Result<Option<Vec<Range<Timestamp>>>> {
    let points = reader.points()?;
    let own = points.iter().filter(|point| point.name.split('.').next() == Some(device));
    let last = own.filter_map(|point| Some((point.heard?.1, &point.name))).max();
    let Some((_, point)) = last else { return Ok(None) };
    let view = reader.overview(point, range, plot::DOTS_MAX as u64)?;
    Ok(Some(view.rows.iter().map(|row| row.time..row.time + view.step).collect()))
}

/// When the program ran. The last run goes on while a daemon answers; otherwise it
/// ended with the last reading or entry, whichever came later.
fn runs(
    journal: &JournalReader,
    reader: &HistoryReader,
    declared: &Declared,
) -> anyhow::Result<Vec<Ran>> {
    let mut runs: Vec<Ran> = Vec::new();
    for boot in journal.boots()? {
        let Some((first, last)) = boot.heard else { continue };
        runs.push(Ran { boot: boot.boot, range: first..last });
    }
    if let Some(last) = runs.last_mut() {
        let heard =
            reader.points()?.iter().filter_map(|point| point.heard).map(|(_, last)| last).max();
        let alive = control::listening(&declared.data).then(|| SystemClock::new().now().wall);
        last.range.end = [Some(last.range.end), heard, alive]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(last.range.end);
    }
    Ok(runs)
}

fn line(point: &StoredPoint, view: &View, range: &Range<Timestamp>) -> Line {
    // Spans are longer than a millisecond and shorter than a year.
    let step_ms = i64::try_from(view.step.as_millis()).unwrap_or(i64::MAX);
    let (from, until) = (range.start.as_millisecond(), range.end.as_millisecond());
    let whole = |row: &Row| row.min.fract() == 0.0 && row.max.fract() == 0.0;
    let steps = point.unit.is_empty() && view.rows.iter().all(whole);
    let dot = |row: &Row| Dot {
        // The span that is not over yet is drawn within the picture.
        at: (row.time.as_millisecond() + step_ms / 2).clamp(from, until),
        min: row.min,
        value: if steps { row.last } else { row.mean },
        max: row.max,
    };
    let dots: Vec<Dot> = view.rows.iter().map(dot).collect();
    let (name, unit) = (point.name.to_string(), point.unit.to_string());
    let line = Line { name, unit, step_ms, steps, names: Vec::new(), dots };
    if steps { in_words(line) } else { line }
}

/// A line of states with their words, where every one of them has one. Numbers of states
/// are far apart and mean nothing; their words stand below each other.
fn in_words(mut line: Line) -> Line {
    let quantities = config::quantities(&[]);
    let found = line.name.split_once('.').and_then(|(_, quantity)| {
        quantities.binary_search_by(|known| known.name.as_str().cmp(quantity)).ok()
    });
    let Some(Meaning::Enumeration(known)) = found.map(|at| quantities[at].meaning) else {
        return line;
    };
    let mut states: Vec<f64> = line.dots.iter().map(|dot| dot.value).collect();
    states.sort_by(f64::total_cmp);
    states.dedup();
    let word = |state: &f64| known.values.iter().find(|(number, _)| f64::from(*number) == *state);
    let names: Option<Vec<String>> =
        states.iter().map(|state| Some(word(state)?.1.replace('_', " "))).collect();
    let Some(names) = names else { return line };
    for dot in &mut line.dots {
        // A handful of states, each of them found above.
        let place = states.iter().position(|state| *state == dot.value).unwrap_or(0) as f64;
        (dot.min, dot.value, dot.max) = (place, place, place);
    }
    line.names = names;
    line
}

/// How the values were worked out.
fn note(views: &[(&StoredPoint, View)]) -> String {
    let mut steps: Vec<Duration> = views.iter().map(|(_, view)| view.step).collect();
    steps.sort_unstable();
    steps.dedup();
    let told: Vec<String> = steps.iter().map(|step| when::told(*step)).collect();
    match steps.iter().all(|step| *step <= Duration::from_secs(1)) {
        _ if views.iter().all(|(_, view)| view.rows.is_empty()) => String::new(),
        true => "lines: every reading".to_owned(),
        false => format!("lines: means of {}; shaded: least to greatest", told.join(" and ")),
    }
}

/// The terminal, as far as it tells.
fn screen() -> Screen {
    let out = std::io::stdout();
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let size = rustix::termios::tcgetwinsize(&out).ok().map(|size| usize::from(size.ws_col));
    Screen {
        columns: size.filter(|columns| *columns > 0).or(asked).unwrap_or(COLUMNS),
        color: out.is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    }
}
