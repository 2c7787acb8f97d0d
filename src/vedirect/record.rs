//! History records: what a charger remembers of its days and its life.
//!
//! A record arrives as the value of one register and is decoded as a whole.
//! A day that does not exist yet has no record: the device refuses it with
//! flag 0x04, which the caller sees before any bytes get here. Numbers with
//! all bits set are absent, as in registers.

mod layout;

use serde::{Deserialize, Serialize};

use crate::units::{Amperes, KilowattHours, Unit, Volts, Watts};

/// A decoded record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// One day of an MPPT, registers 0x1050 (today) to 0x106E.
    Day(Day),
    /// Its whole life, register 0x104F.
    Total(Total),
    /// One day of the trackers of an MPPT RS, registers 0x10A0 to 0x10BE.
    TrackerDay(TrackerDay),
}

/// One day of an MPPT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Layout version; 0 is the only one known.
    pub version: u8,
    /// Energy of the panels.
    pub yield_energy: Option<KilowattHours>,
    /// Energy taken by the load output; absent on models without one.
    pub consumed_energy: Option<KilowattHours>,
    /// Highest battery voltage.
    pub battery_voltage_max: Option<Volts>,
    /// Lowest battery voltage.
    pub battery_voltage_min: Option<Volts>,
    /// Errors of the day, see [`super::state::CHARGER_ERROR`].
    pub errors: Errors,
    /// Minutes in bulk.
    pub time_bulk: Option<u16>,
    /// Minutes in absorption.
    pub time_absorption: Option<u16>,
    /// Minutes in float.
    pub time_float: Option<u16>,
    /// Highest panel power.
    pub power_max: Option<Watts>,
    /// Highest battery current.
    pub battery_current_max: Option<Amperes>,
    /// Highest panel voltage.
    pub panel_voltage_max: Option<Volts>,
    /// Day number; neighbours differ by one.
    pub day_sequence: Option<u16>,
}

/// The whole life of an MPPT.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Layout version.
    pub version: u8,
    /// The last errors.
    pub errors: Errors,
    /// Energy since the owner last cleared the history.
    pub yield_user: Option<KilowattHours>,
    /// Energy since the factory.
    pub yield_system: Option<KilowattHours>,
    /// Highest panel voltage.
    pub panel_voltage_max: Option<Volts>,
    /// Highest battery voltage.
    pub battery_voltage_max: Option<Volts>,
    /// How many day records can be read.
    pub days_available: Option<u8>,
    /// Lowest battery voltage; firmware 1.17 and later.
    pub battery_voltage_min: Option<Volts>,
}

/// One day of the four trackers of an MPPT RS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackerDay {
    /// Layout version.
    pub version: u8,
    /// Day number.
    pub day_sequence: Option<u16>,
    /// The trackers in order; absent values for those not fitted.
    pub trackers: [Tracker; 4],
}

/// One tracker's day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracker {
    /// Energy of the panels.
    pub energy: Option<KilowattHours>,
    /// Highest power.
    pub power_max: Option<Watts>,
    /// Highest open voltage of the panels.
    pub panel_voltage_max: Option<Volts>,
}

/// Up to four charger errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Which list of errors the numbers come from; 0 is the charger's.
    pub database: u8,
    /// Error numbers, 0 where there is none.
    pub codes: [u8; 4],
}

/// Bytes that are no record of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Too few bytes, or a length between two layouts.
    #[error("a {what} record of {got} bytes instead of {expected}")]
    Length {
        /// The kind of record.
        what: &'static str,
        /// Bytes of the layout.
        expected: usize,
        /// Bytes received.
        got: usize,
    },
    /// The register holds no record.
    #[error("register 0x{0:04X} holds no record")]
    NotARecord(u16),
}

impl Record {
    /// Decodes the value of a record register. Bytes behind the known layout
    /// are ignored: newer firmware may append some.
    ///
    /// # Errors
    /// A wrong length, or a register without a record.
    pub fn decode(register: u16, bytes: &[u8]) -> Result<Self, RecordError> {
        match register {
            0x104F => Total::decode(bytes).map(Self::Total),
            0x1050..=0x106E => Day::decode(bytes).map(Self::Day),
            0x10A0..=0x10BE => TrackerDay::decode(bytes).map(Self::TrackerDay),
            _ => Err(RecordError::NotARecord(register)),
        }
    }

    /// The record as named numbers, for tables, JSON and the store.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        match self {
            Self::Day(day) => day.fields(),
            Self::Total(total) => total.fields(),
            Self::TrackerDay(day) => day.fields(),
        }
    }
}

/// One number of a record: name, unit, value where there is one.
pub type Field = (&'static str, Unit, Option<f64>);

#[cfg(test)]
mod tests;
