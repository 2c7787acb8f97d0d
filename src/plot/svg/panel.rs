//! One panel of a picture: its axes, and the rows of its legend.
//!
//! Worked out before anything is drawn, because a legend's rows decide where the
//! panel begins.

use super::LETTER;
use crate::plot::axis::Axis;
use crate::plot::{Line, Picture, printable, shortened};
use crate::units::Value;

/// Where a panel stands and what is on it.
pub struct Panel<'a> {
    /// The left axis, then the right one if there is one.
    pub sides: Vec<Side<'a>>,
    /// Lines by row of the legend.
    pub legend: Vec<Vec<usize>>,
    /// The upper edge.
    pub top: f64,
    /// The lower edge.
    pub bottom: f64,
}

/// One axis and what is measured on it.
pub struct Side<'a> {
    /// The unit's symbol.
    pub unit: &'a str,
    /// Its lines.
    pub lines: Vec<usize>,
    /// `None`: nothing was heard.
    pub axis: Option<Axis>,
}

impl<'a> Panel<'a> {
    pub fn new(
        picture: &Picture,
        units: Vec<(&'a str, Vec<usize>)>,
        legend: Vec<Vec<usize>>,
        (top, bottom): (f64, f64),
    ) -> Self {
        Self { sides: axes(picture, units), legend, top, bottom }
    }

    /// Where a value stands.
    pub fn height_of(&self, axis: &Axis, value: f64) -> f64 {
        let share = (value - axis.low) / (axis.high - axis.low);
        self.bottom - share.clamp(0.0, 1.0) * (self.bottom - self.top)
    }
}

/// The axes of a panel: as many steps on the right as on the left, so that the labels
/// stand at the same heights, and as little room to spare as that allows.
fn axes<'a>(picture: &Picture, units: Vec<(&'a str, Vec<usize>)>) -> Vec<Side<'a>> {
    let spare = |intervals: u32| -> f64 {
        let axis =
            |lines: &Vec<usize>| picture.extent(lines).zip(picture.axis(lines, Some(intervals)));
        let known = units.iter().filter_map(|(_, lines)| axis(lines));
        known.map(|(extent, axis)| axis.spare(extent)).product()
    };
    let better = |best: u32, next: u32| if spare(next) < spare(best) * 0.95 { next } else { best };
    let intervals = [4, 5, 3, 6].into_iter().reduce(better).unwrap_or(4);
    let sides = units.into_iter();
    sides
        .map(|(unit, lines)| Side { unit, axis: picture.axis(&lines, Some(intervals)), lines })
        .collect()
}

/// Lines of a panel, row by row of its legend.
pub fn legend(picture: &Picture, units: &[(&str, Vec<usize>)], width: f64) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = Vec::new();
    let mut left = 0.0;
    for index in units.iter().flat_map(|(_, lines)| lines) {
        let needed = legend_width(&told(&picture.lines[*index]));
        match rows.last_mut() {
            Some(row) if needed <= left => {
                row.push(*index);
                left -= needed;
            }
            _ => {
                rows.push(vec![*index]);
                left = width - needed;
            }
        }
    }
    rows
}

pub fn legend_width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER * 12.0 / 11.0 + 48.0
}

/// `shunt.soc: 29.8 to 100 %`
pub fn told(line: &Line) -> String {
    let extent = line.dots.iter().fold(None, |found: Option<(f64, f64)>, dot| {
        let (low, high) = found.unwrap_or((dot.min, dot.max));
        Some((low.min(dot.min), high.max(dot.max)))
    });
    let name = shortened(&line.name, 40);
    let number = |value: f64| Value::Number(value).to_string().replace('-', "−");
    let unit =
        if line.unit.is_empty() { String::new() } else { format!(" {}", printable(&line.unit)) };
    match extent {
        None => format!("{name}: no readings"),
        Some(_) if !line.names.is_empty() => {
            format!("{name}: {}", shortened(&line.names.join(", "), 90))
        }
        Some((low, high)) if low == high => format!("{name}: {}{unit}", number(low)),
        Some((low, high)) => format!("{name}: {} to {}{unit}", number(low), number(high)),
    }
}
