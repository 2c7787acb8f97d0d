//! What the document says, read back from its elements.

use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ink::{COLORS, Ink};
use super::*;
use crate::plot::{Line, Mark};

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millisecond(hours * HOUR).unwrap()
}

fn hours(from: i64, until: i64) -> Range<Timestamp> {
    at(from)..at(until)
}

/// A dot an hour; the envelope is one unit to each side.
fn line(name: &str, unit: &str, values: &[(i64, f64)]) -> Line {
    let dot = |(hour, value): &(i64, f64)| Dot {
        at: hour * HOUR,
        min: value - 1.0,
        value: *value,
        max: value + 1.0,
    };
    let dots = values.iter().map(dot).collect();
    Line {
        name: name.to_owned(),
        unit: unit.to_owned(),
        step_ms: HOUR,
        steps: false,
        names: Vec::new(),
        dots,
    }
}

fn picture(lines: Vec<Line>) -> Picture {
    Picture {
        title: "a day".to_owned(),
        range: hours(0, 24),
        zone: TimeZone::UTC,
        lines,
        lanes: Vec::new(),
        marks: Vec::new(),
        nights: Vec::new(),
        note: String::new(),
    }
}

/// Elements of a kind with a color, as their text.
fn elements<'a>(svg: &'a str, tag: &str, ink: Ink) -> Vec<&'a str> {
    let color = format!("\"#{:02X}{:02X}{:02X}\"", ink.0, ink.1, ink.2);
    let start = format!("<{tag} ");
    svg.lines().filter(|line| line.starts_with(&start) && line.contains(&color)).collect()
}

fn number(element: &str, attribute: &str) -> f64 {
    let (_, rest) = element.split_once(&format!(" {attribute}=\"")).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

fn has(svg: &str, text: &str) -> bool {
    svg.lines().any(|line| line == text)
}

#[test]
fn a_line_has_its_name_its_range_and_its_unit() {
    let svg = svg(&picture(vec![line("shunt.soc", "%", &[(1, 40.0), (2, 42.0), (3, 60.5)])]));
    assert!(has(&svg, "shunt.soc: 39 to 61.5 %"), "{svg}");
    assert!(has(&svg, "%") && has(&svg, "60") && has(&svg, "12:00") && has(&svg, "Thu 1 Jan 1970"));
    assert!(has(&svg, "<title>a day</title>"));
    assert_eq!(elements(&svg, "polygon", COLORS[0]).len(), 1);
}

/// The line itself; the other one of its color is its sample in the legend.
fn strokes(values: &[(i64, f64)]) -> usize {
    let svg = svg(&picture(vec![line("p", "V", values)]));
    elements(&svg, "polyline", COLORS[0]).len() - 1
}

#[test]
fn a_gap_is_not_bridged() {
    assert_eq!(strokes(&[(1, 12.0), (2, 12.5), (3, 12.4), (4, 12.0)]), 1);
    assert_eq!(strokes(&[(1, 12.0), (2, 12.5), (5, 12.4), (6, 12.0)]), 2);
}

#[test]
fn a_value_by_itself_is_a_dot() {
    let svg = svg(&picture(vec![line("p", "V", &[(1, 12.0), (2, 12.0), (9, 12.0)])]));
    assert_eq!(elements(&svg, "circle", COLORS[0]).len(), 1);
}

#[test]
fn units_have_axes_of_their_own_and_more_than_two_a_panel_each() {
    let lines = |units: &[&str]| {
        let one = |unit: &&str| line(&format!("p.{unit}"), unit, &[(1, 3.0), (2, 4.0)]);
        units.iter().map(one).collect::<Vec<_>>()
    };
    let frames = |units: &[&str]| {
        let frame = |element: &&str| element.matches(',').count() == 5;
        elements(&svg(&picture(lines(units))), "polyline", OFF).into_iter().filter(frame).count()
    };
    assert_eq!(frames(&["V"]), 1);
    assert_eq!(frames(&["V", "W", "V"]), 1);
    assert_eq!(frames(&["V", "W", "%", "°C", "A"]), 3);
    let svg = svg(&picture(lines(&["V", "W"])));
    assert!(has(&svg, "V") && has(&svg, "W"));
}

#[test]
fn nights_stand_where_they_were() {
    let mut picture = picture(vec![line("p", "V", &[(1, 12.0), (2, 12.0)])]);
    picture.nights = vec![hours(0, 6), hours(18, 24)];
    let svg = svg(&picture);
    let bands = elements(&svg, "rect", NIGHT);
    assert_eq!(bands.len(), 2);
    let frame = elements(&svg, "polyline", OFF)[0];
    let (left, width) = (number(bands[0], "x"), number(bands[0], "width"));
    assert!(frame.contains(&format!("points=\"{left},")), "{frame}");
    // A quarter of the day each, the second one to the right edge.
    let right = number(bands[1], "x") + number(bands[1], "width");
    assert!(((right - left) / width - 4.0).abs() < 0.01);
}

#[test]
fn an_output_has_its_bands_and_nothing_where_nothing_is_known() {
    let mut picture = picture(vec![line("p", "V", &[(1, 12.0), (2, 12.0)])]);
    picture.lanes =
        vec![Lane { name: "heater".to_owned(), on: vec![hours(3, 6)], off: vec![hours(0, 3)] }];
    let svg = svg(&picture);
    assert!(has(&svg, "heater"));
    assert_eq!(elements(&svg, "rect", ON).len(), 1);
    let width = number(elements(&svg, "rect", ON)[0], "width");
    assert!((width / SCALE_OF_PEN - (WIDTH - 2.0 * MARGIN) / 8.0).abs() < 10.0, "{width}");
}

const SCALE_OF_PEN: f64 = 8.0;

#[test]
fn marks_are_numbered_and_told_below() {
    let mut picture = picture(vec![line("p", "V", &[(1, 12.0), (2, 12.0)])]);
    let mark = |hour| Mark { at: at(hour), alarm: hour == 3, text: format!("mode <{hour}>") };
    picture.marks = (0..12).map(mark).collect();
    let svg = svg(&picture);
    assert!(has(&svg, "4. 1 Jan 03:00: mode &lt;3&gt;"), "{svg}");
    assert!(has(&svg, "and 4 more: see `sunkeep journal`"));
    assert_eq!(elements(&svg, "circle", ALARM).len(), 1);
    assert_eq!(elements(&svg, "circle", FAINT).len(), 11);
}

#[test]
fn nothing_heard_is_said() {
    let svg = svg(&picture(vec![line("shunt.soc", "%", &[])]));
    assert!(has(&svg, "no readings in this range") && has(&svg, "shunt.soc: no readings"));
}

#[test]
fn names_cannot_break_the_document() {
    let mut picture = picture(vec![line("<script>\"&\u{1b}", "<&>", &[(1, 12.0)])]);
    picture.title = "</title><script>".to_owned();
    let svg = svg(&picture);
    assert!(!svg.contains("<script>") && !svg.contains('\u{1b}'), "{svg}");
}

#[test]
fn states_hold_until_the_next() {
    let mut states = line("mppt.state", "", &[(1, 3.0), (2, 5.0)]);
    states.steps = true;
    let svg = svg(&picture(vec![states]));
    let strokes = elements(&svg, "polyline", COLORS[0]);
    // Two corners a value: across, up, across.
    assert!(strokes.iter().any(|stroke| stroke.matches(',').count() == 4), "{strokes:?}");
}

#[test]
fn states_have_their_words_on_an_axis_of_their_own() {
    let mut states = line("mppt.state", "", &[(1, 0.0), (2, 2.0)]);
    (states.steps, states.names) = (true, ["off", "bulk", "float"].map(str::to_owned).to_vec());
    let svg =
        svg(&picture(vec![states, line("p", "V", &[(1, 12.0)]), line("q", "W", &[(1, 1.0)])]));
    for text in ["off", "bulk", "float", "mppt.state: off, bulk, float", "V", "W"] {
        assert!(has(&svg, text), "{text}: {svg}");
    }
    let frame = |element: &&str| element.matches(',').count() == 5;
    assert_eq!(elements(&svg, "polyline", OFF).into_iter().filter(frame).count(), 2);
}
