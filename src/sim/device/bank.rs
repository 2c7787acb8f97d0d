//! A device's registers and what they hold.
//!
//! The catalogue says which registers a family has, how wide they are, what
//! *not available* looks like and what a write costs; this module remembers
//! their bytes and counts what reaches the flash. It knows nothing of HEX
//! frames or of what registers do.

use std::collections::BTreeMap;

use crate::sim::faults::Faults;
use crate::vedirect::hex::Flags;
use crate::vedirect::register::{Register, Type, Wear, of_family};

use super::Kind;
use super::defaults::{self, Initial};

/// One register and its bytes.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The register's row in the catalogue.
    pub row: &'static Register,
    bytes: Vec<u8>,
    initial: Vec<u8>,
}

impl Slot {
    /// The bytes it holds, little endian.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number it holds, before scaling; `None` for texts and void.
    #[must_use]
    pub fn raw(&self) -> Option<i64> {
        number(self.row.kind, &self.bytes)
    }
}

/// What a write came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The flags of the answer.
    pub flags: Flags,
    /// The value of the answer.
    pub answer: Vec<u8>,
    /// The register holds what was asked, or the nearest it accepts.
    pub accepted: bool,
}

/// All registers of one device.
#[derive(Debug)]
pub struct Bank {
    slots: BTreeMap<u16, Slot>,
    stored_writes: BTreeMap<u16, u64>,
}

impl Bank {
    /// The registers a new device of this kind has.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        let slots = of_family(kind.family())
            .into_iter()
            .filter(|row| !defaults::is_absent(kind, row.id) && row.kind != Type::Record)
            .map(|row| {
                let bytes = initial_bytes(kind, row);
                let initial = bytes.clone();
                (row.id, Slot { row, bytes, initial })
            })
            .collect();
        Self { slots, stored_writes: BTreeMap::new() }
    }

    /// A register, if the device has it.
    #[must_use]
    pub fn get(&self, id: u16) -> Option<&Slot> {
        self.slots.get(&id)
    }

    /// All registers by id.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.values()
    }

    /// The number a register holds, before scaling; 0 without such a register.
    #[must_use]
    pub fn raw(&self, id: u16) -> i64 {
        self.get(id).and_then(Slot::raw).unwrap_or(0)
    }

    /// The number a register holds, in its unit; `None` when not available.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "registers have 32 bits at most")]
    pub fn value(&self, id: u16) -> Option<f64> {
        let slot = self.get(id)?;
        let raw = slot.raw()?;
        let available = slot.row.sentinel.map(|s| signed(slot.row.kind, s)) != Some(raw);
        available.then_some(raw as f64 * slot.row.scale + slot.row.offset)
    }

    /// Puts bytes into a register from within the device; nothing is counted.
    pub fn put(&mut self, id: u16, bytes: &[u8]) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.bytes = bytes.to_vec();
        }
    }

    /// Puts a raw number into a register from within the device.
    pub fn put_raw(&mut self, id: u16, raw: i64) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.bytes = bytes_of(slot.row.kind, raw);
        }
    }

    /// Puts a number in the register's unit, `None` as *not available*.
    #[allow(clippy::cast_possible_truncation, reason = "clamped by the width of the register")]
    pub fn put_value(&mut self, id: u16, value: Option<f64>) {
        let Some(slot) = self.slots.get_mut(&id) else {
            return;
        };
        let raw = match (value, slot.row.sentinel) {
            (Some(value), _) => ((value - slot.row.offset) / slot.row.scale).round() as i64,
            (None, Some(sentinel)) => i64::from(sentinel),
            (None, None) => 0,
        };
        slot.bytes = bytes_of(slot.row.kind, raw);
    }

    /// Writes as a host does: with permissions, range, and the flash counted.
    pub fn write(&mut self, id: u16, bytes: &[u8], faults: &Faults) -> Written {
        let Some(slot) = self.slots.get_mut(&id) else {
            return refused(Flags::UNKNOWN_ID, &[]);
        };
        if !slot.row.writable {
            return refused(Flags::NOT_SUPPORTED, &[]);
        }
        let (flags, kept, answer) = match number(slot.row.kind, bytes) {
            Some(raw) => {
                let nearest = nearest(slot.row, raw);
                let flags = if nearest == raw { Flags(0) } else { Flags::PARAMETER_ERROR };
                let kept = bytes_of(slot.row.kind, faults.kept(id, nearest));
                (flags, kept, bytes_of(slot.row.kind, nearest))
            }
            // An action takes no value and ignores one.
            None if slot.row.kind == Type::Void => (Flags(0), Vec::new(), Vec::new()),
            None if slot.row.kind == Type::Text && fits(slot.row, bytes) => {
                (Flags(0), bytes.to_vec(), bytes.to_vec())
            }
            None => return refused(Flags::PARAMETER_ERROR, &slot.bytes),
        };
        slot.bytes = kept;
        if slot.row.wear.costs() {
            *self.stored_writes.entry(id).or_default() += 1;
        }
        Written { flags, answer, accepted: true }
    }

    /// Loses what is not stored, as a restart does.
    pub fn forget_volatile(&mut self) {
        for slot in self.slots.values_mut() {
            if slot.row.wear == Wear::Volatile {
                slot.bytes.clone_from(&slot.initial);
            }
        }
    }

    /// Puts one register back to what a new device holds.
    pub fn forget(&mut self, id: u16) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.bytes.clone_from(&slot.initial);
        }
    }

    /// Factory defaults for all settings; identity and measurements stay.
    pub fn restore_defaults(&mut self) {
        for slot in self.slots.values_mut() {
            if slot.row.writable {
                slot.bytes.clone_from(&slot.initial);
            }
        }
    }

    /// Writes that reached the flash, or may have, by register.
    #[must_use]
    pub fn stored_writes(&self) -> &BTreeMap<u16, u64> {
        &self.stored_writes
    }
}

fn refused(flags: Flags, answer: &[u8]) -> Written {
    Written { flags, answer: answer.to_vec(), accepted: false }
}

/// A text is no longer than its register.
#[allow(clippy::cast_precision_loss, reason = "texts are short")]
fn fits(row: &Register, bytes: &[u8]) -> bool {
    row.range.is_none_or(|(_, longest)| bytes.trim_ascii_end().len() as f64 <= longest)
}

/// The raw number within the register's range that is closest to `raw`.
#[allow(clippy::cast_precision_loss, reason = "registers have 32 bits at most")]
#[allow(clippy::cast_possible_truncation, reason = "range bounds are small numbers")]
fn nearest(row: &Register, raw: i64) -> i64 {
    let Some((low, high)) = row.range else {
        return raw;
    };
    if row.sentinel.map(|s| signed(row.kind, s)) == Some(raw) {
        return raw;
    }
    let of = |value: f64| ((value - row.offset) / row.scale).round() as i64;
    raw.clamp(of(low).min(of(high)), of(high).max(of(low)))
}

fn initial_bytes(kind: Kind, row: &Register) -> Vec<u8> {
    match (defaults::initial(kind, row.id), row.kind) {
        (_, Type::Void | Type::Record) => Vec::new(),
        (Some(Initial::Text(text)), _) => text_bytes(text),
        (Some(Initial::Raw(raw)), _) => bytes_of(row.kind, raw),
        (None, Type::Text) => text_bytes(""),
        (None, width) => bytes_of(width, row.sentinel.map_or(0, i64::from)),
    }
}

/// A text as registers hold it, with its terminating zero.
pub fn text_bytes(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

fn bytes_of(kind: Type, raw: i64) -> Vec<u8> {
    raw.to_le_bytes()[..kind.width()].to_vec()
}

/// The number in a register's bytes; `None` when the width is wrong or there
/// is none.
fn number(kind: Type, bytes: &[u8]) -> Option<i64> {
    if kind.width() == 0 || bytes.len() != kind.width() {
        return None;
    }
    let unsigned = bytes.iter().rev().fold(0u32, |n, b| n << 8 | u32::from(*b));
    Some(signed(kind, unsigned))
}

/// Reads a raw number with the register's sign.
fn signed(kind: Type, raw: u32) -> i64 {
    match kind {
        Type::I16 => i64::from(raw as u16 as i16),
        Type::I32 => i64::from(raw as i32),
        _ => i64::from(raw),
    }
}
