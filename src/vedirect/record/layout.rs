//! Where each number of a record stands, and the record as a list.
//!
//! The order of the reads is the layout: records have no gaps before their
//! reserved tail.

use super::{Day, Errors, Field, RecordError, Total, Tracker, TrackerDay};
use crate::units::{Amperes, KilowattHours, Unit, Volts, Watts};

/// Bytes of a day record.
const DAY: usize = 34;
/// Bytes of a total record on firmware 1.16.
const TOTAL_SHORT: usize = 19;
/// Bytes of a total record later; the last 13 are reserved.
const TOTAL: usize = 34;
/// Bytes of a tracker day that carry values. A device sends some reserved
/// ones behind them: 9 by the only description there is, never verified.
const TRACKER_DAY: usize = 27;

impl Day {
    /// Decodes 34 bytes.
    ///
    /// # Errors
    /// Fewer bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut input = Input::new("day", bytes, DAY)?;
        Ok(Self {
            version: input.byte(),
            yield_energy: input.u32().map(centi).map(KilowattHours),
            consumed_energy: input.u32().map(centi).map(KilowattHours),
            battery_voltage_max: input.volts(),
            battery_voltage_min: input.volts(),
            errors: input.errors(),
            time_bulk: input.u16(),
            time_absorption: input.u16(),
            time_float: input.u16(),
            power_max: input.u32().map(f64::from).map(Watts),
            battery_current_max: input.u16().map(|raw| Amperes(f64::from(raw) / 10.0)),
            panel_voltage_max: input.volts(),
            day_sequence: input.u16(),
        })
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let minutes = |time: Option<u16>| time.map(f64::from);
        let mut fields = vec![
            ("day_sequence", Unit::None, self.day_sequence.map(f64::from)),
            ("yield", Unit::KilowattHour, self.yield_energy.map(|e| e.0)),
            ("consumed", Unit::KilowattHour, self.consumed_energy.map(|e| e.0)),
            ("power_max", Unit::Watt, self.power_max.map(|p| p.0)),
            ("panel_voltage_max", Unit::Volt, self.panel_voltage_max.map(|v| v.0)),
            ("battery_voltage_max", Unit::Volt, self.battery_voltage_max.map(|v| v.0)),
            ("battery_voltage_min", Unit::Volt, self.battery_voltage_min.map(|v| v.0)),
            ("battery_current_max", Unit::Ampere, self.battery_current_max.map(|i| i.0)),
            ("time_bulk", Unit::Minute, minutes(self.time_bulk)),
            ("time_absorption", Unit::Minute, minutes(self.time_absorption)),
            ("time_float", Unit::Minute, minutes(self.time_float)),
        ];
        fields.extend(self.errors.fields());
        fields
    }
}

impl Total {
    /// Decodes 19 bytes (firmware 1.16) or 34 (later).
    ///
    /// # Errors
    /// Any length below 19 or between the two.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let expected = if bytes.len() > TOTAL_SHORT { TOTAL } else { TOTAL_SHORT };
        let mut input = Input::new("total", bytes, expected)?;
        Ok(Self {
            version: input.byte(),
            errors: input.errors(),
            yield_user: input.u32().map(centi).map(KilowattHours),
            yield_system: input.u32().map(centi).map(KilowattHours),
            panel_voltage_max: input.volts(),
            battery_voltage_max: input.volts(),
            days_available: Some(input.byte()).filter(|days| *days != u8::MAX),
            battery_voltage_min: if expected == TOTAL { input.volts() } else { None },
        })
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            ("yield_user", Unit::KilowattHour, self.yield_user.map(|e| e.0)),
            ("yield_system", Unit::KilowattHour, self.yield_system.map(|e| e.0)),
            ("panel_voltage_max", Unit::Volt, self.panel_voltage_max.map(|v| v.0)),
            ("battery_voltage_max", Unit::Volt, self.battery_voltage_max.map(|v| v.0)),
            ("battery_voltage_min", Unit::Volt, self.battery_voltage_min.map(|v| v.0)),
            ("days_available", Unit::None, self.days_available.map(f64::from)),
        ];
        fields.extend(self.errors.fields());
        fields
    }
}

impl TrackerDay {
    /// Decodes at least 27 bytes.
    ///
    /// # Errors
    /// Fewer bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut input = Input::new("tracker day", bytes, TRACKER_DAY)?;
        let version = input.byte();
        let day_sequence = input.u16();
        let energy: [_; 4] =
            std::array::from_fn(|_| input.u16().map(|raw| KilowattHours(f64::from(raw) / 100.0)));
        let power_max: [_; 4] = std::array::from_fn(|_| input.u16().map(f64::from).map(Watts));
        let voltage_max: [_; 4] = std::array::from_fn(|_| input.volts());
        let trackers = std::array::from_fn(|i| Tracker {
            energy: energy[i],
            power_max: power_max[i],
            panel_voltage_max: voltage_max[i],
        });
        Ok(Self { version, day_sequence, trackers })
    }

    pub(super) fn fields(&self) -> Vec<Field> {
        const NAMES: [[&str; 3]; 4] = [
            ["yield_1", "power_max_1", "panel_voltage_max_1"],
            ["yield_2", "power_max_2", "panel_voltage_max_2"],
            ["yield_3", "power_max_3", "panel_voltage_max_3"],
            ["yield_4", "power_max_4", "panel_voltage_max_4"],
        ];
        let mut fields = vec![("day_sequence", Unit::None, self.day_sequence.map(f64::from))];
        for (tracker, [energy, power, voltage]) in self.trackers.iter().zip(NAMES) {
            fields.push((energy, Unit::KilowattHour, tracker.energy.map(|e| e.0)));
            fields.push((power, Unit::Watt, tracker.power_max.map(|p| p.0)));
            fields.push((voltage, Unit::Volt, tracker.panel_voltage_max.map(|v| v.0)));
        }
        fields
    }
}

impl Errors {
    /// The errors that happened, without the empty places.
    pub fn iter(&self) -> impl Iterator<Item = u8> {
        self.codes.into_iter().filter(|code| *code != 0)
    }

    fn fields(&self) -> [Field; 4] {
        let [a, b, c, d] = self.codes.map(|code| Some(f64::from(code)));
        let none = Unit::None;
        [("error_0", none, a), ("error_1", none, b), ("error_2", none, c), ("error_3", none, d)]
    }
}

/// The bytes of a record, read from left to right; long enough by construction.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn new(what: &'static str, bytes: &'a [u8], expected: usize) -> Result<Self, RecordError> {
        if bytes.len() < expected {
            return Err(RecordError::Length { what, expected, got: bytes.len() });
        }
        Ok(Self(bytes))
    }

    /// The next bytes; zeros behind the end, which [`Input::new`] has excluded.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = tail;
        *head
    }

    fn byte(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take())).filter(|raw| *raw != u16::MAX)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take())).filter(|raw| *raw != u32::MAX)
    }

    fn volts(&mut self) -> Option<Volts> {
        self.u16().map(|raw| Volts(f64::from(raw) / 100.0))
    }

    fn errors(&mut self) -> Errors {
        Errors { database: self.byte(), codes: self.take() }
    }
}

fn centi(raw: u32) -> f64 {
    f64::from(raw) / 100.0
}
