//! Bytes of a register to a value in its unit, and back.
//!
//! A sentinel never becomes a number, and no number becomes a sentinel: a
//! value that rounds to one is refused. Widths are checked, since a device
//! that answers with an unexpected one speaks of something else. Whether a
//! write is wise (deny list, budget, firmware) is not decided here.

use serde::{Deserialize, Serialize};

use super::super::Measurement;
use super::super::hex::Payload;
use super::super::product;
use super::super::record::Record;
use super::super::state::Meaning;
use super::{DecodeError, EncodeError, Layout, Register, Type, text_value};
use crate::units::Value;

/// What the bytes of a register say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Decoded {
    /// A value in the register's unit.
    Value(Value),
    /// The device has none at the moment.
    NotAvailable,
    /// A history record.
    Record(Record),
}

/// What people write to take a value back.
const RELEASE: [&str; 3] = ["release", "none", "disabled"];

/// Longest text of a register without a documented length.
const TEXT_MAX: usize = 32;

impl Register {
    /// Decodes the value bytes of an answer.
    ///
    /// # Errors
    /// A width that neither the register nor a documented variant of it has,
    /// a record of the wrong length, and registers without a value.
    pub fn decode(&self, payload: &[u8]) -> Result<Decoded, DecodeError> {
        let (register, name) = (self.id, self.name);
        match self.kind {
            Type::Void => Err(DecodeError::Void { register, name }),
            Type::Text => Ok(decode_text(payload)),
            Type::Record => Record::decode(self.id, payload)
                .map(Decoded::Record)
                .map_err(|source| DecodeError::Record { register, name, source }),
            _ => self.decode_number(payload),
        }
    }

    /// Decodes into a point of the snapshot; `None` for history records.
    ///
    /// # Errors
    /// As [`Register::decode`].
    pub fn measurement(&self, payload: &[u8]) -> Result<Option<Measurement>, DecodeError> {
        let value = match self.decode(payload)? {
            Decoded::Value(value) => Some(value),
            Decoded::NotAvailable => None,
            Decoded::Record(_) => return Ok(None),
        };
        Ok(Some(Measurement {
            name: self.name.into(),
            unit: self.unit,
            meaning: self.meaning,
            value,
        }))
    }

    /// The bytes to write for a value in the register's unit.
    ///
    /// A text stands for a name (`float`), a number or, where the protocol
    /// knows that, for taking the value back (`release`). Actions without
    /// data ignore the value.
    ///
    /// # Errors
    /// Read-only registers, numbers out of range or not in the enumeration,
    /// numbers that would mean "not available", texts of no meaning.
    pub fn encode(&self, value: &Value) -> Result<Payload, EncodeError> {
        if !self.writable {
            return Err(EncodeError::ReadOnly { name: self.name });
        }
        match self.kind {
            Type::Void => Ok(Payload::default()),
            Type::Text => self.encode_text(value),
            _ => {
                let raw = self.encode_raw(value)?.to_le_bytes();
                // Four bytes always fit into a payload.
                Ok(Payload::new(&raw[..self.kind.width().min(4)]).unwrap_or_default())
            }
        }
    }

    /// The raw number [`Register::encode`] writes, to be compared with
    /// [`super::forbidden_value`]. Bits above the width are zero.
    ///
    /// # Errors
    /// As [`Register::encode`].
    pub fn encode_raw(&self, value: &Value) -> Result<u32, EncodeError> {
        let number = match value {
            Value::Number(number) => *number,
            Value::Text(text) if self.is_release(text) => return Ok(self.sentinel.unwrap_or(0)),
            Value::Text(text) => {
                self.parse_value(text)?.as_number().ok_or_else(|| self.not_a_number(text))?
            }
        };
        self.checked_raw(number)
    }

    /// Reads what a person typed: `13.8`, `13.8 V`, `float`, `0x1F` (the raw
    /// number), `release`.
    ///
    /// # Errors
    /// A text that is neither a number nor a name; limits are checked by
    /// [`Register::encode`].
    pub fn parse_value(&self, text: &str) -> Result<Value, EncodeError> {
        let text = text.trim();
        if matches!(self.kind, Type::Void | Type::Text) {
            return Ok(Value::Text(text.into()));
        }
        if self.is_release(text) {
            return Ok(Value::Text(RELEASE[0].into()));
        }
        let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number = match digits {
            Some(digits) => u32::from_str_radix(digits, 16)
                .ok()
                .filter(|raw| u64::from(*raw) < 1 << (8 * self.kind.width()))
                .map(|raw| self.scaled(self.kind.signed(raw))),
            None => self.meaning.number_of(text).or_else(|| self.parse_decimal(text)),
        };
        number.and_then(Value::number).ok_or_else(|| self.not_a_number(text))
    }

    fn parse_decimal(&self, text: &str) -> Option<f64> {
        let bare = text.strip_suffix(self.unit.symbol()).unwrap_or(text);
        bare.trim_end().parse().ok()
    }

    fn is_release(&self, text: &str) -> bool {
        self.release && RELEASE.iter().any(|word| word.eq_ignore_ascii_case(text))
    }

    fn not_a_number(&self, text: &str) -> EncodeError {
        let alike = |name: &&str| strsim::jaro_winkler(name, text) > 0.75;
        let rank = |name: &&str| (strsim::jaro_winkler(name, text) * 1e6) as u32;
        let nearest = self.meaning.names().filter(alike).max_by_key(rank);
        EncodeError::NotANumber { name: self.name, text: text.to_owned(), nearest }
    }

    fn decode_number(&self, payload: &[u8]) -> Result<Decoded, DecodeError> {
        let kind = [Some(self.kind), self.also]
            .into_iter()
            .flatten()
            .find(|kind| kind.width() == payload.len())
            .ok_or(DecodeError::Width {
                register: self.id,
                name: self.name,
                expected: self.kind.width(),
                got: payload.len(),
            })?;
        let raw = payload.iter().rev().fold(0, |raw: u32, byte| raw << 8 | u32::from(*byte));
        let raw = self.cut_out(raw, kind);
        if [self.sentinel, self.sentinel_too].contains(&Some(raw)) {
            return Ok(Decoded::NotAvailable);
        }
        Ok(Decoded::Value(match self.layout {
            Layout::Firmware => Value::Text(text_value::version24(raw).into()),
            Layout::Version => Value::Text(text_value::version16(raw).into()),
            Layout::Range => Value::Text(text_value::volt_range(raw).into()),
            Layout::Whole | Layout::Bits { .. } => Value::Number(self.scaled(kind.signed(raw))),
        }))
    }

    /// The part of the raw number that carries the value.
    fn cut_out(&self, raw: u32, kind: Type) -> u32 {
        match self.layout {
            Layout::Firmware => raw >> 8,
            Layout::Bits { shift, width } if kind == self.kind => raw >> shift & ((1 << width) - 1),
            // Some firmware swaps the bytes of the short product id; only one
            // order gives a product that exists.
            Layout::Bits { .. } => {
                let sent = raw as u16;
                let known = |id| product::find(id).is_some();
                let swapped = !known(sent) && known(sent.swap_bytes());
                u32::from(if swapped { sent.swap_bytes() } else { sent })
            }
            _ => raw,
        }
    }

    /// Raw steps to the unit, correctly rounded: scales are fractions such as
    /// 1/100, and dividing by 100 gives 13.8 where multiplying gives noise.
    fn scaled(&self, raw: i64) -> f64 {
        let raw = raw as f64;
        if self.scale >= 1.0 {
            return raw * self.scale + self.offset;
        }
        let steps = (1.0 / self.scale).round();
        (raw + (self.offset * steps).round()) / steps
    }

    #[cfg(test)]
    pub(super) fn scaled_for_test(&self, raw: u32) -> f64 {
        self.scaled(self.kind.signed(raw))
    }

    fn checked_raw(&self, value: f64) -> Result<u32, EncodeError> {
        let name = self.name;
        let steps = ((value - self.offset) / self.scale).round();
        let (least, greatest) = self.kind.limits();
        if !(least as f64 <= steps && steps <= greatest as f64) {
            let (min, max) = (self.scaled(least), self.scaled(greatest));
            return Err(EncodeError::Range { name, value, min, max, unit: self.unit });
        }
        // In range of 32 bits by the check above, so the conversion is exact.
        let steps = steps as i64;
        let raw = self.kind.cropped(steps);
        if self.sentinel == Some(raw) || self.sentinel_too == Some(raw) {
            return Err(EncodeError::Sentinel { name, value, release: self.release });
        }
        if let Some((min, max)) = self.range {
            let rounded = self.scaled(steps);
            if !(min <= rounded && rounded <= max) {
                return Err(EncodeError::Range { name, value, min, max, unit: self.unit });
            }
        }
        if self.is_member(value, raw) {
            Ok(raw)
        } else {
            Err(EncodeError::NotAMember { name, value })
        }
    }

    fn is_member(&self, value: f64, raw: u32) -> bool {
        match self.meaning {
            Meaning::Plain => true,
            Meaning::Enumeration(names) => {
                value.fract() == 0.0 && names.name_of(self.kind.signed(raw) as i32).is_some()
            }
            Meaning::BitField(names) => value.fract() == 0.0 && raw & !names.named() == 0,
        }
    }

    fn encode_text(&self, value: &Value) -> Result<Payload, EncodeError> {
        let max = self.range.map_or(TEXT_MAX, |(_, max)| max as usize);
        let mut bytes = value.to_string().into_bytes();
        if bytes.len() > max || bytes.contains(&0) {
            return Err(EncodeError::Text { name: self.name, max });
        }
        bytes.push(0);
        Payload::new(&bytes).ok_or(EncodeError::Text { name: self.name, max })
    }
}

impl Type {
    /// Bytes on the wire; 0 where the length varies.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Void | Self::Text | Self::Record => 0,
            Self::U8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U24 => 3,
            Self::U32 | Self::I32 => 4,
        }
    }

    /// Least and greatest raw number.
    const fn limits(self) -> (i64, i64) {
        match self {
            Self::Void | Self::Text | Self::Record => (0, 0),
            Self::U8 => (0, 0xFF),
            Self::U16 => (0, 0xFFFF),
            Self::U24 => (0, 0xFF_FFFF),
            Self::U32 => (0, 0xFFFF_FFFF),
            Self::I16 => (i16::MIN as i64, i16::MAX as i64),
            Self::I32 => (i32::MIN as i64, i32::MAX as i64),
        }
    }

    /// The number that raw bits mean.
    const fn signed(self, raw: u32) -> i64 {
        match self {
            Self::I16 => (raw as u16).cast_signed() as i64,
            Self::I32 => raw.cast_signed() as i64,
            _ => raw as i64,
        }
    }

    /// The raw bits of a number within the limits.
    const fn cropped(self, number: i64) -> u32 {
        match self {
            Self::I16 => number as u16 as u32,
            _ => number as u32,
        }
    }
}

/// A text up to its zero byte. Empty and erased memory (0xFF) hold none.
fn decode_text(payload: &[u8]) -> Decoded {
    let end = payload.iter().position(|byte| *byte == 0).unwrap_or(payload.len());
    match &payload[..end] {
        [] | [0xFF, ..] => Decoded::NotAvailable,
        text => Decoded::Value(Value::Text(crate::vedirect::device_text(text).into())),
    }
}
