//! TEXT labels to the points that registers of the same quantity feed.
//!
//! `V` in mV and register 0xEDD5 in 0.01 V are both `battery_voltage` in V. A
//! label that no table knows passes through under its own name, because
//! firmware is newer than tables. `---` and the numbers a label keeps for it
//! mean *not available*. A known label with a value of the wrong form, which
//! only damage explains, yields nothing: the point then ages instead of lying.

mod labels;

use std::borrow::Cow;

use super::Measurement;
use super::decoder::Block;
use super::hex::Version;
use super::product;
use super::register::{self, Family, version16, version24};
use super::state::Meaning;
use crate::units::{Unit, Value};

pub use labels::LABELS;

/// What is known of one TEXT label.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The label as the vendor writes it; compared without case.
    pub label: &'static str,
    /// The point it feeds, the same as the register of that quantity.
    pub name: &'static str,
    /// How the value is written.
    pub form: Form,
    /// Unit of the point.
    pub unit: Unit,
    /// Names of the numbers.
    pub meaning: Meaning,
    /// The number that means *not available*: -1 for an endless `TTG`.
    pub absent: Option<i64>,
}

/// How the value of a label is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole number, decimal or with `0x`, in this many parts of the unit.
    Number(u16),
    /// `ON` or `OFF`, in any case.
    Switch,
    /// Any text.
    Text,
    /// A version in up to four hex digits: `0408`, `150`, `C208`.
    Firmware,
    /// A version in up to six hex digits, the last two FF once released.
    LongFirmware,
}

/// Who speaks, as far as one block tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Product id, from `PID`.
    pub product: Option<u16>,
    /// Serial number, from `SER#` or `SER`.
    pub serial_number: Option<String>,
    /// Firmware, from `FW` or `FWE`; the kind bits are those that a ping
    /// answers (application, or release candidate for any test version).
    pub firmware: Option<Version>,
}

/// Appends the points of a block to `out`; its family comes from `PID`.
pub fn measure(block: &Block<'_>, out: &mut Vec<Measurement>) {
    measure_as(block, family_of(block), out);
}

/// As [`measure`], for a block that does not say who speaks: the history
/// blocks of a BMV carry no `PID`.
pub fn measure_as(block: &Block<'_>, family: Option<Family>, out: &mut Vec<Measurement>) {
    out.extend(block.fields().filter_map(|(label, value)| measurement(label, value, family)));
}

/// The family that the `PID` of a block tells, if the product is known.
#[must_use]
pub fn family_of(block: &Block<'_>) -> Option<Family> {
    let product = parse_product(block.get("PID")?)?;
    product::find(product).map(|product| product.family)
}

/// Reads who speaks from a block.
#[must_use]
pub fn identity(block: &Block<'_>) -> Identity {
    let short = || parse_version(block.get("FW")?, 4);
    let long = || {
        let raw = parse_version(block.get("FWE")?, 6)?;
        let kind = if raw & 0xFF == 0xFF { APPLICATION } else { CANDIDATE };
        Some(Version(kind | (raw >> 8) as u16))
    };
    let serial_number = block.get("SER#").or_else(|| block.get("SER"));
    Identity {
        product: block.get("PID").and_then(parse_product),
        serial_number: serial_number.and_then(text).map(str::to_owned),
        firmware: short().map(|raw| with_kind(raw as u16)).or_else(long),
    }
}

/// What is known of a label, for a family where it differs.
#[must_use]
pub fn find(label: &[u8], family: Option<Family>) -> Option<&'static Label> {
    let same = |row: &&Label| row.label.as_bytes().eq_ignore_ascii_case(label);
    let own = family.map_or(&[][..], labels::of_family);
    own.iter().find(same).or_else(|| LABELS.iter().find(same))
}

/// The point of one field; `None` where damage is certain.
fn measurement(label: &[u8], value: &[u8], family: Option<Family>) -> Option<Measurement> {
    let Some(row) = find(label, family) else {
        return unknown(label, value, family);
    };
    let value = if is_absent(value) { None } else { row.read(value)? };
    Some(Measurement { name: row.name.into(), unit: row.unit, meaning: row.meaning, value })
}

impl Label {
    /// The value in the point's unit: `Some(None)` is *not available*, `None`
    /// a value of the wrong form.
    fn read(&self, value: &[u8]) -> Option<Option<Value>> {
        let raw = text(value)?;
        Some(match self.form {
            Form::Number(parts) => {
                let number = parse_number(raw)?;
                (self.absent != Some(number))
                    .then(|| Value::Number(number as f64 / f64::from(parts)))
            }
            Form::Switch if raw.eq_ignore_ascii_case("on") => Some(Value::Number(1.0)),
            Form::Switch if raw.eq_ignore_ascii_case("off") => Some(Value::Number(0.0)),
            Form::Switch => return None,
            Form::Text => Some(Value::Text(raw.into())),
            Form::Firmware => Some(Value::Text(version16(parse_version(value, 4)?).into())),
            Form::LongFirmware => Some(Value::Text(version24(parse_version(value, 6)?).into())),
        })
    }
}

/// A label that no table knows, under its own name.
fn unknown(label: &[u8], value: &[u8], family: Option<Family>) -> Option<Measurement> {
    let usable = |byte: &u8| match byte.to_ascii_lowercase() {
        byte @ (b'a'..=b'z' | b'0'..=b'9' | b'_') => char::from(byte),
        _ => '_',
    };
    let mut name: String = label.iter().map(usable).collect();
    if name.is_empty() {
        return None;
    }
    // A future label `STATE` must not feed the point `state` with another quantity.
    let family = family.unwrap_or(Family::Common);
    if register::by_name(family, &name).is_some() || LABELS.iter().any(|row| row.name == name) {
        name.insert_str(0, "text_");
    }
    let text = String::from_utf8_lossy(value);
    let number = parse_number(text.trim()).map(|number| Value::Number(number as f64));
    let value = match number {
        _ if is_absent(value) => None,
        Some(number) => Some(number),
        None => Some(Value::Text(text.into())),
    };
    let name = Cow::Owned(name);
    Some(Measurement { name, unit: Unit::None, meaning: Meaning::Plain, value })
}

/// Kind bits of a version: an application in service.
const APPLICATION: u16 = 0x4000;
/// Kind bits of a version: not released yet.
const CANDIDATE: u16 = 0xC000;

/// `C208` carries its kind bits, `0408` does not.
const fn with_kind(raw: u16) -> Version {
    Version(if raw >> 14 == 0 { raw | APPLICATION } else { raw })
}

fn is_absent(value: &[u8]) -> bool {
    value.trim_ascii() == b"---"
}

/// Printable text without spaces around it; an empty one says nothing.
fn text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value.trim_ascii()).ok()?;
    (!text.is_empty()).then_some(text)
}

fn parse_number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(i64::from),
        None => text
            .parse::<i32>()
            .ok()
            .map(i64::from)
            .or_else(|| text.parse::<u32>().ok().map(i64::from)),
    }
}

fn parse_product(value: &[u8]) -> Option<u16> {
    u16::try_from(parse_number(text(value)?)?).ok()
}

/// Up to `digits` hex digits and nothing else.
fn parse_version(value: &[u8], digits: usize) -> Option<u32> {
    let text = text(value)?;
    let plain = text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if plain { u32::from_str_radix(text, 16).ok() } else { None }
}

#[cfg(test)]
mod tests;
