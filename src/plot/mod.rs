//! Draws what happened: lines of values, outputs on and off, nights, marks.
//!
//! Plain data in, a picture out: [`svg`] for files and pages, [`terminal`] for a
//! screen of characters. Both draw the same [`Picture`], so the command line and
//! a page cannot tell different stories. What is not known is not drawn: a gap
//! stays a gap. Nothing here reads a file or a clock.

mod axis;
mod bands;
mod braille;
mod calendar;
mod night;
mod runs;
mod svg;
mod terminal;

use std::ops::Range;

use axis::Axis;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use bands::{Happened, Ran, Wanted, lane, marks};
pub use night::nights;
pub use svg::svg;
pub use terminal::{Screen, terminal};

/// The most lines in one picture: more cannot be told apart.
pub const LINES_MAX: usize = 12;

/// The most spans of a line: more than pixels show.
pub const DOTS_MAX: usize = 1500;

/// The longest word of an axis.
const WORD: usize = 18;

/// Everything that is drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows, in a line.
    pub title: String,
    /// The range of time.
    pub range: Range<Timestamp>,
    /// The zone of its labels.
    pub zone: TimeZone,
    /// Values, in the order of their legend.
    pub lines: Vec<Line>,
    /// Outputs, from top to bottom.
    pub lanes: Vec<Lane>,
    /// What happened, oldest first.
    pub marks: Vec<Mark>,
    /// When the sun was down; empty where nobody knows.
    pub nights: Vec<Range<Timestamp>>,
    /// How the values were worked out.
    pub note: String,
}

/// One point's values.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The point's name.
    pub name: String,
    /// The unit's symbol; empty for plain numbers.
    pub unit: String,
    /// How long each dot stands for.
    pub step_ms: i64,
    /// Numbers that stand for a state hold until the next; others go over smoothly.
    pub steps: bool,
    /// The words of the values 0, 1, 2 and so on; empty where values are numbers.
    pub names: Vec<String>,
    /// Values, oldest first.
    pub dots: Vec<Dot>,
}

/// What a point was in one span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Unix milliseconds where it is drawn.
    pub at: i64,
    /// The least.
    pub min: f64,
    /// The mean; the last for states.
    pub value: f64,
    /// The greatest.
    pub max: f64,
}

/// When an output was on, when it was off; what is in neither is not known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lane {
    /// The output.
    pub name: String,
    /// When it was read back as on.
    pub on: Vec<Range<Timestamp>>,
    /// When it was read back as off.
    pub off: Vec<Range<Timestamp>>,
}

/// Something that a person may want to see beside the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// Whether it is an alarm.
    pub alarm: bool,
    /// What happened, in a few words.
    pub text: String,
}

impl Picture {
    fn start_ms(&self) -> i64 {
        self.range.start.as_millisecond()
    }

    fn end_ms(&self) -> i64 {
        self.range.end.as_millisecond().max(self.start_ms() + 1)
    }

    /// Lines by unit, two units a panel, in the order of their first line. Words have a
    /// panel of their own: no other axis has its labels at their heights.
    fn panels(&self) -> Vec<Vec<(&str, Vec<usize>)>> {
        let mut units: Vec<(&str, Vec<usize>)> = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let kind = |line: &Line| (line.unit.clone(), line.names.clone());
            let known =
                units.iter_mut().find(|(_, lines)| kind(&self.lines[lines[0]]) == kind(line));
            match known {
                Some((_, lines)) => lines.push(index),
                None => units.push((&line.unit, vec![index])),
            }
        }
        let named = |unit: &(&str, Vec<usize>)| !self.names(&unit.1).is_empty();
        let (words, numbers): (Vec<_>, Vec<_>) = units.into_iter().partition(named);
        let numbers = numbers.chunks(2).map(<[_]>::to_vec);
        numbers.chain(words.into_iter().map(|unit| vec![unit])).collect()
    }

    /// The words of the values of some lines of a panel; they have the same ones.
    fn names(&self, lines: &[usize]) -> &[String] {
        lines.first().map_or(&[], |first| &self.lines[*first].names)
    }

    /// The axis of some lines with so many steps; with words, one for each of them.
    /// `None`: nothing was heard.
    fn axis(&self, lines: &[usize], intervals: Option<u32>) -> Option<Axis> {
        let extent = self.extent(lines)?;
        let unit = lines.first().map_or("", |first| &self.lines[*first].unit);
        Some(match (self.names(lines).len(), intervals) {
            (0, Some(intervals)) => Axis::with(extent, unit, intervals),
            (0, None) => Axis::best(extent, unit),
            (words, _) => Axis::of_words(words),
        })
    }

    /// The labels of an axis, as numbers or as words.
    fn labels(&self, lines: &[usize], axis: &Axis) -> Vec<(f64, String)> {
        let names = self.names(lines);
        if names.is_empty() {
            return axis.labels().collect();
        }
        let words = names.iter().enumerate();
        // A state has a handful of words.
        words.map(|(at, name)| (at as f64, shortened(name, WORD))).collect()
    }

    /// The least and greatest value of some lines.
    fn extent(&self, lines: &[usize]) -> Option<(f64, f64)> {
        let dots = lines.iter().flat_map(|index| &self.lines[*index].dots);
        dots.fold(None, |found, dot| {
            let (low, high) = found.unwrap_or((dot.min, dot.max));
            Some((low.min(dot.min), high.max(dot.max)))
        })
    }
}

/// A text without what a picture or a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A text of at most so many characters.
fn shortened(text: &str, most: usize) -> String {
    let text = printable(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
