//! What was read or written, as plain data for a terminal, JSON or a socket.
//!
//! A daemon that owns the port sends these; the command line prints them,
//! whichever way they came. Nothing here prints.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::task::{ReadResult, WriteResult};
use crate::units::{Unit, Value};
use crate::vedirect::product;
use crate::vedirect::record::Record;
use crate::vedirect::register::{Decoded, Register};
use crate::vedirect::state::Meaning;

/// The one number that people know in hex.
const PRODUCT_ID: &str = "product_id";

/// A number or a text, as JSON has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// In the unit beside it.
    Number(f64),
    /// As the device sent it.
    Text(String),
}

impl From<&Value> for Scalar {
    fn from(value: &Value) -> Self {
        match value {
            Value::Number(number) => Self::Number(*number),
            Value::Text(text) => Self::Text(text.to_string()),
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{}", Value::Number(*number)),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// How a read ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadStatus {
    /// There is a value.
    Ok,
    /// The device has no value at the moment.
    NotAvailable,
    /// There are bytes that no row of the catalogue explains.
    Raw,
    /// The device refused; the flags say why.
    Refused,
    /// Anything else; the message says what.
    Failed,
}

/// One number of a history record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordField {
    /// Its name, such as `yield`.
    pub name: String,
    /// `None`: not available.
    pub value: Option<f64>,
    /// The unit's symbol; empty without one.
    pub unit: String,
}

/// What came of reading one register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegisterReport {
    /// Register id, `0xEDF6`.
    pub register: String,
    /// Our name; `None` if the register is not in the catalogue.
    pub name: Option<String>,
    /// How the read ended.
    pub status: ReadStatus,
    /// The value in `unit`.
    pub value: Option<Scalar>,
    /// The value in words, if its numbers have names.
    pub label: Option<String>,
    /// The unit's symbol; empty without one.
    pub unit: String,
    /// The flags of the answer.
    pub flags: u8,
    /// The numbers of a history record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub record: Vec<RecordField>,
    /// How it ended, in words; the value itself if there is one.
    pub message: String,
}

impl RegisterReport {
    /// Tells what came of reading register `id`.
    #[must_use]
    pub fn new(id: u16, row: Option<&Register>, result: &ReadResult) -> Self {
        let unit = row.map_or(Unit::None, |row| row.unit);
        let mut report = Self {
            register: format!("0x{id:04X}"),
            name: row.map(|row| row.name.to_owned()),
            status: status(result),
            value: None,
            label: None,
            unit: unit.symbol().to_owned(),
            flags: if let ReadResult::Refused(flags) = result { flags.0 } else { 0 },
            record: Vec::new(),
            message: result.to_string(),
        };
        match result {
            ReadResult::Value(Decoded::Value(value)) => report.set_value(row, value),
            ReadResult::Value(Decoded::Record(record)) => report.record = fields(record),
            _ => {}
        }
        report
    }

    /// Whether the device answered with what it has.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.status, ReadStatus::Ok | ReadStatus::NotAvailable | ReadStatus::Raw)
    }

    fn set_value(&mut self, row: Option<&Register>, value: &Value) {
        self.value = Some(Scalar::from(value));
        let describe = |row: &Register| row.meaning.describe(value.as_number()?);
        self.label = row.and_then(describe);
        self.message = match (&self.label, row) {
            (Some(label), _) => format!("{label} ({value})"),
            (None, Some(row)) => in_words(row.name, row.unit, row.meaning, value),
            (None, None) => value.to_string(),
        };
    }
}

/// `battery_float_voltage  13.8 V  (0xEDF6)`; a record has one line for each number.
impl fmt::Display for RegisterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("not in the catalogue");
        if self.record.is_empty() {
            return write!(f, "{name}  {}  ({})", self.message, self.register);
        }
        write!(f, "{name}  ({})", self.register)?;
        for field in &self.record {
            write!(f, "\n  {field}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RecordField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            Some(number) if self.unit.is_empty() => {
                write!(f, "{}  {}", self.name, Value::Number(number))
            }
            Some(number) => write!(f, "{}  {} {}", self.name, Value::Number(number), self.unit),
            None => write!(f, "{}  not available", self.name),
        }
    }
}

/// What came of writing one register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteReport {
    /// Register id, `0xEDF6`.
    pub register: String,
    /// Our name.
    pub name: String,
    /// Whether the device now has the value asked for, as read back.
    pub done: bool,
    /// One word for scripts: `done`, `unchanged`, `clamped`, …
    pub result: String,
    /// What the device took instead, if it was clamped.
    pub got: Option<Scalar>,
    /// The result in words.
    pub message: String,
}

impl WriteReport {
    /// Tells what came of writing `row`.
    #[must_use]
    pub fn new(row: &Register, result: &WriteResult) -> Self {
        let got = match result {
            WriteResult::Clamped { got, .. } => got.as_ref().map(Scalar::from),
            _ => None,
        };
        Self {
            register: format!("0x{:04X}", row.id),
            name: row.name.to_owned(),
            done: result.is_success(),
            result: word(result).to_owned(),
            got,
            message: result.to_string(),
        }
    }
}

impl fmt::Display for WriteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  ({})", self.name, self.message, self.register)
    }
}

/// A value as a person reads it: with its unit, by its name, or, of a
/// product, by its id and the vendor's name.
#[must_use]
pub fn in_words(name: &str, unit: Unit, meaning: Meaning, value: &Value) -> String {
    let number = value.as_number();
    if name == PRODUCT_ID
        && let Some(id) = number
    {
        // Product ids are 16 bits wide in every source of them.
        let id = id as u16;
        let known = product::find(id).map(|product| format!(" ({})", product.name));
        return format!("0x{id:04X}{}", known.unwrap_or_default());
    }
    match (number.and_then(|number| meaning.describe(number)), unit.symbol()) {
        (Some(words), _) => words,
        (None, "") => value.to_string(),
        (None, unit) => format!("{value} {unit}"),
    }
}

fn status(result: &ReadResult) -> ReadStatus {
    match result {
        ReadResult::Value(Decoded::Value(_) | Decoded::Record(_)) => ReadStatus::Ok,
        ReadResult::Value(Decoded::NotAvailable) => ReadStatus::NotAvailable,
        ReadResult::Raw(_) => ReadStatus::Raw,
        ReadResult::Refused(_) => ReadStatus::Refused,
        ReadResult::Unsupported
        | ReadResult::Malformed(_)
        | ReadResult::Unanswered
        | ReadResult::NotConnected => ReadStatus::Failed,
    }
}

fn word(result: &WriteResult) -> &'static str {
    match result {
        WriteResult::Done => "done",
        WriteResult::Unchanged => "unchanged",
        WriteResult::Clamped { .. } => "clamped",
        WriteResult::Refused(_) => "refused",
        WriteResult::Unanswered => "unanswered",
        WriteResult::Locked(_) => "locked",
        WriteResult::ReadFailed(_) => "read_failed",
        WriteResult::Unverified => "unverified",
        WriteResult::BadValue(_) => "bad_value",
        WriteResult::Denied(_) => "denied",
        WriteResult::Withheld(_) => "withheld",
    }
}

fn fields(record: &Record) -> Vec<RecordField> {
    let field = |(name, unit, value): (&'static str, Unit, Option<f64>)| RecordField {
        name: name.to_owned(),
        value,
        unit: unit.symbol().to_owned(),
    };
    record.fields().into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vedirect::hex::{Flags, Payload};
    use crate::vedirect::register::{Family, find};

    #[track_caller]
    fn check(id: u16, result: &ReadResult, expected: &str) {
        let report = RegisterReport::new(id, find(Family::Mppt, id), result);
        assert_eq!(report.to_string(), expected);
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<RegisterReport>(&json).unwrap(), report);
    }

    fn decoded(id: u16, bytes: &[u8]) -> ReadResult {
        ReadResult::Value(find(Family::Mppt, id).unwrap().decode(bytes).unwrap())
    }

    #[test]
    fn a_value_is_told_with_unit_and_id() {
        check(0xEDF6, &decoded(0xEDF6, &[0x64, 0x05]), "battery_float_voltage  13.8 V  (0xEDF6)");
    }

    #[test]
    fn numbers_with_names_are_told_by_name() {
        check(0xEDAB, &decoded(0xEDAB, &[4]), "load_output_control  on (4)  (0xEDAB)");
    }

    #[test]
    fn a_product_is_told_by_id_and_name() {
        let read = decoded(0x0100, &[0x00, 0x56, 0xA0, 0xFF]);
        check(0x0100, &read, "product_id  0xA056 (SmartSolar MPPT 100/30)  (0x0100)");
    }

    #[test]
    fn a_sentinel_is_told_as_not_available() {
        let read = decoded(0xEDEC, &[0xFF, 0xFF]);
        check(0xEDEC, &read, "battery_temperature  not available  (0xEDEC)");
    }

    #[test]
    fn flags_are_told_in_words() {
        let refused = ReadResult::Refused(Flags::UNKNOWN_ID);
        let expected = "battery_temperature  refused by the device (unknown register)  (0xEDEC)";
        check(0xEDEC, &refused, expected);
        let raw = ReadResult::Raw(Payload::new(&[1, 0xAB]).unwrap());
        check(0x7777, &raw, "not in the catalogue  raw 01 AB  (0x7777)");
    }
}
