//! The picture as SVG: panels of lines, lanes of outputs, nights, marks.
//!
//! Readable on white and on paper, in colors that people who see few colors can
//! tell apart. Width is given; the height grows with what there is to show.

mod ink;
mod panel;
mod pen;

use super::axis::Axis;
use super::calendar::{self, Tick};
use super::runs::runs;
use super::{Dot, Lane, Picture, printable, shortened};
use ink::{ALARM, FAINT, GRID, NIGHT, OFF, ON, PAPER, TEXT, color};
use panel::{Panel, Side, legend, legend_width, told};
use pen::{Anchor, Pen};

/// The width of a picture in pixels.
const WIDTH: f64 = 1000.0;
const MARGIN: f64 = 18.0;
/// Room for the numbers of an axis.
const AXIS: f64 = 46.0;
const TITLE: f64 = 52.0;
const LEGEND_ROW: f64 = 20.0;
/// From word to word of an axis.
const WORD_ROW: f64 = 24.0;
const LANE: f64 = 20.0;
const TICKS: f64 = 40.0;
const MARK_ROW: f64 = 17.0;
/// A label of the time axis needs this much room.
const TICK_WIDTH: f64 = 92.0;
/// Of 11 pixels high letters, on average.
const LETTER: f64 = 6.3;
/// The longest name of an output that is written out.
const NAME: usize = 18;
/// The most marks whose text is told; all of them are drawn up to the next bound.
const MARKS_TOLD: usize = 8;
/// More marks than this are a grey smear.
const MARKS_DRAWN: usize = 300;

/// Draws a picture as an SVG document.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let sheet = Sheet::new(picture);
    let mut text = String::new();
    {
        let pen = Pen::new(&mut text, WIDTH, sheet.height);
        sheet.draw(&pen);
    }
    pen::with_header(&text, WIDTH, sheet.height, &printable(&picture.title))
}

/// Where everything stands.
struct Sheet<'a> {
    picture: &'a Picture,
    panels: Vec<Panel<'a>>,
    ticks: Vec<Tick>,
    left: f64,
    right: f64,
    lanes_top: f64,
    marks_top: f64,
    axis_top: f64,
    height: f64,
}

impl<'a> Sheet<'a> {
    fn new(picture: &'a Picture) -> Self {
        let groups = picture.panels();
        let words = picture.lines.iter().flat_map(|line| &line.names);
        let written = picture.lanes.iter().map(|lane| &lane.name).chain(words);
        let longest = written.map(|name| name.chars().count().min(NAME)).max();
        // Counts of letters are small.
        let names = longest.map_or(0.0, |letters| letters as f64 * LETTER + 10.0);
        let left = MARGIN + AXIS.max(names);
        let two_axes = groups.iter().any(|units| units.len() > 1);
        let right = WIDTH - MARGIN - if two_axes { AXIS } else { 8.0 };
        let legends = groups.iter().map(|units| legend(picture, units, right - left)).collect();
        let mut sheet = Self {
            picture,
            panels: Vec::new(),
            ticks: calendar::ticks(
                picture.start_ms(),
                picture.end_ms(),
                &picture.zone,
                ((right - left) / TICK_WIDTH) as usize,
            ),
            left,
            right,
            lanes_top: 0.0,
            marks_top: 0.0,
            axis_top: 0.0,
            height: 0.0,
        };
        sheet.stack(groups, legends);
        sheet
    }

    /// Puts everything below each other.
    fn stack(&mut self, groups: Vec<Vec<(&'a str, Vec<usize>)>>, legends: Vec<Vec<Vec<usize>>>) {
        let usual = if groups.len() > 1 { 190.0 } else { 270.0 };
        let mut y = TITLE;
        for (units, legend) in groups.into_iter().zip(legends) {
            let top = y + legend.len() as f64 * LEGEND_ROW + 8.0;
            let words = units.first().map_or(0, |(_, lines)| self.picture.names(lines).len());
            let height = if words > 0 { (words + 1) as f64 * WORD_ROW } else { usual };
            self.panels.push(Panel::new(self.picture, units, legend, (top, top + height)));
            y = top + height + 14.0;
        }
        self.lanes_top = y - 4.0;
        self.marks_top = self.lanes_top + self.picture.lanes.len() as f64 * LANE;
        let marks = if self.picture.marks.is_empty() { 0.0 } else { LANE };
        self.axis_top = self.marks_top + marks;
        let told = self.picture.marks.len().min(MARKS_TOLD + 1) as f64;
        self.height = self.axis_top + TICKS + told * MARK_ROW + 26.0;
    }

    fn x(&self, ms: i64) -> f64 {
        let (from, until) = (self.picture.start_ms(), self.picture.end_ms());
        let share = (ms - from) as f64 / (until - from) as f64;
        self.left + share.clamp(0.0, 1.0) * (self.right - self.left)
    }

    fn draw(&self, pen: &Pen<'_>) {
        pen.rect((0.0, 0.0), (WIDTH, self.height), PAPER, 1.0);
        self.heading(pen);
        self.nights(pen);
        self.time_axis(pen);
        for panel in &self.panels {
            self.panel(pen, panel);
        }
        for (index, lane) in self.picture.lanes.iter().enumerate() {
            self.lane(pen, lane, self.lanes_top + index as f64 * LANE);
        }
        self.marks(pen);
        pen.text(
            (self.left, self.height - 10.0),
            &printable(&self.picture.note),
            11.0,
            FAINT,
            Anchor::Start,
        );
    }

    fn heading(&self, pen: &Pen<'_>) {
        pen.bold((MARGIN, 26.0), &shortened(&self.picture.title, 100), 17.0, TEXT);
        let time = |at: jiff::Timestamp| {
            self.picture.zone.to_datetime(at).strftime("%-d %b %Y %H:%M").to_string()
        };
        let range = &self.picture.range;
        let zone = self.picture.zone.iana_name().unwrap_or("local time");
        let text = format!("{} to {}, {zone}", time(range.start), time(range.end));
        pen.text((MARGIN, 44.0), &text, 12.0, FAINT, Anchor::Start);
    }

    fn bottom(&self) -> f64 {
        self.axis_top
    }

    fn nights(&self, pen: &Pen<'_>) {
        let bands = self.panels.iter().map(|panel| (panel.top, panel.bottom));
        let below = (self.lanes_top, self.bottom());
        for (top, bottom) in bands.chain([below]).filter(|(top, bottom)| bottom > top) {
            for night in &self.picture.nights {
                let (from, until) = (night.start.as_millisecond(), night.end.as_millisecond());
                pen.rect((self.x(from), top), (self.x(until), bottom), NIGHT, 1.0);
            }
        }
    }

    fn time_axis(&self, pen: &Pen<'_>) {
        let y = self.bottom();
        pen.line((self.left, y), (self.right, y), FAINT, 1.0);
        for tick in &self.ticks {
            let x = self.x(tick.at);
            for panel in &self.panels {
                pen.line((x, panel.top), (x, panel.bottom), GRID, 0.75);
            }
            pen.line((x, y), (x, y + 5.0), FAINT, 1.0);
            pen.text((x, y + 18.0), &tick.text, 12.0, TEXT, Anchor::Middle);
            // A date below the last label would end beyond the paper.
            let half = tick.below.chars().count() as f64 * LETTER / 2.0;
            let below = x.clamp(half, (WIDTH - 4.0 - half).max(half));
            pen.text((below, y + 33.0), &tick.below, 11.0, FAINT, Anchor::Middle);
        }
    }

    fn panel(&self, pen: &Pen<'_>, panel: &Panel<'_>) {
        for (row, lines) in panel.legend.iter().enumerate() {
            let y = panel.top - 10.0 - (panel.legend.len() - 1 - row) as f64 * LEGEND_ROW;
            self.legend(pen, lines, y);
        }
        for (side, Side { unit, lines, axis }) in panel.sides.iter().enumerate() {
            let Some(axis) = axis else { continue };
            let color =
                if lines.len() == 1 && panel.sides.len() > 1 { color(lines[0]) } else { FAINT };
            let (x, anchor) = if side == 0 {
                (self.left - 7.0, Anchor::End)
            } else {
                (self.right + 7.0, Anchor::Start)
            };
            for (value, label) in self.picture.labels(lines, axis) {
                let y = panel.height_of(axis, value);
                if side == 0 {
                    pen.line((self.left, y), (self.right, y), GRID, 0.75);
                }
                pen.text((x, y + 4.0), &label, 11.0, color, anchor);
            }
            pen.text((x, panel.top - 10.0), &printable(unit), 11.0, color, anchor);
        }
        if panel.sides.iter().all(|side| side.axis.is_none()) {
            let middle = ((self.left + self.right) / 2.0, (panel.top + panel.bottom) / 2.0);
            pen.text(middle, "no readings in this range", 14.0, FAINT, Anchor::Middle);
        }
        pen.frame((self.left, panel.top), (self.right, panel.bottom), OFF);
        for Side { lines, axis, .. } in &panel.sides {
            let Some(axis) = axis else { continue };
            for index in lines {
                self.envelope(pen, panel, axis, *index);
            }
            for index in lines {
                self.line(pen, panel, axis, *index);
            }
        }
    }

    fn legend(&self, pen: &Pen<'_>, lines: &[usize], y: f64) {
        let mut x = self.left + 4.0;
        for index in lines {
            let text = told(&self.picture.lines[*index]);
            pen.line((x, y - 4.0), (x + 18.0, y - 4.0), color(*index), 3.0);
            pen.text((x + 24.0, y), &text, 12.0, TEXT, Anchor::Start);
            x += legend_width(&text);
        }
    }

    fn envelope(&self, pen: &Pen<'_>, panel: &Panel<'_>, axis: &Axis, index: usize) {
        let line = &self.picture.lines[index];
        if line.steps {
            return;
        }
        for run in runs(line).into_iter().filter(|run| run.iter().any(|dot| dot.min < dot.max)) {
            let at = |dot: &Dot, value: f64| (self.x(dot.at), panel.height_of(axis, value));
            if let [dot] = run {
                let (x, top) = at(dot, dot.max);
                pen.line((x, top), at(dot, dot.min), color(index), 1.0);
                continue;
            }
            let above = run.iter().map(|dot| at(dot, dot.max));
            let below = run.iter().rev().map(|dot| at(dot, dot.min));
            pen.polygon(&above.chain(below).collect::<Vec<_>>(), color(index), 0.22);
        }
    }

    fn line(&self, pen: &Pen<'_>, panel: &Panel<'_>, axis: &Axis, index: usize) {
        let line = &self.picture.lines[index];
        for run in runs(line) {
            let at = |ms: i64, dot: &Dot| (self.x(ms), panel.height_of(axis, dot.value));
            match run {
                [dot] if !line.steps => pen.dot(at(dot.at, dot), 1.8, color(index)),
                _ if line.steps => {
                    let half = line.step_ms / 2;
                    let until = |place: usize, dot: &Dot| run.get(place + 1).unwrap_or(dot).at;
                    let corners = run.iter().enumerate().flat_map(|(place, dot)| {
                        let next = until(place, dot);
                        let end =
                            if next > dot.at { next - half } else { dot.at + line.step_ms - half };
                        [at(dot.at - half, dot), at(end, dot)]
                    });
                    pen.path(&corners.collect::<Vec<_>>(), color(index), 1.6);
                }
                _ => {
                    let points: Vec<_> = run.iter().map(|dot| at(dot.at, dot)).collect();
                    pen.path(&points, color(index), 1.6);
                }
            }
        }
    }

    fn lane(&self, pen: &Pen<'_>, lane: &Lane, top: f64) {
        let middle = top + LANE / 2.0;
        pen.text(
            (self.left - 7.0, middle + 4.0),
            &shortened(&lane.name, NAME),
            11.0,
            TEXT,
            Anchor::End,
        );
        let x = |at: jiff::Timestamp| self.x(at.as_millisecond());
        for band in &lane.off {
            pen.line((x(band.start), middle), (x(band.end), middle), OFF, 1.5);
        }
        for band in &lane.on {
            // A second of heat in a month is still to be seen.
            let right = x(band.end).max(x(band.start) + 0.75);
            pen.rect((x(band.start), middle - 6.0), (right, middle + 6.0), ON, 1.0);
        }
    }

    fn marks(&self, pen: &Pen<'_>) {
        let marks = &self.picture.marks;
        let y = self.marks_top + LANE / 2.0;
        if marks.is_empty() {
            return;
        }
        pen.text((self.left - 7.0, y + 4.0), "journal", 11.0, TEXT, Anchor::End);
        let ink = |alarm: bool| if alarm { ALARM } else { FAINT };
        let rows = self.axis_top + TICKS + MARK_ROW;
        let mut free_from = f64::MIN;
        for (index, mark) in marks.iter().enumerate().take(MARKS_DRAWN) {
            let x = self.x(mark.at.as_millisecond());
            for panel in &self.panels {
                pen.line((x, panel.top), (x, panel.bottom), ink(mark.alarm), 0.5);
            }
            pen.dot((x, y), 3.2, ink(mark.alarm));
            if index >= MARKS_TOLD {
                continue;
            }
            let number = (index + 1).to_string();
            if x >= free_from {
                pen.text((x + 6.0, y + 4.0), &number, 11.0, ink(mark.alarm), Anchor::Start);
                free_from = x + 14.0;
            }
            let time = self.picture.zone.to_datetime(mark.at).strftime("%-d %b %H:%M");
            let text = shortened(&format!("{number}. {time}: {}", mark.text), 140);
            pen.text(
                (self.left, rows + index as f64 * MARK_ROW),
                &text,
                11.0,
                ink(mark.alarm),
                Anchor::Start,
            );
        }
        if marks.len() > MARKS_TOLD {
            let text = format!("and {} more: see `sunkeep journal`", marks.len() - MARKS_TOLD);
            let y = rows + MARKS_TOLD as f64 * MARK_ROW;
            pen.text((self.left, y), &text, 11.0, FAINT, Anchor::Start);
        }
    }
}

#[cfg(test)]
mod tests;
