//! Screens as text.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::*;
use crate::plot::{Dot, Line, Mark};

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millisecond(hours * HOUR).unwrap()
}

fn picture() -> Picture {
    let dot = |hour: i64| {
        let value = if hour < 12 { hour as f64 } else { 24.0 - hour as f64 };
        Dot { at: hour * HOUR, min: value, value, max: value }
    };
    let dots = (0..24).filter(|hour| !(15..18).contains(hour)).map(dot).collect();
    Picture {
        title: "a day".to_owned(),
        range: at(0)..at(24),
        zone: TimeZone::UTC,
        lines: vec![Line {
            name: "p".to_owned(),
            unit: "W".to_owned(),
            step_ms: HOUR,
            steps: false,
            names: Vec::new(),
            dots,
        }],
        lanes: vec![Lane {
            name: "heater".to_owned(),
            on: vec![at(6)..at(12)],
            off: vec![at(0)..at(6)],
        }],
        marks: vec![Mark { at: at(3), alarm: true, text: "alarm\u{1b}[2J".to_owned() }],
        nights: vec![at(18)..at(24)],
        note: String::new(),
    }
}

const NARROW: Screen = Screen { columns: 61, color: false };

#[test]
fn a_day_of_power() {
    let text = terminal(&picture(), NARROW);
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "a day",
            "             p: 0 to 12 W",
            "        12.5┤                       ⢀⡄",
            "            │                     ⢀⠔⠁⠈⠢⢄",
            "        10.0┤                   ⡠⠒⠁     ⠑",
            "            │                 ⡠⠊",
            "         7.5┤               ⡠⠊",
            "            │             ⡠⠊",
            "            │          ⢀⠔⠉                      ⠈⠢⡀",
            "         5.0┤        ⢀⠔⠁                          ⠈⠢⡀",
            "            │      ⢀⠔⠁                              ⠈⠢⡀",
            "         2.5┤    ⣀⠔⠁                                  ⠈⠑⢄",
            "            │  ⡠⠊                                        ⠑⢄",
            "         0.0┤⡠⠊",
            "            └┬───────────┬───────────┬──────────┬───────────┬",
            "             00:00     06:00       12:00      18:00     00:00",
            "             Thu 1 Jan 1970                    Fri 2 Jan 1970",
            "       night                                    ░░░░░░░░░░░░░",
            "      heater ············████████████",
            " 1 Jan 03:00 alarm�[2J",
        ]
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in [0, 40, 47, 80, 133, 1000] {
        let text = terminal(&picture(), Screen { columns, color: false });
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.clamp(40, 240), "{columns}: {widest}\n{text}");
    }
}

#[test]
fn a_terminal_is_not_commanded_by_what_devices_say() {
    let text = terminal(&picture(), NARROW);
    assert!(!text.contains('\u{1b}'), "{text}");
    let colored = terminal(&picture(), Screen { color: true, ..NARROW });
    assert!(colored.contains("\u{1b}[34m") && !colored.contains("\u{1b}[2J"));
}

#[test]
fn nothing_heard_is_said() {
    let mut picture = picture();
    picture.lines[0].dots.clear();
    assert!(terminal(&picture, NARROW).contains("no readings in this range"));
}
