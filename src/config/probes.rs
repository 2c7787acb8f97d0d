//! `[probes.NAME]`: a temperature sensor of the board, read as an input.

use std::time::Duration;

use crate::probe::{DEVICE, Probe, Source};
use crate::rules::Input;
use crate::units::Unit;
use crate::vedirect::state::Meaning;

use super::Names;
use super::reader::{Placed, Section};

/// Temperatures of cells and enclosures move slowly, and a sensor warms itself a
/// little with every reading.
const EVERY: Duration = Duration::from_secs(5);
/// A bus that is read more often than this does nothing else.
const EVERY_MIN: Duration = Duration::from_secs(1);
/// Some readings may get lost on a long cable.
const MAX_AGE: Duration = Duration::from_secs(30);
/// Each has a thread.
const PROBES_MAX: usize = 16;
/// Most files hold thousandths of a degree.
const SCALE: f64 = 0.001;

/// Reads all probes, each with the input that it is.
pub(super) fn probes(root: &Section<'_>, names: &mut Names) -> Vec<(Probe, Input)> {
    let mut probes = Vec::new();
    for (name, section) in root.sections("probes") {
        names.take(&section, &name);
        probes.extend(probe(&section, name.value));
        section.done();
    }
    if probes.len() > PROBES_MAX {
        let message = format!("{} probes are too many, {PROBES_MAX} is the most", probes.len());
        root.complain(root.header("probes"), message, "");
    }
    probes
}

fn probe(section: &Section<'_>, name: String) -> Option<(Probe, Input)> {
    let source = source(section);
    let every = section.duration("every").unwrap_or(EVERY);
    if every < EVERY_MIN {
        section.complain(section.header("every"), "`every` is less than a second", "");
    }
    let max_age = section.duration("max_age").unwrap_or(MAX_AGE.max(3 * every));
    if max_age < every {
        let help = "it would be too old before the next one comes";
        section.complain(section.header("max_age"), "`max_age` is shorter than `every`", help);
    }
    let grace = section.duration("grace").unwrap_or(max_age);
    let valid = section.range("valid");
    let input = Input {
        point: format!("{DEVICE}.{name}"),
        name: name.clone(),
        max_age,
        grace,
        unit: Unit::Celsius,
        meaning: Meaning::Plain,
        valid,
        derived: None,
    };
    Some((Probe { name, source: source?, every }, input))
}

fn source(section: &Section<'_>) -> Option<Source> {
    let id = section.text("one_wire");
    let path = section.text("sysfs");
    let scale = section.number("scale", -1000.0, 1000.0);
    match (id, path) {
        (Some(_), Some(path)) => {
            section.complain(path.span, "`sysfs` beside `one_wire`", "a probe is one or the other");
            None
        }
        (Some(id), None) => {
            if let Some(scale) = scale {
                let help = "a 1-wire sensor is known: remove the line";
                section.complain(scale.span, "`scale` is for `sysfs`", help);
            }
            one_wire(section, id)
        }
        (None, Some(Placed { value, span })) if !value.starts_with('/') => {
            let help = "for example \"/sys/class/thermal/thermal_zone0/temp\"";
            section.complain(span, "`sysfs` is no full path", help);
            None
        }
        (None, Some(path)) => Some(Source::Sysfs {
            path: path.value.into(),
            scale: scale.map_or(SCALE, |scale| scale.value),
        }),
        (None, None) => {
            if !section.has("one_wire") && !section.has("sysfs") {
                let help =
                    "`one_wire = \"28-…\"`, see /sys/bus/w1/devices, or `sysfs = \"/sys/…\"`";
                let message = format!("[{}] does not say where it is read", section.path);
                section.complain(section.span.clone(), message, help);
            }
            None
        }
    }
}

/// An id such as `28-0316a2795d2a`; it becomes part of a path.
fn one_wire(section: &Section<'_>, id: Placed<String>) -> Option<Source> {
    let parts = id.value.split_once('-');
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if parts.is_some_and(|(family, serial)| hex(family, 2) && hex(serial, 12)) {
        return Some(Source::OneWire(id.value));
    }
    let help = "such as \"28-0316a2795d2a\"; /sys/bus/w1/devices lists those that are connected";
    section.complain(id.span, format!("\"{}\" is no 1-wire id", id.value), help);
    None
}
