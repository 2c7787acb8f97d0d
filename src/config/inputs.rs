//! `[inputs.NAME]`: an alias for a point, with its age and range; or a derived
//! input, which is read elsewhere.

use std::collections::BTreeMap;

use crate::problem::nearest;
use crate::rules::{Input, MAX_AGE, Quantity, World};
use crate::vedirect::{register, text};

use super::Names;
use super::derived::Draft;
use super::devices::{Device, known};
use super::reader::{Placed, Section};

/// A value that may not even change by this in a second is a constant.
const RATE_MIN: f64 = 1e-6;
/// Larger than anything a register can jump by.
const RATE_MAX: f64 = 1e6;

/// All inputs of a file.
#[derive(Default)]
pub(super) struct Inputs<'a> {
    /// Those that read a point.
    pub plain: Vec<Input>,
    /// Those that are made of others.
    pub drafts: Vec<Draft<'a>>,
    /// How fast points may change, where it is said.
    pub rates: BTreeMap<String, Option<f64>>,
    /// Names of those that were wrong.
    pub broken: Vec<String>,
}

/// Reads all inputs.
pub(super) fn inputs<'a>(root: &Section<'a>, devices: &[Device], names: &mut Names) -> Inputs<'a> {
    let world = World { quantities: quantities(devices), ..World::default() };
    let mut inputs = Inputs::default();
    for (name, section) in root.sections("inputs") {
        names.take(&section, &name);
        let word = name.value.clone();
        let read = if of_one_kind(&section) {
            Draft::read(section, name).map(|draft| inputs.drafts.push(draft))
        } else {
            rate(&section, &mut inputs.rates);
            let input = input(&section, name, devices, &world);
            section.done();
            input.map(|input| inputs.plain.push(input))
        };
        if read.is_none() {
            inputs.broken.push(word);
        }
    }
    inputs
}

/// How fast the point may change, in its unit a second.
fn rate(section: &Section<'_>, rates: &mut BTreeMap<String, Option<f64>>) {
    let (Some(value), Some(from)) = (section.get("max_rate"), section.get("from")) else {
        return;
    };
    let unlimited = value.get_ref().as_str() == Some("unlimited");
    let limit = if unlimited { None } else { section.number("max_rate", RATE_MIN, RATE_MAX) };
    if let (Some(from), true) = (from.get_ref().as_str(), unlimited || limit.is_some()) {
        rates.insert(from.to_owned(), limit.map(|limit| limit.value));
    }
}

/// Whether an input is derived; complains where it is two things at once.
fn of_one_kind(section: &Section<'_>) -> bool {
    let kinds = ["from", "expression", "first_of"];
    let mut said = kinds.into_iter().filter(|key| section.has(key));
    let first = said.next();
    if let (Some(one), Some(two)) = (first, said.next()) {
        let help = "an input is read, calculated, or the first good one of several: keep one";
        section.complain(section.header(two), format!("`{two}` beside `{one}`"), help);
    }
    matches!(first, Some("expression" | "first_of"))
}

fn input(
    section: &Section<'_>,
    name: Placed<String>,
    devices: &[Device],
    world: &World,
) -> Option<Input> {
    let from = section.text("from");
    if !section.has("from") {
        section.missing("from", "for example \"shunt.soc\"; or an `expression`, or `first_of`");
    }
    let max_age = section.duration("max_age").unwrap_or(MAX_AGE);
    let grace = section.duration("grace").unwrap_or(max_age);
    let valid = section.range("valid");
    let from = from?;
    let quantity = point(section, &from, devices, world)?;
    Some(Input {
        name: name.value,
        point: from.value,
        derived: None,
        max_age,
        grace,
        unit: quantity.unit,
        meaning: quantity.meaning,
        valid,
    })
}

/// The point that `from` names, or a complaint.
fn point(
    section: &Section<'_>,
    from: &Placed<String>,
    devices: &[Device],
    world: &World,
) -> Option<Input> {
    let Some((device, quantity)) = from.value.split_once('.') else {
        let message = format!("`from` names a device and its value, found \"{}\"", from.value);
        section.complain(from.span.clone(), message, "for example \"shunt.soc\"");
        return None;
    };
    known(section, devices, device, &from.span)?;
    if let Some(found) = world.point(device, quantity) {
        return Some(found);
    }
    let help = match nearest(quantity, world.words()) {
        Some(near) => format!("did you mean \"{device}.{near}\"?"),
        None => "`sunkeep registers` lists the names".to_owned(),
    };
    section.complain(from.span.clone(), format!("no device reports `{quantity}`"), &help);
    None
}

/// Everything that some device can report, sorted by name.
///
/// Where families differ, `device.quantity` follows for each device whose family
/// is declared.
#[must_use]
pub fn quantities(devices: &[Device]) -> Vec<Quantity> {
    let rows = register::all().filter(|row| row.readable);
    let rows = rows.map(|row| (row.name, row.unit, row.meaning));
    let labels = text::LABELS.iter().map(|label| (label.name, label.unit, label.meaning));
    let mut by_name = BTreeMap::new();
    for (name, unit, meaning) in rows.chain(labels) {
        by_name.entry(name.to_owned()).or_insert((unit, meaning));
    }
    for device in devices {
        let Some(family) = device.family else {
            continue;
        };
        for row in register::of_family(family) {
            let own = (row.unit, row.meaning);
            if by_name.get(row.name).is_some_and(|general| *general != own) {
                by_name.insert(format!("{}.{}", device.name, row.name), own);
            }
        }
    }
    let quantity = |(name, (unit, meaning))| Quantity { name, unit, meaning };
    by_name.into_iter().map(quantity).collect()
}
