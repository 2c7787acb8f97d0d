//! Values and identities as people read them.

use jiff::Timestamp;

use crate::units::{Unit, Value};
use crate::vedirect::product;
use crate::vedirect::state::Meaning;
use crate::vedirect::text::Identity;

/// A value with its unit, or the name of its state.
pub(super) fn value(value: &Value, unit: Unit, meaning: Meaning) -> String {
    match value.as_number().and_then(|number| meaning.describe(number)) {
        Some(name) => name,
        None if unit == Unit::None => value.to_string(),
        None => format!("{value} {unit}"),
    }
}

/// Product, serial number and firmware, as far as known.
pub(super) fn identity(identity: &Identity) -> String {
    let product = identity.product.map(|id| match product::find(id) {
        Some(product) => product.name.to_owned(),
        None => format!("product 0x{id:04X}"),
    });
    let serial = identity.serial_number.clone();
    let firmware = identity.firmware.map(|firmware| format!("firmware {firmware}"));
    let known: Vec<_> = [product, serial, firmware].into_iter().flatten().collect();
    if known.is_empty() { "not known yet".to_owned() } else { known.join(", ") }
}

/// Seconds are enough for people; UTC everywhere but on screens with a zone.
pub(super) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
