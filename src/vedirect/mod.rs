//! Everything VE.Direct says and can be told, without any I/O.
//!
//! ```text
//! bytes ─► decoder ─► Block (TEXT) ─► text ─────► Measurement ┐
//!                  └► hex::Raw ─► hex::Answer ─► register ────┴► points of the snapshot
//! hex::Request ─► bytes
//! ```
//!
//! Facts live in tables: [`register`] (the HEX catalogue), [`text`] (the TEXT
//! labels), [`state`] (enumerations and bit fields), [`product`] (product ids)
//! and [`record`] (history records). Code that interprets them is small.

pub mod decoder;
pub mod hex;
pub mod product;
pub mod record;
pub mod register;
pub mod state;
pub mod text;

use std::borrow::Cow;

use crate::units::{Unit, Value};

/// One quantity as a device reported it, from TEXT or HEX alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// The point's name within its device, such as `battery_voltage`.
    /// Unknown TEXT labels keep their own name.
    pub name: std::borrow::Cow<'static, str>,
    /// The unit of a numeric value.
    pub unit: Unit,
    /// Names of the numbers, if the quantity is an enumeration or bit field.
    pub meaning: state::Meaning,
    /// `None`: the device says *not available* (`---` or the register's sentinel).
    pub value: Option<Value>,
}

/// A text from a device, without what would move a terminal's cursor or split a
/// line of a log: control characters become `\u{FFFD}`, as invalid UTF-8 does.
#[must_use]
pub fn device_text(bytes: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    let clean = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.trim().chars().map(clean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_number_cannot_paint_the_terminal() {
        for (sent, kept) in [
            (&b"HQ2310ABCDE"[..], "HQ2310ABCDE"),
            (b" MPPT 75/15\r\n", "MPPT 75/15"),
            (b"HQ\x1b[31;5mX", "HQ\u{FFFD}[31;5mX"),
            (b"a\nb\x07", "a\u{FFFD}b\u{FFFD}"),
            (b"\xff\xc3\xa9", "\u{FFFD}\u{e9}"),
        ] {
            assert_eq!(device_text(sent), kept);
        }
    }
}
