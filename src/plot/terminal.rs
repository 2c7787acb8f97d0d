//! The picture in characters, as wide as the terminal.
//!
//! The same panels, lanes and nights as in the SVG: values in braille dots,
//! outputs in blocks. Colors only where the terminal has them; without, one line
//! a panel can be told from the next by its panel alone, so each unit has its own.

use std::fmt::Write;

use super::axis::Axis;
use super::braille::Canvas;
use super::calendar::{self, Tick};
use super::runs::runs;
use super::{Lane, Picture, printable, shortened};
use crate::units::Value;

/// The terminal.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Characters in a line.
    pub columns: usize,
    /// Whether it shows colors.
    pub color: bool,
}

/// Narrower than this nothing can be read.
const COLUMNS_MIN: usize = 40;
/// A wider canvas is no easier to read.
const COLUMNS_MAX: usize = 240;
/// Rows of a panel.
const ROWS: usize = 12;
/// Room for labels on the left.
const LABELS: usize = 12;
/// A label below needs this much room.
const TICK: usize = 12;
/// The marks that are told.
const MARKS_TOLD: usize = 8;

const COLORS: [&str; 6] = ["34", "31", "32", "35", "36", "33"];

/// Draws a picture in characters, a line break after each line.
#[must_use]
pub fn terminal(picture: &Picture, screen: Screen) -> String {
    let columns = screen.columns.clamp(COLUMNS_MIN, COLUMNS_MAX);
    let view = View { picture, width: columns - LABELS - 1, color: screen.color };
    let mut out = format!("{}\n", shortened(&picture.title, columns));
    for units in picture.panels() {
        for (unit, lines) in units {
            view.panel(&mut out, unit, &lines);
        }
    }
    view.axis(&mut out);
    view.lanes(&mut out);
    view.marks(&mut out, columns);
    if !picture.note.is_empty() {
        out += &format!("{}\n", shortened(&picture.note, columns));
    }
    out
}

struct View<'a> {
    picture: &'a Picture,
    width: usize,
    color: bool,
}

impl View<'_> {
    fn panel(&self, out: &mut String, unit: &str, lines: &[usize]) {
        let many = lines.len() > 1;
        for index in lines {
            let line = &self.picture.lines[*index];
            let dots = &line.dots;
            let low = dots.iter().map(|dot| dot.min).reduce(f64::min);
            let high = dots.iter().map(|dot| dot.max).reduce(f64::max);
            let number = |value| Value::Number(value).to_string();
            let told = match low.zip(high) {
                None => "no readings in this range".to_owned(),
                Some(_) if !line.names.is_empty() => {
                    shortened(&line.names.join(", "), self.width / 2)
                }
                Some((low, high)) => {
                    format!("{} to {} {}", number(low), number(high), printable(unit))
                }
            };
            let name = shortened(&line.name, 40);
            let sign =
                if many { format!("{} ", self.colored("━━", *index)) } else { String::new() };
            let text = format!("{:LABELS$} {sign}{name}: {}", "", told.trim_end());
            out.push_str(&text);
            out.push('\n');
        }
        let Some(axis) = self.picture.axis(lines, None) else { return };
        let labels = self.picture.labels(lines, &axis);
        let canvas = self.canvas(&axis, lines);
        for row in 0..ROWS {
            let label = labels.iter().find(|(value, _)| self.row_of(&axis, *value) == row);
            let label = label.map_or(String::new(), |(_, text)| shortened(text, LABELS));
            let edge = if label.is_empty() { '│' } else { '┤' };
            let _ = write!(out, "{label:>LABELS$}{edge}");
            out.push_str(self.row(&canvas, row).trim_end());
            out.push('\n');
        }
    }

    fn canvas(&self, axis: &Axis, lines: &[usize]) -> Canvas {
        let mut canvas = Canvas::new(self.width, ROWS);
        // Cells of a screen: small numbers.
        let height = (ROWS * 4 - 1) as f64;
        let y = |value: f64| {
            let share = (value - axis.low) / (axis.high - axis.low);
            ((1.0 - share) * height).round() as i64
        };
        for index in lines {
            let line = &self.picture.lines[*index];
            for run in runs(line) {
                let mut last = None;
                for dot in run {
                    let x = self.dot_of(dot.at);
                    let at = (x, y(dot.value));
                    let corner = last.filter(|_| line.steps).map(|(_, y)| (x, y));
                    if let Some(from) = last {
                        canvas.stroke(from, corner.unwrap_or(at), *index);
                    }
                    canvas.stroke(corner.unwrap_or(at), at, *index);
                    if lines.len() == 1 && !line.steps {
                        canvas.stroke((x, y(dot.max)), (x, y(dot.min)), *index);
                    }
                    last = Some(at);
                }
            }
        }
        canvas
    }

    fn row(&self, canvas: &Canvas, row: usize) -> String {
        let cell = |column| match canvas.at(column, row) {
            Some((drawn, line)) => self.colored(&drawn.to_string(), line),
            None => " ".to_owned(),
        };
        (0..self.width).map(cell).collect()
    }

    fn row_of(&self, axis: &Axis, value: f64) -> usize {
        let share = (value - axis.low) / (axis.high - axis.low);
        ((1.0 - share) * (ROWS * 4 - 1) as f64).round() as usize / 4
    }

    /// The column of dots of an instant.
    fn dot_of(&self, ms: i64) -> i64 {
        let (from, until) = (self.picture.start_ms(), self.picture.end_ms());
        let share = (ms - from) as f64 / (until - from) as f64;
        (share * (self.width * 2 - 1) as f64).round() as i64
    }

    fn column_of(&self, ms: i64) -> usize {
        usize::try_from(self.dot_of(ms).max(0)).unwrap_or(0) / 2
    }

    fn axis(&self, out: &mut String) {
        let most = (self.width / TICK).max(2);
        let (from, until) = (self.picture.start_ms(), self.picture.end_ms());
        let ticks = calendar::ticks(from, until, &self.picture.zone, most);
        let at: Vec<usize> = ticks.iter().map(|tick| self.column_of(tick.at)).collect();
        let line: String =
            (0..self.width).map(|column| if at.contains(&column) { '┬' } else { '─' }).collect();
        let _ = writeln!(out, "{:LABELS$}└{line}", "");
        for text in [|tick: &Tick| tick.text.clone(), |tick: &Tick| tick.below.clone()] {
            let labels = self.labels(&ticks, text);
            if !labels.trim().is_empty() {
                let _ = writeln!(out, "{:LABELS$} {}", "", labels.trim_end());
            }
        }
    }

    /// Labels centered below their columns, without touching each other.
    fn labels(&self, ticks: &[Tick], text: impl Fn(&Tick) -> String) -> String {
        let mut row = String::new();
        let mut used = 0;
        for tick in ticks {
            let text = text(tick);
            let length = text.chars().count();
            let start = self.column_of(tick.at).saturating_sub(length / 2);
            let start = start.min(self.width.saturating_sub(length));
            if length == 0 || used > 0 && start < used + 1 {
                continue;
            }
            row.extend(std::iter::repeat_n(' ', start - used));
            row.push_str(&text);
            used = start + length;
        }
        row
    }

    fn lanes(&self, out: &mut String) {
        let night =
            Lane { name: "night".to_owned(), on: self.picture.nights.clone(), off: Vec::new() };
        let nights = (!night.on.is_empty()).then_some((&night, '░'));
        let outputs = self.picture.lanes.iter().map(|lane| (lane, '█'));
        for (lane, full) in nights.into_iter().chain(outputs) {
            let mut row = vec![' '; self.width];
            let mut fill = |bands: &[std::ops::Range<jiff::Timestamp>], with: char| {
                for band in bands {
                    let from = self.column_of(band.start.as_millisecond());
                    // The end is not included: a band that ends with a column leaves it.
                    let until = self.column_of(band.end.as_millisecond() - 1);
                    for cell in row.iter_mut().take(until + 1).skip(from) {
                        *cell = with;
                    }
                }
            };
            fill(&lane.off, '·');
            fill(&lane.on, full);
            let row: String = row.into_iter().collect();
            let _ = writeln!(out, "{:>LABELS$} {}", shortened(&lane.name, LABELS), row.trim_end());
        }
    }

    fn marks(&self, out: &mut String, columns: usize) {
        let marks = &self.picture.marks;
        for mark in marks.iter().take(MARKS_TOLD) {
            let time = self.picture.zone.to_datetime(mark.at).strftime("%-d %b %H:%M").to_string();
            let text = shortened(&mark.text, columns - LABELS - 1);
            let _ = writeln!(out, "{time:>LABELS$} {text}");
        }
        if marks.len() > MARKS_TOLD {
            let more = marks.len() - MARKS_TOLD;
            let _ = writeln!(out, "{:LABELS$} and {more} more: see `sunkeep journal`", "");
        }
    }

    fn colored(&self, text: &str, line: usize) -> String {
        match self.color {
            true => format!("\x1b[{}m{text}\x1b[0m", COLORS[line % COLORS.len()]),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
